"""Calling at the door: once, by who works the grid now, and what was wrong becomes a case."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from huying.cases.models import Case
from huying.cases.tests.conftest import SNAPSHOT, Loop
from huying.community import actions
from huying.community.models import Household, Promise, Visit
from huying.community.policy import households_for
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of, log
from huying.core.testing import AccessSuite, MiniDistrict, grant_role, make_user
from huying.packs.visits import check_visits
from huying.people.models import Grant, User
from huying.places.district import current_district, forget_district

pytestmark = pytest.mark.django_db
VISITS: dict[str, Any] = {
    "visits": "household",
    "title": "访民问暖",
    "fields": {
        "heating": {"type": "choice", "of": ["集中供暖", "空调"], "required": True, "title": "取暖方式"},
        "room": {"type": "number", "unit": "°C", "title": "室温"},
    },
    "low": {
        "field": "room", "below": 18,
        "opens": {"ledger": "snapshot", "category": "lighting-dark", "words": "室温低", "fields": {"where": "address"}},
    },
}  # fmt: skip


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    import yaml

    loop = Loop(district)
    loop.ledger.declaration = yaml.safe_load(SNAPSHOT + "fields: {where: {type: text, title: {zh: 哪里}}}")
    loop.ledger.save(update_fields=["declaration"])
    declare()
    return loop


def declare() -> None:
    """The district asks these questions at the door."""
    row = current_district()
    if row is None:
        from huying.places.models import District

        row = District.objects.create(code="410403", title="卫东区", declaration={})
    row.declaration = {**row.declaration, "visits": VISITS}
    row.save(update_fields=["declaration"])
    forget_district()


@pytest.fixture
def worker(loop: Loop) -> User:
    user = make_user()
    grant_role(user, "grid-worker", area=loop.district.east)
    return user


@pytest.fixture
def home(loop: Loop, worker: User) -> Household:
    return actions.add_household(
        address="3号楼2单元201", area=loop.district.grid_of("东苑社区"), actor=worker, name="李小明",
        phone="13800001111",
    )  # fmt: skip


def form(**more: str) -> dict[str, str]:
    return {
        "client_id": str(uuid.uuid4()), "at_home": "yes", "q-heating": "集中供暖", "q-room": "15.5", **more,
    }  # fmt: skip


def test_the_same_address_in_a_grid_is_one_home(loop: Loop, worker: User, home: Household) -> None:
    again = actions.add_household(address=" 3号楼2单元201 ", area=home.area, actor=worker)
    assert again == home and Household.objects.count() == 1


def test_a_visit_is_kept_once_and_its_problem_becomes_a_case(
    loop: Loop, worker: User, home: Household, client: Client
) -> None:
    client.force_login(worker)
    data = form(
        problem="室温低", category="snapshot.lighting-dark", promise="两天内维修", promise_due="2099-01-01"
    )
    for _ in range(2):
        assert client.post(f"/field/visits/{home.pk}/", data).status_code == 302
    visit = Visit.objects.get()
    assert visit.low and visit.answers == {"heating": "集中供暖", "room": 15.5}
    case = visit.problems.get().case
    report = case.reports.get()
    assert (case.channel, report.phone, report.fields) == ("visit", "13800001111", {"where": "3号楼2单元201"})
    assert Case.objects.count() == Promise.objects.count() == 1
    assert Household.objects.get().low and "李小明" not in client.get("/field/visits/").content.decode()


def test_nobody_home_asks_no_questions(loop: Loop, worker: User, home: Household, client: Client) -> None:
    client.force_login(worker)
    assert client.post(f"/field/visits/{home.pk}/", {"at_home": "no"}).status_code == 302
    assert Visit.objects.get().answers == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [({"q-heating": ""}, "取暖方式"), ({"problem": "漏水"}, "请选择问题类别"), ({"promise": "修好"}, "哪天以前"),
     ({"promise": "修好", "promise_due": "2020-01-01"}, "哪天以前"), ({"at_home": ""}, "有没有人")],
)  # fmt: skip
def test_a_wrong_form_keeps_what_was_typed(
    loop: Loop, worker: User, home: Household, client: Client, change: dict[str, str], words: str
) -> None:
    client.force_login(worker)
    answer = client.post(f"/field/visits/{home.pk}/", form(words="楼道灯也坏了", **change))
    page = answer.content.decode()
    assert (
        answer.status_code == 422 and words in page and "楼道灯也坏了" in page and not Visit.objects.exists()
    )


def test_a_phone_with_a_wrong_clock_is_told(loop: Loop, worker: User, home: Household) -> None:
    for days in (1, -40):
        with pytest.raises(Refusal, match="手机的日期"):
            at = timezone.now() + dt.timedelta(days=days)
            actions.record_visit(home, actions.Called(visited_at=at), actor=worker)


def test_only_who_works_the_grid_now_reads_of_a_home(
    loop: Loop, worker: User, home: Household, client: Client
) -> None:
    elsewhere = make_user()
    grant_role(elsewhere, "grid-worker", area=loop.district.west)
    assert not households_for(elsewhere).exists() and households_for(worker).get() == home
    client.force_login(elsewhere)
    assert client.get(f"/field/visits/{home.pk}/").status_code == 404
    with pytest.raises(NotAllowed):
        actions.record_visit(home, actions.Called(), actor=elsewhere)
    Grant.objects.filter(user=worker).update(ends_on=timezone.localdate() - dt.timedelta(days=1))
    client.force_login(User.objects.get(pk=worker.pk))
    assert client.get(f"/field/visits/{home.pk}/").status_code in (403, 404)


def test_every_opening_and_every_look_at_a_phone_is_on_record(
    loop: Loop, worker: User, home: Household, client: Client
) -> None:
    client.force_login(worker)
    page = client.get(f"/field/visits/{home.pk}/").content.decode()
    assert "13800001111" not in page and "李小明" not in page
    assert client.post(f"/field/visits/{home.pk}/contact/", {"reason": "x"}).status_code == 422
    shown = client.post(f"/field/visits/{home.pk}/contact/", {"reason": "约上门时间"}).content.decode()
    assert "13800001111" in shown
    assert [e.code for e in entries_of(home)] == [
        "household.added", "household.opened", "household.contact_revealed",
    ]  # fmt: skip


def test_a_promise_is_kept_missed_or_kept_by_its_case(loop: Loop, worker: User, home: Household) -> None:
    today = timezone.localdate()
    category = loop.ledger.categories.get(code="lighting-dark")
    called = actions.Called(
        promise="修好", promise_due=today, problem=actions.Problem(category, "漏水"), client_id=uuid.uuid4()
    )
    first = actions.record_visit(home, called, actor=worker)
    assert actions.record_visit(home, called, actor=worker) == first
    second = actions.record_visit(home, actions.Called(promise="再来看", promise_due=today), actor=worker)
    log(first.problems.get().case, "case.closed")
    assert first.promises.get().state == Promise.State.KEPT
    assert actions.miss_promises(today + dt.timedelta(days=1)) == 1
    late = second.promises.get()
    assert late.state == Promise.State.MISSED
    actions.keep_promise(late, actor=worker)
    with pytest.raises(Conflict):
        actions.keep_promise(late, actor=worker)


def test_what_nobody_needs_any_more_is_forgotten(
    loop: Loop, worker: User, home: Household, settings: Any
) -> None:
    actions.record_visit(home, actions.Called(words="说了很多"), actor=worker)
    assert actions.forget_households() == 0
    later = timezone.now() + dt.timedelta(days=settings.CONTACT_DAYS + 1)
    assert actions.forget_households(later) == 1
    home.refresh_from_db()
    assert (home.name, home.phone, Visit.objects.get().words) == ("", "", "")


def test_supervisors_count_without_names(loop: Loop, worker: User, home: Household, client: Client) -> None:
    actions.record_visit(home, actions.Called(answers={"room": 12}), actor=worker)
    client.force_login(loop.supervisor)
    page = client.get("/desk/visits/?low=1").content.decode()
    assert "偏低" in page and "李小明" not in page and "201" not in page
    assert client.get("/desk/visits/?export=xlsx").status_code == 200


def test_a_list_of_homes_costs_the_same_however_long(
    loop: Loop, worker: User, home: Household, client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        actions.add_household(address=f"{number}号楼101", area=home.area, actor=worker)
    client.force_login(worker)
    client.get("/field/visits/")
    with django_assert_max_num_queries(14):
        client.get("/field/visits/")


@pytest.mark.parametrize(
    ("change", "keys"),
    [({"nonsense": 1}, ("nonsense",)), ({"low": {"field": "heating", "below": 18}}, ("low", "field")),
     ({"low": {"field": "room", "below": "cold"}}, ("low", "below")),
     ({"fields": {"x": {"type": "nonsense"}}, "low": None}, ("fields", "x", "type"))],
)  # fmt: skip
def test_mistakes_in_the_pack_are_found(change: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert list(check_visits(VISITS)) == []
    assert keys in [found for found, _sentence in check_visits(VISITS | change)]


class TestHouseholds(AccessSuite):
    url = "community:households"
    role = "grid-worker"

    def prepare(self) -> None:
        worker = make_user()
        grant_role(worker, "grid-worker", area=self.district.east)
        actions.add_household(address="7号楼707", area=self.district.grid_of("东苑社区"), actor=worker)

    def row_in_east(self) -> str:
        return "7号楼707"


class TestAddHousehold(AccessSuite):
    url = "community:add-household"
    role = "grid-worker"


class TestVisits(AccessSuite):
    url = "community:visits"
    role = "supervisor"
