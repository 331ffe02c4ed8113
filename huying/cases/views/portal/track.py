"""A reporter's own page: reached by the secret link, or by number and last digits of the phone."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huying.cases import actions
from huying.cases.actions.contacts import choose_telling
from huying.cases.models import OPEN, Case, Notice, Report, Status
from huying.cases.public import mask_words
from huying.cases.story import story_for_reporter
from huying.cases.telling import way_to
from huying.cases.views.portal.display import clock_of, reporter_photos, standing, status_badge
from huying.cases.views.portal.forms import (
    LookUpForm,
    RatingForm,
    ReopenForm,
    TellingForm,
    WithdrawForm,
    WordsForm,
)
from huying.cases.views.portal.submission import MOST_PHOTOS, hotline
from huying.core.errors import Refusal
from huying.core.files import store_photo
from huying.core.limits import count_attempt
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url
from huying.core.toasts import toast
from huying.people.signin import client_address

QUARTER = dt.timedelta(minutes=15)
LOOK_UPS_PER_ADDRESS, LOOK_UPS_PER_NUMBER, WORDS_PER_REPORT = 30, 6, 20
# Four digits are ten thousand guesses: at this pace they take more than a year.
LOOK_UPS_PER_NUMBER_AND_DAY = 24
VERBS_PER_REPORT = 20  # ratings, withdrawals and reopenings of one hour


def own_report(number: str, token: str) -> Report:
    """The report of this secret link; 404 for any other."""
    found = Report.objects.select_related(
        "case__ledger", "case__category", "case__department", "case__subdistrict", "case__compound"
    )
    report: Report = get_object_or_404(found, number=number, token=token)
    return report


def _private(response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_safe
def receipt(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """Number, link and QR code, and what comes next."""
    report = own_report(number, token)
    link = request.build_absolute_uri(reverse("portal:track", args=[number, token]))
    context = {"report": report, "case": report.case, "link": link, "standing": standing(report.case)}
    return _private(render(request, "cases/portal/receipt.html", context | {"hotline": hotline()}))


@require_safe
def qr(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """The tracking link as a QR code."""
    own_report(number, token)
    link = request.build_absolute_uri(reverse("portal:track", args=[number, token]))
    out = io.BytesIO()
    segno.make(link, error="m").save(
        out, kind="svg", scale=6, border=3, light="#fff", dark="#000", xmldecl=True
    )
    return _private(HttpResponse(out.getvalue(), content_type="image/svg+xml"))


@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """Number and last four digits lead to the tracking page; what is wrong is not said, or it could be guessed."""
    form = LookUpForm(request.POST or None, initial={"number": request.GET.get("number", "")})
    status = 200
    if request.method == "POST":
        status = 422
        try:
            count_attempt("look-up", client_address(request), most=LOOK_UPS_PER_ADDRESS, within=QUARTER)
            if form.is_valid():
                number, digits = form.cleaned_data["number"].strip(), form.cleaned_data["digits"].strip()
                count_attempt("look-up-number", number, most=LOOK_UPS_PER_NUMBER, within=QUARTER)
                count_attempt(
                    "look-up-day", number, most=LOOK_UPS_PER_NUMBER_AND_DAY, within=dt.timedelta(days=1)
                )
                report = Report.objects.filter(number=number, phone__endswith=digits).first()
                if report is not None:
                    return redirect("portal:track", report.number, report.token)
                form.add_error(
                    None,
                    _("没有查到。请核对编号和电话后四位；没留电话的，请用提交成功页的链接，或拨打 %s。")
                    % hotline(),
                )
        except Refusal as refusal:
            form.full_clean()
            form.add_error(None, str(refusal))
            status = refusal.status
    return _private(render(request, "cases/portal/look_up.html", {"form": form}, status=status))


@require_safe
def track(request: HttpRequest, number: str, token: str) -> HttpResponse:
    return _page(request, own_report(number, token))


def _calm(text: str, own: str) -> str:
    """What staff wrote, without anybody's mobile number or name; the reporter's `own` number stays readable."""
    return own.join(mask_words(part, landlines=False) for part in text.split(own))


def _page(request: HttpRequest, report: Report, status: int = 200, **forms: Any) -> HttpResponse:
    case = report.case
    notices = Notice.objects.filter(report=report).order_by("-sent_at")
    notices_shown = [
        {"words": _calm(notice.words, report.number), "at": notice.sent_at} for notice in notices[:20]
    ]
    if status == 200:
        notices.filter(read_at=None).update(read_at=timezone.now())
    own, sides = reporter_photos(report)
    until = case.reopen_until()
    callbacks = list(report.callbacks.order_by("-recorded_at")[:1])
    is_open, withdrawn = case.status in OPEN, report.withdrawn_at is not None
    refused = next((form for form in forms.values() if getattr(form, "errors", None)), None)
    context = {
        "report": report,
        "case": case,
        "standing": standing(case),
        "badge": status_badge(case),
        "clock": clock_of(case),
        "events": [
            replace(event, text=_calm(event.text, report.number))
            for event in reversed(story_for_reporter(report))
        ],
        "answer": _calm(case.answer, report.number) if case.handled_at else "",
        "own_photos": own,
        "sides": sides if sides["after"] else None,
        "notices": notices_shown,
        "rating": callbacks[0] if callbacks else None,
        "reopen_until": until,
        "may_add": is_open and not withdrawn,
        "may_rate": case.status == Status.CLOSED and not withdrawn and case.rules.callback_asked,
        "may_reopen": until is not None and timezone.now() <= until and not withdrawn,
        "too_late": until is not None and timezone.now() > until,
        "max_photos": MOST_PHOTOS,
        "hotline": hotline(),
        "words_form": WordsForm(prefix="add"),
        "withdraw_form": WithdrawForm(prefix="withdraw"),
        "rating_form": RatingForm(prefix="rating"),
        "reopen_form": ReopenForm(prefix="reopen"),
        "may_tell": not report.contact_forgotten and not withdrawn,
        "way": way_to(report),
        "telling_form": TellingForm(
            prefix="telling", initial={"tell_by": way_to(report) or "page", "email": report.email}
        ),
        "refused": refused,
        "typed": " ".join(
            str(refused[name].value() or "") for name in ("words", "reason") if name in refused.fields
        )
        if refused
        else "",
        **forms,
    }
    return _private(render(request, "cases/portal/track.html", context, status=status))


def _do(
    request: HttpRequest,
    report: Report,
    name: str,
    form: Any,
    act: Callable[[], object],
    done: str,
    **more: Any,
) -> HttpResponse:
    """One verb of the reporter: done and back to the page, or the page with what is wrong and what was typed."""
    if not form.is_valid():
        return _page(request, report, 422, **{name: form}, **more)
    try:
        count_attempt("verb", report.number, most=VERBS_PER_REPORT, within=dt.timedelta(hours=1))
        act()
    except Refusal as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, str(refusal))
        # What was read before the attempt may be out of date by now.
        return _page(request, own_report(report.number, report.token), refusal.status, **{name: form}, **more)
    toast(request, done)
    return redirect("portal:track", report.number, report.token)


@require_POST
def add(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """More words or photos."""
    report, form = own_report(number, token), WordsForm(request.POST, prefix="add")
    photos: list[StoredFile] = draft_photos(request.POST.getlist("kept"))[:MOST_PHOTOS]
    error = ""
    try:
        count_attempt("words", report.number, most=WORDS_PER_REPORT, within=dt.timedelta(hours=1))
        photos += [
            store_photo(upload) for upload in request.FILES.getlist("photos")[: MOST_PHOTOS - len(photos)]
        ]
    except Refusal as refusal:
        error = str(refusal)
    kept = [{"url": photo_url(p, small=True, draft=draft_token(p)), "token": draft_token(p)} for p in photos]
    if error:
        return _page(request, report, 422, words_form=form, photo_error=error, kept=kept)
    return _do(
        request, report, "words_form", form,
        lambda: actions.add_words(report, words=form.cleaned_data["words"], photos=photos),
        _("已补充，承办单位会看到。"), kept=kept,
    )  # fmt: skip


@require_POST
def withdraw(request: HttpRequest, number: str, token: str) -> HttpResponse:
    report, form = own_report(number, token), WithdrawForm(request.POST, prefix="withdraw")
    return _do(
        request, report, "withdraw_form", form,
        lambda: actions.withdraw_report(report, reason=form.cleaned_data["reason"]),
        _("已撤回。"),
    )  # fmt: skip


@require_POST
def rate(request: HttpRequest, number: str, token: str) -> HttpResponse:
    report, form = own_report(number, token), RatingForm(request.POST, prefix="rating")
    return _do(
        request, report, "rating_form", form,
        lambda: actions.record_callback(
            report, actor=None, answered=True, contacted=form.cleaned_data["contacted"],
            solved=form.cleaned_data["solved"], grade=form.cleaned_data["grade"], words=form.cleaned_data["words"],
        ),
        _("谢谢，您的评价已计入。"),
    )  # fmt: skip


@require_POST
def reopen(request: HttpRequest, number: str, token: str) -> HttpResponse:
    report, form = own_report(number, token), ReopenForm(request.POST, prefix="reopen")
    return _do(
        request, report, "reopen_form", form,
        lambda: actions.ask_to_reopen(report, reason=form.cleaned_data["reason"]),
        _("已要求重新办理，承办单位已收到。"),
    )  # fmt: skip


@require_POST
def telling(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """How the reporter wants to hear from now on."""
    report, form = own_report(number, token), TellingForm(request.POST, prefix="telling")
    return _do(
        request, report, "telling_form", form,
        lambda: choose_telling(
            report, tell_by=form.cleaned_data["tell_by"], email=form.cleaned_data["email"]
        ),
        _("已保存，以后就这样告诉您。"),
    )  # fmt: skip


def merged_case(case: Case) -> Case:
    """The case that a merged one went on as."""
    seen = {case.pk}
    while case.merged_into is not None and case.merged_into_id not in seen:
        case = case.merged_into
        seen.add(case.pk)
    return case
