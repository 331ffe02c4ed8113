"""For departments: their matters on other servers. For administrators: the servers and what goes there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from huying.cases import policy
from huying.core.errors import NotAllowed
from huying.core.journal import log
from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.integrations.forwarding import client, outbox
from huying.integrations.forwarding.forms import PartnerForm, RouteForm, WithdrawForm
from huying.integrations.forwarding.jobs import follow
from huying.integrations.forwarding.models import Forwarding, Partner, Route
from huying.integrations.forwarding.panel import state_badge
from huying.people.guards import VerbRequired, reader, requires, requires_everywhere
from huying.people.views.common import act, form_page

MANAGE = "integrations.manage"


def forwardings_for(user: Any) -> QuerySet[Forwarding]:
    """The matters whose cases this person may see."""
    return Forwarding.objects.filter(case__in=policy.cases_for(user)).select_related("partner", "case")


class Forwardings(VerbRequired, ListPage):
    """Every matter on another server, what needs somebody on top."""

    verbs = ("case.report_handled", MANAGE)
    name = "forwardings"
    title = gettext_lazy("转办到其他平台")
    lead = gettext_lazy("已转到其他 Open311 平台办理的案件，和它们在那边的进展。责任和时限仍在本单位。")
    order = "-made_at"
    columns = (
        Column("case", gettext_lazy("案件"), value="case.title", show=lambda row: format_html(
            '<a href="{}">{}</a>', reverse("forwarding:detail", args=[row.pk]), row.case.title)),
        Column("number", gettext_lazy("编号"), value="case.number", css="cell--nowrap"),
        Column("partner", gettext_lazy("平台"), value="partner.title"),
        Column("remote_id", gettext_lazy("对方编号"), css="cell--nowrap"),
        Column("state", gettext_lazy("状态"), value="get_state_display", show=state_badge, sort="state"),
        Column("problem", gettext_lazy("问题")),
        Column("made_at", gettext_lazy("转办时间")),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有转办的案件"),
        "text": gettext_lazy("管理员在“其他平台”里登记平台和类别后，派给该单位的这类案件会自动转过去。"),
    }

    def get_filters(self) -> tuple[Filter, ...]:
        return (
            Filter("q", forms.CharField(label=_("编号")), apply=lambda rows, words: rows.filter(
                Q(case__number__contains=words) | Q(remote_id__icontains=words))),
            Filter("state", forms.ChoiceField(
                label=_("状态"), choices=[("", _("全部")), *Forwarding.State.choices])),
            Filter("partner", forms.ModelChoiceField(Partner.objects.all(), label=_("平台"), empty_label=_("全部"))),
        )  # fmt: skip

    def get_queryset(self) -> QuerySet[Forwarding]:
        return forwardings_for(self.request.user)


def _row(request: HttpRequest, pk: int) -> Forwarding:
    return get_object_or_404(forwardings_for(request.user), pk=pk)


def _require_hand(request: HttpRequest, row: Forwarding) -> None:
    user = reader(request)
    if not (policy.may(user, "case.report_handled", row.case) or user.can(MANAGE)):
        raise NotAllowed(_("这件转办由“%s”处理。") % row.partner.department)


@requires("case.report_handled", MANAGE, "case.view")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One matter: both numbers, everything that was heard, what can be done."""
    row = _row(request, pk)
    user = reader(request)
    context = {
        "row": row, "heard": row.heard.select_related("photo").order_by("-pk"), "badge": state_badge(row),
        "may": policy.may(user, "case.report_handled", row.case) or user.can(MANAGE),
        "stuck": row.state == Forwarding.State.STUCK, "live": row.state in Forwarding.LIVE, "form": WithdrawForm(),
    }  # fmt: skip
    return render(request, "forwarding/detail.html", context)


@require_POST
@requires("case.report_handled", MANAGE)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it again."""
    row = _row(request, pk)
    _require_hand(request, row)
    here = reverse("forwarding:detail", args=[pk])
    return act(request, lambda: outbox.try_again(row, actor=reader(request)), _("正在重新发送。"), here)


@require_POST
@requires("case.report_handled", MANAGE)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Follow it no longer."""
    row = _row(request, pk)
    _require_hand(request, row)
    here, form = reverse("forwarding:detail", args=[pk]), WithdrawForm(request.POST)
    if not form.is_valid():
        toast(request, str(form.errors["reason"][0]), level=messages.ERROR)
        return redirect(here)
    done = _("不再跟踪。请打电话告诉对方，案件在本单位继续办理。")
    why = form.cleaned_data["reason"]
    return act(request, lambda: outbox.withdraw(row, actor=reader(request), reason=why), done, here)


