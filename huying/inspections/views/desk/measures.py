"""Measures at the desk: plates, suspensions, closures, things seized; each with its procedure step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
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
from huying.inspections.campaigns.counting import Counted, list_url, measures_of, rounds_of
from huying.inspections.campaigns.models import Campaign
from huying.inspections.results import actions
from huying.inspections.results.models import Measure
from huying.inspections.results.procedure import DECIDE as DECIDING
from huying.inspections.results.procedure import (
    HEARD,
    INFORM,
    RULES,
    done_steps,
    hearing_until,
    next_step,
    steps_of,
)
from huying.inspections.results.rights import DECIDE, may_go_on, measures_for, require_begin
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.rights import VIEW, rounds_for
from huying.inspections.views.desk.rounds import choice_field, day_field, in_area, titled
from huying.papers.letter import number_of
from huying.papers.policy import papers_for
from huying.people.guards import VerbRequired, requires, signed_in
from huying.people.models import User
from huying.registry.policy import items_for
from huying.registry.views.desk.lists import area_choices

REVISITS = (("due", gettext_lazy("该去复查了")), ("later", gettext_lazy("还没到")))
LOOKS = {
    Measure.State.BEGUN: ("yellow", "clock"), Measure.State.IN_FORCE: ("accent", "check-circle"),
    Measure.State.LIFTED: ("green", "return"), Measure.State.DROPPED: ("", "close-circle"),
}  # fmt: skip


def state_of(measure: Measure) -> Any:
    """The state as colour, icon and word."""
    return badge(measure.get_state_display(), *LOOKS[Measure.State(measure.state)])


def _of_campaign(rows: QuerySet[Measure], code: str) -> QuerySet[Measure]:
    campaign = Campaign.objects.filter(code=code).first()
    if campaign is None:
        return rows.none()
    rounds = rounds_of(Round.objects.all(), campaign.rules)
    return rows.filter(pk__in=measures_of(campaign.rules, rounds).order_by().values("pk"))


def _due(rows: QuerySet[Measure], value: str) -> QuerySet[Measure]:
    today = timezone.localdate()
    in_force = rows.filter(state=Measure.State.IN_FORCE, revisit_on__isnull=False)
    return in_force.filter(revisit_on__lte=today) if value == "due" else in_force.filter(revisit_on__gt=today)


class Measures(VerbRequired, ListPage):
    """Every measure that the reader may see."""

    verb = VIEW
    name = "measures"
    title = gettext_lazy("处理措施")
    template_name = "inspections/desk/measures.html"
    columns = (
        Column("kind", gettext_lazy("措施"), lambda row: row.get_kind_display(), css="cell--nowrap"),
        Column("place_title", gettext_lazy("对象"), css="cell--wide"),
        Column(
            "state", gettext_lazy("状态"), lambda row: row.get_state_display(), state_of, css="cell--nowrap"
        ),
        Column("decided_on", gettext_lazy("决定日期"), css="cell--nowrap"),
        Column("until", gettext_lazy("整改期限"), css="cell--nowrap"),
        Column("revisit_on", gettext_lazy("复查日期"), css="cell--nowrap"),
        Column("pieces", gettext_lazy("没收件数"), lambda row: row.pieces or "", css="number"),
        Column("subdistrict", gettext_lazy("街道"), lambda row: str(row.subdistrict or "")),
        Column(
            "department", gettext_lazy("办理单位"), lambda row: str(row.department or ""), css="cell--kind"
        ),
        Column("reason", gettext_lazy("事实和理由"), shown=False),
        Column("basis", gettext_lazy("依据"), shown=False),
    )
    filters = (
        Filter(
            "q",
            forms.CharField(
                label=gettext_lazy("对象"), max_length=60, widget=forms.TextInput(attrs={"type": "search"})
            ),
            lookup="place_title__icontains",
        ),
        Filter("kind", choice_field(gettext_lazy("措施"), lambda: Measure.Kind.choices)),
        Filter("state", choice_field(gettext_lazy("状态"), lambda: Measure.State.choices)),
        Filter(
            "campaign",
            choice_field(gettext_lazy("专项"), titled(Campaign)),
            apply=_of_campaign,
        ),
        Filter("area", choice_field(gettext_lazy("街道、社区"), area_choices), apply=in_area),
        Filter(
            "revisit",
            choice_field(gettext_lazy("复查"), lambda: list(REVISITS)),
            apply=_due,
        ),
        Filter("from", day_field(gettext_lazy("决定从")), lookup="decided_on__gte"),
        Filter("to", day_field(gettext_lazy("到")), lookup="decided_on__lte"),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有这样的处理"),
        "text": gettext_lazy("在店铺、工地的页面上，或从一次检查开始。"),
        "icon": "scale",
    }

    def get_queryset(self) -> QuerySet[Measure]:
        rows = measures_for(self.request.user).select_related("subdistrict", "department")
        return rows.defer("subdistrict__boundary")

    def extra_context(self) -> dict[str, Any]:
        asked = {each.name: self.request.GET.get(each.name, "") for each, _v in self.active}
        return {"numbers": measures_counted(self.rows, asked)}


def measures_counted(rows: QuerySet[Measure], asked: Mapping[str, object]) -> list[Counted]:
    """How many of each kind were decided, how many pieces were seized, and how many visits are due again."""
    decided = rows.filter(decided_on__isnull=False).order_by()
    counts = dict(decided.values_list("kind").annotate(Count("pk")))
    pieces = decided.filter(kind=Measure.Kind.SEIZURE).aggregate(n=Sum("pieces"))["n"] or 0
    due = _due(rows, "due").count()
    found = [
        Counted(
            kind.replace(" ", "-"), str(label), counts.get(kind, 0), list_url("measures", **{**asked, "kind": kind}),
            _("家次"),
        )
        for kind, label in Measure.Kind.choices
        if kind != Measure.Kind.SEIZURE
    ]  # fmt: skip
    seizures = list_url("measures", **{**asked, "kind": Measure.Kind.SEIZURE.value})
    found.append(Counted("pieces", _("没收工具、设备"), pieces, seizures, _("件")))
    found.append(
        Counted("revisits", _("该去复查"), due, list_url("measures", **{**asked, "revisit": "due"}), _("家"))
    )
    return found


# -- one measure ---------------------------------------------------------------------------------------------


def measure_for(request: HttpRequest, pk: int) -> Measure:
    """The measure; 404 for one that the reader may not see."""
    rows = measures_for(request.user).select_related(
        "item__register", "round", "department", "paper", "begun_by"
    )
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这件处理，或者它不在您负责的区域和部门内。"))
    return found


class StepForm(forms.Form):
    """What a step needs; each shows only its own fields."""

    words = forms.CharField(
        label=gettext_lazy("情况"), required=False, max_length=400, widget=forms.Textarea(attrs={"rows": 3})
    )
    second = forms.ModelChoiceField(
        label=gettext_lazy("同去的执法人员"), required=False, queryset=User.objects.none()
    )
    evidence = forms.FileField(label=gettext_lazy("照片"), required=False)
    waived = forms.BooleanField(label=gettext_lazy("当事人书面放弃听证"), required=False)
    name = forms.CharField(label=gettext_lazy("签收人"), required=False, max_length=60)
    until = forms.DateField(
        label=gettext_lazy("整改期限"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    revisit_on = forms.DateField(
        label=gettext_lazy("复查日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, measure: Measure, code: str, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {
            "show": ("words", "second"), "record": ("words", "second", "evidence"), "inform": ("words", "evidence"),
            "decide": ("words", "until", "revisit_on", "waived"), "serve": ("name", "words", "evidence"),
        }[code]  # fmt: skip
        for name in list(self.fields):
            if name not in asked or (name == "waived" and measure.kind not in HEARD):
                del self.fields[name]
        if "second" in self.fields:
            mates = User.objects.filter(department=user.department_id, is_active=True).exclude(pk=user.pk)
            self.fields["second"].queryset = mates.order_by("name")  # type: ignore[attr-defined]
        if code == "show":
            self.fields["words"].label = gettext_lazy("执法证号")


@never_cache
@require_safe
@requires(VIEW)
def measure(request: HttpRequest, pk: int) -> HttpResponse:
    """One measure: what it is, its steps, what comes next."""
    return _page(request, measure_for(request, pk))


def _page(
    request: HttpRequest, found: Measure, form: StepForm | None = None, status: int = 200
) -> HttpResponse:
    user = signed_in(request)
    turn, done = next_step(found), done_steps(found)
    may = may_go_on(user, found)
    if form is None and turn and may:
        form = StepForm(found, turn, user)
    steps = []
    for code in steps_of(found):
        step = done.get(code)
        shot = photo_url(step.evidence) if step and step.evidence else ""
        steps.append(
            {"code": code, "rule": RULES[code], "step": step, "photo": shot, "turn": code == turn and may}
        )
    hearing = None
    if turn == DECIDING and found.kind in HEARD and INFORM in done:
        hearing = hearing_until(done[INFORM].at)
    paper = found.paper if found.paper and papers_for(user).filter(pk=found.paper.pk).exists() else None
    lifted = Measure.State.IN_FORCE
    context = {
        "measure": found, "badge": state_of(found), "steps": steps, "form": form, "turn": turn, "hearing": hearing,
        "paper": paper, "paper_number": number_of(paper) if paper else "", "may": may,
        "may_lift": may and found.state == lifted and found.kind not in (Measure.Kind.CLOSURE, Measure.Kind.SEIZURE),
        "may_drop": may and found.state == Measure.State.BEGUN,
        "rounds": rounds_for(user).filter(item=found.item, ended_at__gte=found.begun_at).order_by("-ended_at")[:5],
        "revisit_due": found.revisit_due(),
    }  # fmt: skip
    return render(request, "inspections/desk/measure.html", context, status=status)


@require_POST
@requires(DECIDE)
def step(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Take the next step."""
    user, found = signed_in(request), measure_for(request, pk)
    if code not in steps_of(found):
        raise Http404(_("这项措施没有这一步。"))
    form = StepForm(found, code, user, request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, form, 422)
    said = dict(form.cleaned_data)
    try:
        upload = said.pop("evidence", None)
        evidence = store_photo(upload, by=user) if upload else None
        actions.take_step(found, code, actor=user, evidence=evidence, **said)
    except NotAllowed:
        raise
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _page(request, measure_for(request, pk), form, refusal.status)
    toast(request, _("「%(step)s」已记。") % {"step": RULES[code].title})
    return HttpResponseRedirect(found.get_absolute_url())


