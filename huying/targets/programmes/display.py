"""How targets look: status and light as colour, icon and word; evidence; what stands behind a page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from huying.core.models import StoredFile
from huying.core.photo_links import document_url, photo_url
from huying.core.templatetags.parts import badge
from huying.targets.programmes.models import Entry, Programme, Promise, Target
from huying.targets.programmes.progress import (
    Light,
    Progress,
    Status,
    day_shown,
    last_known,
    progress_for,
    whole,
)

STATUS_LOOKS = {
    Status.DONE: ("green", "check-circle"), Status.CLOSING: ("accent", "clock"), Status.IN_PROGRESS: ("blue", "play"),
    Status.BEHIND: ("red", "overdue"), Status.NOT_STARTED: ("", "pause"),
}  # fmt: skip
LIGHT_LOOKS = {
    Light.BLUE: ("blue", "check-circle"),
    Light.YELLOW: ("yellow", "clock"),
    Light.RED: ("red", "overdue"),
}
ENTRY_LOOKS = {
    Entry.Status.DRAFT: ("", "edit"), Entry.Status.SUBMITTED: ("yellow", "clock"),
    Entry.Status.APPROVED: ("green", "check-circle"), Entry.Status.RETURNED: ("red", "return"),
    Entry.Status.REPLACED: ("", "refresh"), Entry.Status.WITHDRAWN: ("", "close-circle"),
}  # fmt: skip


def status_badge(status: str) -> SafeString:
    """The status as colour, icon and word."""
    found = Status(status)
    return badge(str(found.label), *STATUS_LOOKS[found])


def light_badge(light: str) -> SafeString:
    """The light as colour, icon and word."""
    found = Light(light)
    return badge(str(found.label), *LIGHT_LOOKS[found])


def entry_badge(entry: Entry) -> SafeString:
    """What has become of an entry."""
    return badge(entry.get_status_display(), *ENTRY_LOOKS[Entry.Status(entry.status)])


def source_words(progress: Progress) -> str:
    """Where the value comes from."""
    return _("按记录统计") if progress.source == "counted" else _("填报、审核")


def evidence_of(files: Iterable[Any], *, public: bool = False) -> list[dict[str, Any]]:
    """Pictures and documents as pages show them; only what is open to everybody where `public`."""
    found = []
    for row in files:
        if public and not row.public:
            continue
        file: StoredFile = row.file
        if file.kind == StoredFile.Kind.PHOTO:
            shot = {"photo": photo_url(file), "small": photo_url(file, small=True), "public": row.public}
            found.append(shot | {"taken_at": file.taken_at})
        elif not public:
            found.append({"document": document_url(file), "name": _("文件"), "public": row.public})
    return found


@dataclass(frozen=True)
class Line:
    """A target with its progress, as lists show it."""

    target: Target
    progress: Progress

    @property
    def status(self) -> SafeString:
        """The status as a badge."""
        return status_badge(self.progress.status)

    @property
    def light(self) -> SafeString:
        """The light as a badge."""
        return light_badge(self.progress.light)

    @property
    def source(self) -> str:
        """Where the value comes from."""
        return source_words(self.progress)


@dataclass(frozen=True)
class Group:
    """A promise with its measures; `promise` is empty for targets of their own."""

    promise: Promise | None
    lines: list[Line]

    @property
    def state(self) -> tuple[Status, Light]:
        """Done when all its measures are."""
        return whole([line.progress for line in self.lines])

    @property
    def code(self) -> str:
        """The status as a word for addresses."""
        return self.state[0].value

    @property
    def status(self) -> SafeString:
        """The status as a badge."""
        return status_badge(self.state[0])

    @property
    def light(self) -> SafeString:
        """The light as a badge."""
        return light_badge(self.state[1])


@dataclass(frozen=True)
class Board:
    """A programme on one day."""

    programme: Programme
    on: dt.date
    groups: list[Group]

    @property
    def lines(self) -> list[Line]:
        """Every target of it."""
        return [line for group in self.groups for line in group.lines]

    def tally(self) -> list[tuple[str, SafeString, int]]:
        """(status, badge, how many) of its promises, or of its targets where it has none; only those there are."""
        parts = [group for group in self.groups if group.promise is not None]
        states = [group.state[0] for group in parts] or [line.progress.status for line in self.lines]
        return [
            (status.value, status_badge(status), states.count(status))
            for status in Status
            if status in states
        ]

    @property
    def size(self) -> int:
        """How many promises, or targets."""
        return len([group for group in self.groups if group.promise is not None]) or len(self.lines)


def boards(programmes: list[Programme], *, on: dt.date | None = None) -> list[Board]:
    """Programmes with all their targets, in the same few queries for any number of them.

    `on` is the day to speak of; without it today, or the last day that was told of where a programme is over.
    """
    today, known = timezone.localdate(), last_known(programmes)
    targets: dict[int, list[Target]] = {row.pk: [] for row in programmes}
    by_key = {row.pk: row for row in programmes}
    rows = Target.objects.filter(programme__in=list(targets), active=True).select_related(
        "promise", "department", "leader"
    )
    for target in rows.order_by("position"):
        target.programme = by_key[target.programme_id]
        targets[target.programme_id].append(target)
    days = {row.pk: on or day_shown(row, known.get(row.pk), today) for row in programmes}
    progress: dict[int, Progress] = {}
    for day in sorted(set(days.values())):
        progress |= progress_for(
            [each for pk, each_day in days.items() if each_day == day for each in targets[pk]], on=day
        )
    return [
        Board(row, days[row.pk], _groups([Line(each, progress[each.pk]) for each in targets[row.pk]]))
        for row in programmes
    ]


def _groups(lines: list[Line]) -> list[Group]:
    found: list[Group] = []
    for line in lines:
        if found and found[-1].promise == line.target.promise:
            found[-1].lines.append(line)
        else:
            found.append(Group(line.target.promise, [line]))
    return found
