from datetime import date

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from huying.core.journal import log, seal_day
from huying.core.testing import make_user


@pytest.fixture
def chief(district, client):
    user = make_user("administrator", name="彭文")
    client.force_login(user)
    log(district.east, "area.changed", actor=user, changed={"title": ["旧名", "新名"]})
    log(district.urban, "department.added", actor="数据包")
    return user


def codes(client, **query):
    page = client.get(reverse("people:journal"), query).context
    return [row["object"].code for row in page["rows"]]


def test_the_latest_entries_come_first_and_are_found_by_code_subject_day_and_person(chief, client, district):
    assert codes(client) == ["department.added", "area.changed"]
    assert codes(client, code="area.") == ["area.changed"]
    assert codes(client, subject=f"area:{district.east.pk}") == ["area.changed"]
    assert codes(client, subject="department") == ["department.added"]
    assert codes(client, subject="area:999999") == []
    assert codes(client, day="2001-01-01") == []
    assert len(codes(client, day=str(timezone.localdate()))) == 2
    assert codes(client, actor="彭文") == ["area.changed"]


def test_a_subject_that_is_no_number_is_explained(chief, client):
    page = client.get(reverse("people:journal"), {"subject": "area:x"})
    assert "请写成 种类:编号" in page.content.decode()


def test_seals_are_shown(chief, client):
    seal = seal_day(date(2026, 1, 1))
    assert bytes(seal.hash).hex() in client.get(reverse("people:journal")).content.decode()


def test_an_unbroken_journal_is_said_to_hold(chief, client):
    page = client.post(reverse("people:verify-journal")).content.decode()
    assert "2 条日志" in page
    assert "全部对得上" in page


def test_an_entry_that_was_altered_is_named(chief, client, district):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_journalentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE core_journalentry SET actor_name = 'x' WHERE code = 'area.changed'")
        cursor.execute("ALTER TABLE core_journalentry ENABLE TRIGGER USER")
    page = client.post(reverse("people:verify-journal")).content.decode()
    assert "日志对不上" in page
    assert f"area:{district.east.pk}" in page


def test_an_administrator_of_a_street_has_no_part_of_the_journal(chief, client, district):
    client.force_login(make_user("administrator", area=district.east))
    assert codes(client) == []
    assert "只对区级管理员开放" in client.get(reverse("people:journal")).content.decode()
    assert client.post(reverse("people:verify-journal")).status_code == 403
