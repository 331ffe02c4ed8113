"""The desk's pages of duties: what they count, who reads them, and that every number opens its rows."""

from __future__ import annotations

import datetime as dt
import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from huying.core.testing import hold, make_department, make_post, make_user
from huying.inspections.duties import figures
from huying.inspections.duties.days import keep_days, open_days
from huying.inspections.duties.due import board, due_at, due_for, turns
from huying.inspections.duties.figures import Asked, Tally
from huying.inspections.duties.models import DaySum, PlaceDay
from huying.inspections.duties.rights import reach
from huying.people.models import User

from .conftest import PLAN, Station, at

_DAY = dt.timedelta(days=1)


@pytest.fixture
def today() -> dt.date:
    return timezone.localdate()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def week(station: Station) -> Station:
    """Seven days over: the first toilet perfect on the first, one late on the second, else nothing."""
    keep_days(at("12:00", station.day))
    for hours in ("07:00", "11:00", "15:00", "20:00"):
        station.visit(station.toilets[0], hours)
    station.visit(station.toilets[1], "12:00", day=station.day + _DAY)
    keep_days()
    return station


class TestTheBoard:
    def test_places_stand_by_what_was_done_so_far(self, station: Station, today: dt.date) -> None:
        open_days(station.plan, at("06:10", today))
        first, second, _third = station.toilets
        PlaceDay.objects.filter(day=today, item=first).update(done=2)
        PlaceDay.objects.filter(day=today, item=second).update(done=1)
        found = turns(at("13:30", today), [station.plan])
        (line,) = board(PlaceDay.objects.all(), found)
        assert (line.places, line.owed, line.done, line.behind) == (3, 3, 3, 1)
        assert line.states == {"on-track": 1, "soon": 1, "overdue": 1}
        assert line.next_due == at("14:00", today)

    def test_it_shows_what_was_not_done_and_opens_it(self, station: Station) -> None:
        station.plan.declaration = PLAN | {"hours": None}
        station.plan.save()
        keep_days()
        page = signed_in(make_user("supervisor")).get(reverse("inspections:duties"))
        assert "公厕每日消杀" in page.content.decode()
        part = signed_in(make_user("supervisor")).get(
            reverse("inspections:duties"), headers={"HX-Request": "true"}
        )
        assert "<html" not in part.content.decode()

    def test_a_place_whose_post_nobody_holds_is_not_forgotten(self, station: Station, today: dt.date) -> None:
        station.plan.declaration = PLAN | {"by": "post chief of the area"}
        station.plan.save()
        hold(make_user("grid-worker"), make_post("chief"), station.district.east)
        open_days(station.plan, at("06:10", today))
        (line,) = board(PlaceDay.objects.all(), turns(at("12:00", today), [station.plan]))
        assert line.nobody == 3  # the holder has no department, and the west has no holder
        states = [
            due.nobody for toilet in station.toilets for due in due_at("item", toilet.pk, at("12:00", today))
        ]
        assert states == [False, False, True]

    def test_what_is_mine_comes_the_most_pressing_first(self, station: Station, today: dt.date) -> None:
        keep_days(at("06:10", today))
        PlaceDay.objects.filter(day=today, item=station.toilets[0]).update(done=2)
        found = due_for(station.worker, at("13:30", today))
        assert [due.state.code for due in found] == ["overdue", "overdue", "on-track"]
        assert due_for(make_user("leader"), at("13:30", today)) == []


