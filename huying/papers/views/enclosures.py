"""Pictures and attachments at the desk: put to a draft, moved, removed, taken back; downloaded by readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from huying.core.errors import Conflict, Refusal
from huying.core.toasts import toast
from huying.papers import drafting
from huying.papers import enclosures as actions
from huying.papers.forms import DraftForm
from huying.papers.models import PaperAttachment, PaperDraft
from huying.papers.policy import DRAFTING, READING
from huying.papers.views import drafts as pages
from huying.papers.views.paper import paper_for
from huying.people.guards import reader, requires

_BESIDE_TEXT = ("photos", "files")  # where a refusal of an upload is told


@never_cache
@require_POST
@requires("paper.draft")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what was typed, then do one thing with a picture or an attachment; a refusal keeps what was typed."""
    found = pages.draft_for(request, pk)
    found.version = pages.seen_version(request, found)
    form = pages.form_of(request, found, request.POST)
    try:
        before = pages.save_typed(request, found, form)
        words = _do(request, found)
    except Refusal as refusal:
        found.refresh_from_db()
        kept = pages.draft_for(request, pk)
        place = {"enclosure_sentence" if refusal.field in _BESIDE_TEXT else "sentence": str(refusal)}
        return pages.page(request, kept, form, status=refusal.status, **place)
    undo = reverse("papers:draft-take-back", args=[pk, before.number, found.version])
    toast(request, words, undo_url=undo)
    return redirect(f"{reverse('papers:draft', args=[pk])}#enclosures")


def _do(request: HttpRequest, found: PaperDraft) -> str:
    verb, _gap, name = request.POST.get("do", "").partition(" ")
    verbs = {
        "add-pictures": _add_pictures, "attach": _attach, "show": _show, "up": _move, "down": _move, "remove": _remove,
        "attachment-up": _move_attachment, "attachment-down": _move_attachment, "detach": _detach,
        "put-back": _put_back,
    }  # fmt: skip
    if verb not in verbs:
        raise Http404(_("没有这一步。"))
    return verbs[verb](request, found, verb, name)


def _saved(request: HttpRequest, found: PaperDraft, body: str | None = None, **details: Any) -> None:
    drafting.save_draft(
        found, title=found.title, body=found.body if body is None else body,
        details={**found.details, **details}, actor=reader(request),
    )  # fmt: skip


def _add_pictures(request: HttpRequest, found: PaperDraft, _verb: str, _name: str) -> str:
    uploads = request.FILES.getlist("pictures")
    if not uploads:
        raise Refusal(_("请先选择图片。"), field="photos")
    caption, said = request.POST.get("caption", ""), request.POST.get("place", "")
    line = int(said) if said.isdecimal() and len(said) < 6 else None
    body = found.body
    for upload in uploads:
        name = actions.add_picture(found, upload, actor=reader(request))
        if any(each.name == name for each in actions.pictures_in(body)):
            continue
        body = actions.with_picture(body, name, caption[:100], line)
        line = None if line is None else line + 1
    _saved(request, found, body)
    return _("图片已放进正文。")


def _show(request: HttpRequest, found: PaperDraft, _verb: str, name: str) -> str:
    if not found.pictures.filter(name=name).exists():
        raise Conflict(_("没有这张图片，请刷新后再看。"))
    _saved(request, found, actions.with_picture(found.body, name, ""))
    return _("图片已放到正文末尾。")


def _move(request: HttpRequest, found: PaperDraft, verb: str, name: str) -> str:
    _saved(request, found, actions.moved_picture(found.body, name, -1 if verb == "up" else 1))
    return _("图片已移动。")


def _remove(request: HttpRequest, found: PaperDraft, _verb: str, name: str) -> str:
    _saved(request, found, actions.without_picture(found.body, name))
    return _("图片已从正文里拿掉。")


def _attach(request: HttpRequest, found: PaperDraft, _verb: str, _name: str) -> str:
    uploads = request.FILES.getlist("files")
    if not uploads:
        raise Refusal(_("请先选择文件。"), field="files")
    titles = list(found.details.get("attachments", ()))
    for upload in uploads:
        said = request.POST.get("attachment_title", "") if len(uploads) == 1 else ""
        title = actions.add_attachment(found, upload, title=said, actor=reader(request))
        if title not in titles:
            titles.append(title)
    _saved(request, found, attachments=titles)
    return _("附件已加上。")


