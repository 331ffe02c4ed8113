"""The servicerequestupdates extension, and requests by when they changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Case, CaseFile, Report
from huying.cases.tests.conftest import Loop, fresh
from huying.core.testing import make_user
from huying.integrations.open311.keys import make_key
from huying.integrations.open311.models import Media

from .conftest import at, get, photo, post, rows

pytestmark = pytest.mark.django_db
UPDATES = "/open311/v2/servicerequestupdates.json"


class Days:
    """Moves the clock: `days.ago(5)`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real, self.monkeypatch = timezone.now(), monkeypatch

    def at(self, days: float) -> datetime:
        return self.real - timedelta(days=days)

    def ago(self, days: float) -> None:
        self.monkeypatch.setattr(timezone, "now", lambda: self.at(days))


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(monkeypatch)


def numbers(client: Client, **query: Any) -> set[str]:
    sent = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in query.items()
    }
    return {one["service_request_id"] for one in rows(get(client, "requests.json", **sent))}


# --- requests by their change --------------------------------------------------------------------------


def test_an_old_request_that_changed_yesterday_is_found_by_its_change(
    client: Client, loop: Loop, days: Days
) -> None:
    days.ago(200)
    old, forgotten = loop.handling(), loop.handling()
    days.ago(1)
    actions.report_handled(fresh(old), actor=loop.clerk, answer="换了灯泡和镇流器")
    days.ago(0)
    new = loop.filed()

    assert numbers(client) == {new.number}
    assert numbers(client, updated_after=days.at(2)) == {old.number, new.number}
    assert numbers(client, updated_after=days.at(2), updated_before=days.at(0.5)) == {old.number}
    assert numbers(client, updated_after=days.at(0.5)) == {new.number}
    # A change that was not the last one does not count.
    assert numbers(client, updated_before=days.at(150)) == {forgotten.number}
    assert numbers(client, updated_after=days.at(210)) == {forgotten.number}
    # Both kinds of span: requested then and changed then.
    requested = {"start_date": days.at(201), "end_date": days.at(199)}
    assert numbers(client, updated_after=days.at(2), **requested) == {old.number}
    assert numbers(client, updated_after=days.at(2), start_date=days.at(3)) == {new.number}


def test_a_span_of_changes_is_ninety_days_too(client: Client, loop: Loop, days: Days) -> None:
    made = {}
    for age in (300, 150, 80, 10):
        days.ago(age)
        made[age] = loop.filed().number
    days.ago(0)
    assert numbers(client, updated_after=days.at(310)) == {made[300]}
    assert numbers(client, updated_before=days.at(70)) == {made[150], made[80]}
    assert numbers(client, updated_after=days.at(310), updated_before=days.at(0)) == {made[80], made[10]}
    for wrong in ({"updated_after": "x"}, {"updated_after": days.at(1), "updated_before": days.at(2)}):
        sent = {name: str(value).replace("+", "%2B") for name, value in wrong.items()}
        assert get(client, "requests.json", **sent).status_code == 400


@pytest.mark.parametrize("step", ["reopen", "park", "merge", "reclassify"])
def test_what_moves_no_milestone_is_a_change_too(client: Client, loop: Loop, days: Days, step: str) -> None:
    days.ago(5)
    case = loop.closed() if step == "reopen" else loop.handling() if step == "park" else loop.filed()
    into = loop.filed()
    days.ago(1)
    if step == "reopen":
        actions.reopen_case(fresh(case), reason="又不亮了", actor=loop.supervisor)
    elif step == "park":
        until = timezone.localdate() + timedelta(days=9)
        parking = actions.ask_parking(
            fresh(case), reason="配件要从外地采购", plan="到货后更换", until=until, actor=loop.head
        )
        actions.approve_parking(parking, actor=loop.arbiter)
    elif step == "merge":
        actions.merge_cases(fresh(into), [fresh(case)], actor=loop.dispatcher)
    else:
        order = loop.ledger.categories.get(code="street-order")
        actions.reclassify_case(fresh(case), category=order, actor=loop.dispatcher)
    days.ago(0)
    assert numbers(client, updated_after=days.at(2)) == {case.number}
    told = rows(get(client, f"requests/{case.number}.json"))[0]["updated_datetime"]
    assert datetime.fromisoformat(told) == days.at(1).replace(microsecond=0)


# --- updates -------------------------------------------------------------------------------------------


def test_updates_tell_what_happened_in_order(client: Client, loop: Loop) -> None:
    case = loop.closed()
    found = rows(client.get(UPDATES))
    assert [one["status"] for one in found][-1] == "closed"
    assert {one["service_request_id"] for one in found} == {case.number}
    moments = [one["updated_datetime"] for one in found]
    assert moments == sorted(moments) and len({one["update_id"] for one in found}) == len(found)


def test_pages_of_updates_are_the_whole_in_order_and_ids_stay(client: Client, loop: Loop) -> None:
    loop.closed()
    case = loop.handling()
    whole = rows(client.get(UPDATES))
    pages: list[Any] = []
    for number in range(1, 9):
        pages += rows(client.get(UPDATES, {"page": str(number), "page_size": "3"}))
        if number == 2:  # something happens while somebody leafs
            actions.report_handled(fresh(case), actor=loop.clerk, answer="换了灯泡和镇流器")
    assert pages[:-1] == whole and pages[-1]["service_request_id"] == case.number
    assert rows(client.get(UPDATES)) == pages
    assert rows(client.get(UPDATES, {"page": "99"})) == []
    for wrong in ({"page": "0"}, {"page_size": "x"}, {"page": "-1"}):
        assert client.get(UPDATES, wrong).status_code == 400


