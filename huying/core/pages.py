"""Lists: one declaration gives filters in the address, sorting, keyset pages, an honest count, export and htmx parts.

Subclass :class:`ListPage` with ``title``, ``columns``, ``filters`` and ``get_queryset``; see ``docs/parts.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View

from huying.core.paging import Keyset, Total, address, count_up_to, paginate
from huying.core.spreadsheets import export_xlsx
from huying.core.templatetags.parts import moment

__all__ = ["Column", "Filter", "ListPage", "Total", "address", "count_up_to", "export_xlsx", "paginate"]


@dataclass(frozen=True)
class Column:
    """One column. ``value``: attribute path (``area.title``, default ``name``) or function of the row, for page
    and export; ``show``: function of the row for what the page shows instead; ``sort``: an indexed model field.
    """

    name: str
    title: Any
    value: str | Callable[[Any], Any] = ""
    show: Callable[[Any], Any] | None = None
    sort: str = ""
    css: str = ""
    export: bool = True
    shown: bool = True

    def of(self, row: Any) -> Any:
        if callable(self.value):
            return self.value(row)
        return reduce(lambda item, part: getattr(item, part, None), (self.value or self.name).split("."), row)

    def cell(self, row: Any) -> Any:
        value = self.show(row) if self.show else self.of(row)
        if isinstance(value, datetime):
            return moment(value)
        if isinstance(value, date):
            return f"{value:%Y-%m-%d}"
        if isinstance(value, bool):
            return _("是") if value else _("否")
        return "—" if value is None or value == "" else value


@dataclass(frozen=True)
class Filter:
    """One filter: a form field, and either the ``lookup`` it becomes or a function (queryset, value) → queryset."""

    name: str
    field: forms.Field
    lookup: str = ""
    apply: Callable[[QuerySet[Any], Any], QuerySet[Any]] | None = None

    def narrow(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return self.apply(rows, value) if self.apply else rows.filter(**{self.lookup or self.name: value})

    def words(self, value: Any) -> str:
        """The value as its chip says it."""
        if isinstance(self.field, forms.BooleanField):
            return ""
        titles = {str(code): str(title) for code, title in getattr(self.field, "choices", ())}
        several = value if isinstance(value, (list, tuple, QuerySet)) else [value]
        return "、".join(titles.get(str(getattr(one, "pk", one)), str(one)) for one in several)


@dataclass(frozen=True)
class Chip:
    """An active filter, and the address of the list without it."""

    title: str
    words: str
    url: str


class ListPage(View):
    """A list declared by its columns and filters. Rights: ``get_queryset`` gives only what ``request.user`` may see."""

    title: Any = ""
    lead: Any = ""
    columns: Sequence[Column] = ()
    filters: Sequence[Filter] = ()
    order: str = "-pk"
    page_size: int = 50
    name: str = "list"
    template_name: str = "parts/list_page.html"
    part_name: str = "parts/list.html"
    base_template: str = "base_desk.html"
    detail: str = ""
    bulk_actions: Sequence[dict[str, Any]] = ()
    empty: ClassVar[dict[str, Any]] = {}
    exportable: bool = True

    def get_queryset(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get_columns(self) -> Sequence[Column]:
        return self.columns

    def get_filters(self) -> Sequence[Filter]:
        return self.filters

    def row_url(self, row: Any) -> str:
        """Where a row opens; without it rows do not open."""
        return row.get_absolute_url() if hasattr(row, "get_absolute_url") else ""

    def row_css(self, row: Any) -> str:
        return ""

    def saved_filters(self) -> Sequence[dict[str, Any]]:
        """Filters that somebody kept: dicts (title, url, active, count)."""
        return ()

    def count(self, rows: QuerySet[Any]) -> Total:
        return count_up_to(rows)

    def extra_context(self) -> dict[str, Any]:
        return {}

    def prepare_rows(self, rows: list[Any]) -> None:
        """Called with the rows of one page before they are drawn: the place for what one query can add to all."""

    def exported(self, rows: QuerySet[Any]) -> None:
        """Called before an export leaves: the place to log who took which rows."""

    @cached_property
    def form(self) -> forms.Form:
        fields = {each.name: each.field for each in self.get_filters()}
        for field in fields.values():
            field.required = False
        form: forms.Form = type("FilterForm", (forms.Form,), fields)(self.request.GET, auto_id="filter-%s")
        return form

    @cached_property
    def active(self) -> list[tuple[Filter, Any]]:
        """The filters in use with their cleaned values; one with a wrong value is shown with its error and not used."""
        self.form.is_valid()
        cleaned = getattr(self.form, "cleaned_data", {})
        pairs = [(each, cleaned.get(each.name)) for each in self.get_filters()]
        return [(each, value) for each, value in pairs if value or (value == 0 and value is not False)]

    def asked(self, name: str) -> bool:
        """Whether this filter is in use."""
        return any(each.name == name for each, _value in self.active)

    @cached_property
    def rows(self) -> QuerySet[Any]:
        return reduce(lambda rows, pair: pair[0].narrow(rows, pair[1]), self.active, self.get_queryset())

    @cached_property
    def sorting(self) -> str:
        asked = self.request.GET.get("sort", "")
        return (
            asked
            if asked.lstrip("-") in {column.sort for column in self.get_columns() if column.sort}
            else self.order
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.exportable and request.GET.get("export") == "xlsx":
            return self.export()
        htmx = request.headers.get("HX-Request") and not request.headers.get("HX-History-Restore-Request")
        response = render(request, self.part_name if htmx else self.template_name, self.context())
        patch_vary_headers(response, ["HX-Request"])
        return response

    def context(self) -> dict[str, Any]:
        params, size = self.request.GET, self.page_size
        found, before, after = Keyset(self.rows, self.sorting).page(
            size, params.get("after", ""), params.get("before", "")
        )
        self.prepare_rows(found)
        whole = not before and not after
        columns = self.get_columns()
        return {
            "page": self,
            "title": self.title,
            "lead": self.lead,
            "base_template": self.base_template,
            "form": self.form,
            "columns": [self._heading(column) for column in columns],
            "sorting": self.sorting,
            "rows": [
                {
                    "object": row,
                    "url": self.row_url(row),
                    "css": self.row_css(row),
                    "cells": [(column, column.cell(row)) for column in columns],
                }
                for row in found
            ],
            "total": Total(len(found)) if whole else self.count(self.rows),
            "pager": {
                "previous_url": address(self.request, before=before) if before else "",
                "next_url": address(self.request, after=after) if after else "",
            },
            "chips": [
                Chip(
                    str(each.field.label or each.name),
                    each.words(value),
                    address(self.request, **{each.name: None}),
                )
                for each, value in self.active
            ],
            "clear_url": self.request.path,
            "export_url": address(self.request, export="xlsx") if self.exportable else "",
            "saved_filters": self.saved_filters(),
            **self.extra_context(),
        }

    def _heading(self, column: Column) -> dict[str, Any]:
        here = self.sorting.lstrip("-") == column.sort and bool(column.sort)
        down = here and self.sorting.startswith("-")
        url = (
            address(self.request, sort=column.sort if down or not here else f"-{column.sort}")
            if column.sort
            else ""
        )
        return {
            "column": column,
            "url": url,
            "aria": ("descending" if down else "ascending") if here else "",
            "down": down,
        }

    def export(self) -> HttpResponseBase:
        """Exactly the filtered rows in the shown order, with the columns that the reader has not hidden (``hide``)."""
        hidden = set(self.request.GET.get("hide", "").split(","))
        columns = [
            (str(each.title), each.of)
            for each in self.get_columns()
            if each.export and each.name not in hidden
        ]
        self.exported(self.rows)
        sign = "-" if self.sorting.startswith("-") else ""
        rows = self.rows.order_by(*dict.fromkeys((self.sorting, f"{sign}pk"))).iterator(chunk_size=2000)
        notes = [
            (str(each.field.label or each.name), each.words(value) or _("是")) for each, value in self.active
        ]
        return export_xlsx(str(self.title), columns, rows, notes)
