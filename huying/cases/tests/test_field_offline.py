"""What the phone keeps for when there is no signal, and that whatever it sends again is done once."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from huying.cases import actions
from huying.cases.jobs import forget_sync_receipts
from huying.cases.models import CaseFile, Report, Status, SyncReceipt
from huying.cases.tests.conftest import Loop, fresh
from huying.cases.tests.test_field import Field, photo
from huying.cases.views.field import once
from huying.cases.views.field.offline import register_pages, shell
from huying.core.journal import entries_of
from huying.core.testing import AccessSuite, make_user
from huying.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def field(loop: Loop, client: Client) -> Field:
    return Field(loop, client)


def send(
    field: Field, name: str, *args: Any, by: User | None = None, how: str = "background", owner: str = "", **data: Any
) -> Any:  # fmt: skip
    """As the phone's outbox does."""
    user = by or field.east
    field.client.force_login(user)
    headers = {"X-Work": how, "X-Work-User": owner or str(user.pk)}
    return field.client.post(reverse(f"field:{name}", args=args), data, headers=headers)


def key() -> str:
    return str(uuid.uuid4())


# --- who may -------------------------------------------------------------------------------------------


class TestDay(AccessSuite):
    url, role = "field:day", "grid-worker"


class TestSession(AccessSuite):
    url, role = "field:session", "grid-worker"


class TestOutbox(AccessSuite):
    url, role = "field:outbox", "grid-worker"


class TestOffline(AccessSuite):
    url, role = "field:offline", "grid-worker"


def test_another_streets_worker_adds_nothing_to_a_case(field: Field) -> None:
    case = field.in_hand()
    assert field.get("note", case.number, by=field.west).status_code == 404
    answer = send(field, "note", case.number, by=field.west, words="我也去看了", client_id=key())
    assert (answer.status_code, answer.json()["now"]) == (404, None)
    assert not entries_of(case).filter(code="case.noted").exists()


# --- the app -------------------------------------------------------------------------------------------


def test_the_service_worker_brings_every_file_that_the_pages_load(field: Field) -> None:
    script = field.client.get("/field/sw.js")
    assert script["Content-Type"].startswith("text/javascript") and "no-cache" in script["Cache-Control"]
    facts = json.loads(script.content.decode().removeprefix("self.HUYING = ").split(";\n")[0])
    assert facts["assets"] == list(shell())
    pages = "".join(
        field.get(name).content.decode() for name in ("home", "report", "me", "outbox", "offline")
    )
    needed = {
        part.split('"')[0].split("#")[0] for kind in ("src=", "href=") for part in pages.split(f'{kind}"')[1:]
        if part.startswith("/static/")
    }  # fmt: skip
    assert needed - set(facts["assets"]) == set()


