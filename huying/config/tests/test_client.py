"""The published Python client against the real site."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from django.utils import timezone
from huying_client import Changed, Huying, NotAllowed, NotFound, Refused, SignedOut, Unreachable
from PIL import Image

from huying.cases.models import Case, Status
from huying.cases.tests.conftest import Loop
from huying.core.testing import MiniDistrict, make_user
from huying.people.models import User
from huying.people.tokens import make_token

pytestmark = pytest.mark.django_db
Site = Callable[..., Huying]


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def site(wsgi: Any) -> Iterator[Site]:
    made: list[Huying] = []

    def sign_in(user: User | None, transport: httpx.BaseTransport | None = None, **options: int) -> Huying:
        tomorrow = timezone.localdate() + dt.timedelta(days=1)
        token = make_token(user, title="t", expires_on=tomorrow, actor=user)[1] if user else "hy_nobody"
        transport = transport or httpx.WSGITransport(app=wsgi)
        made.append(Huying("http://testserver", token, transport=transport, **options))
        return made[-1]

    yield sign_in
    for one in made:
        one.close()


def photo() -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (60, 40), "grey").save(body, "JPEG")
    return body.getvalue()


def test_a_matter_is_reported_and_brought_to_its_end(site: Site, loop: Loop) -> None:
    agent, dispatcher, clerk = site(loop.agent), site(loop.dispatcher), site(loop.clerk)
    lng, lat = loop.district.in_compound
    receipt = agent.report(
        "snapshot",
        "lighting-dark",
        "路灯不亮",
        channel="desk",
        lng=lng,
        lat=lat,
        photos=[agent.upload(photo())],
    )
    case = dispatcher.case(receipt.case)
    assert case.status == "reported" and "file" in case.verbs and case.reported_at.tzinfo is not None
    dispatcher.act(case.number, "file", category="lighting-dark", version=case.version)
    dispatcher.act(case.number, "dispatch", department=loop.district.urban.code)
    clerk.act(case.number, "take_up")
    done = clerk.act(case.number, "report_handled", answer="更换了灯头，已经亮了")
    assert done.status == "handled"
    site(loop.checker).act(case.number, "check", words="看过了")
    assert Case.objects.get().status in (Status.CHECKED, Status.CLOSED)


def test_what_is_declared_is_typed(site: Site, loop: Loop) -> None:
    agent = site(loop.agent)
    assert agent.me().may("report.create") and not agent.me().may("people.manage")
    assert [row.code for row in agent.ledgers()] == ["snapshot"]
    assert {row.code for row in agent.categories("snapshot")} >= {"lighting-dark"}
    assert agent.areas(level="grid") and agent.departments()
    assert agent.locate(*loop.district.in_compound)
    start = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert agent.deadline(start, "2 days") == start + dt.timedelta(days=2)


def test_pages_are_walked_to_the_end(site: Site, loop: Loop) -> None:
    numbers = {loop.filed().number for _ in range(5)}
    found = list(site(loop.dispatcher).cases(page=2, status=["filed", "dispatched"]))
    assert {case.number for case in found} == numbers and len(found) == 5
    assert site(loop.supervisor).figures(ledger="snapshot").counts["open"] == 5


def test_refusals_are_exceptions_with_their_sentence(site: Site, loop: Loop) -> None:
    case = loop.filed()
    dispatcher = site(loop.dispatcher)
    with pytest.raises(Refused) as refused:
        dispatcher.act(case.number, "dispatch")
    assert "department" in refused.value.fields and refused.value.detail
    with pytest.raises(Changed):
        dispatcher.act(case.number, "dispatch", department=loop.district.urban.code, version=99)
    with pytest.raises(NotFound):
        dispatcher.case("0")
    with pytest.raises(NotAllowed):
        site(loop.callback).report("snapshot", "lighting-dark", "路灯不亮")
    with pytest.raises(SignedOut):
        site(None).me()


class LosesTheFirstAnswer(httpx.BaseTransport):
    """The server does what it was asked, and the answer is lost on the way."""

    def __init__(self, wsgi: Any) -> None:
        self.site = httpx.WSGITransport(app=wsgi)
        self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.site.handle_request(request)
        if request.method == "POST" and not self.lost:
            answer.read()
            self.lost += 1
            raise httpx.ReadError("lost")
        return answer


def test_a_lost_answer_does_not_make_two_of_one(
    site: Site, loop: Loop, wsgi: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huying_client.client.time.sleep", lambda seconds: None)
    transport = LosesTheFirstAnswer(wsgi)
    receipt = site(loop.agent, transport).report("snapshot", "lighting-dark", "路灯不亮", channel="desk")
    assert transport.lost == 1 and Case.objects.get().number == receipt.case
    with pytest.raises(Unreachable):
        site(loop.agent, httpx.MockTransport(lambda request: httpx.Response(503))).me()


def test_the_same_client_id_from_two_programs_is_one_report(site: Site, loop: Loop) -> None:
    known = uuid.uuid4()
    receipts = {
        site(loop.agent).report("snapshot", "lighting-dark", "路灯不亮", client_id=known, channel="desk").case
        for _ in range(2)
    }
    assert len(receipts) == 1


def test_an_administrator_s_program_keeps_accounts_and_asks_who_answers(site: Site, loop: Loop) -> None:
    admin = site(make_user("administrator"))
    account, password = admin.add_account("bob", "赵小波", department="urban-management")
    assert User.objects.get(username="bob").check_password(password) and account["department"]
    assert admin.change_account("bob", title="承办人")["title"] == "承办人"
    grant = admin.give_role("bob", "clerk")
    assert [one["username"] for one in admin.accounts(role="clerk", q="bob")] == ["bob"]
    admin.withdraw_role("bob", grant["id"])
    assert admin.account("bob")["grants"] == [] and list(admin.duties()) == []
    lng, lat = loop.district.in_compound
    assert admin.who_answers("lighting", lng, lat)["department"] == "urban-management"
    with pytest.raises(NotAllowed):
        list(site(loop.clerk).accounts())


def test_a_supervisor_s_program_looks_back_and_takes_the_list(site: Site, loop: Loop) -> None:
    case, today = loop.closed(), timezone.localdate()
    supervisor = site(loop.supervisor)
    made = supervisor.draw(today - dt.timedelta(days=7), today, "7", size=1)
    assert [one["id"] for one in supervisor.look_backs("7")] == [made["id"]]
    task = next(supervisor.drawn(made["id"], "waiting"))
    assert supervisor.look_back(made["id"], task["id"], passed=True)["passed"] is True
    assert supervisor.export(status="closed")[:2] == b"PK"
    codes = [entry["code"] for entry in site(make_user("administrator")).journal(case.number)]
    assert codes[0] == "case.reported" and codes[-1] == "case.looked_back"
