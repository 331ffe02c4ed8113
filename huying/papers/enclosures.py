"""Pictures and attachments of a draft: uploaded through `core/files`, named in the text, there in every later version.

The text is the truth: a picture stands where `![caption](picture:name)` stands, an attachment where its title does. To
move or remove one is a change of the text like any other, kept as a version and taken back like one; what was
uploaded stays with the draft, so that an earlier text still has its pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.files import Upload, store_document, store_photo
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.papers import policy
from huying.papers.blocks import Picture, blocks_of, mark_of
from huying.papers.details import MOST
from huying.papers.models import PaperAttachment, PaperDraft, PaperPicture
from huying.people.models import User

MOST_PICTURES = 40
LONGEST_TITLE = 120
_ROW = re.compile(r"\s*\|.*\|\s*")
_MARK = re.compile(r"\s*!\[[^\]]*\]\(picture:([^)\s]+)\)\s*")
_NUMBERED = re.compile(r"photo-(\d+)")


# -- the text ------------------------------------------------------------------------------------------------


def pictures_in(body: str) -> list[Picture]:
    """The pictures that a text names, in their order, each once."""
    found = [block for block in blocks_of(body) if isinstance(block, Picture)]
    return list({each.name: each for each in reversed(found)}.values())[::-1]


def with_picture(body: str, name: str, caption: str, after_line: int | None = None) -> str:
    """The text with a picture after this line (from 1; never inside a table), else at its end."""
    lines = body.splitlines()
    at = len(lines) if after_line is None else max(0, min(after_line, len(lines)))
    while 0 < at < len(lines) and _is_row(lines[at - 1]) and _is_row(lines[at]):
        at += 1
    return "\n".join([*lines[:at], mark_of(name, caption), *lines[at:]])


def without_picture(body: str, name: str) -> str:
    """The text without the line of this picture. Conflict when it is not there."""
    lines = body.splitlines()
    del lines[_line_of(lines, name)]
    return "\n".join(lines)


def moved_picture(body: str, name: str, step: int) -> str:
    """The text with the picture one paragraph (or one whole table) further up, step -1, or down, step 1."""
    lines = body.splitlines()
    at = _line_of(lines, name)
    mark = lines.pop(at)
    if step < 0:
        while at and not lines[at - 1].strip():
            at -= 1
        table = at and _is_row(lines[at - 1])
        at = max(at - 1, 0)
        while table and at and _is_row(lines[at - 1]):
            at -= 1
    else:
        while at < len(lines) and not lines[at].strip():
            at += 1
        table = at < len(lines) and _is_row(lines[at])
        at = min(at + 1, len(lines))
        while table and at < len(lines) and _is_row(lines[at]):
            at += 1
    lines.insert(at, mark)
    return "\n".join(lines)


def captioned(body: str, captions: Mapping[str, str]) -> str:
    """The text with other words below these pictures."""
    lines = body.splitlines()
    for place, line in enumerate(lines):
        found = _MARK.fullmatch(line)
        if found and found[1] in captions:
            lines[place] = mark_of(found[1], captions[found[1]])
    return "\n".join(lines)


def _line_of(lines: list[str], name: str) -> int:
    for place, line in enumerate(lines):
        found = _MARK.fullmatch(line)
        if found and found[1] == name:
            return place
    raise Conflict(_("正文里已经没有这张图片了，请刷新后再看。"))


def _is_row(line: str) -> bool:
    return _ROW.fullmatch(line) is not None


# -- what was uploaded ---------------------------------------------------------------------------------------


@transaction.atomic
def add_picture(draft: PaperDraft, upload: Upload, *, actor: User) -> str:
    """Keep a picture with the draft; the name by which the text shows it. The same picture again has the same name."""
    held = _held(draft, actor)
    stored = store_photo(upload, by=actor)
    if known := held.pictures.filter(file=stored).first():
        return known.name
    names = set(held.pictures.values_list("name", flat=True))
    if len(names) >= MOST_PICTURES:
        raise Refusal(_("一份文稿最多放 %d 张图片。") % MOST_PICTURES, field="photos")
    last = max((int(found[1]) for name in names if (found := _NUMBERED.fullmatch(name))), default=0)
    name = f"photo-{last + 1}"
    PaperPicture.objects.create(draft=held, name=name, file=stored)
    log(held, "draft.picture_put", actor=actor, name=name, size=stored.size, sha256=stored.sha256)
    return name


@transaction.atomic
def add_attachment(draft: PaperDraft, upload: Any, *, title: str = "", actor: User) -> str:
    """Keep a file with the draft; the title under which it is attached. Without one it is the file's name."""
    held = _held(draft, actor)
    stored = store_document(upload, by=actor)
    said = _plain(title) or _plain(Path(str(getattr(upload, "name", ""))).stem) or _("附件")
    known = {row.title: row.file_id for row in held.attachments.all()}
    if len(known) >= MOST:
        raise Refusal(_("最多 %d 个。") % MOST, field="files")
    wanted, number = said, 1
    while wanted in known and known[wanted] != stored.pk:
        number += 1
        wanted = f"{said[: LONGEST_TITLE - 5]}（{number}）"
    if wanted not in known:
        PaperAttachment.objects.create(draft=held, title=wanted, file=stored)
        log(held, "draft.file_attached", actor=actor, title=wanted, size=stored.size, sha256=stored.sha256)
    return wanted


def _held(draft: PaperDraft, actor: User) -> PaperDraft:
    policy.require_edit(actor, draft)
    return PaperDraft.objects.select_for_update().get(pk=draft.pk)


def _plain(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip()[:LONGEST_TITLE]


@transaction.atomic
def copy_enclosures(source: PaperDraft, target: PaperDraft) -> None:
    """What was uploaded to one draft for another one that has its text."""
    PaperPicture.objects.bulk_create(
        PaperPicture(draft=target, name=row.name, file=row.file, data=bytes(row.data))
        for row in source.pictures.all()
    )
    PaperAttachment.objects.bulk_create(
        PaperAttachment(draft=target, title=row.title, file=row.file) for row in source.attachments.all()
    )


# -- what is shown -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attached:
    """A line of 附件: its title, and its file where there is one."""

    number: int
    title: str
    row: PaperAttachment | None

    @property
    def kind(self) -> str:
        """pdf, docx, jpg: how the file ends."""
        return Path(str(self.row.file)).suffix.lstrip(".") if self.row else ""

    @property
    def size_kb(self) -> int:
        """In whole kilobytes, at least one."""
        return max(1, round(self.row.file.size / 1024)) if self.row else 0


def attachments_of(titles: object, draft: PaperDraft | None) -> list[Attached]:
    """The attachments that a paper names, in their order, each with its file where it was uploaded."""
    rows = {row.title: row for row in draft.attachments.select_related("file")} if draft and titles else {}
    said = [str(each) for each in titles] if isinstance(titles, list | tuple) else []
    return [Attached(place, title, rows.get(title)) for place, title in enumerate(said, start=1)]


def may_open_of_paper(request: Any, file: StoredFile) -> bool:
    """Whoever may read a draft or the paper that came of it may open its pictures and attachments."""
    user = request.user
    drafts = PaperDraft.objects.filter(pictures__file=file) | PaperDraft.objects.filter(
        attachments__file=file
    )
    keys = list(drafts.values_list("pk", "paper"))
    if not keys or not user.is_authenticated:
        return False
    if policy.drafts_for(user).filter(pk__in=[pk for pk, _paper in keys]).exists():
        return True
    return policy.papers_for(user).filter(pk__in=[paper for _pk, paper in keys if paper]).exists()
