"""The pages of a figure: the number, its sentence, its groups and rows; published, it can be counted again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from huying.core.journal import log
from huying.core.testing import AccessSuite, MiniDistrict, make_user
from huying.figures.models import Figure, PublishedFigure
from huying.figures.publishing import publish
from huying.figures.tests.conftest import declare
from huying.people.models import User
from huying.registry.models import Item

pytestmark = pytest.mark.django_db
LAMPS = {"of": "items", "where": {"register": "lamp"}}
PAGE = reverse("figures:figure", args=["lamps"])


def text_of(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


@pytest.fixture
def counted(lamps: list[Item], writer: User, client: Client) -> Client:
    """The figure of four lamps, and somebody who publishes it."""
    declare("lamps", **LAMPS, by=["subdistrict", "department"], unit={"zh": "盏", "en": "lamps"})
    client.force_login(writer)
    return client


def test_the_page_has_the_number_its_sentence_its_groups_and_rows(counted: Client) -> None:
    page = text_of(counted, PAGE)
    assert 'data-value="4 盏"' in page
    assert "“名册里的物件”有多少条，一条算一个。" in page
    assert "只数名册为“路灯”的。" in page
    assert "四舍五入到个位" in page
    assert "东安路街道" in page
    assert "D 路灯 D" in page


def test_a_groups_number_opens_its_rows(counted: Client, district: MiniDistrict) -> None:
    page = text_of(counted, f"{PAGE}?area={district.west.code}")
    assert 'data-value="1 盏"' in page
    assert "D 路灯 D" in page and "A 路灯 A" not in page


def test_an_earlier_moment_shows_the_rows_as_they_were(counted: Client, lamps: list[Item]) -> None:
    before = timezone.localtime().isoformat()
    Item.objects.filter(pk=lamps[0].pk).update(title="新名字")
    lamps[1].delete()
    assert 'data-value="3 盏"' in text_of(counted, PAGE)
    page = text_of(counted, f"{PAGE}?at={before.replace('+', '%2B')}")
    assert 'data-value="4 盏"' in page
    assert "A 路灯 A" in page and "B 路灯 B" in page and "新名字" not in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "已略去"), ("at=soon", "看到的是现在的数"), ("at=2199-01-01", "还没有到"),
        ("hue=red", "hue"),
        ("by=colour", "不能按"), ("in=next-year", "next year"), ("from=2024-01-02&to=2024-01-01", "晚"),
        ("made=nonsense", "读不懂"), ("title=%E2%80%AE", "读不懂"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_the_rest_is_kept(counted: Client, query: str, said: str) -> None:
    page = text_of(counted, f"{PAGE}?department=lighting&{query}")
    assert said in page
    assert 'data-value="4 盏"' in page and 'name="department" value="lighting"' in page


def test_rows_that_the_reader_may_not_open_are_counted_and_not_shown(
    counted: Client, client: Client, district: MiniDistrict
) -> None:
    client.force_login(make_user("project-office", area=district.west))
    page = text_of(client, PAGE)
    assert 'data-value="4 盏"' in page
    assert 'data-hidden="3"' in page and "另有 3 条您无权查看" in page
    assert "D 路灯 D" in page and "A 路灯 A" not in page


def test_a_public_figure_opens_without_login_and_without_rows(counted: Client, lamps: list[Item]) -> None:
    Figure.objects.update(declaration={**Figure.objects.get().declaration, "visible": "public"})
    counted.logout()
    page = text_of(counted, PAGE)
    assert 'data-value="4 盏"' in page and "A 路灯 A" not in page and "另有 4 条不公开" in page
    assert counted.get(f"{PAGE}?export=xlsx")["Content-Type"].startswith("text/html")
    found = publish("lamps", actor=None)
    page = text_of(counted, found.get_absolute_url())
    assert 'data-value="4 盏"' in page and "A 路灯 A" not in page


def test_a_calculated_figure_shows_its_formula_with_the_values(counted: Client) -> None:
    declare("high", of="items", where={"register": "lamp", "data.height": "12"})
    declare("both", add=["high", "lamps"])
    page = text_of(counted, reverse("figures:figure", args=["both"]))
    assert 'data-value="6"' in page
    assert "“high” + “lamps”，加起来。" in page
    assert reverse("figures:figure", args=["high"]) in page


def test_a_figure_whose_part_is_gone_says_so(counted: Client) -> None:
    declare("both", add=["gone", "lamps"])
    assert "pack check" in text_of(counted, reverse("figures:figure", args=["both"]), 409)
    assert "算不出来" in text_of(counted, reverse("figures:figures") + "?values=now")


def test_publishing_freezes_what_the_page_shows(counted: Client, district: MiniDistrict) -> None:
    url = f"{reverse('figures:publish', args=['lamps'])}?area={district.east.code}"
    answer = counted.post(url, {"purpose": "季度通报"})
    found = PublishedFigure.objects.get()
    assert answer.url == found.get_absolute_url() == f"/figures/p/{found.token}/"
    assert (found.text, found.rows, found.purpose) == ("3 盏", 3, "季度通报")
    page = text_of(counted, answer.url)
    assert "季度通报" in page and "B 路灯 B" in page and "qr.svg" in page
    assert reverse("figures:figures") in page  # the desk's own navigation
    assert counted.get(f"{answer.url}qr.svg")["Content-Type"] == "image/svg+xml"


def test_counting_again_names_who_changed_what(counted: Client, lamps: list[Item], writer: User) -> None:
    found = publish("lamps", actor=writer)
    url = found.get_absolute_url()
    assert 'data-recount="same"' in text_of(counted, f"{url}?recount=now")
    log(lamps[0], "item.changed", actor=writer, changes={"register_id": ["1", "2"]})
    Item.objects.filter(pk=lamps[0].pk).update(
        register=lamps[0].register.__class__.objects.create(code="x", title="x")
    )
    page = text_of(counted, f"{url}?recount=now")
    assert 'data-recount="changed"' in page and 'data-kind="left"' in page
    assert "不再计入" in page and "A 路灯 A" in page and f"{writer}：修改" in page
    assert 'data-recount="same"' in text_of(counted, f"{url}?recount=then")


def test_exports_have_the_rows_of_the_page(counted: Client) -> None:
    body = b"".join(counted.get(f"{PAGE}?export=csv").streaming_content).decode("utf-8-sig")
    assert [line.split(",")[1] for line in body.splitlines()[1:]] == [f"{x} 路灯 {x}" for x in "ABCD"]
    groups = b"".join(counted.get(f"{PAGE}?export=groups-csv&by=subdistrict").streaming_content).decode(
        "utf-8-sig"
    )
    assert [line.split(",")[1:3] for line in groups.splitlines()[1:]] == [
        ["西环路街道", "1"],
        ["东安路街道", "3"],
    ]
    told = groups.splitlines()[1].split(",")
    assert told[4] == "lamps" and told[6].startswith("http://testserver/desk/figures/lamps/?")
    assert counted.get(f"{PAGE}?export=xlsx")["Content-Type"].endswith("sheet")


def test_a_page_costs_as_many_queries_with_many_rows_as_with_few(counted: Client, lamps: list[Item]) -> None:
    counted.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        counted.get(PAGE)
    more = [
        Item(register=lamps[0].register, code=f"X{n}", title="灯", area_path=lamps[0].area_path)
        for n in range(40)
    ]
    Item.objects.bulk_create(more)
    with CaptureQueriesContext(connection) as many:
        assert 'data-value="44 盏"' in text_of(counted, PAGE)
    assert len(many) == len(few) <= 16


def test_the_list_is_searched_and_counted_part_by_part(counted: Client) -> None:
    url = reverse("figures:figures")
    assert "lamps" in text_of(counted, f"{url}?q=LAMP") and "没有找到" in text_of(counted, f"{url}?q=bridge")
    part = counted.get(f"{url}?part=—", headers={"HX-Request": "true"}).content.decode()
    assert 'data-count="4"' in part and "<html" not in part


@pytest.mark.usefixtures("lamps")
class TestFigures(AccessSuite):
    url = "figures:figures"
    role = "leader"


class TestFigure(AccessSuite):
    role = "leader"

    def prepare(self) -> None:
        declare("lamps", **LAMPS)

    def address(self) -> str:
        return PAGE


class TestPublishedList(AccessSuite):
    url = "figures:published-list"
    role = "leader"


class TestPublished(AccessSuite):
    role = "leader"

    def prepare(self) -> None:
        declare("lamps", **LAMPS)
        self.found = publish("lamps", actor=None)

    def address(self) -> str:
        return self.found.get_absolute_url()


class TestPublishing(AccessSuite):
    role = "supervisor"
    method = "post"

    def prepare(self) -> None:
        declare("lamps", **LAMPS)

    def address(self) -> str:
        return reverse("figures:publish", args=["lamps"])


def test_a_leader_reads_and_does_not_publish(counted: Client) -> None:
    counted.force_login(make_user("leader"))
    assert counted.post(reverse("figures:publish", args=["lamps"]), {}).status_code == 403
    assert 'data-dialog="publish"' not in text_of(counted, PAGE)


def test_an_unknown_figure_and_an_unknown_address_are_not_found(counted: Client) -> None:
    text_of(counted, reverse("figures:figure", args=["none"]), 404)
    text_of(counted, reverse("figures:published", args=["none"]), 404)
