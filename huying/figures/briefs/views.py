"""Briefs at the desk: all of them, one with its issues, the editor; the numbers of an issued paper."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.core.errors import Refusal
from huying.core.toasts import toast
from huying.figures.briefs import actions
from huying.figures.briefs.composing import codes_of, period_words
from huying.figures.briefs.exports import numbers_file
from huying.figures.briefs.finding import doubts, loose_numbers, suggestions, unknown_tokens
from huying.figures.briefs.models import Brief, BriefRun
from huying.figures.counting import UnknownFigure
from huying.figures.policy import is_staff_reader, may_see
from huying.figures.publishing import Recount, recount
from huying.figures.views.desk.figures import base_for
from huying.inspections.campaigns.rules import Span
from huying.papers import render as rendering
from huying.papers.blocks import blocks_of
from huying.papers.drafting import save_draft, submit_draft
from huying.papers.kinds import kind_rules
from huying.papers.letter import Letter, letter_of, letter_of_draft, number_of
from huying.papers.models import PaperDraft
from huying.papers.policy import drafts_for, may_edit
from huying.people.access import can
from huying.people.guards import check, reader, requires

VIEW, WRITE = "figure.view", "brief.write"
ISSUES = 60
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class DaysForm(forms.Form):
    """Which days an issue is about."""

    first = forms.DateField(
        label=gettext_lazy("从"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("不填：从最早的记录起。"),
    )
    last = forms.DateField(
        label=gettext_lazy("截至"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class TextForm(forms.Form):
    """The words of a draft."""

    title = forms.CharField(label=gettext_lazy("标题"), max_length=200)
    body = forms.CharField(
        label=gettext_lazy("正文"),
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "{代码} 是一个数，印发时换成那一刻数出来的值；其余文字随意改。表格写 {代码:by subdistrict}，单独一行。"
        ),
    )


@never_cache
@require_safe
@requires(VIEW, WRITE)
def briefs(request: HttpRequest) -> HttpResponse:
    """All briefs with their drafts, and what was issued when."""
    runs = BriefRun.objects.select_related("brief", "draft", "draft__paper")
    mine = drafts_for(reader(request))
    context = {
        "briefs": [
            {"brief": row, "rules": row.rules, "last": row.runs.filter(counted_at__isnull=False).first()}
            for row in Brief.objects.filter(active=True)
        ],
        "drafts": runs.filter(counted_at=None, draft__in=mine).exclude(
            draft__state=PaperDraft.State.DISCARDED
        )[:ISSUES],
        "issued": [
            {"run": run, "number": number_of(run.draft.paper) if run.draft and run.draft.paper else ""}
            for run in runs.filter(counted_at__isnull=False).order_by("-counted_at")[:ISSUES]
        ],
        "may_write": can(request.user, WRITE),
    }
    return render(request, "figures/briefs/briefs.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW, WRITE)
def brief_page(request: HttpRequest, code: str) -> HttpResponse:
    """One brief: its text, its issues; POST begins an issue."""
    brief = Brief.objects.filter(code=code, active=True).first()
    if brief is None:
        raise Http404(_("没有这种简报。请从“简报”页面里找。"))
    rules = brief.rules
    span = rules.span(timezone.localdate())
    posted = request.method == "POST"
    form = DaysForm(request.POST if posted else None, initial={"first": span.first, "last": span.last})
    if posted and form.is_valid():
        asked = Span(form.cleaned_data["first"], form.cleaned_data["last"])
        try:
            run = actions.start_brief(brief, actor=reader(request), span=asked)
        except Refusal as refusal:
            form.add_error("last" if refusal.field else None, str(refusal))
        else:
            return redirect(run.get_absolute_url())
    context = {
        "brief": brief,
        "rules": rules,
        "form": form,
        "may_write": can(request.user, WRITE),
        "runs": brief.runs.select_related("draft", "draft__paper").exclude(
            draft__state=PaperDraft.State.DISCARDED
        )[:ISSUES],
        "pieces": rules.pieces,
        "kind": kind_rules(rules.paper),
    }
    return render(request, "figures/briefs/brief.html", context, status=422 if posted else 200)


def run_for(request: HttpRequest, token: str) -> tuple[BriefRun, PaperDraft]:
    """The issue and its draft; 404 for one that the reader may not see."""
    found = (
        BriefRun.objects.filter(token=token.lower()).select_related("brief", "draft", "draft__paper").first()
    )
    seen = found is not None and (
        found.counted_at is not None or drafts_for(reader(request)).filter(brief_run=found).exists()
    )
    if found is None or found.draft is None or not seen:
        raise Http404(_("没有这份简报，或者它还没有送到您这里。"))
    return found, found.draft


def letter_for(run: BriefRun, draft: PaperDraft, title: str = "", body: str = "") -> Letter:
    """The paper as it is, or as it would be issued now, every number leading to its rows."""
    if draft.paper is not None:
        return letter_of(draft.paper)
    return letter_of_draft(draft, title=title or None, body=body or None)


@never_cache
@require_safe
@requires(VIEW, WRITE)
def run_page(request: HttpRequest, token: str) -> HttpResponse:
    """The editor with the preview beside it; once it is issued, the paper with its numbers."""
    run, draft = run_for(request, token)
    return _page(request, run, draft, TextForm(initial={"title": draft.title, "body": draft.body}))


def _page(
    request: HttpRequest,
    run: BriefRun,
    draft: PaperDraft,
    form: TextForm,
    sentence: str = "",
    status: int = 200,
) -> HttpResponse:
    user = reader(request)
    context = {
        "run": run,
        "draft": draft,
        "form": form,
        "letter": letter_for(run, draft),
        "sentence": sentence,
        "may_edit": run.counted_at is None and may_edit(user, draft) and can(user, WRITE),
        "number": number_of(draft.paper) if draft.paper else "",
        "translated": bool(run.brief.rules.en),
        "period": period_words(run.span),
        **(_findings(run, draft.body) if run.counted_at is None else {}),
    }
    return render(request, "figures/briefs/run.html", context, status=status)


def _findings(run: BriefRun, body: str) -> dict[str, Any]:
    composer, rules = actions.composer_for(run), run.brief.rules
    codes = codes_of(body)
    loose = loose_numbers(body, run, rules)
    found = doubts(run, body, composer)
    unknown = unknown_tokens(body)
    open_loose = [each for each in loose if not each.source]
    return {
        "loose": [(each, [] if each.source else suggestions(each, composer, codes)) for each in loose],
        "doubts": found,
        "unknown": unknown,
        "values": [(code, composer.value(code)) for code in codes if composer.value(code) is not None],
        "open": len(open_loose) + len(unknown) + sum(1 for each in found if not each.confirmed),
    }


@require_POST
@requires(WRITE)
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The sheet and the findings for the words as they stand in the form, saved or not."""
    run, draft = run_for(request, token)
    body = request.POST.get("body", "")
    letter = letter_for(run, draft, request.POST.get("title", ""), body)
    context = {
        "letter": letter,
        "run": run,
        "draft": draft,
        "unsaved": body != draft.body,
        **_findings(run, body),
    }
    return render(request, "figures/briefs/_side.html", context)


