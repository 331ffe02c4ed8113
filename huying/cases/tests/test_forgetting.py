"""Names and phones go when they have served their purpose; the matter stays."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from huying.cases.actions.forgetting import forget_contacts
from huying.core import journal
from huying.core.journal import entries_of

from .conftest import Loop, fresh

LONG_AFTER = dt.timedelta(days=1096)


def test_contacts_of_matters_that_ended_long_ago_are_deleted(loop: Loop) -> None:
    loop.ledger.declaration["fields"] = {"door": {"type": "text", "private": True}, "since": "date"}
    loop.ledger.save()
    case = loop.closed(name="王女士", phone="13812345678", fields={"door": "4-2-301", "since": "2026-11-01"})
    assert forget_contacts(timezone.now() + LONG_AFTER) == 1
    report = case.reports.get()
    assert (report.name, report.phone, report.fields) == ("", "", {"since": "2026-11-01"})
    assert report.words
    assert [e.code for e in entries_of(case)][-1] == "case.contact_forgotten"
    assert list(journal.verify()) == []
    assert forget_contacts(timezone.now() + LONG_AFTER) == 0


def test_an_open_matter_keeps_its_contacts_however_old(loop: Loop) -> None:
    case = loop.handling(name="王女士", phone="13812345678")
    assert forget_contacts(timezone.now() + LONG_AFTER) == 0
    assert fresh(case).reports.get().phone


def test_a_matter_that_ended_lately_keeps_its_contacts(loop: Loop) -> None:
    loop.closed(name="王女士", phone="13812345678")
    assert forget_contacts() == 0
