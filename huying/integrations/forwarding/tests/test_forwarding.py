"""A case goes to another server once, is followed there, and its end comes back as our department's work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Case, Report, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.errors import Conflict
from huying.core.models import JournalEntry
from huying.core.testing import make_district, make_user
from huying.integrations.forwarding import following, outbox
from huying.integrations.forwarding.models import Forwarding, Heard, Partner
from huying.integrations.forwarding.tests.conftest import follow_all, make_partner, push_all
from huying.integrations.forwarding.tests.elsewhere import Elsewhere

Start = Callable[..., Elsewhere]
State = Forwarding.State


@pytest.mark.django_db
class TestOneMatter:
    def test_a_dispatch_of_the_category_goes_there_with_the_problem_and_without_its_reporter(
        self, loop: Loop, elsewhere: Start
    ) -> None:
        there = elsewhere()
        make_partner(loop, there.url)
        case = loop.dispatched(name="李小明", phone="13800001111", address="建设路南段")
        push_all()
        row = Forwarding.objects.get(case=case)
        assert (row.state, row.remote_id) == (State.OPEN, "1000")
        sent = json.loads(there.requests["1000"]["sent"])
        assert row.marker in sent["description"] and "路灯" in sent["description"]
        assert sent["address_string"] == "建设路南段" and sent["lat"].startswith("33.71")
        assert sent["attribute[kind]"] == "路灯" and "attribute[colour]" not in sent
        assert "李小明" not in str(sent) and "13800001111" not in str(sent)
        assert JournalEntry.objects.filter(code="case.forwarded", subject_id=case.pk).count() == 1

    def test_another_category_or_department_stays_here(self, loop: Loop, elsewhere: Start) -> None:
        make_partner(loop, elsewhere().url)
        loop.dispatched(category="street-order")
        case = loop.filed()
        actions.dispatch_case(case, department=loop.district.water, actor=loop.dispatcher, note="指定")
        assert not Forwarding.objects.exists()

    def test_what_is_said_there_is_told_here_once(self, loop: Loop, elsewhere: Start) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url)
        case = loop.dispatched()
        push_all()
        there.say("1000", "已安排抢修车", update_id="u1")
        there.say("1000", "正在换灯")
        assert follow_all(partner) == 2
        assert follow_all(partner, times=3) == 0
        told = JournalEntry.objects.filter(code="case.partner_said", subject_id=case.pk).order_by("sequence")
        assert [entry.data["words"] for entry in told] == ["已安排抢修车", "正在换灯"]
        assert fresh(case).status == Status.DISPATCHED

    def test_closed_there_is_handled_here_and_checked_by_us(self, loop: Loop, elsewhere: Start) -> None:
        there = elsewhere(updates=False)
        partner = make_partner(loop, there.url)
        case = loop.dispatched()
        push_all()
        there.close("1000", "更换了镇流器，已亮灯")
        follow_all(partner, times=2)
        case = fresh(case)
        assert (case.status, case.answer) == (Status.HANDLED, "更换了镇流器，已亮灯")
        assert case.handled_by == loop.clerk and Forwarding.objects.get().state == State.DONE
        assert Partner.objects.get().has_updates is False
        actions.check_case(case, actor=loop.checker, words="亮了")

    def test_a_gate_that_bars_the_report_stands_on_the_row_for_the_clerk(
        self, loop: Loop, elsewhere: Start
    ) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url)
        loop.ledger.declaration = {**loop.ledger.declaration, "gates": {"report_handled": ["photo_after"]}}
        loop.ledger.save(update_fields=["declaration"])
        case = loop.dispatched()
        push_all()
        there.close("1000", "更换了镇流器，已亮灯")
        follow_all(partner)
        row = Forwarding.objects.get()
        assert row.state == State.ANSWERED and "处置后的照片" in row.problem
        assert fresh(case).status == Status.DISPATCHED

    def test_rework_here_is_a_new_matter_there(self, loop: Loop, elsewhere: Start) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url)
        case = loop.dispatched()
        push_all()
        there.close("1000", "更换了镇流器，已亮灯")
        follow_all(partner)
        actions.send_back_for_rework(fresh(case), actor=loop.checker, reason="晚上看仍然不亮")
        push_all()
        again = Forwarding.objects.get(round=2)
        assert again.remote_id == "1001" and "晚上看仍然不亮" in there.requests["1001"]["description"]

    def test_a_case_that_goes_to_somebody_else_is_followed_no_longer(
        self, loop: Loop, elsewhere: Start
    ) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url)
        case = loop.dispatched()
        push_all()
        actions.return_case(fresh(case), reason="不属于本单位职责范围", actor=loop.clerk)
        there.close("1000", "更换了镇流器，已亮灯")
        assert follow_all(partner) == 0
        assert Forwarding.objects.get().state == State.WITHDRAWN and fresh(case).status == Status.FILED

    def test_a_token_becomes_a_number_later(self, loop: Loop, elsewhere: Start) -> None:
        there = elsewhere(tokens=True)
        partner = make_partner(loop, there.url)
        loop.dispatched()
        push_all()
        row = Forwarding.objects.get()
        assert (row.state, row.token, row.remote_id) == (State.SENT, "t-1000", "")
        follow_all(partner)
        row.refresh_from_db()
        assert (row.state, row.remote_id) == (State.OPEN, "1000")

    def test_xml_is_read_as_well(self, loop: Loop, elsewhere: Start) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url, format="xml")
        case = loop.dispatched()
        push_all()
        there.close("1000", "换了灯 <&> 亮了")
        follow_all(partner)
        assert fresh(case).answer == "换了灯 <&> 亮了"


@pytest.mark.django_db
class TestRefusals:
    def test_a_wrong_key_stops_and_says_so_and_a_right_one_goes_on(
        self, loop: Loop, elsewhere: Start
    ) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url, api_key="wrong")
        loop.dispatched()
        push_all()
        row = Forwarding.objects.get()
        assert row.state == State.STUCK and "api_key was wrong" in row.problem
        right = Partner.objects.get(pk=partner.pk)
        right.api_key = "a key of theirs"
        right.save()
        outbox.try_again(row, actor=loop.clerk)
        with pytest.raises(Conflict):
            outbox.try_again(row, actor=loop.clerk)
        push_all()
        assert Forwarding.objects.get().state == State.OPEN

    @pytest.mark.parametrize(
        "body",
        [
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><requests><request>&b;</request></requests>',
            b"<html>please log in", b"", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 5000, b"null", b"[1, null]",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("form", ["json", "xml"])
    def test_an_answer_that_is_no_answer_is_tried_again(
        self, loop: Loop, elsewhere: Start, body: bytes, form: str
    ) -> None:
        there = elsewhere()
        partner = make_partner(loop, there.url, format=form)
        loop.dispatched()
        push_all()
        there.body = body
        assert follow_all(partner) == 0
        there.body = None
        there.close("1000", "换了灯泡，亮了")
        follow_all(partner)
        assert Forwarding.objects.get().state == State.DONE

    def test_a_number_that_is_another_case_s_is_refused(self, loop: Loop, elsewhere: Start) -> None:
        there = elsewhere()
        make_partner(loop, there.url)
        loop.dispatched()
        push_all()
        there.requests.clear()
        loop.dispatched(words="另一盏灯不亮", point=loop.district.in_east)
        push_all()
        stuck = Forwarding.objects.get(state=State.STUCK)
        assert "已经属于另一件" in stuck.problem

    def test_a_server_inside_our_network_is_not_reached(
        self, loop: Loop, elsewhere: Start, settings: Any
    ) -> None:
        there = elsewhere()
        make_partner(loop, there.url)
        settings.TRUSTED_HOSTS = set()
        loop.dispatched()
        push_all()
        assert there.posts == 0 and Forwarding.objects.get().state == State.STUCK


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.schema
def test_a_server_that_misbehaves_ends_with_every_case_there_once_and_both_sides_equal(
    loop: Loop, elsewhere: Start, seed: int
) -> None:
    there = elsewhere(seed=seed, moods=("stumble", "html", "lose", "mix"))
    partner = make_partner(loop, there.url)
    cases = [loop.dispatched(words=f"第{n}盏路灯不亮", point=(113.3201 + n / 5000, 33.715)) for n in range(8)]
    push_all()
    assert {row.state for row in Forwarding.objects.all()} == {State.OPEN}
    here = {row.remote_id: row.marker for row in Forwarding.objects.select_related("case")}
    assert len(there.requests) == len(cases) == len(here)
    assert all(here[number] in row["description"] for number, row in there.requests.items())
    for number in there.requests:
        there.say(number, f"{number} 派车", update_id=f"u{number}")
        there.close(number, f"{number} 已换灯，亮了")
    for _time in range(60):
        follow_all(partner)
        if not Forwarding.objects.filter(state=State.OPEN).exists():
            break
    assert {fresh(case).status for case in cases} == {Status.HANDLED}
    for row in Forwarding.objects.select_related("case"):
        assert row.case.answer == there.requests[row.remote_id]["status_notes"]
        assert Heard.objects.filter(forwarding=row, words=f"{row.remote_id} 派车").count() <= 1


@pytest.mark.django_db(transaction=True)
def test_any_number_of_workers_post_a_matter_once(elsewhere: Start) -> None:
    loop = Loop(make_district())
    there = elsewhere()
    make_partner(loop, there.url)
    loop.dispatched()
    pk = Forwarding.objects.get().pk
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        outbox.push_forwarding(pk)
        connection.close()

    threads = [threading.Thread(target=work) for _worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert there.posts == 1 and Forwarding.objects.get().state == State.OPEN


@pytest.mark.django_db(transaction=True)
def test_our_own_server_takes_it_and_tells_how_it_goes(live_server: Any) -> None:
    from huying.integrations.open311.keys import make_key

    loop = Loop(make_district())
    secret = make_key(title="自己", contact="x", actor=make_user("administrator"))[1]
    partner = make_partner(loop, f"{live_server.url}/open311/v2", api_key=secret)
    partner.routes.update(service_code="snapshot.lighting-dark", attributes={})
    case = loop.dispatched()
    push_all()
    row = Forwarding.objects.get()
    theirs = Case.objects.get(number=row.remote_id)
    assert theirs.pk != case.pk and row.marker in Report.objects.get(case=theirs).words
    actions.file_case(theirs, actor=loop.dispatcher)
    actions.dispatch_case(
        theirs, department=loop.district.streets["east"], actor=loop.dispatcher, note="指定"
    )
    clerk = make_user("clerk", department=loop.district.streets["east"])
    actions.take_up_case(fresh(theirs), actor=clerk)
    actions.report_handled(fresh(theirs), actor=clerk, answer="已更换灯泡，夜间复查正常")
    actions.check_case(fresh(theirs), actor=loop.checker, words="亮了")
    actions.close_case(fresh(theirs), actor=loop.dispatcher)
    assert following.follow(Partner.objects.get(pk=partner.pk)) > 0
    assert fresh(case).status == Status.HANDLED and "夜间复查正常" in fresh(case).answer
    assert Partner.objects.get().has_updates is True
    assert Forwarding.objects.get().ended_at <= timezone.now()