def test_a_named_request_tells_its_whole_story(client: Client, loop: Loop, days: Days) -> None:
    days.ago(200)
    old = loop.handling()
    days.ago(0)
    loop.filed()
    named = {"service_request_id": old.number}
    assert {one["service_request_id"] for one in rows(client.get(UPDATES, named))} == {old.number}
    assert old.number not in client.get(UPDATES).content.decode()
    assert rows(client.get(UPDATES, named | {"start_date": days.at(3).isoformat()})) == []


def test_a_partner_comments_on_what_it_posted_only(client: Client, loop: Loop, secret: str) -> None:
    number = rows(post(client, secret, **at(loop)))[0]["service_request_id"]
    sent = {"api_key": secret, "service_request_id": number, "description": "还是不亮"}
    assert client.post(UPDATES, sent).status_code == 201
    other = loop.filed().number
    assert client.post(UPDATES, sent | {"service_request_id": other}).status_code == 404
    assert client.post(UPDATES, sent | {"description": ""}).status_code == 400
    assert client.post(UPDATES, sent | {"service_request_id": ""}).status_code == 400


def test_a_comment_is_read_back_by_who_may_read_it(client: Client, loop: Loop, secret: str) -> None:
    number = rows(post(client, secret, **at(loop)))[0]["service_request_id"]
    report = Report.objects.get(case__number=number)
    other = loop.report(name="别人")
    Case.objects.filter(pk=other.case_id).update(public=True)
    actions.add_words(other, words="别人补充的话")
    sent = {"api_key": secret, "service_request_id": number, "description": "还是不亮，我电话13800001111"}
    made = rows(client.post(UPDATES, sent))[0]
    assert made["description"] == "反映人补充：还是不亮，我电话138****1111" and made["status"] == "open"

    mine = rows(client.get(UPDATES, {"api_key": secret}))
    assert made in mine and len([one for one in mine if "补充" in one["description"]]) == 1
    stranger = make_key(title="别的", contact="x", actor=make_user("administrator"))[1]
    for query in ({}, {"api_key": stranger}):
        assert "补充" not in client.get(UPDATES, query).content.decode()
    actions.withdraw_report(report)
    assert "补充" not in client.get(UPDATES, {"api_key": secret}).content.decode()


def test_pictures_may_come_with_a_comment_or_alone(client: Client, loop: Loop, secret: str) -> None:
    number = rows(post(client, secret, **at(loop)))[0]["service_request_id"]
    sent = {"api_key": secret, "service_request_id": number}
    assert client.post(UPDATES, sent | {"media": photo()}).status_code == 201
    assert CaseFile.objects.get().role == CaseFile.Role.REPORTED
    assert client.post(UPDATES, sent | {"media_url": "https://pictures.example/1.jpg"}).status_code == 201
    assert Media.objects.get().report.case.number == number
    nonsense = photo()
    nonsense.truncate(20)
    assert client.post(UPDATES, sent | {"media": nonsense}).status_code == 400
    assert len(rows(client.get(UPDATES, {"api_key": secret, "service_request_id": number}))) >= 3


def test_whoever_posted_learns_that_it_was_declined(client: Client, loop: Loop, secret: str) -> None:
    number = rows(post(client, secret, **at(loop)))[0]["service_request_id"]
    case = Case.objects.get(number=number)
    actions.decline_case(fresh(case), reason="不在受理范围", actor=loop.agent)
    last = rows(client.get(UPDATES, {"api_key": secret}))[-1]
    assert (last["service_request_id"], last["status"]) == (number, "closed")
    assert number not in client.get(UPDATES).content.decode()


# --- merging -------------------------------------------------------------------------------------------


def test_a_request_that_is_merged_stays_and_names_the_other(client: Client, loop: Loop) -> None:
    main, other, private = loop.filed(), loop.filed(), loop.filed(category="street-order")
    loop.topics["street-order"].private = True
    loop.topics["street-order"].save(update_fields=["private"])
    actions.merge_cases(main, [other, private], actor=loop.dispatcher)
    assert numbers(client) == {main.number, other.number} and numbers(client, status="closed") == {
        other.number
    }
    found = rows(get(client, f"requests/{other.number}.json"))[0]
    assert main.number in found["status_notes"]
    assert get(client, f"requests/{private.number}.json").status_code == 404
    last = rows(client.get(UPDATES, {"service_request_id": other.number}))[-1]
    assert last["status"] == "closed"


def test_who_posted_a_request_that_is_merged_follows_it_by_both_numbers(
    client: Client, loop: Loop, secret: str
) -> None:
    number = rows(post(client, secret, **at(loop)))[0]["service_request_id"]
    main, stranger = loop.filed(), loop.filed()
    case = Case.objects.get(number=number)
    actions.merge_cases(main, [fresh(case), stranger], actor=loop.dispatcher)
    Case.objects.update(public=False)
    loop.ledger.declaration["public"]["list"] = False
    loop.ledger.save(update_fields=["declaration"])
    assert numbers(client) == set()
    assert numbers(client, api_key=secret) == {number, main.number}
    sent = {"api_key": secret, "service_request_id": number, "description": "还是不亮"}
    made = client.post(UPDATES, sent)
    assert made.status_code == 201 and rows(made)[0]["service_request_id"] == main.number
    actions.withdraw_report(Report.objects.get(open311__isnull=False))
    assert numbers(client, api_key=secret) == set()
