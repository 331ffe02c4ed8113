"""What single people did: reports made, checks of what was handled, calls at the door, turns of a roster.

Figures count them all together; points (`figures.points`) ask one person at a time. No list groups them by person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.cases.catalogue import catalogue
from huying.cases.models import Case, Check, Report
from huying.cases.policy import cases_for
from huying.community.models import Household, Visit
from huying.community.policy import visits_for
from huying.figures.collections.base import Collection, Field, RowFacts, Words, everything
from huying.people.models import Shift, Turn, User
from huying.people.rosters.policy import readable_shifts


class Reports(Collection):
    """Reports that were not taken back; residents' have no person, those of staff say whose they are."""

    code = "reports"
    title = _("上报")
    model = Report
    moment = "reported"
    area = "case__area_path"
    department = "case__department_id"
    fields: ClassVar = {
        "ledger": Field(_("台账"), "case__ledger__code", names=lambda: catalogue().ledgers),
        "topic": Field(_("事项"), "case__topic__code", names=lambda: catalogue().topics),
        "status": Field(_("案件状态"), "case__status"),
        "channel": Field(_("渠道"), "channel"),
        "reported": Field(_("上报日期"), "reported_at", "moment"),
        "closed": Field(_("结案日期"), "case__closed_at", "moment"),
        "area": Field(_("区域"), "case__area_path", "area"),
        "department": Field(_("责任单位"), "case__department_id", "department"),
        "followed": Field(_("跟随已有案件"), "followed", "flag"),
        "person": Field(_("上报人"), "reported_by_id", "person"),
    }

    def rows(self) -> QuerySet[Any]:
        """What was taken back has not been reported."""
        return Report.objects.filter(withdrawn_at__isnull=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the cases that this person may open."""
        mine = cases_for(user)
        if everything(mine):
            return Report.objects.all()
        return Report.objects.filter(Exists(mine.filter(pk=OuterRef("case")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its case."""
        return ("case",)

    def describe(self, rows: Sequence[Report]) -> Iterator[RowFacts]:
        """The case, and how far it is; never the reporter's words or contact."""
        for report in rows:
            yield _of_case(report.pk, report.case, report.reported_at)

    def keeps(self) -> tuple[type[Model], ...]:
        """Reports and their cases."""
        return (Report, Case)


class Checks(Collection):
    """Somebody looked whether it is done: passed, or sent back for rework."""

    code = "checks"
    title = _("核查")
    model = Check
    moment = "checked"
    area = "case__area_path"
    department = "case__department_id"
    fields: ClassVar = {
        "ledger": Field(_("台账"), "case__ledger__code", names=lambda: catalogue().ledgers),
        "topic": Field(_("事项"), "case__topic__code", names=lambda: catalogue().topics),
        "passed": Field(_("通过"), "passed", "flag"),
        "checked": Field(_("核查日期"), "checked_at", "moment"),
        "area": Field(_("区域"), "case__area_path", "area"),
        "department": Field(_("责任单位"), "case__department_id", "department"),
        "person": Field(_("核查人"), "checked_by_id", "person"),
        "handled-by": Field(_("处置人"), "case__handled_by_id", "person"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the cases that this person may open."""
        mine = cases_for(user)
        if everything(mine):
            return Check.objects.all()
        return Check.objects.filter(Exists(mine.filter(pk=OuterRef("case")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its case."""
        return ("case",)

    def describe(self, rows: Sequence[Check]) -> Iterator[RowFacts]:
        """The case and what came out."""
        for check in rows:
            state = str(_("通过") if check.passed else _("返工"))
            yield _of_case(check.pk, check.case, check.checked_at, state)

    def keeps(self) -> tuple[type[Model], ...]:
        """Checks and their cases."""
        return (Check, Case)


class Calls(Collection):
    """Calls at the door."""

    code = "calls"
    title = _("走访")
    model = Visit
    moment = "visited"
    area = "household__area_path"
    fields: ClassVar = {
        "visited": Field(_("走访日期"), "visited_at", "moment"),
        "at-home": Field(_("家里有人"), "at_home", "flag"),
        "low": Field(_("读数偏低"), "low", "flag"),
        "area": Field(_("区域"), "household__area_path", "area"),
        "person": Field(_("走访人"), "visitor_id", "person"),
    }

    def readable(self, user: User) -> QuerySet[Any]:
        """To the homes that this person looks after."""
        return visits_for(user)

    def related(self) -> tuple[str, ...]:
        """The home and its grid."""
        return ("household", "household__area")

    def describe(self, rows: Sequence[Visit]) -> Iterator[RowFacts]:
        """The grid; who lives where stays with the visit."""
        for visit in rows:
            home = visit.household
            yield RowFacts(
                visit.pk, str(home.area), "", str(_("家里有人") if visit.at_home else _("没人在家")),
                f"{timezone.localtime(visit.visited_at):%Y-%m-%d}", home.area_path,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Visits and homes."""
        return (Visit, Household)


def _came(words: Words) -> Q:
    come = Q(arrived_at__isnull=False)
    return Q(*(come if word == "true" else ~come for word in words), _connector=Q.OR)


class Turns(Collection):
    """One person on one shift of a roster, when it is over: come, late, or not come."""

    code = "turns"
    title = _("值班")
    model = Turn
    moment = "on"
    area = ""
    department = "shift__roster__department_id"
    fields: ClassVar = {
        "roster": Field(_("值班岗"), "shift__roster__code"),
        "on": Field(_("日期"), "shift__on", "day"),
        "came": Field(_("到岗"), q=_came),
        "late-minutes": Field(_("迟到（分钟）"), "late_minutes", "number"),
        "department": Field(_("负责单位"), "shift__roster__department_id", "department"),
        "person": Field(_("值班人"), "user_id", "person"),
    }

    def rows(self) -> QuerySet[Any]:
        """Of shifts to which somebody has come, or should have."""
        return Turn.objects.exclude(shift__state=Shift.State.SCHEDULED)

    def readable(self, user: User) -> QuerySet[Any]:
        """Of the rosters that this person looks after or stands on."""
        return Turn.objects.filter(Exists(readable_shifts(user).filter(pk=OuterRef("shift")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its shift."""
        return ("shift", "shift__roster")

    def describe(self, rows: Sequence[Turn]) -> Iterator[RowFacts]:
        """The post and the shift; whose turn it was stands in the roster."""
        for turn in rows:
            shift = turn.shift
            state = _("到岗") if turn.arrived_at else _("没有到岗")
            yield RowFacts(
                turn.pk, f"{shift.roster} {shift.title}", "", str(state), f"{shift.on}", "",
                shift.roster.department_id,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Turns and shifts."""
        return (Turn, Shift)


def _of_case(key: int, case: Case, moment: Any, state: str = "") -> RowFacts:
    return RowFacts(
        key, f"{case.number} {case.title}", reverse("desk:case", args=[case.number]),
        state or str(case.get_status_display()), f"{timezone.localtime(moment):%Y-%m-%d}", case.area_path,
        case.department_id,
    )  # fmt: skip
