"""One entry: entered, gone on with, corrected, read, decided about."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.core.errors import NotAllowed, Refusal
from huying.core.files import store_document, store_photo
from huying.core.journal import entries_of
from huying.core.models import JournalEntry, StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url
from huying.core.toasts import toast
from huying.people.guards import requires, signed_in
from huying.people.models import User
from huying.registry.declared.forms import DeclaredForm, cleaned_values, declared_form, shown_values
from huying.targets.programmes import actions
from huying.targets.programmes.display import Line, entry_badge, evidence_of
from huying.targets.programmes.forms import EntryForm
from huying.targets.programmes.models import Entry, Target
from huying.targets.programmes.policy import APPROVE, ENTER, VIEW, entries_for, may_approve, require
from huying.targets.programmes.progress import day_shown, last_known, plain, progress_of
from huying.targets.programmes.views.lists import amount_words
from huying.targets.programmes.views.programme import target_for

MOST_PHOTOS = 9


def entry_for(request: HttpRequest, pk: int) -> Entry:
    """The entry; 404 for one that the reader may not see."""
    rows = entries_for(request.user).select_related(
        "target__programme",
        "target__department",
        "area",
        "department",
        "entered_by",
        "decided_by",
        "corrects",
    )
    found = rows.filter(pk=min(pk, 2**62)).first()
    if found is None:
        raise Http404(_("没有这一笔填报，或者它不在您负责的区域和部门内。"))
    return found


def photos_of(request: HttpRequest, form: EntryForm) -> list[StoredFile]:
    """Photos kept from an earlier try, and the new ones, which are kept at once."""
    found = draft_photos(request.POST.getlist("kept"))
    try:
        uploads = request.FILES.getlist("photos")
        if len(found) + len(uploads) > MOST_PHOTOS:
            raise Refusal(_("一次最多 %(most)d 张。") % {"most": MOST_PHOTOS})
        found += [store_photo(upload, by=request.user) for upload in uploads]
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    return found


Save = Callable[[dict[str, Any]], Entry]


def _form_page(
    request: HttpRequest,
    target: Target,
    title: str,
    save: Save,
    *,
    start: Entry | None = None,
    plain_word: str = "",
) -> HttpResponse:
    """The form about a target; `save` gets what was said when it is valid."""
    user = signed_in(request)
    rules, sent = target.rules, request.method == "POST"
    initial: dict[str, Any] = {"day": timezone.localdate(), "client_id": uuid.uuid4()}
    if start is not None:
        initial |= {
            "day": start.day, "amount": plain(Fraction(start.amount)),
            "area": start.area.code if start.area else "",
            "words": start.words,
        }  # fmt: skip
    form = EntryForm(target, request.POST if sent else None, request.FILES if sent else None, initial=initial)
    inner = declared_form(rules.fields, request.POST if sent else None, start.values if start else None)
    photos = photos_of(request, form) if sent else []
    status = 200
    if sent:
        status = 422
        if form.is_valid() & inner.is_valid():
            try:
                made = save(_said(form, inner, photos, user, draft="draft" in request.POST))
            except NotAllowed:
                raise
            except Refusal as refusal:
                status = refusal.status
                _refuse(form, inner, refusal)
            else:
                toast(
                    request, _("草稿已存。") if made.status == Entry.Status.DRAFT else _("已交，等待审核。")
                )
                return HttpResponseRedirect(made.get_absolute_url())
    tokens = [(draft_token(photo), photo) for photo in photos]
    on = day_shown(
        target.programme, last_known([target.programme]).get(target.programme_id), timezone.localdate()
    )
    context = {
        "target": target, "form": form, "inner": inner, "title": title,
        "draft": f"target-{target.pk}-{start.pk if start else 0}",
        "kept": [{"token": token, "url": photo_url(photo, small=True, draft=token)} for token, photo in tokens],
        "line": Line(target, progress_of(target, on=on)), "start": start, "word": plain_word or _("提交审核"),
        "last": target.entries.filter(status=Entry.Status.APPROVED).order_by("-day", "-pk").first(),
    }  # fmt: skip
    return render(request, "targets/programmes/entry_form.html", context, status=status)


def _said(
    form: EntryForm, inner: DeclaredForm, photos: list[StoredFile], user: User, *, draft: bool
) -> dict[str, Any]:
    said = form.cleaned_data
    files = list(photos)
    if said.get("document"):
        files.append(store_document(said["document"], by=user))
    return {
        "day": said["day"], "amount": said.get("amount"), "values": cleaned_values(inner, by=user),
        "area": said["area"],
        "words": said["words"], "files": files, "public": bool(said.get("public")), "draft": draft,
        "client_id": said["client_id"],
    }  # fmt: skip


def _refuse(form: EntryForm, inner: DeclaredForm, refusal: Refusal) -> None:
    if refusal.field in inner.fields:
        inner.add_error(refusal.field, str(refusal))
    else:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(ENTER)
def enter(request: HttpRequest, programme: str, code: str) -> HttpResponse:
    """Enter progress; as a draft or for approval."""
    user, target = signed_in(request), target_for(request, programme, code)
    require(user, ENTER, target)
    if target.figure:
        raise Http404(_("这个目标按台账记录自动统计，不用填报。"))
    return _form_page(
        request, target, _("填进度"), lambda said: actions.enter_progress(target, actor=user, **said)
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(ENTER)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with one's draft, or with what came back."""
    user, found = signed_in(request), entry_for(request, pk)
    if found.entered_by_id != user.pk or found.status not in (Entry.Status.DRAFT, Entry.Status.RETURNED):
        raise Http404(_("已经提交的不能再改；要改，先撤回。"))

    def save(said: dict[str, Any]) -> Entry:
        said.pop("client_id")
        return actions.change_draft(found, actor=user, **said)

    return _form_page(request, found.target, _("继续填"), save, start=found)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(ENTER)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct an approved entry; the old one stays in the history."""
    user, found = signed_in(request), entry_for(request, pk)
    require(user, ENTER, found.target)
    if found.status != Entry.Status.APPROVED:
        raise Http404(_("只有审核过的才用更正；还没审核的，撤回后重填。"))
    return _form_page(
        request,
        found.target,
        _("更正"),
        lambda said: actions.correct_entry(found, actor=user, **said),
        start=found,
    )


@never_cache
@require_safe
@requires(VIEW)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with its evidence, who entered and who approved, and what was there before and after."""
    user, found = signed_in(request), entry_for(request, pk)
    own = found.entered_by_id == user.pk
    open_own = own and found.status in (Entry.Status.DRAFT, Entry.Status.RETURNED)
    decides = may_approve(user, found)
    context = {
        "entry": found, "target": found.target, "amount": amount_words(found), "badge": entry_badge(found),
        "fields": shown_values(found.target.rules.fields, found.values, private=own or decides),
        "evidence": evidence_of(found.files.select_related("file")),
        "steps": [_step(each) for each in entries_of(found)],
        "after": found.corrections.exclude(status__in=["withdrawn", "draft"]).first(),
        "may_edit": open_own, "may_withdraw": own and found.status in ("draft", "submitted", "returned"),
        "may_decide": decides and found.status == Entry.Status.SUBMITTED,
        "may_undo": found.status == Entry.Status.APPROVED and decides,
        "may_correct": found.status == Entry.Status.APPROVED and _enters(user, found.target),
    }  # fmt: skip
    return render(request, "targets/programmes/entry.html", context)