@require_POST
@requires(WRITE)
def save(request: HttpRequest, token: str) -> HttpResponse:
    """Save the words; with `submit` hand them on when nothing is unsettled."""
    run, draft = run_for(request, token)
    form = TextForm(request.POST)
    draft.version = _version(request, draft)
    try:
        if not form.is_valid():
            raise Refusal(next(iter(form.errors.values()))[0])
        save_draft(
            draft, title=form.cleaned_data["title"], body=form.cleaned_data["body"], actor=reader(request)
        )
        if request.POST.get("submit"):
            if _findings(run, draft.body)["open"]:
                raise Refusal(_("已保存。还有没核清的数，处理完再送审。"))
            submit_draft(draft, actor=reader(request))
    except Refusal as refusal:
        draft.refresh_from_db()
        return _page(request, run, draft, form, str(refusal), 422)
    toast(request, _("已送出。") if request.POST.get("submit") else _("已保存。"))
    return (
        redirect("papers:draft", pk=draft.pk)
        if request.POST.get("submit")
        else redirect(run.get_absolute_url())
    )


def _version(request: HttpRequest, draft: PaperDraft) -> int:
    said = request.POST.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else draft.version


@require_POST
@requires(WRITE)
def settle_number(request: HttpRequest, token: str) -> HttpResponse:
    """A number without a source becomes a token, or a quotation with its source."""
    run, draft = run_for(request, token)
    text = request.POST.get("text", "")
    try:
        if figure := request.POST.get("token", ""):
            body = actions.replace_number(draft.body, text, figure)
            save_draft(draft, title=draft.title, body=body, actor=reader(request))
            toast(request, _("“%(text)s”换成了会自己数的数。") % {"text": text})
        else:
            actions.quote_number(run, text=text, source=request.POST.get("source", ""), actor=reader(request))
            toast(request, _("“%(text)s”按引用处理，印发时写明出处。") % {"text": text})
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return redirect(run.get_absolute_url())


