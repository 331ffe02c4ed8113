"""For those who look after the exchange: orders, what passed about each, the comparison, and the connections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from huying.cases import policy
from huying.cases.models import OPEN
from huying.cases.views.desk.display import status_badge
from huying.core.errors import NotAllowed
from huying.core.pages import Column, Filter, ListPage
from huying.core.secrets import SealedText
from huying.core.templatetags.parts import badge, clock
from huying.core.toasts import toast
from huying.integrations.hotline import compare
from huying.integrations.hotline.actions import field_titles, return_to_city
from huying.integrations.hotline.forms import SystemForm
from huying.integrations.hotline.models import CitySystem, Delivery, Order
from huying.integrations.hotline.outbox import push_again, retry_delivery, skip_delivery
from huying.integrations.hotline.words import event_words, value_words
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import User
from huying.people.policy import reaches
from huying.people.views.common import act

EXCHANGE, MANAGE = "hotline.exchange", "integrations.manage"
OLD_SECRET = dt.timedelta(days=7)
_FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
_COLOURS = {
    Delivery.State.WAITING: "blue",
    Delivery.State.ACKNOWLEDGED: "green",
    Delivery.State.STUCK: "red",
    Delivery.State.SKIPPED: "",
}


def manages(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For those who look after connections, which are the whole district's."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not reaches(request.user, MANAGE, ""):
            raise NotAllowed(_("市热线连接由区级管理员管理。请联系区级管理员。"))
        return view(request, *args, **kwargs)

    return requires(MANAGE)(guarded)


def orders_for(user: User) -> QuerySet[Order]:
    """The orders whose cases this person may see."""
    return Order.objects.filter(report__case__in=policy.cases_for(user))


class Orders(VerbRequired, ListPage):
    """Every order, the one that is due first on top."""

    verb = EXCHANGE
    name = "hotline-orders"
    title = gettext_lazy("市热线工单")
    lead = gettext_lazy("市热线派来的工单、双方的时限，和还没有送到的进展。")
    template_name = "hotline/orders.html"
    order = "first_due_at"
    empty = {
        "title": gettext_lazy("没有工单"),
        "text": gettext_lazy("市热线还没有派来工单，或者没有符合筛选的。"),
    }

    def get_columns(self) -> tuple[Column, ...]:
        return (
            Column("number", gettext_lazy("市工单号"), css="cell--nowrap"),
            Column("case", gettext_lazy("案件"), value="report.case.title"),
            Column("department", gettext_lazy("承办单位"), value="report.case.department"),
            Column("status", gettext_lazy("状态"), value=_state_words, show=_state),
            Column("due", gettext_lazy("本区时限"), value="report.case.due_at", show=_our_clock),
            Column("city_due", gettext_lazy("市热线时限"), value="city_due_at", show=_city_clock),
            Column("first", gettext_lazy("先到的时限"), value=_first, sort="first_due_at", css="cell--nowrap"),
            Column("sent", gettext_lazy("推送"), value=_sent_words, show=_sent),
        )  # fmt: skip

    def get_filters(self) -> tuple[Filter, ...]:
        return (
            Filter("q", forms.CharField(label=_("市工单号")), lookup="number__icontains"),
            Filter(
                "state",
                forms.ChoiceField(
                    label=_("交换状态"), choices=[("", _("全部")), *Order.State.choices]
                ),
            ),
            Filter(
                "stuck", forms.BooleanField(label=_("推送需要处理")), apply=lambda rows, _v: rows.filter(stuck=True)
            ),
            Filter(
                "open",
                forms.BooleanField(label=_("只看在办")),
                apply=lambda rows, _v: rows.filter(report__case__status__in=OPEN),
            ),
        )  # fmt: skip

    def get_queryset(self) -> QuerySet[Order]:
        of_order = Delivery.objects.filter(order=OuterRef("pk"))
        return (
            orders_for(signed_in(self.request))
            .select_related("system", "report__case__department")
            .by_nearest_deadline()  # type: ignore[attr-defined]
            .annotate(
                first_due_at=Coalesce("nearest_due_at", _FAR),
                stuck=Exists(of_order.filter(state=Delivery.State.STUCK)),
                waiting=Exists(of_order.filter(state=Delivery.State.WAITING)),
            )
        )

    def row_url(self, row: Any) -> str:
        return reverse("hotline:order", args=[row.pk])

    def extra_context(self) -> dict[str, Any]:
        user = signed_in(self.request)
        return {"may_manage": user.can(MANAGE)}


def _state_words(order: Order) -> str:
    if order.state != Order.State.ACTIVE:
        return str(order.get_state_display())
    return str(order.report.case.get_status_display())


def _state(order: Order) -> Any:
    return (
        badge(_state_words(order), "yellow", "return")
        if order.state != Order.State.ACTIVE
        else status_badge(order.report.case)
    )


def _clock(order: Order, due: dt.datetime | None) -> Any:
    if due is None:
        return None
    return clock(due, order.received_at) if order.report.case.is_open else due


def _our_clock(order: Order) -> Any:
    return _clock(order, order.report.case.due_at)


def _city_clock(order: Order) -> Any:
    return _clock(order, order.city_due_at)


def _first(order: Any) -> dt.datetime | None:
    return None if order.first_due_at == _FAR else order.first_due_at


def _sent_words(order: Any) -> str:
    return _("需要处理") if order.stuck else _("待推送") if order.waiting else _("已送到")


def _sent(order: Any) -> Any:
    colour = "red" if order.stuck else "blue" if order.waiting else "green"
    return badge(_sent_words(order), colour, "send")


def _order(request: HttpRequest, pk: int) -> Order:
    rows = orders_for(signed_in(request)).select_related(
        "system", "report__case__department", "report__case__ledger"
    )
    return get_object_or_404(rows, pk=min(pk, 2**62))


@never_cache
@requires(EXCHANGE)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: both deadlines, its corrections, what we owe, what passed."""
    order = _order(request, pk)
    case, user = order.report.case, signed_in(request)
    titles = field_titles()
    context = {
        "order": order, "case": case, "badge": _state(order), "title": order.number,
        "crumbs": [(_("市热线工单"), reverse("hotline:list")), (order.number, "")],
        "due": _clock(order, case.due_at), "city_due": _clock(order, order.city_due_at),
        "deliveries": [
            {
                "row": row, "event": event_words(row.event),
                "badge": badge(str(row.get_state_display()), _COLOURS[Delivery.State(row.state)], "send"),
            }
            for row in order.deliveries.order_by("-sequence")
        ],
        "exchanges": [(row, event_words(row.what)) for row in order.exchanges.all()[:200]],
        "attachments": order.attachments.exclude(state="stored"),
        "corrections": [
            {
                "at": row.received_at,
                "changes": [
                    (titles.get(name, name), *map(value_words, change)) for name, change in row.changes.items()
                ],
            }
            for row in order.corrections.order_by("-id")
        ],
        "may_return": order.state == Order.State.ACTIVE and case.status in ("reported", "filed")
        and policy.may(user, "case.decline", case),
    }  # fmt: skip
    return render(request, "hotline/order.html", context)


