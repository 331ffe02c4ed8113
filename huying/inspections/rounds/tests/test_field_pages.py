"""The phone's pages of a round: who opens them, what a form with a mistake keeps, what one tap does."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from typing import Any, ClassVar

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from huying.cases.models import Case
from huying.core.testing import AccessSuite, MiniDistrict, grant_role, make_post, make_user
from huying.inspections.models import Plan
from huying.inspections.rounds.models import Round
from huying.people.models import PostHolding, User
from huying.places.models import Area

from .conftest import NIGHT, Night, make_night

GOOD: dict[str, str] = {
    "answer-running": "pass", "answer-duty": "pass", "answer-board": "pass", "answer-return": "45",
}  # fmt: skip


def upload() -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(data, "JPEG")
    data.seek(0)
    data.name = "a.jpg"
    return data


class _OfTheNight(AccessSuite):
    """A clerk of the urban management, granted for one street."""

    role = "supervisor"

    def prepare(self) -> None:
        self.night = make_night(self.district)

    def person(self, area: Area) -> User:
        user = make_user(department=self.district.urban)
        grant_role(user, self.role, area=area)
        return user


class TestOverview(_OfTheNight):
    url = "inspections:field-rounds"

    def row_in_east(self) -> str:
        return "供暖联合夜查"


class TestPlacesOfAPlan(_OfTheNight):
    def address(self) -> str:
        return reverse("inspections:field-plan", args=["heating-nightly"])

    def row_in_east(self) -> str:
        return "东苑小区换热站"

    def test_a_plan_of_others_is_not_there(self) -> None:
        assert self.open(make_user("supervisor", department=self.district.water)).status_code == 404


class TestSheet(_OfTheNight):
    shows_area = True

    def address(self) -> str:
        return reverse("inspections:field-round", args=["heating-nightly", "item", self.night.station.pk])


class TestSheetWithoutAPlan(_OfTheNight):
    shows_area = True

    def address(self) -> str:
        return reverse("inspections:field-check", args=["heating-night", "item", self.night.station.pk])

    def test_a_standard_for_something_else_is_not_there(self) -> None:
        url = reverse("inspections:field-check", args=["heating-night", "area", self.district.east.pk])
        self.client.force_login(self.person(self.district.east))
        assert self.client.get(url).status_code == 404


class TestSending(_OfTheNight):
    shows_area = True
    method = "post"
    data: ClassVar[dict[str, Any]] = GOOD

    def address(self) -> str:
        return reverse("inspections:field-round", args=["heating-nightly", "item", self.night.station.pk])


class TestMade(_OfTheNight):
    shows_area = True

    def prepare(self) -> None:
        super().prepare()
        self.round = self.night.go()

    def address(self) -> str:
        return reverse("inspections:field-made", args=[self.round.pk])


@pytest.fixture
def at(night: Night, client: Client) -> str:
    client.force_login(night.inspector)
    return reverse("inspections:field-round", args=["heating-nightly", "item", night.station.pk])


class TestTheForm:
    def test_a_round_is_made(self, night: Night, client: Client, at: str) -> None:
        answer = client.post(at, GOOD | {"words": "一切正常"})
        round_ = Round.objects.get()
        assert answer.status_code == 302
        assert answer.url == reverse("inspections:field-made", args=[round_.pk])
        assert (round_.tenths, round_.words, round_.plan) == (1000, "一切正常", night.plan)

    def test_a_failure_becomes_a_case_with_its_letter(self, night: Night, client: Client, at: str) -> None:
        client.post(
            at, GOOD | {"answer-running": "fail", "photo-running": upload(), "note-running": "泵停了"}
        )
        round_ = Round.objects.get()
        page = client.get(reverse("inspections:field-made", args=[round_.pk])).content.decode()
        assert Case.objects.get().number in page
        assert "督办函" in page

    def test_a_mistake_keeps_what_was_tapped_and_taken(self, night: Night, client: Client, at: str) -> None:
        failing = {"answer-running": "fail", "photo-running": upload(), "note-running": "泵停了"}
        answer = client.post(at, GOOD | failing | {"answer-duty": ""})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "还有 1 项没有答：值班员在岗" in page
        assert "泵停了" in page
        assert 'name="photo-running_kept"' in page
        assert not Round.objects.exists()

    def test_a_missing_photo_is_asked_for_beside_its_item(
        self, night: Night, client: Client, at: str
    ) -> None:
        page = client.post(at, GOOD | {"answer-running": "fail"}).content.decode()
        assert "请拍一张照片" in page
        assert 'id="id_photo-running_error"' in page

    def test_nonsense_is_said_and_not_kept(self, night: Night, client: Client, at: str) -> None:
        for bad in (
            {"answer-running": "maybe"},
            {"answer-return": "热"},
            {"lng": "1000"},
            {"ended_at": "gestern"},
        ):
            assert client.post(at, GOOD | bad).status_code == 422, bad
        assert not Round.objects.exists()

    def test_one_tap_says_that_everything_is_right(self, night: Night, client: Client, at: str) -> None:
        night.version.declaration = {**NIGHT, "items": NIGHT["items"][:3]}
        night.version.save()
        client.post(at, {"all": "pass"})
        assert Round.objects.get().tenths == 1000

    def test_a_reading_can_not_be_tapped(self, night: Night, client: Client, at: str) -> None:
        answer = client.post(at, {"all": "pass"})
        assert answer.status_code == 422
        assert "回水温度" in answer.content.decode()

    def test_sent_twice_it_is_one(self, night: Night, client: Client, at: str) -> None:
        once = {"client_id": str(uuid.uuid4())}
        first, second = (client.post(at, GOOD | once, headers={"X-Work": "page"}) for _time in range(2))
        assert first.json() == second.json()
        assert Round.objects.count() == 1

    def test_the_version_that_the_phone_showed_is_the_one_that_counts(
        self, night: Night, client: Client, at: str
    ) -> None:
        newer = {**NIGHT, "items": [{"code": "log", "title": "运行记录"}]}
        night.version.standard.versions.create(number=2, declaration=newer, valid_from=timezone.localdate())
        client.post(at, GOOD | {"version": str(night.version.pk)})
        assert Round.objects.get().version == night.version

    def test_a_clock_that_is_hours_ahead_is_set_right_by_what_the_outbox_says(
        self, night: Night, client: Client, at: str
    ) -> None:
        # Finished ten minutes ago by a phone that is three hours ahead, and sent now.
        shown = timezone.now() + dt.timedelta(hours=3) - dt.timedelta(minutes=10)
        answer = client.post(
            at, GOOD | {"ended_at": shown.isoformat()}, headers={"X-Work": "page", "X-Work-Age": "600"}
        )
        assert answer.status_code == 200
        round_ = Round.objects.get()
        assert abs((timezone.now() - round_.ended_at).total_seconds() - 600) < 10
        assert abs(round_.clock_off_s - 3 * 3600) < 10

    def test_the_pages_that_open_offline_are_named(self, night: Night, client: Client, at: str) -> None:
        client.get(reverse("field:day"))
        pages = [page for page, _version in json.loads(client.get(reverse("field:day")).content)["pages"]]
        assert at in pages
        assert reverse("inspections:field-rounds") in pages


class TestWhoGoes:
    def test_a_post_goes_to_the_places_of_its_area(self, night: Night, client: Client) -> None:
        post = make_post("heating-watch")
        Plan.objects.create(
            code="watch", title="每日巡检",
            declaration={**night.plan.declaration, "plan": "watch", "every": "2 per day",
                         "by": "post heating-watch of the item", "proof": []},
        )  # fmt: skip
        district: MiniDistrict = night.district
        for area, sees in ((district.east, True), (district.west, False)):
            user = make_user("grid-worker", area=area)
            PostHolding.objects.create(user=user, post=post, area=area)
            client.force_login(user)
            page = client.get(reverse("inspections:field-rounds")).content.decode()
            assert ("每日巡检" in page) is sees

    def test_who_kept_the_place_does_its_duty(self, night: Night, client: Client) -> None:
        make_post("heating-watch")
        plan = Plan.objects.create(
            code="watch", title="每日巡检",
            declaration={**night.plan.declaration, "plan": "watch", "every": "2 per day",
                         "by": "post heating-watch of the item", "proof": []},
        )  # fmt: skip
        client.force_login(make_user("caretaker", department=night.heating))
        assert "每日巡检" in client.get(reverse("inspections:field-rounds")).content.decode()
        url = reverse("inspections:field-round", args=[plan.code, "item", night.station.pk])
        assert client.post(url, GOOD).status_code == 302
