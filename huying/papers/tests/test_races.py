"""Numbers under many hands: no gaps, no doubles."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from huying.core.errors import Refusal
from huying.core.testing import MiniDistrict, make_district
from huying.papers import drafting
from huying.papers.models import Paper, PaperDraft
from huying.papers.replacing import start_replacement
from huying.papers.tests.conftest import make_office

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.schema]


@pytest.fixture
def district(transactional_db: None) -> MiniDistrict:
    return make_district()


def test_many_issue_at_once_without_gaps_or_doubles(
    district: MiniDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight drafts, two of them issued by two people at once, one of which fails after it had its number."""
    office = make_office(district)
    drafts = [office.signed(subject_label=f"第{number}件").pk for number in range(8)]
    told, lock = [0], threading.Lock()

    def fail_once(*_: object) -> None:
        with lock:
            told[0] += 1
            if told[0] == 3:
                raise RuntimeError

    monkeypatch.setattr(drafting, "tell_departments", fail_once)
    wanted = [*drafts, drafts[0], drafts[1]]
    start = threading.Barrier(len(wanted))
    lost: list[str] = []

    def issue(pk: int) -> None:
        draft = PaperDraft.objects.get(pk=pk)
        start.wait()
        try:
            drafting.issue_draft(draft, actor=office.supervisor)
        except (Refusal, RuntimeError) as error:
            lost.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=issue, args=(pk,)) for pk in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(Paper.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) + len(lost) == len(wanted)
    assert Paper.objects.count() == PaperDraft.objects.filter(state=PaperDraft.State.ISSUED).count()


def test_two_who_press_at_once_begin_one_replacement(district: MiniDistrict) -> None:
    office = make_office(district)
    paper = office.issued()
    start = threading.Barrier(4)
    begun: list[int] = []

    def begin() -> None:
        start.wait()
        try:
            begun.append(start_replacement(paper, actor=office.clerk).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 4
    assert len(set(begun)) == PaperDraft.objects.filter(replaces=paper).count() == 1
