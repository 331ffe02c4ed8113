from datetime import date

import pytest

from huying.config import doctor
from huying.config.doctor import Verdict
from huying.places.models import PublishedYear

pytestmark = pytest.mark.django_db


def test_an_empty_installation_is_told_to_load_a_pack(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine() == 1
    printed = capsys.readouterr().out
    assert "huying pack load" in printed
    assert "all applied" in printed


def test_a_year_without_holiday_notice_fails() -> None:
    assert doctor.check_calendar(date(2026, 3, 1)).verdict is Verdict.FAIL


def test_the_next_year_is_asked_for_in_autumn() -> None:
    PublishedYear.objects.get_or_create(year=2026)
    PublishedYear.objects.filter(year=2027).delete()
    assert doctor.check_calendar(date(2026, 3, 1)).verdict is Verdict.OK
    assert doctor.check_calendar(date(2026, 11, 20)).verdict is Verdict.WARN


def test_a_silent_queue_is_a_warning() -> None:
    finding = doctor.check_queue()
    assert finding.verdict is Verdict.WARN
    assert "huying worker" in finding.text
