"""Chinese full-text search without word segmentation.

Segmenting 路灯不亮 into words can hide 路灯, so texts are indexed by pairs of neighbouring characters
and a hit is rechecked with LIKE.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import models
from django.db.models import Func, Q, Value

Row = TypeVar("Row", bound=models.Model)

_RUN = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")


def normalise(text: str) -> str:
    """Full-width to half-width, lower case, white space folded: what is stored, searched and compared."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def tokens(*texts: str) -> list[str]:
    """Bigrams of each run of Chinese characters, single characters and latin words."""
    found: set[str] = set()
    for text in texts:
        for run in _RUN.findall(normalise(text)):
            if run[0].isascii():
                found.add(run[:60])
            else:
                found.update(run)
                found.update(run[i : i + 2] for i in range(len(run) - 1))
    return sorted(found)


def search_vector(*texts: str) -> Func:
    """The expression to store in a `SearchVectorField` for these texts."""
    return Func(
        Value(tokens(*texts), output_field=ArrayField(models.TextField())),
        function="array_to_tsvector",
        output_field=SearchVectorField(),
    )


def search_q(words: str, *, vector: str, text: str) -> Q:
    """Rows that contain every word of `words`: bigrams by index, then the exact run by LIKE.

    `vector` and `text` name the row's search column and its normalised text column.
    """
    query = Q()
    for word in normalise(words).split():
        wanted = [t for t in tokens(word) if len(t) > 1] or tokens(word)
        if wanted:
            lexemes = " & ".join("'" + t.replace("'", "''") + "'" for t in wanted)
            query &= Q(**{vector: SearchQuery(lexemes, search_type="raw", config="simple")})
        query &= Q(**{f"{text}__contains": word})
    return query


FEW = 2_000
"""Up to so many hits are fetched by the index and then named one by one."""


def search_rows(rows: models.QuerySet[Row], words: str, *, vector: str, text: str) -> models.QuerySet[Row]:
    """The rows that contain every word, in a form that stays fast whether the words are rare or everywhere.

    The planner can't know how often a run of characters occurs: it would read 100,000 hits of a common word to
    sort them, or walk a million rows for a rare one. So the index is asked first, for a few more than FEW hits.
    When there are few, exactly these are asked for; else the rows are read in the list's own order, and a page
    of hits is soon found.
    """
    found = rows.model._default_manager.filter(search_q(words, vector=vector, text=text))
    keys = list(found.order_by().values_list("pk", flat=True)[: FEW + 1])
    if len(keys) <= FEW:
        return rows.filter(pk__in=keys)
    runs = Q()
    for word in normalise(words).split():
        runs &= Q(**{f"{text}__contains": word})
    return rows.filter(runs)
