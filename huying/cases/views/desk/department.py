"""The department's desk: what is mine, what is due, answered well, more time asked for honestly."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.cases import actions, policy
from huying.cases.filters import CaseFilter
from huying.cases.models import Assistance, Case, CaseQuerySet, Status
from huying.cases.rates import tally
from huying.cases.views.desk import work
from huying.cases.views.desk.work import Pile, PileList, chosen, do_all, due_near, due_now, reader
from huying.core.pages import Column
from huying.papers.models import Paper
from huying.papers.policy import papers_for
from huying.people.access import can, scopes
from huying.people.guards import requires
from huying.people.models import Department, User

VERB = "desk.department"
HANDLING = Q(status=Status.HANDLING, parked_at=None)

PILES = (
    Pile(
        "take-up",
        gettext_lazy("待签收"),
        lambda user: Q(status=Status.DISPATCHED),
        ("take_up", "return"),
        icon="inbox",
        empty=gettext_lazy("派来的案件都签收了。新派来的会出现在这里。"),
    ),
    Pile(
        "mine",
        gettext_lazy("我承办的"),
        lambda user: HANDLING & Q(handler=user),
        ("report_handled", "ask_extension"),
        icon="user",
        empty=gettext_lazy("您手上没有在办的案件。可以到“待签收”里签收。"),
    ),
    Pile(
        "handling",
        gettext_lazy("处置中"),
        lambda user: HANDLING,
        ("report_handled", "assign"),
        icon="play",
        empty=gettext_lazy("本单位没有处置中的案件。"),
    ),
    Pile(
        "near",
        gettext_lazy("快到期"),
        lambda user: due_near(),
        ("report_handled", "ask_extension"),
        icon="bell",
        colour="blue",
        empty=gettext_lazy("没有快到期的案件。"),
    ),
    Pile(
        "overdue",
        gettext_lazy("已超期"),
        lambda user: due_now(),
        ("report_handled",),
        icon="overdue",
        colour="red",
        empty=gettext_lazy("没有超期的案件。"),
    ),
    Pile(
        "sent-back",
        gettext_lazy("返工、重办"),
        lambda user: HANDLING & (Q(reworks__gt=0) | Q(reopenings__gt=0)),
        ("report_handled",),
        icon="return",
        colour="yellow",
        empty=gettext_lazy("没有退回来的案件。"),
    ),
    Pile(
        "waiting",
        gettext_lazy("待核查"),
        lambda user: Q(status__in=(Status.HANDLED, Status.CHECKED)),
        icon="eye",
        order="handled_at",
        empty=gettext_lazy("报告办结的案件都核查过了。"),
    ),
    Pile(
        "parked",
        gettext_lazy("挂账"),
        lambda user: Q(parked_at__isnull=False),
        ("resume",),
        icon="pause",
        empty=gettext_lazy("没有挂账的案件。"),
    ),
)
HELPING = Pile(
    "helping",
    gettext_lazy("协办"),
    lambda user: Q(),
    ("finish_assistance",),
    icon="users",
    empty=gettext_lazy("没有请本单位协办的案件。"),
)


def own_departments(user: User) -> list[Department]:
    """The departments whose cases this person handles: those of the grants, and those directly below them."""
    keys = {scope.department_id for scope in scopes(user, VERB) if scope.department_id is not None}
    return list(Department.objects.filter(Q(pk__in=keys) | Q(parent__in=keys)).order_by("code"))


def helping_parts(departments: Sequence[Department]) -> QuerySet[Assistance]:
    """Unfinished parts that these departments help with."""
    return Assistance.objects.filter(department__in=departments, done_at=None)


class DepartmentDesk(PileList):
    """Everything that the department has to do, due soonest first."""

    verb = VERB
    title = gettext_lazy("部门工作台")
    name = "department"
    case_verb = "case.report_handled"  # cases that the department leads
    piles = (*PILES, HELPING)
    template_name = "cases/desk/department.html"
    detail = "case-pane"
    columns = (
        work.TITLE,
        work.NUMBER,
        work.STATUS,
        work.CLOCK,
        work.PLACE,
        work.HANDLER,
        Column("answer_by", gettext_lazy("责任单位"), lambda case: str(case.department or ""), shown=False),
        work.LEDGER,
        work.CATEGORY,
        work.MARKS,
    )
    keys = (
        ("t", gettext_lazy("签收")),
        ("h", gettext_lazy("报告办结")),
        ("e", gettext_lazy("申请延期")),
        ("r", gettext_lazy("退单")),
        ("a", gettext_lazy("指派承办人")),
    )

    @property
    def bulk_actions(self) -> Sequence[dict[str, Any]]:  # type: ignore[override]
        """In one click for the whole selection."""
        take_up = {
            "title": _("签收"),
            "url": reverse("desk:take-up"),
            "icon": "check",
            "key": "t",
            "strong": True,
        }
        assign = {"title": _("指派承办人"), "url": reverse("desk:assign"), "icon": "user", "key": "a"}
        return {"take-up": (take_up, assign), "handling": (assign,), "mine": (assign,)}.get(
            self.pile.code, ()
        )

    @cached_property
    def departments(self) -> list[Department]:
        """The reader's own departments."""
        return own_departments(reader(self.request))

    def base(self) -> CaseQuerySet:
        if self.pile == HELPING:
            parts = helping_parts(self.departments)
            return policy.cases_for(reader(self.request)).filter(pk__in=parts.values("case")).open()
        return super().base()

    @cached_property
    def counts(self) -> dict[str, int]:
        """The department's own cases in one query, its parts of others' cases in a second one."""
        user = reader(self.request)
        named = {f"n_{i}": Count("pk", filter=pile.rows(user)) for i, pile in enumerate(PILES)}
        found = super().base().order_by().aggregate(**named)
        helping = helping_parts(self.departments).filter(case__in=Case.objects.open()).count()
        return {pile.code: found[f"n_{i}"] for i, pile in enumerate(PILES)} | {HELPING.code: helping}

    def extra_context(self) -> dict[str, Any]:
        return {
            **super().extra_context(),
            "tiles": self._figures(),
            "letters": self._letters(),
            "departments": self.departments,
            "approves": can(reader(self.request), "case.approve_extension"),
        }

    def _figures(self) -> list[dict[str, Any]]:
        """This month's own figures; each opens its list."""
        codes = [department.code for department in self.departments]
        if not codes:
            return []
        base = CaseFilter(department=codes, dispatched="this-month")
        shown = (
            ("dispatched", _("本月派来"), ""),
            ("closed_on_time", _("按期结案"), "green"),
            ("ever_overdue", _("曾超期"), "red"),
            ("returned", _("退过单"), ""),
            ("reworked", _("返过工"), "yellow"),
            ("reopened", _("重办过"), "yellow"),
        )
        [month] = tally(
            policy.cases_for(reader(self.request)), base=base, measures=[code for code, _t, _c in shown]
        )
        return [
            {
                "title": title,
                "value": number,
                "unit": _("件"),
                "url": number.url,
                "colour": colour if number.value else "",
            }
            for code, title, colour in shown
            for number in (month.number(code),)
        ]

    def _letters(self) -> list[Paper]:
        """Letters that wait for the department's receipt or reply."""
        rows = papers_for(reader(self.request)).filter(addressee__in=self.departments, replied_at=None)
        return list(rows.select_related("addressee").order_by("reply_due_at")[:5])


