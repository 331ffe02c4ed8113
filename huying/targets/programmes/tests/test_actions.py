"""Entered, approved by somebody else, corrected, returned; changed and closed with their history."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.people.models import User
from huying.targets.programmes import actions
from huying.targets.programmes.due import missing_months, remind_missing
from huying.targets.programmes.models import Entry, Programme, Target
from huying.targets.programmes.policy import entries_for, targets_for
from huying.targets.programmes.progress import (
    Counted,
    Status,
    progress_for,
    progress_of,
    register_counter,
    unregister_counter,
)
from huying.targets.programmes.tests.conftest import DAY, person


def enter(target: Target, actor: User, amount: Any = 100, **more: Any) -> Entry:
    said: dict[str, Any] = {"day": DAY, "amount": amount, "words": "台账", **more}
    return actions.enter_progress(target, actor=actor, **said)


def test_only_what_somebody_else_approved_counts(covers: Target, clerk: User, supervisor: User) -> None:
    entry = enter(covers, clerk)
    before = progress_of(covers, on=DAY)
    assert (before.value, before.pending, before.source) == (None, 1, "entered")
    with pytest.raises(NotAllowed):
        actions.approve_entry(entry, actor=clerk)
    actions.approve_entry(entry, actor=supervisor)
    after = progress_of(covers, on=DAY)
    assert (after.value, after.pending, after.planned, after.pace) == (100, 0, 300, -200)
    assert after.status == Status.BEHIND and after.percent_words == "16.67%"
    assert [step.code for step in entries_of(entry)] == ["entry.submitted", "entry.approved"]


def test_who_holds_both_rights_does_not_approve_their_own(covers: Target, clerk: User) -> None:
    from huying.core.testing import grant_role

    grant_role(clerk, "supervisor")
    with pytest.raises(NotAllowed, match="别人审核"):
        actions.approve_entry(enter(covers, clerk), actor=clerk)


def test_a_correction_takes_the_place_of_what_it_corrects(
    covers: Target, clerk: User, supervisor: User
) -> None:
    first = actions.approve_entry(enter(covers, clerk), actor=supervisor)
    second = actions.correct_entry(first, actor=clerk, day=DAY, amount=Decimal(90), words="重复计了 10 处")
    assert progress_of(covers, on=DAY).value == 100
    with pytest.raises(Conflict):
        actions.correct_entry(first, actor=clerk, day=DAY, amount=Decimal(80), words="又更正")
    actions.approve_entry(second, actor=supervisor)
    first.refresh_from_db()
    assert (first.status, first.amount, progress_of(covers, on=DAY).value) == ("replaced", 100, 90)
    actions.undo_approval(second, reason="看错了", actor=supervisor)
    assert progress_of(covers, on=DAY).value == 100


def test_what_came_back_is_mended_and_sent_again(covers: Target, clerk: User, supervisor: User) -> None:
    entry = enter(covers, clerk)
    with pytest.raises(Refusal):
        actions.return_entry(entry, reason="", actor=supervisor)
    actions.return_entry(entry, reason="没有照片", actor=supervisor)
    actions.change_draft(entry, actor=clerk, day=DAY, amount=Decimal(70), words="照片在台账里", draft=False)
    actions.approve_entry(entry, actor=supervisor)
    assert progress_of(covers, on=DAY).value == 70


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"words": ""}, "附上照片"), ({"amount": None}, "数字"), ({"day": dt.date(2024, 1, 1)}, "只算"),
        ({"day": dt.date(2999, 1, 1)}, "今天以后"),
    ],
)  # fmt: skip
def test_an_entry_needs_a_number_a_day_and_evidence(
    covers: Target, clerk: User, said: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        enter(covers, clerk, **said)


def test_an_entry_sent_twice_is_one(covers: Target, clerk: User) -> None:
    key = uuid4()
    assert enter(covers, clerk, client_id=key).pk == enter(covers, clerk, client_id=key).pk


def test_owners_enter_only_for_their_own_department(programme: Programme, clerk: User) -> None:
    other = Target.objects.get(code="livelihood/list")
    with pytest.raises(NotAllowed):
        enter(other, clerk)
    assert set(targets_for(clerk, "target.enter").values_list("department__code", flat=True)) == {
        "urban-management"
    }


def test_entries_are_read_by_department_and_drafts_by_their_writer(
    covers: Target, clerk: User, supervisor: User, district: Any
) -> None:
    entry, draft = enter(covers, clerk), enter(covers, clerk, draft=True)
    stranger = person("water", "clerk", district.water)
    assert list(entries_for(supervisor)) == [entry]
    assert set(entries_for(clerk)) == {entry, draft}
    assert not entries_for(stranger).exists()


def test_a_declared_field_is_what_adds_up(programme: Programme, clerk: User, supervisor: User) -> None:
    teeth = Target.objects.get(code="livelihood/teeth")
    for school, pupils in (("一小", 40), ("二小", 61)):
        entry = enter(teeth, clerk, amount=0, values={"school": school, "pupils": pupils})
        actions.approve_entry(entry, actor=supervisor)
    found = progress_of(teeth, on=DAY)
    assert (found.value, found.status, found.percent_words) == (101, Status.DONE, "101.00%")


def test_a_changed_target_keeps_what_was_asked_before(covers: Target, clerk: User, supervisor: User) -> None:
    with pytest.raises(NotAllowed):
        actions.change_target(covers, amount=Decimal(500), due=covers.due, reason="会议纪要", actor=clerk)
    actions.change_target(
        covers, amount=Decimal(500), due=covers.due, reason="会议纪要第3号", actor=supervisor
    )
    change = covers.changes.get()
    assert (change.old_amount, change.new_amount, change.actor) == (600, 500, supervisor)


def test_a_task_is_struck_off_with_words_and_taken_back_with_a_reason(
    programme: Programme, supervisor: User
) -> None:
    task = Target.objects.select_related("programme").get(code="livelihood/list")
    actions.close_target(task, words="台账 30 本建好", actor=supervisor)
    task.refresh_from_db()
    assert progress_of(task, on=dt.date.max).status == Status.DONE
    with pytest.raises(Conflict):
        actions.close_target(task, words="台账 30 本建好", actor=supervisor)
    actions.reopen_target(task, reason="抽查没有", actor=supervisor)
    task.refresh_from_db()
    assert progress_of(task, on=dt.date(2023, 7, 1)).status == Status.BEHIND


def test_a_counted_target_asks_the_figure_and_is_not_entered(programme: Programme, clerk: User) -> None:
    counted = Target.objects.select_related("programme").get(code="livelihood/counted")
    asked = []

    def counter(code: str, *, first: dt.date, last: dt.date) -> Counted | None:
        asked.append((code, first, last))
        return Counted(Fraction(229), "/rows/", dt.datetime.now(dt.UTC))

    register_counter(counter)
    try:
        found = progress_of(counted, on=DAY)
    finally:
        unregister_counter(counter)
    assert (found.source, found.percent_words, found.rows_url) == ("counted", "279.27%", "/rows/")
    assert asked == [("covers-own", dt.date(2023, 1, 1), DAY)]
    with pytest.raises(Refusal, match="自动统计"):
        enter(counted, clerk)


def test_fifty_targets_cost_no_more_queries_than_two(
    programme: Programme, django_assert_num_queries: Any
) -> None:
    model = Target.objects.get(code="livelihood/covers")
    for number in range(50):
        model.pk, model.code = None, f"livelihood/c{number}"
        model.save(force_insert=True)
    rows = list(Target.objects.filter(figure="").select_related("programme"))
    with django_assert_num_queries(1):
        assert len(progress_for(rows, on=DAY)) == 53


def test_a_missing_month_is_called_for_once(covers: Target, clerk: User, supervisor: User) -> None:
    late, early = dt.date(2023, 7, 6), dt.date(2023, 7, 5)
    assert missing_months([covers], early)[covers.pk][0] == dt.date(2023, 5, 1)
    assert remind_missing(late) == 1
    assert remind_missing(late) == 0
    enter(covers, clerk)
    assert dt.date(2023, 6, 1) not in missing_months([covers], late)[covers.pk]


@pytest.mark.schema
@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins(covers: Target, clerk: User, supervisor: User) -> None:
    entry, second = enter(covers, clerk), person("second", "supervisor")
    found: list[str] = []
    gate = threading.Barrier(2)

    def decide(actor: User) -> None:
        gate.wait()
        try:
            actions.approve_entry(entry, actor=actor)
            found.append("approved")
        except Conflict:
            found.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(actor,)) for actor in (supervisor, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["approved", "conflict"]