class TestCompliance:
    def test_totals_by_every_way_agree(self, week: Station) -> None:
        mine = reach(make_user("supervisor"))
        assert mine.path == ""
        asked = Asked(week.day, week.day + 6 * _DAY, week.plan)
        expected = Tally(84, 4, 1, 79)
        assert figures.total(asked, mine) == expected
        for by in ("day", "plan", "doer"):
            assert sum(figures.tallies(by, asked, mine).values(), Tally()) == expected, by
        by_area = figures.tallies("area", asked, mine)
        assert by_area == {
            week.district.east.pk: Tally(56, 4, 1, 51),
            week.district.west.pk: Tally(28, 0, 0, 28),
        }

    def test_sums_and_rows_say_the_same(self, week: Station) -> None:
        mine = reach(make_user("supervisor"))
        asked = Asked(week.day - _DAY, timezone.localdate(), None, week.district.east)
        before = {by: figures.tallies(by, asked, mine) for by in ("day", "plan", "area", "doer")}
        DaySum.objects.all().delete()
        from huying.inspections.duties.models import Folded

        Folded.objects.all().delete()
        assert before == {by: figures.tallies(by, asked, mine) for by in ("day", "plan", "area", "doer")}

    def test_people_are_counted_by_what_they_did(self, week: Station) -> None:
        asked = Asked(week.day, timezone.localdate(), week.plan)
        work = figures.people(asked, reach(make_user("supervisor")))
        assert work is not None
        assert (work[week.worker.pk].done, work[week.worker.pk].late) == (4, 1)

    @pytest.mark.parametrize("span", ["day", "week", "month", "year"])
    def test_the_page_shows_them(self, week: Station, span: str) -> None:
        url = reverse("inspections:duties-compliance")
        page = signed_in(make_user("supervisor")).get(
            url, {"span": span, "day": week.day, "plan": week.plan.code}
        )
        assert page.status_code == 200
        assert page.context["whole"].done == 4
        assert week.worker.name in page.content.decode()

    def test_every_number_opens_its_rows(self, week: Station) -> None:
        client = signed_in(make_user("supervisor"))
        page = client.get(reverse("inspections:duties-compliance"), {"span": "year", "day": week.day})
        for tile, counted in zip(page.context["tiles"], ("due", "done", "late", "missed"), strict=False):
            rows = client.get(tile["url"]).context["rows"]
            shown = sum(getattr(row["object"], counted) for row in rows)
            assert f"{shown:,}" == tile["value"]

    def test_the_spreadsheet_has_the_same_numbers(self, week: Station) -> None:
        client = signed_in(make_user("supervisor"))
        answer = client.get(
            reverse("inspections:duties-compliance"), {"span": "day", "day": week.day, "export": "xlsx"}
        )
        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
        rows = book.get_sheet_by_index(0).to_python()
        assert rows[1][2:6] == [12, 4, 0, 8]

    def test_an_unknown_plan_is_not_found(self, week: Station) -> None:
        url = reverse("inspections:duties-compliance")
        assert signed_in(make_user("supervisor")).get(url, {"plan": "gone"}).status_code == 404

    def test_nonsense_is_the_month_of_today(self, week: Station) -> None:
        url = reverse("inspections:duties-compliance")
        page = signed_in(make_user("supervisor")).get(url, {"span": "?", "day": "30.2."})
        assert page.context["span"] == "month"

    def test_questions_do_not_grow_with_the_places(
        self, week: Station, django_assert_max_num_queries: pytest.FixtureRequest
    ) -> None:
        client = signed_in(make_user("supervisor"))
        url = reverse("inspections:duties-compliance")
        client.get(url)
        with django_assert_max_num_queries(40):  # type: ignore[operator]
            client.get(url)


class TestAPlaceAndItsDays:
    def test_the_calendar_tells_every_slot_and_visit(self, week: Station) -> None:
        week.visit(week.toilets[0], "07:30")
        url = reverse("inspections:duties-place", args=[week.plan.code, "item", week.toilets[0].pk])
        text = signed_in(make_user("supervisor")).get(url, {"day": week.day}).content.decode()
        assert "太密" in text
        assert "08:00" in text  # from when it would have counted
        assert week.worker.name in text

    def test_the_visits_of_a_person_are_listed(self, week: Station) -> None:
        url = reverse("inspections:duties-visits")
        page = signed_in(make_user("supervisor")).get(
            url, {"person": week.worker.username, "counted": "late"}
        )
        assert len(page.context["rows"]) == 1
        again = signed_in(make_user("supervisor")).get(page.context["rows"][0]["url"])
        assert again.status_code == 200

    def test_the_plan_of_today_lists_and_maps_its_places(self, station: Station) -> None:
        station.plan.declaration = PLAN | {"hours": None}
        station.plan.save()
        keep_days()
        client = signed_in(make_user("supervisor"))
        page = client.get(reverse("inspections:duties-plan", args=[station.plan.code]))
        assert len(page.context["rows"]) == 3
        answer = client.get(reverse("inspections:duties-points", args=[station.plan.code]))
        assert len(answer.json()["points"]) == 3


