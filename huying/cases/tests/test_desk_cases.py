"""The list of all cases: who sees what, filters in the address, and the sheet that equals the list."""

from __future__ import annotations

import io
from typing import Any

import pytest
import python_calamine
from django.test import Client
from django.urls import reverse

from huying.cases.models import Case
from huying.core.models import JournalEntry, SavedFilter
from huying.core.testing import AccessSuite, grant_role, make_user

from .conftest import Loop


def sheet(answer: Any) -> list[list[Any]]:
    book = python_calamine.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return book.get_sheet_by_index(0).to_python()


class TestCaseList(AccessSuite):
    url = "desk:cases"
    role = "dispatcher"

    def prepare(self) -> None:
        self.loop = Loop(self.district)
        self.case = self.loop.reported()

    def row_in_east(self) -> str:
        return self.case.number


@pytest.fixture
def reader(loop: Loop, client: Client) -> Client:
    client.force_login(loop.supervisor)
    return client


def test_filters_narrow_the_list_and_stand_as_chips(loop: Loop, reader: Client) -> None:
    case, other = loop.dispatched(), loop.reported(category="street-order")
    page = reader.get(reverse("desk:cases"), {"status": "dispatched", "topic": "lighting"}).content.decode()
    assert case.number in page
    assert other.number not in page
    assert "状态：待签收" in page


def test_a_wrong_value_is_named_and_the_rest_is_shown(loop: Loop, reader: Client) -> None:
    case = loop.reported()
    page = reader.get(reverse("desk:cases"), {"ledger": "nothing"}).content.decode()
    assert "没有“nothing”这一项" in page
    assert case.number in page


def test_the_sheet_has_exactly_the_rows_and_columns_of_the_list(loop: Loop, reader: Client) -> None:
    cases = [loop.reported(), loop.dispatched(), loop.closed()]
    address = reverse("desk:cases") + "?status=open&sort=reported_at"
    numbers = [row["object"].number for row in reader.get(address).context["rows"]]
    assert set(numbers) == {case.number for case in cases[:2]}
    rows = sheet(reader.get(address + "&export=xlsx&hide=channel"))
    heading = rows[0]
    assert "渠道" not in heading
    assert [row[heading.index("编号")] for row in rows[1:]] == numbers
    assert JournalEntry.objects.filter(code="case.list_exported").exists(), "rows left the house on record"


def test_no_name_and_no_phone_leaves_with_the_list(loop: Loop, reader: Client) -> None:
    loop.reported(name="王小明", phone="13812345678")
    assert "13812345678" not in str(sheet(reader.get(reverse("desk:cases") + "?export=xlsx")))


def test_filters_are_kept_under_a_name_and_forgotten(loop: Loop, reader: Client) -> None:
    reader.post(
        reverse("desk:save-filter"), {"title": "我的在办", "query": "status=open&topic=lighting&page=3"}
    )
    saved = SavedFilter.objects.get(user=loop.supervisor)
    assert saved.query == "topic=lighting&status=open"
    assert "我的在办" in reader.get(reverse("desk:cases")).content.decode()
    stranger = make_user("supervisor")
    other = Client()
    other.force_login(stranger)
    assert other.post(reverse("desk:drop-filter", args=[saved.pk])).status_code == 404
    reader.post(reverse("desk:drop-filter", args=[saved.pk]))
    assert not SavedFilter.objects.exists()


def test_a_filter_without_a_name_is_not_kept(loop: Loop, reader: Client) -> None:
    answer = reader.post(reverse("desk:save-filter"), {"title": "", "query": "status=open"})
    assert answer.url.endswith("?status=open")
    assert not SavedFilter.objects.exists()


def test_the_search_box_opens_a_case_by_its_number(loop: Loop, reader: Client) -> None:
    case = loop.reported()
    assert reader.get(reverse("desk:search"), {"q": case.number}).url == reverse(
        "desk:case", args=[case.number]
    )
    assert (
        reader.get(reverse("desk:search"), {"q": "路灯"}).url
        == f"{reverse('desk:cases')}?q=%E8%B7%AF%E7%81%AF"
    )


def test_a_clerk_sees_the_cases_of_the_own_department_only(loop: Loop, client: Client) -> None:
    mine, other = loop.dispatched(), loop.reported()
    client.force_login(loop.clerk)
    page = client.get(reverse("desk:cases")).content.decode()
    assert mine.number in page
    assert other.number not in page


@pytest.mark.usefixtures("kept_for_long")
@pytest.mark.parametrize("rows", [1, 12])
def test_its_queries_do_not_grow_with_its_rows(
    loop: Loop, client: Client, django_assert_max_num_queries: Any, rows: int
) -> None:
    for _n in range(rows):
        loop.dispatched()
    client.force_login(loop.supervisor)
    client.get(reverse("desk:cases"))
    with django_assert_max_num_queries(13):
        assert (
            client.get(reverse("desk:cases") + "?status=open&topic=lighting&ledger=snapshot").status_code
            == 200
        )
    assert Case.objects.count() == rows


def test_an_area_bound_reader_keeps_to_the_area_in_exports(loop: Loop, client: Client) -> None:
    east, west = loop.reported(), loop.reported(point=loop.district.in_west)
    user = make_user()
    grant_role(user, "dispatcher", area=loop.district.west)
    client.force_login(user)
    found = str(sheet(client.get(reverse("desk:cases") + "?export=xlsx")))
    assert west.number in found
    assert east.number not in found
