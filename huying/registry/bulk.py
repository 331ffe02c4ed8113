"""Many things at once: what is derived of a thing (codes, words, area) for rows that were written in bulk."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from huying.core.journal import log_new_chains
from huying.core.search import normalise, tokens
from huying.people.models import User
from huying.places.district import region_code
from huying.registry.actions import default_people, next_code, place_item, search_words, set_default_people
from huying.registry.models import Item, Register
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


@transaction.atomic
def add_items(
    register: Register,
    rows: Sequence[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]],
    *,
    actor: User,
    origin: str,
) -> list[Item]:
    """Put many things on a register, each with its own entry in the journal. Rights were looked at before.

    A row is (code, state, values, data) as `add_item` takes them. IntegrityError when a code is taken.
    """
    rules, at = register.rules, timezone.now()
    people, items = default_people(rules), []
    numbers = _numbers(register, rules) if any(not code for code, *_rest in rows) else iter(())
    for code, state, values, data in rows:
        item = Item(
            register=register, code=code or next(numbers), state=state or rules.first_state, origin=origin
        )
        for name, value in values.items():
            setattr(item, name, value)
        item.data, item.made_at, item.changed_at = dict(data), at, at
        set_default_people(item, people)
        place_item(item)
        items.append(item)
    with transaction.atomic():
        Item.objects.bulk_create(items, batch_size=1000)
    complete_items(items, rules)
    log_new_chains("item", [_entry(item, register, actor, at) for item in items])
    return items


def _numbers(register: Register, rules: RegisterRules) -> Iterator[str]:
    """The register's own numbers, from the next one on."""
    code = next_code(register, rules)
    prefix, digits = re.fullmatch(r"(.*?)(\d+)", code).groups()  # type: ignore[union-attr]
    return (f"{prefix}{number:0{len(digits)}}" for number in itertools.count(int(digits)))


def _entry(item: Item, register: Register, actor: User, at: dt.datetime) -> str:
    """The first line of a thing's history, as COPY reads it."""
    data = {"register": register.code, "code": item.code, "title": item.title, "origin": str(item.origin)}
    cells = (
        str(item.pk), "1", "item.added", at.isoformat(), str(actor.pk), str(actor)[:60],
        json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return "\t".join(
        cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        for cell in cells
    )


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
