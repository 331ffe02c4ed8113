"""The journal: append-only, one hash chain per subject, sealed daily.

The hash is computed by the database function `journal_hash`, so single entries, bulk history and
verification share one definition. Entries are written only inside the transaction of the change.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from huying.core.models import JournalEntry, JournalSeal

GENESIS = b"\0" * 32
_SEAL_LOCK = 7_201_001

_APPEND = """
WITH head AS (
    INSERT INTO core_journalhead AS h (kind, subject_id, sequence, previous_hash, hash)
    VALUES (%(kind)s, %(subject)s, 1, %(genesis)s,
            journal_hash(%(genesis)s, %(kind)s, %(subject)s, 1, %(code)s, %(at)s, %(actor)s, %(name)s, %(data)s))
    ON CONFLICT (kind, subject_id) DO UPDATE SET
        sequence = h.sequence + 1,
        previous_hash = h.hash,
        hash = journal_hash(h.hash, h.kind, h.subject_id, h.sequence + 1,
                            %(code)s, %(at)s, %(actor)s, %(name)s, %(data)s)
    RETURNING sequence, hash
)
INSERT INTO core_journalentry (kind, subject_id, sequence, code, at, actor_id, actor_name, data, hash)
SELECT %(kind)s, %(subject)s, sequence, %(code)s, %(at)s, %(actor)s, %(name)s, %(data)s, hash FROM head
RETURNING sequence
"""


@dataclass(frozen=True)
class LoggedEntry:
    """What a subscriber is told of an entry that was just appended. `subject` is None for `log_many`."""

    kind: str
    subject_id: int
    sequence: int
    code: str
    at: dt.datetime
    actor: Any  # a user, a plain name, or None for the system
    data: dict[str, Any]
    subject: models.Model | None = None


Subscriber = Callable[[LoggedEntry], None]
_subscribers: dict[str, Subscriber] = {}


def subscribe(prefix: str, function: Subscriber) -> None:
    """Call `function` for every entry whose code begins with `prefix`, inside the transaction of the change.

    What it writes stands or falls with the change itself, so an outbox filled here neither loses an event nor
    tells one that was rolled back. It must be quick, and an error in it undoes the change. Bulk history
    (`log_new_chains`) is not announced. Subscribing the same function again changes nothing.
    """
    _subscribers[f"{prefix}\0{function.__module__}.{function.__qualname__}"] = function


def _announced(code: str) -> list[Subscriber]:
    return [function for key, function in _subscribers.items() if code.startswith(key.partition("\0")[0])]


def _dumps(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def kind_of(subject: models.Model) -> str:
    """The name a subject has in the journal: its model's, in lower case."""
    return subject._meta.model_name or ""


def log(
    subject: models.Model,
    code: str,
    /,
    *,
    actor: Any = None,
    at: dt.datetime | None = None,
    **data: Any,
) -> None:
    """Append one entry to the subject's chain, in the caller's transaction.

    `actor` is a user, a plain name ("反映人"), or None for the system itself. Concurrent writers of one
    subject wait for one another on its head row.
    """
    name, actor_id = "", None
    if isinstance(actor, str):
        name = actor
    elif actor is not None and not isinstance(actor, AnonymousUser):
        actor_id, name = actor.pk, str(actor)
    at = at or timezone.now()
    data = {key: value for key, value in data.items() if value not in (None, "", [])}
    parameters = {
        "kind": kind_of(subject),
        "subject": subject.pk,
        "genesis": GENESIS,
        "code": code,
        "at": at,
        "actor": actor_id,
        "name": name[:60],
        "data": Jsonb(data, dumps=_dumps),
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, parameters)
        sequence = cursor.fetchone()[0]
    if told := _announced(code):
        entry = LoggedEntry(kind_of(subject), subject.pk, sequence, code, at, actor, data, subject)
        for function in told:
            function(entry)