# --- the servers --------------------------------------------------------------------------------------------


@requires_everywhere(MANAGE)
def partners(request: HttpRequest) -> HttpResponse:
    """Every server: does it answer, what waits, what goes there."""
    rows = Partner.objects.select_related("department", "account").prefetch_related(
        "routes__category__ledger"
    )
    counted = rows.annotate(
        waiting=Count("forwardings", filter=Q(forwardings__state__in=("waiting", "sent"))),
        open=Count("forwardings", filter=Q(forwardings__state="open")),
        stuck=Count("forwardings", filter=Q(forwardings__state__in=("stuck", "answered"))),
    )
    return render(request, "forwarding/partners.html", {"rows": counted, "title": _("其他平台")})


@require_http_methods(["GET", "POST"])
@requires_everywhere(MANAGE)
def edit_partner(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """Name a server, or change it."""
    partner = get_object_or_404(Partner, pk=pk) if pk else None
    form = PartnerForm(request.POST or None, instance=partner)

    def save(data: dict[str, Any]) -> HttpResponse:
        changed: Partner = form.save(commit=False)
        if data["new_key"]:
            changed.api_key = data["new_key"]
        changed.has_updates = None
        changed.save()
        log(
            changed, "forwarding_partner.changed" if pk else "forwarding_partner.added", actor=reader(request),
            title=changed.title, base_url=changed.base_url, department=changed.department.code,
        )  # fmt: skip
        toast(request, _("已保存。"))
        return redirect("forwarding:partners")

    return form_page(
        request, form, save, title=partner.title if partner else _("登记平台"),
        crumbs=[(_("其他平台"), reverse("forwarding:partners"))], cancel_url=reverse("forwarding:partners"),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@requires_everywhere(MANAGE)
def add_route(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a category go there; the services are asked of the server, and can be typed where it does not answer."""
    partner = get_object_or_404(Partner, pk=pk)
    services, problem = _services(partner)
    form = RouteForm(request.POST or None, services=services)

    def save(data: dict[str, Any]) -> HttpResponse:
        Route.objects.update_or_create(
            category=data["category"],
            defaults={
                "partner": partner, "service_code": data["service_code"], "attributes": data["attributes"],
            },
        )  # fmt: skip
        log(
            partner, "forwarding_partner.route_set", actor=reader(request), category=data["category"].code,
            service_code=data["service_code"],
        )  # fmt: skip
        toast(request, _("已登记：这个类别派给“%s”后会转过去。") % partner.department)
        return redirect("forwarding:partners")

    return form_page(
        request, form, save, title=_("转办的类别"), lead=problem,
        crumbs=[(_("其他平台"), reverse("forwarding:partners")), (partner.title, "")],
        cancel_url=reverse("forwarding:partners"),
    )  # fmt: skip


def _services(partner: Partner) -> tuple[list[tuple[str, str]], str]:
    try:
        rows = client.ask(partner, "services")
    except client.Failed as failure:
        return [], _("没有取到对方的服务目录（%s），请手工填写服务代码。") % failure
    found = [(client.text_of(row, "service_code"), client.text_of(row, "service_name")) for row in rows]
    return [(code, f"{code} {title}".strip()) for code, title in found if code], ""


@require_POST
@requires_everywhere(MANAGE)
def remove_route(request: HttpRequest, pk: int) -> HttpResponse:
    """What is there stays there and is followed; nothing new goes."""
    route = get_object_or_404(Route.objects.select_related("partner", "category"), pk=pk)
    log(
        route.partner, "forwarding_partner.route_removed", actor=reader(request), category=route.category.code
    )
    route.delete()
    toast(request, _("已取消：以后不再转过去，已经转的继续跟踪。"))
    return redirect("forwarding:partners")


@require_POST
@requires_everywhere(MANAGE)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Send and ask nothing for a while, or go on."""
    partner, stop = get_object_or_404(Partner, pk=pk), request.POST.get("paused") == "1"
    if Partner.objects.filter(pk=pk, paused=not stop).update(paused=stop):
        log(
            partner,
            "forwarding_partner.paused" if stop else "forwarding_partner.resumed",
            actor=reader(request),
        )
    toast(request, _("已暂停：等着的案件恢复后再发。") if stop else _("已恢复。"))
    return redirect("forwarding:partners")


@require_POST
@requires_everywhere(MANAGE)
def ask_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a server now instead of within five minutes."""
    follow.defer(partner_id=get_object_or_404(Partner, pk=pk).pk)
    toast(request, _("正在查询，稍后刷新页面。"))
    return redirect("forwarding:partners")
