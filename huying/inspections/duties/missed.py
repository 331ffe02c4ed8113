"""What follows when a duty is not done: a reminder once per slot, then one case for a run of missed ones.

    due ── remind after … ──→ reminder to whoever does it (once per slot, also with two workers)
     └─ nobody until midnight ──→ missed ── `after: 2 missed` in a row ──→ one case of that run

Reminders that are older than REMIND_WITHIN are not sent any more: after a stop nobody gets yesterday's. Cases wait
DELIVERY after the day was closed, because phones that had no signal may still send; a run that goes on belongs to
the case that it has, and a new run to a case that is still open. Where more than MOST_ALONE places of one
department were missed on one day, they are one case that names them.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.actions import Intake, receive_report
from huying.cases.models import OPEN, Case, Category, Channel
from huying.core.errors import Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.inspections.duties.models import Closed, MissedRun, PlaceDay, Reminder
from huying.inspections.duties.owed import holders, kind_of, running, spans
from huying.inspections.models import Plan
from huying.inspections.occurrences import Slot, slots, slots_now
from huying.inspections.places import PlanPlace
from huying.inspections.rounds.models import RoundMember
from huying.notices import outbox, texts
from huying.notices.models import Delivery, Robot
from huying.notices.recipients import chosen_channels, subject_link
from huying.people.models import Department, Grant, User
from huying.places.models import Area

logger = logging.getLogger(__name__)

_DAY = dt.timedelta(days=1)
REMIND_WITHIN = dt.timedelta(hours=1)
DELIVERY = dt.timedelta(hours=1)
MOST_ALONE = 10
# Who went there in the last days goes there again.
_LATELY = dt.timedelta(days=7)
_NAMED = 5
_LONGEST_BACK = 400  # rows of one place that a run may reach back
DUE = "duty.due"
WORDS = ("plan", "places", "time", "link")
TO_PEOPLE: Promise = gettext_lazy("该做没做：{plan}，{places}，应在 {time} 前做。{link}")


# -- reminders -------------------------------------------------------------------------------------------------


def remind(now: dt.datetime | None = None) -> int:
    """Remind of the slots that should have been done a while ago; how many places were reminded of."""
    now = now or timezone.now()
    reminded = 0
    for plan in running(timezone.localdate(now)):
        after = plan.rules.remind_after
        if after is None:
            continue
        for slot in _slots_around(plan, now):
            if now - REMIND_WITHIN < slot.due + after <= now < slot.until:
                reminded += _remind_of(plan, slot)
    return reminded


def _slots_around(plan: Plan, now: dt.datetime) -> list[Slot]:
    today = timezone.localdate(now)
    found = {*slots_now(plan.rules, today - _DAY), *slots_now(plan.rules, today)}
    return sorted(found, key=lambda slot: slot.due)


# Of two workers one inserts the row of a place, and only that one tells.
_REMIND = """
INSERT INTO inspections_reminder (plan_id, kind, place, due_at)
SELECT plan_id, %(kind)s, {column}, %(due)s FROM inspections_placeday
WHERE plan_id = %(plan)s AND day = %(day)s AND done + late < %(number)s AND {column} IS NOT NULL
ON CONFLICT DO NOTHING RETURNING place
"""


@transaction.atomic
def _remind_of(plan: Plan, slot: Slot) -> int:
    kind = kind_of(plan.rules)
    values: dict[str, Any] = {
        "kind": kind,
        "due": slot.due,
        "plan": plan.pk,
        "day": slot.day,
        "number": slot.number,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REMIND.format(column=f"{kind}_id"), values)
        places = [pk for (pk,) in cursor.fetchall()]
    if not places:
        return 0
    rows = PlaceDay.objects.filter(plan=plan, day=slot.day, **{f"{kind}__in": places})
    waiting = list(rows.select_related(kind, "doer").order_by("pk"))
    with of_record():
        outbox.post([*_to_people(plan, slot, waiting), *_to_groups(plan, slot, waiting)])
    return len(places)


def _to_people(plan: Plan, slot: Slot, rows: Sequence[PlaceDay]) -> list[Delivery]:
    """One message to each person, whatever the number of their places."""
    theirs: dict[int, list[PlaceDay]] = {}
    people: dict[int, User] = {}
    for row, found in who_does(plan, rows, slot.day).items():
        for person in found:
            people[person.pk] = person
            theirs.setdefault(person.pk, []).append(row)
    return [
        Delivery(
            code=DUE, subject_kind="plan", subject_id=plan.pk, to_kind=Delivery.To.USER, to_id=person.pk,
            to_name=str(person)[:120], channel=channel, subject=_("该做没做：%s") % plan,
            words=_words(plan, slot, theirs[person.pk], channel),
        )
        for person, channel in chosen_channels(list(people.values()), "mine")
    ]  # fmt: skip


def _to_groups(plan: Plan, slot: Slot, rows: Sequence[PlaceDay]) -> list[Delivery]:
    by_doer: dict[int, list[PlaceDay]] = {}
    for row in rows:
        if row.doer_id is not None:
            by_doer.setdefault(row.doer_id, []).append(row)
    robots = Robot.objects.filter(active=True, hears_cases=True, department__in=by_doer)
    return [
        Delivery(
            code=DUE, subject_kind="plan", subject_id=plan.pk, to_kind=Delivery.To.ROBOT, to_id=robot.pk,
            to_name=robot.title, channel=robot.channel, words=_words(plan, slot, by_doer[robot.department_id], "robot"),
        )
        for robot in robots
        if robot.department_id is not None
    ]  # fmt: skip


def _words(plan: Plan, slot: Slot, rows: Sequence[PlaceDay], kind: str) -> str:
    values = {
        "plan": str(plan), "places": named([str(row.place) for row in rows]),
        "time": f"{timezone.localtime(slot.due):%H:%M}", "link": outbox.LINK,
    }  # fmt: skip
    try:
        words = texts.fill(texts.own_text("staff", DUE, kind) or str(TO_PEOPLE), values)
    except (IndexError, ValueError):
        # A pack's broken sentence must not keep a reminder from being told.
        words = texts.fill(str(TO_PEOPLE), values)
    return words if outbox.LINK in words else f"{words} {outbox.LINK}"


def named(titles: Sequence[str], most: int = _NAMED) -> str:
    """So many places by name, the others as a number."""
    shown = "、".join(titles[:most])
    return (
        shown
        if len(titles) <= most
        else _("%(places)s等 %(count)d 处") % {"places": shown, "count": len(titles)}
    )


def who_does(plan: Plan, rows: Sequence[PlaceDay], day: dt.date) -> dict[PlaceDay, list[User]]:
    """Who is told of each place: the holders of the post; of a department those who went there lately, else its
    clerks and heads.
    """
    if plan.rules.by_post:
        places = [PlanPlace(row.kind, row.place_pk, "", "", row.area_path) for row in rows]
        held = holders(plan.rules, places, day)
        return {row: held.get(row.place_pk, []) for row in rows}
    kind = kind_of(plan.rules)
    since = timezone.localdate() - _LATELY
    went = RoundMember.objects.filter(
        round__plan=plan, round__day__gte=since, user__is_active=True,
        **{f"round__{kind}__in": [row.place_pk for row in rows]},
    ).select_related("user", "round")  # fmt: skip
    lately: dict[int, dict[int, User]] = {}
    for member in went:
        lately.setdefault(getattr(member.round, f"{kind}_id"), {})[member.user_id] = member.user
    found = {}
    desk: dict[int | None, list[User]] = {}
    for row in rows:
        people = list(lately.get(row.place_pk, {}).values())
        if not people:
            if row.doer_id not in desk:
                desk[row.doer_id] = _clerks(row.doer_id)
            people = desk[row.doer_id]
        found[row] = people
    return found


def _clerks(department: int | None) -> list[User]:
    grants = Grant.objects.on().filter(role__in=("clerk", "head"), user__department=department)
    return list(User.objects.filter(is_active=True, pk__in=grants.values("user"))) if department else []


# -- cases -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """Slots of one place that were missed one after the other, the last of them on the day that was closed."""

    row: PlaceDay
    since: dt.datetime
    slots: int


def follow_missed(now: dt.datetime | None = None) -> int:
    """Open the cases of the days that were closed a while ago; how many. Each day is followed once, by one worker."""
    now = now or timezone.now()
    opened = 0
    waiting = Closed.objects.filter(followed=False, at__lte=now - DELIVERY).order_by("day", "pk")
    for closed in list(waiting.select_related("plan")):
        with transaction.atomic():
            if Closed.objects.filter(pk=closed.pk, followed=False).update(followed=True):
                opened += _follow(closed.plan, closed.day)
    return opened


def _follow(plan: Plan, day: dt.date) -> int:
    rules = plan.rules
    if rules.opens is None or not plan.active:
        return 0
    kind = kind_of(rules)
    rows = PlaceDay.objects.filter(plan=plan, day=day, missed__gt=0).select_related(kind, "doer")
    runs = [run for row in rows.order_by("pk") if (run := _run(plan, row)).slots >= rules.open_after]
    fresh = [run for run in runs if not _goes_on(plan, run)]
    opened = 0
    by_doer: dict[int | None, list[_Run]] = {}
    for run in fresh:
        by_doer.setdefault(run.row.doer_id, []).append(run)
    for group in by_doer.values():
        together = [group] if len(group) > MOST_ALONE else [[run] for run in group]
        opened += sum(_open(plan, part) for part in together)
    return opened


def _run(plan: Plan, row: PlaceDay) -> _Run:
    """The run that ends with this row: further back as long as nothing was done at all."""
    total, first = row.missed, row
    kind = kind_of(plan.rules)
    before = PlaceDay.objects.filter(plan=plan, day__lt=row.day, **{kind: row.place_pk}).order_by("-day")
    for earlier in before[:_LONGEST_BACK]:
        if first.done + first.late or not earlier.missed:
            break
        total, first = total + earlier.missed, earlier
    owed = [slot for span in spans(slots(plan.rules, first.day, first.day)) for slot in span.slots]
    answered = min(first.done + first.late, len(owed) - 1)
    since = owed[answered].due if owed else timezone.make_aware(dt.datetime.combine(first.day, dt.time()))
    return _Run(row, since, total)


def _goes_on(plan: Plan, run: _Run) -> bool:
    """Whether this run is known: then only its length grows. A run beside an open case belongs to that case."""
    place = {"plan": plan, "kind": run.row.kind, "place": run.row.place_pk}
    if MissedRun.objects.filter(**place, since=run.since).update(slots=run.slots):
        return True
    open_case = Case.objects.filter(
        missed_runs__in=MissedRun.objects.filter(**place), status__in=OPEN
    ).first()
    if open_case is None:
        return False
    MissedRun.objects.create(**place, since=run.since, slots=run.slots, case=open_case)
    with of_record():
        log(open_case, "case.missed_again", words=_line(run))
    return True


def _open(plan: Plan, runs: Sequence[_Run]) -> int:
    """One case of these runs; 0 where the ledger takes none now (its season has ended)."""
    try:
        with transaction.atomic(), of_record():
            case = _receive(plan, runs)
            MissedRun.objects.bulk_create(
                MissedRun(
                    plan=plan, kind=run.row.kind, place=run.row.place_pk, since=run.since, slots=run.slots, case=case
                )
                for run in runs
            )  # fmt: skip
    except Refusal as refusal:
        logger.warning("missed duty opens no case", extra={"plan": plan.code, "why": str(refusal)})
        return 0
    return 1


def _receive(plan: Plan, runs: Sequence[_Run]) -> Case:
    rules, first = plan.rules, runs[0].row
    assert rules.opens is not None
    wanted = Category.objects.select_related("ledger", "topic").filter(
        ledger__code=rules.opens.ledger, active=True
    )
    category = wanted.filter(code=rules.opens.category).first() or wanted.order_by("pk").first()
    if category is None:
        raise Refusal(
            _("台账「%(ledger)s」没有可用的类别，请联系管理员检查区包。") % {"ledger": rules.opens.ledger}
        )
    alone, item = len(runs) == 1, first.item if len(runs) == 1 else None
    registers = category.ledger.rules.registers
    address = (item.address if item else "") or (str(first.place) if alone else "")
    title = _("%(place)s：%(plan)s没有做") if alone else _("%(plan)s：%(count)d 处没有做")
    report = receive_report(
        Intake(
            ledger=category.ledger, category=category, channel=Channel.INSPECTION,
            title=title % {"place": first.place, "plan": plan, "count": len(runs)},
            words="\n".join(_line(run) for run in runs[:50]), lng=item.lng if item else None,
            lat=item.lat if item else None, address=address,
            item=item if item and (not registers or item.register.code in registers) else None,
            area=_area(runs), responsible=_lead(first.doer), owed=True, limit=rules.opens.limit,
        )
    )  # fmt: skip
    return report.case


def _line(run: _Run) -> str:
    since = timezone.localtime(run.since)
    return _("%(place)s：从 %(since)s 起连续 %(count)d 次没有做。") % {
        "place": run.row.place, "since": f"{since:%-m月%-d日 %H:%M}", "count": run.slots,
    }  # fmt: skip


def _area(runs: Sequence[_Run]) -> Area | None:
    """The smallest area that all of them lie in."""
    paths = [run.row.area_path.split("/")[:-1] for run in runs]
    shared = []
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        shared.append(steps[0])
    return Area.objects.filter(code=shared[-1]).first() if shared else None


def _lead(department: Department | None) -> Department | None:
    while department is not None and not department.can_lead:
        department = department.parent
    return department


def forget_reminders(now: dt.datetime | None = None) -> int:
    """Reminders are kept as long as their slot could still be reminded of, and a month more."""
    return Reminder.objects.filter(due_at__lt=(now or timezone.now()) - dt.timedelta(days=31)).delete()[0]


def _address(pk: int) -> str:
    plan = Plan.objects.filter(pk=pk).first()
    return (
        reverse("inspections:field-plan", args=[plan.code]) if plan else reverse("inspections:field-rounds")
    )


def register() -> None:
    """Called once, when the floor is ready: where a reminder leads."""
    subject_link("plan", _address)
