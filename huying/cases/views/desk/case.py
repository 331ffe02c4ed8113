"""The case page: everything about one matter, and exactly the steps that are open to its reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from huying.cases import policy
from huying.cases.actions.contacts import reveal_contact
from huying.cases.actions.requests import PENDING
from huying.cases.models import Case, CaseFile, Report
from huying.cases.panels import panels_of
from huying.cases.references import with_references
from huying.cases.story import Event, story_for_staff
from huying.cases.suggest import likely_duplicates, open_nearby
from huying.cases.views.desk.display import (
    case_point,
    chain,
    clock_badge,
    clock_sentence,
    marks,
    metres_words,
    status_badge,
)
from huying.cases.views.desk.verbs import Verb, verbs_open_to
from huying.cases.workflow import REFUSAL_QUESTIONS
from huying.core.errors import Refusal
from huying.core.masking import mask_name, mask_phone
from huying.core.models import StoredFile
from huying.core.photo_links import document_url, photo_url
from huying.papers.models import Paper
from huying.people.guards import requires, signed_in
from huying.people.models import User
from huying.registry.declared.forms import private_values, shown_values

NEARBY_M = 300


def case_for(user: User, number: str) -> Case:
    """The case with what its page needs; 404 for one that this person may not see."""
    # What hardly ever changes is hung on from memory: the database takes longer to plan a join of thirteen tables
    # than to answer it.
    case = (
        with_references(policy.cases_for(user))
        .select_related("handler", "item__register", "item__owner", "merged_into")
        .defer("search", "search_text")
        .filter(number=number)
        .first()
    )
    if case is None:
        raise Http404(_("没有这个案件，或者它不在您负责的区域和部门内。请核对编号。"))
    return case


def photo(use: CaseFile) -> dict[str, Any]:
    """One photo as the page parts show it."""
    return {
        "url": photo_url(use.file), "thumb": photo_url(use.file, small=True), "alt": use.get_role_display(),
        "at": use.file.taken_at or use.added_at, "role": use.role,
    }  # fmt: skip


@dataclass(frozen=True)
class Photos:
    """The photos of a case by what they show."""

    uses: Sequence[CaseFile]

    def of(self, *roles: str) -> list[dict[str, Any]]:
        return [photo(u) for u in self.uses if u.role in roles and u.file.kind == StoredFile.Kind.PHOTO]

    @property
    def before(self) -> dict[str, Any] | None:
        """The state before: the handler's own photo, else the reporter's."""
        return next(iter([*self.of(CaseFile.Role.BEFORE), *self.of(CaseFile.Role.REPORTED)]), None)

    @property
    def after(self) -> dict[str, Any] | None:
        """The newest state after handling."""
        return next(iter(reversed(self.of(CaseFile.Role.AFTER))), None)

    @property
    def groups(self) -> list[tuple[str, list[dict[str, Any]]]]:
        found = [(role.label, self.of(role)) for role in CaseFile.Role if role != CaseFile.Role.DOCUMENT]
        return [(str(title), photos) for title, photos in found if photos]

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [
            {"url": document_url(u.file), "title": str(u.file.file).rsplit("/", 1)[-1], "at": u.added_at}
            for u in self.uses
            if u.file.kind == StoredFile.Kind.DOCUMENT
        ]


def _reports(case: Case, user: User) -> list[dict[str, Any]]:
    """Each reporter, masked, with what they said and how many earlier reports came from the same phone."""
    reports = list(case.reports.select_related("reported_by"))
    phones = {report.phone for report in reports if report.phone}
    visible = policy.cases_for(user)
    counted = (
        Report.objects.filter(phone__in=phones, case__in=visible).values("phone").annotate(n=Count("pk"))
        if phones
        else []
    )
    earlier = {row["phone"]: row["n"] for row in counted}
    reveals = policy.may(user, "contact.reveal", case)
    return [
        {
            "report": report,
            "contact": " ".join(filter(None, (mask_name(report.name), mask_phone(report.phone)))),
            "others": earlier.get(report.phone, 1) - 1,
            "fields": shown_values(case.rules.fields, report.fields, private=False),
            "reveal_url": reverse("desk:contact", args=[case.number, report.number])
            if reveals and (report.name or report.phone)
            else "",
        }
        for report in reports
    ]


def _requests(case: Case) -> list[dict[str, Any]]:
    """Everything asked about the case that others decide, with where the decision stands."""
    found = []
    kinds = (
        (_("延期"), case.extension_requests),
        (_("挂账"), case.parking_requests),
        (_("超期申诉"), case.appeal_requests),
        (_("不计入评价"), case.exclusion_requests),
    )
    for title, requests in kinds:
        rows = requests.select_related("asked_by__department", "first_by", "decided_by")
        found += [{"title": title, "request": row, "pending": row.state in PENDING} for row in rows]
    return sorted(found, key=lambda row: row["request"].asked_at)


def _checks(case: Case) -> list[dict[str, Any]]:
    return [
        {
            "check": check,
            "refusals": [
                (REFUSAL_QUESTIONS[code], answer)
                for code, answer in check.refusals.items()
                if code in REFUSAL_QUESTIONS
            ],
        }
        for check in case.checks.select_related("checked_by")
    ]


def _near(case: Case, user: User) -> list[dict[str, Any]]:
    """Open cases around, nearest first; those that are probably the same matter are marked."""
    if case.lng is None or case.lat is None:
        return []
    among = policy.cases_for(user)
    same = {other.pk for other, _metres in likely_duplicates(case, among)} if case.is_open else set()
    return [
        {
            "case": other,
            "distance": metres_words(metres),
            "same": other.pk in same,
            "badge": status_badge(other),
        }
        for other, metres in open_nearby(case.lng, case.lat, within_m=NEARBY_M, among=among, at_most=8)
        if other.pk != case.pk
    ]


def split_verbs(verbs: Sequence[Verb]) -> tuple[list[Verb], list[Verb]]:
    """Verbs beside the title, and those in the menu."""
    first = [verb for verb in verbs if verb.place == "first"]
    return first, [verb for verb in verbs if verb.place != "first"]


def head_context(case: Case, user: User) -> dict[str, Any]:
    """What head and action bar of a case need, on its page and in panes."""
    verbs = verbs_open_to(case, user)
    first, more = split_verbs(verbs)
    return {
        "case": case,
        "badge": status_badge(case),
        "clock": clock_badge(case),
        "clock_sentence": clock_sentence(case),
        "marks": marks(case),
        "areas": chain(case),
        "verbs": verbs,
        "first_verbs": first,
        "more_verbs": more,
    }


def page_context(case: Case, user: User) -> dict[str, Any]:
    """Everything about a case."""
    near = _near(case, user)
    uses = list(case.files.select_related("file").order_by("id"))
    return {
        **head_context(case, user),
        "photos": Photos(uses),
        "reports": _reports(case, user),
        "handling": shown_values(case.rules.handling_form, case.handling, private=True),
        "assistances": list(case.assistances.select_related("department", "done_by")),
        "requests": _requests(case),
        "returns": list(case.case_returns.select_related("department", "suggested", "returned_by")),
        "checks": _checks(case),
        "callbacks": list(case.callbacks.select_related("report", "recorded_by")),
        "papers": list(
            Paper.objects.filter(subject_kind="case", subject_id=case.pk).select_related("addressee")
        ),
        "notices": list(case.notices.select_related("user", "department", "report")[:50]),
        "merged": list(case.merged_cases.only("number", "title")),
        "near": near,
        "duplicates": [row for row in near if row["same"]],
        "events": _events(case),
        "map": _map(case),
        "panels": panels_of(case, user),
    }


def _events(case: Case) -> list[Event]:
    """The story, newest first: what staff look for is what happened last."""
    return list(reversed(story_for_staff(case)))


def _map(case: Case) -> dict[str, Any]:
    return {
        "id": "case-map", "lng": case.lng, "lat": case.lat, "marker_title": case.address or case.title,
        "points_url": reverse("desk:case-points", args=[case.number]), "height": "small",
    }  # fmt: skip


@never_cache
@require_GET
@requires("case.view")
def show(request: HttpRequest, number: str) -> HttpResponse:
    """The page of one case; the queue asks for it as a pane."""
    case = case_for(signed_in(request), number)
    if request.headers.get("HX-Target") == "case-pane":
        from huying.cases.views.desk.queue import pane_context

        return render(request, "cases/desk/case_pane.html", pane_context(case, signed_in(request)))
    return render(request, "cases/desk/case.html", page_context(case, signed_in(request)))


@require_GET
@requires("case.view")
def points(request: HttpRequest, number: str) -> JsonResponse:
    """Open cases around this one, for its map."""
    case = case_for(signed_in(request), number)
    if case.lng is None or case.lat is None:
        return JsonResponse({"points": []})
    near = open_nearby(
        case.lng, case.lat, within_m=2 * NEARBY_M, among=policy.cases_for(signed_in(request)), at_most=60
    )
    return JsonResponse({"points": [case_point(other) for other, _metres in near if other.pk != case.pk]})


@never_cache
@require_http_methods(["POST"])
@requires("case.view")
def contact(request: HttpRequest, number: str, report_number: str) -> HttpResponse:
    """A reporter's name and phone in plain, after a reason that is put on record."""
    case = case_for(signed_in(request), number)
    report = get_object_or_404(case.reports.select_related("case"), number=report_number)
    context = {
        "case": case, "report": report, "name": report.name, "phone": report.phone,
        "private": private_values(case.rules.fields, report.fields),
    }  # fmt: skip
    try:
        reveal_contact(report, reason=request.POST.get("reason", ""), actor=signed_in(request))
    except Refusal as refusal:
        context |= {"sentence": str(refusal), "reason": request.POST.get("reason", "")}
        template = (
            "cases/desk/_contact_refused.html"
            if request.headers.get("HX-Request")
            else "cases/desk/contact.html"
        )
        return render(request, template, context, status=refusal.status)
    template = "cases/desk/_contact.html" if request.headers.get("HX-Request") else "cases/desk/contact.html"
    return render(request, template, context)


@never_cache
@require_GET
@requires("case.view")
def caller(request: HttpRequest, number: str, report_number: str) -> HttpResponse:
    """The other reports from the same phone, without showing the phone."""
    case = case_for(signed_in(request), number)
    report = get_object_or_404(case.reports, number=report_number)
    rows = (
        Report.objects.filter(
            ~Q(pk=report.pk), phone=report.phone, case__in=policy.cases_for(signed_in(request))
        )
        .select_related("case__ledger", "case__category", "case__department")
        .order_by("-reported_at")[:50]
        if report.phone
        else []
    )
    found = [{"report": row, "case": row.case, "badge": status_badge(row.case)} for row in rows]
    return render(
        request,
        "cases/desk/caller.html",
        {
            "case": case,
            "report": report,
            "rows": found,
            "contact": f"{mask_name(report.name)} {mask_phone(report.phone)}",
        },
    )
