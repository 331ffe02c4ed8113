"""Beginning the paper that takes the place of another one (更正、替代): its text again, tied to it both ways.

The old paper is void from the moment in which the new one is issued (`actions.supersede_paper`), not before.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed
from huying.core.journal import log
from huying.core.language import of_record
from huying.papers import policy
from huying.papers.drafting import start_draft
from huying.papers.enclosures import copy_enclosures
from huying.papers.kinds import kind_rules
from huying.papers.letter import number_of
from huying.papers.models import Paper, PaperDraft
from huying.papers.rules import fill
from huying.people.models import User

_OVER = (PaperDraft.State.ISSUED, PaperDraft.State.DISCARDED)


def open_replacement(paper: Paper) -> PaperDraft | None:
    """The draft that is under way in this paper's place."""
    return PaperDraft.objects.filter(replaces=paper).exclude(state__in=_OVER).first()


@transaction.atomic
def start_replacement(paper: Paper, *, actor: User) -> PaperDraft:
    """Begin a draft with the text, addressees and enclosures of an issued paper; pressed twice it is the same draft.

    Raises NotAllowed, and Conflict where another paper has taken its place, or somebody else is writing one.
    """
    if not policy.may_replace(actor, paper):
        raise NotAllowed(_("只有发文单位里起草文书的人可以起草替代它的文书。"))
    held = Paper.objects.select_for_update(of=("self",)).select_related("superseded_by").get(pk=paper.pk)
    if held.superseded_by is not None:
        raise Conflict(_("这份文书已经由%s替代，请在那一份上改。") % number_of(held.superseded_by))
    under_way = open_replacement(held)
    if under_way is not None:
        if policy.drafts_for(actor).filter(pk=under_way.pk).exists():
            return under_way
        raise Conflict(_("%s已经在起草替代它的文书。") % (under_way.drafted_by or _("系统")))
    source = PaperDraft.objects.filter(paper=held).first()
    with of_record():
        body = _with_sentence(held)
    draft = start_draft(
        held.kind, title=held.title, body=body, subject_label=held.subject_label, actor=actor, colour=held.colour,
        details=_details(held), link_path=held.link_path, area_path=held.area_path, replaces=held,
    )  # fmt: skip
    if held.subject_kind != "paperdraft":
        draft.subject_kind, draft.subject_id = held.subject_kind, held.subject_id
        draft.save(update_fields=["subject_kind", "subject_id"])
    if source is not None:
        copy_enclosures(source, draft)
    log(held, "paper.replacement_started", actor=actor, draft=draft.pk)
    return draft


def _with_sentence(paper: Paper) -> str:
    """The text, and below it the sentence of its kind that names the old paper."""
    title = "".join(paper.title.split("\n"))
    sentence = fill(kind_rules(paper.kind).replaces, {"number": number_of(paper), "title": title})
    return f"{paper.body.rstrip()}\n{sentence}" if sentence else paper.body


def _details(paper: Paper) -> dict[str, Any]:
    said = dict(paper.details)
    if not said.get("addressees") and (paper.addressee or paper.addressee_name):
        code = {"department": paper.addressee.code} if paper.addressee else {"name": paper.addressee_name}
        said["addressees"] = [code]
    return said
