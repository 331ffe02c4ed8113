"""Photos that the city names by their address are fetched outside the request, and never from inside our network."""

from __future__ import annotations

import io

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from huying.cases.models import Case, CaseFile
from huying.cases.workflow import hold
from huying.core.backoff import next_try
from huying.core.errors import Refusal
from huying.core.files import store_photo
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.core.outbound import OutboundError, send
from huying.integrations.hotline.models import Attachment
from huying.integrations.hotline.outbox import explain

TRIES_AT_MOST = 8
AT_ONCE = 100


def fetch(*, order_id: int | None = None) -> int:
    """Fetch what is due (of one order); how many were stored."""
    due = Attachment.objects.filter(state=Attachment.State.WAITING, next_try_at__lte=timezone.now())
    if order_id is not None:
        due = due.filter(order_id=order_id)
    return sum(
        _fetch_one(attachment)
        for attachment in due.select_related("order__report", "order__system")[:AT_ONCE]
    )


def _fetch_one(attachment: Attachment) -> bool:
    problem, permanent = "", False
    try:
        answer = send("GET", attachment.url, max_bytes=settings.MAX_UPLOAD_BYTES)
        if answer.ok:
            photo = store_photo(io.BytesIO(answer.body))
            return _keep(attachment, photo)
        problem, permanent = explain(answer), not answer.temporary
    except OutboundError as error:
        problem, permanent = str(error), not error.temporary
    except Refusal as error:
        problem, permanent = str(error), True
    tries = attachment.tries + 1
    failed = permanent or tries >= TRIES_AT_MOST
    Attachment.objects.filter(pk=attachment.pk, state=Attachment.State.WAITING).update(
        tries=tries, problem=problem[:300],
        state=Attachment.State.FAILED if failed else Attachment.State.WAITING,
        next_try_at=None if failed else timezone.now() + next_try(tries, seed=attachment.pk),
    )  # fmt: skip
    return False


@transaction.atomic
def _keep(attachment: Attachment, photo: StoredFile) -> bool:
    report = attachment.order.report
    case = Case.objects.get(pk=report.case_id)
    hold(case)
    won = Attachment.objects.filter(pk=attachment.pk, state=Attachment.State.WAITING).update(
        state=Attachment.State.STORED, file=photo, problem="", next_try_at=None
    )
    if won:
        CaseFile.objects.create(case=case, report=report, file=photo, role=CaseFile.Role.REPORTED)
        log(
            case,
            "case.files_added",
            actor=attachment.order.system.title,
            role="reported",
            files=[photo.sha256],
        )
    return bool(won)
