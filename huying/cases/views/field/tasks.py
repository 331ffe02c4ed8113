"""One task: what to do, where, since when, who to call, and the buttons."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from huying.cases.actions.contacts import reveal_contact
from huying.cases.models import OPEN, WITH_DEPARTMENT, Case, Report, Status
from huying.cases.policy import may
from huying.cases.story import story_for_staff
from huying.cases.telling import moment_text
from huying.cases.views.desk.display import clock_badge, marks, status_badge
from huying.cases.views.desk.verbs import my_assistance
from huying.cases.views.field.access import case_for, departments_of, in_the_field, worker
from huying.cases.views.field.display import geo_link, photos_of, place_of
from huying.cases.views.field.forms import CALL_REASONS
from huying.cases.workflow import STEPS
from huying.core.masking import mask_name, mask_phone
from huying.people.models import User
from huying.registry.declared.forms import private_values, shown_values


def works_on(user: User, case: Case) -> bool:
    """Whether the case is this person's to do: in hand, or given to a department whose work the user does."""
    return case.handler_id == user.pk or (
        case.department_id is not None and case.department_id in departments_of(user)
    )


def verbs_for(user: User, case: Case) -> list[str]:
    """What the page offers, in the order of the buttons."""
    found = []
    if case.status in WITH_DEPARTMENT and works_on(user, case):
        for verb in ("take_up", "report_handled", "return"):
            step = STEPS[verb]
            parked = verb == "report_handled" and case.parked_at is not None
            again = verb == "return" and case.returns >= case.rules.returns_at_most
            if case.status in step.sources and not parked and not again and may(user, step.permission, case):
                found.append(verb)
    if (
        case.status == Status.HANDLED
        and user.pk not in (case.handler_id, case.handled_by_id)
        and may(user, "case.check_on_site", case)
    ):
        found.append("see")
    if case.status in WITH_DEPARTMENT and my_assistance(case, user) is not None:
        found.append("help")
    return found


def may_call(user: User, case: Case) -> bool:
    """Who has the case in hand calls the reporter while it is open; others need the right to see contacts."""
    return case.status in OPEN and (case.handler_id == user.pk or may(user, "contact.reveal", case))


def reporters_of(case: Case) -> list[dict[str, Any]]:
    """Those who left a phone number, masked."""
    reports = case.reports.filter(withdrawn_at=None).exclude(phone="").order_by("-reported_at")[:5]
    return [{"pk": r.pk, "name": mask_name(r.name), "phone": mask_phone(r.phone)} for r in reports]


def _context(request: HttpRequest, case: Case) -> dict[str, Any]:
    user = worker(request)
    photos = photos_of(case)
    events = story_for_staff(case)
    fields = []
    for report in case.reports.filter(withdrawn_at=None).order_by("pk")[:1]:
        fields = shown_values(case.rules.fields, report.fields, private=False)
    return {
        "case": case,
        "state": status_badge(case),
        "clock": clock_badge(case),
        "due": moment_text(case.due_at) if case.is_running else "",
        "marks": marks(case),
        "place": place_of(case),
        "geo": geo_link(case),
        "map": {
            "id": "map", "height": "small", "lng": case.lng, "lat": case.lat,
            "marker_title": case.address or case.title,
            "areas_url": outlines_of(case),
        } if case.lng is not None else None,
        "verbs": verbs_for(user, case),
        "assistance": my_assistance(case, user) if case.status in WITH_DEPARTMENT else None,
        "may_call": may_call(user, case),
        "reporters": reporters_of(case),
        "reasons": CALL_REASONS,
        "photos": photos,
        "fields": fields + shown_values(case.rules.handling_form, case.handling, private=True),
        "events": list(reversed(events)),
    }  # fmt: skip


def outlines_of(case: Case) -> str:
    """The grids of the case's street, else the district's streets."""
    codes = [code for code in case.area_path.split("/") if code]
    if len(codes) > 1:
        return f"{reverse('places:areas')}?level=grid&within={codes[1]}"
    return f"{reverse('places:areas')}?level=subdistrict"


@in_the_field
@require_safe
def task(request: HttpRequest, number: str) -> HttpResponse:
    """The page of one task."""
    context = _context(request, case_for(worker(request), number))
    context["call_open"] = request.GET.get("call") == "1"
    return render(request, "cases/field/task.html", context)


@in_the_field
@require_POST
def call(request: HttpRequest, number: str) -> HttpResponse:
    """Show one reporter's number; that it was shown, to whom and why, is on record first."""
    case = case_for(worker(request), number)
    report = get_object_or_404(
        Report.objects.select_related("case__ledger"),
        pk=_number(request.POST.get("report")),
        case=case,
        withdrawn_at=None,
    )
    reveal_contact(report, reason=request.POST.get("reason", ""), actor=worker(request))
    shown = {
        "name": report.name, "phone": report.phone,
        "private": private_values(case.rules.fields, report.fields),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return render(request, "cases/field/_number.html", {"shown": shown})
    context = _context(request, case)
    context.update(shown=shown, shown_pk=report.pk, call_open=True)
    return render(request, "cases/field/task.html", context)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0
