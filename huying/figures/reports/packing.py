"""A meeting's material in one zip: contents, each brief as .pdf, .docx and .xlsx, each table and figure as .xlsx.

War maps go along as they are printed (.pdf), the projects as their ledger (.xlsx).

Everything is of one moment, and stays as it was made. What an issued brief says is frozen anyway; drafts and live
tables are as of the moment of the pack.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.core.temporal import as_of
from huying.figures.appraisals.actions import corrected_lines
from huying.figures.appraisals.counting import compute
from huying.figures.appraisals.exports import workbook
from huying.figures.appraisals.models import Appraisal
from huying.figures.appraisals.views import letter_of_table
from huying.figures.briefs.exports import numbers_file
from huying.figures.briefs.models import BriefRun
from huying.figures.briefs.views import letter_for
from huying.figures.counting import UnknownFigure, count, figure
from huying.figures.exports import export_rows
from huying.figures.meaning import meaning
from huying.figures.models import Figure
from huying.figures.reports.models import MeetingPack
from huying.inspections.campaigns.ranking import periods_back
from huying.papers import render as rendering
from huying.papers.blocks import blocks_of
from huying.papers.letter import Letter, issuer
from huying.papers.policy import drafts_for
from huying.people.access import can
from huying.people.models import User
from huying.targets.projects.models import WarMap
from huying.targets.projects.printing import ledger, ledgers_for, war_map_pdf, war_maps_for

MOST_ITEMS = 60
KINDS = ("brief", "appraisal", "war-map", "projects", "figure")
State = MeetingPack.State


@dataclass(frozen=True)
class Part:
    """One thing of the pack: its title and its files."""

    title: str
    files: tuple[tuple[str, bytes], ...]  # (suffix, content)


@transaction.atomic
def order_pack(
    *, title: str, items: list[dict[str, str]], actor: User, at: dt.datetime | None = None
) -> MeetingPack:
    """Ask for a meeting's material; a job makes it."""
    from huying.figures.reports.jobs import make_meeting_pack

    if not can(actor, "figure.view"):
        raise NotAllowed(_("生成会议材料要有“查看数字”的权限。"))
    title = title.strip()[:120]
    if not title:
        raise Refusal(_("请写会议材料的名称。"), field="title")
    if not items:
        raise Refusal(_("至少选一样：简报、考核表、挂图、项目台账或数字。"), field="items")
    if len(items) > MOST_ITEMS:
        raise Refusal(_("一次最多选 %d 样。") % MOST_ITEMS, field="items")
    pack = MeetingPack.objects.create(title=title, items=items, at=at or timezone.now(), made_by=actor)
    log(pack, "meeting_pack.ordered", actor=actor, title=title, items=items)
    make_meeting_pack.defer(pack_id=pack.pk)
    return pack


