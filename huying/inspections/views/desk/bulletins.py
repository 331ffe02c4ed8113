"""Bulletins at the desk: all issues, drafting one, editing and issuing it, the problems notified and how they stand."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.cases.policy import cases_for
from huying.cases.views.desk.display import status_badge
from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.inspections.campaigns import bulletins as doing
from huying.inspections.campaigns.counting import Counted, list_url
from huying.inspections.campaigns.models import Bulletin, BulletinLine, BulletinSeries
from huying.inspections.campaigns.rights import MANAGE, VIEW, bulletins_for, may_manage, require_manage
from huying.inspections.views.desk.rounds import choice_field, day_field
from huying.papers.letter import number_of
from huying.papers.policy import papers_for
from huying.people.guards import VerbRequired, requires, signed_in
from huying.registry.views.desk.lists import any_of, area_choices

FIXED_OR_OPEN = (("fixed", gettext_lazy("已整改")), ("open", gettext_lazy("未整改")))


def _campaigns() -> list[tuple[str, str]]:
    rows = BulletinSeries.objects.filter(active=True, campaign__isnull=False).select_related("campaign")
    return list({row.campaign.code: str(row.campaign) for row in rows if row.campaign}.items())


def _series() -> list[tuple[str, str]]:
    return [(row.code, str(row)) for row in BulletinSeries.objects.filter(active=True)]


def _numbers(mine: QuerySet[Bulletin], **asked: object) -> list[Counted]:
    """Issues, notified, fixed and open, each with its rows."""
    found = doing.progress(mine)
    rate = _("整改率 %(rate)s") % {"rate": found.percent} if found.percent else ""
    return [
        Counted("issues", _("印发"), found.issues, list_url("bulletins", **asked, issued="yes"), _("期")),
        Counted("notified", _("通报问题"), found.notified, list_url("notified", **asked), _("条")),
        Counted(
            "notified-fixed",
            _("已整改"),
            found.fixed,
            list_url("notified", **asked, state="fixed"),
            _("条"),
            rate,
        ),
        Counted(
            "notified-open", _("未整改"), found.open, list_url("notified", **asked, state="open"), _("条")
        ),
    ]


class Bulletins(VerbRequired, ListPage):
    """Every issue."""

    verb = VIEW
    name = "bulletins"
    title = gettext_lazy("督导通报")
    template_name = "inspections/desk/bulletins.html"
    columns = (
        Column("title", gettext_lazy("标题"), css="cell--wide"),
        Column(
            "issue", gettext_lazy("期号"), lambda row: row.issue or _("草稿"),
            lambda row: row.issue or badge(_("草稿"), "yellow", "edit"), css="cell--nowrap",
        ),
        Column("series", gettext_lazy("通报"), css="cell--kind"),
        Column("issued_at", gettext_lazy("印发"), css="cell--nowrap"),
        Column("notified", gettext_lazy("通报问题"), css="number"),
        Column("fixed", gettext_lazy("已整改"), css="number"),
        Column("rest", gettext_lazy("未整改"), css="number"),
        Column("first_day", gettext_lazy("时段起"), css="cell--nowrap", shown=False),
        Column("last_day", gettext_lazy("时段止"), css="cell--nowrap", shown=False),
    )  # fmt: skip
    filters = (
        Filter("campaign", choice_field(gettext_lazy("专项"), _campaigns), lookup="series__campaign__code"),
        Filter("series", choice_field(gettext_lazy("通报"), _series), lookup="series__code"),
        Filter(
            "issued",
            choice_field(gettext_lazy("状态"), lambda: [("yes", gettext_lazy("已印发")), ("no", gettext_lazy("草稿"))]),
            apply=lambda rows, value: rows.filter(number__isnull=value != "yes"),
        ),
        Filter("from", day_field(gettext_lazy("从")), lookup="issued_at__date__gte"),
        Filter("to", day_field(gettext_lazy("到")), lookup="issued_at__date__lte"),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("还没有通报"),
        "text": gettext_lazy("选一个时段起草一期，问题从台账里来，不用再打一遍。"),
        "icon": "document",
    }

    def get_queryset(self) -> QuerySet[Bulletin]:
        return doing.with_counts(bulletins_for(self.request.user)).select_related("series__campaign")

    def extra_context(self) -> dict[str, Any]:
        asked = {
            each.name: self.request.GET.get(each.name, "")
            for each, _v in self.active
            if each.name != "issued"
        }
        mine = bulletins_for(self.request.user)
        for each, value in self.active:
            mine = each.narrow(mine, value)
        series = BulletinSeries.objects.filter(active=True).select_related("campaign")
        drafted = [row for row in series if may_manage(self.request.user, row.campaign)]
        return {"numbers": _numbers(mine, **asked), "series": drafted}


def _line_state(line: BulletinLine) -> str:
    return _("已整改") if line.case.status == "closed" else _("未整改")


class Notified(VerbRequired, ListPage):
    """The problems that were notified, and whether each is fixed."""

    verb = VIEW
    name = "notified"
    title = gettext_lazy("通报的问题")
    template_name = "inspections/desk/notified.html"
    columns = (
        Column("words", gettext_lazy("问题"), css="cell--wide"),
        Column("unit", gettext_lazy("责任单位"), css="cell--kind"),
        Column("bulletin", gettext_lazy("通报"), lambda row: row.bulletin.issue, css="cell--nowrap"),
        Column(
            "state", gettext_lazy("整改"), _line_state,
            lambda row: badge(_line_state(row), "green", "check")
            if row.case.status == "closed" else badge(_line_state(row), "yellow", "clock"),
            css="cell--nowrap",
        ),
        Column("status", gettext_lazy("案件状态"), lambda row: row.case.get_status_display(),
               lambda row: status_badge(row.case), css="cell--nowrap"),
        Column("number", gettext_lazy("案件"), lambda row: row.case.number, css="cell--nowrap"),
        Column("due_at", gettext_lazy("时限"), "case.due_at", css="cell--nowrap", shown=False),
    )  # fmt: skip
    filters = (
        Filter(
            "campaign", choice_field(gettext_lazy("专项"), _campaigns), lookup="bulletin__series__campaign__code"
        ),
        Filter("series", choice_field(gettext_lazy("通报"), _series), lookup="bulletin__series__code"),
        Filter(
            "state",
            choice_field(gettext_lazy("整改"), lambda: list(FIXED_OR_OPEN)),
            apply=lambda rows, value: rows.filter(doing.STATES[value]),
        ),
        Filter("bulletin", forms.IntegerField(widget=forms.HiddenInput()), lookup="bulletin"),
        Filter("from", day_field(gettext_lazy("从")), lookup="bulletin__issued_at__date__gte"),
        Filter("to", day_field(gettext_lazy("到")), lookup="bulletin__issued_at__date__lte"),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有这样的问题"),
        "text": gettext_lazy("换一个条件。"),
        "icon": "document",
    }

    def get_queryset(self) -> QuerySet[BulletinLine]:
        rows = doing.lines_of(bulletins_for(self.request.user)).select_related("bulletin", "case")
        return rows.defer("case__search", "case__search_text", "case__words")

    @cached_property
    def mine(self) -> set[int]:
        """The cases on this page that the reader may open."""
        pks = [line.case_id for line in self.rows[:5000]]
        return set(cases_for(self.request.user).filter(pk__in=pks).values_list("pk", flat=True))

    def row_url(self, row: BulletinLine) -> str:
        mine = row.case_id in self.mine
        return reverse("desk:case", args=[row.case.number]) if mine else row.bulletin.get_absolute_url()


# -- one issue -----------------------------------------------------------------------------------------------


def bulletin_for(request: HttpRequest, pk: int) -> Bulletin:
    """The issue; 404 for one that there is not, or a draft of somebody else's campaign."""
    rows = doing.with_counts(bulletins_for(request.user)).select_related(
        "series__campaign", "paper", "drafted_by"
    )
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这期通报，或者它还是草稿。"))
    return found


