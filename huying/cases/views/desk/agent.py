"""The hotline agent's screen: one page for one call, without a mouse. And what waits for filing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.contrib.messages import WARNING
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from huying.cases import actions, clock, policy
from huying.cases.actions import Intake
from huying.cases.models import OPEN, Case, CaseQuerySet, Category, Channel, Ledger, Report, Status, TellBy
from huying.cases.suggest import guess_categories, open_nearby
from huying.cases.views.desk.display import metres_words, status_badge
from huying.cases.views.desk.fields import options
from huying.cases.views.desk.queue import TABS, Queue, Tab, said, selected
from huying.cases.views.desk.verb_forms import CategorySelect
from huying.cases.views.portal.forms import needs_email
from huying.core.errors import Refusal
from huying.core.masking import mask_name, mask_phone
from huying.core.parts import part_of
from huying.core.toasts import toast
from huying.people.access import can
from huying.people.guards import requires, signed_in
from huying.people.models import User
from huying.registry.declared.forms import DeclaredForm, cleaned_values, declared_form
from huying.registry.models import Item

VERB = "desk.agent"
# How a call or a visitor comes in, in the order in which a ledger's own channels are tried.
_AT_THE_DESK = (Channel.HOTLINE, Channel.PHONE, Channel.VISIT, Channel.DESK, Channel.NETIZEN)
_EARLIER_SHOWN = 8
_GUESSES = 5
NEAR_M = 200


def ledgers_here() -> list[Ledger]:
    """Ledgers that take calls and visits today; the hotline's own first."""
    today = timezone.localdate()
    found = [
        ledger
        for ledger in Ledger.objects.filter(active=True)
        if ledger.rules.in_season(today) and channel_of(ledger) is not None
    ]
    order = list(_AT_THE_DESK)
    return sorted(
        found,
        key=lambda ledger: (ledger.code != Channel.HOTLINE, order.index(_channel(ledger)), ledger.code),
    )


def channel_of(ledger: Ledger) -> Channel | None:
    """The channel by which a call enters this ledger; None when it takes no calls."""
    return next((channel for channel in _AT_THE_DESK if channel in ledger.rules.channels), None)


def _channel(ledger: Ledger) -> Channel:
    """The same for a ledger that is known to take calls."""
    channel = channel_of(ledger)
    assert channel is not None
    return channel


def category_options(ledger: Ledger) -> list[Any]:
    """The ledger's categories under their main topics."""
    groups: dict[str, list[tuple[str, object]]] = {}
    rows = (
        Category.objects.filter(ledger=ledger, active=True).select_related("topic__parent").order_by("code")
    )
    for category in rows:
        topic = category.topic
        root = str((topic.parent or topic) if topic else ledger)
        groups.setdefault(root, []).append((category.code, str(category)))
    return [("", _("请选择类别")), *groups.items()]


