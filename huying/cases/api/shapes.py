"""How cases, reports and what is declared look in the API. Personal data is masked, always."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from huying.cases.models import Callback, Case, CaseFile, Category, Ledger, Report
from huying.cases.story import Event
from huying.cases.suggest import responsible_for
from huying.core.masking import mask_name, mask_phone
from huying.core.models import StoredFile
from huying.core.photo_links import document_url, photo_url
from huying.registry.declared.fields import Field as DeclaredField
from huying.registry.declared.forms import shown_values


class Named(Schema):
    """A thing by its code and title."""

    code: str
    title: str


class FieldOut(Schema):
    """A field that a ledger declares."""

    code: str
    type: str
    title: str
    title_en: str
    required: bool
    private: bool
    unit: str
    choices: list[str]
    help: str
    when: str


class CategoryOut(Named):
    """What a case can be about, with its time limit as the pack writes it (`2 work days`)."""

    kind: str
    limit: str
    urgent: bool
    condition: str
    closing: str
    standard_code: str


class LedgerOut(Named):
    """A ledger with its rules as far as a client needs them."""

    active: bool
    channels: list[str]
    contact: str
    stages: list[str]
    item_required: bool
    fields: list[FieldOut]
    handling_form: list[FieldOut]
    gates: dict[str, list[str]]
    callback_asked: bool


class CaseRow(Schema):
    """A case in a list. Moments are ISO 8601 with offset; `version` is what `If-Match` asks for."""

    number: str
    title: str
    status: str
    version: int
    ledger: str
    category: str
    topic: str
    channel: str
    address: str
    lng: float | None
    lat: float | None
    area: str
    subdistrict: str
    department: str
    handler: str
    reported_at: datetime
    due_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    overdue: bool
    parked: bool
    reports: int
    url: str


class PhotoOut(Schema):
    """A photo or document of a case; both addresses ask for the same rights as this answer."""

    id: int
    role: str
    url: str
    thumbnail: str
    at: datetime


class ReportOut(Schema):
    """One person's words. Name and phone are masked; `POST …/contact` gives them for a reason."""

    number: str
    channel: str
    words: str
    name: str
    phone: str
    reported_at: datetime
    withdrawn: bool
    external_number: str
    fields: list[tuple[str, str]]


class EventOut(Schema):
    """One step of the story."""

    code: str
    title: str
    at: datetime
    who: str
    text: str
    why: str
    note: str


class CallbackOut(Schema):
    """What a reporter said after closing."""

    report: str
    answered: bool
    contacted: bool | None
    solved: bool | None
    grade: int | None
    words: str
    recorded_at: datetime


class SuggestionOut(Schema):
    """Who should have the case, by which rule (owner, duty, category, none), and the sentence that explains it."""

    department: str
    rule: str
    why: str


class CaseOut(CaseRow):
    """Everything about a case that its reader may see."""

    words: str
    why: str
    limit: str
    filed_at: datetime | None
    dispatched_at: datetime | None
    taken_up_at: datetime | None
    checked_at: datetime | None
    answer: str
    handling: list[tuple[str, str]]
    urges: int
    returns: int
    extensions: int
    reworks: int
    reopenings: int
    merged_into: str
    colour: str
    public: bool
    item: str
    verbs: list[str]
    suggestion: SuggestionOut | None
    reports_list: list[ReportOut]
    photos: list[PhotoOut]
    callbacks: list[CallbackOut]
    story: list[EventOut]


def field_out(field: DeclaredField) -> dict[str, Any]:
    """A declared field."""
    return {
        "code": field.code, "type": field.type, "title": field.title, "title_en": field.title_en,
        "required": field.required, "private": field.private, "unit": field.unit, "choices": list(field.of),
        "help": field.help, "when": field.when,
    }  # fmt: skip


def category_out(category: Category) -> dict[str, Any]:
    """A category."""
    return {
        "code": category.code, "title": str(category), "kind": category.kind, "limit": category.limit,
        "urgent": category.urgent, "condition": category.condition, "closing": category.closing,
        "standard_code": category.standard_code,
    }  # fmt: skip


