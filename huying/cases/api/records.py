"""What leaves the house whole: a filtered list as a spreadsheet, and the journal of a case."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from huying.cases.api.reading import FILTERS, filter_of
from huying.cases.views.desk.case import case_for
from huying.cases.views.desk.cases import CaseList
from huying.core.api import Page, Problem, page_of, query
from huying.core.errors import NotAllowed
from huying.core.journal import entries_of
from huying.core.models import JournalEntry
from huying.people.api import caller
from huying.people.policy import reaches
from huying.people.views.journal import VIEW_JOURNAL

router = Router(tags=["cases"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILE = {
    "description": "the spreadsheet",
    "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
}


@router.get(
    "/cases/export.xlsx", response={403: Problem, 422: Problem}, summary="Export cases",
    openapi_extra={"parameters": FILTERS, "responses": {200: _FILE}},
)  # fmt: skip
def export_cases(request: HttpRequest) -> Any:
    """The desk's spreadsheet of the cases that match; who took which list is put on record, as there."""
    caller(request, "case.view")
    filter_of(request)
    page = CaseList()
    page.setup(request)
    return page.export()


class EntryOut(Schema):
    """One entry of the journal. `hash` covers the entry and the one before it."""

    sequence: int
    at: datetime
    code: str
    actor: str
    data: dict[str, Any]
    hash: str


def _entry_out(entry: JournalEntry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence, "at": entry.at, "code": entry.code,
        "actor": entry.actor_name, "data": entry.data, "hash": bytes(entry.hash).hex(),
    }  # fmt: skip


@router.get(
    "/cases/{number}/journal",
    response={200: Page[EntryOut], 403: Problem, 404: Problem},
    summary="Read a case's journal",
)
def read_journal(
    request: HttpRequest, number: str, after: str = "", limit: int = query(50, ge=1, le=200)
) -> dict[str, Any]:
    """Every entry about the case, oldest first. The journal is one for the district: only for who sees all of it."""
    user = caller(request, VIEW_JOURNAL)
    if not reaches(user, VIEW_JOURNAL, ""):
        raise NotAllowed(_("日志全区一本，只对区级管理员开放。"))
    rows = entries_of(case_for(user, number))
    return page_of(rows, _entry_out, order="sequence", after=after, limit=limit)
