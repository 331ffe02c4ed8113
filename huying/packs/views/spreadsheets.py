"""Areas, departments, staff and duties by spreadsheet: a page for each that takes a file and says what went in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.errors import NotAllowed
from huying.core.spreadsheets import export_xlsx
from huying.packs.imports import KINDS, export_rows, import_rows
from huying.packs.tables import TABLES
from huying.people.forms import SpreadsheetForm
from huying.people.guards import check
from huying.people.policy import reaches

PLACES, PEOPLE = "places.manage", "people.manage"
# Title, verb, the page that lists them.
PAGES: dict[str, tuple[Any, str, str]] = {
    "areas": (gettext_lazy("区域"), PLACES, "people:areas"),
    "buildings": (gettext_lazy("楼栋"), PLACES, "people:areas"),
    "roads": (gettext_lazy("道路"), PLACES, "people:areas"),
    "departments": (gettext_lazy("部门"), PEOPLE, "people:departments"),
    "staff": (gettext_lazy("人员"), PEOPLE, "people:accounts"),
    "duties": (gettext_lazy("职责"), PEOPLE, "people:duties"),
}
MOST_ERRORS = 200


def _open(request: HttpRequest, kind: str) -> HttpResponse | None:
    """None when the reader may exchange this table: a file may hold rows of any area, so it takes the whole."""
    if kind not in PAGES or kind not in KINDS:
        raise Http404
    _title, verb, _list = PAGES[kind]
    if elsewhere := check(request, verb):
        return elsewhere
    if not reaches(request.user, verb, ""):
        raise NotAllowed(_("整表导入导出由区级管理员办理。您可以在列表页导出看得到的部分，或逐条修改。"))
    return None


def spreadsheet(request: HttpRequest, kind: str) -> HttpResponse:
    """GET shows the form and the columns; POST imports the file and shows what could not go in, row by row."""
    if refused := _open(request, kind):
        return refused
    title, _verb, url_name = PAGES[kind]
    sent = request.method == "POST"
    form = SpreadsheetForm(request.POST, request.FILES) if sent else SpreadsheetForm()
    context: dict[str, Any] = {
        "kind": kind,
        "title": _("%s：导入导出") % title,
        "crumbs": [(title, reverse(url_name))],
        "list_url": reverse(url_name),
        "form": form,
        "columns": TABLES[kind].columns,
        "tabs": [
            {"title": name, "url": reverse("packs:import", args=[each]), "active": each == kind}
            for each, (name, verb, _list) in PAGES.items()
            if reaches(request.user, verb, "")
        ],
    }
    if sent and form.is_valid():
        file = form.cleaned_data["file"]
        if file.size > settings.MAX_UPLOAD_BYTES:
            form.add_error("file", _("文件太大。请拆成几个再导入。"))
        else:
            result = import_rows(kind, file, actor=request.user)
            wrong = {error.row for error in result.errors}
            context |= {"result": result, "errors": result.errors[:MOST_ERRORS], "wrong": len(wrong)}
    return render(request, "packs/spreadsheet.html", context, status=422 if form.errors else 200)


def export(request: HttpRequest, kind: str) -> HttpResponse | FileResponse:
    """The table as `spreadsheet` reads it back."""
    if refused := _open(request, kind):
        return refused
    names, rows = export_rows(kind)
    columns = [(name, lambda row, place=place: row[place]) for place, name in enumerate(names)]
    return export_xlsx(kind, columns, rows)