class BeginForm(forms.Form):
    """What is to be decided, and why."""

    kind = forms.ChoiceField(
        label=gettext_lazy("措施"), choices=Measure.Kind.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=gettext_lazy("事实和理由"), max_length=500, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("查到了什么，违反了什么。至少 10 个字。"),
    )  # fmt: skip
    basis = forms.CharField(
        label=gettext_lazy("依据"), required=False, max_length=200,
        help_text=gettext_lazy("法律、法规的名称和条款；挂牌不用写。"),
    )  # fmt: skip
    pieces = forms.IntegerField(label=gettext_lazy("没收件数"), required=False, min_value=0, max_value=100000)
    inventory = forms.CharField(
        label=gettext_lazy("没收清单"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(DECIDE)
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the procedure about a thing, often from the round that saw it."""
    user = signed_in(request)
    item = items_for(user).select_related("register", "supervisor").filter(pk=pk).first()
    if item is None:
        raise Http404(_("名录里没有这个编号，或者它不在您负责的区域和部门内。请核对编号。"))
    require_begin(user, item)
    number = request.GET.get("round", "")
    seen = None
    if number.isascii() and number.isdecimal() and len(number) < 18:
        seen = rounds_for(user).filter(pk=int(number), item=item).first()
    reason = "；".join(seen.findings.values_list("title", flat=True))[:480] if seen else ""
    form = BeginForm(request.POST or None, initial={"reason": reason, "kind": Measure.Kind.BLACK_PLATE})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = {**form.cleaned_data, "pieces": form.cleaned_data["pieces"] or 0}
            try:
                made = actions.begin_measure(item, actor=user, round=seen, **said)
            except NotAllowed:
                raise
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                toast(request, _("已立案，下一步：%(step)s。") % {"step": actions.whose_turn(made)})
                return HttpResponseRedirect(made.get_absolute_url())
    context = {"item": item, "form": form, "round": seen}
    return render(request, "inspections/desk/measure_form.html", context, status=status)


@require_POST
@requires(DECIDE)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Lift what was decided, or drop what was not."""
    user, found = signed_in(request), measure_for(request, pk)
    verb = actions.drop_measure if found.state == Measure.State.BEGUN else actions.lift_measure
    try:
        verb(found, words=request.POST.get("words", ""), actor=user)
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, _("已记：%(state)s。") % {"state": found.get_state_display()})
    return HttpResponseRedirect(found.get_absolute_url())
