"""Works in quantities, and grants for them: lists with their sums, one row each, corrected with a history."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_photo
from huying.core.pages import Column, Filter, ListPage
from huying.core.photo_links import photo_url
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.people.guards import VerbRequired, requires, signed_in
from huying.registry.views.desk.lists import area_choices
from huying.targets.projects.actions import paid as actions
from huying.targets.projects.forms import GrantForm, InspectForm, WorkCorrectionForm, WorkForm
from huying.targets.projects.lookups import any_choice, in_area
from huying.targets.projects.models import Grant, Work
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import MANAGE, UPDATE, VIEW, grants_for, works_for
from huying.targets.projects.rates import wan
from huying.targets.projects.story import story
from huying.targets.projects.views.lists import day_filters, open_url
from huying.targets.projects.views.project import refuse

GRANT_LOOKS = {
    Grant.State.PROPOSED: ("blue", "send"), Grant.State.INSPECTED: ("yellow", "check"),
    Grant.State.PAID: ("green", "check-circle"), Grant.State.REFUSED: ("red", "close-circle"),
}  # fmt: skip


def plain(value: Any) -> str:
    """A quantity without idle zeros."""
    return f"{value.normalize():,f}" if value is not None else "—"


def _title(words: Any, code: str) -> str:
    return str(words.get(code) or code)


class Works(VerbRequired, ListPage):
    """Every piece of work, with the sums of what is shown."""

    verb = VIEW
    name = "works"
    title = gettext_lazy("完成的工程量")
    template_name = "targets/projects/works.html"
    order = "-done_on"
    empty = {
        "title": gettext_lazy("没有这样的工程量"),
        "text": gettext_lazy("干完一处，登记一条。"),
        "icon": "check",
    }

    def get_columns(self) -> list[Column]:
        words = project_rules().works
        return [
            Column("done_on", gettext_lazy("完成日期"), sort="done_on", css="cell--nowrap"),
            Column("kind", gettext_lazy("工程"), lambda row: _title(words, row.kind), css="cell--wide"),
            Column(
                "quantity",
                gettext_lazy("数量"),
                lambda row: row.quantity,
                lambda row: plain(row.quantity),
                sort="quantity",
                css="number",
            ),
            Column("unit", gettext_lazy("计量单位"), css="cell--nowrap"),
            Column("pieces", gettext_lazy("处数"), css="number"),
            Column("area", gettext_lazy("地点"), lambda row: str(row.area or "")),
            Column("subdistrict", gettext_lazy("街道"), lambda row: str(row.subdistrict or ""), shown=False),
            Column(
                "department",
                gettext_lazy("实施单位"),
                lambda row: str(row.department or ""),
                css="cell--kind",
                shown=False,
            ),
            Column("cost_wan", gettext_lazy("投入（万元）"), lambda row: row.cost_wan or "", css="number"),
            Column("words", gettext_lazy("说明"), css="cell--wide"),
            Column("project", gettext_lazy("所属项目"), lambda row: str(row.project or ""), shown=False),
            Column("programme", gettext_lazy("所属计划"), shown=False),
            Column(
                "struck",
                gettext_lazy("是否撤销"),
                lambda row: row.struck_words if row.struck_at else "",
                shown=False,
            ),
        ]

    def get_filters(self) -> list[Filter]:
        kinds = [(code, str(word)) for code, word in project_rules().works.items()]
        programmes = (
            Work.objects.exclude(programme="")
            .order_by("programme")
            .values_list("programme", flat=True)
            .distinct()
        )
        return [
            Filter("kind", any_choice(gettext_lazy("工程"), lambda: kinds)),
            Filter("area", any_choice(gettext_lazy("街道、村"), area_choices), apply=in_area),
            Filter("programme", any_choice(gettext_lazy("所属计划"), lambda: [(one, one) for one in programmes])),
            *day_filters("done_on"),
            Filter("struck", any_choice(gettext_lazy("是否撤销"), lambda: [("yes", _("已撤销")), ("no", _("有效"))]),
                   apply=lambda rows, value: rows.filter(struck_at__isnull=value == "no")),
        ]  # fmt: skip

    def get_queryset(self) -> QuerySet[Work]:
        rows = works_for(self.request.user).select_related("area", "subdistrict", "department", "project")
        return rows.defer("area__boundary", "subdistrict__boundary")

    def row_url(self, row: Work) -> str:
        return reverse("targets:work", args=[row.pk])

    def extra_context(self) -> dict[str, Any]:
        words = project_rules().works
        order = list(words)
        found = (
            self.rows.filter(struck_at=None).order_by().values("kind", "unit")
            .annotate(n=Sum("quantity"), pieces=Sum("pieces"), rows=Count("pk"), cost=Sum("cost_wan"))
        )  # fmt: skip
        asked = {each.name: str(self.request.GET.get(each.name, "")) for each, _v in self.active}
        sums = [
            {
                "title": _title(words, row["kind"]), "value": plain(row["n"]), "unit": row["unit"],
                "pieces": row["pieces"], "rows": row["rows"], "cost": wan(row["cost"]) if row["cost"] else "",
                "url": open_url("works", **{**asked, "kind": row["kind"], "struck": "no"}),
            }
            for row in sorted(found, key=lambda row: order.index(row["kind"]) if row["kind"] in order else 999)
        ]  # fmt: skip
        return {"sums": sums, "may_add": self.request.user.can(UPDATE)}  # type: ignore[union-attr]


def work_for(request: HttpRequest, pk: int) -> Work:
    """The work; 404 for one of another place."""
    rows = works_for(request.user).select_related("area", "department", "project", "evidence", "recorded_by")
    found = rows.defer("area__boundary").filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这一条，或者它不在您负责的区域内。"))
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def work(request: HttpRequest, pk: int) -> HttpResponse:
    """One piece of work: what is known, its history, correcting it."""
    user, found = signed_in(request), work_for(request, pk)
    initial = {
        "quantity": found.quantity, "pieces": found.pieces, "done_on": found.done_on, "words": found.words,
        "seen": found.version,
    }  # fmt: skip
    form = WorkCorrectionForm(request.POST or None, initial=initial)
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct_work(found, actor=user, **form.cleaned_data)
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, _("已更正。"))
            return HttpResponseRedirect(reverse("targets:work", args=[pk]))
    context = {
        "work": found, "kind": _title(project_rules().works, found.kind), "quantity": plain(found.quantity),
        "form": form, "story": story(found), "photo": photo_url(found.evidence) if found.evidence else "",
        "may_change": user.can(UPDATE) and found.struck_at is None,
    }  # fmt: skip
    return render(request, "targets/projects/work.html", context, status=status)


@require_POST
@requires(UPDATE)
def strike(request: HttpRequest, pk: int) -> HttpResponse:
    """Recorded by mistake."""
    found = work_for(request, pk)
    try:
        actions.strike_work(found, actor=signed_in(request), words=request.POST.get("words", ""))
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已撤销。"))
    return HttpResponseRedirect(reverse("targets:work", args=[pk]))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(UPDATE)
def add(request: HttpRequest) -> HttpResponse:
    """Record a piece of work."""
    user = signed_in(request)
    initial = {"done_on": timezone.localdate(), "kind": request.GET.get("kind", "")}
    form = WorkForm(request.POST or None, request.FILES or None, initial=initial)

    def do(said: dict[str, Any]) -> str:
        made = actions.record_work(
            actor=user,
            evidence=_photo(said.pop("evidence"), user),
            cost_wan=said.pop("cost_wan") or Decimal(0),
            **said,
        )
        return reverse("targets:work", args=[made.pk])

    return _form(request, form, do, _("登记工程量"), _("登记"), "works", _("完成的工程量"))


def _photo(upload: Any, user: Any) -> Any:
    return store_photo(upload, by=user) if upload else None


def _form(
    request: HttpRequest, form: forms.Form, do: Any, title: str, submit: str, back: str, back_title: str
) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            target = do(dict(form.cleaned_data))
        except NotAllowed:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
            status = refusal.status
        else:
            toast(request, _("已登记。"))
            return HttpResponseRedirect(target)
    url = reverse(f"targets:{back}")
    context = {
        "form": form,
        "title": title,
        "submit": submit,
        "photos": False,
        "cancel_url": url,
        "crumbs": [(back_title, url)],
    }
    return render(request, "targets/projects/form.html", context, status=status)


# -- grants --------------------------------------------------------------------------------------------------


class Grants(VerbRequired, ListPage):
    """Every grant, with what was asked for and what was paid."""

    verb = VIEW
    name = "grants"
    title = gettext_lazy("奖补")
    template_name = "targets/projects/grants.html"
    order = "-proposed_on"
    empty = {
        "title": gettext_lazy("没有这样的奖补"),
        "text": gettext_lazy("由村、街道申报，项目办验收、拨付。"),
        "icon": "star",
    }

    def get_columns(self) -> list[Column]:
        words = project_rules().grants
        return [
            Column("proposed_on", gettext_lazy("申报日期"), sort="proposed_on", css="cell--nowrap"),
            Column("area", gettext_lazy("村、社区"), lambda row: str(row.area)),
            Column("kind", gettext_lazy("类别"), lambda row: _title(words, row.kind), css="cell--wide"),
            Column(
                "quantity",
                gettext_lazy("申报工程量"),
                lambda row: row.quantity,
                lambda row: f"{plain(row.quantity)} {row.unit}",
                css="number",
            ),
            Column("amount_wan", gettext_lazy("申报（万元）"), css="number"),
            Column(
                "inspected_quantity",
                gettext_lazy("验收工程量"),
                lambda row: row.inspected_quantity,
                lambda row: plain(row.inspected_quantity),
                css="number",
            ),
            Column("granted_wan", gettext_lazy("核定（万元）"), css="number"),
            Column(
                "state",
                gettext_lazy("状态"),
                lambda row: row.get_state_display(),
                lambda row: badge(row.get_state_display(), *GRANT_LOOKS[Grant.State(row.state)]),
                css="cell--nowrap",
            ),
            Column("paid_on", gettext_lazy("拨付日期"), css="cell--nowrap"),
        ]

    def get_filters(self) -> list[Filter]:
        kinds = [(code, str(word)) for code, word in project_rules().grants.items()]
        return [
            Filter("kind", any_choice(gettext_lazy("类别"), lambda: kinds)),
            Filter("state", any_choice(gettext_lazy("状态"), lambda: Grant.State.choices)),
            Filter("area", any_choice(gettext_lazy("街道、村"), area_choices), apply=in_area),
            *day_filters("proposed_on"),
        ]

    def get_queryset(self) -> QuerySet[Grant]:
        return grants_for(self.request.user).select_related("area").defer("area__boundary")

    def row_url(self, row: Grant) -> str:
        return reverse("targets:grant", args=[row.pk])

    def extra_context(self) -> dict[str, Any]:
        sums = self.rows.order_by().aggregate(asked=Sum("amount_wan"), granted=Sum("granted_wan"))
        paid = self.rows.filter(state=Grant.State.PAID).order_by().aggregate(n=Sum("granted_wan"))["n"]
        return {
            "asked": wan(sums["asked"]),
            "granted": wan(sums["granted"]),
            "paid": wan(paid),
            "may_add": self.request.user.can(UPDATE),  # type: ignore[union-attr]
        }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(UPDATE)
def propose(request: HttpRequest) -> HttpResponse:
    """Ask for what a village's work is worth."""
    user = signed_in(request)
    form = GrantForm(request.POST or None, request.FILES or None)

    def do(said: dict[str, Any]) -> str:
        made = actions.propose_grant(actor=user, evidence=_photo(said.pop("evidence"), user), **said)
        return reverse("targets:grant", args=[made.pk])

    return _form(request, form, do, _("申报奖补"), _("申报"), "grants", _("奖补"))


