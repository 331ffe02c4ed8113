"""Telling the heads: a post is empty, or nobody follows to whom a shift could hand over. In the pack's words."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from huying.core.journal import LoggedEntry, subscribe
from huying.core.language import of_record
from huying.notices import outbox, texts
from huying.notices.models import Delivery, Robot
from huying.notices.recipients import chosen_channels, subject_link
from huying.people.models import Roster, Shift
from huying.people.rosters.watch import heads_of

# What is said, unless the pack words it (`notices`, under `staff`). {planned}: who should have come; not for groups.
TO_HEADS: dict[str, Promise] = {
    "shift.missed": _("空岗：{roster} {shift}（{times}）到点没有人接班。应到：{planned}。{link}"),
    "shift.handed_over": _("交班没有下一班接：{roster} {shift}（{times}），请您接。{link}"),
}
TO_GROUPS: dict[str, Promise] = {
    "shift.missed": _("空岗：{roster} {shift}（{times}）到点没有人接班。{link}"),
    "shift.handed_over": _("交班没有下一班接：{roster} {shift}（{times}），请负责人接。{link}"),
}
WORDS = ("roster", "shift", "times", "planned", "link")
GROUP_WORDS = ("roster", "shift", "times", "link")


def tell_heads(entry: LoggedEntry) -> None:
    """Called for every entry about a shift, in its transaction."""
    shift = entry.subject
    if entry.code not in TO_HEADS or not isinstance(shift, Shift):
        return
    if entry.code == "shift.handed_over" and entry.data.get("to"):
        return  # the next shift takes it
    with of_record():
        values = _values(shift, entry)
        roster = Roster.objects.select_related("department__parent").get(pk=shift.roster_id)
        outbox.post(
            [*_to_heads(roster, shift, entry.code, values), *_to_groups(roster, shift, entry.code, values)]
        )


def _values(shift: Shift, entry: LoggedEntry) -> dict[str, str]:
    starts, ends = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    return {
        "roster": str(shift.roster), "shift": shift.title, "times": f"{starts:%m-%d %H:%M}–{ends:%H:%M}",
        "planned": "、".join(entry.data.get("planned") or ()) or "—", "link": outbox.LINK,
    }  # fmt: skip


def _text(code: str, kind: str, usual: Promise, values: dict[str, str]) -> str:
    own = texts.own_text("staff", code, kind)
    try:
        words = texts.fill(own or str(usual), values)
    except (IndexError, ValueError):
        # A pack's broken sentence must not keep an empty post from being told.
        words = texts.fill(str(usual), values)
    return words if outbox.LINK in words else f"{words} {outbox.LINK}"


def _to_heads(roster: Roster, shift: Shift, code: str, values: dict[str, str]) -> list[Delivery]:
    return [
        Delivery(
            code=code, subject_kind="shift", subject_id=shift.pk, to_kind=Delivery.To.USER, to_id=user.pk,
            to_name=str(user)[:120], channel=channel, subject=f"{roster} {shift.title}"[:160],
            words=_text(code, channel, TO_HEADS[code], values), emergency=True,
        )
        for user, channel in chosen_channels(heads_of(roster), "mine")
    ]  # fmt: skip


def _to_groups(roster: Roster, shift: Shift, code: str, values: dict[str, str]) -> list[Delivery]:
    # A group hears which post is empty, not who should have stood there.
    said = {**values, "planned": ""}
    return [
        Delivery(
            code=code, subject_kind="shift", subject_id=shift.pk, to_kind=Delivery.To.ROBOT, to_id=robot.pk,
            to_name=robot.title, channel=robot.channel, words=_text(code, "robot", TO_GROUPS[code], said),
            emergency=True,
        )
        for robot in Robot.objects.filter(active=True, hears_cases=True, department=roster.department_id)
        if roster.department_id is not None
    ]  # fmt: skip


def register() -> None:
    """Called once, when the floor is ready."""
    subscribe("shift.", tell_heads)
    subject_link("shift", lambda pk: reverse("people:shift", args=[pk]))