class AgentForm(forms.Form):
    """What the caller says."""

    use_required_attribute = False

    phone = forms.CharField(
        label=gettext_lazy("来电号码"), max_length=30, required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off", "autofocus": True}),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("姓名"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    words = forms.CharField(
        label=gettext_lazy("反映内容"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    category = forms.CharField(label=gettext_lazy("类别"), required=False, widget=CategorySelect)
    tell_by = forms.ChoiceField(
        label=gettext_lazy("有进展怎么告诉来电人"),
        choices=[("", gettext_lazy("没有问（留了手机号就发短信）")), *TellBy.choices],
        required=False,
    )
    email = forms.EmailField(
        label=gettext_lazy("邮箱"), max_length=254, required=False,
        error_messages={"invalid": gettext_lazy("邮箱看起来不对，例如 wang@example.com。")},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    address = forms.CharField(
        label=gettext_lazy("地点"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("输两个字或拼音首字母，Enter 选第一个。"),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "role": "combobox",
                "aria-expanded": "false",
                "aria-controls": "place-options",
            }
        ),
    )
    detail = forms.CharField(
        label=gettext_lazy("楼栋、单元、房号"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    item = forms.CharField(label=gettext_lazy("物件编号"), max_length=40, required=False)
    ledger = forms.ChoiceField(
        label=gettext_lazy("台账"), error_messages={"invalid_choice": gettext_lazy("请选择台账。")}
    )
    lng = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    follows = forms.CharField(required=False, max_length=24, widget=forms.HiddenInput)
    client_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, ledgers: Sequence[Ledger], ledger: Ledger, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "agent-%s"
        super().__init__(*args, **kwargs)
        self.chosen = ledger
        offered: Any = self.fields["ledger"]
        offered.choices = [(each.code, str(each)) for each in ledgers]
        self.fields["ledger"].initial = ledger.code
        self.fields["category"].widget.groups = lambda: category_options(ledger)
        if not ledger.rules.registers:
            del self.fields["item"]

    def clean_category(self) -> Category:
        code = self.cleaned_data["category"]
        found = (
            Category.objects.filter(ledger=self.chosen, code=code, active=True)
            .select_related("topic")
            .first()
        )
        if found is None:
            raise forms.ValidationError(_("请选择类别：按住 Alt 再按数字键，选右边的建议。"))
        return found

    def clean_item(self) -> Item | None:
        code = self.cleaned_data["item"].strip()
        if not code:
            return None
        found = (
            Item.objects.filter(register__code__in=self.chosen.rules.registers, code=code)
            .exclude(state="retired")
            .first()
        )
        if found is None:
            raise forms.ValidationError(_("名录里没有这个编号，请核对标牌上的编号。"))
        return found

    def clean(self) -> dict[str, Any]:
        """Who wants to hear by mail or short message leaves the address for it."""
        needs_email(self)
        if self.cleaned_data.get("tell_by") == TellBy.SMS and not self.cleaned_data.get("phone"):
            self.add_error("phone", _("选短信告知，请写手机号。"))
        return self.cleaned_data

    @property
    def place(self) -> str:
        """Address and door in one line."""
        data = self.cleaned_data
        return " ".join(part for part in (data["address"].strip(), data["detail"].strip()) if part)


def _chosen_ledger(ledgers: Sequence[Ledger], data: Mapping[str, Any]) -> Ledger:
    return next((ledger for ledger in ledgers if ledger.code == data.get("ledger")), ledgers[0])


def _declared(ledger: Ledger, data: Mapping[str, Any] | None = None) -> DeclaredForm:
    return declared_form(ledger.rules.fields, data, facts={"channel": _channel(ledger).value})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(VERB)
def agent(request: HttpRequest) -> HttpResponse:
    """The form of one call; after it was taken, the number to read out and a fresh form."""
    ledgers = ledgers_here()
    if not ledgers:
        return render(request, "cases/desk/agent_closed.html")
    if request.method == "POST":
        return _take(request, ledgers)
    ledger = _chosen_ledger(ledgers, request.GET)
    form = AgentForm(ledgers, ledger, initial={"client_id": uuid.uuid4()})
    context = _page(form, _declared(ledger))
    if done := request.GET.get("done"):
        context["done"] = (
            Report.objects.filter(number=done, reported_by=signed_in(request))
            .select_related("case__category", "case__department")
            .first()
        )
    return render(request, "cases/desk/agent.html", context)


def _page(form: AgentForm, declared: DeclaredForm) -> dict[str, Any]:
    rules = form.chosen.rules
    return {
        "form": form,
        "declared": declared,
        "contact_required": rules.contact == "required",
        "has_item": bool(rules.registers),
        "map": {"id": "agent-map", "picker": True, "height": "small", "lng_field": "lng", "lat_field": "lat"},
        "file_within": clock.said(rules.file_within) if rules.file_within else "",
        "keys": [
            ("Ctrl+Enter", _("登记")),
            ("Alt+1…5", _("选类别建议")),
            ("Alt+J", _("并入附近第一个已知案件")),
            ("Alt+N", _("清空，接下一个电话")),
            ("Enter", _("在地点里：选第一个")),
        ],
    }


def _take(request: HttpRequest, ledgers: Sequence[Ledger]) -> HttpResponse:
    ledger = _chosen_ledger(ledgers, request.POST)
    form, declared = AgentForm(ledgers, ledger, request.POST), _declared(ledger, request.POST)
    good = [form.is_valid(), declared.is_valid()]
    if not all(good):
        return render(request, "cases/desk/agent.html", _page(form, declared), status=422)
    try:
        report = actions.receive_report(_intake(signed_in(request), form, declared))
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return render(request, "cases/desk/agent.html", _page(form, declared), status=refusal.status)
    return HttpResponseRedirect(f"{reverse('desk:agent')}?done={report.number}")


def _intake(user: User, form: AgentForm, declared: DeclaredForm) -> Intake:
    data = form.cleaned_data
    follows = None
    if data["follows"]:
        follows = (
            policy.cases_for(user)
            .select_related("ledger", "department")
            .filter(number=data["follows"], status__in=OPEN)
            .first()
        )
        if follows is None:
            raise Refusal(_("要并入的案件刚刚办结或已并单。请去掉并入，另立一件。"))
    return Intake(
        ledger=form.chosen,
        category=data["category"],
        words=data["words"],
        channel=_channel(form.chosen),
        lng=data["lng"],
        lat=data["lat"],
        address=form.place,
        name=data["name"],
        phone=data["phone"],
        email=data["email"],
        tell_by=data["tell_by"],
        item=data.get("item"),
        fields=cleaned_values(declared, by=user),
        client_id=data["client_id"],
        reported_by=user,
        follows=follows,
        external_number=str(declared.cleaned_data.get("order_number", "") or "")[:60],
    )


# --- parts that follow the typing ------------------------------------------------------------------------


@never_cache
@require_POST
@requires(VERB)
def caller(request: HttpRequest) -> HttpResponse:
    """Earlier cases of this phone. By POST: a number does not belong into an address."""
    phone = request.POST.get("phone", "").replace(" ", "")
    rows: list[Report] = []
    if len(phone) >= 7:
        rows = list(
            Report.objects.filter(phone=phone, case__in=policy.cases_for(signed_in(request)))
            .select_related("case__category", "case__department", "case__ledger")
            .order_by("-reported_at")[: _EARLIER_SHOWN + 1]
        )
    found = [
        {"report": row, "case": row.case, "badge": status_badge(row.case)} for row in rows[:_EARLIER_SHOWN]
    ]
    name = next((row.name for row in rows if row.name), "")
    return render(
        request,
        "cases/desk/_agent_caller.html",
        {
            "rows": found,
            "more": len(rows) > _EARLIER_SHOWN,
            "name": mask_name(name),
            "phone": mask_phone(phone),
            "asked": len(phone) >= 7,
        },
    )


@never_cache
@require_POST
@requires(VERB)
def guess(request: HttpRequest) -> HttpResponse:
    """Categories that the words speak for, numbered for the keys."""
    ledger = get_object_or_404(Ledger, code=request.POST.get("ledger", ""), active=True)
    words = request.POST.get("words", "")[:2000]
    rows = Category.objects.filter(ledger=ledger, active=True).select_related("topic__parent")
    guesses = guess_categories(rows, words, at_most=_GUESSES) if words.strip() else []
    return render(request, "cases/desk/_agent_guess.html", {"guesses": guesses, "asked": bool(words.strip())})


@never_cache
@require_POST
@requires(VERB)
def nearby(request: HttpRequest) -> HttpResponse:
    """Open cases around the place; those of the chosen category first."""
    form = _PlaceForm(request.POST)
    if not form.is_valid():
        return render(request, "cases/desk/_agent_nearby.html", {"rows": []})
    data = form.cleaned_data
    category = Category.objects.filter(ledger__code=data["ledger"], code=data["category"]).first()
    found = open_nearby(
        data["lng"], data["lat"], within_m=NEAR_M, among=policy.cases_for(signed_in(request)), at_most=20
    )
    rows = [
        {
            "case": case,
            "distance": metres_words(metres),
            "badge": status_badge(case),
            "same": category is not None
            and (case.category_id == category.pk or (case.topic_id and case.topic_id == category.topic_id)),
        }
        for case, metres in found
    ]
    rows.sort(key=lambda row: not row["same"])
    return render(
        request,
        "cases/desk/_agent_nearby.html",
        {"rows": rows[:6], "asked": True, "follows": data["follows"]},
    )


class _PlaceForm(forms.Form):
    lng = forms.FloatField(min_value=-180, max_value=180)
    lat = forms.FloatField(min_value=-90, max_value=90)
    ledger = forms.CharField(required=False)
    category = forms.CharField(required=False)
    follows = forms.CharField(required=False)


@never_cache
@require_GET
@requires(VERB)
@part_of("desk:agent")
def ledger_fields(request: HttpRequest) -> HttpResponse:
    """What another ledger asks: its own fields and its categories."""
    ledgers = ledgers_here()
    ledger = _chosen_ledger(ledgers, request.GET)
    form = AgentForm(ledgers, ledger, initial={"client_id": uuid.uuid4()})
    return render(
        request, "cases/desk/_agent_fields.html",
        {**_page(form, _declared(ledger)), "oob": True, "categories": options(category_options(ledger), frozenset())},
    )  # fmt: skip


# --- what waits for filing -------------------------------------------------------------------------------


class IntakeList(Queue):
    """Reported cases that wait to be filed, oldest first; each is filed, declined or merged with one key."""

    verb = "case.file"
    permission = "case.file"
    title = gettext_lazy("待受理")
    name = "intake"
    template_name = "cases/desk/intake.html"

    @cached_property
    def tab(self) -> Tab:
        return TABS["new"]

    @cached_property
    def bulk_actions(self) -> Sequence[dict[str, Any]]:  # type: ignore[override]
        return [
            {
                "title": _("按原类别受理"),
                "url": reverse("desk:intake-file"),
                "icon": "check",
                "key": "f",
                "strong": True,
            }
        ]


def _to_file(user: User) -> CaseQuerySet:
    return policy.cases_for(user, "case.file").filter(status=Status.REPORTED)


@require_POST
@requires("case.file")
def bulk_file(request: HttpRequest) -> HttpResponse:
    """File each marked case under the category that it has."""
    cases: list[Case] = selected(request, _to_file(signed_in(request)))
    target = (
        reverse("desk:intake")
        if not can(signed_in(request), "desk.dispatcher")
        else request.POST.get("next") or ""
    )
    if not target.startswith("/desk/"):
        target = reverse("desk:intake")
    if not cases:
        toast(request, _("没有选中案件。请先按 x 或点方框选中，再操作。"), level=WARNING)
        return HttpResponseRedirect(target)
    done, left = 0, []
    for case in cases:
        try:
            actions.file_case(case, actor=signed_in(request))
            done += 1
        except Refusal as refusal:
            left.append((case, str(refusal)))
    words, level = said(done, _("受理 %d 件。"), _("%(n)d 件没有受理：%(named)s"), left)
    toast(request, words, level=level)
    return HttpResponseRedirect(target)
