"""Subscribers and what was sent to them, for administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huying.cases.models import Ledger
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.integrations.webhooks import actions
from huying.integrations.webhooks.actions import VERB
from huying.integrations.webhooks.models import Delivery, Subscriber
from huying.people.guards import EverywhereRequired, reader, requires_everywhere
from huying.people.models import User
from huying.people.views.common import act, form_page
from huying.places.models import Area

STATES: dict[str, tuple[str, str]] = {
    Delivery.State.WAITING: ("blue", "clock"),
    Delivery.State.SENDING: ("accent", "send"),
    Delivery.State.DONE: ("green", "check"),
    Delivery.State.GIVEN_UP: ("red", "close-circle"),
    Delivery.State.WITHHELD: ("", "eye-off"),
}


class SubscriberForm(forms.Form):
    """Who is told, of what."""

    title = forms.CharField(
        label=gettext_lazy("推给谁"),
        max_length=80,
        error_messages={"required": gettext_lazy("请写明推给谁。")},
    )
    url = forms.URLField(
        label=gettext_lazy("接收地址"), max_length=500, assume_scheme="https",
        help_text=gettext_lazy("以 https:// 开头。内网地址须先加入 HUYING_TRUSTED_HOSTS。"),
        error_messages={"required": gettext_lazy("请填写接收地址。"), "invalid": gettext_lazy("网址不正确。")},
    )  # fmt: skip
    owner = forms.CharField(
        label=gettext_lazy("以哪个账号的权限"), max_length=150,
        help_text=gettext_lazy("只推送这个账号看得到的案件。填用户名。"),
        error_messages={"required": gettext_lazy("请填写用户名。")},
    )  # fmt: skip
    codes = forms.CharField(
        label=gettext_lazy("只推这些事件"), required=False, max_length=500,
        help_text=gettext_lazy("例如 case.dispatched, case.closed；用逗号分开，不填推送全部。"),
    )  # fmt: skip
    ledger = forms.ModelChoiceField(
        Ledger.objects.all(), label=gettext_lazy("只推这个台账"), required=False, to_field_name="code",
        empty_label=gettext_lazy("全部"),
    )  # fmt: skip
    area = forms.ModelChoiceField(
        Area.objects.filter(valid_to=None, level__in=("subdistrict", "community")).defer("boundary"),
        label=gettext_lazy("只推这个区域"), required=False, to_field_name="code", empty_label=gettext_lazy("全部"),
    )  # fmt: skip

    def clean_owner(self) -> User:
        found = User.objects.filter(username=self.cleaned_data["owner"].strip(), is_active=True).first()
        if found is None:
            raise forms.ValidationError(_("没有这个用户名，或者账号已停用。"))
        return found

    def clean_codes(self) -> list[str]:
        return [
            code.strip() for code in self.cleaned_data["codes"].replace("，", ",").split(",") if code.strip()
        ]


class Subscribers(EverywhereRequired, ListPage):
    """Everybody who is told by webhook."""

    verb = VERB
    name = "webhooks"
    title = gettext_lazy("事件推送")
    lead = gettext_lazy("案件有了新情况，推给订阅的系统：签名、按案件顺序、送不到会再试。")
    template_name = "webhooks/subscribers.html"
    order = "pk"
    columns = (
        Column("title", gettext_lazy("推给谁")),
        Column("url", gettext_lazy("接收地址"), css="cell--wide"),
        Column("owner", gettext_lazy("账号权限")),
        Column("state", gettext_lazy("状态"), value="active", show=lambda row: _state(row)),
        Column("waiting", gettext_lazy("等待"), css="cell--number"),
        Column("last", gettext_lazy("最近送达")),
    )
    empty = {
        "title": gettext_lazy("还没有订阅"), "text": gettext_lazy("添加一个接收地址，案件的每一步都会推过去。"),
    }  # fmt: skip

    def get_queryset(self) -> QuerySet[Subscriber]:
        waiting = Q(deliveries__state__in=(Delivery.State.WAITING, Delivery.State.SENDING))
        return Subscriber.objects.select_related("owner").annotate(
            waiting=Count("deliveries", filter=waiting), last=Max("deliveries__done_at")
        )

    def row_url(self, row: Subscriber) -> str:
        return reverse("webhooks:subscriber", args=[row.pk])


def _state(row: Subscriber) -> Any:
    if not row.active:
        return badge(_("已停用"), "red", "pause")
    return badge(_("送不到"), "yellow", "alert") if row.failing_since else badge(_("正常"), "green", "check")


class Log(EverywhereRequired, ListPage):
    """One subscriber: its settings, and every event that was sent to it."""

    verb = VERB
    name = "webhook-log"
    template_name = "webhooks/subscriber.html"
    order = "-pk"
    columns = (
        Column("at", gettext_lazy("发生时间")),
        Column("code", gettext_lazy("事件"), css="cell--nowrap"),
        Column("case_number", gettext_lazy("案件"), css="cell--nowrap"),
        Column(
            "state", gettext_lazy("状态"), value=lambda row: row.get_state_display(),
            show=lambda row: badge(row.get_state_display(), *STATES[row.state]),
        ),
        Column("tries", gettext_lazy("次数"), css="cell--number"),
        Column("status", gettext_lazy("应答"), css="cell--number"),
        Column("error", gettext_lazy("说明")),
        Column("done_at", gettext_lazy("送达时间")),
    )  # fmt: skip
    filters = (
        Filter(
            "state",
            forms.MultipleChoiceField(label=gettext_lazy("状态"), choices=Delivery.State.choices),
            lookup="state__in",
        ),
        Filter(
            "q",
            forms.CharField(label=gettext_lazy("案件编号"), widget=forms.TextInput(attrs={"type": "search"})),
            apply=lambda rows, words: rows.filter(case_number=words.strip()),
        ),
        Filter(
            "from",
            forms.DateField(label=gettext_lazy("从"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup="at__date__gte",
        ),
        Filter(
            "to",
            forms.DateField(label=gettext_lazy("到"), widget=forms.DateInput(attrs={"type": "date"})),
            lookup="at__date__lte",
        ),
    )
    empty = {
        "title": gettext_lazy("还没有推送"), "text": gettext_lazy("可以先发一条测试消息，看看对方收不收得到。"),
    }  # fmt: skip

    @cached_property
    def subscriber(self) -> Subscriber:
        rows = Subscriber.objects.select_related("owner", "ledger", "area").defer("area__boundary")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    @property
    def title(self) -> str:
        return self.subscriber.title

    def get_queryset(self) -> QuerySet[Delivery]:
        return Delivery.objects.filter(subscriber=self.subscriber)

    def row_url(self, row: Delivery) -> str:
        return reverse("webhooks:delivery", args=[self.subscriber.pk, row.pk])

    def extra_context(self) -> dict[str, Any]:
        return {
            "subscriber": self.subscriber, "state": _state(self.subscriber),
            "crumbs": [(_("事件推送"), reverse("webhooks:subscribers"))],
            "shown": [
                (one.name, value) for one in self.filters for value in self.request.GET.getlist(one.name)
            ],
        }  # fmt: skip


@requires_everywhere(VERB)
def add(request: HttpRequest) -> HttpResponse:
    """A new subscriber; its secret is shown on the next page, once."""
    form = SubscriberForm(request.POST or None, initial={"owner": reader(request).username})

    def save(data: dict[str, Any]) -> HttpResponse:
        made, secret = actions.add_subscriber(actor=reader(request), **data)
        return _secret(request, made, secret)

    crumbs = [(_("事件推送"), reverse("webhooks:subscribers"))]
    return form_page(request, form, save, title=_("添加订阅"), crumbs=crumbs, cancel_url=crumbs[0][1])


@never_cache
def _secret(request: HttpRequest, subscriber: Subscriber, secret: str) -> HttpResponse:
    return render(
        request, "webhooks/secret.html",
        {"subscriber": subscriber, "secret": secret, "title": _("请保存签名密钥")},
    )  # fmt: skip


def _subscriber(pk: int) -> Subscriber:
    return get_object_or_404(Subscriber, pk=pk)


@require_POST
@requires_everywhere(VERB)
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret, shown once."""
    subscriber = _subscriber(pk)
    return _secret(request, subscriber, actions.rotate_secret(subscriber, actor=reader(request)))


