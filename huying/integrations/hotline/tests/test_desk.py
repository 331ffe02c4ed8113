"""Who may look after the exchange, and what the pages do."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.cases.models import Case
from huying.cases.tests.conftest import Loop
from huying.core.testing import AccessSuite, grant_role, make_user
from huying.integrations.hotline.models import CitySystem, Delivery, Order
from huying.integrations.hotline.outbox import push_order
from huying.integrations.hotline.tests.city import City
from huying.integrations.hotline.tests.conftest import contents, make_system, post
from huying.people.models import User


class WithOrder(AccessSuite):
    """An order of the east."""

    __test__ = False
    role = "agent"

    def prepare(self) -> None:
        self.loop = Loop(self.district)
        self.system = make_system(self.loop)
        post(self.client, contents("EAST-1"))
        self.order = Order.objects.get()


class TestOrders(WithOrder):
    __test__ = True
    url = "hotline:list"

    def row_in_east(self) -> str:
        return "EAST-1"


class TestOrder(WithOrder):
    __test__ = True
    shows_area = True

    def address(self) -> str:
        return reverse("hotline:order", args=[self.order.pk])


class TestAgain(TestOrder):
    method = "post"

    def address(self) -> str:
        return reverse("hotline:again", args=[self.order.pk])


class TestReturn(TestOrder):
    method = "post"
    data = {"reason": "不属于本区，在新华区"}

    def address(self) -> str:
        return reverse("hotline:return", args=[self.order.pk])


class TestRetry(TestOrder):
    method = "post"

    def address(self) -> str:
        return reverse("hotline:retry", args=[self.order.pk, 1])


class TestSkip(TestRetry):
    def address(self) -> str:
        return reverse("hotline:skip", args=[self.order.pk, 1])


class TestComparison(WithOrder):
    __test__ = True
    url = "hotline:comparison"


class TestImportPage(WithOrder):
    __test__ = True
    url = "hotline:orders-import"


class TestResults(WithOrder):
    __test__ = True
    url = "hotline:results"


class TestSystems(WithOrder):
    __test__ = True
    url = "hotline:systems"
    role = "administrator"
    whole_district = True


class TestSystem(WithOrder):
    __test__ = True
    role = "administrator"
    whole_district = True

    def address(self) -> str:
        return reverse("hotline:system", args=["pds"])


class TestPause(TestSystem):
    method = "post"
    data = {"paused": "1"}

    def address(self) -> str:
        return reverse("hotline:pause", args=["pds"])


@pytest.fixture
def agent(db: None) -> User:
    return make_user("agent")


@pytest.fixture
def desk(agent: User, client: Client) -> Client:
    client.force_login(agent)
    return client


def test_a_stuck_message_is_shown_with_what_to_do(system: CitySystem, city: City, desk: Client) -> None:
    post(desk, contents())
    city.refuse = 401
    push_order(Order.objects.get().pk)
    page = desk.get(reverse("hotline:order", args=[Order.objects.get().pk])).content.decode()
    assert "核对密钥" in page
    assert "重试" in page
    assert "需要处理" in desk.get(reverse("hotline:list") + "?stuck=on").content.decode()


def test_both_deadlines_stand_on_the_case(system: CitySystem, desk: Client) -> None:
    post(desk, contents(due_at="2030-01-02T10:00:00+08:00"))
    page = desk.get(reverse("desk:case", args=[Case.objects.get().number])).content.decode()
    assert "2030-01-02 10:00" in page
    assert "市热线时限" in page


def test_a_new_secret_leaves_the_old_one_good_for_a_week(system: CitySystem, client: Client) -> None:
    client.force_login(make_user("administrator"))
    url = reverse("hotline:system", args=["pds"])
    form = {
        "title": "市热线",
        "ledger": system.ledger_id,
        "key_id": "city-1",
        "base_url": "",
        "returns_at_most": 2,
    }
    assert client.post(url, {**form, "new_secret": "short"}).status_code == 422
    assert client.post(url, {**form, "new_secret": "another secret of ours"}).status_code == 302
    changed = CitySystem.objects.get()
    assert changed.secrets() == ["another secret of ours", "correct horse battery staple"]
    assert "another secret" not in client.get(url).content.decode()
    assert post(client, contents()).status_code == 201


def test_the_comparison_offers_to_push_again(system: CitySystem, city: City, client: Client) -> None:
    admin = make_user("administrator")
    grant_role(admin, "agent")
    client.force_login(admin)
    post(client, contents("A"))
    city.open = {"GONE": "handling"}
    client.post(reverse("hotline:compare", args=["pds"]))
    page = client.get(reverse("hotline:comparison")).content.decode()
    assert "GONE" in page
    assert "请市热线重新派发" in page
    assert "消息还在推送" in page


# -- by spreadsheet ------------------------------------------------------------------------------------------


def upload(client: Client, text: str) -> Any:
    file = io.BytesIO(text.encode())
    file.name = "orders.csv"
    return client.post(reverse("hotline:orders-import"), {"file": file}, follow=True)


def take_in(client: Client, text: str) -> str:
    page = upload(client, text)
    return str(client.post(page.request["PATH_INFO"], follow=True).content.decode())


HEAD = "工单编号,诉求内容,诉求人,联系电话,地址,经度,纬度,办理截止时间\n"
ROWS = (
    "T1,路灯不亮,李小明,13800001111,建设路,113.3225,33.715,2030/1/2 10:00\n"
    "T2,路灯坏了,王红,13900001111,建设路,113.3225,33.715,\n"
)


class TestSpreadsheet:
    @pytest.fixture(autouse=True)
    def _stage(self, system: CitySystem, desk: Client) -> None:
        self.desk = desk

    def test_the_preview_writes_nothing_and_names_every_mistake(self) -> None:
        page = upload(self.desk, HEAD + ROWS + "T3,,赵,12,x,abc,33,昨天\nT1,路灯,李,13800001111,,,,\n")
        text = page.content.decode()
        assert not Order.objects.exists()
        for sentence in ("不能为空", "和第 2 行重复", "新增 2", "有误 2"):
            assert sentence in text

    def test_the_right_rows_are_in_and_the_wrong_ones_come_back_with_reasons(self) -> None:
        text = take_in(self.desk, HEAD + ROWS + "T3,路灯不亮,赵,12,x,,,\n")
        assert Order.objects.count() == 2
        assert "电话号码看起来不对" in text
        answer = self.desk.get(_errors_url(text))
        from huying.core.sheets import read_table

        table = read_table("a.xlsx", b"".join(answer.streaming_content))
        assert [line.cells["工单编号"] for line in table.lines] == ["T3"]
        assert "联系电话" in table.lines[0].cells["没有导入的原因"]

    def test_the_same_file_again_changes_nothing(self) -> None:
        take_in(self.desk, HEAD + ROWS)
        versions = list(Case.objects.order_by("pk").values_list("version", flat=True))
        assert "没有变化 2" in upload(self.desk, HEAD + ROWS).content.decode()
        take_in(self.desk, HEAD + ROWS)
        assert list(Case.objects.order_by("pk").values_list("version", flat=True)) == versions

    def test_changed_cells_become_corrections(self) -> None:
        take_in(self.desk, HEAD + ROWS)
        changed = ROWS.replace("建设路,113.3225", "光明路,113.3225", 1)
        text = upload(self.desk, HEAD + changed).content.decode()
        assert "地址：建设路 → 光明路" in text
        assert "更正 1，没有变化 1" in text
        take_in(self.desk, HEAD + changed)
        assert Order.objects.get(number="T1").report.address == "光明路"
        assert Order.objects.get(number="T1").corrections.count() == 1

    def test_a_column_that_is_absent_leaves_what_is_there(self) -> None:
        take_in(self.desk, HEAD + ROWS)
        take_in(self.desk, "工单编号,诉求内容\nT1,路灯还是不亮\n")
        report = Order.objects.get(number="T1").report
        assert (report.words, report.phone) == ("路灯还是不亮", "13800001111")

    def test_a_table_is_taken_in_once(self) -> None:
        page = upload(self.desk, HEAD + ROWS)
        path = page.request["PATH_INFO"]
        assert self.desk.post(path).status_code == 302
        assert self.desk.post(path).status_code == 409

    def test_a_table_without_the_needed_columns_is_refused(self) -> None:
        assert "缺少列" in upload(self.desk, "a,b\n1,2\n").content.decode()

    def test_another_persons_table_is_not_shown(self) -> None:
        page = upload(self.desk, HEAD + ROWS)
        self.desk.force_login(make_user("agent"))
        assert self.desk.get(page.request["PATH_INFO"]).status_code == 404

    def test_numbers_that_lost_their_digits_are_refused(self) -> None:
        import xlsxwriter

        out = io.BytesIO()
        with xlsxwriter.Workbook(out) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["工单编号", "诉求内容"])
            sheet.write_row(1, 0, [2026112100010001234, "路灯不亮"])
        out.seek(0)
        out.name = "a.xlsx"
        page = self.desk.post(reverse("hotline:orders-import"), {"file": out}, follow=True)
        assert "文本" in page.content.decode()

    def test_the_results_go_back_as_a_table(self) -> None:
        take_in(self.desk, HEAD + ROWS)
        answer = self.desk.get(reverse("hotline:results"))
        from huying.core.sheets import read_table

        table = read_table("a.xlsx", b"".join(answer.streaming_content))
        assert [line.cells["工单编号"] for line in table.lines] == ["T1", "T2"]
        assert Delivery.objects.count() == 2


def _errors_url(text: str) -> str:
    import re

    found = re.search(r'href="([^"]+errors\.xlsx)"', text)
    assert found
    return found[1]


def test_the_citys_classes_come_in_by_table_with_the_nearest_name(system: CitySystem, client: Client) -> None:
    client.force_login(make_user("administrator"))
    file = io.BytesIO(
        "市平台分类代码,市平台分类名称,本区类别代码\n05,市政,lighting\n06,街面,street-oder\n".encode()
    )
    file.name = "codes.csv"
    page = client.post(reverse("hotline:codes-import"), {"file": file}, follow=True)
    assert "是不是 street-order" in page.content.decode()
    client.post(page.request["PATH_INFO"])
    assert system.codes.get().category.code == "lighting"
