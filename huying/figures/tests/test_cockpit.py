"""The cockpit: every number opens its list and equals it, for whoever looks."""

from __future__ import annotations

import csv
import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from huying.cases.filters import CaseFilter
from huying.cases.models import OPEN, Case, Status
from huying.cases.rates import MEASURES, Number, Tally, tallies, tally
from huying.cases.tests.conftest import Loop
from huying.cases.tests.messy import random_history
from huying.cases.views.desk.callbacks import AnswerList
from huying.cases.views.desk.cases import CaseList
from huying.core.testing import AccessSuite, MiniDistrict, make_user
from huying.figures.tests.conftest import declare
from huying.figures.views.cockpit.home import FOLDED_FROM, _folded
from huying.figures.views.cockpit.numbers import SMALL, Change, Line
from huying.figures.views.cockpit.periods import span_of
from huying.figures.views.cockpit.taking import CHARTS
from huying.people.models import User
from huying.places.clock import BEIJING

pytestmark = pytest.mark.django_db
NUMBER = re.compile(r'<a[^>]* href="([^"]+)" data-count="(\d+)"')
HOME = "/cockpit/"
HOST = "http://testserver"


def page(client: Client, user: User, query: str = "") -> str:
    client.force_login(user)
    answer = client.get(f"{HOME}?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def rows_behind(href: str, user: User) -> int:
    """How many rows the list at this address has for this reader."""
    request = RequestFactory().get(href)
    request.user = user
    view: Any = AnswerList() if href.startswith(reverse("desk:answers")) else CaseList()
    view.setup(request)
    assert not view.form.errors, href
    return view.rows.count()


def numbers_of(html: str) -> set[tuple[str, int]]:
    return {(unescape(href), int(count)) for href, count in NUMBER.findall(html)}


@pytest.mark.schema
def test_every_number_is_the_count_of_its_list(loop: Loop, client: Client) -> None:
    random_history(loop)
    leader = make_user("leader")
    checked = set()
    for query in (
        "",
        "period=today",
        "period=last-month",
        "period=this-year",
        "ledger=orders",
        "level=community",
    ):
        numbers = numbers_of(page(client, leader, query))
        assert len(numbers) > 60
        for href, count in numbers - checked:
            assert rows_behind(href, leader) == count, href
        checked |= numbers
    assert sum(count for _href, count in checked) > 1000


@pytest.mark.parametrize("role", ["leader", "head"])
@pytest.mark.schema
def test_a_reader_of_one_street_or_department_sees_only_its_numbers(
    loop: Loop, client: Client, role: str
) -> None:
    random_history(loop)
    own = {"area": loop.district.east} if role == "leader" else {"department": loop.district.urban}
    reader = make_user(role, **own)
    html = page(client, reader, "period=this-year")
    numbers = numbers_of(html)
    assert max(count for _href, count in numbers) < Case.objects.count() / 2
    for href, count in numbers:
        assert rows_behind(href, reader) == count, href
    if role == "leader":
        assert f'value="{loop.district.west.code}"' not in html
        assert "西环路街道</th>" not in html


class TestAccess(AccessSuite):
    url = "cockpit:home"
    role = "leader"

    def prepare(self) -> None:
        loop = Loop(self.district)
        loop.reported()

    def row_in_east(self) -> str:
        return "东安路街道"


def test_an_empty_district_has_a_calm_cockpit(district: MiniDistrict, client: Client) -> None:
    html = page(client, make_user("leader"))
    assert "这段时间还没有上报" in html
    assert all(count == 0 for _href, count in numbers_of(html))


def test_the_page_asks_the_database_as_little_with_many_cases(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 60)
    random_history(loop)
    leader = make_user("leader")
    page(client, leader)  # reads the catalogue, the map and the district
    with django_assert_max_num_queries(28):
        page(client, leader)


def test_long_tables_show_their_first_rows_and_the_way_to_all() -> None:
    request = RequestFactory().get(HOME, {"period": "today", "rows": "topic"})
    tally = Tally("", "", CaseFilter(), {})
    rows = [Line(tally, 0)] * (FOLDED_FROM + 2)
    folded = _folded(request, "department", rows)
    assert len(folded["lines"]) == FOLDED_FROM and folded["more"] == 2
    assert folded["more_url"] == f"{HOME}?period=today&rows=department#table-department-title"
    whole = _folded(request, "topic", rows)
    assert whole["lines"] == rows and "more" not in whole
    assert whole["fewer_url"] == f"{HOME}?period=today#table-topic-title"


def test_what_changes_comes_alone_for_the_update_in_place(loop: Loop, client: Client) -> None:
    loop.reported()
    client.force_login(make_user("leader"))
    answer = client.get(HOME, headers={"X-Part": "live"})
    html = answer.content.decode()
    assert "<html" not in html and 'id="headline"' in html and "data-map" not in html
    assert "X-Part" in answer.headers["Vary"]


def test_a_number_keeps_its_moment(loop: Loop, client: Client) -> None:
    """What is reported after the page was drawn does not change the list behind its numbers."""
    leader = make_user("leader")
    loop.reported()
    Case.objects.update(reported_at=timezone.now() - dt.timedelta(minutes=1))
    numbers = numbers_of(page(client, leader, "period=today"))
    late = loop.reported()
    Case.objects.filter(pk=late.pk).update(reported_at=timezone.now() + dt.timedelta(seconds=2))
    for href, count in numbers:
        assert rows_behind(href, leader) == count, href


def test_many_groupings_at_once_say_what_each_says_alone(loop: Loop) -> None:
    random_history(loop)
    together = tallies(Case.objects.all(), by=("topic", "department", "subdistrict", "ledger"))
    for by in ("topic", "department", "subdistrict", "ledger"):
        alone = {group.key: group for group in tally(Case.objects.all(), by=by)}
        for group in together[by]:
            assert group.base == alone[group.key].base
            for code in MEASURES:
                assert group.counts.get(code, 0) == alone[group.key].counts.get(code, 0), (
                    by,
                    group.key,
                    code,
                )
        assert len(together[by]) == len(alone)


def test_load_on_the_map_is_every_open_case_that_has_a_place(loop: Loop, client: Client) -> None:
    random_history(loop)
    client.force_login(make_user("leader"))
    for level in ("grid", "community", "subdistrict"):
        board = client.get(HOME, {"level": level}).context["map"]
        placed = Case.objects.filter(status__in=OPEN).exclude(area=None).count()
        assert sum(board["area_values"].values()) == placed
        assert board["unplaced"] == Case.objects.filter(status__in=OPEN, area=None).count()


@pytest.mark.schema
@pytest.mark.parametrize("chart", CHARTS)
def test_what_is_taken_away_is_what_the_page_shows(loop: Loop, client: Client, chart: str) -> None:
    loop.closed()
    loop.filed()
    Case.objects.update(reported_at=timezone.now() - dt.timedelta(minutes=1))
    leader = make_user("leader")
    html = page(client, leader, f"period=this-year&area={loop.district.east.code}")
    address = next(href for href in re.findall(r'href="([^"]+as=csv)"', html) if f"/values/{chart}/" in href)
    body = b"".join(client.get(unescape(address)).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(body.splitlines()))
    counted = 0
    for row in rows:
        assert row["截至"].startswith(f"{timezone.localdate()}")
        numbers = [int(text) for heading, text in row.items() if text.isdecimal() and heading != "代码"]
        urls = [text.removeprefix(HOST) for text in row.values() if text.startswith(HOST)]
        behind = [rows_behind(url, leader) for url in urls]
        assert numbers[: len(behind)] == behind
        counted += sum(behind)
    assert counted or chart == "rising"  # two cases are no rising topic
    assert client.get(unescape(address).replace("as=csv", "as=xlsx"))["Content-Type"].endswith("sheet")


class TestPeriods:
    def span(self, query: str, *now: int) -> Any:
        return span_of(QueryDict(query), dt.datetime(*now, tzinfo=BEIJING))  # type: ignore[misc]

    def test_a_day_is_a_day_in_beijing(self) -> None:
        span = span_of(QueryDict("period=today"), dt.datetime(2026, 11, 20, 16, 30, tzinfo=dt.UTC))
        assert span.first == span.last == dt.date(2026, 11, 21)

    def test_a_running_month_is_compared_with_the_same_part_of_the_last(self) -> None:
        before = self.span("period=this-month", 2026, 11, 21, 8, 30).before()
        assert (before.first, before.last) == (dt.date(2026, 10, 1), dt.date(2026, 10, 21))
        assert before.at == dt.datetime(2026, 10, 21, 8, 30, tzinfo=BEIJING)

    def test_today_is_compared_with_yesterday_at_the_same_time(self) -> None:
        before = self.span("period=today", 2026, 11, 21, 8, 30).before()
        assert before.first == before.last == dt.date(2026, 11, 20)
        assert before.at == dt.datetime(2026, 11, 20, 8, 30, tzinfo=BEIJING)

    def test_a_month_that_has_ended_is_compared_with_the_whole_month_before(self) -> None:
        before = self.span("period=last-month", 2026, 11, 21, 8, 30).before()
        assert (before.first, before.last) == (dt.date(2026, 9, 1), dt.date(2026, 9, 30))

    def test_the_end_of_march_is_compared_with_the_end_of_february(self) -> None:
        before = self.span("period=this-month", 2026, 3, 31, 8, 30).before()
        assert (before.first, before.last) == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))

    def test_days_of_ones_own_are_compared_with_as_many_before(self) -> None:
        span = self.span("from=2023-11-01&to=2023-11-30", 2026, 11, 21, 8, 30)
        assert (span.first, span.last) == (dt.date(2023, 11, 1), dt.date(2023, 11, 30))
        assert (span.before().first, span.before().last) == (dt.date(2023, 10, 2), dt.date(2023, 10, 31))

    def test_days_the_wrong_way_round_are_turned(self) -> None:
        span = self.span("from=2023-11-30&to=2023-11-01", 2026, 11, 21, 8, 30)
        assert span.first == dt.date(2023, 11, 1)

    @pytest.mark.parametrize("query", ["from=soon", "from=2027-01-01", "period=decade"])
    def test_a_period_that_does_not_exist_says_so_and_shows_the_month(self, query: str) -> None:
        span = self.span(query, 2026, 11, 21, 8, 30)
        assert span.mistake and span.code == "this-month"