def ledger_out(ledger: Ledger) -> dict[str, Any]:
    """A ledger."""
    rules = ledger.rules
    return {
        "code": ledger.code, "title": str(ledger), "active": ledger.active, "channels": sorted(rules.channels),
        "contact": rules.contact, "stages": sorted(rules.stages), "item_required": rules.item_required,
        "fields": [field_out(field) for field in rules.fields],
        "handling_form": [field_out(field) for field in rules.handling_form],
        "gates": {step: list(gates) for step, gates in rules.gates.items()},
        "callback_asked": rules.callback_asked,
    }  # fmt: skip


def _code(thing: Any) -> str:
    return thing.code if thing is not None else ""


def case_row(case: Case) -> dict[str, Any]:
    """A case as a list shows it. The caller has hung on what it refers to (`filters.for_rows`)."""
    return {
        "number": case.number, "title": case.title, "status": case.status, "version": case.version,
        "ledger": _code(case.ledger), "category": _code(case.category), "topic": _code(case.topic),
        "channel": case.channel, "address": case.address, "lng": case.lng, "lat": case.lat,
        "area": _code(case.area), "subdistrict": _code(case.subdistrict), "department": _code(case.department),
        "handler": str(case.handler) if case.handler else "", "reported_at": case.reported_at,
        "due_at": case.due_at, "handled_at": case.handled_at, "closed_at": case.closed_at,
        "overdue": case.is_overdue(), "parked": case.parked_at is not None, "reports": case.reports_count,
        "url": f"/desk/cases/{case.number}/",
    }  # fmt: skip


def photo_out(use: CaseFile) -> dict[str, Any]:
    """A photo or document."""
    photo = use.file.kind == StoredFile.Kind.PHOTO
    return {
        "id": use.pk, "role": use.role, "url": photo_url(use.file) if photo else document_url(use.file),
        "thumbnail": photo_url(use.file, small=True) if photo else "", "at": use.file.taken_at or use.added_at,
    }  # fmt: skip


def report_out(report: Report, case: Case) -> dict[str, Any]:
    """One person's report, masked."""
    return {
        "number": report.number, "channel": report.channel, "words": report.words,
        "name": mask_name(report.name), "phone": mask_phone(report.phone), "reported_at": report.reported_at,
        "withdrawn": report.withdrawn_at is not None, "external_number": report.external_number,
        "fields": shown_values(case.rules.fields, report.fields, private=False),
    }  # fmt: skip


def event_out(event: Event) -> dict[str, Any]:
    """One step of the story."""
    return {
        "code": event.code, "title": event.title, "at": event.at, "who": event.who, "text": event.text,
        "why": event.why, "note": event.note,
    }  # fmt: skip


def callback_out(callback: Callback) -> dict[str, Any]:
    """What one reporter said."""
    return {
        "report": callback.report.number, "answered": callback.answered, "contacted": callback.contacted,
        "solved": callback.solved, "grade": callback.grade, "words": callback.words,
        "recorded_at": callback.recorded_at,
    }  # fmt: skip


def suggestion_out(case: Case) -> dict[str, Any]:
    """Who should have the case."""
    found = responsible_for(case)
    return {"department": _code(found.department), "rule": found.rule, "why": str(found.why)}


def case_out(case: Case, verbs: list[str], story: list[Event]) -> dict[str, Any]:
    """A whole case."""
    return {
        **case_row(case), "words": case.words, "why": case.why, "limit": case.limit, "filed_at": case.filed_at,
        "dispatched_at": case.dispatched_at, "taken_up_at": case.taken_up_at, "checked_at": case.checked_at,
        "answer": case.answer, "handling": shown_values(case.rules.handling_form, case.handling, private=False),
        "urges": case.urges, "returns": case.returns, "extensions": case.extensions, "reworks": case.reworks,
        "reopenings": case.reopenings, "merged_into": case.merged_into.number if case.merged_into else "",
        "colour": case.colour, "public": case.public, "item": case.item.code if case.item else "",
        "verbs": verbs, "suggestion": suggestion_out(case) if "dispatch" in verbs else None,
        "reports_list": [report_out(report, case) for report in case.reports.all()],
        "photos": [photo_out(use) for use in case.files.select_related("file")],
        "callbacks": [callback_out(row) for row in case.callbacks.select_related("report")],
        "story": [event_out(event) for event in story],
    }  # fmt: skip
