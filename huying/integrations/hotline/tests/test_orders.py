"""What the city sends: taken once, corrected openly, refused with a sentence."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from huying.cases import actions
from huying.cases.models import Case, Category, Channel, Notice, Report, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.models import JournalEntry
from huying.core.outbound import Answer
from huying.integrations.hotline import attachments, deadlines
from huying.integrations.hotline.actions import return_to_city
from huying.integrations.hotline.models import Attachment, CityCode, CitySystem, Exchange, Order
from huying.integrations.hotline.signing import NONCE, TIMESTAMP, signature, signed_headers
from huying.integrations.hotline.tests.city import KEY_ID, SECRET
from huying.integrations.hotline.tests.conftest import PATH, contents, post

pytestmark = pytest.mark.django_db


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG")
    return out.getvalue()


def codes(case: Case) -> list[str]:
    return list(entries_of(case).values_list("code", flat=True))


def test_an_order_becomes_a_case_of_the_hotline(system: CitySystem, client: Client) -> None:
    answer = post(client, contents(due_at="2026-11-30T18:00:00+08:00"))
    assert answer.status_code == 201
    report = Report.objects.get()
    assert (report.channel, report.external_number) == (Channel.HOTLINE, "PDS2026-1")
    assert answer.json()["case"] == report.case.number
    assert Order.objects.get().city_due_at == dt.datetime(2026, 11, 30, 10, tzinfo=dt.UTC)


def test_the_same_order_again_gets_the_same_receipt(system: CitySystem, client: Client) -> None:
    first, second = post(client, contents()), post(client, contents())
    assert second.status_code == 200
    assert {**first.json(), "outcome": ""} == {**second.json(), "outcome": ""}
    assert Case.objects.count() == 1


def test_changed_contents_are_a_correction_with_history(
    loop: Loop, system: CitySystem, client: Client
) -> None:
    post(client, contents())
    case = Case.objects.get()
    actions.file_case(fresh(case), actor=loop.dispatcher)
    actions.dispatch_case(fresh(case), department=loop.district.urban, actor=loop.dispatcher)
    answer = post(
        client,
        contents(revision=2, words="建设路三盏路灯不亮", phone="13900002222", lng=113.3275, lat=33.705),
    )
    assert answer.json()["outcome"] == "corrected"
    report, case = Report.objects.get(), fresh(case)
    assert (report.words, report.phone, case.words) == (
        "建设路三盏路灯不亮",
        "13900002222",
        "建设路三盏路灯不亮",
    )
    assert case.area_path.endswith(loop.district.grid_of("东风社区", 2).path.rsplit("/", 2)[-2] + "/")
    correction = Order.objects.get().corrections.get()
    assert correction.changes["phone"] == ["138****1111", "139****2222"]
    assert "case.city_corrected" in codes(case)
    assert "13900002222" not in json.dumps(
        list(JournalEntry.objects.values_list("data", flat=True)), default=str
    )
    assert Notice.objects.filter(department=loop.district.urban, code="case.city_corrected").exists()


def test_an_older_revision_that_comes_late_changes_nothing(system: CitySystem, client: Client) -> None:
    post(client, contents(revision=2, words="三盏路灯不亮"))
    assert post(client, contents(revision=1)).json()["outcome"] == "stale"
    assert Report.objects.get().words == "三盏路灯不亮"


def test_other_contents_under_the_same_revision_are_a_conflict(system: CitySystem, client: Client) -> None:
    post(client, contents())
    answer = post(client, contents(words="别的事"))
    assert answer.status_code == 409
    assert "revision" in answer.json()["detail"]


def test_a_replayed_request_is_refused_with_clear_words(system: CitySystem, client: Client) -> None:
    now = str(int(time.time()))
    raw = json.dumps(contents()).encode()
    sign = signature(SECRET, "POST", PATH, now, "n-1", raw)
    headers = {TIMESTAMP: now, NONCE: "n-1", "X-Huying-Signature": sign}
    assert post(client, raw, **headers).status_code == 201
    answer = post(client, raw, **headers)
    assert answer.status_code == 409
    assert "随机数" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Huying-Signature": "0" * 64},
        {"X-Huying-Signature": "好"},
        {"X-Huying-Signature": ""},
        {TIMESTAMP: "nan"},
        {TIMESTAMP: "9" * 40},
        {TIMESTAMP: str(int(time.time()) - 400)},
        {"X-Huying-Key": "somebody"},
        {NONCE: "x" * 81},
    ],
)
def test_what_is_not_signed_rightly_is_not_taken(
    system: CitySystem, client: Client, headers: dict[str, str]
) -> None:
    answer = post(client, contents(), **headers)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert answer.json()["detail_en"]
    assert not Order.objects.exists()


def test_an_old_moment_rightly_signed_is_refused(
    system: CitySystem, client: Client, monkeypatch: Any
) -> None:
    real = time.time()
    monkeypatch.setattr("huying.integrations.hotline.signing.time.time", lambda: real - 301)
    answer = post(client, contents())
    assert answer.status_code == 401
    assert "5 分钟" in answer.json()["detail"]


def test_both_secrets_are_taken_while_the_city_changes_over(system: CitySystem, client: Client) -> None:
    CitySystem.objects.update(old_secret="", secret=system.secret)
    system = CitySystem.objects.get()
    system.old_secret, system.secret = system.secret.open(), "the new secret of the city"
    system.old_secret_until = timezone.now() + dt.timedelta(days=1)
    system.save()
    assert post(client, contents("A")).status_code == 201
    assert post(client, contents("B"), secret="the new secret of the city").status_code == 201
    CitySystem.objects.update(old_secret_until=timezone.now())
    assert post(client, contents("C")).status_code == 401


NONSENSE = [
    b"", b"\xff", b"[]", b"null", b"[" * 200_000, b'{"schema":"huying.hotline/1"}',
    json.dumps(contents(words="a\0b")).encode(), json.dumps(contents(words="\ud800")).encode(),
    json.dumps(contents(number="a/b")).encode(), json.dumps(contents(lng=float("nan"))).encode(),
    json.dumps(contents(due_at="9999-99-99")).encode(), json.dumps(contents(due_at="0001-01-01T00:00:00")).encode(),
    json.dumps(contents(revision=10**30)).encode(), json.dumps(contents(phone="12")).encode(),
    json.dumps(contents(words="")).encode(), json.dumps(contents(surprise=1)).encode(),
    json.dumps(contents(photos=[{"content": "!!"}])).encode(),
    json.dumps(contents(photos=[{"content": "aGk="}])).encode(),
    json.dumps(contents(action="cancel")).encode(), json.dumps({**contents(), "schema": "2"}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused_with_a_sentence_and_never_a_fault_of_ours(
    system: CitySystem, client: Client, body: bytes
) -> None:
    answer = post(client, body)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["detail"]
    assert problem["detail_en"]
    assert not Order.objects.exists()


def test_a_body_that_is_too_large_is_refused(system: CitySystem, client: Client) -> None:
    assert post(client, b"x" * 6_000_000).status_code == 413


def test_photos_in_the_message_are_on_the_report(system: CitySystem, client: Client) -> None:
    post(client, contents(photos=[{"content": base64.b64encode(jpeg()).decode()}]))
    assert Report.objects.get().files.count() == 1


def test_photos_by_address_are_fetched_once_and_tried_again(
    system: CitySystem, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [Answer(503), Answer(200, body=jpeg())]
    monkeypatch.setattr(attachments, "send", lambda *_args, **_kw: answers.pop(0))
    post(client, contents(photos=[{"url": "https://city.example/1.jpg"}]))
    assert attachments.fetch() == 0
    Attachment.objects.update(next_try_at=timezone.now())
    assert attachments.fetch() == 1
    assert attachments.fetch() == 0
    assert Report.objects.get().files.count() == 1


def test_a_photo_inside_our_network_is_never_fetched(system: CitySystem, client: Client) -> None:
    post(client, contents(photos=[{"url": "http://127.0.0.1:1/secret.jpg"}]))
    attachments.fetch()
    assert Attachment.objects.get().state == Attachment.State.FAILED


def test_the_citys_class_finds_its_category_by_the_longest_prefix(
    loop: Loop, system: CitySystem, client: Client
) -> None:
    for code, own in (("05", "lighting"), ("0503", "street-order")):
        CityCode.objects.create(system=system, code=code, category=Category.objects.get(code=own))
    for number, code in (("A", "050301"), ("B", "059999")):
        post(client, contents(number, code=code))
    assert Case.objects.get(reports__external_number="A").category.code == "street-order"
    assert Case.objects.get(reports__external_number="B").category.code == "lighting"


def close(loop: Loop, case: Case) -> None:
    actions.file_case(fresh(case), actor=loop.dispatcher)
    actions.dispatch_case(fresh(case), department=loop.district.urban, actor=loop.dispatcher)
    actions.take_up_case(fresh(case), actor=loop.clerk)
    finish(loop, case)


def finish(loop: Loop, case: Case) -> None:
    actions.report_handled(fresh(case), actor=loop.clerk, answer="换了灯泡和镇流器")
    actions.check_case(fresh(case), actor=loop.checker, words="亮了")
    actions.close_case(fresh(case), actor=loop.dispatcher)


def test_a_closed_order_sent_for_redoing_is_handled_again_once(
    loop: Loop, system: CitySystem, client: Client
) -> None:
    post(client, contents())
    case = Case.objects.get()
    close(loop, case)
    for _time in range(2):
        assert post(client, contents(revision=2, action="redo", reason="又不亮了")).status_code == 200
    assert fresh(case).status == Status.HANDLING
    assert fresh(case).reopenings == 1


def test_redoing_an_open_order_urges_it(system: CitySystem, client: Client) -> None:
    post(client, contents())
    assert post(client, contents(revision=2, action="redo", reason="快点")).json()["outcome"] == "known"
    assert "case.city_urged" in codes(Case.objects.get())


def test_a_cancelled_order_ends_its_case(system: CitySystem, client: Client) -> None:
    post(client, contents())
    assert post(client, contents(revision=2, action="cancel", reason="重复")).json()["outcome"] == "cancelled"
    assert Case.objects.get().status == Status.VOIDED
    assert post(client, contents(revision=3)).status_code == 409


def returned(loop: Loop) -> Order:
    order = Order.objects.get()
    return_to_city(order, reason="地点在新华区，不属于本区", actor=loop.dispatcher)
    order.refresh_from_db()
    return order


def test_an_order_that_is_not_ours_goes_back_and_ends_when_the_city_agrees(
    loop: Loop, system: CitySystem, client: Client
) -> None:
    post(client, contents())
    assert returned(loop).state == Order.State.RETURNING
    assert Case.objects.get().status == Status.REPORTED
    assert post(client, contents(revision=2, action="accept_return")).status_code == 200
    assert Case.objects.get().status == Status.DECLINED
    assert [d.event for d in Order.objects.get().deliveries.all()] == ["received", "returned"]


def test_an_order_sent_again_after_a_return_stays_and_returns_are_limited(
    loop: Loop, system: CitySystem, client: Client
) -> None:
    post(client, contents())
    for revision in (2, 3):
        returned(loop)
        assert post(client, contents(revision=revision)).json()["outcome"] == "kept"
        assert Order.objects.get().state == Order.State.ACTIVE
    with pytest.raises(Refusal, match="2 次"):
        returned(loop)


def test_who_may_not_decline_may_not_return(loop: Loop, system: CitySystem, client: Client) -> None:
    post(client, contents())
    with pytest.raises(NotAllowed):
        return_to_city(Order.objects.get(), reason="不属于本区的事", actor=loop.checker)


def test_a_dispatched_order_does_not_go_back(loop: Loop, system: CitySystem, client: Client) -> None:
    post(client, contents())
    case = Case.objects.get()
    actions.file_case(case, actor=loop.dispatcher)
    actions.dispatch_case(fresh(case), department=loop.district.urban, actor=loop.dispatcher)
    with pytest.raises(Conflict):
        returned(loop)


def test_the_department_is_warned_once_of_a_city_deadline_before_ours(
    loop: Loop, system: CitySystem, client: Client
) -> None:
    now = timezone.now()
    post(client, contents(due_at=(now + dt.timedelta(hours=1)).isoformat()))
    case = Case.objects.get()
    actions.file_case(case, actor=loop.dispatcher)
    actions.dispatch_case(fresh(case), department=loop.district.urban, actor=loop.dispatcher)
    assert deadlines.warn(now) == 0
    assert deadlines.warn(now + dt.timedelta(minutes=50)) == 1
    assert deadlines.warn(now + dt.timedelta(minutes=55)) == 0


def test_everything_signed_is_on_the_log(system: CitySystem, client: Client) -> None:
    post(client, contents())
    post(client, contents(words="别的"))
    post(client, contents("X"), secret="wrong")
    assert list(Exchange.objects.order_by("id").values_list("status", flat=True)) == [201, 409]


def test_a_form_instead_of_json_is_refused_with_a_sentence(system: CitySystem, client: Client) -> None:
    headers = signed_headers(KEY_ID, SECRET, "POST", PATH, b"")
    answer = client.post(PATH, {"number": "A"}, headers=headers)
    assert answer.status_code == 400
    assert "application/json" in answer.json()["detail"]
    assert client.post(PATH, {"number": "A"}).status_code == 401
