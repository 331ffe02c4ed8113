"""The journal refuses change, and finds what was changed behind its back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from huying.core import journal
from huying.core.models import JournalEntry, JournalSeal
from huying.core.testing import make_area
from huying.places.models import Area

pytestmark = pytest.mark.django_db


@pytest.fixture
def area() -> Area:
    area = make_area("410403", "district", title="卫东区")
    for number in range(4):
        journal.log(area, "area.noted", actor="王", number=number)
    return area


@contextmanager
def behind_its_back() -> Iterator[None]:
    """What somebody with the database's own password could do."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_journalentry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE core_journalseal DISABLE TRIGGER USER")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE core_journalentry ENABLE TRIGGER USER")
            cursor.execute("ALTER TABLE core_journalseal ENABLE TRIGGER USER")


def faults() -> list[str]:
    return sorted(str(fault) for fault in journal.verify())


def test_an_untouched_journal_has_no_faults(area: Area) -> None:
    assert faults() == []


@pytest.mark.parametrize(
    "statement", ["UPDATE core_journalentry SET code = 'x'", "DELETE FROM core_journalentry"]
)
def test_the_database_refuses_to_change_history(area: Area, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_changed_row_is_named(area: Area) -> None:
    with behind_its_back():
        JournalEntry.objects.filter(sequence=2).update(data={"number": 99})
    assert faults() == [f"changed: area:{area.pk} #2"]


def test_a_missing_row_is_named(area: Area) -> None:
    with behind_its_back():
        JournalEntry.objects.filter(sequence=2).delete()
    assert f"missing: area:{area.pk} #2" in faults()


def test_a_missing_first_row_is_named(area: Area) -> None:
    with behind_its_back():
        JournalEntry.objects.filter(sequence=1).delete()
    assert f"missing: area:{area.pk} #1" in faults()


def test_a_missing_last_row_is_named(area: Area) -> None:
    with behind_its_back():
        JournalEntry.objects.filter(sequence=4).delete()
    assert faults() == [f"missing at the end: area:{area.pk} #4"]


def test_a_whole_chain_that_vanished_is_named(area: Area) -> None:
    with behind_its_back():
        JournalEntry.objects.all().delete()
    assert faults() == [f"missing at the end: area:{area.pk} #4"]


def test_swapped_rows_are_named(area: Area) -> None:
    with behind_its_back():
        second, third = JournalEntry.objects.filter(sequence__in=(2, 3)).order_by("sequence")
        JournalEntry.objects.filter(pk=second.pk).update(sequence=99)
        JournalEntry.objects.filter(pk=third.pk).update(sequence=2)
        JournalEntry.objects.filter(pk=second.pk).update(sequence=3)
    found = faults()
    assert f"changed: area:{area.pk} #2" in found
    assert f"changed: area:{area.pk} #3" in found


def test_a_chain_rewritten_with_fitting_hashes_breaks_the_seal(area: Area) -> None:
    journal.seal_day(dt.date(2026, 11, 19))
    with behind_its_back(), connection.cursor() as cursor:
        # Forge entry 4 and its head as someone would who knows the method.
        cursor.execute("UPDATE core_journalentry SET data = '{\"number\": 99}' WHERE sequence = 4")
        cursor.execute(
            """UPDATE core_journalentry e SET hash = journal_hash(p.hash, e.kind, e.subject_id, e.sequence, e.code,
               e.at, e.actor_id, e.actor_name, e.data)
               FROM core_journalentry p WHERE p.sequence = 3 AND e.sequence = 4"""
        )
        cursor.execute(
            "UPDATE core_journalhead h SET hash = e.hash FROM core_journalentry e WHERE e.sequence = 4"
        )
    assert [fault for fault in faults() if "seal of 2026-11-19" in fault]


def test_sealing_a_day_twice_is_one_seal(area: Area) -> None:
    first = journal.seal_day(dt.date(2026, 11, 19))
    again = journal.seal_day(dt.date(2026, 11, 19))
    assert first == again
    assert JournalSeal.objects.count() == 1


def test_a_seal_covers_what_came_after_the_one_before(area: Area) -> None:
    first = journal.seal_day(dt.date(2026, 11, 18))
    journal.log(area, "area.noted", number=5)
    second = journal.seal_day(dt.date(2026, 11, 19))
    assert (second.first_id, second.entries) == (first.last_id + 1, 1)
    assert faults() == []


def test_an_empty_day_is_sealed_too(area: Area) -> None:
    journal.seal_day(dt.date(2026, 11, 18))
    assert journal.seal_day(dt.date(2026, 11, 19)).entries == 0
    assert faults() == []


def test_many_entries_at_once_keep_each_chain(area: Area) -> None:
    from django.utils import timezone

    other = make_area("410404", "district")
    journal.log(other, "area.noted")
    journal.log_many(
        "area", [(area.pk, "area.noted", {"n": 1}), (other.pk, "area.noted", {"n": 2})], at=timezone.now()
    )
    assert [e.sequence for e in journal.entries_of(other)] == [1, 2]
    assert faults() == []


def test_an_entry_of_a_rolled_back_change_was_never_there(area: Area) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        journal.log(area, "area.noted")
        raise ZeroDivisionError
    assert journal.entries_of(area).count() == 4
    assert faults() == []


def test_subscribers_hear_of_entries_in_the_transaction_of_the_change(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_subscribers", {})
    heard: list[journal.LoggedEntry] = []

    def hear(entry: journal.LoggedEntry) -> None:
        heard.append(entry)

    journal.subscribe("area.", hear)
    journal.subscribe("area.", hear)
    journal.log(area, "area.noted", actor="王", words="x", nothing="")
    journal.log(area, "other.noted")
    journal.log_many("area", [(area.pk, "area.reminded", {"n": 1})], at=dt.datetime.now(dt.UTC))
    assert [(e.code, e.sequence, e.subject_id) for e in heard] == [
        ("area.noted", 5, area.pk), ("area.reminded", 7, area.pk),
    ]  # fmt: skip
    assert heard[0].data == {"words": "x"} and heard[0].subject == area and heard[1].subject is None


def test_a_subscriber_s_error_undoes_the_change(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_subscribers", {})

    def fail(entry: journal.LoggedEntry) -> None:
        raise RuntimeError("no")

    journal.subscribe("area.", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        journal.log(area, "area.noted")
    assert JournalEntry.objects.filter(code="area.noted", subject_id=area.pk).count() == 4
