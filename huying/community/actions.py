"""What is done at the door: one function for each verb, on record."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.actions import Intake, receive_report
from huying.cases.models import Case, Category, Channel
from huying.community.models import Household, Promise, Visit, VisitCase
from huying.community.policy import RECORD, require
from huying.community.questions import questions
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import LoggedEntry, log
from huying.core.models import StoredFile
from huying.core.phones import PHONE
from huying.people.access import can, scopes
from huying.people.models import User
from huying.places.coordinates import distance_m
from huying.places.models import Area


@transaction.atomic
def add_household(
    *, address: str, area: Area, actor: User, name: str = "", phone: str = "", members: int | None = None,
    lng: float | None = None, lat: float | None = None,
) -> Household:  # fmt: skip
    """A home of a grid. The same address in the same grid is the same home: it is returned."""
    if not any(area.path.startswith(scope.path) for scope in scopes(actor, RECORD)):
        raise NotAllowed(_("这个网格不归您负责。"))
    address = " ".join(address.split())[:120]
    if len(address) < 2:
        raise Refusal(_("请写楼栋、单元和门牌，例如 3号楼2单元201。"), field="address")
    if phone and not PHONE.match(phone.replace(" ", "")):
        raise Refusal(_("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。"), field="phone")
    home, made = Household.objects.get_or_create(
        area=area, address=address,
        defaults={
            "area_path": area.path, "name": name.strip()[:60], "phone": phone.replace(" ", ""), "members": members,
            "lng": lng, "lat": lat, "made_by": actor,
        },
    )  # fmt: skip
    if made:
        log(home, "household.added", actor=actor, area=area.code)
    return home


@dataclass(frozen=True)
class Problem:
    """Something that needs a department."""

    category: Category
    words: str


@dataclass(frozen=True)
class Called:
    """What happened at the door. `client_id` makes a visit that is sent again one visit."""

    at_home: bool = True
    answers: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    problem: Problem | None = None
    promise: str = ""
    promise_due: dt.date | None = None
    photos: Sequence[StoredFile] = ()
    point: tuple[float, float] | None = None
    visited_at: dt.datetime | None = None
    client_id: uuid.UUID | None = None


def record_visit(household: Household, called: Called, *, actor: User) -> Visit:
    """Keep one visit with its answers, its promise, and the case of what was wrong."""
    if called.client_id and (known := Visit.objects.filter(client_id=called.client_id).first()):
        return known
    require(actor, household)
    now = timezone.now()
    at = called.visited_at or now
    if at > now + dt.timedelta(minutes=10) or at < now - dt.timedelta(days=31):
        raise Refusal(_("走访时间不对：请检查手机的日期和时间。"), field="visited_at")
    if called.promise and (called.promise_due is None or called.promise_due < timezone.localdate(at)):
        raise Refusal(_("请选择哪天以前办到。"), field="promise_due")
    try:
        with transaction.atomic():
            return _record(household, called, at, actor)
    except IntegrityError:
        # The same visit from two requests at once: the second finds the first.
        if called.client_id and (known := Visit.objects.filter(client_id=called.client_id).first()):
            return known
        raise


def _record(household: Household, called: Called, at: dt.datetime, actor: User) -> Visit:
    low = questions().is_low(called.answers)
    away = None
    if called.point and household.lng is not None and household.lat is not None:
        away = round(distance_m(*called.point, household.lng, household.lat))
    visit = Visit.objects.create(
        household=household, visited_at=at, visitor=actor, at_home=called.at_home, answers=dict(called.answers),
        low=low, words=called.words.strip()[:500], distance_m=away, client_id=called.client_id,
    )  # fmt: skip
    changed: dict[str, Any] = {}
    if household.lng is None and called.point:
        changed |= {"lng": called.point[0], "lat": called.point[1]}
    newest = Household.objects.filter(pk=household.pk).exclude(visited_at__gt=at)
    newest.update(visited_at=at, low=low, **changed)
    case = _open_case(visit, called, actor) if called.problem else None
    if called.promise and called.promise_due:
        Promise.objects.create(
            visit=visit, words=called.promise.strip()[:200], due_on=called.promise_due, case=case
        )
    log(
        household, "household.visited", actor=actor, at=at, at_home=called.at_home, low=low,
        case=case.number if case else "", distance_m=away,
    )  # fmt: skip
    return visit


def _open_case(visit: Visit, called: Called, actor: User) -> Case:
    assert called.problem is not None
    home, category = visit.household, called.problem.category
    rules = category.ledger.rules
    declared = questions().low
    fills = declared.fills if declared and declared.ledger == category.ledger.code else {}
    reading = called.answers.get(declared.field) if declared else None
    known = {"address": home.address, "reading": reading}
    asked = {one.code for one in rules.fields}
    report = receive_report(
        Intake(
            ledger=category.ledger, category=category, words=called.problem.words.strip() or called.words,
            channel=Channel.VISIT, lng=home.lng, lat=home.lat, address=f"{home.area} {home.address}",
            name=home.name if rules.contact != "none" else "", phone=home.phone if rules.contact != "none" else "",
            fields={
                code: known[word]
                for code, word in fills.items()
                if code in asked and known[word] not in (None, "")
            },
            photos=called.photos, reported_by=actor,
        )
    )  # fmt: skip
    VisitCase.objects.create(visit=visit, case=report.case)
    return report.case


@transaction.atomic
def keep_promise(promise: Promise, *, actor: User | None) -> None:
    """What was promised has been done; late is better than never, and stays late in the record."""
    if actor is not None:
        require(actor, promise.visit.household)
    won = (
        Promise.objects.filter(pk=promise.pk)
        .exclude(state=Promise.State.KEPT)
        .update(state=Promise.State.KEPT, kept_at=timezone.now())
    )
    if not won:
        raise Conflict(_("这件事已经兑现过了。"))
    log(promise.visit.household, "household.promise_kept", actor=actor, words=promise.words)


def on_case_closed(entry: LoggedEntry) -> None:
    """A promise that hung on a case is kept when the case is closed."""
    for promise in Promise.objects.filter(case=entry.subject_id, state=Promise.State.OPEN).select_related(
        "visit"
    ):
        keep_promise(promise, actor=None)


def miss_promises(today: dt.date) -> int:
    """Promises whose day has passed. Returns how many."""
    missed = 0
    for promise in Promise.objects.filter(state=Promise.State.OPEN, due_on__lt=today).select_related("visit"):
        with transaction.atomic():
            if Promise.objects.filter(pk=promise.pk, state=Promise.State.OPEN).update(
                state=Promise.State.MISSED
            ):
                log(promise.visit.household, "household.promise_missed", words=promise.words)
                missed += 1
    return missed


@transaction.atomic
def reveal_household(household: Household, *, reason: str, actor: User) -> tuple[str, str]:
    """Name and phone, for a reason that is put on record."""
    require(actor, household)
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明查看原因（至少 4 个字），例如：约上门时间。"), field="reason")
    log(household, "household.contact_revealed", actor=actor, reason=reason.strip()[:200])
    return household.name, household.phone


def note_opening(household: Household, *, actor: User) -> None:
    """Somebody reads the household's whole history: on record."""
    if not can(actor, RECORD):
        raise NotAllowed(_("您的岗位没有这项权限。需要时请联系系统管理员。"))
    log(household, "household.opened", actor=actor)


def forget_households(now: dt.datetime | None = None) -> int:
    """Clear names, phones, answers and words of homes that nobody has called on for long (PIPL article 19)."""
    before = (now or timezone.now()) - dt.timedelta(days=settings.CONTACT_DAYS)
    due = Household.objects.filter(forgotten=False, made_at__lt=before).exclude(visited_at__gte=before)
    keys = list(due.values_list("pk", flat=True))
    with transaction.atomic():
        Visit.objects.filter(household__in=keys).update(answers={}, words="")
        Promise.objects.filter(visit__household__in=keys).update(words="")
        for home in Household.objects.filter(pk__in=keys):
            log(home, "household.forgotten")
        Household.objects.filter(pk__in=keys).update(name="", phone="", members=None, forgotten=True)
    return len(keys)