@require_POST
@requires(EXCHANGE)
def retry(request: HttpRequest, pk: int, sequence: int) -> HttpResponse:
    """Try a message again now."""
    order = _order(request, pk)
    delivery = get_object_or_404(order.deliveries, sequence=min(sequence, 2**31 - 1))
    return act(
        request, lambda: retry_delivery(delivery, actor=signed_in(request)), _("已安排重新推送。"),
        reverse("hotline:order", args=[order.pk]),
    )  # fmt: skip


@require_POST
@requires(EXCHANGE)
def skip(request: HttpRequest, pk: int, sequence: int) -> HttpResponse:
    """Give a message up."""
    order = _order(request, pk)
    delivery = get_object_or_404(order.deliveries, sequence=min(sequence, 2**31 - 1))
    return act(
        request, lambda: skip_delivery(delivery, actor=signed_in(request)), _("这条消息不再推送。"),
        reverse("hotline:order", args=[order.pk]),
    )  # fmt: skip


@require_POST
@requires(EXCHANGE)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the city once more where the order stands."""
    order = _order(request, pk)
    return act(
        request, lambda: push_again(order, actor=signed_in(request)), _("已安排再次推送。"),
        reverse("hotline:order", args=[order.pk]),
    )  # fmt: skip


@require_POST
@requires(EXCHANGE)
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """退回市热线."""
    order = _order(request, pk)
    reason = request.POST.get("reason", "")
    return act(
        request, lambda: return_to_city(order, reason=reason, actor=signed_in(request)),
        _("已向市热线申请退回，等对方确认。"), reverse("hotline:order", args=[order.pk]),
    )  # fmt: skip


# -- the systems ---------------------------------------------------------------------------------------------


@never_cache
@requires(EXCHANGE)
def comparison(request: HttpRequest) -> HttpResponse:
    """Both sides' open orders, as compared in the morning; only what this reader may see of ours."""
    mine = (
        set(orders_for(signed_in(request)).values_list("pk", flat=True)) if not _sees_all(request) else None
    )
    systems = []
    for system in CitySystem.objects.all():
        rows = [
            {**row, "theirs": event_words(row["theirs"]), "ours": event_words(row["ours"])}
            for row in system.comparison.get("rows", ())
            if mine is None or row["order"] in mine
        ]
        systems.append({"system": system, "rows": rows, "found": system.comparison})
    return render(
        request, "hotline/comparison.html",
        {
            "title": _("与市热线核对"), "systems": systems, "may_manage": signed_in(request).can(MANAGE),
            "crumbs": [(_("市热线工单"), reverse("hotline:list")), (_("核对"), "")],
        },
    )  # fmt: skip


