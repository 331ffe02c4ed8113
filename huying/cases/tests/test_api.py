"""The API: the same rules as the desk, for programs."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from huying.cases.models import Case, Report, Status
from huying.cases.tests.conftest import SNAPSHOT, Loop, make_ledger
from huying.core.models import IdempotencyKey
from huying.core.testing import CallApi, MiniDistrict, grant_role, make_user, token_for
from huying.people.models import ApiToken, User
from huying.people.tokens import make_token, revoke_token

pytestmark = pytest.mark.django_db
Call = CallApi


def soon() -> dt.date:
    return timezone.localdate() + dt.timedelta(days=30)


@pytest.fixture
def call(call_api: CallApi) -> Call:
    return call_api


def _json(body: Any) -> bytes:
    return json.dumps(body, default=str).encode()


def report_body(loop: Loop, **fields: Any) -> dict[str, Any]:
    lng, lat = loop.district.in_compound
    return {
        "ledger": "snapshot", "category": "lighting-dark", "words": "路灯不亮", "channel": "desk",
        "lng": lng, "lat": lat, **fields,
    }  # fmt: skip


# --- who may -------------------------------------------------------------------------------------------


def test_without_a_token_everything_asks_for_one(call: Call, loop: Loop) -> None:
    answer = call(None, "get", "/cases")
    assert answer.status_code == 401 and answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer" and "Bearer" in answer.json()["detail"]


@pytest.mark.parametrize("secret", ["hy_nonsense", "nonsense", "hy_" + "x" * 200])
def test_an_invented_token_opens_nothing(call: Call, loop: Loop, secret: str) -> None:
    assert call(secret, "get", "/me").status_code == 401


def test_a_token_ends_when_revoked_expired_or_its_owner_leaves(call: Call, loop: Loop) -> None:
    token, secret = make_token(loop.dispatcher, title="屏", expires_on=soon(), actor=loop.dispatcher)
    assert call(secret, "get", "/me").json()["username"] == loop.dispatcher.username
    ApiToken.objects.update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    assert call(secret, "get", "/me").status_code == 401
    ApiToken.objects.update(expires_on=soon())
    revoke_token(token, actor=loop.dispatcher)
    assert call(secret, "get", "/me").status_code == 401
    other = token_for(loop.clerk)
    User.objects.filter(pk=loop.clerk.pk).update(is_active=False)
    assert call(other, "get", "/me").status_code == 401


def test_a_token_may_at_most_what_its_account_may(call: Call, loop: Loop) -> None:
    case = loop.filed()
    reader = token_for(loop.dispatcher, verbs=["case.view"])
    assert call(reader, "get", f"/cases/{case.number}").status_code == 200
    refused = call(reader, "post", f"/cases/{case.number}/dispatch", {"department": loop.district.urban.code})
    assert refused.status_code == 403
    more = token_for(loop.checker, verbs=["case.view", "case.dispatch"])
    assert call(more, "post", f"/cases/{case.number}/dispatch", {"department": "x"}).status_code == 403
    assert {one["verb"] for one in call(reader, "get", "/me").json()["rights"]} == {"case.view"}


def test_a_token_s_area_narrows_what_it_sees(call: Call, loop: Loop, district: MiniDistrict) -> None:
    case = loop.filed()
    inside = district.east if case.area_path.startswith(district.east.path) else district.west
    outside = district.west if inside is district.east else district.east
    assert call(token_for(loop.dispatcher, area=inside), "get", f"/cases/{case.number}").status_code == 200
    assert call(token_for(loop.dispatcher, area=outside), "get", f"/cases/{case.number}").status_code == 404


def test_an_account_of_another_area_finds_nothing(call: Call, loop: Loop, district: MiniDistrict) -> None:
    case = loop.filed()
    elsewhere = district.west if case.area_path.startswith(district.east.path) else district.east
    user = make_user()
    grant_role(user, "dispatcher", area=elsewhere)
    assert call(user, "get", f"/cases/{case.number}").status_code == 404
    assert call(user, "get", "/cases").json()["items"] == []
    assert call(user, "post", f"/cases/{case.number}/urge", {}).status_code == 404


def test_a_session_needs_its_csrf_token(loop: Loop) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(loop.dispatcher)
    assert client.get("/api/v1/cases").status_code == 200
    body = _json(report_body(loop))
    refused = client.post("/api/v1/reports", body, content_type="application/json")
    assert refused.status_code == 403 and Case.objects.count() == 0


# --- reporting -----------------------------------------------------------------------------------------


def test_a_report_with_a_photo_makes_one_case_however_often_it_is_sent(
    call: Call, loop: Loop, client: Client
) -> None:
    secret, picture = token_for(loop.agent), io.BytesIO()
    Image.new("RGB", (80, 60), "grey").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "lamp.jpg"
    kept = client.post("/api/v1/photos", {"photo": picture}, headers={"Authorization": f"Bearer {secret}"})
    assert kept.status_code == 201
    body = report_body(
        loop, photos=[kept.json()["photo"]], client_id=uuid.uuid4(), phone="13800001111", name="王明"
    )
    first, second = (call(secret, "post", "/reports", body) for _ in range(2))
    assert first.status_code == 201 and first.json() == second.json()
    assert Case.objects.count() == Report.objects.count() == 1
    seen = call(loop.dispatcher, "get", f"/cases/{first.json()['case']}").json()
    assert len(seen["photos"]) == 1
    assert (seen["reports_list"][0]["name"], seen["reports_list"][0]["phone"]) == ("王*", "138****1111") or (
        "13800001111" not in str(seen) and "王明" not in str(seen)
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "nonsense"}, "category"), ({"channel": "import"}, "channel"), ({"words": " "}, "words"),
        ({"phone": "12"}, "phone"), ({"photos": ["forged"]}, "photos"), ({"lat": None}, "lng"),
        ({"follows": "0"}, "follows"), ({"item": "x"}, "item"),
    ],
)  # fmt: skip
def test_a_wrong_report_names_the_field(call: Call, loop: Loop, change: dict[str, Any], field: str) -> None:
    answer = call(loop.agent, "post", "/reports", report_body(loop, **change))
    assert answer.status_code == 422
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert Case.objects.count() == 0


def test_who_may_not_report_is_told_so(call: Call, loop: Loop) -> None:
    assert call(loop.callback, "post", "/reports", report_body(loop)).status_code == 403
    assert call(loop.dispatcher, "post", "/reports", report_body(loop, channel="hotline")).status_code == 403


# --- idempotency ---------------------------------------------------------------------------------------


def test_the_same_key_answers_again_and_does_nothing_again(call: Call, loop: Loop) -> None:
    secret, body = token_for(loop.agent), report_body(loop)
    answers = [call(secret, "post", "/reports", body, Idempotency_Key="k1") for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201] and answers[0].json() == answers[1].json()
    assert answers[1]["Idempotent-Replayed"] == "true" and Case.objects.count() == 1
    other = call(secret, "post", "/reports", report_body(loop, words="别的事"), Idempotency_Key="k1")
    assert other.status_code == 422 and Case.objects.count() == 1


def test_another_account_s_key_is_another_key(call: Call, loop: Loop) -> None:
    for user in (loop.agent, loop.dispatcher):
        assert call(user, "post", "/reports", report_body(loop), Idempotency_Key="k1").status_code == 201
    assert Case.objects.count() == 2


def test_after_a_refusal_the_key_is_free(call: Call, loop: Loop) -> None:
    secret = token_for(loop.agent)
    assert (
        call(secret, "post", "/reports", report_body(loop, words=""), Idempotency_Key="k").status_code == 422
    )
    assert not IdempotencyKey.objects.exists()
    assert call(secret, "post", "/reports", report_body(loop), Idempotency_Key="k").status_code == 201


# --- reading -------------------------------------------------------------------------------------------


def test_lists_page_by_cursor_without_gaps(call: Call, loop: Loop) -> None:
    numbers = [loop.filed().number for _ in range(5)]
    secret, seen, after = token_for(loop.dispatcher), [], ""
    while True:
        page = call(secret, "get", f"/cases?limit=2&order=pk&after={after}").json()
        seen += [row["number"] for row in page["items"]]
        after = page["next"]
        if not after:
            break
    assert seen == numbers


def test_filters_are_those_of_the_list_and_unknown_values_are_refused(call: Call, loop: Loop) -> None:
    case = loop.filed()
    loop.reported()
    secret = token_for(loop.dispatcher)
    assert [r["number"] for r in call(secret, "get", "/cases?status=filed").json()["items"]] == [case.number]
    assert call(secret, "get", "/cases?status=nonsense").status_code == 422
    assert call(secret, "get", "/cases?order=nonsense").status_code == 422


def test_a_list_costs_the_same_however_long(
    call: Call, loop: Loop, django_assert_max_num_queries: Any
) -> None:
    secret = token_for(loop.dispatcher)
    for _ in range(4):
        loop.handling()
    call(secret, "get", "/cases")
    with django_assert_max_num_queries(12):
        assert len(call(secret, "get", "/cases").json()["items"]) == 4


def test_an_unchanged_case_is_not_sent_again(call: Call, loop: Loop) -> None:
    case, secret = loop.filed(), token_for(loop.dispatcher)
    first = call(secret, "get", f"/cases/{case.number}")
    again = call(secret, "get", f"/cases/{case.number}", If_None_Match=first["ETag"])
    assert again.status_code == 304 and again.content == b""


def test_figures_open_their_rows(call: Call, loop: Loop) -> None:
    loop.filed()
    figures = call(loop.supervisor, "get", "/figures?ledger=snapshot").json()
    counts = {one["code"]: one for one in figures["counts"]}
    assert counts["open"]["value"] == 1 and "ledger=snapshot" in counts["open"]["rows"]
    assert call(loop.agent, "get", "/figures").status_code == 403


def test_what_is_declared_can_be_read(call: Call, loop: Loop) -> None:
    secret = token_for(loop.agent)
    assert [row["code"] for row in call(secret, "get", "/ledgers").json()] == ["snapshot"]
    assert len(call(secret, "get", "/ledgers/snapshot/categories").json()) == 3
    assert call(secret, "get", "/ledgers/nonsense/categories").status_code == 404
    assert len(call(secret, "get", "/topics").json()) == 3
    assert call(secret, "get", "/departments").json() and call(secret, "get", "/areas?level=grid").json()
    lng, lat = loop.district.in_compound
    assert call(secret, "get", f"/locate?lng={lng}&lat={lat}").json()["areas"]
    due = call(secret, "get", "/deadline?start=2026-11-20T09:00:00%2B08:00&limit=2%20days").json()
    assert due["due_at"].startswith("2026-11-22")


# --- verbs ---------------------------------------------------------------------------------------------


def test_a_case_goes_round_the_loop(call: Call, loop: Loop) -> None:
    made = call(loop.agent, "post", "/reports", report_body(loop)).json()
    number = made["case"]
    for user, verb, body in (
        (loop.dispatcher, "file", {"category": "lighting-dark"}),
        (loop.dispatcher, "dispatch", {"department": loop.district.urban.code}),
        (loop.clerk, "take_up", {}),
        (loop.clerk, "report_handled", {"answer": "更换了灯头，已经亮了"}),
        (loop.checker, "check", {"words": "看过了"}),
    ):
        answer = call(user, "post", f"/cases/{number}/{verb}", body)
        assert answer.status_code == 200, (verb, answer.json())
        assert answer.json()["said"]
    assert Case.objects.get(number=number).status in (Status.CHECKED, Status.CLOSED)


def test_a_case_that_changed_is_not_changed_blindly(call: Call, loop: Loop) -> None:
    case = loop.filed()
    path, body = f"/cases/{case.number}/dispatch", {"department": loop.district.urban.code}
    assert call(loop.dispatcher, "post", path, body, If_Match='"99"').status_code == 412
    assert call(loop.dispatcher, "post", path, body | {"version": 99}).status_code == 412
    answer = call(loop.dispatcher, "post", path, body, If_Match=f'"{case.version}"')
    assert answer.status_code == 200 and answer["ETag"] == f'"{answer.json()["case"]["version"]}"'


def test_a_verb_that_is_not_open_says_why(call: Call, loop: Loop) -> None:
    case = loop.filed()
    closed = call(loop.dispatcher, "post", f"/cases/{case.number}/close", {})
    assert closed.status_code in (403, 409) and closed.json()["detail"]
    missing = call(loop.dispatcher, "post", f"/cases/{case.number}/dispatch", {})
    assert missing.status_code == 422 and missing.json()["errors"][0]["field"] == "department"


def test_a_contact_is_given_for_a_reason_on_record(call: Call, loop: Loop) -> None:
    case = loop.filed(name="王明", phone="13800001111")
    report = case.reports.get()
    path = f"/cases/{case.number}/contact"
    assert (
        call(loop.checker, "post", path, {"report": report.number, "reason": "核实现场"}).status_code == 403
    )
    assert call(loop.dispatcher, "post", path, {"report": report.number, "reason": "x"}).status_code == 422
    seen = call(loop.dispatcher, "post", path, {"report": report.number, "reason": "核实现场位置"})
    assert seen.json() == {"name": "王明", "phone": "13800001111", "private": []}
    assert report.reveals.count() == 1


def test_personal_fields_come_with_the_contact_and_nowhere_else(call: Call, loop: Loop) -> None:
    own = SNAPSHOT.replace("ledger: snapshot", "ledger: heating") + (
        "channels: [desk]\nfields:\n  card: {type: text, title: {zh: 户号, en: Meter}, private: true}\n"
    )
    make_ledger(own, loop.topics)
    made = call(loop.agent, "post", "/reports", report_body(loop, ledger="heating", fields={"card": "H-778"}))
    number, report = made.json()["case"], made.json()["report"]
    assert "H-778" not in call(loop.dispatcher, "get", f"/cases/{number}").content.decode()
    sent = {"report": report, "reason": "核实户号"}
    assert call(loop.dispatcher, "post", f"/cases/{number}/contact", sent).json()["private"] == [
        ["户号", "H-778"]
    ]


def test_a_callback_is_recorded(call: Call, loop: Loop) -> None:
    case = loop.closed()
    body = {"report": case.reports.get().number, "solved": True, "grade": 5, "contacted": True}
    assert call(loop.clerk, "post", f"/cases/{case.number}/callbacks", body).status_code == 403
    assert call(loop.callback, "post", f"/cases/{case.number}/callbacks", body).status_code == 201


def test_nonsense_is_answered_with_problems(call: Call, loop: Loop) -> None:
    secret = token_for(loop.agent)
    for method, path, body, status in (
        ("get", "/nothing", None, 404), ("get", "/cases/0", None, 404), ("post", "/reports", [1], 422),
        ("delete", "/cases", None, 405), ("get", "/papers/1", None, 403), ("get", "/cases?limit=0", None, 422),
        ("get", "/cases?after=nonsense", None, 200), ("post", "/tokens", {"title": "x", "expires_on": soon()}, 422),
    ):  # fmt: skip
        answer = call(secret, method, path, body)
        assert answer.status_code == status, (method, path, answer.content)
