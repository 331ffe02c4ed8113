"""What we owe the city reaches it: in order, once, whatever the city does meanwhile."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Case, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.errors import Refusal
from huying.integrations.hotline import compare
from huying.integrations.hotline.models import CitySystem, Delivery, Exchange, Order
from huying.integrations.hotline.outbox import (
    LEASE,
    push_again,
    push_order,
    retry_delivery,
    skip_delivery,
    status_of,
)
from huying.integrations.hotline.tests.city import City
from huying.integrations.hotline.tests.conftest import contents, make_system, post
from huying.integrations.hotline.tests.test_orders import close, finish
from huying.places.where import where_is

RESULT = ["received", "accepted", "dispatched", "taken_up", "handled", "result"]


def make_due() -> None:
    """As if the time until the next try had passed."""
    Order.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())


def push_all() -> None:
    make_due()
    for order_id in Order.objects.owed().values_list("pk", flat=True):
        push_order(order_id)


def heard(city: City, number: str) -> list[str]:
    return [city.events[number][sequence]["event"] for sequence in sorted(city.events[number])]


@pytest.mark.django_db
class TestOneOrder:
    @pytest.fixture(autouse=True)
    def _order(self, loop: Loop, system: CitySystem, city: City, client: Client) -> None:
        self.loop, self.city, self.client = loop, city, client
        post(client, contents("A"))
        self.order = Order.objects.get()

    def test_the_city_hears_receipt_progress_and_result(self) -> None:
        close(self.loop, self.order.report.case)
        push_order(self.order.pk)
        assert heard(self.city, "A") == RESULT
        assert self.city.events["A"][3]["department"] == "城市管理局"
        assert self.city.events["A"][6]["answer"] == "换了灯泡和镇流器"
        order = Order.objects.get()
        assert (order.next_try_at, order.sending_until) == (None, None)

    def test_it_hears_of_the_callback_with_no_name_or_phone_in_anything(self) -> None:
        close(self.loop, self.order.report.case)
        actions.record_callback(
            self.order.report, actor=self.loop.callback, solved=True, grade=5, contacted=True
        )
        push_order(self.order.pk)
        assert self.city.events["A"][7]["grade"] == 5
        said = str(self.city.events) + str(list(Exchange.objects.values()))
        assert "13800001111" not in said
        assert "李小明" not in said

    def test_a_failed_message_waits_and_keeps_those_behind_it(self) -> None:
        self.city.moods = ("503",)
        self.city.random = random.Random(3)
        while Delivery.objects.get().tries < 1:
            push_all()
        before = list(self.city.arrivals)
        actions.file_case(fresh(self.order.report.case), actor=self.loop.dispatcher)
        self.city.moods = ()
        if Order.objects.get().next_try_at > timezone.now():  # type: ignore[operator]
            assert push_order(self.order.pk) == 0
            assert self.city.arrivals == before
        push_all()
        assert heard(self.city, "A") == ["received", "accepted"]

    def test_what_the_city_has_already_counts_as_acknowledged(self) -> None:
        self.city.events["A"][1] = {"event": "received", "sequence": 1}
        push_order(self.order.pk)
        assert Delivery.objects.get().state == Delivery.State.ACKNOWLEDGED

    def test_what_the_city_refuses_for_good_waits_for_a_person(self) -> None:
        self.city.refuse = 404
        push_order(self.order.pk)
        stuck = Delivery.objects.get()
        assert stuck.state == Delivery.State.STUCK
        assert "不再推送" in stuck.problem
        actions.file_case(fresh(self.order.report.case), actor=self.loop.dispatcher)
        self.city.refuse = None
        push_all()
        assert heard(self.city, "A") == []
        retry_delivery(stuck, actor=self.loop.agent)
        push_all()
        assert heard(self.city, "A") == ["received", "accepted"]

    def test_a_skipped_message_lets_the_next_ones_pass(self) -> None:
        self.city.refuse = 422
        push_order(self.order.pk)
        actions.file_case(fresh(self.order.report.case), actor=self.loop.dispatcher)
        self.city.refuse = None
        skip_delivery(Delivery.objects.get(sequence=1), actor=self.loop.agent)
        push_all()
        assert heard(self.city, "A") == ["accepted"]
        with pytest.raises(Refusal):
            skip_delivery(Delivery.objects.get(sequence=2), actor=self.loop.agent)

    def test_a_paused_system_gets_nothing_until_it_goes_on(self) -> None:
        CitySystem.objects.update(paused=True)
        push_all()
        assert not self.city.arrivals
        CitySystem.objects.update(paused=False)
        push_all()
        assert heard(self.city, "A") == ["received"]

    def test_a_sender_that_died_is_replaced_when_its_lease_ends(self) -> None:
        Order.objects.update(sending_until=timezone.now() + LEASE)
        push_all()
        assert not self.city.arrivals
        Order.objects.update(sending_until=timezone.now())
        push_all()
        assert heard(self.city, "A") == ["received"]

    def test_our_signature_is_the_citys(self) -> None:
        push_order(self.order.pk)
        assert not self.city.wrong_signatures

    def test_a_merged_order_is_told_of_the_case_it_is_part_of_now(self) -> None:
        main = self.loop.dispatched()
        actions.merge_cases(main, [fresh(self.order.report.case)], actor=self.loop.dispatcher)
        actions.take_up_case(fresh(main), actor=self.loop.clerk)
        finish(self.loop, main)
        push_order(self.order.pk)
        assert heard(self.city, "A") == ["received", "merged", "taken_up", "handled", "result"]

    def test_the_comparison_shows_what_differs_and_pushes_again(self) -> None:
        close(self.loop, self.order.report.case)
        post(self.client, contents("B"))
        self.city.open = {"A": "handling", "B": "received", "C": "received"}
        result = compare.compare(CitySystem.objects.get())
        rows = {row["number"]: (row["theirs"], row["ours"]) for row in result["rows"]}
        assert rows == {"A": ("handling", "closed"), "C": ("received", "")}
        push_again(self.order, actor=self.loop.agent)
        push_all()
        assert heard(self.city, "A") == [*RESULT, "result"]

    def test_a_city_whose_list_is_nonsense_is_said(self) -> None:
        self.city.refuse = 404
        assert "error" in compare.compare(CitySystem.objects.get())


def in_threads(*works: Callable[[], Any]) -> None:
    """Run them at once, each on a connection of its own."""
    # The first question after a change of the map is answered from memory to all but the one who asks first.
    where_is(113.3225, 33.715)
    failures: list[BaseException] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.django_db(transaction=True)
def test_the_same_order_twice_at_once_is_one_case(system: CitySystem) -> None:
    answers: list[int] = []
    in_threads(*[lambda: answers.append(post(Client(), contents()).status_code)] * 6)
    assert sorted(answers) == [200] * 5 + [201]
    assert Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_request_twice_at_once_is_one_and_a_replay(system: CitySystem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huying.integrations.hotline.signing.secrets.token_urlsafe", lambda _n: "n-1")
        answers: list[int] = []
        in_threads(*[lambda: answers.append(post(Client(), contents()).status_code)] * 4)
    assert sorted(answers) == [201, 409, 409, 409]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1])
@pytest.mark.schema
def test_a_misbehaving_city_ends_with_both_sides_equal(loop: Loop, seed: int) -> None:
    """Duplicates, old revisions late, wrong signatures and replays in; timeouts, 500s and lost answers out."""
    chance = random.Random(seed)
    city = City(
        seed=seed, moods=("", "hang up", "500", "503", "429", "lose answer", "lose answer", "nonsense")
    )
    make_system(loop, city.url)
    numbers = [f"S{seed}-{index}" for index in range(4)]
    sent = [contents(number, revision=revision, words=f"路灯不亮，第 {revision} 版")
            for number in numbers for revision in (1, 2)] * 2  # fmt: skip
    chance.shuffle(sent)

    def send(part: list[dict[str, Any]]) -> None:
        client = Client()
        for body in part:
            if chance.random() < 0.3:
                assert post(client, body, secret="guessed").status_code == 401
            assert post(client, body).status_code in (200, 201)

    try:
        in_threads(*[lambda part=sent[index::3]: send(part) for index in range(3)])  # type: ignore[misc]
        cases = {number: Case.objects.get(reports__external_number=number) for number in numbers}
        assert len({case.pk for case in cases.values()}) == Case.objects.count() == len(numbers)
        for number in numbers[:2]:
            in_threads(lambda number=number: close(loop, cases[number]), push_all, push_all)  # type: ignore[misc]
        actions.file_case(fresh(cases[numbers[2]]), actor=loop.dispatcher)
        rounds = 0
        while Order.objects.filter(next_try_at__isnull=False).exists():
            in_threads(push_all, push_all)
            rounds += 1
            assert rounds < 200
        for number in numbers:
            order = Order.objects.get(number=number)
            owed = [(d.sequence, d.event) for d in order.deliveries.all()]
            assert [(s, city.events[number][s]["event"]) for s in sorted(city.events[number])] == owed
            assert order.revision == 2
            assert order.report.words.endswith("第 2 版")
        assert city.most_under_way == 1
        first_arrivals = list(dict.fromkeys(city.arrivals))
        for number in numbers:
            mine = [sequence for who, sequence in first_arrivals if who == number]
            assert mine == sorted(mine)
        assert city.statuses() == {
            **dict.fromkeys(numbers[:2], "result"), numbers[2]: "accepted", numbers[3]: "received",
        }  # fmt: skip
        assert {status_of(Order.objects.get(number=n)) for n in numbers[:2]} == {"closed"}
        assert all(fresh(cases[n]).status == Status.CLOSED for n in numbers[:2])
    finally:
        city.stop()