STEPS = {
    "entry.drafted": gettext_lazy("存草稿"), "entry.submitted": gettext_lazy("交审核"),
    "entry.approved": gettext_lazy("审核通过"), "entry.returned": gettext_lazy("退回"),
    "entry.approval-undone": gettext_lazy("撤销审核"), "entry.withdrawn": gettext_lazy("撤回"),
}  # fmt: skip


def _step(step: JournalEntry) -> dict[str, Any]:
    """One line of the story: what, who, when, why, and the number of that moment."""
    return {
        "words": STEPS.get(step.code, step.code), "at": step.at, "name": step.actor_name,
        "reason": step.data.get("reason", ""), "amount": step.data.get("amount", ""),
    }  # fmt: skip


def _enters(user: User, target: Target) -> bool:
    try:
        require(user, ENTER, target)
    except NotAllowed:
        return False
    return not target.figure


def _decided(request: HttpRequest, pk: int, verb: Callable[[Entry], object], done: str) -> HttpResponse:
    found = entry_for(request, pk)
    try:
        verb(found)
    except NotAllowed:
        raise
    except Refusal as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return HttpResponseRedirect(found.get_absolute_url())
    toast(request, done)
    back = reverse("targets:approvals") if "next" in request.POST else found.get_absolute_url()
    return HttpResponseRedirect(back)


@require_POST
@requires(APPROVE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it count."""
    user = signed_in(request)
    return _decided(request, pk, lambda found: actions.approve_entry(found, actor=user), _("已审核。"))


@require_POST
@requires(APPROVE)
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it back, saying why."""
    user, reason = signed_in(request), request.POST.get("reason", "")
    return _decided(
        request, pk, lambda found: actions.return_entry(found, reason=reason, actor=user), _("已退回。")
    )


@require_POST
@requires(APPROVE)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an approval back."""
    user, reason = signed_in(request), request.POST.get("reason", "")
    return _decided(
        request, pk, lambda found: actions.undo_approval(found, reason=reason, actor=user), _("已撤销审核。")
    )


@require_POST
@requires(ENTER)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what one has entered."""
    user = signed_in(request)
    return _decided(request, pk, lambda found: actions.withdraw_entry(found, actor=user), _("已撤回。"))
