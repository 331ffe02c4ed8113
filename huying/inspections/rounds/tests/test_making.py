"""What is found becomes a case and a letter at the same moment, once, whatever the phone does."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connections
from django.utils import timezone

from huying.cases.models import Case, Channel, Report, Status
from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import MiniDistrict, make_department, make_district, make_user
from huying.inspections.models import StandardVersion
from huying.inspections.rounds.making import Made, make_round
from huying.inspections.rounds.models import Finding, Round
from huying.inspections.rounds.rights import rounds_for
from huying.inspections.rounds.sites import Site
from huying.papers.models import Paper
from huying.places.where import where_is

from .conftest import ALL_RIGHT, NIGHT, Night, make_night, photo

FAILING = {"running": "fail"}


def failing() -> dict[str, object]:
    return {"answers": FAILING, "photos": {"running": [photo()]}, "notes": {"running": "循环泵停了"}}


class TestAllRight:
    def test_it_is_scored_and_nothing_is_opened(self, night: Night) -> None:
        round_ = night.go()
        assert (round_.tenths, round_.passed, round_.grade, round_.failed) == (1000, True, "优", 0)
        assert round_.paper is None
        assert not Case.objects.exists()

    def test_it_keeps_where_it_was_and_who_was_there(self, night: Night) -> None:
        helper = make_user("clerk", department=make_department("fire"))
        round_ = night.go(team=[helper])
        assert (round_.subdistrict, round_.people, round_.distance_m) == (night.district.east, 2, 0)
        assert set(round_.members.values_list("department__code", flat=True)) == {"urban-management", "fire"}

    def test_its_history_begins(self, night: Night) -> None:
        entry = entries_of(night.go()).get()
        assert (entry.code, entry.data["score"], entry.data["place"]) == (
            "round.made",
            1000,
            "东苑小区换热站",
        )


class TestWhatFails:
    def test_a_case_is_opened_with_its_owner_limit_and_photo(self, night: Night) -> None:
        round_ = night.go(**failing())
        case = Case.objects.get()
        finding = round_.findings.get()
        assert finding.case == case
        assert (case.channel, case.status, case.department) == (
            Channel.INSPECTION,
            Status.DISPATCHED,
            night.heating,
        )
        assert (case.item, case.limit) == (night.station, "2 emergency hours")
        assert "循环泵停了" in case.words
        assert case.files.count() == 1
        assert "谁所有、谁负责" in case.why

    def test_the_letter_goes_out_at_the_same_moment(self, night: Night) -> None:
        round_ = night.go(**failing())
        paper = Paper.objects.get()
        assert round_.paper == paper
        assert (paper.addressee, paper.kind, paper.issued_at) == (
            night.heating, Paper.Kind.SUPERVISION_LETTER, round_.ended_at,
        )  # fmt: skip
        assert Case.objects.get().number in paper.body
        assert "循环泵停了" in paper.body

    def test_a_critical_item_fails_the_round(self, night: Night) -> None:
        round_ = night.go(**failing())
        assert (round_.tenths, round_.passed, round_.grade) == (600, False, "差")

    def test_a_bad_reading_is_kept_as_a_number(self, night: Night) -> None:
        finding = night.go(answers={"return": 31.5}).findings.get()
        assert (finding.code, finding.reading, finding.case) == ("return", 31.5, None)

    def test_what_was_put_right_at_once_opens_nothing(self, night: Night) -> None:
        round_ = night.go(answers={"duty": "fail"}, fixed=frozenset({"duty"}))
        assert round_.findings.get().fixed_at_once
        assert round_.paper is None
        assert not Case.objects.exists()

    def test_two_failures_are_two_cases_and_one_letter(self, night: Night) -> None:
        round_ = night.go(answers=FAILING | {"duty": "fail"}, photos={"running": [photo()]})
        assert Case.objects.count() == 2
        assert Paper.objects.count() == 1
        assert round_.failed == 2

    def test_nothing_is_kept_when_the_case_can_not_be_opened(self, night: Night) -> None:
        night.version.declaration = {
            **NIGHT, "items": [{**NIGHT["items"][1], "fails_open": {"ledger": "gone"}}],
        }  # fmt: skip
        night.version.save()
        with pytest.raises(Refusal, match="没有可用的类别"):
            night.go(answers={"duty": "fail"})
        assert not Round.objects.exists()
        assert not Paper.objects.exists()


class TestAShop:
    """An order to correct goes to the site itself, which signs on the phone."""

    @pytest.fixture
    def order(self, night: Night) -> Night:
        night.version.declaration = {**NIGHT, "letter": {"kind": "order"}, "signature": "required"}
        night.version.save()
        return night

    def test_it_is_served_with_the_signature(self, order: Night) -> None:
        signature = photo("blue")
        round_ = order.go(**failing(), signed_by="郑师傅", signature=signature)
        paper = Paper.objects.get()
        assert (paper.kind, paper.addressee, paper.addressee_name) == (
            "order-to-correct",
            None,
            "东苑小区换热站",
        )
        assert (paper.received_name, paper.receipt) == ("郑师傅", signature)
        assert round_.signature == signature

    def test_without_a_signature_it_is_not_finished(self, order: Night) -> None:
        with pytest.raises(Refusal, match="签字") as refused:
            order.go(**failing())
        assert refused.value.field == "signature"

    def test_who_refuses_to_sign_is_on_record(self, order: Night) -> None:
        assert order.go(**failing(), refused_to_sign=True).refused_to_sign
        assert Paper.objects.get().received_at is None


class TestBadInput:
    def test_an_item_without_an_answer_is_named(self, night: Night) -> None:
        with pytest.raises(Refusal, match="值班员在岗") as refused:
            night.go(answers={"duty": None})
        assert refused.value.field == "answer-duty"

    def test_a_failing_item_wants_its_photo(self, night: Night) -> None:
        with pytest.raises(Refusal, match="拍一张照片") as refused:
            night.go(answers=FAILING)
        assert refused.value.field == "photo-running"

    def test_nobody_inspects_their_own_unit(self, night: Night) -> None:
        night.plan.declaration = {**night.plan.declaration, "by": ["heating-company"]}
        night.plan.save()
        own = make_user("clerk", department=night.heating)
        with pytest.raises(NotAllowed, match="自己单位"):
            night.go(actor=own)

    def test_a_department_that_is_not_in_the_plan_is_refused(self, night: Night) -> None:
        with pytest.raises(NotAllowed):
            night.go(actor=make_user("clerk", department=night.district.water))

    def test_a_place_that_the_plan_does_not_visit_is_refused(self, night: Night) -> None:
        night.plan.declaration = {**night.plan.declaration, "at": {"register": ["public-toilet"]}}
        with pytest.raises(Refusal, match="不在这个计划里"):
            night.go(plan=night.plan)

    def test_out_of_area_is_refused(self, night: Night) -> None:
        with pytest.raises(NotAllowed):
            night.go(actor=make_user("supervisor", area=night.district.west))

    def test_who_has_no_role_is_refused(self, night: Night) -> None:
        with pytest.raises(NotAllowed):
            night.go(actor=make_user())


class TestThePhonesClock:
    def test_a_clock_that_is_off_is_set_right(self, night: Night) -> None:
        now = timezone.now()
        ahead = dt.timedelta(hours=3)
        round_ = night.go(
            started_at=now + ahead - dt.timedelta(minutes=20), ended_at=now + ahead - dt.timedelta(minutes=5),
            sent_at=now + ahead,
        )  # fmt: skip
        assert abs(round_.ended_at - (now - dt.timedelta(minutes=5))) < dt.timedelta(seconds=5)
        assert abs(round_.clock_off_s - ahead.total_seconds()) < 5

    def test_the_future_is_refused(self, night: Night) -> None:
        with pytest.raises(Refusal, match="自动对时") as refused:
            night.go(ended_at=timezone.now() + dt.timedelta(hours=1))
        assert refused.value.field == "ended_at"

    def test_what_is_a_month_old_is_refused(self, night: Night) -> None:
        with pytest.raises(Refusal, match="自动对时"):
            night.go(ended_at=timezone.now() - dt.timedelta(days=40))

    def test_a_round_counts_for_the_day_in_beijing(self, night: Night) -> None:
        at = timezone.localtime() - dt.timedelta(days=1)
        late = at.replace(hour=0, minute=30)
        assert night.go(ended_at=late).day == late.date()


class TestProof:
    def test_far_away_is_kept_but_not_proved(self, night: Night) -> None:
        lng, lat = night.district.in_west
        round_ = night.go(point=(lng, lat))
        assert not round_.proved
        assert round_.distance_m is not None and round_.distance_m > 1000

    def test_no_position_is_no_proof_of_place(self, night: Night) -> None:
        assert not night.go(point=None).proved

    def test_a_scan_proves_by_the_label_of_the_thing(self, night: Night) -> None:
        night.plan.declaration = {**night.plan.declaration, "proof": ["scan"]}
        assert not night.go(plan=night.plan).proved
        assert night.go(scanned=night.station.label.lower()).proved


class TestAStandardThatChangesMeanwhile:
    def test_the_round_is_counted_under_the_version_that_it_began_with(self, night: Night) -> None:
        newer = {**NIGHT, "items": [*NIGHT["items"], {"code": "log", "title": "运行记录", "points": 100}]}
        StandardVersion.objects.create(
            standard=night.version.standard, number=2, declaration=newer, valid_from=timezone.localdate()
        )
        round_ = night.go()
        assert (round_.version.number, round_.tenths) == (1, 1000)
        assert entries_of(round_).get().data["newer_version"] == 2


class TestWhoReads:
    def test_the_area_the_unit_and_the_team(self, night: Night) -> None:
        round_ = night.go()
        readers = {
            "supervisor of the area": (make_user("supervisor", area=night.district.east), True),
            "supervisor of another": (make_user("supervisor", area=night.district.west), False),
            "the unit that was inspected": (make_user("head", department=night.heating), True),
            "the team's department": (make_user("clerk", department=night.district.urban), True),
            "another department": (make_user("clerk", department=night.district.water), False),
            "a stranger": (make_user(), False),
        }
        for who, (user, may) in readers.items():
            assert rounds_for(user).filter(pk=round_.pk).exists() is may, who


class TestAnAreaOrADepartment:
    def test_an_area_is_answered_for_by_its_office(self, night: Night) -> None:
        night.version.declaration = {**NIGHT, "applies_to": {"areas": "subdistrict"}}
        night.version.save()
        site = Site(area=night.district.east)
        supervisor = make_user("supervisor")
        round_ = make_round(
            site, night.version,
            Made(answers=ALL_RIGHT | FAILING, photos={"running": [photo()]}),
            actor=supervisor,
        )  # fmt: skip
        case = Case.objects.get()
        assert (case.department, case.area) == (night.district.streets["east"], night.district.east)
        assert (round_.subdistrict, Paper.objects.get().addressee) == (
            night.district.east, night.district.streets["east"],
        )  # fmt: skip


class TestOnce:
    def test_the_same_round_twice_is_one(self, night: Night) -> None:
        once = uuid.uuid4()
        first = night.go(client_id=once, **failing())
        assert night.go(client_id=once, **failing()) == first
        assert (Round.objects.count(), Finding.objects.count(), Report.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_racing_requests_of_one_round_are_one(transactional_db: None) -> None:
    district: MiniDistrict = make_district()
    where_is(*district.in_compound)
    night, once, picture = make_night(district), uuid.uuid4(), photo()
    start = threading.Barrier(5)
    made: list[int] = []

    def run() -> None:
        start.wait()
        made.append(night.go(client_id=once, answers=FAILING, photos={"running": [picture]}).pk)
        connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 5
    assert len(set(made)) == 1
    assert (Round.objects.count(), Case.objects.count(), Paper.objects.count()) == (1, 1, 1)
