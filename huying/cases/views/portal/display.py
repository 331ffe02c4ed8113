"""A case in the words of residents: where it stands, who has it, until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from huying.cases.models import OPEN, Case, CaseFile, Report, Status
from huying.cases.photos import SHOWN_TO_REPORTERS, published_roles
from huying.cases.public import public_answer, public_place, public_title
from huying.cases.telling import moment_text
from huying.core.photo_links import photo_url
from huying.places.clock import TimeLimit
from huying.places.work_calendar import current_calendar

Role = CaseFile.Role


def status_badge(case: Case) -> tuple[str, str, str]:
    """(word, colour, icon)."""
    if case.parked_at is not None and case.is_open:
        return str(_("暂停办理")), "yellow", "pause"
    return {
        Status.REPORTED: (_("已收到"), "blue", "inbox"),
        Status.FILED: (_("已受理"), "blue", "check"),
        Status.DISPATCHED: (_("已派单"), "accent", "send"),
        Status.HANDLING: (_("办理中"), "accent", "play"),
        Status.HANDLED: (_("核查中"), "accent", "search"),
        Status.CHECKED: (_("核查通过"), "green", "check"),
        Status.CLOSED: (_("已办结"), "green", "check-circle"),
        Status.DECLINED: (_("不予受理"), "red", "close"),
        Status.MERGED: (_("已合并办理"), "", "merge"),
        Status.VOIDED: (_("已作废"), "", "close"),
    }[Status(case.status)]


@dataclass(frozen=True)
class Standing:
    """One sentence of what is the matter now, and one of what comes next."""

    now: str
    then: str = ""


def _by(start: dt.datetime | None, limit: TimeLimit | None) -> str:
    """Until when a stage has to be done, in words; empty where the ledger sets no limit."""
    if start is None or limit is None:
        return ""
    return moment_text(current_calendar().deadline(start, limit).at)


def standing(case: Case) -> Standing:
    """What happened, who has it, until when. Needs `department` and `ledger` selected."""
    who = str(case.department) if case.department else str(_("责任单位"))
    due = moment_text(case.due_at)
    if case.parked_at is not None and case.is_open:
        return Standing(
            _("%(who)s暂时不能办理，时限停走。") % {"who": who}, _("能办的时候会恢复办理，并告诉您新的时间。")
        )
    match Status(case.status):
        case Status.REPORTED:
            until = _by(case.reported_at, case.rules.file_within)
            return Standing(
                _("我们收到了，正在受理。"),
                _("%s 前告诉您是否受理。") % until if until else _("受理后会告诉您由谁办理。"),
            )
        case Status.FILED:
            until = _by(case.filed_at, case.rules.dispatch_within)
            return Standing(
                _("已受理，正在确定由哪个单位办理。"),
                _("%s 前派到责任单位。") % until if until else _("派到责任单位后会告诉您。"),
            )
        case Status.DISPATCHED | Status.HANDLING:
            if case.is_overdue():
                return Standing(
                    _("由%(who)s办理，应在 %(due)s 前办结，已经超过。") % {"who": who, "due": due},
                    _("系统已自动催办，超期会一直记录在案。"),
                )
            return Standing(
                _("已派到%(who)s，%(due)s 前办结。") % {"who": who, "due": due},
                _("办好后由另外的人核查，再请您评价。"),
            )
        case Status.HANDLED:
            return Standing(
                _("%(who)s报告已经办好，正在核查。") % {"who": who},
                _("核查的人不是承办人；没办好会退回重办。"),
            )
        case Status.CHECKED:
            return Standing(_("核查通过，等待结案。"), _("结案后请您评价。"))
        case Status.CLOSED:
            return Standing(_("%(who)s已办结。") % {"who": who})
        case Status.DECLINED:
            return Standing(_("没有受理，理由见下面的办理过程。"))
        case Status.VOIDED:
            return Standing(_("已作废，不再办理。"))
    return Standing(_("已与同一问题合并办理。"))


def clock_of(case: Case) -> dict[str, Any]:
    """What the clock badge needs; empty where no clock runs."""
    if case.due_at is None or case.status not in (*OPEN, Status.CLOSED):
        return {}
    state = "parked" if case.parked_at else "running" if case.is_running else "done"
    if state == "done" and case.handled_at is None:
        return {}  # back at the dispatcher: no clock runs
    return {
        "due": case.due_at, "started": case.clock_started_at, "clock_state": state, "ended": case.handled_at,
    }  # fmt: skip


# --- photos ---------------------------------------------------------------------------------------------


def _shown(photo: CaseFile, alt: str, token: str = "") -> dict[str, Any]:
    return {
        "url": photo_url(photo.file, token=token),
        "thumb": photo_url(photo.file, small=True, token=token),
        "alt": alt,
        "at": photo.file.taken_at or photo.added_at,
    }


def public_photos(cases: Iterable[Case]) -> dict[int, dict[Role, dict[str, Any]]]:
    """By case and role, one published photo each (the latest `after`, the first of the others): one query."""
    shown = {case.pk: case for case in cases if published_roles(case.rules)}
    found: dict[int, dict[Role, dict[str, Any]]] = {}
    if not shown:
        return found
    photos = CaseFile.objects.filter(case__in=shown, report__withdrawn_at=None).exclude(role=Role.DOCUMENT)
    for photo in photos.select_related("file").order_by("id"):
        role = Role(photo.role)
        if role not in published_roles(shown[photo.case_id].rules):
            continue
        mine = found.setdefault(photo.case_id, {})
        if role == Role.AFTER or role not in mine:
            mine[role] = _shown(photo, str(_("处置后的现场照片") if role == Role.AFTER else _("现场照片")))
    return found


def pair(photos: dict[Role, dict[str, Any]]) -> dict[str, Any]:
    """Before and after for the photo pair."""
    return {"before": photos.get(Role.BEFORE) or photos.get(Role.REPORTED), "after": photos.get(Role.AFTER)}


def reporter_photos(report: Report) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The reporter's own photos, and before/after of the case; of other reporters none."""
    photos = CaseFile.objects.filter(case=report.case_id).exclude(role=Role.DOCUMENT).select_related("file")
    own, work = [], {}
    for photo in photos.filter(Q(report=report) | Q(role__in=SHOWN_TO_REPORTERS)).order_by("id"):
        if photo.report_id == report.pk and photo.role == Role.REPORTED:
            own.append(_shown(photo, _("您上传的照片"), report.token))
        elif photo.role == Role.AFTER or Role(photo.role) not in work:
            alt = _("处置后的现场照片") if photo.role == Role.AFTER else _("处置前的现场照片")
            work[Role(photo.role)] = _shown(photo, str(alt), report.token)
    sides = pair(work)
    if sides["before"] is None and own:
        sides["before"] = own[0]
    return own, sides


