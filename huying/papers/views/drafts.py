"""One draft at the desk: written with its preview beside it, compared, handed on, signed, issued."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.core.errors import Conflict, Refusal
from huying.core.toasts import toast
from huying.papers import drafting, policy
from huying.papers import render as rendering
from huying.papers.enclosures import captioned
from huying.papers.forms import DraftForm, StartForm
from huying.papers.kinds import kind_rules, kinds, title_of_kind
from huying.papers.letter import letter_of_draft, number_of
from huying.papers.models import PaperDraft, PaperVersion
from huying.papers.subjects import about
from huying.people.guards import reader, requires

State = PaperDraft.State
DRAFTING = policy.DRAFTING


def draft_for(request: HttpRequest, pk: int) -> PaperDraft:
    """The draft; 404 for one that the reader may not see."""
    rows = policy.drafts_for(request.user).select_related(
        "department", "drafted_by", "submitted_by", "reviewed_by", "signed_by", "paper", "replaces"
    )
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(_("没有这份文稿，或者它还没有送到您这里。"))
    return found


@never_cache
@require_http_methods(["GET", "POST"])
@requires("paper.draft")
def start(request: HttpRequest) -> HttpResponse:
    """Choose a kind and begin."""
    known = kinds()
    titles = {code: title_of_kind(rules) for code, rules in known.items()}
    form = StartForm(request.POST or None, kinds=titles, initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        draft = drafting.start_draft(
            form.cleaned_data["kind"], subject_label=form.cleaned_data["subject"], actor=reader(request)
        )
        return redirect("papers:draft", pk=draft.pk)
    context = {"form": form, "kinds": [(rules, titles[code]) for code, rules in known.items()]}
    return render(request, "papers/desk/start.html", context, status=422 if request.method == "POST" else 200)


@never_cache
@require_safe
@requires(*DRAFTING)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft: an editor for those who may write, the text and the next steps for the others."""
    found = draft_for(request, pk)
    return page(request, found, form_of(request, found))


def form_of(request: HttpRequest, found: PaperDraft, data: Any = None) -> DraftForm:
    """The form of the draft, with what was typed."""
    return DraftForm(data, rules=kind_rules(found.kind), draft=found, reader=reader(request))


def page(
    request: HttpRequest,
    found: PaperDraft,
    form: DraftForm,
    *,
    sentence: str = "",
    enclosure_sentence: str = "",
    status: int = 200,
) -> HttpResponse:
    """The draft's page; the sentences say why something was refused, the second one beside the uploads."""
    from huying.papers.views.enclosures import shown

    user = reader(request)
    edits = policy.may_edit(user, found)
    context = {
        "about": about(reader(request), found),
        "draft": found,
        "kind_title": title_of_kind(kind_rules(found.kind)),
        "rules": kind_rules(found.kind),
        "form": form,
        "letter": letter_of_draft(found),
        "may_edit": edits,
        "may_undo": drafting.may_undo(user, found),
        "steps": _steps(user, found),
        "comments": found.comments.select_related("by"),
        "versions": found.versions.count(),
        "sentence": sentence,
        "enclosure_sentence": enclosure_sentence,
        **shown(found, form),
        "number": number_of(found.paper) if found.paper else "",
    }
    return render(request, "papers/desk/draft.html", context, status=status)


def _steps(user: Any, found: PaperDraft) -> dict[str, bool]:
    """What this person can do with the draft now."""
    state = found.state
    review = state == State.IN_REVIEW and policy.may_step(user, "paper.review", found)
    sign = state == State.TO_SIGN and policy.may_step(user, "paper.sign", found)
    issue = state == State.SIGNED and policy.may_step(user, "paper.issue", found)
    return {"approve": review, "sign": sign, "issue": issue, "return": review or sign or issue}


@require_POST
@requires("paper.draft")
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet with the words as they stand in the form, saved or not."""
    found = draft_for(request, pk)
    form = form_of(request, found, request.POST)
    form.is_valid()
    said = form.cleaned_data
    try:
        details = form.details()
    except (KeyError, Refusal):
        details = found.details
    letter = letter_of_draft(
        found,
        title=said.get("title") or found.title,
        body=captioned(said.get("body", request.POST.get("body", "")), changed_captions(request)),
        details=details,
    )
    return render(request, "papers/_letter.html", {"letter": letter})


@require_POST
@requires("paper.draft")
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Save: by the button, by the editor itself (it wants JSON), or on the way to the next step."""
    found = draft_for(request, pk)
    own = request.headers.get("Accept", "").startswith("application/json")
    found.version = seen_version(request, found)
    form = form_of(request, found, request.POST)
    try:
        kept = save_typed(request, found, form, auto=own)
        if request.POST.get("submit"):
            drafting.submit_draft(found, actor=reader(request))
    except Refusal as refusal:
        if own:
            return JsonResponse({"sentence": str(refusal)}, status=refusal.status)
        if refusal.field in form.fields and refusal.field not in form.errors:
            form.add_error(refusal.field, str(refusal))
        found.refresh_from_db()
        return page(request, found, form, sentence=str(refusal), status=refusal.status)
    if own:
        words = _("已保存，第 %d 稿") % kept.number
        return JsonResponse({"version": found.version, "number": kept.number, "words": words})
    if request.POST.get("submit"):
        toast(request, _("已送出：%s。") % found.get_state_display(), undo_url=_undo(found))
        return redirect("papers:drafts")
    toast(request, _("已保存，第 %d 稿。") % kept.number)
    return redirect("papers:draft", pk=pk)