def _sees_all(request: HttpRequest) -> bool:
    return not policy.cases_for(signed_in(request)).query.where


@require_POST
@manages
def compare_now(request: HttpRequest, code: str) -> HttpResponse:
    """Compare at once."""
    system = get_object_or_404(CitySystem, code=code)
    if not system.base_url:
        toast(request, _("这个系统没有推送地址，不能核对。"))
    else:
        result = compare.compare(system)
        toast(request, result.get("error") or _("核对完成：不一致 %d 件。") % len(result["rows"]))
    return redirect("hotline:comparison")


@never_cache
@manages
def systems(request: HttpRequest) -> HttpResponse:
    """The city systems, with what is waiting to leave."""
    rows = [
        {
            "system": system,
            "waiting": Delivery.objects.filter(order__system=system, state=Delivery.State.WAITING).count(),
            "stuck": Delivery.objects.filter(order__system=system, state=Delivery.State.STUCK).count(),
            "last": system.exchanges.order_by("-id").first(),
        }
        for system in CitySystem.objects.select_related("ledger")
    ]
    return render(request, "hotline/systems.html", {"title": _("市热线连接"), "rows": rows})


@never_cache
@require_http_methods(["GET", "POST"])
@manages
def edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Add or change a connection. A new secret leaves the old one good for a week."""
    system = get_object_or_404(CitySystem, code=code) if code else None
    old = system.secret if system else ""
    form = SystemForm(request.POST or None, instance=system)
    if request.method == "POST" and form.is_valid():
        changed: CitySystem = form.save(commit=False)
        if new := form.cleaned_data["new_secret"]:
            changed.secret = new
            if isinstance(old, SealedText) and old:
                changed.old_secret, changed.old_secret_until = old, timezone.now() + OLD_SECRET
        changed.save()
        toast(request, _("已保存。"))
        return redirect("hotline:systems")
    context = {
        "title": system.title if system else _("登记市热线系统"), "form": form,
        "crumbs": [(_("市热线连接"), reverse("hotline:systems"))], "cancel_url": reverse("hotline:systems"),
    }  # fmt: skip
    return render(request, "people/form_page.html", context, status=422 if form.errors else 200)


@require_POST
@manages
def pause(request: HttpRequest, code: str) -> HttpResponse:
    """Stop pushing, or go on."""
    system = get_object_or_404(CitySystem, code=code)
    stop = request.POST.get("paused") == "1"
    CitySystem.objects.filter(pk=system.pk).update(paused=stop)
    toast(request, _("已暂停推送：进展照常记下，恢复后按次序送出。") if stop else _("已恢复推送。"))
    return redirect("hotline:systems")
