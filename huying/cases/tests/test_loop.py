"""The rules of the loop that must hold, one test each."""

from __future__ import annotations

import datetime as dt

import pytest

from huying.cases import actions
from huying.cases.models import Case, CaseReturn, Notice, Status
from huying.cases.suggest import responsible_for
from huying.core import journal
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import make_duty, make_user
from huying.people.models import Department
from huying.places.clock import parse_limit
from huying.places.work_calendar import current_calendar
from huying.registry.models import Item, Register

from .conftest import Loop, fresh


def codes(case: Case) -> list[str]:
    return [entry.code for entry in entries_of(case)]


def test_a_report_goes_through_the_whole_loop(loop: Loop) -> None:
    case = loop.closed()
    assert case.status == Status.CLOSED
    assert codes(case) == [
        "case.reported", "case.filed", "case.dispatched", "case.taken_up", "case.handled", "case.checked",
        "case.closed",
    ]  # fmt: skip
    assert list(journal.verify()) == []


def test_a_case_lies_in_the_smallest_area_around_its_point(loop: Loop) -> None:
    case = loop.reported()
    assert case.area == loop.district.grid_of("东苑社区", 1)
    assert case.subdistrict == loop.district.east
    assert case.compound == loop.district.compound


def test_the_same_form_sent_twice_is_one_report(loop: Loop) -> None:
    import uuid

    client_id = uuid.uuid4()
    assert loop.report(client_id=client_id) == loop.report(client_id=client_id)
    assert Case.objects.count() == 1


