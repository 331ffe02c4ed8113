"""Shifts on the phone: taken over once however often it is sent, handed over with the open cases, accepted."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.cases.handing_over import on_duty_panel, open_cases
from huying.cases.models import Case
from huying.cases.tests.conftest import Loop
from huying.cases.views.field.shifts import pages
from huying.core.testing import hold, make_post, make_user
from huying.people.models import Handover, Roster, Shift, Turn, User
from huying.people.rosters import watch
from huying.people.tests.test_rosters import Watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(loop: Loop) -> Watch:
    return Watch(loop.district)


@pytest.fixture
def loop(district: object) -> Loop:
    return Loop(district)  # type: ignore[arg-type]


def planned(post: Watch, user: User) -> Shift:
    shift = post.shift()
    Turn.objects.create(shift=shift, user=user)
    return shift


def due_soon(loop: Loop) -> Case:
    case = loop.handling()
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() + dt.timedelta(hours=15))
    case.refresh_from_db()
    return case


def test_an_arrival_sent_again_is_one_arrival(post: Watch, client: Client) -> None:
    shift = planned(post, post.one)
    client.force_login(post.one)
    assert "接班" in client.get(reverse("field:shifts")).content.decode()
    data = {
        "client_id": str(uuid.uuid4()), "lng": "113.32", "lat": "33.71", "tapped_at": timezone.now().isoformat(),
    }  # fmt: skip
    answers = [
        client.post(reverse("field:arrive", args=[shift.pk]), data, headers={"X-Work": "1"}) for _ in "12"
    ]
    assert [answer.status_code for answer in answers] == [200, 200] and answers[0].json() == answers[1].json()
    turn = Turn.objects.get()
    assert (turn.lng, turn.shift.arrived) == (113.32, 1)
    late = client.post(reverse("field:arrive", args=[shift.pk]), {}, headers={"X-Work": "1"})
    assert late.status_code == 409 and "已经接过" in late.json()["sentence"]


def test_a_shift_that_is_not_mine_is_a_conflict_in_words(post: Watch, client: Client) -> None:
    shift = planned(post, post.one)
    client.force_login(make_user("grid-worker", area=post.district.west))
    answer = client.post(
        reverse("field:arrive", args=[shift.pk]), {"client_id": str(uuid.uuid4())}, headers={"X-Work": "1"}
    )
    assert answer.status_code == 403 and "没有排您" in answer.json()["sentence"]
    assert client.get(reverse("field:hand-over", args=[shift.pk])).status_code == 404


def test_cases_due_in_the_next_shift_are_handed_over_and_acknowledged(
    loop: Loop, post: Watch, client: Client
) -> None:
    case = due_soon(loop)
    shift = planned(post, post.one)
    watch.arrive(shift, actor=post.one)
    client.force_login(post.one)
    url = reverse("field:hand-over", args=[shift.pk])
    page = client.get(url).content.decode()
    assert case.number in page and "下一班到期" in page
    data = {
        "notes": "雨大，低洼处已巡过", "client_id": str(uuid.uuid4()), f"mark-case-{case.number}": "on",
        f"note-case-{case.number}": "配件夜里到",
    }  # fmt: skip
    for _ in range(2):
        assert client.post(url, data, headers={"X-Work": "1"}).status_code == 200
    handover = Handover.objects.get()
    assert (handover.items.get().key, handover.items.get().note) == (case.number, "配件夜里到")
    client.force_login(post.head)
    page = client.get(reverse("field:handover", args=[handover.pk])).content.decode()
    assert "配件夜里到" in page and reverse("field:task", args=[case.number]) in page
    accept = reverse("field:accept-handover", args=[handover.pk])
    assert client.post(accept, {}, headers={"X-Work": "1"}).status_code == 422
    answer = client.post(accept, {"items": [handover.items.get().pk], "client_id": str(uuid.uuid4())})
    assert answer.status_code == 302 and Handover.objects.get().state == "accepted"


def test_a_refusal_on_the_phone_says_why(post: Watch, client: Client) -> None:
    shift = planned(post, post.one)
    watch.arrive(shift, actor=post.one)
    handover = watch.hand_over(shift, actor=post.one, notes="无")
    client.force_login(post.head)
    url = reverse("field:refuse-handover", args=[handover.pk])
    assert client.post(url, {"reason": "不"}).status_code == 422
    client.post(url, {"reason": "钥匙没有交"})
    assert Handover.objects.get().state == "refused"


def test_only_open_cases_of_the_area_and_topics_are_listed(loop: Loop, post: Watch) -> None:
    case = due_soon(loop)
    shift = planned(post, post.one)
    assert [work.key for work in open_cases(shift, post.one)] == [case.number]
    shift.roster.topics = ["street-order"]
    assert not list(open_cases(shift, post.one))
    shift.roster.topics = ["lighting"]
    assert [work.pressing for work in open_cases(shift, post.one)] == [True]
    Case.objects.update(due_at=timezone.now() + dt.timedelta(days=9), reported_at=timezone.now())
    assert "新来的" in next(open_cases(shift, post.one)).why
    Case.objects.update(reported_at=shift.starts_at - dt.timedelta(hours=1))
    assert not list(open_cases(shift, post.one))
    shift.roster.area = loop.district.west
    Case.objects.update(due_at=timezone.now())
    assert not list(open_cases(shift, post.one))


def test_the_case_says_who_is_on_duty_with_a_masked_phone(loop: Loop, post: Watch, client: Client) -> None:
    User.objects.filter(pk=post.one.pk).update(phone="13800001111")
    case = loop.handling()
    assert on_duty_panel(case, loop.supervisor) == ""
    watch.arrive(planned(post, post.one), actor=post.one)
    client.force_login(loop.supervisor)
    page = client.get(reverse("desk:case", args=[case.number])).content.decode()
    assert "现在值班" in page and "张一" in page and "13800001111" not in page and "138****1111" in page
    Roster.objects.update(area=loop.district.west)
    assert on_duty_panel(case, loop.supervisor) == ""


def test_the_own_shifts_open_without_a_signal(post: Watch) -> None:
    shift = planned(post, post.one)
    assert dict(pages(post.one)).keys() == {reverse("field:shifts")}
    watch.arrive(shift, actor=post.one)
    assert reverse("field:hand-over", args=[shift.pk]) in dict(pages(post.one))


def test_the_list_of_tasks_reminds_of_a_shift(post: Watch, client: Client) -> None:
    client.force_login(post.one)
    assert "到岗请点接班" not in client.get(reverse("field:home")).content.decode()
    shift = planned(post, post.one)
    assert "到岗请点接班" in client.get(reverse("field:home")).content.decode()
    watch.arrive(shift, actor=post.one)
    handover = watch.hand_over(shift, actor=post.one, notes="无")
    later = Shift.objects.create(
        roster=post.roster, code="next", title="下一班", on=timezone.localdate(), starts_at=shift.ends_at,
        ends_at=shift.ends_at + dt.timedelta(hours=12),
    )  # fmt: skip
    Turn.objects.create(shift=later, user=post.two)
    Handover.objects.filter(pk=handover.pk).update(to=later)
    client.force_login(post.two)
    assert "上一班交班了" in client.get(reverse("field:home")).content.decode()


def test_a_clerk_who_goes_out_has_shifts_on_the_phone_too(loop: Loop, post: Watch, client: Client) -> None:
    hold(loop.clerk, make_post(), loop.district.east)
    client.force_login(loop.clerk)
    assert client.get(reverse("field:shifts")).status_code == 200
    client.force_login(loop.callback)
    assert client.get(reverse("field:shifts")).status_code == 403