# --- cards ----------------------------------------------------------------------------------------------


def public_card(case: Case, photos: dict[Role, dict[str, Any]] | None = None) -> dict[str, Any]:
    """The case card of a public list; needs ledger, category, department, subdistrict and compound."""
    if photos is None:
        photos = public_photos([case]).get(case.pk, {})
    photo = photos.get(Role.AFTER) or photos.get(Role.REPORTED) or photos.get(Role.BEFORE)
    sides = pair(photos)
    both = bool(sides["before"] and sides["after"])
    return {
        "url": reverse("portal:case", args=[case.number]),
        "number": case.number,
        "title": public_title(case),
        "place": public_place(case),
        "category": str(case.category),
        "status": status_badge(case),
        "who": str(case.department) if case.department else "",
        "at": case.reported_at,
        "reports": case.reports_count,
        "photo": {"url": photo["thumb"], "alt": photo["alt"]} if photo and not both else None,
        "pair": sides if both else None,
        "answer": public_answer(case) if case.status == Status.CLOSED else "",
        **clock_of(case),
    }


def public_cards(cases: list[Case]) -> list[dict[str, Any]]:
    """Cards of a page of cases, their photos in one query."""
    photos = public_photos(cases)
    return [public_card(case, photos.get(case.pk, {})) for case in cases]


def nearby_cards(near: list[tuple[Case, float]]) -> list[dict[str, Any]]:
    """Cards with the distance in words."""
    cards = public_cards([case for case, _metres in near])
    return [
        {**card, "distance": _("距您选的位置约 %d 米") % max(5, round(metres / 5) * 5)}
        for card, (_case, metres) in zip(cards, near, strict=True)
    ]