def make(pack_id: int) -> MeetingPack | None:
    """Make the pack. One worker makes it; a job that runs twice makes the same."""
    pack = MeetingPack.objects.filter(pk=pack_id).exclude(state=State.READY).select_related("made_by").first()
    if pack is None:
        return None
    MeetingPack.objects.filter(pk=pack.pk).update(state=State.MAKING, done=0, error="")
    contents: list[dict[str, Any]] = []
    out = io.BytesIO()
    try:
        with of_record(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, item in enumerate(pack.items, start=1):
                part = made(item, pack)
                names = [f"{number:02d} {safe_name(part.title)}.{suffix}" for suffix, _content in part.files]
                for name, (_suffix, content) in zip(names, part.files, strict=True):
                    archive.writestr(name, content)
                contents.append({"title": part.title, "files": names})
                MeetingPack.objects.filter(pk=pack.pk).update(done=number)
            for suffix, content in _files(contents_letter(pack, contents)):
                archive.writestr(f"00 {_('目录')}.{suffix}", content)
    except (Refusal, LookupError) as error:
        MeetingPack.objects.filter(pk=pack.pk).update(state=State.FAILED, error=str(error)[:300])
        return None
    return _keep(pack, contents, out.getvalue())


def _keep(pack: MeetingPack, contents: list[dict[str, Any]], body: bytes) -> MeetingPack:
    pack.refresh_from_db()
    pack.contents, pack.state, pack.made_at = contents, State.READY, timezone.now()
    pack.file.save(f"{pack.token}.zip", ContentFile(body), save=False)
    pack.save(update_fields=["contents", "state", "made_at", "file"])
    log(
        pack,
        "meeting_pack.made",
        actor=None,
        files=sum(len(each["files"]) for each in contents),
        sha256=hashlib.sha256(body).hexdigest(),
    )
    return pack


def made(item: dict[str, str], pack: MeetingPack) -> Part:
    """One item of the pack, as of its moment. Raises Refusal for what is gone, or what its maker may not see."""
    makers: dict[str, Callable[[str, MeetingPack], Part]] = {
        "brief": _brief,
        "appraisal": _appraisal,
        "war-map": _war_map,
        "projects": _projects,
        "figure": _figure,
    }
    if item.get("kind") not in makers:
        raise Refusal(_("会议材料里没有“%(kind)s”这一类。") % {"kind": item.get("kind", "")})
    with as_of(pack.at):
        return makers[item["kind"]](item["code"], pack)


def _brief(token: str, pack: MeetingPack) -> Part:
    run = BriefRun.objects.filter(token=token).select_related("brief", "draft", "draft__paper").first()
    seen = run is not None and (
        run.counted_at is not None or drafts_for(pack.made_by).filter(brief_run=run).exists()
    )
    if run is None or run.draft is None or not seen:
        raise Refusal(_("没有这份简报，或者它还没有送到您这里。"))
    files = [*_files(letter_for(run, run.draft)), ("xlsx", _read(numbers_file(run, run.draft)))]
    return Part(run.draft.title, tuple(files))


def _appraisal(code: str, pack: MeetingPack) -> Part:
    found = Appraisal.objects.get(code=code)
    period = periods_back(found.rules.every, timezone.localdate(pack.at), 2)[1]
    table = found.tables.filter(period=period.name).first()
    rules = table.rules if table else found.rules
    lines = corrected_lines(table) if table else compute(found, period, pack.at)[0]
    at = table.at if table else pack.at
    book = workbook(
        rules, lines, [(_("时段"), period.name), (_("截至"), f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}")]
    )
    return Part(
        f"{rules.title} {period.name}", (*_files(letter_of_table(rules, lines, period, at)), ("xlsx", book))
    )


def _figure(code: str, pack: MeetingPack) -> Part:
    try:
        value = count(figure(code), None, pack.at)
    except UnknownFigure:
        raise Refusal(_("“%(code)s”不在区包里了。") % {"code": code}) from None
    if not value.rules.of:
        return Part(
            f"{value.rules.title} {value.text}",
            (("txt", "\n".join([value.text, *meaning(value.rules, None, pack.at)]).encode()),),
        )
    return Part(
        f"{value.rules.title} {value.text}",
        (("xlsx", _read(export_rows(value, meaning(value.rules, None, pack.at), pack.made_by))),),
    )


def _war_map(code: str, pack: MeetingPack) -> Part:
    found = WarMap.objects.filter(code=code, active=True).first()
    if found is None or code not in dict(war_maps_for(pack.made_by)):
        raise Refusal(_("没有这张挂图。"))
    return Part(f"{found}", (("pdf", war_map_pdf(found, pack.made_by)),))


def _projects(code: str, pack: MeetingPack) -> Part:
    if code not in dict(ledgers_for(pack.made_by)):
        raise Refusal(_("没有这份项目台账，或者您不能看项目。"))
    title, book = ledger(code, pack.made_by)
    return Part(_("项目台账 %(title)s") % {"title": title}, (("xlsx", _read(book)),))


def _files(letter: Letter) -> Iterator[tuple[str, bytes]]:
    yield "docx", rendering.docx_of(letter)
    try:
        yield "pdf", rendering.pdf_of(letter)
    except Refusal:
        return  # this server makes no PDF: the Word file is there


def _read(response: FileResponse) -> bytes:
    # Not `response.close()`: that ends a request, and the connection with it.
    file = response.file_to_stream
    assert file is not None
    with file:
        return bytes(file.read())


def contents_letter(pack: MeetingPack, contents: list[dict[str, Any]]) -> Letter:
    """The table of contents."""
    local = timezone.localtime(pack.at)
    rows = [
        f"| {number} | {each['title'].replace('|', '／')} | {_suffixes(each['files'])} |"
        for number, each in enumerate(contents, start=1)
    ]
    body = "\n".join(
        [
            _("各项数据截至 %(moment)s。") % {"moment": f"{local:%Y-%m-%d %H:%M}"},
            f"| {_('序号')} | {_('材料')} | {_('文件')} |",
            *rows,
        ]
    )
    return Letter(
        mark="",
        head=issuer(),
        number="",
        title=pack.title,
        addressee="",
        blocks=blocks_of(body),
        signature=issuer(),
        date=f"{local.year}年{local.month}月{local.day}日",
        colour="",
    )


def _suffixes(names: list[str]) -> str:
    return "、".join(name.rsplit(".", 1)[1] for name in names)


def safe_name(title: str) -> str:
    """A title as the name of a file."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', "_", title).strip(" .")[:80]


def choices_for(user: User) -> dict[str, list[tuple[str, str]]]:
    """What this person may put into a pack: briefs that are issued or being written, appraisals, figures."""
    runs = BriefRun.objects.select_related("draft").filter(draft__isnull=False)
    mine = runs.filter(counted_at=None, draft__state="draft", draft__in=drafts_for(user)) | runs.filter(
        counted_at__isnull=False
    )
    return {
        "brief": [(run.token, run.draft.title) for run in mine.distinct()[:40] if run.draft],
        "appraisal": [(row.code, str(row)) for row in Appraisal.objects.filter(active=True)],
        "war-map": war_maps_for(user),
        "projects": ledgers_for(user),
        "figure": [(row.code, str(row)) for row in Figure.objects.filter(active=True)],
    }
