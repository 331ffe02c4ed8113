"""Matters by spreadsheet: uploaded, looked at with every mistake, then taken in; the same file again changes nothing.

An `Importer` says what its columns are and what one row means. Each row stands for itself: wrong ones are
reported with line, column and what to do, the others are in.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import models, transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.errors import Conflict, Refusal
from huying.core.pages import export_xlsx
from huying.core.sheets import Line, read_table
from huying.core.toasts import toast
from huying.people.guards import check, signed_in
from huying.people.models import User
from huying.places.clock import BEIJING

MOST_LINES = 5000
SHOWN = 200
KEEP = dt.timedelta(days=7)
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日")
REASON = gettext_lazy("没有导入的原因")

OUTCOMES: dict[str, Promise] = {
    "new": gettext_lazy("新增"),
    "changed": gettext_lazy("更正"),
    "same": gettext_lazy("没有变化"),
    "wrong": gettext_lazy("有误"),
}


@dataclass(frozen=True)
class SheetColumn:
    """One column: its heading, the key it is read under, an example for the empty table."""

    title: Promise | str
    key: str
    required: bool = False
    example: Promise | str = ""


@dataclass
class Plan:
    """What one row would do. `changes` are sentences; `errors` are (column key, sentence)."""

    outcome: str = "new"
    what: str = ""
    changes: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    apply: Callable[[], object] | None = None


class SheetUpload(models.Model):
    """An uploaded table on its way in. Its rows hold names and phones: they go as soon as they have served."""

    name = models.CharField(max_length=120)
    columns = models.JSONField()
    lines = models.JSONField()  # [[row, {heading: text}, [rounded headings]]]
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)  # {outcome: count}, and the mistakes by line

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def read_moment(text: str) -> dt.datetime:
    """A moment as spreadsheets write it, in Beijing time. ValueError otherwise."""
    for shape in _MOMENTS:
        try:
            found = dt.datetime.strptime(text.replace("/", "-").replace("T", " "), shape)
        except ValueError:
            continue
        if 2000 <= found.year <= 2200:
            return found.replace(tzinfo=BEIJING)
    raise ValueError(text)


class SheetForm(forms.Form):
    """A table to look at."""

    file = forms.FileField(
        label=gettext_lazy("文件"),
        help_text=gettext_lazy(".xlsx 或 .csv，第一行是列名。先预览，确认后才导入。"),
        error_messages={"required": gettext_lazy("请选择要导入的表格。")},
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
    )


class Importer:
    """Subclass with columns, `plan` and where it stands; `urls()` gives its pages."""

    title: ClassVar[Promise | str]
    lead: ClassVar[Promise | str] = ""
    name: ClassVar[str]  # of the URLs: "orders" → "hotline:orders-import"
    namespace: ClassVar[str]
    prefix: ClassVar[str]  # of the path
    verb: ClassVar[str]
    columns: ClassVar[tuple[SheetColumn, ...]]
    key: ClassVar[str]  # the column that names a matter
    model: ClassVar[type[SheetUpload]]

    def plan(self, cells: Mapping[str, str], actor: User) -> Plan:
        """What a row means now. `cells` are by key and hold only the columns that the table has."""
        raise NotImplementedError

    # -- the work ---------------------------------------------------------------------------------------------

    def heading(self, key: str) -> str:
        return next((str(column.title) for column in self.columns if column.key == key), key)

    def _cells(self, cells: Mapping[str, str]) -> dict[str, str]:
        found = {}
        for column in self.columns:
            for heading in (str(column.title), column.key):
                if heading in cells:
                    found[column.key] = cells[heading]
        return found

    def plans(self, upload: SheetUpload, actor: User) -> list[tuple[Line, Plan]]:
        """Every row with what it would do."""
        seen: dict[str, int] = {}
        found = []
        for row, cells, rounded in upload.lines:
            line, read = Line(row, cells, rounded), self._cells(cells)
            plan = self._checked(line, read, seen) or self._planned(read, actor)
            if plan.errors:
                plan.outcome = "wrong"
            plan.what = plan.what or read.get(self.key, "")
            found.append((line, plan))
        return found

    def _checked(self, line: Line, read: Mapping[str, str], seen: dict[str, int]) -> Plan | None:
        errors = [
            (
                column.key,
                _("数字太长，表格软件已经舍去末几位。请把这一列设为「文本」格式后重新填写。"),
            )
            for column in self.columns
            if column.key in read and {str(column.title), column.key} & set(line.rounded)
        ]
        errors += [
            (column.key, _("不能为空，请补上。"))
            for column in self.columns
            if column.required and not read.get(column.key)
        ]
        identity = read.get(self.key, "")
        if identity and identity in seen:
            errors.append((self.key, _("和第 %d 行重复，请只留一行。") % seen[identity]))
        seen.setdefault(identity, line.row)
        return Plan(errors=errors) if errors else None

    def _planned(self, read: Mapping[str, str], actor: User) -> Plan:
        try:
            return self.plan(read, actor)
        except Refusal as refusal:
            return Plan(errors=[(refusal.field or self.key, str(refusal))])

    def take(self, request: HttpRequest) -> SheetUpload:
        """Keep an uploaded table for the look before. Raises Refusal."""
        file: Any = request.FILES["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_BYTES:
            raise Refusal(_("文件太大。请拆成几个再导入。"), field="file")
        table = read_table(file.name or "", file.read())
        known = {heading for column in self.columns for heading in (str(column.title), column.key)}
        missing = [
            str(column.title)
            for column in self.columns
            if column.required and not {str(column.title), column.key} & set(table.columns)
        ]
        if missing:
            raise Refusal(
                _("缺少列：%(missing)s。请下载空表对照。文件里的列是：%(found)s。")
                % {"missing": "、".join(missing), "found": "、".join(table.columns)[:300] or _("空")},
                field="file",
            )
        if len(table.lines) > MOST_LINES:
            raise Refusal(
                _("一次最多 %(most)d 行，这个表有 %(n)d 行。请拆成几个再导入。")
                % {"most": MOST_LINES, "n": len(table.lines)},
                field="file",
            )
        if not table.lines:
            raise Refusal(_("表里没有数据行。"), field="file")
        return self.model._default_manager.create(
            name=(file.name or "")[-120:],
            columns=[column for column in table.columns if column in known],
            lines=[
                [line.row, {k: v for k, v in line.cells.items() if k in known}, line.rounded]
                for line in table.lines
            ],
            uploaded_by=signed_in(request),
        )

    def apply(self, upload: SheetUpload, actor: User) -> dict[str, Any]:
        """Take the right rows in, each for itself; the wrong ones stay for the download. Once."""
        won = self.model._default_manager.filter(pk=upload.pk, applied_at=None).update(
            applied_at=timezone.now()
        )
        if not won:
            raise Conflict(_("这个表格已经导入过了。改好后请重新上传。"))
        counts: Counter[str] = Counter()
        wrong: dict[int, list[list[str]]] = {}
        for line, plan in self.plans(upload, actor):
            errors = list(plan.errors)
            if not errors and plan.apply is not None and plan.outcome != "same":
                try:
                    with transaction.atomic():
                        plan.apply()
                except Refusal as refusal:
                    errors = [(refusal.field or self.key, str(refusal))]
            counts["wrong" if errors else plan.outcome] += 1
            if errors:
                wrong[line.row] = [[self.heading(key), sentence] for key, sentence in errors]
        result = {"counts": dict(counts), "errors": wrong}
        left = [line for line in upload.lines if line[0] in wrong]
        self.model._default_manager.filter(pk=upload.pk).update(result=result, lines=left)
        return result

    # -- the pages --------------------------------------------------------------------------------------------

    def url(self, page: str, *args: Any) -> str:
        return reverse(f"{self.namespace}:{self.name}-{page}", args=args)

    def urls(self) -> list[URLPattern]:
        return [
            path(f"{self.prefix}/", self.upload_page, name=f"{self.name}-import"),
            path(f"{self.prefix}/empty.xlsx", self.empty, name=f"{self.name}-empty"),
            path(f"{self.prefix}/<int:upload>/", self.look, name=f"{self.name}-look"),
            path(f"{self.prefix}/<int:upload>/errors.xlsx", self.errors, name=f"{self.name}-errors"),
        ]

    def crumbs(self) -> list[tuple[str, str]]:
        return []

    def upload_page(self, request: HttpRequest) -> HttpResponse:
        if refused := check(request, self.verb):
            return refused
        form = SheetForm(request.POST, request.FILES) if request.method == "POST" else SheetForm()
        if request.method == "POST" and form.is_valid():
            try:
                return redirect(self.url("look", self.take(request).pk))
            except Refusal as refusal:
                form.add_error("file", str(refusal))
        context = {
            "title": self.title, "lead": self.lead, "form": form, "columns": self.columns, "crumbs": self.crumbs(),
            "empty_url": self.url("empty"), "submit": _("预览"),
        }  # fmt: skip
        return render(request, "hotline/import.html", context, status=422 if form.errors else 200)

    def empty(self, request: HttpRequest) -> HttpResponse | FileResponse:
        """The table with its headings and one example."""
        if refused := check(request, self.verb):
            return refused
        columns = [(str(column.title), itemgetter(place)) for place, column in enumerate(self.columns)]
        return export_xlsx(str(self.title), columns, [[str(column.example) for column in self.columns]])

    def _mine(self, request: HttpRequest, upload: int) -> SheetUpload:
        if upload > 2**62:
            upload = 0
        return get_object_or_404(self.model, pk=upload, uploaded_by=signed_in(request))

    def look(self, request: HttpRequest, upload: int) -> HttpResponse:
        """GET shows what each row would do; POST takes it in and shows what happened."""
        if refused := check(request, self.verb):
            return refused
        mine = self._mine(request, upload)
        if request.method == "POST":
            result = self.apply(mine, signed_in(request))
            toast(request, _("导入完成：%s") % self.words(result["counts"]))
            return redirect(self.url("look", mine.pk))
        context: dict[str, Any] = {
            "title": self.title, "upload": mine, "crumbs": [*self.crumbs(), (self.title, self.url("import"))],
            "errors_url": self.url("errors", mine.pk), "import_url": self.url("import"),
        }  # fmt: skip
        if mine.applied_at is None:
            plans = self.plans(mine, signed_in(request))
            counts = Counter(plan.outcome for _line, plan in plans)
            order = ["wrong", "changed", "new", "same"]
            plans.sort(key=lambda pair: (order.index(pair[1].outcome), pair[0].row))
            rows = [
                {
                    "row": line.row, "what": plan.what, "outcome": plan.outcome,
                    "word": OUTCOMES[plan.outcome], "changes": plan.changes,
                    "errors": [(self.heading(key), sentence) for key, sentence in plan.errors],
                }
                for line, plan in plans[:SHOWN]
            ]  # fmt: skip
            context |= {"rows": rows, "more": len(plans) - len(rows)}
        else:
            counts = Counter(mine.result.get("counts", {}))
            errors = mine.result.get("errors", {})
            context["rows"] = [
                {"row": row, "what": "", "outcome": "wrong", "word": OUTCOMES["wrong"], "changes": [],
                 "errors": found}
                for row, found in sorted(errors.items(), key=lambda pair: int(pair[0]))[:SHOWN]
            ]  # fmt: skip
        context |= {
            "summary": self.words(counts), "wrong": counts["wrong"],
            "todo": counts["new"] + counts["changed"],
        }  # fmt: skip
        return render(request, "hotline/import_look.html", context)

    def words(self, counts: Mapping[str, int]) -> str:
        return "，".join(f"{title} {counts.get(key, 0)}" for key, title in OUTCOMES.items())

    def errors(self, request: HttpRequest, upload: int) -> HttpResponse | FileResponse:
        """The rows that are not in, as they were, with a column that says why."""
        if refused := check(request, self.verb):
            return refused
        mine = self._mine(request, upload)
        if mine.applied_at is None:
            wrong = {
                str(line.row): [(self.heading(key), sentence) for key, sentence in plan.errors]
                for line, plan in self.plans(mine, signed_in(request))
                if plan.errors
            }
        else:
            wrong = mine.result.get("errors", {})
        rows = [
            (cells, "；".join(f"{column}：{sentence}" for column, sentence in wrong[str(row)]))
            for row, cells, _rounded in mine.lines
            if str(row) in wrong
        ]
        columns: list[tuple[str, Callable[[Any], Any]]] = [
            (column, partial(_cell, column)) for column in mine.columns
        ]
        return export_xlsx(_("没有导入的行"), [*columns, (str(REASON), lambda row: row[1])], rows)


def _cell(column: str, row: tuple[dict[str, str], str]) -> str:
    return row[0].get(column, "")


def forget_uploads(model: type[SheetUpload]) -> None:
    """Delete tables of a week ago: rows that were never put right hold names and phones."""
    model._default_manager.filter(uploaded_at__lt=timezone.now() - KEEP).delete()
