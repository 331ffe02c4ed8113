"""The delivery log, the robots, and one's own preferences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from huying.core.errors import Refusal
from huying.core.journal import log
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.notices import outbox
from huying.notices.channels import ChannelError, Message, channel, channel_title, channels
from huying.notices.forms import PreferenceForm, RobotForm
from huying.notices.models import Delivery, Preference, Robot
from huying.notices.policy import MANAGE, deliveries_for, robots_for
from huying.people.guards import VerbRequired, reader, requires
from huying.people.views.common import act, form_page

_COLOURS = {
    "queued": ("accent", "clock"), "held": ("blue", "pause"), "sending": ("accent", "send"),
    "sent": ("green", "check"), "digested": ("green", "merge"), "failed": ("red", "close"),
    "given-up": ("red", "close-circle"), "suppressed": ("", "eye-off"),
}  # fmt: skip
RETRYABLE = ("failed", "given-up", "suppressed", "held", "queued")


def state_badge(row: Delivery) -> Any:
    return badge(row.get_state_display(), *_COLOURS[row.state])


def channel_of(row: Any) -> str:
    """What the page calls the channel of a delivery or robot."""
    return channel_title(row.channel)


def shown_words(row: Delivery) -> str:
    """The words as the log shows them: a resident's link is a secret."""
    return row.words.replace(outbox.LINK, _("［链接］"))


class Deliveries(VerbRequired, ListPage):
    """Who was told what, by what, when; and why not."""

    verb = MANAGE
    name = "deliveries"
    title = gettext_lazy("发送记录")
    lead = gettext_lazy("发到系统外面的每一条：短信、邮件、群消息。铃铛里的通知不在这里。")
    order = "-created_at"
    columns = (
        Column("created_at", gettext_lazy("时间"), sort="created_at", css="cell--nowrap"),
        Column("to_name", gettext_lazy("收件人")),
        Column("channel", gettext_lazy("渠道"), value=channel_of, css="cell--nowrap"),
        Column("words", gettext_lazy("内容"), value=lambda row: shown_words(row)[:60]),
        Column("state", gettext_lazy("状态"), value=lambda row: row.get_state_display(), show=state_badge),
        Column("reason", gettext_lazy("说明")),
        Column("tries", gettext_lazy("尝试"), css="number"),
        Column("next_try_at", gettext_lazy("下次发送"), css="cell--nowrap", shown=False),
        Column("sent_at", gettext_lazy("发出时间"), css="cell--nowrap", shown=False),
        Column("code", gettext_lazy("事由"), shown=False),
    )

    def get_filters(self):
        anything = [("", _("全部"))]
        ways = [(code, way.title) for code, way in channels().items()]
        return (
            Filter("state", forms.ChoiceField(label=_("状态"), choices=[*anything, *Delivery.State.choices])),
            Filter("channel", forms.ChoiceField(label=_("渠道"), choices=[*anything, *ways])),
            Filter(
                "to",
                forms.ChoiceField(label=_("收件人"), choices=[*anything, *Delivery.To.choices]),
                "to_kind",
            ),
            Filter(
                "q",
                forms.CharField(
                    label=_("姓名、群名或诉求编号"), widget=forms.TextInput(attrs={"type": "search"})
                ),
                "to_name__icontains",
            ),
        )

    def get_queryset(self) -> QuerySet[Delivery]:
        return deliveries_for(self.request.user)

    def row_url(self, row: Delivery) -> str:
        return reverse("notices:delivery", args=[row.pk])


@requires(MANAGE)
@never_cache
@require_GET
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One delivery with all its steps."""
    row = get_object_or_404(deliveries_for(request.user).select_related("digest", "instead_of"), pk=pk)
    context = {
        "delivery": row, "badge": state_badge(row), "channel": channel_of(row), "words": shown_words(row),
        "members": row.members.order_by("pk")[:outbox.MOST_IN_DIGEST], "fallbacks": row.fallbacks.all(),
        "may_retry": row.state in RETRYABLE,
    }  # fmt: skip
    return render(request, "notices/delivery.html", context)


@requires(MANAGE)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try once more."""
    row = get_object_or_404(deliveries_for(request.user), pk=pk)
    here = reverse("notices:delivery", args=[pk])
    return act(request, lambda: outbox.retry(row, actor=reader(request)), _("已重新排队，马上发送。"), here)


