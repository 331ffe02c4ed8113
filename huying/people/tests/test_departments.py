import pytest
from django.urls import reverse
from django.utils import timezone

from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import make_department, make_duty, make_user
from huying.people import actions
from huying.people.models import Department


@pytest.fixture
def chief(district):
    return make_user("administrator")


def fields(**changes):
    values = {"code": "lighting", "title": "路灯管理所", "kind": "district-department", "can_lead": "on"}
    return values | changes


def test_a_new_department_is_listed_and_told(district, chief, client):
    client.force_login(chief)
    answer = client.post(reverse("people:add-department"), fields(phone="0375-3991234"))
    assert answer.url == reverse("people:department", args=["lighting"])
    assert "0375-3991234" in client.get(answer.url).content.decode()
    assert [entry.code for entry in entries_of(Department.objects.get(code="lighting"))] == [
        "department.added"
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "urban-management"}, "code"),
        ({"code": "城管"}, "code"),
        ({"phone": "打电话"}, "phone"),
        ({"kind": "community"}, "can_lead"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(district, chief, client, changes, field):
    client.force_login(chief)
    answer = client.post(reverse("people:add-department"), fields(**changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert 'value="路灯管理所"' in answer.content.decode()


def test_a_community_never_leads(district, chief):
    with pytest.raises(Refusal, match="只协办"):
        actions.change_department(district.community, actor=chief, can_lead=True)


def test_an_edit_says_what_changed(district, chief, client):
    client.force_login(chief)
    client.post(
        reverse("people:edit-department", args=["urban-management"]),
        fields(title="城市综合执法局", area=district.root.pk),
    )
    assert entries_of(district.urban).last().data["changed"] == {"title": ["城市管理局", "城市综合执法局"]}
    assert (
        "城市管理局 → 城市综合执法局"
        in client.get(reverse("people:department", args=["urban-management"])).content.decode()
    )


def test_a_department_is_not_put_below_itself(district, chief):
    station = make_department("station", parent=district.urban)
    with pytest.raises(Refusal, match="上级不能是它自己"):
        actions.change_department(district.urban, actor=chief, parent=station)


def test_a_department_with_people_and_duties_is_not_retired(district, chief):
    make_user("clerk", department=district.urban)
    make_duty("roads", district.root, district.urban)
    with pytest.raises(Refusal, match="1 个在用账号、1 项在办职责"):
        actions.retire_department(district.urban, actor=chief)


def test_a_retired_department_leaves_the_list_and_keeps_its_story(district, chief, client):
    actions.retire_department(district.water, actor=chief)
    client.force_login(chief)
    here = reverse("people:departments")
    assert "供水公司" not in client.get(here).content.decode()
    assert "供水公司" in client.get(f"{here}?retired=on").content.decode()
    assert district.water.valid_to == timezone.localdate()


def test_a_local_administrator_adds_departments_in_the_own_street_only(district, client):
    local = make_user("administrator", area=district.east)
    client.force_login(local)
    refused = client.post(reverse("people:add-department"), fields())
    assert refused.status_code == 422  # an area has to be named
    done = client.post(reverse("people:add-department"), fields(area=district.communities["东苑社区"].pk))
    assert done.status_code == 302
    with pytest.raises(NotAllowed):
        actions.add_department(code="x", title="x", kind="utility", area=district.west, actor=local)


def test_the_phone_numbers_of_staff_are_on_pages_of_staff_only(district, client):
    make_user("clerk", department=district.urban, phone="13812345678")
    address = reverse("people:department", args=["urban-management"])
    assert client.get(address).status_code == 302
    client.force_login(make_user("administrator"))
    assert "13812345678" in client.get(address).content.decode()
