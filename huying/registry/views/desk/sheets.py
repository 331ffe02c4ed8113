"""Import by spreadsheet: choose, look at what each row would do, take in, download what was wrong."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from huying.core.errors import Refusal
from huying.core.pages import export_xlsx
from huying.core.parts import part_of
from huying.core.toasts import toast
from huying.people.guards import check, requires, signed_in
from huying.registry import policy
from huying.registry.display import crumbs
from huying.registry.imports.apply import AT_ONCE, apply_upload, claim, take
from huying.registry.imports.plan import OUTCOMES
from huying.registry.imports.table import DERIVED, MOST_LINES, Columns
from huying.registry.jobs import take_in
from huying.registry.models import ItemsUpload, Register

_LOOK = {
    "wrong": ("red", "alert"),
    "changed": ("yellow", "edit"),
    "new": ("green", "plus"),
    "same": ("", "check"),
}


class SheetForm(forms.Form):
    """A table to look at."""

    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy(".xlsx 或 .csv，第一行是列名。先预览，确认后才导入。"),
        error_messages={"required": gettext_lazy("请选择要导入的表格。")},
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv"}),
    )


def _register(code: str) -> Register:
    return get_object_or_404(Register, code=code, active=True)


@requires(policy.IMPORT)
def upload(request: HttpRequest, register: str) -> HttpResponse:
    """Choose a table; the columns that it may have stand beside."""
    row = _register(register)
    form = SheetForm(request.POST, request.FILES) if request.method == "POST" else SheetForm()
    if request.method == "POST" and form.is_valid():
        file: Any = request.FILES["file"]
        try:
            taken = take(row, file.name or "", file.read(), actor=signed_in(request))
            return redirect("desk:register-import-look", row.code, taken.pk)
        except Refusal as refusal:
            form.add_error("file", str(refusal))
    context = {
        "title": _("导入：%(register)s") % {"register": row}, "register": row, "form": form,
        "columns": Columns(row).all, "most": MOST_LINES, "crumbs": crumbs(row),
        "export_url": f"{row.get_absolute_url()}?export=xlsx",
    }  # fmt: skip
    return render(request, "registry/import.html", context, status=422 if form.errors else 200)


@require_GET
def empty(request: HttpRequest, register: str) -> HttpResponse | FileResponse:
    """The table with its headings; what may be written under each stands on its second sheet."""
    if refused := check(request, policy.IMPORT):
        return refused
    row = _register(register)
    columns = Columns(row).all
    headings = [(column.heading, itemgetter(place)) for place, column in enumerate(columns)]
    notes = [(column.heading, column.help) for column in columns if column.help]
    return export_xlsx(str(row), headings, [], notes)


def _mine(request: HttpRequest, register: str, pk: int) -> ItemsUpload:
    """One's own upload: nobody else sees a table before it is in."""
    rows = ItemsUpload.objects.select_related("register", "uploaded_by")
    found: ItemsUpload = get_object_or_404(
        rows, pk=min(pk, 2**62), register__code=register, uploaded_by=signed_in(request)
    )
    return found


def _words(counts: dict[str, int]) -> str:
    return "，".join(f"{title} {counts.get(key, 0)}" for key, title in OUTCOMES.items())


@never_cache
@requires(policy.IMPORT)
def look(request: HttpRequest, register: str, pk: int) -> HttpResponse:
    """GET shows what each row would do, or did; POST takes the right rows in."""
    mine = _mine(request, register, pk)
    if request.method == "POST":
        claim(mine)
        if mine.total > AT_ONCE:
            take_in.defer(upload=mine.pk)
        else:
            apply_upload(mine.pk)
            mine.refresh_from_db()
            if mine.state == ItemsUpload.State.APPLIED:
                toast(request, _("导入完成：%s") % _words(mine.result["counts"]))
            else:
                toast(request, mine.result.get("sentence", ""), level=messages.ERROR)
        return redirect("desk:register-import-look", register, mine.pk)
    looked = mine.state == ItemsUpload.State.LOOKED
    known = mine.result if mine.state == ItemsUpload.State.APPLIED else mine.preview
    counts, rows = known.get("counts", {}), mine.preview.get("rows", [])
    if not looked:
        rows = [row for row in rows if row["outcome"] == "wrong"]
    context: dict[str, Any] = {
        "title": _("导入：%(register)s") % {"register": mine.register}, "upload": mine, "looked": looked,
        "crumbs": crumbs(mine.register, (_("导入"), reverse("desk:register-import", args=[register]))),
        "summary": _words(counts), "wrong": counts.get("wrong", 0),
        "todo": counts.get("new", 0) + counts.get("changed", 0),
        "rows": [row | {"word": OUTCOMES[row["outcome"]], "look": _LOOK[row["outcome"]]} for row in rows],
        "more": sum(number for key, number in counts.items() if key != "same") - len(rows) if looked else 0,
        **_progress(mine),
    }  # fmt: skip
    return render(request, "registry/import_look.html", context)


def _progress(mine: ItemsUpload) -> dict[str, Any]:
    state = {"running": "running", "applied": "done", "failed": "failed"}.get(mine.state, "")
    return {
        "progress_state": state, "upload": mine,
        "poll_url": reverse("desk:register-import-progress", args=[mine.register.code, mine.pk]),
    }  # fmt: skip


@never_cache
@require_GET
@requires(policy.IMPORT)
@part_of("desk:register-import-look")
def progress(request: HttpRequest, register: str, pk: int) -> HttpResponse:
    """How far it is; when it is done the whole page is asked for again."""
    mine = _mine(request, register, pk)
    response = render(request, "registry/_import_progress.html", _progress(mine))
    if mine.state != ItemsUpload.State.RUNNING:
        response["HX-Redirect"] = reverse("desk:register-import-look", args=[register, mine.pk])
    return response


@never_cache
@require_GET
def result(request: HttpRequest, register: str, pk: int) -> HttpResponse | FileResponse:
    """The rows that are not in, as they were, each with what is wrong: put right, it can be uploaded again."""
    if refused := check(request, policy.IMPORT):
        return refused
    mine = _mine(request, register, pk)
    known = mine.result if mine.state == ItemsUpload.State.APPLIED else mine.preview
    errors = known.get("errors", {})
    rows = [
        (cells, "；".join(f"{heading}：{sentence}" for heading, sentence in errors[str(row)]))
        for row, cells, _rounded in mine.lines
        if str(row) in errors
    ]
    headings = [name for name in mine.columns if name != str(DERIVED["reason"])]
    columns: list[tuple[str, Any]] = [
        (name, lambda row, name=name: row[0].get(name, "")) for name in headings
    ]
    columns.append((str(DERIVED["reason"]), itemgetter(1)))
    return export_xlsx(_("没有导入的行"), columns, rows)
