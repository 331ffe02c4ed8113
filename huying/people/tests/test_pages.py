"""Every administrative page: who may open it, who may not, and that a street's administrator stays in the street."""

import pytest
from django.urls import reverse

from huying.core.testing import AccessSuite, hold, make_department, make_duty, make_post, make_user
from huying.people.models import Grant, Organisation


class TestHome(AccessSuite):
    url = "people:home"
    role = "administrator"


class TestDepartments(AccessSuite):
    url = "people:departments"
    role = "administrator"

    def row_in_east(self):
        return "东安路街道办事处"


class TestDepartment(AccessSuite):
    role = "administrator"
    shows_area = True

    def address(self):
        return reverse("people:department", args=["street-east"])


class TestAddDepartment(AccessSuite):
    url = "people:add-department"
    role = "administrator"


class TestEditDepartment(AccessSuite):
    role = "administrator"
    shows_area = True

    def address(self):
        return reverse("people:edit-department", args=["street-east"])


class TestRetireDepartment(AccessSuite):
    role = "administrator"
    shows_area = True
    method = "post"

    def prepare(self):
        make_department("closing", area=self.district.east)

    def address(self):
        return reverse("people:retire-department", args=["closing"])


class TestAccounts(AccessSuite):
    url = "people:accounts"
    role = "administrator"

    def prepare(self):
        make_user("clerk", area=self.district.east, department=self.district.streets["east"], name="钱东来")

    def row_in_east(self):
        return "钱东来"


class AccountPage(AccessSuite):
    """Pages about one account of the street `east`."""

    role = "administrator"
    shows_area = True
    name = ""

    def prepare(self):
        self.alice = make_user(
            "clerk", area=self.district.east, department=self.district.streets["east"], username="alice"
        )

    def address(self):
        return reverse(self.name, args=["alice"])


class TestAccount(AccountPage):
    name = "people:account"


class TestEditAccount(AccountPage):
    name = "people:edit-account"


class TestGiveRole(AccountPage):
    name = "people:give-role"
    method = "post"

    @property
    def data(self):
        return {"grant-role": "checker", "grant-area": self.district.east.pk}


class TestWithdrawRole(AccountPage):
    method = "post"

    def address(self):
        return reverse("people:withdraw-role", args=["alice", Grant.objects.get(user=self.alice).pk])


class TestHoldPost(AccountPage):
    name = "people:hold-post"
    method = "post"

    @property
    def data(self):
        return {"holding-post": make_post().pk, "holding-area": "东苑社区第1网格"}


class TestResetPassword(AccountPage):
    name = "people:reset-password"
    method = "post"


class TestDeactivate(AccountPage):
    name = "people:deactivate"
    method = "post"


class TestActivate(AccountPage):
    name = "people:activate"
    method = "post"


class TestAddAccount(AccessSuite):
    url = "people:add-account"
    role = "administrator"


class TestHoldings(AccessSuite):
    url = "people:holdings"
    role = "administrator"

    def prepare(self):
        hold(make_user("grid-worker", name="钱东来"), make_post(), self.district.grid_of("东苑社区"))

    def row_in_east(self):
        return "钱东来"


class TestEndHolding(AccessSuite):
    role = "administrator"
    shows_area = True
    method = "post"

    def prepare(self):
        bob = make_user("grid-worker", area=self.district.east, department=self.district.streets["east"])
        self.holding = hold(bob, make_post(), self.district.grid_of("东苑社区"))

    def address(self):
        return reverse("people:end-holding", args=[self.holding.pk])


class TestDuties(AccessSuite):
    url = "people:duties"
    role = "administrator"

    def prepare(self):
        make_duty("water", self.district.communities["东苑社区"], self.district.water)

    def row_in_east(self):
        return "供水公司"


class DutyPage(AccessSuite):
    role = "administrator"
    shows_area = True
    name = ""

    def prepare(self):
        self.duty = make_duty("water", self.district.east, self.district.water)

    def address(self):
        return reverse(self.name, args=[self.duty.pk])


class TestDuty(DutyPage):
    name = "people:duty"


class TestEndDuty(DutyPage):
    name = "people:end-duty"
    method = "post"


class TestAddDuty(AccessSuite):
    url = "people:add-duty"
    role = "administrator"


class TestWhoAnswers(AccessSuite):
    url = "people:who-answers"
    role = "dispatcher"


class TestOrganisations(AccessSuite):
    url = "people:organisations"
    role = "administrator"

    def prepare(self):
        Organisation.objects.create(
            code="party-east",
            title="东安路街道党工委",
            kind=Organisation.Kind.PARTY_WORKING_COMMITTEE,
            area=self.district.east,
        )

    def row_in_east(self):
        return "东安路街道党工委"


class TestAreas(AccessSuite):
    url = "people:areas"
    role = "administrator"

    def row_in_east(self):
        return "东风社区第2网格"


class TestArea(AccessSuite):
    role = "administrator"
    shows_area = True

    def address(self):
        return reverse("people:area", args=[self.district.compound.code])


class TestEditArea(AccessSuite):
    role = "administrator"
    shows_area = True

    def address(self):
        return reverse("people:edit-area", args=[self.district.east.code])


class TestRetireArea(AccessSuite):
    role = "administrator"
    shows_area = True
    method = "post"

    def address(self):
        return reverse("people:retire-area", args=[self.district.compound.code])


class TestCalendar(AccessSuite):
    url = "people:calendar"
    role = "administrator"


class CalendarChange(AccessSuite):
    """The calendar is one for the district: a street's administrator only reads it."""

    role = "administrator"
    method = "post"
    whole_district = True

    def test_a_streets_administrator_is_refused(self):
        assert self.open(make_user("administrator", area=self.district.east)).status_code == 403


class TestPublishYear(CalendarChange):
    url = "people:publish-year"
    data = {"year": 2030, "text": "一、元旦：1月1日放假，与周末连休。"}


class TestAddDay(CalendarChange):
    url = "people:add-day"
    data = {"day": "2030-05-04", "is_workday": "0", "title": "防汛"}


class TestAddHours(CalendarChange):
    url = "people:add-hours"
    data = {"valid_from": "2030-06-01", "spans": "08:00-12:00 15:00-18:30"}


class TestJournal(AccessSuite):
    url = "people:journal"
    role = "administrator"


class TestVerifyJournal(AccessSuite):
    url = "people:verify-journal"
    role = "administrator"
    method = "post"
    whole_district = True


class TestProfile(AccessSuite):
    url = "people:profile"
    role = "agent"

    def test_it_refuses_who_has_no_role_for_it(self):
        page = self.open(make_user())
        assert page.status_code == 200
        assert "还没有角色" in page.content.decode()


@pytest.mark.parametrize("url", ["people:home", "people:departments", "people:areas", "people:journal"])
def test_other_staff_are_refused(district, client, url):
    client.force_login(make_user("dispatcher"))
    assert client.get(reverse(url)).status_code == 403


def test_the_rail_shows_an_administrator_the_administration(district, client):
    client.force_login(make_user("administrator"))
    page = client.get(reverse("people:departments")).content.decode()
    assert "管理" in page
    assert '<a class="rail__link" href="/desk/people/departments/" aria-current="page">' in page
    assert reverse("people:journal") in page


@pytest.mark.parametrize(
    "url",
    [
        "people:departments",
        "people:accounts",
        "people:holdings",
        "people:duties",
        "people:areas",
        "people:journal",
    ],
)
def test_an_unused_filter_is_no_mistake(district, client, url):
    client.force_login(make_user("administrator"))
    assert "field--error" not in client.get(reverse(url)).content.decode()
