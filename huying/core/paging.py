"""Pages of a list: by position in an index or by number; counting that knows when to stop."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Field, Q, QuerySet
from django.http import HttpRequest
from django.utils.timezone import is_naive

COUNT_CAP = 10_000
"""Counting stops here: beyond it a list says 「10,000+」 instead of counting a million rows for every page."""


@dataclass(frozen=True)
class Total:
    """How many rows there are; ``capped`` when counting stopped."""

    number: int
    capped: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.capped else f"{self.number:,}"


def count_up_to(rows: QuerySet[Any], cap: int = COUNT_CAP) -> Total:
    """Count ``rows``, but never more than ``cap``: the database stops there."""
    number = rows.order_by()[: cap + 1].count()
    return Total(min(number, cap), number > cap)


def address(request: HttpRequest, **changes: Any) -> str:
    """The page's address with parameters replaced; None removes one. A new filter or order begins at the first page."""
    params = request.GET.copy()
    for name in ("after", "before", "page", "export", "hide"):
        params.pop(name, None)
    for name, value in changes.items():
        params.pop(name, None)
        if value is not None:
            params[name] = str(value)
    return f"{request.path}?{params.urlencode()}" if params else request.path


def paginate(request: HttpRequest, rows: Any, size: int = 50) -> tuple[list[Any], dict[str, Any]]:
    """One numbered page (``?page=``) of a short list, and the context of ``parts/pager.html``.

    A number beyond the end gives the last page.
    """
    paginator = Paginator(rows, size)
    page = paginator.get_page(request.GET.get("page"))

    def url(number: int) -> str:
        return address(request, page=number)

    pages = [
        (number, url(number) if isinstance(number, int) else "", number == page.number)
        for number in paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    ]
    pager = {
        "previous_url": url(page.number - 1) if page.has_previous() else "",
        "next_url": url(page.number + 1) if page.has_next() else "",
        "pages": pages if paginator.num_pages > 1 else [],
    }
    return list(page.object_list), pager


class Keyset:
    """Pages by position in an index instead of by number: page 10,000 costs as much as page 1.

    PostgreSQL sorts NULL as the greatest value, in both directions; so do the conditions here.
    """

    def __init__(self, rows: QuerySet[Any], order: str) -> None:
        self.rows, self.down, self.key = rows, order.startswith("-"), order.lstrip("-")

    def page(self, size: int, after: str = "", before: str = "") -> tuple[list[Any], str, str]:
        """The rows, the cursor of the page before (or ""), the cursor of the page after (or "")."""
        back = bool(before) and not after
        cursor = self._read(before if back else after)
        down = self.down != back
        rows = self.rows.filter(self._beyond(*cursor, down)) if cursor else self.rows
        sign = "-" if down else ""
        found = list(rows.order_by(*dict.fromkeys((sign + self.key, sign + "pk")))[: size + 1])
        more, found = len(found) > size, found[:size]
        if back:
            found.reverse()
        if not found:
            return [], "", ""
        behind, ahead = (more, True) if back else (cursor is not None, more)
        return found, self._write(found[0]) if behind else "", self._write(found[-1]) if ahead else ""

    def _beyond(self, value: Any, pk: Any, down: bool) -> Q:
        way, edge = ("lt", "lte") if down else ("gt", "gte")
        if self.key == "pk":
            return Q(**{f"pk__{way}": pk})
        if value is None:
            same = Q(**{f"{self.key}__isnull": True, f"pk__{way}": pk})
            return same | Q(**{f"{self.key}__isnull": False}) if down else same
        # The outer bound lets the index jump to the place; the inner part settles equal keys.
        beyond = Q(**{f"{self.key}__{edge}": value}) & (
            Q(**{f"{self.key}__{way}": value}) | Q(**{self.key: value, f"pk__{way}": pk})
        )
        nullable = self._field().null or "__" in self.key
        return beyond if down or not nullable else beyond | Q(**{f"{self.key}__isnull": True})

    def _field(self) -> Field[Any, Any]:
        if self.key in self.rows.query.annotations:
            return self.rows.query.annotations[self.key].output_field
        model, field = self.rows.model, None
        for part in self.key.split("__"):
            field = model._meta.pk if part == "pk" else model._meta.get_field(part)
            model = getattr(field, "related_model", None) or model
        return field  # type: ignore[return-value]

    def _write(self, row: Any) -> str:
        value = reduce(lambda item, part: getattr(item, part, None), self.key.split("__"), row)
        text = value.isoformat() if isinstance(value, (date, datetime)) else value
        return base64.urlsafe_b64encode(json.dumps([text, row.pk], default=str).encode()).decode().rstrip("=")

    def _read(self, text: str) -> tuple[Any, Any] | None:
        """Position of a cursor; None for one that was cut or invented: the list then begins at its start."""
        try:
            read = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            if "\\u0000" in read:
                return None
            value, pk = json.loads(read)
            value, pk = self._field().to_python(value), self.rows.model._meta.pk.to_python(pk)
        except (ValueError, TypeError, RecursionError, binascii.Error, ValidationError):
            return None
        if pk is None or (isinstance(value, datetime) and is_naive(value)):
            return None
        return value, pk
