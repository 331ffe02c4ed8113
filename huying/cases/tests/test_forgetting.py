"""Names and phones go when they have served their purpose; the matter stays."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from huying.cases import actions
from huying.cases.actions.forgetting import forget_contacts
from huying.core import journal
from huying.core.errors import Conflict, NotAllowed
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


def test_a_reporter_who_asks_is_forgotten_before_the_time(loop: Loop) -> None:
    case = loop.handling(name="王女士", phone="13812345678")
    with pytest.raises(NotAllowed):
        actions.forget_contact(case.reports.get(), reason="本人来电要求删除", actor=loop.clerk)
    actions.forget_contact(case.reports.get(), reason="本人来电要求删除", actor=loop.arbiter)
    assert case.reports.get().phone == ""
    with pytest.raises(Conflict):
        actions.forget_contact(case.reports.get(), reason="本人来电要求删除", actor=loop.arbiter)


def test_forgetting_is_a_step_on_the_case_page(loop: Loop, client: Client) -> None:
    case = loop.handling(name="王女士", phone="13812345678")
    client.force_login(loop.arbiter)
    number = case.reports.get().number
    answer = client.post(
        f"/desk/cases/{case.number}/forget_contact/", {"report": number, "reason": "本人来电要求删除"}
    )
    assert answer.status_code in (200, 302)
    assert case.reports.get().contact_forgotten