def _act(request: HttpRequest, pk: int, action: Any, done: str) -> HttpResponse:
    subscriber = _subscriber(pk)
    then = reverse("webhooks:subscriber", args=[pk])
    return act(request, lambda: action(subscriber, actor=reader(request)), done, then)


@require_POST
@requires_everywhere(VERB)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test message."""
    return _act(request, pk, actions.send_test, _("测试消息已放入发送队列，几秒后刷新看结果。"))


@require_POST
@requires_everywhere(VERB)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop sending."""
    return _act(request, pk, actions.pause, _("已停用。没送到的留着，启用后接着送。"))


@require_POST
@requires_everywhere(VERB)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on sending."""
    return _act(request, pk, actions.resume, _("已启用，从没送到的开始接着送。"))


@require_POST
@requires_everywhere(VERB)
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send again what the filters of the log show."""
    subscriber = _subscriber(pk)
    rows = Delivery.objects.filter(subscriber=subscriber)
    for one in Log.filters:
        values = [value for value in request.POST.getlist(one.name) if value]
        if values:
            several = isinstance(one.field, forms.MultipleChoiceField)
            try:
                rows = one.narrow(rows, one.field.clean(values if several else values[0]))
            except forms.ValidationError:
                rows = rows.none()
    count = actions.replay(subscriber, rows, actor=reader(request))
    toast(request, _("%d 条已放入发送队列，按每个案件的顺序重新送。") % count)
    return redirect("webhooks:subscriber", pk)


@requires_everywhere(VERB)
def delivery(request: HttpRequest, pk: int, delivery_pk: int) -> HttpResponse:
    """One event: what was sent, and what was answered."""
    row = get_object_or_404(Delivery.objects.select_related("subscriber"), pk=delivery_pk, subscriber=pk)
    context = {
        "delivery": row, "title": row.code, "state": badge(row.get_state_display(), *STATES[row.state]),
        "crumbs": [
            (_("事件推送"), reverse("webhooks:subscribers")),
            (row.subscriber.title, reverse("webhooks:subscriber", args=[pk])),
        ],
        "case_link": format_html('<a href="/desk/cases/{0}/">{0}</a>', row.case_number) if row.case_number else "",
    }  # fmt: skip
    return render(request, "webhooks/delivery.html", context)