@never_cache
@require_safe
@requires(VIEW)
def bulletin(request: HttpRequest, pk: int) -> HttpResponse:
    """One issue with its problems; a draft can be edited here."""
    user, found = signed_in(request), bulletin_for(request, pk)
    return _page(request, found, may_manage(user, found.series.campaign))


def _page(
    request: HttpRequest, found: Bulletin, may: bool, sentence: str = "", status: int = 200
) -> HttpResponse:
    user = signed_in(request)
    lines = list(found.lines.select_related("case__department").order_by("position"))
    mine = set(cases_for(user).filter(pk__in=[line.case_id for line in lines]).values_list("pk", flat=True))
    typed: QueryDict = request.POST if request.method == "POST" else QueryDict()
    paper = found.paper if found.paper and papers_for(user).filter(pk=found.paper.pk).exists() else None
    context = {
        "bulletin": found, "sentence": sentence, "may_edit": may and found.number is None,
        "lines": [
            {
                "line": line, "case": line.case if line.case_id in mine else None, "badge": status_badge(line.case),
                "fixed": line.case.status == "closed", "words": typed.get(f"words-{line.pk}", line.words),
                "dropped": str(line.pk) in typed.getlist("drop"),
            }
            for line in lines
        ],
        "typed": {name: typed.get(name, getattr(found, name)) for name in ("title", "intro", "ending")},
        "paper": paper, "paper_number": number_of(paper) if paper else "",
        "numbers": _numbers(Bulletin.objects.filter(pk=found.pk), bulletin=found.pk)[1:] if found.number else [],
    }  # fmt: skip
    return render(request, "inspections/desk/bulletin.html", context, status=status)


