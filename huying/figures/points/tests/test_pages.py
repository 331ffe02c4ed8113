"""Who opens whose points: a person their own, a head their people, others masked names, strangers nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.core.testing import AccessSuite, make_user
from huying.figures.points.models import PointEntry
from huying.figures.points.tests.conftest import Stage, make_stage
from huying.people.models import User

pytestmark = pytest.mark.django_db


class TestSchemes(AccessSuite):
    url, role, whole_district = "figures:points-schemes", "supervisor", True

    def prepare(self) -> None:
        make_stage(self.district)


class TestOwnPoints(AccessSuite):
    url, role = "figures:my-points", "grid-worker"

    def prepare(self) -> None:
        make_stage(self.district)


class TestGroup(AccessSuite):
    """The street's head reads names; the same role elsewhere doesn't find the group."""

    role, shows_area = "head", True

    def prepare(self) -> None:
        self.stage = make_stage(self.district)

    def address(self) -> str:
        return reverse("figures:points", args=["workers"]) + f"?group={self.district.east.code}"

    def person(self, area: Any) -> User:
        return self.stage.head if area == self.district.east else self.stage.west_head


def opened(client: Client, user: User, stage: Stage, of: User) -> int:
    client.force_login(user)
    return int(client.get(reverse("figures:points-person", args=["workers", of.pk])).status_code)


def test_a_person_sees_their_own_and_their_head_sees_it_too(client: Client, stage: Stage) -> None:
    stage.reported(stage.ada, 3)
    assert opened(client, stage.ada, stage, stage.ada) == 200
    assert opened(client, stage.head, stage, stage.ada) == 200
    assert opened(client, stage.bo, stage, stage.ada) == 404
    assert opened(client, stage.west_head, stage, stage.ada) == 404


def test_readers_of_figures_see_masked_names(client: Client, stage: Stage) -> None:
    url = reverse("figures:points", args=["workers"]) + "?group=410403003"
    for reader, named in ((make_user("leader"), False), (stage.head, True)):
        client.force_login(reader)
        page = client.get(url).content.decode()
        exported = b"".join(client.get(url + "&export=csv").streaming_content).decode()  # type: ignore[attr-defined]
        assert [("王小ada" in text, "王****" in text) for text in (page, exported)] == [
            (named, not named)
        ] * 2


def test_a_head_enters_and_a_supervisor_agrees_on_their_pages(client: Client, stage: Stage) -> None:
    client.force_login(stage.head)
    sent = {
        "group": "410403003", "period": stage.month.name, "person": str(stage.ada.pk), "item": "praise",
        "on": f"{stage.day(3)}", "words": "救了落水的孩子",
    }  # fmt: skip
    answer = client.post(reverse("figures:points-enter", args=["workers"]), sent)
    assert answer.status_code == 302
    entry = PointEntry.objects.get()
    client.force_login(stage.supervisor)
    assert "救了落水的孩子" in client.get(reverse("figures:points-schemes")).content.decode()
    client.post(reverse("figures:points-decide-entry", args=[entry.pk]), {"approved": "yes"})
    entry.refresh_from_db()
    assert entry.approved is True
    client.force_login(stage.ada)
    page = client.get(reverse("figures:my-points") + f"?period={stage.month.name}").content.decode()
    assert "+5" in page and "救了落水的孩子" in page


def test_of_a_verb_the_wrong_person_hears_404(client: Client, stage: Stage) -> None:
    client.force_login(stage.west_head)
    assert (
        client.post(reverse("figures:points-redeem", args=["workers", stage.ada.pk]), {}).status_code == 404
    )
