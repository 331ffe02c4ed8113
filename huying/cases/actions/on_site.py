"""Somebody went there and looked: what they saw is on record, but it does not decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from huying.cases import policy
from huying.cases.actions.checking import require_other
from huying.cases.actions.handling import add_files
from huying.cases.models import Case, CaseFile, Status
from huying.core.errors import Conflict, Refusal
from huying.core.journal import entries_of, log
from huying.core.models import StoredFile
from huying.people.models import User


@transaction.atomic
def see_on_site(
    case: Case,
    *,
    actor: User,
    done: bool,
    words: str = "",
    photos: Sequence[StoredFile] = (),
    client_id: uuid.UUID | None = None,
) -> None:
    """Record what somebody other than the handler saw on the spot, with a photo, for the checker to decide.

    The same `client_id` again changes nothing: a phone may send one form twice.
    """
    policy.require(actor, "case.check_on_site", case)
    if (
        client_id
        and entries_of(case).filter(code="case.seen_on_site", data__client_id=str(client_id)).exists()
    ):
        return
    if case.status != Status.HANDLED:
        raise Conflict(_("案件现在是「%s」，不用现场核实。") % Status(case.status).label)
    require_other(case, actor)
    if not photos:
        raise Refusal(_("请到现场拍一张照片。"), field="photos")
    if not done and len(words.strip()) < 5:
        raise Refusal(_("请写明哪里没有办好（至少 5 个字）。"), field="words")
    add_files(case, photos=photos, role=CaseFile.Role.CHECKED, actor=actor)
    log(
        case, "case.seen_on_site", actor=actor, done=done, words=words.strip()[:500],
        client_id=str(client_id) if client_id else None,
    )  # fmt: skip