def grant_for(request: HttpRequest, pk: int) -> Grant:
    """The grant; 404 for one of another place."""
    rows = grants_for(request.user).select_related(
        "area", "project", "evidence", "proposed_by", "inspected_by", "paid_by"
    )
    found = rows.defer("area__boundary").filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这一笔，或者它不在您负责的区域内。"))
    return found


@never_cache
@require_safe
@requires(VIEW)
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    """One grant: from proposal to payment."""
    return _grant_page(request, grant_for(request, pk), InspectForm())


def _grant_page(request: HttpRequest, found: Grant, form: forms.Form, status: int = 200) -> HttpResponse:
    user = signed_in(request)
    context = {
        "grant": found, "kind": _title(project_rules().grants, found.kind), "quantity": plain(found.quantity),
        "inspected": plain(found.inspected_quantity), "form": form, "story": story(found),
        "badge": badge(found.get_state_display(), *GRANT_LOOKS[Grant.State(found.state)]),
        "photo": photo_url(found.evidence) if found.evidence else "",
        "may_inspect": user.can(MANAGE) and found.state == Grant.State.PROPOSED and found.proposed_by_id != user.pk,
        "may_pay": user.can(MANAGE) and found.state == Grant.State.INSPECTED and found.inspected_by_id != user.pk,
    }  # fmt: skip
    return render(request, "targets/projects/grant.html", context, status=status)


@require_POST
@requires(MANAGE)
def inspect(request: HttpRequest, pk: int) -> HttpResponse:
    """What was found on the spot."""
    found, form = grant_for(request, pk), InspectForm(request.POST)
    if not form.is_valid():
        return _grant_page(request, found, form, 422)
    try:
        actions.inspect_grant(found, actor=signed_in(request), **form.cleaned_data)
    except NotAllowed:
        raise
    except Refusal as refusal:
        refuse(form, refusal)
        return _grant_page(request, grant_for(request, pk), form, refusal.status)
    toast(request, _("验收已记。"))
    return HttpResponseRedirect(reverse("targets:grant", args=[pk]))


@require_POST
@requires(MANAGE)
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """It is paid."""
    found = grant_for(request, pk)
    try:
        actions.pay_grant(found, actor=signed_in(request))
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已记拨付。"))
    return HttpResponseRedirect(reverse("targets:grant", args=[pk]))
