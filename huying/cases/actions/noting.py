"""What somebody who was there adds to a case after the fact; it decides nothing and is never taken away."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from huying.cases import policy, telling
from huying.cases.actions.handling import add_files
from huying.cases.models import Case, CaseFile
from huying.cases.workflow import hold
from huying.core.errors import Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.models import User

LONGEST = 2000


@transaction.atomic
def add_note(case: Case, *, actor: User, words: str, photos: Sequence[StoredFile] = ()) -> None:
    """Add words and photos to a case in whatever state it is, closed ones too: what was seen on the spot counts."""
    policy.require(actor, "case.view", case)
    if not words.strip() and not photos:
        raise Refusal(_("请写几句话，或者拍一张照片。"), field="words")
    hold(case)
    add_files(case, photos=photos, role=CaseFile.Role.NOTED, actor=actor)
    log(case, "case.noted", actor=actor, words=words.strip()[:LONGEST], photos=len(photos))
    telling.tell_department(case, "case.noted", words.strip()[:400])