class TestSmallNumbers:
    def test_a_small_number_has_no_per_cent(self) -> None:
        assert Change(9, Number(SMALL - 1)).percent is None
        assert Change(30, Number(SMALL)).percent == 50

    def test_a_small_group_has_no_place(self, loop: Loop, client: Client) -> None:
        done = {"status": Status.CLOSED, "handled_at": timezone.now(), "closed_at": timezone.now()}
        places = [(loop.district.urban, SMALL), (loop.district.water, SMALL - 1)]
        Case.objects.bulk_create(
            Case(
                number=f"S{department.pk}-{number}", ledger=loop.ledger, category=loop.ledger.categories.first(),
                title="路灯不亮", channel="portal", reported_at=timezone.now() - dt.timedelta(seconds=1),
                department=department, **done,
            )
            for department, count in places for number in range(count)
        )  # fmt: skip
        client.force_login(make_user("leader"))
        tables = {table["code"]: table for table in client.get(HOME).context["tables"]}
        assert [line.rank for line in tables["department"]["lines"]] == [1, None]


def test_one_goes_from_the_district_to_the_grid_and_the_numbers_stay_the_same(
    loop: Loop, client: Client
) -> None:
    random_history(loop)
    leader = make_user("leader")
    district = loop.district
    east, community = district.east, district.communities["东苑社区"]
    top = page(client, leader, "period=this-year")
    assert f"area={east.code}" in top
    street = page(client, leader, f"period=this-year&area={east.code}")
    assert f'aria-current="page">{east.title}<' in street and f"area={community.code}" in street
    inside = page(client, leader, f"period=this-year&area={community.code}")
    assert f'aria-current="page">{community.title}<' in inside and "各网格" in inside
    said = dict(re.findall(r'<th scope="row"><a href="[^"]*area=(\d+)">.*?data-count="(\d+)"', street))
    first = re.search(r'data-count="(\d+)"', inside)
    assert first and said[community.code] == first[1]


def test_a_street_s_leader_begins_at_the_street(loop: Loop, client: Client) -> None:
    random_history(loop)
    html = page(client, make_user("leader", area=loop.district.east))
    assert "各社区" in html and 'class="trail"' not in html


def test_promises_projects_and_key_figures_come_in_a_part_of_their_own(loop: Loop, client: Client) -> None:
    loop.closed()
    declare(
        "closed-here",
        title={"zh": "办结"},
        of="cases",
        where={"status": "closed"},
        cockpit=1,
        unit={"zh": "件"},
    )
    declare("not-here", title={"zh": "不在驾驶舱"}, of="cases")
    assert 'data-promises="/cockpit/promises/"' in page(client, make_user("leader"))
    html = client.get("/cockpit/promises/", headers={"X-Part": "promises"}).content.decode()
    assert "<html" not in html
    assert "办结" in html and ">1</a>" in html and "不在驾驶舱" not in html
    client.force_login(make_user("clerk"))
    assert client.get("/cockpit/promises/").status_code == 403
