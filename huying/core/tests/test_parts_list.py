"""Lists: filters, pages by position, honest counts, export; tried on areas."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django import forms
from django.http import HttpResponse
from django.test import RequestFactory
from python_calamine import CalamineWorkbook

from huying.core.pages import Column, Filter, ListPage, count_up_to, paginate
from huying.core.paging import Keyset
from huying.core.spreadsheets import export_xlsx
from huying.places.models import Area

pytestmark = pytest.mark.django_db
LEVELS = [("grid", "网格"), ("compound", "小区")]


class AreaList(ListPage):
    title = "区域"
    name = "areas"
    order = "code"
    page_size = 3
    columns = (
        Column("title", "名称", sort="title"),
        Column("code", "代码", sort="code"),
        Column("households", "户数", sort="households", css="number"),
        Column("level", "层级", value=Area.get_level_display, show=lambda area: "★"),
    )
    filters = (
        Filter("level", forms.MultipleChoiceField(label="层级", choices=LEVELS), lookup="level__in"),
        Filter("least", forms.IntegerField(label="户数不少于"), lookup="households__gte"),
        Filter(
            "named",
            forms.CharField(label="名称"),
            apply=lambda rows, value: rows.filter(title__contains=value),
        ),
    )
    bulk_actions = ({"title": "停用", "url": "/x/"},)

    def get_queryset(self) -> Any:
        return Area.objects.filter(layer="test")

    def row_url(self, row: Area) -> str:
        return f"/areas/{row.code}/"


@pytest.fixture
def areas() -> list[Area]:
    """Eight areas; two with equal numbers of households, two with none known."""
    households = [300, 120, None, 300, 50, None, 210, 0]
    rows = [
        Area(
            code=f"t{place}",
            title=f"区域{place}",
            layer="test",
            level="grid" if place % 2 else "compound",
            households=count,
        )
        for place, count in enumerate(households)
    ]
    return Area.objects.bulk_create(rows)


@pytest.fixture
def get(rf: RequestFactory) -> Callable[..., HttpResponse]:
    def ask(params: str = "", **headers: str) -> HttpResponse:
        return AreaList.as_view()(rf.get(f"/areas/?{params}", headers=headers))  # type: ignore[return-value]

    return ask


@pytest.mark.parametrize("order", ["code", "-code", "pk", "-pk", "households", "-households"])
def test_walking_forth_and_back_meets_every_row_once(areas: list[Area], order: str) -> None:
    rows = Area.objects.filter(layer="test")
    whole = [area.pk for area in Keyset(rows, order).page(100)[0]]
    forth, after, cursor = [], "", ""
    while True:
        page, before, after = Keyset(rows, order).page(3, after)
        forth += [area.pk for area in page]
        if not after:
            break
        cursor = before
    assert forth == whole
    assert len(set(forth)) == 8
    page, before, after = Keyset(rows, order).page(3, before=before)
    assert [area.pk for area in page] == whole[3:6]
    page, before, after = Keyset(rows, order).page(3, before=before)
    assert [area.pk for area in page] == whole[:3]
    assert not before
    assert after
    assert cursor


def test_a_cut_or_invented_cursor_begins_at_the_start(areas: list[Area]) -> None:
    rows = Area.objects.filter(layer="test")
    for cursor in ("nonsense", "W10", "WyJ4Il0", "null", "é"):
        assert [area.code for area in Keyset(rows, "code").page(2, cursor)[0]] == ["t0", "t1"]


def test_filters_narrow_and_show_as_chips_that_can_be_removed(
    areas: list[Area], get: Callable[..., HttpResponse]
) -> None:
    html = get("level=grid&least=100&sort=-code").content.decode()
    assert "共 <b>2</b> 条" in html
    assert "层级：网格" in html
    assert 'href="/areas/?least=100&amp;sort=-code"' in html


def test_a_wrong_filter_value_is_named_and_not_used(
    areas: list[Area], get: Callable[..., HttpResponse]
) -> None:
    html = get("least=many").content.decode()
    assert "共 <b>8</b> 条" in html
    assert "field--error" in html


def test_a_zero_is_a_filter_too(areas: list[Area], get: Callable[..., HttpResponse]) -> None:
    assert "共 <b>6</b> 条" in get("least=0").content.decode()


def test_an_unknown_order_falls_back_to_the_declared_one(
    areas: list[Area], get: Callable[..., HttpResponse]
) -> None:
    assert 'value="code"' in get("sort=password").content.decode()


def test_htmx_gets_only_the_list(areas: list[Area], get: Callable[..., HttpResponse]) -> None:
    part = get(**{"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert 'id="list-areas"' in part.content.decode()
    assert "HX-Request" in part["Vary"]
    assert "<html" in get().content.decode()


def test_a_list_costs_two_queries_and_a_short_one_a_single_query(
    areas: list[Area], get: Callable[..., HttpResponse], django_assert_num_queries: Any
) -> None:
    get()  # the page's district is read once in a while, not for each list
    with django_assert_num_queries(2):
        get()
    with django_assert_num_queries(1):
        get("least=300")


def test_an_empty_list_says_what_to_do_next(get: Callable[..., HttpResponse]) -> None:
    assert "清除全部条件" in get("least=99999").content.decode()
    assert "还没有记录" in get().content.decode()


def test_counting_stops_and_says_so(areas: list[Area]) -> None:
    total = count_up_to(Area.objects.filter(layer="test"), 5)
    assert str(total) == "5+"
    assert str(count_up_to(Area.objects.filter(layer="test"))) == "8"


def sheet(response: Any, name: str = "数据") -> list[list[Any]]:
    return (
        CalamineWorkbook.from_filelike(BytesIO(b"".join(response.streaming_content)))
        .get_sheet_by_name(name)
        .to_python()
    )


def test_the_export_holds_exactly_the_filtered_rows_in_order_without_hidden_columns(
    areas: list[Area], get: Callable[..., HttpResponse]
) -> None:
    rows = sheet(get("level=grid&sort=-code&export=xlsx&hide=households"))
    assert rows == [
        ["名称", "代码", "层级"],
        *([f"区域{place}", f"t{place}", "网格"] for place in (7, 5, 3, 1)),
    ]
    notes = dict(sheet(get("level=grid&export=xlsx"), "说明"))
    assert notes["层级"] == "网格"
    assert notes["行数"] == "4"


def test_an_export_never_carries_a_formula() -> None:
    rows = sheet(export_xlsx("试", [("词", lambda row: row)], ["=1+1", "http://example.org", "@x"]))
    assert rows == [["词"], ["=1+1"], ["http://example.org"], ["@x"]]


def test_numbered_pages_end_at_the_last_one(areas: list[Area], rf: RequestFactory) -> None:
    rows, pager = paginate(rf.get("/?q=a&page=99"), Area.objects.filter(layer="test").order_by("code"), 3)
    assert [area.code for area in rows] == ["t6", "t7"]
    assert pager["previous_url"] == "/?q=a&page=2"
    assert not pager["next_url"]
