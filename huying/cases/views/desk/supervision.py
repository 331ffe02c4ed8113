"""The supervisor's desk: what is overdue, returned, reopened or waits for a decision; letters and bulletins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.cases import actions, policy
from huying.cases.filters import CaseFilter, day_start
from huying.cases.models import (
    Appeal,
    Case,
    CaseQuerySet,
    Exclusion,
    Extension,
    Parking,
    Request,
    Status,
)
from huying.cases.rates import Number, Tally, tally
from huying.cases.views.desk import work
from huying.cases.views.desk.display import place_words, title_cell
from huying.cases.views.desk.work import (
    Pile,
    PileList,
    chosen,
    do_all,
    due_near,
    due_now,
    reader,
    verb_buttons,
)
from huying.core.models import JournalSeal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge, clock
from huying.papers.letter import number_of
from huying.papers.models import Paper
from huying.papers.policy import ISSUING, RECEIVING, papers_for
from huying.people.access import can, scopes
from huying.people.guards import VerbRequired, requires
from huying.people.models import User

VERB = "desk.supervisor"
_ACT = ("supervise", "urge")

PILES = (
    Pile(
        "overdue",
        gettext_lazy("已超期"),
        lambda user: due_now(),
        _ACT,
        icon="overdue",
        colour="red",
        empty=gettext_lazy("没有超期的案件。"),
    ),
    Pile(
        "near",
        gettext_lazy("快到期"),
        lambda user: due_near(),
        ("urge",),
        icon="bell",
        colour="blue",
        empty=gettext_lazy("没有快到期的案件。"),
    ),
    Pile(
        "urged",
        gettext_lazy("催办过"),
        lambda user: Q(urges__gt=0),
        _ACT,
        icon="bell",
        empty=gettext_lazy("没有催办过的在办案件。"),
    ),
    Pile(
        "blue",
        gettext_lazy("蓝色督办"),
        lambda user: Q(colour="blue"),
        _ACT,
        icon="shield",
        colour="blue",
        empty=gettext_lazy("没有蓝色督办的在办案件。"),
    ),
    Pile(
        "yellow",
        gettext_lazy("黄色督办"),
        lambda user: Q(colour="yellow"),
        _ACT,
        icon="shield",
        colour="yellow",
        empty=gettext_lazy("没有黄色督办的在办案件。"),
    ),
    Pile(
        "red",
        gettext_lazy("红色督办"),
        lambda user: Q(colour="red"),
        _ACT,
        icon="shield",
        colour="red",
        empty=gettext_lazy("没有红色督办的在办案件。"),
    ),
    Pile(
        "listed",
        gettext_lazy("列入通报"),
        lambda user: Q(listed_at__isnull=False),
        _ACT,
        icon="document",
        colour="red",
        empty=gettext_lazy("没有列入通报的在办案件。"),
    ),
    Pile(
        "arbitration",
        gettext_lazy("退单待裁定"),
        lambda user: Q(needs_arbitration=True, status=Status.FILED),
        ("dispatch",),
        icon="scale",
        colour="yellow",
        empty=gettext_lazy("没有等待裁定的案件。"),
    ),
    Pile(
        "reopened",
        gettext_lazy("重办中"),
        lambda user: Q(reopenings__gt=0),
        _ACT,
        icon="refresh",
        colour="yellow",
        empty=gettext_lazy("没有重办中的案件。"),
    ),
)
COUNTED = ("open", "overdue", "near", "urged", "blue", "yellow", "red", "listed", "reopened_open")


class SupervisionDesk(PileList):
    """The overdue ladder at a glance, worst first; urge many at once, supervise with a letter."""

    verbs = (VERB, "case.arbitrate")
    title = gettext_lazy("督查督办")
    name = "supervision"
    piles = PILES
    template_name = "cases/desk/supervision.html"
    detail = "case-pane"
    columns = (
        work.TITLE_AND_DEPARTMENT,
        work.NUMBER,
        work.STATUS,
        work.CLOCK,
        work.aside(work.DEPARTMENT),
        work.PLACE,
        work.aside(work.HANDLER),
        work.LEDGER,
        work.CATEGORY,
        work.aside(work.MARKS),
    )
    filter_names = ("q", "ledger", "topic", "area", "department")
    keys = (("u", gettext_lazy("催办")), ("s", gettext_lazy("督办函")))

    def offered(self) -> Sequence[str]:
        """Only the verbs that the reader has the right to."""
        rights = {"supervise": "case.supervise", "urge": "case.urge", "dispatch": "case.arbitrate"}
        return [verb for verb in self.pile.verbs if can(reader(self.request), rights[verb])]

    @property
    def bulk_actions(self) -> Sequence[dict[str, Any]]:  # type: ignore[override]
        if not can(reader(self.request), "case.urge") or self.pile.code == "arbitration":
            return ()
        return (
            {
                "title": _("催办"),
                "url": reverse("desk:urge-many"),
                "icon": "bell",
                "key": "u",
                "strong": True,
            },
        )

    def extra_context(self) -> dict[str, Any]:
        user = reader(self.request)
        among = policy.cases_for(user).open()
        unsolved = CaseFilter(status="closed", is_="unsolved", closed="this-month")
        return {
            **super().extra_context(),
            "tables": [
                (_("按责任单位"), _worst(tally(among, by="department", measures=COUNTED))),
                (_("按街道"), _worst(tally(among, by="subdistrict", measures=COUNTED))),
            ],
            "unsolved": Number(unsolved.apply(policy.cases_for(user)).count(), unsolved.url()),
            "requests": sum(int(kind.waiting(user).count()) for kind in KINDS),
            "papers_late": _late(papers_for(user)).count() if can(user, VERB) else 0,
            "looks": can(user, "case.look_back"),
        }


def _worst(groups: list[Tally]) -> list[dict[str, Any]]:
    """Rows of a table, most overdue first; nothing that is wholly in order."""
    rows: list[dict[str, Any]] = [
        {"title": group.title, "numbers": [group.number(code) for code in COUNTED], "counts": group.counts}
        for group in groups
        if group.counts.get("open")
    ]
    rows.sort(
        key=lambda row: tuple(
            -row["counts"].get(code, 0) for code in ("overdue", "red", "yellow", "near", "open")
        )
    )
    return rows


@require_POST
@requires("case.urge")
def urge_many(request: HttpRequest) -> HttpResponse:
    """Urge the departments of all selected cases."""
    cases = chosen(request, policy.cases_for(reader(request), "case.urge"))
    return do_all(
        request,
        cases,
        lambda case: actions.urge_case(case, actor=reader(request)),
        _("已催办 %d 件。"),
        reverse("desk:supervision"),
    )


# --- letters -------------------------------------------------------------------------------------------


def _late(papers: QuerySet[Paper]) -> QuerySet[Paper]:
    return papers.filter(replied_at=None, reply_due_at__lt=timezone.now())


PAPER_STATES: dict[str, tuple[Any, Any]] = {
    "unreceived": (gettext_lazy("未签收"), lambda rows: rows.filter(received_at=None)),
    "waiting": (gettext_lazy("等回复"), lambda rows: rows.filter(replied_at=None)),
    "late": (gettext_lazy("逾期未回复"), _late),
    "replied": (gettext_lazy("已回复"), lambda rows: rows.filter(replied_at__isnull=False)),
}


def paper_state(paper: Paper) -> SafeString:
    """Receipt and reply as one badge."""
    if paper.replied_at:
        late = paper.reply_due_at is not None and paper.replied_at > paper.reply_due_at
        return badge(_("逾期回复"), "yellow", "check") if late else badge(_("已回复"), "green", "check")
    if paper.reply_due_at is not None and paper.reply_due_at < timezone.now():
        return badge(_("逾期未回复"), "red", "overdue")
    return (
        badge(_("未签收"), "yellow", "inbox")
        if paper.received_at is None
        else badge(_("已签收"), "accent", "eye")
    )


class LetterList(VerbRequired, ListPage):
    """Supervision letters: those that the supervisor watches, those that a department received."""

    verbs = (*ISSUING, RECEIVING)
    title = gettext_lazy("督办函")
    name = "letters"
    order = "-issued_at"
    columns = (
        Column("number", gettext_lazy("文号"), number_of, css="cell--nowrap"),
        Column("title", gettext_lazy("标题"), css="cell--wide"),
        Column(
            "colour",
            gettext_lazy("督办颜色"),
            lambda p: p.get_colour_display() if p.colour else "",
            lambda p: badge(p.get_colour_display(), p.colour, "shield") if p.colour else "",
        ),
        Column("addressee", gettext_lazy("主送"), lambda p: p.addressed_to),
        Column("subject", gettext_lazy("案件"), "subject_label", css="cell--nowrap"),
        Column("issued_at", gettext_lazy("签发"), sort="issued_at", css="cell--nowrap"),
        Column("state", gettext_lazy("收办"), lambda p: _state_words(p), paper_state),
        Column(
            "reply_due_at",
            gettext_lazy("回复期限"),
            show=lambda p: p.replied_at or clock(p.reply_due_at, p.issued_at),
            sort="reply_due_at",
            css="cell--nowrap",
        ),
        Column("issued_by", gettext_lazy("签发人"), lambda p: str(p.issued_by or _("系统")), shown=False),
    )
    empty = {
        "icon": "document",
        "title": gettext_lazy("没有督办函"),
        "text": gettext_lazy("案件超过时限后，督查员或系统会向责任单位发督办函。"),
    }

    def get_queryset(self) -> QuerySet[Paper]:
        return papers_for(reader(self.request)).select_related("addressee", "issued_by")

    @cached_property
    def _filters(self) -> list[Filter]:
        states = [("", _("全部")), *((code, title) for code, (title, _narrow) in PAPER_STATES.items())]
        colours = [("", _("全部")), *Paper.Colour.choices]
        return [
            Filter(
                "state",
                forms.ChoiceField(label=_("收办"), choices=states),
                apply=lambda rows, v: PAPER_STATES[v][1](rows),
            ),
            Filter("colour", forms.ChoiceField(label=_("督办颜色"), choices=colours)),
            Filter(
                "q",
                forms.CharField(label=_("标题、案件编号"), max_length=80, widget=forms.SearchInput()),
                apply=lambda rows, v: rows.filter(Q(title__icontains=v) | Q(subject_label__startswith=v)),
            ),
        ]

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def row_url(self, row: Paper) -> str:
        return reverse("papers:paper", args=[row.pk])


def _state_words(paper: Paper) -> str:
    return next(str(title) for code, (title, _n) in PAPER_STATES.items() if code == _state_code(paper))


def _state_code(paper: Paper) -> str:
    if paper.replied_at:
        return "replied"
    if paper.reply_due_at is not None and paper.reply_due_at < timezone.now():
        return "late"
    return "unreceived" if paper.received_at is None else "waiting"


# --- the bulletin --------------------------------------------------------------------------------------


class BulletinList(VerbRequired, ListPage):
    """Cases that the ladder listed for the bulletin (列入通报) between two days: to print, and as a spreadsheet."""

    verbs = (VERB, "cockpit.view")
    title = gettext_lazy("超期通报")
    name = "bulletin"
    order = "department__code"
    page_size = 500
    template_name = "cases/desk/bulletin.html"
    columns = (
        Column(
            "department", gettext_lazy("责任单位"), lambda c: str(c.department or ""), sort="department__code"
        ),
        Column("title", gettext_lazy("事项"), show=title_cell, css="cell--wide"),
        Column("number", gettext_lazy("编号"), shown=False),
        Column("place", gettext_lazy("地点"), place_words),
        Column("due_at", gettext_lazy("截止"), css="cell--nowrap"),
        Column("late", gettext_lazy("超期（天）"), lambda c: _late_days(c), css="number"),
        Column("colour", gettext_lazy("督办"), lambda c: Paper.Colour(c.colour).label if c.colour else ""),
        Column("urges", gettext_lazy("催办"), css="number"),
        Column("status", gettext_lazy("现状"), lambda c: c.get_status_display()),
        Column("listed_at", gettext_lazy("列入"), sort="listed_at", css="cell--nowrap"),
    )
    empty = {
        "icon": "document",
        "title": gettext_lazy("这段时间没有列入通报的案件"),
        "text": gettext_lazy("换一段时间再看。列入通报的时点由各台账的督办规则规定。"),
    }

    @cached_property
    def span(self) -> tuple[dt.date, dt.date]:
        """First and last day of the bulletin; the last seven days unless the address says otherwise."""
        today = timezone.localdate()
        self.form.is_valid()
        data = getattr(self.form, "cleaned_data", {})
        last = data.get("last") or today
        return data.get("first") or last - dt.timedelta(days=6), last

    def get_queryset(self) -> CaseQuerySet:
        first, last = self.span
        rows = policy.cases_for(reader(self.request)).filter(
            listed_at__gte=day_start(first), listed_at__lt=day_start(last + dt.timedelta(days=1))
        )
        return rows.select_related("department", "subdistrict").defer(
            "search", "search_text", "subdistrict__boundary"
        )

    @cached_property
    def _filters(self) -> list[Filter]:
        def as_is(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
            return rows

        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return [
            Filter("first", forms.DateField(label=_("从"), widget=day), apply=as_is),
            Filter("last", forms.DateField(label=_("到"), widget=day), apply=as_is),
        ]

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def row_url(self, row: Case) -> str:
        return reverse("desk:case", args=[row.number])

    def extra_context(self) -> dict[str, Any]:
        first, last = self.span
        return {
            "first": first,
            "last": last,
            "seal": JournalSeal.objects.filter(day__lte=last).order_by("-day").first(),
        }


def _late_days(case: Case) -> float | None:
    """Days between the deadline and the handling (or now), one decimal."""
    if case.due_at is None:
        return None
    return round(
        max((case.handled_at or timezone.now()) - case.due_at, dt.timedelta(0)) / dt.timedelta(days=1), 1
    )


# --- requests ------------------------------------------------------------------------------------------


class Kind:
    """One kind of request, who decides it, and the verbs of its decision."""

    def __init__(
        self, code: str, title: Any, model: type[Request], verb: str, approve: str, refuse: str
    ) -> None:
        self.code, self.title, self.model, self.verb = code, title, model, verb
        self.buttons = (approve, refuse)

    def waiting(self, user: User) -> QuerySet[Any]:
        """Requests that this person may decide now: not their own, not approved by them before, their level's turn."""
        rows = self.model._default_manager.filter(
            state__in=self._levels(user), case__in=policy.cases_for(user, self.verb).values("pk")
        )
        return rows.exclude(asked_by=user).exclude(first_by=user)

    def _levels(self, user: User) -> list[str]:
        both = [str(Request.State.ASKED), str(Request.State.FIRST_APPROVED)]
        if self.model is not Extension:
            return both
        # An extension is approved by the department's head first, then by the district's side.
        found = {scope.department_id is None for scope in scopes(user, self.verb)}
        return [state for state, district in zip(both, (False, True), strict=True) if district in found]