def _titles(found: PaperDraft, title: str) -> list[str]:
    titles = [str(each) for each in found.details.get("attachments", ())]
    if title not in titles:
        raise Conflict(_("已经没有这个附件了，请刷新后再看。"))
    return titles


def _move_attachment(request: HttpRequest, found: PaperDraft, verb: str, title: str) -> str:
    titles = _titles(found, title)
    at = titles.index(title)
    titles.insert(max(at - 1, 0) if verb == "attachment-up" else at + 1, titles.pop(at))
    _saved(request, found, attachments=titles)
    return _("附件的顺序已改。")


def _detach(request: HttpRequest, found: PaperDraft, _verb: str, title: str) -> str:
    _saved(request, found, attachments=[each for each in _titles(found, title) if each != title])
    return _("附件已拿掉。")


def _put_back(request: HttpRequest, found: PaperDraft, _verb: str, title: str) -> str:
    if not found.attachments.filter(title=title).exists():
        raise Conflict(_("已经没有这个附件了，请刷新后再看。"))
    titles = list(found.details.get("attachments", ()))
    _saved(request, found, attachments=[*(each for each in titles if each != title), title])
    return _("附件已加上。")


@require_POST
@requires("paper.draft")
def take_back(request: HttpRequest, pk: int, number: int, seen: int) -> HttpResponse:
    """Put the text back as it was before the last change, while nobody has written since."""
    found = pages.draft_for(request, pk)
    version = found.versions.filter(number=number).first()
    if version is None or found.version != seen:
        raise Conflict(_("文稿后来又改过，不能直接撤销。可以在“历次文稿”里恢复那一稿。"))
    drafting.restore_version(found, version, actor=reader(request))
    toast(request, _("已撤销。"))
    return redirect(f"{reverse('papers:draft', args=[pk])}#enclosures")


# -- downloads -----------------------------------------------------------------------------------------------


@never_cache
@require_safe
@requires(*DRAFTING)
def of_draft(request: HttpRequest, pk: int, attachment_pk: int) -> HttpResponse:
    """An attachment of a draft."""
    return _file(pages.draft_for(request, pk), attachment_pk)


@never_cache
@require_safe
@requires(*READING)
def of_paper(request: HttpRequest, pk: int, attachment_pk: int) -> HttpResponse:
    """An attachment of an issued paper, for everybody who reads it."""
    paper = paper_for(request, pk)
    return _file(PaperDraft.objects.filter(paper=paper).first(), attachment_pk, paper.details)


def _file(draft: PaperDraft | None, pk: int, details: Any = None) -> HttpResponse:
    rows = PaperAttachment.objects.filter(pk=pk, draft=draft).select_related("file") if draft else None
    row = rows.first() if rows is not None else None
    if row is None or (details is not None and row.title not in details.get("attachments", ())):
        raise Http404(_("没有这个附件。"))
    try:
        response = FileResponse(row.file.file.open("rb"), content_type="application/octet-stream")
    except FileNotFoundError:
        raise Http404(_("没有这个附件。")) from None
    name = quote(f"{row.title}{Path(str(row.file)).suffix}", safe="")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return cast(HttpResponse, response)


def shown(draft: PaperDraft, form: DraftForm | None = None) -> dict[str, Any]:
    """Pictures and attachments as the draft's page lists them: those in the text, and those that were taken out."""
    body = form.data.get("body", draft.body) if form is not None and form.is_bound else draft.body
    known = {row.name: row for row in draft.pictures.select_related("file")}
    there = [
        {"name": each.name, "caption": each.caption, "file": known[each.name].file}
        for each in actions.pictures_in(body) if each.name in known
    ]  # fmt: skip
    names = {each["name"] for each in there}
    attached = actions.attachments_of(draft.details.get("attachments", ()), draft)
    titles = {each.title for each in attached}
    return {
        "pictures": there, "pictures_out": [row for row in known.values() if row.name not in names and row.file],
        "attached": attached, "attached_out": [row for row in draft.attachments.all() if row.title not in titles],
    }  # fmt: skip
