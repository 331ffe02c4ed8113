"""Many things at once: what is derived of a thing (codes, words, area) for rows that were written in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import connection, transaction

from huying.core.search import normalise, tokens
from huying.places.district import region_code
from huying.registry.actions import search_words
from huying.registry.models import Item
from huying.registry.rules import RegisterRules

_APART = "\x1f"
_WRITE = """
UPDATE registry_item i SET words = n.words, part_code = n.part_code,
    search = array_to_tsvector(CASE WHEN n.tokens = '' THEN ARRAY[]::text[] ELSE string_to_array(n.tokens, %s) END)
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS n (id, words, part_code, tokens)
WHERE i.id = n.id
"""


@transaction.atomic
def complete_items(rows: Iterable[Item], rules: RegisterRules) -> None:
    """Write the search words of stored rows of one register, and give part codes to those that lack one."""
    waiting: dict[str, list[Item]] = defaultdict(list)
    found = list(rows)
    for item in found:
        wanted = rules.class_for(item.data)
        if wanted and item.part_code[6:10] != wanted:
            waiting[wanted].append(item)
    for class_code, items in sorted(waiting.items()):
        first = _draw_many(class_code, len(items))
        for number, item in enumerate(items):
            item.part_code = f"{region_code()}{class_code}{first + number:06}"
    keys, words, codes, searched = [], [], [], []
    for item in found:
        texts = search_words(item, rules)
        item.words = normalise(" ".join(texts))[:2000]
        keys.append(item.pk)
        words.append(item.words)
        codes.append(item.part_code)
        searched.append(_APART.join(tokens(*texts)))
    with connection.cursor() as cursor:
        for start in range(0, len(keys), 5000):
            part = slice(start, start + 5000)
            cursor.execute(_WRITE, [_APART, keys[part], words[part], codes[part], searched[part]])


def _draw_many(class_code: str, count: int) -> int:
    """The first of `count` serial numbers in a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_partserial AS s (class_code, last) VALUES (%s, %s)"
            " ON CONFLICT (class_code) DO UPDATE SET last = s.last + excluded.last RETURNING last",
            [class_code, count],
        )
        last: int = cursor.fetchone()[0]
    return last - count + 1
