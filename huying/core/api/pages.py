"""Lists by cursor: the next page costs as much as the first, and nothing is skipped while rows are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from ninja import Query, Schema

from huying.core.paging import Keyset

Row = TypeVar("Row")

MOST = 200
# ninja's `Query` is typed as a marker class; as a default value it is a function.
query: Any = Query


class Page(Schema, Generic[Row]):
    """One page; `next` is the cursor of the next one, empty at the end."""

    items: list[Row]
    next: str = ""


def page_of(
    rows: QuerySet[Any], shape: Callable[[Any], Any], *, order: str, after: str = "", limit: int = 50
) -> dict[str, Any]:
    """The page behind `after` of these rows; each row goes through `shape`."""
    found, _before, following = Keyset(rows, order).page(max(1, min(limit, MOST)), after)
    return {"items": [shape(row) for row in found], "next": following}
