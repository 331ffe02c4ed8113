"""How a case looks wherever staff meet it: status, clock, marks, place."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.models import Case, Status
from huying.core.templatetags.parts import badge, clock, duration_words
from huying.places.locate import current_index
from huying.places.work_calendar import current_calendar

STATUS_LOOK: dict[str, tuple[str, str]] = {
    Status.REPORTED: ("blue", "inbox"),
    Status.FILED: ("blue", "send"),
    Status.DISPATCHED: ("accent", "bell"),
    Status.HANDLING: ("accent", "play"),
    Status.HANDLED: ("accent", "eye"),
    Status.CHECKED: ("accent", "check"),
    Status.CLOSED: ("green", "check-circle"),
    Status.DECLINED: ("", "close-circle"),
    Status.MERGED: ("", "merge"),
    Status.VOIDED: ("", "trash"),
}
_COLOURS = {
    "blue": gettext_lazy("蓝色督办"),
    "yellow": gettext_lazy("黄色督办"),
    "red": gettext_lazy("红色督办"),
}


def status_badge(case: Case) -> SafeString:
    """The status as colour, icon and word; a returned case that waits for the arbiter says so."""
    if case.needs_arbitration and case.status == Status.FILED:
        return badge(_("待裁定"), "yellow", "scale")
    if case.status == Status.FILED and case.returns:
        return badge(_("退单待派"), "yellow", "return")
    colour, icon = STATUS_LOOK[case.status]
    return badge(str(Status(case.status).label), colour, icon)


def clock_badge(case: Case, now: dt.datetime | None = None) -> SafeString | str:
    """What is left of the handling limit; nothing before the clock has begun."""
    if case.due_at is None:
        return ""
    if case.status in (Status.DECLINED, Status.MERGED, Status.VOIDED):
        return ""
    if case.parked_at is not None:
        return clock(case.due_at, state="parked", now=now)
    if case.handled_at is not None:
        # Late is what the record says: a later extension must not make it look on time.
        ended = (
            case.handled_at
            if not case.overdue
            else max(case.handled_at, case.due_at + dt.timedelta(seconds=1))
        )
        return clock(case.due_at, state="done", ended=ended)
    level = case.colour if case.colour else ""
    if case.due_at < (now or _now()):
        level = "red"
    return clock(case.due_at, case.clock_started_at, level=level, now=now)


def waiting(case: Case, now: dt.datetime | None = None) -> SafeString | str:
    """How long a case has waited for filing or dispatch, blue and red against what its ledger allows."""
    if case.status == Status.REPORTED:
        since, within = case.reported_at, case.rules.file_within
    elif case.status == Status.FILED:
        since, within = case.filed_at or case.reported_at, case.rules.dispatch_within
    else:
        return ""
    now = now or _now()
    words = _("等了 %s") % duration_words(now - since)
    if within is None:
        return badge(words, "", "clock")
    due = current_calendar().deadline(since, within).at
    return badge(words, "red", "overdue") if now > due else badge(words, "", "clock")


def clock_sentence(case: Case, now: dt.datetime | None = None) -> str:
    """The clock in a sentence, for the head of the case page."""
    now = now or _now()
    if case.due_at is None:
        return ""
    parts = []
    if case.parked_at is not None:
        left = case.left_when_stopped
        parts.append(
            _("挂账停表，恢复后还有 %s。") % duration_words(left)
            if left is not None and left > dt.timedelta(0)
            else _("挂账停表，停表前已超期。")
        )
    elif case.is_open and case.handled_at is None and now > case.due_at:
        parts.append(_("已超期 %s。") % duration_words(now - case.due_at))
    if case.due_provisional and case.is_open:
        parts.append(_("跨入还没有公布节假日安排的年份，截止时间是暂定的，公布后自动重算。"))
    if case.overdue and case.handled_at is not None:
        parts.append(_("曾超期。"))
    if case.exempt:
        parts.append(_("超期申诉已通过，不计入考核。"))
    return "".join(parts)


def _now() -> dt.datetime:
    from django.utils import timezone

    return timezone.now()


def marks(case: Case) -> SafeString:
    """What is counted as loudly as closed: returned, reworked, reopened, urged, not solved …"""
    found: list[tuple[str, str, str]] = []
    if case.colour:
        found.append((str(_COLOURS[case.colour]), case.colour, "bell"))
    counted = (
        (case.reports_count if case.reports_count > 1 else 0, _("%d 人反映"), "", "users"),
        (case.reopenings, _("重办 %d 次"), "yellow", "refresh"),
        (case.returns, _("退单 %d 次"), "yellow", "return"),
        (case.reworks, _("返工 %d 次"), "yellow", "return"),
        (case.unsolved, _("%d 次反映未解决"), "red", "alert"),
        (case.extensions, _("延期 %d 次"), "", "clock"),
        (case.urges, _("催办 %d 次"), "", "bell"),
    )
    found += [(words % count, colour, icon) for count, words, colour, icon in counted if count]
    if case.listed_at:
        found.append((_("列入通报"), "red", "document"))
    if case.excluded:
        found.append((_("不计入评价"), "", "info"))
    return format_html_join(" ", "{}", ((badge(*each),) for each in found))


def chain(case: Case) -> list[tuple[str, str]]:
    """(code, title) of the areas around the case, from the subdistrict down to the grid."""
    rows = current_index().rows
    codes = [code for code in case.area_path.split("/") if code][1:]
    return [(code, str(rows[code].title)) for code in codes if code in rows]


def place_words(case: Case) -> str:
    """The place in a few words: subdistrict and address."""
    street = str(case.subdistrict) if case.subdistrict else ""
    return " · ".join(part for part in (street, case.address) if part)


def title_cell(case: Case) -> SafeString:
    """Title with number below it, as the first column of lists shows them."""
    return format_html(
        '<b class="case-title">{}</b><span class="case-number">{}</span>', case.title, case.number
    )


def metres_words(metres: float) -> str:
    """A distance: 60 米, 1.2 公里."""
    if metres < 1000:
        return _("%d 米") % max(1, round(metres))
    return _("%.1f 公里") % (metres / 1000)


def case_point(case: Case, now: dt.datetime | None = None) -> dict[str, Any]:
    """A point of a map."""
    from django.urls import reverse

    late = case.is_running and case.due_at is not None and case.due_at < (now or _now())
    return {
        "lng": case.lng, "lat": case.lat, "title": f"{case.title}（{case.number}）",
        "url": reverse("desk:case", args=[case.number]),
        "colour": "red" if late else "yellow" if case.returns or case.reopenings else "accent",
        "number": case.number,
    }  # fmt: skip
