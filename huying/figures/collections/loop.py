"""Cases, and what reporters said on callback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, ClassVar, cast

from django.db.models import DecimalField, Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, ExtractDay, TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.cases.catalogue import catalogue
from huying.cases.filters import KEYS, CaseFilter
from huying.cases.models import Callback, Case, CaseQuerySet, Status
from huying.cases.policy import cases_for
from huying.cases.public import public_title
from huying.cases.rates import SAID, latest_answers
from huying.figures.collections.base import Collection, Field, RowFacts, Where, Words, everything
from huying.people.models import User

_STATUSES = {status.value: status.label for status in Status}


class Cases(Collection):
    """Cases of every ledger. Filters are those of the list of cases, so a figure and that list agree."""

    code = "cases"
    title = _("案件")
    model = Case
    moment = "reported"
    department = "department_id"
    declared: ClassVar = {"handling": "handling"}
    fields: ClassVar = {
        "ledger": Field(_("台账"), "ledger__code", names=lambda: catalogue().ledgers),
        "topic": Field(_("事项"), "topic__code", names=lambda: catalogue().topics),
        "category": Field(_("类别"), "category__code"),
        "status": Field(_("状态"), "status", names=lambda: _STATUSES),
        "channel": Field(_("渠道"), "channel"),
        "reported": Field(_("上报日期"), "reported_at", "moment"),
        "handled": Field(_("处置日期"), "handled_at", "moment"),
        "closed": Field(_("结案日期"), "closed_at", "moment"),
        "area": Field(_("区域"), "area_path", "area"),
        "department": Field(_("责任单位"), "department_id", "department"),
        "item": Field(_("物件"), "item__code"),
        "reporters": Field(_("诉求数"), "reports_count", "number"),
        "handled-by": Field(_("处置人"), "handled_by_id", "person"),
        # Words of the lists of cases: see `cases.filters`.
        **{name: Field(KEYS[name].title) for name in ("is", "not", "due", "colour")},
        "campaign": Field(_("专项")),
    }
    worked_out: ClassVar = ("days",)

    def expression(self, name: str) -> Any:
        """`days`: from the day of the report to the day of the handling, 0 where both are one."""
        if name != "days":
            return super().expression(name)
        days = ExtractDay(TruncDate("handled_at") - TruncDate("reported_at"))
        return Cast(days, DecimalField(max_digits=30, decimal_places=6))

    def narrow(self, rows: QuerySet[Any], where: Where, at: dt.datetime | None = None) -> QuerySet[Any]:
        """By the lists' own words where they have them; days and declared values as everywhere."""
        own = {
            name: words
            for name, words in where.items()
            if name in KEYS and name not in ("reported", "closed")
        }
        asked = CaseFilter(**own)
        if set(own) - set(asked.values):
            return rows.none()  # something that has left the pack
        found: QuerySet[Any] = asked.apply(cast(CaseQuerySet, rows), at or timezone.now())
        return super().narrow(found, {name: words for name, words in where.items() if name not in own})

    def readable(self, user: User) -> QuerySet[Any]:
        """The cases that this person may open."""
        return cases_for(user)

    def open_to_all(self) -> QuerySet[Any]:
        """The cases of the public ledgers."""
        return Case.objects.public()

    def describe_openly(self, rows: Sequence[Case]) -> Iterator[RowFacts]:
        """Number, and the headline as residents read it."""
        for case in rows:
            yield RowFacts(
                case.pk, f"{case.number} {public_title(case)}", reverse("portal:case", args=[case.number]),
                str(_STATUSES[case.status]), f"{timezone.localtime(case.reported_at):%Y-%m-%d}",
            )  # fmt: skip

    def related(self) -> tuple[str, ...]:
        """Nothing: titles and places stand on the case."""
        return ()

    def describe(self, rows: Sequence[Case]) -> Iterator[RowFacts]:
        """Number and title; contact data stands on reports, not here."""
        for case in rows:
            yield RowFacts(
                case.pk, f"{case.number} {case.title}", reverse("desk:case", args=[case.number]),
                str(_STATUSES[case.status]), f"{timezone.localtime(case.reported_at):%Y-%m-%d}", case.area_path,
                case.department_id,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Cases and answers: flags of cases ask for both."""
        return (Case, Callback)


def _said(words: Words) -> Q:
    return reduce(
        lambda found, word: found | SAID[word][1] if SAID[word][1] else Q(pk__isnull=False), words, Q(pk=None)
    )


class Answers(Collection):
    """Each reporter's latest answer on callback, of cases that count in scores."""

    code = "callbacks"
    title = _("回访答复")
    model = Callback
    moment = "reported"
    area = "case__area_path"
    department = "case__department_id"
    fields: ClassVar = {
        "ledger": Field(_("台账"), "case__ledger__code", names=lambda: catalogue().ledgers),
        "topic": Field(_("事项"), "case__topic__code", names=lambda: catalogue().topics),
        "status": Field(_("状态"), "case__status"),
        "channel": Field(_("渠道"), "case__channel"),
        "said": Field(_("答复"), q=_said, names=lambda: {code: title for code, (title, _q) in SAID.items()}),
        "reported": Field(_("上报日期"), "case__reported_at", "moment"),
        "closed": Field(_("结案日期"), "case__closed_at", "moment"),
        "answered": Field(_("答复日期"), "recorded_at", "moment"),
        "area": Field(_("区域"), "case__area_path", "area"),
        "department": Field(_("责任单位"), "case__department_id", "department"),
        "grade": Field(_("满意度"), "grade", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """The latest of each reporter; what is left out of scores is left out here."""
        return latest_answers().filter(case__excluded=False)

    def readable(self, user: User) -> QuerySet[Any]:
        """Answers about the cases that this person may open."""
        mine = cases_for(user)
        if everything(mine):
            return Callback.objects.all()
        return Callback.objects.filter(Exists(mine.filter(pk=OuterRef("case")).order_by()))

    def related(self) -> tuple[str, ...]:
        """Its case."""
        return ("case",)

    def describe(self, rows: Sequence[Callback]) -> Iterator[RowFacts]:
        """The case and the grade; never the reporter's words."""
        for answer in rows:
            case = answer.case
            yield RowFacts(
                answer.pk, f"{case.number} {case.title}", reverse("desk:case", args=[case.number]),
                str(answer.get_grade_display() or ""), f"{timezone.localtime(answer.recorded_at):%Y-%m-%d}",
                case.area_path, case.department_id,
            )  # fmt: skip

    def keeps(self) -> tuple[type[Model], ...]:
        """Answers and their cases."""
        return (Callback, Case)