def test_the_manifest_names_the_app_and_its_icons(client: Client) -> None:
    answer = client.get("/field/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["name"], manifest["scope"], manifest["start_url"]) == ("呼应现场", "/field/", "/field/")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_every_page_says_whose_it_is(field: Field) -> None:
    case = field.in_hand()
    for name, args in (("home", ()), ("report", ()), ("task", (case.number,)), ("session", ())):
        assert field.get(name, *args)["X-Field-User"] == str(field.east.pk)


def test_the_session_says_who_is_signed_in(field: Field) -> None:
    answer = field.get("session")
    assert answer.json()["user"] == str(field.east.pk) and answer.json()["csrf"]
    assert "no-store" in answer["Cache-Control"]


# --- the day -------------------------------------------------------------------------------------------


def test_the_day_holds_my_tasks_with_their_forms_and_the_map(field: Field) -> None:
    mine, look = field.in_hand(), field.loop.handled()
    day = field.get("day").json()
    addresses = [address for address, _version in day["pages"]]
    assert {task["number"] for task in day["tasks"]} == {mine.number, look.number}
    for path in ("", "handled/", "return/", "note/"):
        assert f"/field/tasks/{mine.number}/{path}" in addresses
    assert f"/field/tasks/{look.number}/seen/" in addresses
    assert "/field/" in addresses and "/field/report/?ledger=finding" in addresses
    assert any(address.startswith("/places/areas") for address in day["data"])
    assert day["user"] == str(field.east.pk)
    for address in addresses + day["data"]:
        assert field.client.get(address).status_code == 200, address


def test_photos_of_my_tasks_come_small(field: Field) -> None:
    case = field.in_hand()
    send(field, "note", case.number, photos=photo(), words="看过了", client_id=key())
    images = field.get("day").json()["images"]
    assert len(images) == 1 and field.client.get(images[0]).status_code == 200


def test_the_day_holds_nothing_of_another_street(field: Field) -> None:
    field.in_hand()
    day = field.get("day", by=field.west).json()
    assert day["tasks"] == [] and day["images"] == []


def test_a_day_that_did_not_change_is_not_sent_again(field: Field) -> None:
    case = field.in_hand()
    first = field.get("day")
    again = field.get("day", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    actions.urge_case(case, actor=field.loop.supervisor, words="请抓紧办理")
    changed = field.get("day", **{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    old, new = dict(first.json()["pages"]), dict(changed.json()["pages"])
    assert old[f"/field/tasks/{case.number}/"] != new[f"/field/tasks/{case.number}/"]
    assert old["/field/me/"] == new["/field/me/"]


def test_another_floor_adds_its_pages_to_the_day(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huying.cases.views.field.offline._more_pages", [])
    register_pages(lambda user: [("/field/visits/", "1")])
    assert ["/field/visits/", "1"] in field.get("day").json()["pages"]


def test_the_day_costs_a_fixed_number_of_queries(field: Field, kept_for_long: None) -> None:
    field.in_hand()
    field.get("day")
    with CaptureQueriesContext(connection) as few:
        field.get("day")
    for _more in range(3):
        field.in_hand()
    with CaptureQueriesContext(connection) as many:
        field.get("day")
    assert len(many) <= len(few)


# --- exactly once --------------------------------------------------------------------------------------


def test_each_step_sent_again_gets_its_first_outcome_and_is_done_once(field: Field) -> None:
    case = field.dispatched()
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("take-up", {}, "case.taken_up"),
        ("note", {"words": "先围起来了"}, "case.noted"),
        ("handled", {"answer": "已更换新件。"}, "case.handled"),
    ]
    for name, data, code in steps:
        client_id = key()
        first = send(field, name, case.number, client_id=client_id, after=photo(), **data)
        again = send(field, name, case.number, client_id=client_id, after=photo(), **data)
        assert (first.status_code, first.json()) == (again.status_code, again.json()) == (200, first.json())
        assert entries_of(case).filter(code=code).count() == 1
    assert case.files.filter(role=CaseFile.Role.AFTER).count() == 1
    assert SyncReceipt.objects.filter(user=field.east).count() == 3


def test_a_step_sent_again_after_the_case_went_on_still_gets_its_first_outcome(field: Field) -> None:
    case, client_id = field.dispatched(), key()
    first = send(field, "return", case.number, why="not-ours", client_id=client_id)
    actions.dispatch_case(
        fresh(case), department=field.loop.district.urban, actor=field.loop.dispatcher, note="改派"
    )
    assert send(field, "return", case.number, why="not-ours", client_id=client_id).json() == first.json()
    assert fresh(case).returns == 1


def test_a_report_sent_again_is_one_report(field: Field) -> None:
    client_id = key()
    first, again = field.report(client_id=client_id), field.report(client_id=client_id)
    assert first.url == again.url
    assert Report.objects.filter(client_id=client_id).count() == 1


def test_a_refused_form_may_be_sent_again_with_its_id(field: Field) -> None:
    case, client_id = field.in_hand(), key()
    assert send(field, "handled", case.number, answer="好", client_id=client_id).status_code == 422
    assert not SyncReceipt.objects.exists()
    assert (
        send(
            field, "handled", case.number, answer="已更换新件。", client_id=client_id, after=photo()
        ).status_code
        == 200
    )


def test_a_request_that_broke_off_before_its_photo_is_not_taken_as_a_smaller_one(field: Field) -> None:
    lng, lat = field.loop.district.in_compound
    whole = {
        "ledger": "finding", "category": "lighting-dark", "lng": lng, "lat": lat, "words": "灯杆倾斜",
        "f-self_handled": "没有", "client_id": key(), "whole": "1",
    }  # fmt: skip
    field.client.force_login(field.east)
    for data, parts in ((whole, "9"), ({**whole, "photos": photo()}, "10")):
        answer = field.client.post(
            reverse("field:report"), data, headers={"X-Work": "background", "X-Work-Parts": parts}
        )
        assert answer.status_code == 408
    assert not Report.objects.exists()
    headers = {"X-Work": "background", "X-Work-Parts": "9"}
    assert (
        field.client.post(reverse("field:report"), {**whole, "photos": photo()}, headers=headers).status_code
        == 200
    )


def test_one_id_is_not_two_kinds_of_form(field: Field) -> None:
    case, client_id = field.dispatched(), key()
    assert send(field, "take-up", case.number, client_id=client_id).status_code == 200
    answer = send(field, "handled", case.number, answer="已更换新件。", client_id=client_id)
    assert answer.status_code == 422
    assert fresh(case).status == Status.HANDLING


def test_two_people_with_one_id_do_not_get_each_others_outcome(field: Field) -> None:
    case, client_id = field.dispatched(), key()
    send(field, "take-up", case.number, client_id=client_id)
    other = make_user("grid-worker", area=field.loop.district.east, department=field.loop.district.community)
    assert send(field, "take-up", case.number, by=other, client_id=client_id).status_code == 409


def test_what_one_person_filled_in_is_not_sent_as_anothers(field: Field) -> None:
    case = field.dispatched()
    answer = send(field, "take-up", case.number, owner=str(field.west.pk), client_id=key())
    assert answer.status_code == 401
    assert fresh(case).status == Status.DISPATCHED


def test_what_is_sent_in_the_background_leaves_no_row_of_toasts(field: Field) -> None:
    case = field.dispatched()
    send(field, "take-up", case.number, client_id=key())
    assert "已签收" not in field.client.get("/field/me/").content.decode()


# --- conflicts -----------------------------------------------------------------------------------------


def test_a_case_that_was_closed_meanwhile_is_shown_as_it_is_now(field: Field) -> None:
    case = field.in_hand()
    colleague = make_user("clerk", department=field.office, name="王队长")
    actions.report_handled(case, actor=colleague, answer="抢修队已经修好")
    answer = send(field, "handled", case.number, answer="我换了灯泡。", after=photo(), client_id=key())
    assert answer.status_code == 409
    told = answer.json()
    assert "已处置" in told["sentence"] or "不能报告办结" in told["sentence"]
    assert told["now"]["answer"] == "抢修队已经修好"
    assert told["now"]["who"] == "王队长"
    assert told["now"]["note_url"] == reverse("field:note", args=[case.number])
    assert not SyncReceipt.objects.exists()


def test_words_and_photos_that_came_too_late_are_added_to_the_case(field: Field) -> None:
    case = field.loop.closed()
    photos = [photo(colour=colour) for colour in ("red", "green", "blue", "navy", "olive", "teal", "black")]
    answer = send(field, "note", case.number, words="我也换了灯泡", photos=photos, client_id=key())
    assert answer.json()["words"] == "已补进案件。"
    assert fresh(case).status == Status.CLOSED
    assert case.files.filter(role=CaseFile.Role.NOTED, added_by=field.east).count() == 7
    assert "我也换了灯泡" in field.get("task", case.number).content.decode()


def test_an_empty_note_is_refused_beside_its_field(field: Field) -> None:
    answer = send(field, "note", field.in_hand().number, client_id=key())
    assert answer.status_code == 422 and "请写几句话" in answer.content.decode()


def test_a_case_that_left_the_department_says_so_without_showing_it(field: Field) -> None:
    case, clerk = field.loop.dispatched(), field.loop.clerk
    actions.return_case(case, reason="不属于本单位", actor=field.loop.colleague)
    actions.dispatch_case(fresh(case), department=field.office, actor=field.loop.dispatcher, note="改派")
    answer = send(field, "handled", case.number, by=clerk, answer="已更换新件。", client_id=key())
    assert (answer.status_code, answer.json()["now"]) == (404, None)
    assert answer.json()["sentence"]


def test_the_form_of_a_task_not_yet_signed_for_may_be_read_but_not_sent(field: Field) -> None:
    case = field.dispatched()
    assert field.get("handled", case.number).status_code == 200
    answer = send(field, "handled", case.number, answer="已更换新件。", after=photo(), client_id=key())
    assert answer.status_code == 409


# --- receipts end ----------------------------------------------------------------------------------------


def test_a_receipt_is_deleted_only_when_no_phone_may_send_its_form_again(field: Field) -> None:
    cases = [field.dispatched(), field.dispatched()]
    for case in cases:
        send(field, "note", case.number, words="先围起来了", client_id=key())
    kept, old = SyncReceipt.objects.order_by("pk")
    now = timezone.now()
    SyncReceipt.objects.filter(pk=kept.pk).update(at=now - once.LONGEST_IN_OUTBOX)
    SyncReceipt.objects.filter(pk=old.pk).update(at=now - once.LONGEST_IN_OUTBOX - timedelta(days=2))
    forget_sync_receipts(int(now.timestamp()))
    assert list(SyncReceipt.objects.values_list("pk", flat=True)) == [kept.pk]


def test_a_form_that_is_older_than_its_receipt_may_be_goes_back_to_its_sender(field: Field) -> None:
    case = field.dispatched()
    field.client.force_login(field.east)
    longest = int(once.LONGEST_IN_OUTBOX.total_seconds())
    answers = [
        field.client.post(
            reverse("field:note", args=[case.number]),
            {"words": "先围起来了", "client_id": key()},
            headers={"X-Work": "background", "X-Work-Age": age},
        )
        for age in (str(longest + 60), str(longest - 60), "nonsense")
    ]
    assert [answer.status_code for answer in answers] == [409, 200, 200]
    assert "90 天" in answers[0].json()["sentence"] and answers[0].json()["now"]["number"] == case.number
    assert entries_of(case).filter(code="case.noted").count() == 2