class DraftForm(forms.Form):
    """From which days the problems are taken."""

    title = forms.CharField(label=gettext_lazy("标题"), max_length=120)
    first_day = forms.DateField(
        label=gettext_lazy("问题上报从"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last_day = forms.DateField(
        label=gettext_lazy("到"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    area = forms.ChoiceField(label=gettext_lazy("街道、社区"), required=False, choices=any_of(area_choices))
    intro = forms.CharField(
        label=gettext_lazy("导语"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def draft(request: HttpRequest, code: str) -> HttpResponse:
    """Draft an issue from the ledger."""
    user = signed_in(request)
    series = get_object_or_404(BulletinSeries.objects.select_related("campaign"), code=code, active=True)
    require_manage(user, series.campaign)
    today = timezone.localdate()
    form = DraftForm(
        request.POST or None,
        initial={"title": series.title, "first_day": today - dt.timedelta(days=6), "last_day": today},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                made = doing.draft_bulletin(
                    series, first=said["first_day"], last=said["last_day"], title=said["title"], intro=said["intro"],
                    area=said["area"], actor=user,
                )  # fmt: skip
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                toast(request, _("已起草，共 %(n)d 条。看一遍再印发。") % {"n": made.lines.count()})
                return HttpResponseRedirect(made.get_absolute_url())
    return render(
        request, "inspections/desk/bulletin_form.html", {"series": series, "form": form}, status=status
    )


@require_POST
@requires(MANAGE)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what was changed in a draft, and issue it where that was pressed."""
    user, found = signed_in(request), bulletin_for(request, pk)
    words = {
        int(name[6:]): str(value)
        for name, value in request.POST.items()
        if name.startswith("words-") and name[6:].isascii() and name[6:].isdecimal() and len(name) < 24
    }
    drop = [
        int(each)
        for each in request.POST.getlist("drop")
        if each.isascii() and each.isdecimal() and len(each) < 18
    ]
    try:
        doing.edit_bulletin(
            found, title=request.POST.get("title", ""), intro=request.POST.get("intro", "")[:1000],
            ending=request.POST.get("ending", "")[:1000], words=words, drop=drop, actor=user,
        )  # fmt: skip
        if "issue" in request.POST:
            found = doing.issue_bulletin(found, actor=user)
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _page(request, found, True, str(refusal), refusal.status)
    toast(request, _("已印发：%(issue)s。") % {"issue": found.issue} if found.number else _("已保存。"))
    return HttpResponseRedirect(found.get_absolute_url())


@require_POST
@requires(MANAGE)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    found = bulletin_for(request, pk)
    try:
        doing.discard_draft(found, actor=signed_in(request))
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return HttpResponseRedirect(found.get_absolute_url())
    toast(request, _("草稿已删除，里面的问题下次还可以通报。"))
    return HttpResponseRedirect(reverse("inspections:bulletins"))
