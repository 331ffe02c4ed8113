"""Sending: written with the dispatch that causes it, posted by a job, looked for before it is posted again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import Case, CaseFile
from huying.cases.photos import published_roles
from huying.cases.public import public_title, public_words
from huying.core.backoff import next_try
from huying.core.errors import Conflict
from huying.core.journal import LoggedEntry, log
from huying.core.models import StoredFile
from huying.core.photo_links import photo_url
from huying.integrations.forwarding import client
from huying.integrations.forwarding.client import Failed
from huying.integrations.forwarding.models import Forwarding, Partner, Route
from huying.people.models import User

State = Forwarding.State
# Longer than the two requests of one try can take: when it ends without a word, its sender has died.
LEASE = dt.timedelta(seconds=90)
GIVE_UP_AFTER = dt.timedelta(days=3)
# Clocks of two cities may differ; a lost answer is looked for this much around our own moment.
AROUND = dt.timedelta(hours=2)
_AGAIN = {"case.sent_back": "reason", "case.reopened": "reason"}
_OVER = {"case.returned", "case.voided", "case.merged", "case.declined"}


def on_case_entry(entry: LoggedEntry) -> None:
    """A dispatch of a routed category starts a forwarding, in the transaction of the dispatch; an end here ends it."""
    case = entry.subject
    if not isinstance(case, Case):
        return
    if entry.code == "case.dispatched":
        _stop_following(case, keep=case.department_id)
        _begin(case)
    elif entry.code in _AGAIN:
        _stop_following(case)
        _begin(case, reason=str(entry.data.get(_AGAIN[entry.code], ""))[:300])
    elif entry.code in _OVER:
        _stop_following(case)
    elif entry.code in ("case.handled", "case.closed"):
        rows = Forwarding.objects.filter(case=case, state__in=Forwarding.LIVE)
        rows.filter(remote_status="closed").update(state=State.DONE, ended_at=entry.at, next_try_at=None)
        if entry.code == "case.closed":
            rows.update(state=State.WITHDRAWN, ended_at=entry.at, next_try_at=None)


def _begin(case: Case, *, reason: str = "") -> None:
    from huying.integrations.forwarding.jobs import push

    route = Route.objects.filter(category=case.category_id).select_related("partner").first()
    if route is None or route.partner.department_id != case.department_id:
        return
    if Forwarding.objects.filter(case=case, state__in=Forwarding.LIVE).exists():
        return
    last = Forwarding.objects.filter(case=case).aggregate(last=Max("round"))["last"] or 0
    if reason and not last:
        return  # it was never there
    now = timezone.now()
    made = Forwarding.objects.create(
        partner=route.partner, case=case, round=last + 1, service_code=route.service_code,
        attributes=route.attributes, reason=reason, made_at=now, next_try_at=now,
    )  # fmt: skip
    push.defer(forwarding_id=made.pk)


def _stop_following(case: Case, *, keep: int | None = None) -> None:
    rows = Forwarding.objects.filter(case=case, state__in=Forwarding.LIVE)
    if keep is not None:
        rows = rows.exclude(partner__department=keep)
    rows.update(state=State.WITHDRAWN, ended_at=timezone.now(), next_try_at=None)


# --- posting ------------------------------------------------------------------------------------------------


def push_forwarding(forwarding_id: int) -> bool:
    """Post one matter, if it is its turn. Whether it is there now.

    Any number may call this at once: one row is changed by one. Before a second try the server is asked whether the
    first arrived after all.
    """
    now = timezone.now()
    free = Q(sending_until=None) | Q(sending_until__lt=now)
    rows = Forwarding.objects.filter(free, pk=forwarding_id, state=State.WAITING, next_try_at__lte=now)
    if not rows.filter(partner__paused=False).exists() or not rows.update(sending_until=now + LEASE):
        return False
    row = Forwarding.objects.select_related("partner", "case__ledger", "case__category").get(pk=forwarding_id)
    tried_before = row.first_sent_at is not None
    if not tried_before:
        # Noted before anything leaves: a sender that dies now has perhaps sent it.
        Forwarding.objects.filter(pk=row.pk).update(first_sent_at=now)
        row.first_sent_at = now
    try:
        found = _look_up(row) if tried_before else None
        answer = found or _only(client.post(row.partner, "requests", fields_of(row)))
        _arrived(row, answer)
    except Failed as failure:
        _failed(row, failure)
        return False
    return True


def _look_up(row: Forwarding) -> client.Row | None:
    """Our matter among those that the server got around the time of the first try."""
    assert row.first_sent_at is not None
    rows = client.ask(
        row.partner, "requests", service_code=row.service_code,
        start_date=_stamp(row.first_sent_at - AROUND), end_date=_stamp(timezone.now() + AROUND),
    )  # fmt: skip
    return next((one for one in rows if row.marker in client.text_of(one, "description")), None)


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _only(rows: list[client.Row]) -> client.Row:
    if rows and client.text_of(rows[0], "service_request_id", "token"):
        return rows[0]
    raise Failed(_("对方没有给出编号。"), temporary=True)


def fields_of(row: Forwarding) -> dict[str, str]:
    """The form of a POST: the problem and its place. Nothing of who reported it."""
    case = row.case
    words = public_words(case, 3000) or public_title(case)
    again = _("（返工：%s）") % row.reason if row.reason else ""
    fields = {
        "service_code": row.service_code,
        "description": f"{words}{again} {row.marker}",
        "address_string": case.address,
        "lat": f"{case.lat:.6f}" if case.lat is not None else "",
        "long": f"{case.lng:.6f}" if case.lng is not None else "",
        "media_url": _picture(case),
        **{f"attribute[{code}]": _filled(str(text), case) for code, text in row.attributes.items()},
    }
    return {name: value for name, value in fields.items() if value}


def _filled(text: str, case: Case) -> str:
    """A declared value; `{field}` is what the report says in that field, where it is not private."""
    if not (text.startswith("{") and text.endswith("}")):
        return text
    known = {field.code for field in case.rules.fields if not field.private}
    report = case.reports.order_by("pk").first()
    value: Any = report.fields.get(text[1:-1]) if report and text[1:-1] in known else ""
    return "、".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _picture(case: Case) -> str:
    """The address of a photo that the public sees anyway."""
    roles = published_roles(case.rules) if case.public else ()
    use = (
        CaseFile.objects.filter(case=case, role__in=roles, file__kind=StoredFile.Kind.PHOTO)
        .exclude(report__withdrawn_at__isnull=False).select_related("file").order_by("pk").first()
    )  # fmt: skip
    return settings.PUBLIC_URL + photo_url(use.file) if use else ""


def _arrived(row: Forwarding, answer: client.Row) -> None:
    now, number = timezone.now(), client.text_of(answer, "service_request_id")
    try:
        with transaction.atomic():
            won = Forwarding.objects.filter(pk=row.pk, state=State.WAITING).update(
                state=State.OPEN if number else State.SENT, remote_id=number[:120],
                token=client.text_of(answer, "token")[:120], remote_status="open", sent_at=now, sending_until=None,
                next_try_at=None, problem="",
            )  # fmt: skip
            if won:
                log(row.case, "case.forwarded", actor=row.partner.title, number=number, round=row.round)
    except IntegrityError:
        raise Failed(_("对方给出的编号 %s 已经属于另一件。") % number, temporary=False) from None
    alive(row.partner)


def _failed(row: Forwarding, failure: Failed) -> None:
    now, tries = timezone.now(), row.tries + 1
    given_up = not failure.temporary or now - row.made_at > GIVE_UP_AFTER
    Forwarding.objects.filter(pk=row.pk, state=State.WAITING).update(
        state=State.STUCK if given_up else State.WAITING, tries=tries, problem=str(failure)[:300],
        sending_until=None, next_try_at=None if given_up else now + next_try(tries, seed=row.pk),
    )  # fmt: skip
    silent(row.partner, failure)


def alive(partner: Partner) -> None:
    """The server answered as it should."""
    Partner.objects.filter(pk=partner.pk).update(answered_at=timezone.now(), failing_since=None, problem="")


def silent(partner: Partner, failure: Failed) -> None:
    """The server failed us; since when it does is kept."""
    Partner.objects.filter(pk=partner.pk, failing_since=None).update(failing_since=timezone.now())
    Partner.objects.filter(pk=partner.pk).update(problem=str(failure)[:300])


# --- by hand ------------------------------------------------------------------------------------------------


@transaction.atomic
def try_again(row: Forwarding, *, actor: User) -> None:
    """Send what is stuck once more. Conflict when it is not stuck."""
    from huying.integrations.forwarding.jobs import push

    now = timezone.now()
    back = State.WAITING if not row.remote_id and not row.token else State.OPEN
    if not Forwarding.objects.filter(pk=row.pk, state=State.STUCK).update(
        state=back, next_try_at=now if back == State.WAITING else None, made_at=now, problem="", tries=0
    ):
        raise Conflict(_("这件转办不在“需要处理”的状态，请刷新页面。"))
    log(row.case, "case.forwarding_retried", actor=actor, partner=row.partner.title)
    push.defer(forwarding_id=row.pk)


@transaction.atomic
def withdraw(row: Forwarding, *, actor: User, reason: str) -> None:
    """Stop following a matter there; the case goes on here by hand. Open311 knows no way to call it back."""
    if not Forwarding.objects.filter(pk=row.pk, state__in=Forwarding.LIVE).update(
        state=State.WITHDRAWN, ended_at=timezone.now(), next_try_at=None, problem=""
    ):
        raise Conflict(_("这件转办已经结束，请刷新页面。"))
    log(row.case, "case.forwarding_withdrawn", actor=actor, partner=row.partner.title, reason=reason[:200])
