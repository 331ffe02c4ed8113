"""Inspections over HTTP: who reads what, a round that is made once, a draw that anybody can check."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from huying.core.testing import CallApi, MiniDistrict, make_department, make_user, token_for
from huying.inspections.models import Draw, Plan, Standard
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.tests.conftest import ALL_RIGHT, Night, make_night
from huying.people.models import Department, User

pytestmark = pytest.mark.django_db
READ = (
    "/inspections/standards", "/inspections/standards/lamp-check", "/inspections/plans", "/inspections/plans/lamp-draw",
    "/inspections/plans/lamp-draw/due", "/inspections/draws", "/inspections/rounds",
)  # fmt: skip


@pytest.fixture
def night(district: MiniDistrict) -> Night:
    return make_night(district)


@pytest.mark.parametrize("path", READ)
def test_who_may_reads_others_are_refused(plan: Plan, supervisor: User, call_api: CallApi, path: str) -> None:
    assert call_api(supervisor, "get", path).status_code == 200
    assert call_api(make_user(), "get", path).status_code == 403
    assert call_api(None, "get", path).status_code == 401
    limited = token_for(supervisor, verbs=["case.view"])
    assert call_api(limited, "get", path).status_code == 403


def test_a_standard_is_read_in_each_of_its_versions(
    standard: Standard, supervisor: User, call_api: CallApi
) -> None:
    said = call_api(supervisor, "get", "/inspections/standards/lamp-check").json()
    assert (said["version"], [item["code"] for item in said["items"]]) == (1, ["on", "upright"])
    assert call_api(supervisor, "get", "/inspections/standards/lamp-check?version=7").status_code == 404
    assert call_api(supervisor, "get", "/inspections/standards/nothing").status_code == 404


def test_a_plan_says_what_is_due(night: Night, call_api: CallApi) -> None:
    said = call_api(night.inspector, "get", "/inspections/plans/heating-nightly").json()
    assert said["sentence"].startswith("每晚一次") and said["places"] == 1
    due = call_api(night.inspector, "get", "/inspections/plans/heating-nightly/due").json()
    assert [row["key"] for row in due["items"]] == ["heating-station/HR-001"] and due["next"] == ""
    wrong = call_api(night.inspector, "get", "/inspections/plans/heating-nightly/due?state=soonish")
    assert wrong.status_code == 422


def test_what_is_due_in_another_street_is_not_told(night: Night, call_api: CallApi) -> None:
    west, east = (make_user("grid-worker", area=area) for area in (night.district.west, night.district.east))
    path = "/inspections/plans/heating-nightly/due"
    assert call_api(west, "get", path).json()["items"] == []
    assert len(call_api(east, "get", path).json()["items"]) == 1


def test_an_unannounced_plan_is_not_told_to_whom_it_inspects(night: Night, call_api: CallApi) -> None:
    Plan.objects.update(declaration=night.plan.declaration | {"unannounced": True})
    inspected = make_user("clerk", department=night.heating)
    for path in ("", "/due"):
        assert call_api(inspected, "get", f"/inspections/plans/heating-nightly{path}").status_code == 404
    assert call_api(inspected, "get", "/inspections/plans").json() == []


def a_round(night: Night, **more: Any) -> dict[str, Any]:
    lng, lat = night.district.in_compound
    return {
        "plan": "heating-nightly", "item": "heating-station/HR-001", "answers": ALL_RIGHT, "lng": lng, "lat": lat,
        "ended_at": timezone.now().isoformat(),
    } | more  # fmt: skip


def test_a_round_is_made_once_however_often_it_is_sent(night: Night, call_api: CallApi) -> None:
    said = a_round(
        night, answers=ALL_RIGHT | {"duty": "fail"}, notes={"duty": "没有人"}, client_id=str(uuid.uuid4())
    )
    token = token_for(night.inspector)
    first = call_api(token, "post", "/inspections/rounds", said, Idempotency_Key="night-1")
    again = call_api(token, "post", "/inspections/rounds", said, Idempotency_Key="night-1")
    third = call_api(token, "post", "/inspections/rounds", said)  # the phone's own id
    assert first.status_code == 201, first.content.decode()
    assert again["Idempotent-Replayed"] == "true"
    assert {answer.json()["id"] for answer in (first, again, third)} == {Round.objects.get().pk}
    body = first.json()
    assert (body["score"], body["passed"], body["proved"]) == (70.0, False, True)
    (finding,) = body["findings"]
    assert finding["words"] == "没有人" and finding["case"]
    assert body["paper"]


def test_a_mistake_names_its_field(night: Night, call_api: CallApi) -> None:
    token = token_for(night.inspector)

    def field(**more: Any) -> tuple[int, str]:
        answer = call_api(token, "post", "/inspections/rounds", a_round(night, **more))
        errors = answer.json().get("errors") or [{"field": ""}]
        return answer.status_code, errors[0]["field"]

    assert field(answers={"duty": "pass"}) == (422, "answers.running")
    assert field(answers=ALL_RIGHT | {"running": "fail"}) == (422, "photos.running")
    assert field(answers=ALL_RIGHT | {"colour": "pass"}) == (422, "answers")
    assert field(item="") == (422, "item")
    assert field(standard="heating-night") == (422, "plan")
    assert field(team=["nobody"]) == (422, "team")
    assert field(photos={"running": ["forged"]}) == (422, "photos")
    assert field(ended_at="2026-11-20T09:00:00") == (422, "ended_at")
    later = timezone.now() + dt.timedelta(hours=3)
    assert field(ended_at=later.isoformat()) == (422, "ended_at")
    assert field(item="heating-station/NONE")[0] == 404
    assert field(plan="", standard="nothing")[0] == 404
    assert not Round.objects.exists()


def test_nobody_makes_a_round_where_they_may_not(night: Night, call_api: CallApi) -> None:
    west = make_user("grid-worker", area=night.district.west)
    said = a_round(night, plan="", standard="heating-night")
    assert call_api(west, "post", "/inspections/rounds", said).status_code == 403
    own = make_user("clerk", department=night.heating)
    assert call_api(own, "post", "/inspections/rounds", said).status_code == 403
    reads = token_for(night.inspector, verbs=["round.view"])
    assert call_api(reads, "post", "/inspections/rounds", a_round(night)).status_code == 403


def test_rounds_are_read_as_far_as_the_reader_is_responsible(night: Night, call_api: CallApi) -> None:
    made = night.go(answers={"duty": "fail"})
    east, west = (make_user("supervisor", area=area) for area in (night.district.east, night.district.west))
    rows = call_api(east, "get", "/inspections/rounds?passed=false&plan=heating-nightly").json()["items"]
    assert [(row["id"], row["item"]) for row in rows] == [(made.pk, "heating-station/HR-001")]
    assert call_api(east, "get", f"/inspections/rounds/{made.pk}").json()["answers"]["duty"] == "fail"
    assert call_api(west, "get", "/inspections/rounds").json()["items"] == []
    assert call_api(west, "get", f"/inspections/rounds/{made.pk}").status_code == 404
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    for narrowed in (f"since={tomorrow}", "standard=other", "item=heating-station/X", "until=2020-01-01"):
        assert call_api(east, "get", f"/inspections/rounds?{narrowed}").json()["items"] == []
    assert call_api(east, "get", "/inspections/rounds?area=nowhere").status_code == 422


def test_rounds_come_in_pages(night: Night, call_api: CallApi) -> None:
    made = [night.go().pk for _once in range(3)]
    token, seen, after = token_for(make_user("supervisor")), [], ""
    for _page in range(2):
        page = call_api(token, "get", f"/inspections/rounds?limit=2&after={after}").json()
        seen += [row["id"] for row in page["items"]]
        after = page["next"]
    assert sorted(seen) == made and after == ""


def test_a_draw_can_be_drawn_again_by_anybody(plan: Plan, supervisor: User, call_api: CallApi) -> None:
    made = call_api(supervisor, "post", "/inspections/plans/lamp-draw/draws", {})
    assert made.status_code == 201 and made.json()["holds"]
    assert len(made.json()["places"]) == 2 and made.json()["places"][0]["inspectors"]
    again = call_api(supervisor, "post", "/inspections/plans/lamp-draw/draws", {})
    assert again.status_code == 409 and supervisor.name in again.json()["detail"]
    (row,) = call_api(supervisor, "get", "/inspections/draws?plan=lamp-draw").json()["items"]
    read = call_api(make_user("checker"), "get", f"/inspections/draws/{row['id']}").json()
    assert read["seed"] == Draw.objects.get().seed and read["facts"]["places"]
    clerk = make_user("clerk", department=Department.objects.get(code="market"))
    assert call_api(clerk, "post", "/inspections/plans/lamp-draw/draws", {}).status_code == 403
    make_department("other")
    assert call_api(supervisor, "post", "/inspections/plans/nothing/draws", {}).status_code == 404
