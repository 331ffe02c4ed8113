import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from huying.cases.models import Topic
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.testing import hold, make_department, make_duty, make_post, make_user
from huying.people import actions
from huying.people.answers import duties_at
from huying.people.models import Duty


@pytest.fixture(autouse=True)
def topics(db):
    water = Topic.objects.create(code="water", title="供水", limit="2 work days")
    Topic.objects.create(code="water-pressure", title="水压低", parent=water, limit="1 work days")


def answers(topic, area):
    return [duty.department.code for duty in duties_at(topic, area)]


def test_the_smallest_area_decides_and_a_duty_covers_the_topics_children(district):
    grid = district.grid_of("东苑社区")
    make_duty("water", district.root, district.water)
    make_duty("water", district.communities["东苑社区"], district.urban)
    assert answers("water-pressure", grid) == ["urban-management", "water-company"]
    assert answers("water-pressure", district.west) == ["water-company"]


def test_within_one_area_the_exact_topic_comes_first(district):
    make_duty("water", district.root, district.urban)
    make_duty("water-pressure", district.root, district.water)
    assert answers("water-pressure", district.east) == ["water-company", "urban-management"]
    assert answers("water", district.east) == ["urban-management"]


def test_duties_that_ended_and_retired_departments_do_not_answer(district):
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    make_duty("water", district.root, district.water, ends_on=yesterday)
    make_duty("water", district.root, make_department("gone", valid_to=yesterday))
    make_duty("water", district.root, district.community)
    assert answers("water", district.east) == []


def test_a_functional_grid_over_the_place_answers_before_larger_areas(district):
    make_duty("water", district.communities["东苑社区"], district.water)
    make_duty("water", district.party_grid, district.urban)
    assert answers("water", district.grid_of("东苑社区")) == ["urban-management", "water-company"]
    assert answers("water", district.grid_of("东风社区")) == []


def test_the_page_answers_the_question_and_says_by_which_rule(district, client):
    make_duty("water", district.root, district.water)
    worker = make_user("grid-worker", name="孙东平", phone="13812345678")
    hold(worker, make_post(), district.grid_of("东苑社区"))
    client.force_login(make_user("dispatcher"))
    page = client.get(reverse("people:who-answers"), {"area": "东苑社区第1网格", "topic": "water-pressure"})
    text = page.content.decode()
    assert "在卫东区，“水压低”由供水公司负责。" in text
    assert "孙东平" in text


def test_two_departments_for_the_same_thing_are_pointed_out(district, client):
    make_duty("water", district.root, district.water)
    make_duty("water", district.root, district.urban)
    client.force_login(make_user("dispatcher"))
    page = client.get(reverse("people:who-answers"), {"area": district.east.code, "topic": "water"})
    assert "同样接近的还有别的部门" in page.content.decode()


def test_nobody_answers_is_an_answer_with_a_next_step(district, client):
    client.force_login(make_user("administrator"))
    query = {"area": district.east.code, "topic": "water"}
    text = client.get(reverse("people:who-answers"), query).content.decode()
    assert "没有登记谁负责" in text
    assert f"{reverse('people:add-duty')}?topic=water&amp;area={district.east.code}" in text


def test_a_place_that_is_unknown_gets_the_nearest_names(district, client):
    client.force_login(make_user("dispatcher"))
    text = client.get(reverse("people:who-answers"), {"area": "东院社区", "topic": "water"}).content.decode()
    assert "东苑社区" in text


def test_a_duty_is_added_shown_and_ended(district, client):
    client.force_login(make_user("administrator"))
    data = {"topic": "water", "area": "东安路街道", "department": district.water.pk}
    page = client.post(reverse("people:add-duty"), data, follow=True).content.decode()
    assert "在东安路街道，“供水”由供水公司负责" in page
    duty = Duty.objects.get()
    client.post(reverse("people:end-duty", args=[duty.pk]))
    duty.refresh_from_db()
    assert duty.ends_on == timezone.localdate()


def test_what_cannot_be_a_duty_is_refused(district):
    chief = make_user("administrator")
    today = timezone.localdate()
    make_duty("water", district.root, district.water)
    with pytest.raises(Conflict):
        actions.add_duty(topic="water", area=district.root, department=district.water, actor=chief)
    with pytest.raises(Refusal, match="不能主办"):
        actions.add_duty(topic="water", area=district.root, department=district.community, actor=chief)
    with pytest.raises(Refusal, match="止期早于起期"):
        actions.add_duty(
            topic="water",
            area=district.east,
            department=district.water,
            actor=chief,
            starts_on=today,
            ends_on=today - dt.timedelta(days=1),
        )


def test_a_local_administrator_sets_duties_in_the_own_street_only(district):
    local = make_user("administrator", area=district.east)
    actions.add_duty(topic="water", area=district.east, department=district.water, actor=local)
    with pytest.raises(NotAllowed):
        actions.add_duty(topic="water", area=district.root, department=district.water, actor=local)


def test_the_list_is_filtered_by_topic_with_its_children(district, client):
    make_duty("water-pressure", district.east, district.water)
    client.force_login(make_user("administrator"))
    page = client.get(reverse("people:duties"), {"topic": "water"}).content.decode()
    assert "供水 › 水压低" in page
