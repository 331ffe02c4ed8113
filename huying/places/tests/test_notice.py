import json
from datetime import date
from pathlib import Path

import pytest

from huying.places.notice import read_notice

# The notice for 2026 (国办发明电〔2025〕7号), as published.
NOTICE_2026 = """
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
"""


def test_the_notice_of_2026_is_read_whole() -> None:
    notice = read_notice(2026, NOTICE_2026)
    assert not notice.unread
    assert not notice.missing
    assert sum(not day.is_workday for day in notice.days) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    worked = [day.day for day in notice.days if day.is_workday]
    assert worked == [date(2026, *day) for day in [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]]
    assert {day.title for day in notice.days if day.day.month == 2} == {"春节", "春节（调休上班）"}


def test_what_differs_is_kept_apart_from_a_weekend_that_is_off_anyway() -> None:
    days = {day.day: day for day in read_notice(2026, NOTICE_2026).days}
    assert days[date(2026, 4, 6)].differs
    assert not days[date(2026, 4, 4)].differs
    assert days[date(2026, 1, 4)].differs


def test_a_holiday_may_begin_in_the_year_before() -> None:
    text = "一、元旦：2018年12月30日至2019年1月1日放假调休，共3天。2018年12月29日（星期六）上班。"
    days = read_notice(2019, text).days
    assert [day.day for day in days] == [date(2018, 12, n) for n in (29, 30, 31)] + [date(2019, 1, 1)]
    assert [day.is_workday for day in days] == [True, False, False, False]


def test_a_missing_holiday_and_an_unread_sentence_are_named() -> None:
    notice = read_notice(2027, "一、元旦：1月1日放假1天。\n二、春节：2月5日另行通知。")
    assert "春节" in notice.missing
    assert "元旦" not in notice.missing
    assert notice.unread == ["二、春节:2月5日另行通知"]


@pytest.mark.parametrize("text", ["元旦：1月32日放假", "春节：2月9日至1月3日放假", "10日放假", "", "谢谢"])
def test_nonsense_gives_no_days(text: str) -> None:
    assert not read_notice(2027, text).days


def test_every_sentence_since_2009_is_read_as_others_read_it(shared_data: Path) -> None:
    cases = json.loads((shared_data / "holidays" / "description_parsing_cases.json").read_text())
    recent = [case for case in cases if case["year"] >= 2009]
    assert len(recent) > 30
    for case in recent:
        found = {
            str(day.day): not day.is_workday for day in read_notice(case["year"], case["description"]).days
        }
        assert found == {day["date"]: day["isOffDay"] for day in case["expected"]}, case["description"]