@require_POST
@requires(WRITE)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Why it goes out although something does not agree."""
    run, _draft = run_for(request, token)
    try:
        actions.confirm_doubt(
            run, key=request.POST.get("key", ""), words=request.POST.get("words", ""), actor=reader(request)
        )
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return HttpResponseRedirect(f"{run.get_absolute_url()}#findings")


@never_cache
@require_safe
@requires(VIEW, WRITE)
def download(request: HttpRequest, token: str, suffix: str) -> HttpResponse:
    """The brief as .pdf or .docx, its numbers as .xlsx or .csv."""
    run, draft = run_for(request, token)
    if suffix in ("xlsx", "csv"):
        return cast(HttpResponse, numbers_file(run, draft, as_csv=suffix == "csv"))
    if suffix not in TYPES:
        raise Http404(_("没有这种格式。可以要 pdf、docx、xlsx 或 csv。"))
    letter = letter_for(run, draft)
    try:
        body = rendering.pdf_of(letter) if suffix == "pdf" else rendering.docx_of(letter)
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return redirect(run.get_absolute_url())
    response = HttpResponse(body, content_type=TYPES[suffix])
    name = quote(f"{draft.title}.{suffix}", safe="")
    response["Content-Disposition"] = (
        f"{'inline' if suffix == 'pdf' else 'attachment'}; filename*=UTF-8''{name}"
    )
    return response


@never_cache
@require_safe
@requires(VIEW, WRITE)
def english(request: HttpRequest, token: str) -> HttpResponse:
    """What the pack says of this brief in English: a translation to read, never a paper."""
    run, _draft = run_for(request, token)
    text = actions.english_of(run)
    if not text:
        raise Http404(_("区包没有给这种简报写英文。"))
    title = f"{run.brief.rules.title_en or run.brief.rules.title}"
    context = {"run": run, "title": title, "blocks": blocks_of(text)}
    return render(request, "figures/briefs/english.html", context)


@never_cache
@require_safe
def paper_numbers(request: HttpRequest, token: str) -> HttpResponse:
    """Every number of an issued paper, its rows, and whether it is still the same today. The QR code leads here."""
    rows = BriefRun.objects.filter(counted_at__isnull=False).select_related("brief", "draft", "draft__paper")
    run = rows.filter(token=token.lower()).first() if token.isprintable() else None
    numbers = list(run.numbers.select_related("published", "published__figure")) if run else []
    shown = [each for each in numbers if may_see(request.user, each.published.rules)]
    if run is None or not shown:
        refusal = check(request, VIEW)
        if refusal is not None:
            return refusal
    if run is None:
        raise Http404(_("没有这个地址，或者这份文书还没有印发。"))
    again = request.GET.get("recount") == "now"
    staff = is_staff_reader(request.user)
    context = {
        "run": run,
        "title": run.draft.title if run.draft else str(run),
        "base_template": base_for(request),
        "number": number_of(run.draft.paper) if run.draft and run.draft.paper else "",
        "rows": [{"number": each, "again": _again(each.published) if again else None} for each in shown],
        "recounted": again,
        "hidden": len(numbers) - len(shown),
        "staff": staff,
        "quotes": run.quotes,
        "confirmed": list(run.confirmed.values()) if staff else [],
    }
    return render(request, "figures/briefs/numbers.html", context)


def _again(published: Any) -> Recount | None:
    try:
        return recount(published, most=1)
    except (UnknownFigure, LookupError):
        return None
