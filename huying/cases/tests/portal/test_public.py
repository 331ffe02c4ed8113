"""What everyone may see, and that its numbers agree."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Case, CaseFile
from huying.cases.public import mask_words
from huying.cases.tests.conftest import Loop, fresh, make_ledger
from huying.core.files import store_photo

from .conftest import page, photo

WHOLE = "113,33,114,34"


@pytest.mark.parametrize(
    "url", ["/", "/report/", "/track/", "/public/", "/public/map/", "/privacy/", "/accessibility/"]
)
def test_every_page_is_open_to_all(client: Client, loop: Loop, url: str) -> None:
    assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我叫王小明，电话13812345678", "我叫王**，电话138****5678"),
        ("联系人李雷138 1234 5678", "联系人李*138****5678"),
        ("身份证41040319900101123X", "身份证410***************"),
        ("3号楼2单元501室漏水", "3号楼＊＊漏水"),
        ("邻居张建国先生家", "邻居张**先生家"),
        ("打 0375-2345678 没人接", "打 ************ 没人接"),
        ("豫D12345 乱停", "豫D***** 乱停"),
        ("微信：wang_123 加我", "微信：**** 加我"),
        ("建设路128号路灯不亮，2023年11月就坏了", "建设路128号路灯不亮，2023年11月就坏了"),
        ("14路车站旁，积水 20 厘米", "14路车站旁，积水 20 厘米"),
    ],
)
def test_words_are_masked(text: str, shown: str) -> None:
    assert mask_words(text) == shown


class TestTheList:
    def test_shows_public_cases_with_masked_words(self, client: Client, loop: Loop) -> None:
        loop.report("路灯不亮，我叫王小明，13812345678", name="王小明", phone="13812345678")
        html = page(client.get("/public/"))
        assert "路灯不亮" in html and "王小明" not in html and "13812345678" not in html

    def test_private_ledgers_and_topics_never_appear(self, client: Client, loop: Loop) -> None:
        hidden = make_ledger({"ledger": "audit", "title": {"zh": "线索"}}, {"x": loop.topics["lighting"]})
        case = loop.report("有人举报", ledger=hidden, category="lighting").case
        loop.topics["street-order"].private = True
        loop.topics["street-order"].save()
        secret = loop.report("邻里纠纷", category="street-order").case
        for one in (case, secret):
            assert one.title not in page(client.get("/public/?month=all"))
            assert client.get(f"/public/{one.number}/").status_code == 404
        assert client.get("/public/clusters.json", {"bbox": WHOLE}).json()["total"] == 0

    def test_a_ledger_without_public_words_shows_the_category_only(self, client: Client, loop: Loop) -> None:
        quiet = make_ledger(
            {"ledger": "quiet", "title": {"zh": "安静"}, "public": {"list": True, "words": "none"}},
            {"lighting": loop.topics["lighting"]},
        )
        case = loop.report("王小明家门口的灯", ledger=quiet, category="lighting").case
        assert "王小明" not in page(client.get("/public/")) and "王小明" not in page(
            client.get(f"/public/{case.number}/")
        )

    def test_filters_stand_in_the_address_and_narrow(self, client: Client, loop: Loop) -> None:
        loop.report("东边的灯")
        loop.report("西边的灯", point=loop.district.in_west)
        old = loop.report("去年的灯").case
        Case.objects.filter(pk=old.pk).update(reported_at=timezone.now() - dt.timedelta(days=400))
        html = page(client.get("/public/", {"subdistrict": loop.district.east.code}))
        assert "东边的灯" in html and "西边的灯" not in html and "去年的灯" not in html
        assert "去年的灯" in page(client.get("/public/?month=all"))
        assert "东边的灯" in page(client.get("/public/?topic=lighting&state=open&ledger=snapshot"))
        assert "东边的灯" not in page(client.get("/public/?state=closed"))

    def test_nonsense_in_the_address_is_not_an_error(self, client: Client, loop: Loop) -> None:
        loop.report()
        for query in ("month=2026-13", "ledger=none", "bbox=a,b", "after=zzz", "closed=never"):
            assert client.get(f"/public/?{query}").status_code == 200

    def test_a_page_costs_few_queries(
        self, client: Client, loop: Loop, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(12):
            loop.report(f"第{number}盏灯", photos=[store_photo(photo(shade=number * 20))])
        client.get("/public/")
        with django_assert_max_num_queries(12):
            client.get("/public/")


class TestTheMap:
    def test_its_sum_is_the_number_of_the_list(self, client: Client, loop: Loop) -> None:
        for point in (loop.district.in_compound, loop.district.in_east, loop.district.in_west):
            loop.report(point=point)
        loop.report("没有地点", point=(None, None))
        for zoom in (8, 12, 16, 19):
            answer = client.get("/public/clusters.json", {"bbox": WHOLE, "zoom": zoom}).json()
            assert sum(cluster["count"] for cluster in answer["clusters"]) == answer["total"] == 3
        html = page(client.get("/public/map/"))
        assert "共 4 件" in html and "3 件在地图上" in html
        assert "共 <b>3</b> 件" in page(client.get("/public/?placed=1"))

    def test_filters_hold_on_the_map_too(self, client: Client, loop: Loop) -> None:
        loop.report()
        loop.report(point=loop.district.in_west)
        query = {"bbox": WHOLE, "zoom": 12, "subdistrict": loop.district.west.code}
        assert client.get("/public/clusters.json", query).json()["total"] == 1

    def test_every_bubble_opens_its_rows(self, client: Client, loop: Loop) -> None:
        loop.report()
        loop.report()
        (cluster,) = client.get("/public/clusters.json", {"bbox": WHOLE, "zoom": 12}).json()["clusters"]
        assert cluster["count"] == 2
        assert "共 <b>2</b> 件" in page(client.get(cluster["url"]))

    def test_a_matter_at_home_is_shown_to_a_hundred_metres(self, client: Client, loop: Loop) -> None:
        home = make_ledger(
            {"ledger": "home", "title": {"zh": "家里"}, "public": {"list": True, "map": True}},
            {"lighting": loop.topics["lighting"]},
        )
        loop.report(ledger=home, category="lighting", point=(113.32256, 33.71534))
        (one,) = client.get("/public/clusters.json", {"bbox": WHOLE, "zoom": 19}).json()["clusters"]
        assert (one["lng"], one["lat"]) == (113.323, 33.715)

    def test_without_a_box_it_says_what_to_send(self, client: Client, loop: Loop) -> None:
        for query in ("", "bbox=1,2", "bbox=nan,1,2,3"):
            answer = client.get(f"/public/clusters.json?{query}")
            assert answer.status_code == 400 and "bbox" in answer.json()["detail"]


class TestOneCase:
    def test_shows_before_and_after_to_everyone(self, client: Client, loop: Loop) -> None:
        case = loop.handled(photos=[store_photo(photo(shade=10))])
        after = store_photo(photo(shade=200))
        CaseFile.objects.create(case=case, file=after, role=CaseFile.Role.AFTER)
        html = page(client.get(f"/public/{case.number}/"))
        assert f"/files/{after.pk}/" in html and "我也遇到" in html and "城市管理局" in html
        assert client.get(f"/files/{after.pk}/{after.sha256[:8]}.jpg").status_code == 200

    def test_photos_of_a_ledger_that_shows_none_stay_closed(self, client: Client, loop: Loop) -> None:
        quiet = make_ledger(
            {"ledger": "quiet", "title": {"zh": "安静"}, "public": {"list": True, "photos": "after"}},
            {"lighting": loop.topics["lighting"]},
        )
        case = loop.report(ledger=quiet, category="lighting", photos=[store_photo(photo())]).case
        file = case.files.get().file
        assert client.get(f"/files/{file.pk}/{file.sha256[:8]}.jpg").status_code == 404

    def test_a_withdrawn_reports_photo_is_public_no_more(self, client: Client, loop: Loop) -> None:
        report = loop.dispatched(photos=[store_photo(photo())]).reports.get()
        loop.report(follows=fresh(report.case))
        file = report.files.get().file
        url = f"/files/{file.pk}/{file.sha256[:8]}.jpg"
        assert client.get(url).status_code == 200
        actions.withdraw_report(report)
        assert client.get(url).status_code == 404

    def test_a_merged_one_leads_to_where_it_went_on(self, client: Client, loop: Loop) -> None:
        main, other = loop.filed(), loop.filed()
        actions.merge_cases(main, [other], actor=loop.dispatcher)
        assert client.get(f"/public/{other.number}/").url == f"/public/{main.number}/"

    def test_a_number_that_is_not_there(self, client: Client, loop: Loop) -> None:
        answer = client.get("/public/123/")
        assert answer.status_code == 404 and "查进度" in page(answer)


def test_the_months_numbers_open_their_rows(client: Client, loop: Loop) -> None:
    loop.closed()
    loop.closed()
    loop.report()
    Case.objects.filter(pk=Case.objects.first().pk, status="closed").update(overdue=True)
    html = page(client.get("/"))
    for title, number in (
        ("件收到", 3),
        ("件办结", 2),
        ("件按时办结", Case.objects.filter(status="closed", overdue=False).count()),
    ):
        address = html.split(f"<b>{number}</b> {title}")[0].rsplit('href="', 1)[1].split('"')[0]
        shown = page(client.get(address.replace("&amp;", "&")))
        assert f"共 <b>{number}</b> 件" in shown