class TestTheClock:
    def test_starts_at_dispatch_with_the_limit_of_the_category(self, loop: Loop, time_of) -> None:
        now = time_of(2026, 11, 18, 9)
        case = loop.dispatched()
        assert case.limit == "2 work days"
        assert case.due_at == current_calendar().deadline(now, parse_limit("2 work days")).at

    def test_keeps_the_limit_that_applied_when_it_began(self, loop: Loop) -> None:
        case = loop.dispatched()
        due = case.due_at
        case.category.limit = "1 work hour"
        case.category.save()
        assert (fresh(case).limit, fresh(case).due_at) == ("2 work days", due)

    def test_pauses_while_parked(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)  # Wednesday; due Friday 09:00
        case = loop.handling()
        time_of(2026, 11, 19, 9)
        parking = actions.ask_parking(
            case,
            reason="等配件到货再修",
            plan="城管局下周采购后更换",
            until=dt.date(2026, 12, 1),
            actor=loop.clerk,
        )
        actions.approve_parking(parking, actor=loop.arbiter)
        case = fresh(case)
        assert case.next_rung_at is None
        time_of(2026, 12, 1, 9)
        actions.resume_case(case, actor=loop.clerk)
        assert case.due_at is not None
        assert case.due_at.astimezone(dt.timezone(dt.timedelta(hours=8))) == dt.datetime(
            2026, 12, 2, 9, tzinfo=dt.timezone(dt.timedelta(hours=8))
        )

    def test_a_parked_case_is_resumed_when_its_date_comes(self, loop: Loop, time_of) -> None:
        from huying.cases.actions.timing import resume_due_parkings

        time_of(2026, 11, 18, 9)
        case = loop.handling()
        parking = actions.ask_parking(
            case,
            reason="等配件到货再修",
            plan="城管局下周采购后更换",
            until=dt.date(2026, 12, 1),
            actor=loop.clerk,
        )
        actions.approve_parking(parking, actor=loop.arbiter)
        assert resume_due_parkings(dt.date(2026, 11, 30)) == 0
        assert resume_due_parkings(dt.date(2026, 12, 1)) == 1
        assert fresh(case).parked_at is None

    def test_parks_once_only(self, loop: Loop) -> None:
        case = loop.handling()
        ask = {
            "reason": "等配件到货再修",
            "plan": "下周采购后更换",
            "until": dt.date.today() + dt.timedelta(30),
        }
        actions.approve_parking(actions.ask_parking(case, **ask, actor=loop.clerk), actor=loop.arbiter)
        case = fresh(case)
        actions.resume_case(case, actor=loop.clerk)
        with pytest.raises(Refusal, match="不能再挂账"):
            actions.ask_parking(case, **ask, actor=loop.clerk)

    def _extend(self, loop: Loop, case: Case) -> None:
        extension = actions.ask_extension(case, reason="配件要从外地调货", actor=loop.clerk)
        actions.approve_extension(extension, actor=loop.head)
        extension.case.refresh_from_db()
        actions.approve_extension(extension, actor=loop.arbiter)

    def test_is_extended_by_the_original_limit_and_at_most_twice(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.handling()
        for _round in range(2):
            self._extend(loop, case)
            case = fresh(case)
        assert current_calendar().elapsed(
            case.clock_started_at, case.due_at, parse_limit("2 work days").clock
        ) == (current_calendar().span_of(parse_limit("6 work days")))
        with pytest.raises(Refusal, match="不能再延期"):
            actions.ask_extension(case, reason="配件还是没有到货", actor=loop.clerk)

    def test_is_extended_only_by_two_approvals_of_other_people(self, loop: Loop) -> None:
        case = loop.handling()
        due = case.due_at
        extension = actions.ask_extension(case, reason="配件要从外地调货", actor=loop.clerk)
        with pytest.raises(NotAllowed, match="负责人"):
            actions.approve_extension(extension, actor=loop.arbiter)
        actions.approve_extension(extension, actor=loop.head)
        assert fresh(case).due_at == due
        with pytest.raises(NotAllowed):
            actions.approve_extension(extension, actor=loop.head)
        actions.approve_extension(extension, actor=loop.arbiter)
        assert fresh(case).due_at > due

    def test_is_never_extended_when_overdue(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.handling()
        time_of(2026, 11, 25, 9)
        with pytest.raises(Refusal, match="超期"):
            actions.ask_extension(case, reason="配件要从外地调货", actor=loop.clerk)

    def test_an_extension_approved_too_late_is_refused(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.handling()
        extension = actions.ask_extension(case, reason="配件要从外地调货", actor=loop.clerk)
        actions.approve_extension(extension, actor=loop.head)
        time_of(2026, 11, 25, 9)
        extension.case.refresh_from_db()
        with pytest.raises(Refusal, match="超期"):
            actions.approve_extension(extension, actor=loop.arbiter)

    def test_a_deadline_in_an_unpublished_year_is_provisional(self, loop: Loop, time_of) -> None:
        time_of(2026, 12, 31, 17)
        case = loop.dispatched()
        assert case.due_provisional

    def test_a_provisional_deadline_is_recomputed_when_the_calendar_arrives(
        self, loop: Loop, time_of
    ) -> None:
        from huying.places.fresh import Kept
        from huying.places.models import CalendarDay, PublishedYear

        time_of(2026, 12, 31, 17)
        case = loop.dispatched()
        guessed = case.due_at
        for day in (1, 4, 5):
            CalendarDay.objects.update_or_create(
                day=dt.date(2027, 1, day),
                defaults={"is_workday": False, "title": "元旦", "source": "published"},
            )
        PublishedYear.objects.create(year=2027)
        Kept.look_at_all_again()
        assert actions.recompute_provisional() == 1
        case = fresh(case)
        assert case.due_at > guessed
        assert not case.due_provisional
        assert codes(case)[-1] == "case.deadline_recomputed"

    def test_a_recomputed_deadline_keeps_what_stood_still(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)  # 2 work days: due Friday 20th 09:00
        case = loop.handled()
        time_of(2026, 11, 23, 9)
        actions.send_back_for_rework(case, reason="只换了一半的灯", actor=loop.checker)
        before = fresh(case).due_at
        assert actions.recompute_provisional(dt.date(2026, 11, 1)) == 0
        assert fresh(case).due_at == before


class TestReturns:
    def test_a_return_needs_a_reason(self, loop: Loop) -> None:
        with pytest.raises(Refusal, match="理由"):
            actions.return_case(loop.dispatched(), reason=" ", actor=loop.clerk)

    def test_a_return_clears_nothing(self, loop: Loop) -> None:
        case = loop.handling()
        before = (case.words, case.due_at, case.clock_started_at, case.title)
        actions.return_case(case, reason="这段路归街道管", actor=loop.clerk)
        case = fresh(case)
        assert (case.words, case.due_at, case.clock_started_at, case.title) == before
        assert case.status == Status.FILED
        assert CaseReturn.objects.get().department == loop.district.urban

    def test_a_request_for_more_time_ends_with_the_return(self, loop: Loop) -> None:
        case = loop.handling()
        extension = actions.ask_extension(case, reason="配件要从外地调货", actor=loop.clerk)
        actions.return_case(fresh(case), reason="这段路归街道管", actor=loop.clerk)
        extension.refresh_from_db()
        assert extension.state == "refused"
        actions.dispatch_case(
            fresh(case), department=loop.district.urban, actor=loop.dispatcher, note="核实过"
        )
        with pytest.raises(Conflict):
            actions.approve_extension(extension, actor=loop.head)

    def test_after_two_returns_an_arbiter_decides_and_it_stays(self, loop: Loop) -> None:
        case = loop.dispatched()
        actions.return_case(case, reason="这段路归街道管", actor=loop.clerk)
        actions.dispatch_case(
            fresh(case), department=loop.district.urban, actor=loop.dispatcher, note="核实过"
        )
        case = fresh(case)
        actions.return_case(case, reason="确实不归我们管", actor=loop.clerk)
        case = fresh(case)
        assert case.needs_arbitration
        with pytest.raises(NotAllowed, match="裁定"):
            actions.dispatch_case(case, department=loop.district.urban, actor=loop.dispatcher, note="再派")
        actions.dispatch_case(case, department=loop.district.urban, actor=loop.arbiter, note="裁定由城管局办")
        case = fresh(case)
        assert case.hops == 3
        with pytest.raises(Refusal, match="不能再退"):
            actions.return_case(case, reason="还是不想办这个", actor=loop.clerk)


class TestResponsible:
    def test_a_community_is_never_lead(self, loop: Loop) -> None:
        with pytest.raises(Refusal, match="社区"):
            actions.dispatch_case(loop.filed(), department=loop.district.community, actor=loop.dispatcher)

    def test_a_duty_of_a_community_is_passed_over(self, loop: Loop) -> None:
        make_duty("lighting", loop.district.communities["东苑社区"], loop.district.community)
        found = responsible_for(loop.filed())
        assert found.department == loop.district.urban

    def test_the_owner_of_the_thing_comes_first(self, loop: Loop) -> None:
        make_duty("lighting", loop.district.root, loop.district.urban)
        register = Register.objects.create(code="lamp", title="路灯")
        lamp = Item.objects.create(
            register=register, code="L1", title="建设路1号灯", owner=loop.district.water
        )
        found = responsible_for(loop.filed(item=lamp))
        assert (found.department, found.rule) == (loop.district.water, "owner")
        assert "谁所有、谁负责" in found.why

    def test_else_the_duty_in_the_smallest_area_around_the_point(self, loop: Loop) -> None:
        district = loop.district
        make_duty("lighting", district.root, district.urban)
        make_duty("lighting", district.east, district.streets["east"])
        make_duty("lighting", district.compound, district.water)
        inside = responsible_for(loop.filed())
        beside = responsible_for(loop.filed(point=district.in_east))
        far = responsible_for(loop.filed(point=district.in_west))
        assert [inside.department, beside.department, far.department] == [
            district.water, district.streets["east"], district.urban,
        ]  # fmt: skip
        assert "东苑小区" in inside.why

    def test_else_the_department_of_the_category(self, loop: Loop) -> None:
        found = responsible_for(loop.filed())
        assert (found.department, found.rule) == (loop.district.urban, "category")

    def test_an_ended_duty_counts_no_more(self, loop: Loop) -> None:
        make_duty("lighting", loop.district.east, loop.district.streets["east"], ends_on=dt.date(2020, 1, 1))
        assert responsible_for(loop.filed()).rule == "category"

    def test_nobody_found_says_so(self, loop: Loop) -> None:
        found = responsible_for(loop.filed(category="street-order"))
        assert found.department is None
        assert "人工" in found.why

    def test_sending_it_elsewhere_needs_a_reason(self, loop: Loop) -> None:
        case = loop.filed()
        with pytest.raises(Refusal, match="理由"):
            actions.dispatch_case(case, department=loop.district.water, actor=loop.dispatcher)
        actions.dispatch_case(
            case, department=loop.district.water, actor=loop.dispatcher, note="水管边上的灯"
        )
        assert "水管边上的灯" in fresh(case).why


class TestChecking:
    def test_it_is_checked_by_someone_other_than_the_handler(self, loop: Loop) -> None:
        case = loop.handled()
        both = make_user("checker", department=loop.district.urban)
        case.handled_by = both
        with pytest.raises(NotAllowed, match="换人"):
            actions.check_case(case, actor=both)

    def test_five_refusals_are_answered_before_strike_off(self, loop: Loop) -> None:
        loop.ledger.declaration["gates"]["close"] = ["checked_by_other", "five_refusals"]
        loop.ledger.save()
        case = fresh(loop.handled())
        yes = dict.fromkeys(("in_place", "thorough", "effective", "lasting", "satisfied"), True)
        with pytest.raises(Refusal, match="逐项回答"):
            actions.check_case(case, actor=loop.checker, refusals={"in_place": True})
        with pytest.raises(Refusal, match="返工"):
            actions.check_case(case, actor=loop.checker, refusals={**yes, "lasting": False})
        actions.check_case(case, actor=loop.checker, refusals=yes)
        actions.close_case(case, actor=loop.dispatcher)
        assert fresh(case).status == Status.CLOSED

    def test_rework_runs_the_clock_with_what_was_left(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)  # due Friday 20th 09:00
        case = loop.handled()
        time_of(2026, 11, 23, 9)
        actions.send_back_for_rework(case, reason="只换了一半的灯", actor=loop.checker)
        case = fresh(case)
        assert case.due_at == dt.datetime(2026, 11, 25, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))
        assert (case.reworks, case.status) == (1, Status.HANDLING)

    def test_a_late_handling_stays_overdue_for_ever(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.handling()
        time_of(2026, 11, 25, 9)
        actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器")
        assert fresh(case).overdue


class TestAppeals:
    def test_an_approved_overdue_appeal_leaves_a_score_never_the_record(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.handling()
        time_of(2026, 11, 25, 9)
        actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器")
        actions.check_case(case, actor=loop.checker)
        actions.close_case(case, actor=loop.dispatcher)
        appeal = actions.appeal_overdue(fresh(case), reason="暴雪封路三天无法进场", actor=loop.clerk)
        actions.review_appeal(appeal, actor=loop.supervisor)
        with pytest.raises(NotAllowed):
            actions.review_appeal(appeal, actor=loop.supervisor)
        appeal.case.refresh_from_db()
        actions.review_appeal(appeal, actor=loop.arbiter)
        case = fresh(case)
        assert case.exempt
        assert case.overdue

    def test_an_appeal_covers_the_time_before_a_reopening_only(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.handling()
        time_of(2026, 11, 25, 9)
        actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器")
        actions.check_case(case, actor=loop.checker)
        actions.close_case(case, actor=loop.dispatcher)
        appeal = actions.appeal_overdue(fresh(case), reason="暴雪封路三天无法进场", actor=loop.clerk)
        for reviewer in (loop.supervisor, loop.arbiter):
            actions.review_appeal(appeal, actor=reviewer)
            appeal.case.refresh_from_db()
        case = fresh(case)
        actions.reopen_case(case, reason="又不亮了", actor=loop.supervisor)
        assert fresh(case).exempt
        time_of(2026, 12, 10, 9)
        actions.report_handled(case, actor=loop.clerk, answer="换了整段线路")
        assert (fresh(case).overdue, fresh(case).exempt) == (True, False)


class TestEveryReportIsAnswered:
    def test_merging_keeps_each_reporters_tracking_notice_and_rating(self, loop: Loop) -> None:
        first, second = loop.report(), loop.report(words="楼下路灯也不亮")
        main, other = fresh(first.case), fresh(second.case)
        actions.merge_cases(main, [other], actor=loop.dispatcher)
        second.refresh_from_db()
        assert second.case == main
        assert fresh(main).reports_count == 2
        assert fresh(other).status == Status.MERGED
        assert Notice.objects.filter(report=second, code="reporter.merged").exists()
        actions.file_case(fresh(main), actor=loop.dispatcher)
        assert Notice.objects.filter(report=second, code="reporter.filed").exists()

    def test_each_reporter_rates_for_themselves(self, loop: Loop) -> None:
        case = loop.closed()
        follower = case.reports.get()
        actions.record_callback(follower, actor=None, contacted=True, solved=True, grade=5)
        actions.record_callback(follower, actor=loop.callback, contacted=True, solved=False, grade=2)
        assert case.callbacks.count() == 2
        assert fresh(case).unsolved == 1

    def test_joining_a_known_case_gives_a_number_of_ones_own(self, loop: Loop) -> None:
        case = loop.reported()
        mine = loop.report(follows=case)
        assert mine.case == case
        assert mine.followed
        assert mine.number != case.reports.first().number

    def test_reopening_within_the_window_starts_a_fresh_limit(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 18, 9)
        case = loop.closed()
        now = time_of(2026, 11, 30, 9)
        actions.ask_to_reopen(case.reports.get(), reason="又不亮了")
        case = fresh(case)
        assert (case.status, case.reopenings) == (Status.HANDLING, 1)
        assert case.due_at == current_calendar().deadline(now, parse_limit("2 work days")).at

    def test_reopening_after_the_window_is_refused_with_what_to_do(self, loop: Loop, time_of) -> None:
        time_of(2026, 11, 1, 9)
        case = loop.closed()
        time_of(2026, 11, 20, 9)
        with pytest.raises(Refusal, match="重新提交"):
            actions.ask_to_reopen(case.reports.get(), reason="又不亮了")

    def test_a_withdrawn_last_report_voids_the_case_before_handling(self, loop: Loop) -> None:
        report = loop.report()
        actions.withdraw_report(report)
        assert fresh(report.case).status == Status.VOIDED
        with pytest.raises((Conflict, Refusal)):
            actions.withdraw_report(report)

    def test_exclusion_counts_only_after_a_second_persons_review(self, loop: Loop) -> None:
        case = loop.closed()
        exclusion = actions.ask_exclusion(fresh(case), reason="要求补偿与本区无关", actor=loop.arbiter)
        assert not fresh(case).excluded
        with pytest.raises(NotAllowed):
            actions.review_exclusion(exclusion, actor=loop.arbiter)
        exclusion.case.refresh_from_db()
        actions.review_exclusion(exclusion, actor=loop.supervisor)
        assert fresh(case).excluded


class TestRights:
    def test_a_clerk_takes_up_only_what_is_given_to_the_own_department(self, loop: Loop) -> None:
        stranger = make_user("clerk", department=loop.district.water)
        with pytest.raises(NotAllowed, match="部门"):
            actions.take_up_case(loop.dispatched(), actor=stranger)

    def test_a_dispatcher_of_another_street_may_not(self, loop: Loop) -> None:
        elsewhere = make_user("dispatcher", area=loop.district.west)
        with pytest.raises(NotAllowed, match="区域"):
            actions.file_case(loop.reported(), actor=elsewhere)

    def test_a_helper_sees_but_does_not_lead(self, loop: Loop) -> None:
        from huying.cases.policy import cases_for

        case = loop.handling()
        helper = make_user("clerk", department=loop.district.water)
        assert not cases_for(helper).filter(pk=case.pk).exists()
        assistance = actions.ask_assistance(
            case, department=loop.district.water, task="关一下这段的水阀", actor=loop.clerk
        )
        helper = type(helper).objects.get(pk=helper.pk)
        assert cases_for(helper).filter(pk=case.pk).exists()
        with pytest.raises(NotAllowed):
            actions.report_handled(fresh(case), actor=helper, answer="我来报办结")
        actions.finish_assistance(assistance, result="水阀已关", actor=helper)
        assert assistance.done_at is not None

    def test_a_step_that_is_not_open_says_where_the_case_is(self, loop: Loop) -> None:
        with pytest.raises(Conflict, match="已结案"):
            actions.dispatch_case(loop.closed(), department=loop.district.urban, actor=loop.dispatcher)


def test_two_winners_are_impossible_for_one_version(loop: Loop) -> None:
    case = loop.dispatched()
    mine, yours = fresh(case), fresh(case)
    actions.take_up_case(mine, actor=loop.clerk)
    with pytest.raises(Conflict, match="刚才有人更新"):
        actions.take_up_case(yours, actor=loop.colleague)


def test_departments_that_ended_are_not_chosen(loop: Loop) -> None:
    Department.objects.filter(pk=loop.district.urban.pk).update(valid_to=dt.date(2020, 1, 1))
    case = loop.filed()
    with pytest.raises(Refusal, match="停用"):
        actions.dispatch_case(
            case, department=Department.objects.get(pk=loop.district.urban.pk), actor=loop.dispatcher
        )
