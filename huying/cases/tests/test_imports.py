"""Imports of real records: what is right goes in, what is wrong is named, the same file again adds nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from huying.cases import imports
from huying.cases.imports import UnitCounts
from huying.cases.models import OPEN, Case, Ledger, Status
from huying.cases.tests.conftest import make_ledger, make_topics
from huying.core import journal
from huying.people.models import Department, User
from huying.places.models import ADMINISTRATIVE, Area

MINHU = """
ledger: minhu
title: {zh: 民呼必应诉求, en: Requests}
channels: [portal, netizen]
stages: [file, dispatch, handle, check, close]
public: {list: true}
"""


@pytest.fixture
def minhu(district: Any) -> Ledger:
    return make_ledger(MINHU, make_topics(district))


def silent(line: str) -> None:
    """Nobody listens."""


def written(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return path


MESSAGES = """title,time,detail,label
路灯不亮,2019/11/10 18:59:24,建设路的路灯不亮三天了,城乡建设
占道经营,昨天,摊子占道,城乡建设
空的,2019/11/10 18:59:24,,城乡建设
还是路灯,2019/11/12 8:00:00,建设路的路灯不亮三天了,城乡建设
没有时间,,门口占道摆摊,城乡建设
"""


def test_messages_come_in_and_wrong_rows_are_named(minhu: Ledger, tmp_path: Path) -> None:
    said: list[str] = []
    result = imports.run("messages", written(tmp_path, MESSAGES), said.append)
    assert (result.rows, result.taken, result.merged) == (5, 2, 1)
    assert [(mistake.row, mistake.column) for mistake in result.mistakes] == [(3, "time"), (4, "detail")]
    assert any("第 3 行，time" in line and "请写成" in line for line in said)


def test_the_words_decide_the_category_and_a_repeated_text_joins(minhu: Ledger, tmp_path: Path) -> None:
    imports.run("messages", written(tmp_path, MESSAGES), silent)
    case = Case.objects.get(title="路灯不亮")
    assert case.category.code == "lighting-dark"
    assert (case.status, case.reports_count, case.reports.count()) == (Status.REPORTED, 2, 2)
    assert list(journal.verify()) == []


def test_the_same_file_again_adds_nothing(minhu: Ledger, tmp_path: Path) -> None:
    path = written(tmp_path, MESSAGES)
    imports.run("messages", path, silent)
    again = imports.run("messages", path, silent)
    assert (again.taken, again.passed_over, Case.objects.count()) == (0, 2, 2)


def test_a_file_with_other_columns_is_refused_with_what_is_needed(minhu: Ledger, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"留言主题.*文件里是 a、b"):
        imports.run("messages", written(tmp_path, "a,b\n1,2\n"), silent)


def test_a_file_that_is_not_there_is_said(minhu: Ledger, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="读不了"):
        imports.run("messages", tmp_path / "none.csv", silent)


RING = [[-71.1, 42.3], [-71.0, 42.3], [-71.0, 42.4], [-71.1, 42.4], [-71.1, 42.3]]
POLICE = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"DISTRICT": "A1"},
                "geometry": {"type": "Polygon", "coordinates": [RING]},
            }
        ],
    }
)
CASES311 = """case_enquiry_id,open_dt,target_dt,closed_dt,case_title,type,department,location,\
police_district,latitude,longitude
1,2011-07-01 01:32:33,2011-07-15 01:32:32,2011-07-01 05:06:58,Lamp out,Lights,PWD,River St,A1,42.35,-71.05
2,2011-07-01 02:00:00,2011-07-02 02:00:00,2011-07-05 02:00:00,Late,Lights,PWD,River St,A1,42.35,-71.05
3,2011-07-01 03:00:00,,,Open,Lights,PWD,River St,B2,42.35,-71.05
4,yesterday,,,Broken time,Lights,PWD,River St,A1,42.35,-71.05
5,2011-07-02 03:00:00,,2011-07-01 03:00:00,Backwards,Lights,PWD,River St,A1,42.35,-71.05
6,2011-07-02 03:00:00,,,No place,Lights,PWD,River St,A1,north,-71.05
"""


def test_cases_lie_in_their_police_district_and_keep_their_times(district: Any, tmp_path: Path) -> None:
    (tmp_path / "police_districts.geojson").write_text(POLICE)
    result = imports.run("cases311", written(tmp_path, CASES311), silent)
    assert (result.rows, result.taken) == (6, 4)
    named = {(mistake.row, mistake.column) for mistake in result.mistakes}
    assert named == {(5, "open_dt"), (6, "closed_dt"), (7, "latitude")}
    assert result.figures["agreement"] == pytest.approx(4 / 5)
    cases = {case.external: case for case in _with_numbers()}
    assert (cases["1"].status, cases["1"].overdue) == (Status.CLOSED, False)
    assert cases["2"].overdue
    assert cases["3"].status == Status.HANDLING and cases["3"].next_rung_at is None
    assert cases["1"].area.layer == "police"


def _with_numbers() -> Any:
    from django.db.models import F

    return Case.objects.annotate(external=F("reports__external_number")).select_related("area")


def test_a_trial_does_not_touch_the_district(district: Any, tmp_path: Path) -> None:
    before = list(Area.objects.filter(layer=ADMINISTRATIVE).values())
    (tmp_path / "police_districts.geojson").write_text(POLICE)
    imports.run("cases311", written(tmp_path, CASES311), silent)
    assert list(Area.objects.filter(layer=ADMINISTRATIVE).values()) == before
    ledger = Ledger.objects.get(code="cases311")
    assert not ledger.active and not ledger.rules.public_list
    assert not Department.objects.filter(code__startswith="cases311-", can_lead=True).exists()
    assert not User.objects.get(username="import-cases311").is_active
    assert not Case.objects.filter(public=True).exists()


ORDERS = """REPORT_NUM,CREATE_TIME,STREET_NAME,COMMUNITY_NAME,EVENT_TYPE_NAME,MAIN_TYPE_NAME,\
SUB_TYPE_NAME,OCCUR_PLACE,DISPOSE_UNIT_NAME
1,2018-02-08 15:34:40,龙田街道,老坑社区,市政设施,设施,路灯,-,城市管理局（一）
1,2018-02-08 15:34:41,龙田街道,老坑社区,市政设施,设施,路灯,-,城市管理局
1,2018-02-08 15:34:42,龙田街道,老坑社区,市政设施,设施,路灯,-,-
1,,龙田街道,老坑社区,市政设施,设施,路灯,-,城市管理局
1,2018-03-08 15:34:40,龙田街道,老坑社区,市政设施,设施,路灯,-,城市管理局
1,2018-04-08 15:34:40,龙田街道,老坑社区,市政设施,设施,路灯,-,城市管理局
"""


def test_orders_are_closed_with_the_unit_that_handled_them(district: Any, tmp_path: Path) -> None:
    result = imports.run("orders", written(tmp_path, ORDERS), silent)
    assert (result.rows, result.taken) == (6, 4)
    assert [(m.row, m.column) for m in result.mistakes] == [(4, "DISPOSE_UNIT_NAME"), (5, "CREATE_TIME")]
    assert {str(case.department) for case in Case.objects.select_related("department")} == {"城市管理局"}
    assert not Case.objects.filter(status__in=OPEN).exists()
    assert result.figures["top1"] == 1


def test_the_nearest_orders_count_most() -> None:
    def order(kind: str, community: str, unit: str = "") -> dict[str, str]:
        return {
            "SUB_TYPE_NAME": kind, "COMMUNITY_NAME": community, "STREET_NAME": "街", "EVENT_TYPE_NAME": "类",
            "unit": unit,
        }  # fmt: skip

    counts = UnitCounts([order("路灯", "甲", "甲所")] * 6 + [order("路灯", "乙", "局")] * 20)
    assert counts.suggest(order("路灯", "甲"))[0] == "甲所"
    assert counts.suggest(order("路灯", "丙"))[0] == "局"


# -- the real files ------------------------------------------------------------------------------------------


@pytest.mark.data
def test_real_cases_agree_with_their_police_district(district: Any, shared_data: Path) -> None:
    result = imports.run("cases311", shared_data / "cases311" / "boston_2011.csv", silent)
    assert result.taken == result.rows == 34_950
    assert result.figures["agreement"] >= 0.995


@pytest.mark.data
def test_a_plain_count_suggests_the_unit_of_real_orders(district: Any, shared_data: Path) -> None:
    result = imports.run("orders", shared_data / "dispatch" / "orders.csv", silent)
    assert result.rows == 8_000 and result.taken > 7_900
    assert result.figures["top1"] > 0.6
    assert result.figures["top3"] > 0.8


@pytest.mark.data
@pytest.mark.parametrize("name", ["titles", "details", "unsorted_4326", "replies"])
def test_every_real_file_of_messages_is_recognised(minhu: Ledger, shared_data: Path, name: str) -> None:
    result = imports.run("messages", shared_data / "messages" / f"{name}.csv", silent)
    assert result.rows == result.taken + result.merged + len({mistake.row for mistake in result.mistakes})
    assert len(result.mistakes) < result.rows * 0.01