@require_POST
@requires(VERB)
def take_up(request: HttpRequest) -> HttpResponse:
    """Sign for all selected cases at once; who signs handles them."""
    cases = chosen(request, policy.cases_for(reader(request), "case.take_up"))
    return do_all(
        request,
        cases,
        lambda case: actions.take_up_case(case, actor=reader(request)),
        _("已签收 %d 件，由您承办。"),
        reverse("desk:department"),
    )


class AssignForm(forms.Form):
    """To whom."""

    handler = forms.ChoiceField(
        label=gettext_lazy("承办人"), error_messages={"required": gettext_lazy("请选择承办人。")}
    )


def _staff(user: User) -> list[tuple[str, str]]:
    people = User.objects.filter(
        department__in=own_departments(user), is_active=True, grants__role__in=("clerk", "head")
    )
    rows = people.distinct().order_by("name").values_list("pk", "name", "title")
    return [(str(pk), f"{name} {title}".strip()) for pk, name, title in rows]


@require_POST
@requires(VERB)
def assign(request: HttpRequest) -> HttpResponse:
    """Give all selected cases to one person of the department: first asks to whom, then does it."""
    cases = chosen(request, policy.cases_for(reader(request), "case.assign"))
    back = work.back_to(request, reverse("desk:department"))
    form = AssignForm(request.POST if "handler" in request.POST else None)
    cast(forms.ChoiceField, form.fields["handler"]).choices = [("", _("请选择")), *_staff(reader(request))]
    if not cases or not form.is_valid():
        if not cases:
            return do_all(request, [], lambda case: None, "%d", back)
        context = {"form": form, "cases": cases, "next": back}
        return render(request, "cases/desk/assign.html", context, status=422 if form.errors else 200)
    handler = User.objects.get(pk=form.cleaned_data["handler"])
    return do_all(
        request,
        cases,
        lambda case: actions.assign_case(case, handler=handler, actor=reader(request)),
        _("已把 %%d 件交给%s。") % handler,
        back,
    )