KINDS = (
    Kind(
        "extension",
        gettext_lazy("延期"),
        Extension,
        "case.approve_extension",
        "approve_extension",
        "refuse_extension",
    ),
    Kind(
        "parking", gettext_lazy("挂账"), Parking, "case.approve_parking", "approve_parking", "refuse_parking"
    ),
    Kind("appeal", gettext_lazy("超期申诉"), Appeal, "case.review_appeal", "review_appeal", "refuse_appeal"),
    Kind(
        "exclusion",
        gettext_lazy("不计入评价"),
        Exclusion,
        "case.review_exclusion",
        "review_exclusion",
        "refuse_exclusion",
    ),
)


class RequestList(VerbRequired, ListPage):
    """What waits for the reader's decision: extensions, parkings, appeals, exclusions."""

    verbs = tuple(kind.verb for kind in KINDS)
    title = gettext_lazy("待我审批")
    name = "requests"
    order = "asked_at"
    template_name = "cases/desk/work.html"
    empty = {
        "icon": "check-circle",
        "title": gettext_lazy("没有等您审批的申请"),
        "text": gettext_lazy("有人申请延期、挂账、申诉或不计入评价后，会出现在这里。"),
    }

    @cached_property
    def kinds(self) -> list[Kind]:
        return [kind for kind in KINDS if can(reader(self.request), kind.verb)]

    @cached_property
    def kind(self) -> Kind:
        wanted = self.request.GET.get("view", "")
        return next((kind for kind in self.kinds if kind.code == wanted), self.kinds[0])

    def get_queryset(self) -> QuerySet[Any]:
        return self.kind.waiting(reader(self.request)).select_related(
            "case__department", "case__ledger", "asked_by", "first_by"
        )

    def get_columns(self) -> Sequence[Column]:
        here, buttons = self.request.get_full_path(), self.kind.buttons
        return (
            Column(
                "case",
                gettext_lazy("事项"),
                lambda r: r.case.title,
                lambda r: title_cell(r.case),
                css="cell--wide",
            ),
            Column("number", gettext_lazy("编号"), "case.number", shown=False),
            Column(
                "do",
                gettext_lazy("办理"),
                show=lambda r: verb_buttons(r.case.number, buttons, here),
                export=False,
            ),
            Column("department", gettext_lazy("责任单位"), lambda r: str(r.case.department or "")),
            Column("reason", gettext_lazy("理由"), css="cell--wide"),
            *self._means(),
            Column(
                "state",
                gettext_lazy("审批"),
                lambda r: r.get_state_display(),
                lambda r: badge(r.get_state_display(), "blue", "clock"),
            ),
            Column("asked_by", gettext_lazy("申请人"), lambda r: str(r.asked_by)),
            Column("asked_at", gettext_lazy("申请时间"), sort="asked_at", css="cell--nowrap"),
            Column("first_by", gettext_lazy("一级审批"), lambda r: str(r.first_by or "")),
        )

    def _means(self) -> tuple[Column, ...]:
        """What saying yes would change."""
        if self.kind.model is Extension:
            return (
                Column("old", gettext_lazy("现截止"), lambda r: r.case.due_at, css="cell--nowrap"),
                Column("new", gettext_lazy("批准后"), lambda r: extended_due(r.case), css="cell--nowrap"),
            )
        if self.kind.model is Parking:
            return (
                Column("until", gettext_lazy("停到"), css="cell--nowrap"),
                Column("plan", gettext_lazy("办理计划"), "case.plan"),
            )
        return ()

    def row_url(self, row: Any) -> str:
        return reverse("desk:case", args=[row.case.number])

    def extra_context(self) -> dict[str, Any]:
        user = reader(self.request)
        return {
            "tabs": [
                {
                    "title": kind.title,
                    "url": f"{self.request.path}?view={kind.code}",
                    "active": kind is self.kind,
                    "count": kind.waiting(user).count(),
                }
                for kind in self.kinds
            ],
            "keys": (("p", _("同意")), ("b", _("不同意"))),
        }


def extended_due(case: Case) -> dt.datetime | None:
    """The deadline that one more extension would give; None when the clock does not run."""
    from huying.cases import clock as case_clock

    return case_clock.extend(case, timezone.now())["due_at"] if case.due_at and case.is_running else None