_APPEND_MANY = """
WITH head AS (
    UPDATE core_journalhead h SET
        sequence = h.sequence + 1,
        previous_hash = h.hash,
        hash = journal_hash(h.hash, h.kind, h.subject_id, h.sequence + 1, n.code, %(at)s, NULL, '', n.data)
    FROM unnest(%(subjects)s::bigint[], %(codes)s::text[], %(datas)s::jsonb[]) AS n (subject_id, code, data)
    WHERE h.kind = %(kind)s AND h.subject_id = n.subject_id
    RETURNING h.subject_id, h.sequence, h.hash, n.code, n.data
)
INSERT INTO core_journalentry (kind, subject_id, sequence, code, at, actor_id, actor_name, data, hash)
SELECT %(kind)s, subject_id, sequence, code, %(at)s, NULL, '', data, hash FROM head
RETURNING subject_id, sequence, code
"""


def log_many(kind: str, entries: Sequence[tuple[int, str, dict[str, Any]]], *, at: dt.datetime) -> None:
    """Append one entry of the system's own to each of many subjects (subject id, code, data) at once.

    Each subject has a chain already and occurs once.
    """
    if not entries:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND_MANY,
            {
                "kind": kind,
                "at": at,
                "subjects": [subject for subject, _code, _data in entries],
                "codes": [code for _subject, code, _data in entries],
                "datas": [_dumps(data) for _subject, _code, data in entries],
            },
        )
        appended = cursor.fetchall() if _subscribers else []
    datas = {(subject, code): data for subject, code, data in entries}
    for subject, sequence, code in appended:
        for function in _announced(code):
            function(LoggedEntry(kind, subject, sequence, code, at, None, datas[subject, code]))


_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS journal_stage (
    subject_id bigint, sequence int, code text, at timestamptz, actor_id bigint, actor_name text, data jsonb
);
CREATE TEMP TABLE IF NOT EXISTS journal_stage_hash (subject_id bigint, sequence int, previous bytea, hash bytea);
TRUNCATE journal_stage, journal_stage_hash
"""
# Link k of every chain at once. Set by set, because the planner writes the body of `journal_hash` into a plain
# query; a running aggregate over each chain calls it row by row and takes three times as long (measured).
_LINK = """
INSERT INTO journal_stage_hash
SELECT s.subject_id, s.sequence, p.hash,
       journal_hash(p.hash, %(kind)s, s.subject_id, s.sequence, s.code, s.at, s.actor_id, s.actor_name, s.data)
FROM journal_stage s JOIN journal_stage_hash p ON p.subject_id = s.subject_id AND p.sequence = %(link)s - 1
WHERE s.sequence = %(link)s
"""
_FIRST_LINK = """
INSERT INTO journal_stage_hash
SELECT s.subject_id, 1, %(genesis)s,
       journal_hash(%(genesis)s, %(kind)s, s.subject_id, 1, s.code, s.at, s.actor_id, s.actor_name, s.data)
FROM journal_stage s WHERE s.sequence = 1
"""
_ENTER = """
INSERT INTO core_journalentry (kind, subject_id, sequence, code, at, actor_id, actor_name, data, hash)
SELECT %(kind)s, s.subject_id, s.sequence, s.code, s.at, s.actor_id, s.actor_name, s.data, h.hash
FROM journal_stage s JOIN journal_stage_hash h USING (subject_id, sequence)
ORDER BY s.subject_id, s.sequence
"""
_ENTER_HEADS = """
INSERT INTO core_journalhead (kind, subject_id, sequence, previous_hash, hash)
SELECT DISTINCT ON (subject_id) %(kind)s, subject_id, sequence, previous, hash
FROM journal_stage_hash ORDER BY subject_id, sequence DESC
"""


def log_new_chains(kind: str, lines: Sequence[str]) -> None:
    """Write whole chains of subjects that have none yet, in the caller's transaction.

    A line is one entry as `COPY` reads it: subject id, sequence (from 1, without gaps), code, moment, actor id,
    actor name and data as JSON, by tabs.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy("COPY journal_stage FROM STDIN") as copy:
            copy.write("\n".join(lines))
        cursor.execute("ANALYZE journal_stage")
        cursor.execute("SELECT max(sequence) FROM journal_stage")
        longest = cursor.fetchone()[0] or 0
        parameters: dict[str, Any] = {"kind": kind, "genesis": GENESIS}
        cursor.execute(_FIRST_LINK, parameters)
        for link in range(2, longest + 1):
            cursor.execute(_LINK, {**parameters, "link": link})
        cursor.execute(_ENTER, parameters)
        if cursor.rowcount != len(lines):
            raise ValueError("a chain has a gap: every subject's entries are numbered from 1 without one")
        cursor.execute(_ENTER_HEADS, parameters)