# -- robots --------------------------------------------------------------------------------------------------


class Robots(VerbRequired, ListPage):
    """The chat groups that hear of cases and news."""

    verb = MANAGE
    name = "robots"
    title = gettext_lazy("群机器人")
    lead = gettext_lazy(
        "企业微信、钉钉的部门群和区域群。群里只发编号、类别、单位、时限和链接，不发群众的话和信息。"
    )
    template_name = "notices/robots.html"
    order = "title"
    columns = (
        Column("title", gettext_lazy("群名称"), value=str, sort="title"),
        Column("channel", gettext_lazy("机器人"), value=lambda row: row.get_channel_display()),
        Column("department", gettext_lazy("部门群")),
        Column("area", gettext_lazy("区域群")),
        Column("hears_cases", gettext_lazy("案件")),
        Column("hears_news", gettext_lazy("新闻")),
        Column("active", gettext_lazy("在用")),
    )

    def get_queryset(self) -> QuerySet[Robot]:
        return robots_for(self.request.user).select_related("department", "area")

    def row_url(self, row: Robot) -> str:
        return reverse("notices:robot", args=[row.pk])


def _crumbs() -> list[tuple[str, str]]:
    return [(_("群机器人"), reverse("notices:robots"))]


@requires(MANAGE)
def add_robot(request: HttpRequest) -> HttpResponse:
    form = RobotForm(reader(request), request.POST or None, initial={"hears_cases": True, "hears_news": True})

    def save(data: dict[str, Any]) -> HttpResponse:
        robot = Robot.objects.create(**data, added_by=reader(request))
        log(robot, "robot.added", actor=reader(request), title=robot.title, channel=robot.channel)
        toast(request, _("已登记。请发一条测试消息，看群里收到没有。"))
        return redirect("notices:robot", robot.pk)

    crumbs = _crumbs()
    return form_page(request, form, save, title=_("登记群机器人"), crumbs=crumbs, cancel_url=crumbs[0][1])


@requires(MANAGE)
def robot(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a robot; what is sealed stays as it is when nothing new is typed."""
    row = get_object_or_404(robots_for(request.user).select_related("department", "area"), pk=pk)
    form = RobotForm(reader(request), request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        data = {
            name: value
            for name, value in form.cleaned_data.items()
            if name not in ("address", "secret") or value
        }
        for name, value in data.items():
            setattr(row, name, value)
        row.save(update_fields=list(data))
        changed = [name for name in form.changed_data if name in data]
        log(row, "robot.changed", actor=reader(request), fields=changed)
        toast(request, _("已保存。"))
        return redirect("notices:robot", pk)
    context = {"form": form, "robot": row, "title": str(row), "crumbs": _crumbs()}
    return render(request, "notices/robot.html", context, status=422 if form.errors else 200)


@requires(MANAGE)
@require_POST
def test_robot(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something in the group, now, and tell here what came back."""
    row = get_object_or_404(robots_for(request.user), pk=pk)

    def say() -> None:
        if reason := outbox.why_not(row.channel):
            raise Refusal(reason)
        way = channel(row.channel)
        assert way is not None  # else there was a reason
        words = _("这是呼应系统的测试消息，由%s发出。") % reader(request)
        try:
            secret = row.secret.open() if row.secret else ""
            way.send(Message(f"huying-test-{row.pk}", row.address.open(), _("测试"), words, secret=secret))
        except ChannelError as error:
            raise Refusal(error) from None

    return act(request, say, _("对方已收下，请到群里看一眼。"), reverse("notices:robot", args=[pk]))


# -- one's own -----------------------------------------------------------------------------------------------


@requires()
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """How I want to be told, besides the bell."""
    user = reader(request)
    own = Preference.objects.filter(user=user).first()
    form = PreferenceForm(own, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        Preference.objects.update_or_create(user=user, defaults=form.values())
        toast(request, _("已保存，以后按这个告诉您。"))
        return redirect("notices:preferences")
    missing = [
        title for title, address in ((_("邮箱"), user.email), (_("手机号"), user.phone)) if not address
    ]
    context = {"form": form, "missing": missing, "unused": outbox.unused("person")}
    return render(request, "notices/preferences.html", context, status=422 if form.errors else 200)
