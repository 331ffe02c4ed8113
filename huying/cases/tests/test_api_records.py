"""Over HTTP: draws to look back, a case's journal, the export of a list, notes, and who answers at a point."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
from django.utils import timezone

from huying.cases.models import Case, LookBack, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.cases.tests.test_desk_cases import sheet
from huying.core.journal import entries_of
from huying.core.testing import CallApi, MiniDistrict, grant_role, make_duty, make_user, token_for
from huying.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def west_supervisor(district: MiniDistrict) -> User:
    """Supervises the street `west` only."""
    return make_user("supervisor", area=district.west)


def draw_body(**more: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {"closed_from": today - dt.timedelta(days=7), "closed_to": today, "seed": "7", "size": 2, **more}


# --- looking back ----------------------------------------------------------------------------------------


def test_a_draw_is_found_by_its_seed_and_can_be_drawn_again_by_hand(call_api: CallApi, loop: Loop) -> None:
    numbers = [loop.closed().number for _ in range(4)]
    secret = token_for(loop.supervisor)
    made = call_api(secret, "post", "/look-backs", draw_body())
    assert made.status_code == 201 and (made.json()["size"], made.json()["population"]) == (2, 4)
    call_api(secret, "post", "/look-backs", draw_body(seed="8"))
    found = call_api(secret, "get", "/look-backs?seed=7").json()["items"]
    assert [one["id"] for one in found] == [made.json()["id"]]
    assert len(call_api(secret, "get", "/look-backs").json()["items"]) == 2
    tasks = call_api(secret, "get", f"/look-backs/{made.json()['id']}/tasks").json()["items"]
    by_hand = sorted(numbers, key=lambda number: hashlib.sha256(f"7:{number}".encode()).hexdigest())[:2]
    assert {task["case"] for task in tasks} == set(by_hand)


def test_what_was_found_is_recorded_once_and_a_failure_reopens(call_api: CallApi, loop: Loop) -> None:
    case = loop.closed()
    secret = token_for(loop.supervisor)
    look = call_api(secret, "post", "/look-backs", draw_body()).json()["id"]
    task = call_api(secret, "get", f"/look-backs/{look}/tasks?result=waiting").json()["items"][0]["id"]
    path = f"/look-backs/{look}/tasks/{task}"
    silent = call_api(secret, "post", path, {"passed": False})
    assert silent.status_code == 422 and silent.json()["errors"][0]["field"] == "words"
    answer = call_api(secret, "post", path, {"passed": False, "words": "灯又灭了两盏"})
    assert answer.json()["passed"] is False and fresh(case).status == Status.HANDLING
    assert call_api(secret, "post", path, {"passed": True}).status_code == 409
    now = call_api(secret, "get", f"/look-backs/{look}").json()
    assert (now["done"], now["failed"]) == (1, 1)
    assert call_api(secret, "get", f"/look-backs/{look}/tasks?result=passed").json()["items"] == []


def test_look_backs_are_for_who_may_look_and_only_of_their_area(
    call_api: CallApi, loop: Loop, west_supervisor: User
) -> None:
    loop.closed()
    look = call_api(loop.supervisor, "post", "/look-backs", draw_body()).json()["id"]
    task = LookBack.objects.get().tasks.get().pk
    for method, path, body in (
        ("get", "/look-backs", None), ("post", "/look-backs", draw_body()), ("get", f"/look-backs/{look}", None),
        ("get", f"/look-backs/{look}/tasks", None), ("post", f"/look-backs/{look}/tasks/{task}", {"passed": True}),
    ):  # fmt: skip
        assert call_api(loop.dispatcher, method, path, body).status_code == 403, path
        elsewhere = call_api(west_supervisor, method, path, body)
        # Nothing was closed in the west: there is nothing to draw, and the list is empty.
        assert elsewhere.status_code in (404, 422) or elsewhere.json()["items"] == [], path
    assert LookBack.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"seed": " "}, "seed"), ({"share": 10}, "share"), ({"area": "x"}, "area"), ({"ledger": "x"}, "ledger")],
)
def test_a_wrong_draw_names_the_field(
    call_api: CallApi, loop: Loop, change: dict[str, Any], field: str
) -> None:
    answer = call_api(loop.supervisor, "post", "/look-backs", draw_body(**change))
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == field


# --- journal ---------------------------------------------------------------------------------------------


def test_the_journal_of_a_case_is_read_in_order_with_its_hashes(call_api: CallApi, loop: Loop) -> None:
    case = loop.handling()
    secret, found, after = token_for(make_user("administrator")), [], ""
    while True:
        page = call_api(secret, "get", f"/cases/{case.number}/journal?limit=2&after={after}").json()
        found += page["items"]
        if not (after := page["next"]):
            break
    entries = list(entries_of(case))
    assert [one["code"] for one in found] == [entry.code for entry in entries]
    assert [one["hash"] for one in found] == [bytes(entry.hash).hex() for entry in entries]


def test_the_journal_is_for_who_sees_all_of_it(call_api: CallApi, loop: Loop, district: MiniDistrict) -> None:
    path = f"/cases/{loop.handling().number}/journal"
    local = make_user("administrator", area=district.east)
    narrowed = token_for(make_user("administrator"), area=district.east)
    for who in (loop.supervisor, loop.arbiter, local, narrowed):
        assert call_api(who, "get", path).status_code == 403
    assert call_api(make_user("administrator"), "get", "/cases/0/journal").status_code == 404


# --- export ----------------------------------------------------------------------------------------------


def cells_of(answer: Any) -> list[str]:
    assert answer.status_code == 200
    return [str(cell) for row in sheet(answer) for cell in row]


def test_the_export_holds_the_filtered_cases_and_stands_in_the_journal(call_api: CallApi, loop: Loop) -> None:
    filed, reported = loop.filed(), loop.reported()
    cells = cells_of(call_api(loop.dispatcher, "get", "/cases/export.xlsx?status=filed"))
    assert filed.number in cells and reported.number not in cells
    entry = entries_of(loop.dispatcher).last()
    assert entry.code == "case.list_exported" and "status=filed" in entry.data["filter"]


def test_the_export_holds_only_what_the_caller_may_see(
    call_api: CallApi, loop: Loop, west_supervisor: User
) -> None:
    case = loop.filed()
    assert case.number not in cells_of(call_api(west_supervisor, "get", "/cases/export.xlsx"))
    assert call_api(make_user(), "get", "/cases/export.xlsx").status_code == 403
    assert call_api(loop.dispatcher, "get", "/cases/export.xlsx?status=nonsense").status_code == 422


# --- notes -----------------------------------------------------------------------------------------------


def test_a_note_is_added_to_a_case_in_whatever_state(
    call_api: CallApi, loop: Loop, district: MiniDistrict
) -> None:
    case = loop.closed()
    worker = make_user("grid-worker", area=district.east)
    made = call_api(worker, "post", f"/cases/{case.number}/notes", {"words": "又去看了，灯亮着"})
    assert (made.status_code, made.json()) == (201, {"case": case.number, "status": "closed"})
    assert entries_of(case).filter(code="case.noted").get().data["words"] == "又去看了，灯亮着"
    assert call_api(worker, "post", f"/cases/{case.number}/notes", {"words": " "}).status_code == 422


def test_notes_are_for_who_works_on_the_spot_there(
    call_api: CallApi, loop: Loop, district: MiniDistrict
) -> None:
    case = loop.handling()
    body = {"words": "看到了"}
    assert call_api(loop.callback, "post", f"/cases/{case.number}/notes", body).status_code == 403
    elsewhere = make_user("grid-worker", area=district.west)
    assert call_api(elsewhere, "post", f"/cases/{case.number}/notes", body).status_code == 404
    assert not entries_of(case).filter(code="case.noted").exists()


# --- who answers here ------------------------------------------------------------------------------------


def test_who_answers_is_what_a_case_there_would_be_suggested(
    call_api: CallApi, loop: Loop, district: MiniDistrict
) -> None:
    secret = token_for(loop.dispatcher)

    def asked(point: tuple[float, float], topic: str = "lighting-dark") -> dict[str, Any]:
        return call_api(secret, "get", f"/responsible?topic={topic}&lng={point[0]}&lat={point[1]}").json()

    assert (asked(district.in_west)["department"], asked(district.in_west)["rule"]) == (
        "urban-management",
        "category",
    )
    make_duty("lighting", district.root, district.urban)
    make_duty("lighting", district.compound, district.water)
    home = asked(district.in_compound)
    assert (home["department"], home["rule"]) == ("water-company", "duty") and home["why"]
    assert asked(district.in_west)["rule"] == "duty"
    assert asked(district.in_west, "street-order")["rule"] == "none"
    case = Case.objects.get(pk=loop.filed().pk)
    suggested = call_api(secret, "get", f"/cases/{case.number}").json()["suggestion"]
    assert (suggested["department"], suggested["rule"], suggested["why"]) == (
        home["department"], home["rule"], suggested["why"],
    )  # fmt: skip


def test_who_answers_asks_for_a_right_and_a_place(call_api: CallApi, loop: Loop) -> None:
    assert call_api(make_user(), "get", "/responsible?topic=lighting&lng=113&lat=33").status_code == 403
    for query in ("topic=lighting", "topic=lighting&lng=nan&lat=33", "topic=lighting&lng=999&lat=33"):
        assert call_api(loop.dispatcher, "get", f"/responsible?{query}").status_code == 422
    assert call_api(loop.dispatcher, "get", "/responsible?topic=x&lng=113&lat=33").status_code == 404
    user = make_user()
    grant_role(user, "administrator")
    assert call_api(user, "get", "/responsible?topic=lighting&lng=1&lat=1").json()["rule"] == "category"
