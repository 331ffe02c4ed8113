"""The bell: what the loop told this person and their department, and nobody else."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from huying.cases import actions
from huying.cases.models import Notice
from huying.core.testing import AS_PART, AccessSuite, make_user

from .conftest import Loop, fresh


class TestNotices(AccessSuite):
    url = "desk:notices"
    role = "supervisor"


class TestBell(AccessSuite):
    url = "desk:bell"
    role = "supervisor"
    part = True


class TestReading(AccessSuite):
    url = "desk:notices-read"
    role = "supervisor"
    method = "post"


def test_a_department_reads_what_was_given_to_it(loop: Loop, client: Client) -> None:
    case = loop.dispatched()
    client.force_login(loop.clerk)
    assert case.title in client.get(reverse("desk:notices")).content.decode()
    assert ">1<" in client.get(reverse("desk:bell"), headers=AS_PART).content.decode()


def test_another_department_reads_nothing_of_it(loop: Loop, client: Client) -> None:
    loop.dispatched()
    client.force_login(make_user("clerk", department=loop.district.water))
    assert "还没有通知" in client.get(reverse("desk:notices")).content.decode()


def test_marking_read_leaves_what_came_after_the_page_was_shown(loop: Loop, client: Client) -> None:
    case = loop.handling()
    seen = Notice.objects.filter(department=loop.district.urban).latest("pk")
    actions.urge_case(fresh(case), actor=loop.supervisor)
    client.force_login(loop.clerk)
    client.post(reverse("desk:notices-read"), {"until": seen.pk})
    new = Notice.objects.filter(department=loop.district.urban, read_at=None)
    assert [notice.code for notice in new] == ["case.urged"]


def test_the_list_costs_the_same_for_many_notices(
    loop: Loop, client: Client, django_assert_max_num_queries: Any
) -> None:
    for _case in range(4):
        loop.dispatched()
    client.force_login(loop.clerk)
    client.get(reverse("desk:notices"))
    with django_assert_max_num_queries(10):
        client.get(reverse("desk:notices"))