def save_typed(
    request: HttpRequest, found: PaperDraft, form: DraftForm, *, auto: bool = False
) -> PaperVersion:
    """Save what stands in the form, captions of pictures too. Raises Refusal."""
    if not form.is_valid():
        raise Refusal(next(iter(form.errors.values()))[0], field=next(iter(form.errors)))
    said = form.cleaned_data
    return drafting.save_draft(
        found, title=said["title"], body=captioned(said["body"], changed_captions(request)), details=form.details(),
        actor=reader(request), auto=auto,
    )  # fmt: skip


def changed_captions(request: HttpRequest) -> dict[str, str]:
    """The captions that were changed in their own fields, by the name of the picture."""
    found = {}
    for key in request.POST:
        name, words = key.removeprefix("caption:"), request.POST.get(key, "")
        if name != key and words != request.POST.get(f"caption-was:{name}", words):
            found[name] = words[:100]
    return found


def seen_version(request: HttpRequest, found: PaperDraft) -> int:
    """The version that the writer had in front of them."""
    seen = request.POST.get("version", "")
    return int(seen) if seen.isdecimal() and len(seen) < 9 else found.version


def _undo(found: PaperDraft) -> str:
    return reverse("papers:draft-step", args=[found.pk, "undo"]) if found.stepped_from else ""


@require_POST
@requires(*DRAFTING)
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """One step; a refusal shows the draft again with its sentence."""
    found, user = draft_for(request, pk), reader(request)
    found.version = seen_version(request, found)
    words = request.POST.get("words", "")
    try:
        if step == "comment":
            drafting.comment_on(found, words=words, actor=user)
            toast(request, _("意见已记下。"))
            return redirect("papers:draft", pk=pk)
        try:
            drafting.take_step(found, step, actor=user, words=words)
        except KeyError:
            raise Http404(_("没有这一步。")) from None
        if found.paper is not None:
            toast(request, _("已印发：%s。") % number_of(found.paper))
            return redirect("papers:paper", pk=found.paper.pk)
    except Conflict as refusal:
        return page(
            request,
            draft_for(request, pk),
            form_of(request, found),
            sentence=str(refusal),
            status=refusal.status,
        )
    undo = "" if step == "undo" else _undo(found)
    toast(request, _("现在是“%s”。") % found.get_state_display(), undo_url=undo)
    seen = policy.drafts_for(user).filter(pk=pk).exists()
    return redirect("papers:draft", pk=pk) if seen else redirect("papers:drafts")


@require_safe
@requires(*DRAFTING)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft as it would look, without a number and without a seal."""
    found = draft_for(request, pk)
    response = HttpResponse(rendering.pdf_of(letter_of_draft(found)), content_type="application/pdf")
    response["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(_('文稿'))}-{found.pk}.pdf"
    return response


# -- versions ------------------------------------------------------------------------------------------------


@require_safe
@requires(*DRAFTING)
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Every saved text, and two of them side by side."""
    found = draft_for(request, pk)
    rows = list(found.versions.select_related("by").defer("body"))
    newest = rows[0].number if rows else 1
    new = _chosen(request, "b", newest)
    old = _chosen(request, "a", max(new - 1, 1))
    left = get_object_or_404(found.versions, number=old)
    right = get_object_or_404(found.versions, number=new)
    context = {
        "draft": found, "rows": rows, "left": left, "right": right, "lines": list(side_by_side(left, right)),
        "may_edit": policy.may_edit(reader(request), found),
    }  # fmt: skip
    return render(request, "papers/desk/versions.html", context)


def _chosen(request: HttpRequest, name: str, default: int) -> int:
    said = request.GET.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 7 else default


def side_by_side(left: PaperVersion, right: PaperVersion) -> Iterator[tuple[str, str, str]]:
    """(what, left, right) line by line: `same`, `changed`, `gone` or `new`."""
    before, after = _lines(left), _lines(right)
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (("same", line, line) for line in before[a:b])
            continue
        for place in range(max(b - a, d - c)):
            one = before[a + place] if a + place < b else ""
            two = after[c + place] if c + place < d else ""
            yield ("changed" if one and two else "gone" if one else "new"), one, two


def _lines(version: PaperVersion) -> list[str]:
    return [version.title, *version.body.splitlines()]


@require_POST
@requires("paper.draft")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an earlier text back."""
    found = draft_for(request, pk)
    said = request.POST.get("number", "")
    version = get_object_or_404(found.versions, number=int(said) if said.isdecimal() else 0)
    kept = drafting.restore_version(found, version, actor=reader(request))
    toast(
        request,
        _("已恢复第 %(old)d 稿，现在是第 %(new)d 稿。") % {"old": version.number, "new": kept.number},
    )
    return redirect("papers:draft", pk=pk)