class TestWhoMayRead:
    def urls(self, station: Station) -> list[str]:
        return [
            reverse("inspections:duties"), reverse("inspections:duties-compliance"),
            reverse("inspections:duties-days"), reverse("inspections:duties-visits"),
            reverse("inspections:duties-place", args=[station.plan.code, "item", station.toilets[0].pk]),
        ]  # fmt: skip

    def test_strangers_sign_in_and_others_are_refused(self, week: Station) -> None:
        for url in self.urls(week):
            assert Client().get(url).status_code == 302
            assert signed_in(make_user("callback")).get(url).status_code == 403

    def test_another_area_sees_nothing(self, week: Station) -> None:
        client = signed_in(make_user("checker", area=week.district.middle))
        page = client.get(reverse("inspections:duties-compliance"), {"span": "year", "day": week.day})
        assert page.context["whole"] == Tally()
        assert client.get(self.urls(week)[-1]).status_code == 404
        assert not client.get(reverse("inspections:duties-days")).context["rows"]

    def test_an_area_sees_its_own(self, week: Station) -> None:
        client = signed_in(make_user("checker", area=week.district.west))
        page = client.get(reverse("inspections:duties-compliance"), {"span": "day", "day": week.day})
        assert page.context["whole"] == Tally(4, 0, 0, 4)

    def test_the_unit_that_is_inspected_and_the_one_that_works_see_theirs(self, week: Station) -> None:
        for department in (week.sanitation, week.district.urban):  # keeper and doer, owner
            head = make_user("head", department=department)
            page = signed_in(head).get(
                reverse("inspections:duties-compliance"), {"span": "day", "day": week.day}
            )
            assert page.context["whole"] == Tally(12, 4, 0, 8)
        other = make_user("head", department=make_department("fire"))
        page = signed_in(other).get(
            reverse("inspections:duties-compliance"), {"span": "day", "day": week.day}
        )
        assert page.context["whole"] == Tally()

    def test_an_unannounced_visit_is_hidden_from_the_inspected_unit_until_it_is_made(
        self, station: Station, today: dt.date
    ) -> None:
        station.plan.declaration = PLAN | {"unannounced": True, "by": ["market"], "every": "1 per day"}
        station.plan.save()
        market = make_department("market")
        open_days(station.plan, at("06:10", today))
        own, going = make_user("head", department=station.sanitation), make_user("head", department=market)
        assert not reach(own).days().exists()
        assert reach(going).days().count() == 3
        assert reach(make_user("leader")).days().count() == 3
        PlaceDay.objects.filter(item=station.toilets[0]).update(done=1)
        assert reach(own).days().get().item == station.toilets[0]

    def test_a_leader_of_the_inspected_unit_does_not_see_it_either(
        self, station: Station, today: dt.date
    ) -> None:
        station.plan.declaration = PLAN | {"unannounced": True, "by": ["market"]}
        station.plan.save()
        make_department("market")
        open_days(station.plan, at("06:10", today))
        assert not reach(make_user("checker", department=station.sanitation)).days().exists()


def test_the_words_of_the_page_name_no_number_without_a_link(week: Station) -> None:
    page = signed_in(make_user("supervisor")).get(
        reverse("inspections:duties-compliance"), {"span": "day", "day": week.day}
    )
    tiles = re.findall(r'<(a|div)[^>]* class="tile(?: |")', page.content.decode())
    assert tiles == ["a"] * 5
