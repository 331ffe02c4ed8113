"""Following: what the servers say of our matters, told on our cases once, and their end reported here."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.actions import report_handled, take_up_case
from huying.cases.models import Case, CaseFile, Status
from huying.cases.workflow import hold
from huying.core.backoff import next_try
from huying.core.errors import Refusal
from huying.core.files import store_photo
from huying.core.journal import log
from huying.core.outbound import OutboundError, send
from huying.integrations.forwarding import client
from huying.integrations.forwarding.client import Failed
from huying.integrations.forwarding.models import Forwarding, Heard, Partner
from huying.integrations.forwarding.outbox import alive, silent

State = Forwarding.State
IDS_AT_ONCE = 50
MEDIA_TRIES = 8
LOOK_BACK = dt.timedelta(days=2)  # what a server enters late, or by a clock that is behind


def follow(partner: Partner) -> int:
    """Ask a server how our matters stand. How many things were new; nothing is lost when it fails half-way."""
    rows = Forwarding.objects.filter(partner=partner, state__in=(State.SENT, State.OPEN))
    found = list(rows.select_related("partner", "case").order_by("pk"))
    if not found:
        return 0
    new = 0
    try:
        for row in found:
            if row.state == State.SENT:
                _ask_for_number(row)
        numbered = {row.remote_id: row for row in found if row.remote_id}
        for ids in _batches(list(numbered)):
            new += _updates(partner, numbered, ids)
            for answer in client.ask(partner, "requests", service_request_id=",".join(ids)):
                known = numbered.get(client.text_of(answer, "service_request_id"))
                if known is not None:
                    new += _state(known, answer)
        alive(partner)
    except Failed as failure:
        silent(partner, failure)
    return new


def _batches(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE))


def _ask_for_number(row: Forwarding) -> None:
    """A server that gave a token first gives the number later."""
    answers = client.ask(row.partner, f"tokens/{row.token}")
    number = client.text_of(answers[0], "service_request_id")[:120] if answers else ""
    taken = Forwarding.objects.filter(partner=row.partner, remote_id=number).exists()
    if not number or taken:
        return
    if Forwarding.objects.filter(pk=row.pk, state=State.SENT).update(state=State.OPEN, remote_id=number):
        row.remote_id, row.state = number, State.OPEN
        log(row.case, "case.forwarded", actor=row.partner.title, number=number, round=row.round)


def _updates(partner: Partner, numbered: dict[str, Forwarding], ids: list[str]) -> int:
    """The servicerequestupdates extension, where the server has it."""
    if partner.has_updates is False:
        return 0
    earliest = min(numbered[one].made_at for one in ids) - LOOK_BACK
    try:
        answers = client.ask(
            partner, "servicerequestupdates", service_request_id=",".join(ids),
            start_date=earliest.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )  # fmt: skip
    except Failed as failure:
        if failure.status not in (400, 404, 405, 501):
            raise
        Partner.objects.filter(pk=partner.pk).update(has_updates=False)
        partner.has_updates = False
        return 0
    if partner.has_updates is None:
        Partner.objects.filter(pk=partner.pk).update(has_updates=True)
        partner.has_updates = True
    new = 0
    for answer in sorted(answers, key=lambda one: client.text_of(one, "updated_datetime")):
        row = numbered.get(client.text_of(answer, "service_request_id"))
        if row is not None:
            new += hear(
                row, client.text_of(answer, "update_id") or _print(answer), status=client.text_of(answer, "status"),
                words=client.text_of(answer, "description", "status_notes"),
                at=client.moment_of(answer, "updated_datetime"), media_url=client.text_of(answer, "media_url"),
            )  # fmt: skip
    return new


def _print(answer: client.Row) -> str:
    """What stands for an update without an id of its own."""
    parts = [
        client.text_of(answer, name) for name in ("updated_datetime", "status", "description", "status_notes")
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _state(row: Forwarding, answer: client.Row) -> int:
    """Where the matter stands there: its notes are told, and its end is reported here."""
    status = client.text_of(answer, "status").lower()[:40]
    notes = client.text_of(answer, "status_notes")
    new = 0
    if (status, notes) != (row.remote_status, row.remote_notes) and (notes or status == "closed"):
        new = hear(
            row, f"status:{_print(answer)}", status=status, words=notes,
            at=client.moment_of(answer, "updated_datetime"),
            # While it is open the picture is our own.
            media_url=client.text_of(answer, "media_url") if status == "closed" else "",
        )  # fmt: skip
        Forwarding.objects.filter(pk=row.pk).update(remote_status=status, remote_notes=notes[:4000])
    if status == "closed":
        finish(row, notes)
    return new


@transaction.atomic
def hear(
    row: Forwarding, update_id: str, *, status: str, words: str, at: dt.datetime | None, media_url: str = ""
) -> int:
    """Tell one thing on the case, once. 1 when it is new."""
    address = media_url if media_url.startswith(("http://", "https://")) and len(media_url) <= 1000 else ""
    known, new = Heard.objects.get_or_create(
        forwarding=row, update_id=update_id[:160],
        defaults={
            "status": status[:40], "words": words[:4000], "at": at, "media_url": address,
            "media_next_try_at": timezone.now() if address else None,
        },
    )  # fmt: skip
    if not new:
        return 0
    log(
        row.case,
        "case.partner_said",
        actor=row.partner.title,
        words=words[:2000],
        status=status[:40],
        at_there=at,
    )
    if address:
        from huying.integrations.forwarding.jobs import fetch_media

        fetch_media.defer(heard_id=known.pk)
    return 1


def finish(row: Forwarding, notes: str) -> None:
    """Closed there: report it handled here, in the name of the partner's account. What bars it stands on the row.

    Our own check, call-back and closing go on as always: another system's word does not close a case of ours.
    """
    fetch_waiting(row)
    case = Case.objects.select_related("ledger").get(pk=row.case_id)
    try:
        with transaction.atomic():
            won = Forwarding.objects.filter(pk=row.pk, state=State.OPEN).update(
                state=State.DONE, ended_at=timezone.now(), remote_status="closed", problem=""
            )
            if not won:
                return
            if case.department_id != row.partner.department_id:
                raise Refusal(_("案件已不在“%s”，请核对。") % row.partner.department)
            if case.status == Status.DISPATCHED:
                take_up_case(case, actor=row.partner.account)
                case.refresh_from_db()
            if case.status == Status.HANDLING:
                answer = notes if len(notes.strip()) >= 5 else _("“%s”已办结。") % row.partner.title
                report_handled(case, actor=row.partner.account, answer=answer)
    except Refusal as refusal:
        Forwarding.objects.filter(pk=row.pk, state=State.OPEN).update(
            state=State.ANSWERED, remote_status="closed", problem=str(refusal)[:300]
        )


# --- pictures -----------------------------------------------------------------------------------------------


def fetch_waiting(row: Forwarding) -> None:
    """Fetch the pictures of this matter now, so that they are there before its end is reported."""
    for heard in Heard.objects.filter(forwarding=row, media_next_try_at__lte=timezone.now()):
        fetch(heard.pk)


def fetch(heard_id: int) -> bool:
    """Fetch one picture; whether it was kept."""
    heard = Heard.objects.select_related("forwarding__case", "forwarding__partner").get(pk=heard_id)
    if heard.media_next_try_at is None:
        return False
    lasting, photo = True, None
    try:
        answer = send("GET", heard.media_url, max_bytes=settings.MAX_UPLOAD_BYTES)
        if answer.ok:
            photo = store_photo(io.BytesIO(answer.body))
        lasting = not answer.temporary
    except OutboundError as failed:
        lasting = not failed.temporary
    except Refusal:
        lasting = True
    tries = heard.media_tries + 1
    over = photo is not None or lasting or tries >= MEDIA_TRIES
    with transaction.atomic():
        won = Heard.objects.filter(pk=heard_id, media_next_try_at=heard.media_next_try_at).update(
            media_tries=tries, photo=photo,
            media_next_try_at=None if over else timezone.now() + next_try(tries, seed=heard_id),
        )  # fmt: skip
        if won and photo is not None:
            case = heard.forwarding.case
            hold(case)
            CaseFile.objects.create(case=case, file=photo, role=CaseFile.Role.AFTER)
            log(
                case,
                "case.files_added",
                actor=heard.forwarding.partner.title,
                role="after",
                files=[photo.sha256],
            )
    return bool(won and photo is not None)
