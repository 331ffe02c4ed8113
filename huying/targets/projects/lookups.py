"""What pages share: filters, badges, colours, choices."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.templatetags.parts import badge
from huying.places.area_index import ADMINISTRATIVE
from huying.places.locate import current_index
from huying.targets.projects.models import MonthlyUpdate, Permit, Project, ProjectList, WarMapItem
from huying.targets.projects.models.project import project_rules

STATE_LOOKS = {
    Project.State.PLANNED: ("", "clock"), Project.State.STARTED: ("blue", "play"),
    Project.State.IN_SERVICE: ("green", "check"), Project.State.FINISHED: ("green", "check-circle"),
    Project.State.STOPPED: ("red", "pause"),
}  # fmt: skip
UPDATE_LOOKS = {
    MonthlyUpdate.State.ACCEPTED: ("green", "check"), MonthlyUpdate.State.PROPOSED: ("yellow", "clock"),
    MonthlyUpdate.State.REPLACED: ("", "edit"), MonthlyUpdate.State.REFUSED: ("red", "close-circle"),
}  # fmt: skip
PERMIT_LOOKS = {
    Permit.State.NOT_NEEDED: ("", "check"), Permit.State.WANTED: ("yellow", "clock"),
    Permit.State.APPLIED: ("blue", "send"), Permit.State.GRANTED: ("green", "check-circle"),
    Permit.State.REFUSED: ("red", "close-circle"),
}  # fmt: skip
# Code: word, colour, icon; never by colour alone.
LIGHTS: dict[str, tuple[Any, str, str]] = {
    "done": (gettext_lazy("已完成"), "green", "check-circle"),
    "on time": (gettext_lazy("按时推进"), "green", "play"),
    "near": (gettext_lazy("临期"), "blue", "clock"),
    "behind": (gettext_lazy("滞后"), "yellow", "alert"),
    "overdue": (gettext_lazy("超期"), "red", "overdue"),
}
STEP_LIGHTS: dict[str, tuple[Any, str, str]] = {
    "done": LIGHTS["done"], "late": LIGHTS["overdue"], "open": (gettext_lazy("未到期"), "", "clock"),
}  # fmt: skip


def state_badge(project: Project) -> Any:
    """The state as colour, icon and word."""
    return badge(project.get_state_display(), *STATE_LOOKS[Project.State(project.state)])


def light_badge(item: WarMapItem, today: dt.date | None = None) -> Any:
    """The light of a task as colour, icon and word."""
    word, colour, icon = LIGHTS[item.light(today)]
    return badge(word, colour, icon)


def step_badge(light: str) -> Any:
    """The light of a milestone or a decision."""
    word, colour, icon = STEP_LIGHTS[light]
    return badge(word, colour, icon)


def level_title(level: str) -> str:
    """The level in the pack's word."""
    if word := project_rules().levels.get(level):
        return str(word)
    titles: dict[str, Any] = dict(Project.Level.choices)
    return str(titles.get(level, level))


def any_choice(label: Any, choices: Any) -> forms.ChoiceField:
    """One of these, or all."""
    return forms.ChoiceField(label=label, choices=lambda: [("", gettext_lazy("全部")), *choices()])


def list_choices() -> list[tuple[str, str]]:
    """Every list in use, by code."""
    rules = project_rules()
    return [
        (row.code, f"{row}" if str(row.year) in str(row) else f"{row.year} {row}")
        for row in ProjectList.objects.filter(active=True)
        if row.kind in rules.lists or not rules.lists
    ]


def in_area(rows: QuerySet[Any], code: str, column: str = "area_path") -> QuerySet[Any]:
    """Rows that lie in the area; an unknown one holds nothing."""
    row = current_index().rows.get(code)
    return rows.filter(**{f"{column}__startswith": row.path}) if row else rows.none()


def street_choices() -> list[tuple[str, str]]:
    """The streets of the map."""
    rows = current_index().rows.values()
    return [
        (row.code, str(row.title))
        for row in rows
        if row.level == "subdistrict" and row.layer == ADMINISTRATIVE
    ]


def asked_year(text: str, known: list[int]) -> int:
    """The year that was asked for, else the newest that is known, else this one."""
    if text.isascii() and text.isdecimal() and len(text) == 4 and 2000 <= int(text) <= 2100:
        return int(text)
    return known[0] if known else timezone.localdate().year


def number(text: str) -> int | None:
    """A whole number of an address; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def months_of(year: int) -> list[tuple[str, str]]:
    """The twelve months of a year as choices."""
    return [(f"{year}-{month:02}", _("%(n)d 月") % {"n": month}) for month in range(1, 13)]
