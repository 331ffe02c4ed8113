from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from huying.config import doctor
from huying.config.doctor import Verdict
from huying.core.testing import make_user
from huying.integrations.webhooks.models import Subscriber
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


def test_what_is_stuck_on_its_way_out_is_named() -> None:
    assert doctor.check_ways_out().verdict is Verdict.OK
    Subscriber.objects.create(
        title="市数据局",
        url="https://127.0.0.1:9/",
        owner=make_user("dispatcher"),
        secret="x",
        failing_since=timezone.now(),
    )
    finding = doctor.check_ways_out()
    assert finding.verdict is Verdict.WARN and "1 subscribers" in finding.text


def test_an_administrator_without_a_second_factor_is_a_warning() -> None:
    assert doctor.check_second_factors().verdict is Verdict.OK
    make_user("administrator")
    finding = doctor.check_second_factors()
    assert finding.verdict is Verdict.WARN and "HUYING_SECOND_FACTOR" in finding.text


def test_an_identity_provider_that_does_not_answer_fails(settings: Any) -> None:
    assert doctor.check_identity_provider().verdict is Verdict.OK
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert doctor.check_identity_provider().verdict is Verdict.FAIL
