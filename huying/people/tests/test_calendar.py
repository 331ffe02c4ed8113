import datetime as dt

import pytest
from django.urls import reverse

from huying.core.errors import Refusal
from huying.core.journal import entries_of
from huying.core.testing import make_user
from huying.people.models import User
from huying.places.calendar_changes import publish_year, remove_local_day, set_local_day, set_office_hours
from huying.places.models import CalendarDay, OfficeHours, PublishedYear
from huying.places.notice import read_notice
from huying.places.signals import calendar_published
from huying.places.work_calendar import current_calendar

NOTICE = """一、元旦：2029年12月30日至2030年1月1日放假调休，共3天。2029年12月29日（周六）上班。
二、春节：2月2日至8日放假调休，共7天。2月9日（周六）上班。"""


@pytest.fixture
def chief(district) -> User:
    return make_user("administrator")


@pytest.fixture
def heard():
    """The first days that the floors above were told."""
    days: list[dt.date] = []

    def hear(sender, first_day, **_others):
        days.append(first_day)

    calendar_published.connect(hear)
    yield days
    calendar_published.disconnect(hear)


def test_a_notice_is_looked_at_before_it_is_published(chief, client):
    client.force_login(chief)
    page = client.post(reverse("people:publish-year"), {"year": 2030, "text": NOTICE})
    text = page.content.decode()
    assert "请核对：2030年" in text
    assert "没有读到：" in text and "国庆节" in text
    assert not PublishedYear.objects.exists()
    client.post(reverse("people:publish-year"), {"year": 2030, "text": NOTICE, "confirmed": "1"})
    assert PublishedYear.objects.get().year == 2030
    assert "上班" in client.get(reverse("people:calendar") + "?year=2030").content.decode()


def test_a_published_year_is_worked_by_its_notice_and_the_floors_above_are_told(chief, heard):
    row = publish_year(2030, read_notice(2030, NOTICE).days, actor=chief, notice="国办发明电〔2029〕1号")
    calendar = current_calendar()
    assert calendar.is_published(2030)
    assert not calendar.is_workday(dt.date(2029, 12, 31))
    assert calendar.is_workday(dt.date(2029, 12, 29))
    assert calendar.is_workday(dt.date(2030, 2, 9))
    assert heard == [dt.date(2029, 12, 25)]
    assert entries_of(row).get().code == "calendar.year_published"


def test_a_corrected_notice_replaces_the_first_and_local_days_stay(chief):
    set_local_day(dt.date(2030, 2, 2), True, actor=chief, title="防汛")
    publish_year(2030, read_notice(2030, NOTICE).days, actor=chief)
    publish_year(2030, read_notice(2030, "一、元旦：1月1日放假。").days, actor=chief)
    published = CalendarDay.objects.filter(source=CalendarDay.Source.PUBLISHED)
    assert [row.day for row in published] == [dt.date(2030, 1, 1)]
    assert CalendarDay.objects.get(day=dt.date(2030, 2, 2)).title == "防汛"


def test_a_correction_keeps_what_the_next_years_notice_said_of_december(chief):
    publish_year(2029, read_notice(2029, "一、元旦：1月1日放假。").days, actor=chief)
    publish_year(2030, read_notice(2030, NOTICE).days, actor=chief)
    publish_year(2029, read_notice(2029, "一、元旦：1月1日至2日放假。").days, actor=chief)
    assert not current_calendar().is_workday(dt.date(2029, 12, 31))
    assert not current_calendar().is_workday(dt.date(2029, 1, 2))


def test_a_year_that_is_built_in_is_not_entered(chief):
    with pytest.raises(Refusal, match="已内置"):
        publish_year(2025, read_notice(2025, "元旦：1月1日放假").days, actor=chief)


def test_a_day_of_another_year_is_refused(chief):
    with pytest.raises(Refusal, match="核对年份"):
        publish_year(2031, read_notice(2030, NOTICE).days, actor=chief)


def test_text_without_days_is_sent_back_with_what_was_typed(chief, client):
    client.force_login(chief)
    page = client.post(reverse("people:publish-year"), {"year": 2030, "text": "另行通知"})
    assert page.status_code == 422
    assert "另行通知" in page.content.decode()


def test_a_local_day_opens_and_closes(chief, client, heard):
    client.force_login(chief)
    day = dt.date(2030, 5, 3)
    client.post(reverse("people:add-day"), {"day": "2030-05-03", "is_workday": "0", "title": "防汛"})
    assert not current_calendar().is_workday(day)
    row = CalendarDay.objects.get(day=day)
    client.post(reverse("people:remove-day", args=[row.pk]))
    assert current_calendar().is_workday(day)
    assert heard == [day, day]


def test_a_day_of_a_notice_is_not_removed_alone(chief):
    publish_year(2030, read_notice(2030, NOTICE).days, actor=chief)
    row = CalendarDay.objects.filter(source=CalendarDay.Source.PUBLISHED).first()
    with pytest.raises(Refusal, match="国务院通知"):
        remove_local_day(row, actor=chief)


def test_office_hours_change_with_the_season(chief):
    set_office_hours(dt.date(2030, 6, 1), [["08:00", "12:00"], ["15:00", "18:30"]], actor=chief)
    assert len(current_calendar().spans(dt.date(2030, 6, 3))) == 2
    assert current_calendar().spans(dt.date(2030, 6, 3))[1][0] == 15 * 3600


@pytest.mark.parametrize("spans", ["18:00-08:00", "八点到十二点", "08:00-12:00 11:00-18:00", "25:00-26:00"])
def test_hours_that_make_no_sense_are_said_beside_the_field(chief, client, spans):
    client.force_login(chief)
    page = client.post(reverse("people:add-hours"), {"valid_from": "2030-06-01", "spans": spans})
    assert page.status_code == 422
    assert page.context["hours_form"].errors["spans"]


def test_hours_that_have_begun_are_not_removed(chief, client):
    client.force_login(chief)
    row = OfficeHours.objects.get()
    client.post(reverse("people:remove-hours", args=[row.pk]))
    assert OfficeHours.objects.filter(pk=row.pk).exists()


def test_a_streets_administrator_reads_the_calendar_without_its_forms(district, client):
    client.force_login(make_user("administrator", area=district.east))
    text = client.get(reverse("people:calendar")).content.decode()
    assert "读取并核对" not in text
    assert "办公时间" in text
