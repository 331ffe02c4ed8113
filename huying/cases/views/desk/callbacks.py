"""The call-back desk: every reporter is asked after closing, and what they say is counted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import policy
from huying.cases.filters import KEYS
from huying.cases.models import Callback, Case
from huying.cases.rates import SAID, latest_answers
from huying.cases.views.desk.cases import filter_of
from huying.cases.views.desk.display import title_cell
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.people.guards import VerbRequired

GRADE_LOOK = {5: "green", 4: "green", 3: "accent", 2: "yellow", 1: "red"}


def grade_badge(answer: Callback) -> SafeString | str:
    """The grade as colour and word."""
    return badge(answer.get_grade_display(), GRADE_LOOK[answer.grade], "star") if answer.grade else ""


def solved_badge(answer: Callback) -> SafeString | str:
    """Whether it is solved, as colour and word."""
    if answer.solved is None:
        return ""
    return badge(_("已解决"), "green", "check") if answer.solved else badge(_("未解决"), "red", "alert")


def _yes(value: bool | None) -> str:
    return "" if value is None else _("是") if value else _("否")


class AnswerList(VerbRequired, ListPage):
    """What reporters said: each one's latest answer. Numbers of satisfaction open here."""

    verb = "case.view"
    title = gettext_lazy("回访结果")
    lead = gettext_lazy("每位反映人只算最近一次的回答；没有联系上的不算。")
    name = "answers"
    order = "-recorded_at"
    columns = (
        Column("case", gettext_lazy("事项"), lambda a: a.case.title, lambda a: title_cell(a.case), css="cell--wide"),
        Column("number", gettext_lazy("编号"), "case.number", shown=False),
        Column("solved", gettext_lazy("是否解决"), lambda a: _yes(a.solved), solved_badge),
        Column("grade", gettext_lazy("满意度"), lambda a: a.get_grade_display() or "", grade_badge),
        Column("contacted", gettext_lazy("联系过"), lambda a: _yes(a.contacted)),
        Column("words", gettext_lazy("意见"), css="cell--wide"),
        Column("department", gettext_lazy("责任单位"), lambda a: str(a.case.department or "")),
        Column("ledger", gettext_lazy("台账"), lambda a: str(a.case.ledger)),
        Column("recorded_at", gettext_lazy("回访时间"), sort="recorded_at", css="cell--nowrap"),
        Column("by", gettext_lazy("回访人"), lambda a: str(a.recorded_by or _("反映人自评"))),
    )  # fmt: skip
    empty = {
        "icon": "star",
        "title": gettext_lazy("没有这样的回访结果"),
        "text": gettext_lazy("结案后回访员会逐一询问反映人，结果列在这里。"),
    }

    def get_queryset(self) -> QuerySet[Callback]:
        seen = policy.cases_for(self.request.user)
        rows = latest_answers().select_related("case__department", "case__ledger", "recorded_by")
        return rows.filter(case__in=seen.values("pk")) if seen.query.where else rows

    @cached_property
    def _filters(self) -> list[Filter]:
        choices = [("", _("全部")), *((code, title) for code, (title, _q) in SAID.items())]
        said = forms.ChoiceField(label=_("说了什么"), choices=choices)
        return [
            Filter("said", said, apply=lambda rows, value: rows.filter(SAID[value][1])),
            *(_of_cases(filter_of(name)) for name in KEYS),
        ]

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def row_url(self, row: Callback) -> str:
        return reverse("desk:case", args=[row.case.number])


def _of_cases(narrowing: Filter) -> Filter:
    """A filter of cases as one of their answers."""

    def apply(rows: QuerySet[Callback], value: Any) -> QuerySet[Callback]:
        return rows.filter(case__in=narrowing.narrow(Case.objects.all(), value).order_by().values("pk"))

    return type(narrowing)(narrowing.name, narrowing.field, narrowing.lookup, apply)