def entries_of(subject: models.Model) -> models.QuerySet[JournalEntry]:
    """The subject's entries in the order in which they were written."""
    return JournalEntry.objects.filter(kind=kind_of(subject), subject_id=subject.pk).order_by("sequence")


@dataclass(frozen=True)
class Fault:
    """One row that `verify` names: what is wrong, and with which entry."""

    problem: str
    kind: str
    subject_id: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.problem}: {self.kind}:{self.subject_id} #{self.sequence}"


_CHANGED = """
SELECT kind, subject_id, sequence, expected, found_previous FROM (
    SELECT kind, subject_id, sequence, hash,
           lag(sequence, 1, 0) OVER chain AS found_previous,
           journal_hash(lag(hash, 1, %s::bytea) OVER chain, kind, subject_id, sequence, code, at,
                        actor_id, actor_name, data) AS expected
    FROM core_journalentry
    WINDOW chain AS (PARTITION BY kind, subject_id ORDER BY sequence)
) checked WHERE expected <> hash OR found_previous <> sequence - 1
"""
_TAILS = """
SELECT h.kind, h.subject_id, h.sequence FROM core_journalhead h
LEFT JOIN core_journalentry e USING (kind, subject_id, sequence)
WHERE e.id IS NULL OR e.hash <> h.hash
"""
_HEADLESS = """
SELECT DISTINCT ON (e.kind, e.subject_id) e.kind, e.subject_id, e.sequence FROM core_journalentry e
LEFT JOIN core_journalhead h USING (kind, subject_id)
WHERE h.id IS NULL OR e.sequence > h.sequence
"""
_SEAL_HASH = """
SELECT count(*), sha256(%s::bytea || coalesce(string_agg(hash, ''::bytea ORDER BY id), ''::bytea))
FROM core_journalentry WHERE id BETWEEN %s AND %s
"""


def verify() -> Iterator[Fault]:
    """Recompute every chain and every seal; yield each entry that does not hold."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [GENESIS])
        for kind, subject_id, sequence, _expected, found_previous in cursor.fetchall():
            if found_previous != sequence - 1:
                yield Fault("missing", kind, subject_id, sequence - 1)
            else:
                yield Fault("changed", kind, subject_id, sequence)
        cursor.execute(_TAILS)
        for row in cursor.fetchall():
            yield Fault("missing at the end", *row)
        cursor.execute(_HEADLESS)
        for row in cursor.fetchall():
            yield Fault("added outside the journal", *row)
        previous = GENESIS
        for seal in JournalSeal.objects.order_by("day"):
            cursor.execute(_SEAL_HASH, [previous, seal.first_id, seal.last_id])
            entries, found = cursor.fetchone()
            if entries != seal.entries or bytes(found) != bytes(seal.hash):
                yield Fault(f"seal of {seal.day} broken", "journal", seal.pk, entries)
            previous = bytes(seal.hash)


@transaction.atomic
def seal_day(day: dt.date) -> JournalSeal:
    """Seal everything written since the last seal as `day`'s. Sealing a day twice returns the first seal.

    Waits for writers under way (a share lock on the table), so that no entry commits behind the seal.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEAL_LOCK])
        if existing := JournalSeal.objects.filter(day=day).first():
            return existing
        last = JournalSeal.objects.order_by("-day").first()
        cursor.execute("LOCK TABLE core_journalentry IN SHARE MODE")
        first_id = last.last_id + 1 if last else 1
        cursor.execute("SELECT coalesce(max(id), %s) FROM core_journalentry", [first_id - 1])
        last_id = max(cursor.fetchone()[0], first_id - 1)
        cursor.execute(_SEAL_HASH, [bytes(last.hash) if last else GENESIS, first_id, last_id])
        entries, found = cursor.fetchone()
    return JournalSeal.objects.create(
        day=day, first_id=first_id, last_id=last_id, entries=entries, hash=bytes(found)
    )
