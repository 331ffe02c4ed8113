"""The field's pages: grid workers and clerks who go out, each in their own area and department."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from huying.cases import actions
from huying.cases.models import Case, CaseFile, ContactReveal, Report, Status
from huying.cases.tests.conftest import Loop, fresh, make_ledger
from huying.core.errors import NotAllowed, Refusal
from huying.core.journal import entries_of
from huying.core.testing import AS_PART, AccessSuite, hold, make_post, make_user
from huying.people.models import User
from huying.registry.models import Item, Register

pytestmark = pytest.mark.django_db

FINDING = """
ledger: finding
title: {zh: 巡查发现, en: Findings}
channels: [field, desk]
contact: none
stages: [dispatch, handle, check, close]
dispatch: automatic
concerns: {register: cover, required: false}
fields:
  self_handled: {type: choice, title: 当场处置了吗, of: [没有, 已当场处置], required: true}
  photo_after_spot: {type: photo, title: 处置后照片, when: "self_handled == '已当场处置'"}
handling_form:
  degrees: {type: number, title: 进水温度, unit: °C, required: true}
gates: {report_handled: [photo_after, handling_form], close: [checked_by_other]}
"""


def photo(name: str = "photo.jpg", colour: str = "olive") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


class Field:
    """The loop with people in the street: 东 works in the east, for its office; 西 in the west."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self.loop, self.client, district = loop, client, loop.district
        self.office = district.streets["east"]
        self.east = make_user(
            "grid-worker", area=district.east, department=district.community, name="东网格员"
        )
        self.west = make_user(
            "grid-worker", area=district.west, department=district.streets["west"], name="西网格员"
        )
        district.community.parent = self.office
        district.community.save()
        self.finding = make_ledger(FINDING, loop.topics)

    def dispatched(self, **fields: Any) -> Case:
        """A case that the east's street office has."""
        case = self.loop.filed(name="王小明", phone="13812345678", **fields)
        actions.dispatch_case(case, department=self.office, actor=self.loop.dispatcher, note="就近")
        return fresh(case)

    def in_hand(self, **fields: Any) -> Case:
        case = self.dispatched(**fields)
        actions.take_up_case(case, actor=self.east)
        return fresh(case)

    def get(self, name: str, *args: Any, by: User | None = None, query: str = "", **headers: Any) -> Any:
        self.client.force_login(by or self.east)
        return self.client.get(reverse(f"field:{name}", args=args) + query, headers=headers)

    def post(self, name: str, *args: Any, by: User | None = None, script: bool = False, **data: Any) -> Any:
        self.client.force_login(by or self.east)
        headers = {"X-Work": "1"} if script else {}
        return self.client.post(reverse(f"field:{name}", args=args), data, headers=headers)

    def report(self, **data: Any) -> Any:
        lng, lat = self.loop.district.in_compound
        form = {
            "ledger": "finding", "category": "lighting-dark", "lng": lng, "lat": lat, "words": "灯杆倾斜",
            "f-self_handled": "没有", "client_id": str(uuid.uuid4()), "photos": photo(), **data,
        }  # fmt: skip
        return self.post("report", **{key: value for key, value in form.items() if value is not None})


@pytest.fixture
def field(loop: Loop, client: Client) -> Field:
    return Field(loop, client)


# --- who may -------------------------------------------------------------------------------------------


class TestHome(AccessSuite):
    url, role = "field:home", "grid-worker"

    def prepare(self) -> None:
        self.loop = Loop(self.district)
        case = self.loop.filed()
        actions.dispatch_case(
            case, department=self.district.streets["east"], actor=self.loop.dispatcher, note="就近"
        )

    def row_in_east(self) -> str:
        return "建设路路灯不亮"


class TestTask(TestHome):
    shows_area = True

    def row_in_east(self) -> str:
        return ""

    def address(self) -> str:
        return reverse("field:task", args=[Case.objects.get().number])


class TestTakeUp(TestTask):
    method = "post"

    def address(self) -> str:
        return reverse("field:take-up", args=[Case.objects.get().number])


class TestHandled(TestTask):
    def prepare(self) -> None:
        super().prepare()
        case = fresh(Case.objects.get())
        worker = make_user("grid-worker", area=self.district.east, department=self.district.streets["east"])
        actions.take_up_case(case, actor=worker)

    def address(self) -> str:
        return reverse("field:handled", args=[Case.objects.get().number])


class TestReturn(TestTask):
    def address(self) -> str:
        return reverse("field:return", args=[Case.objects.get().number])


class TestSeen(TestTask):
    def address(self) -> str:
        return reverse("field:seen", args=[Case.objects.get().number])


class TestHelp(TestTask):
    def address(self) -> str:
        return reverse("field:help", args=[Case.objects.get().number])


class TestReport(AccessSuite):
    url, role = "field:report", "grid-worker"


class TestAround(AccessSuite):
    url, role, part = "field:around", "grid-worker", True


class TestMe(AccessSuite):
    url, role = "field:me", "grid-worker"


class TestGrids(AccessSuite):
    url, role = "field:grids", "grid-worker"

    def row_in_east(self) -> str:
        return self.district.grid_of("东苑社区").code


class TestClerk(AccessSuite):
    """A clerk who goes out uses the same pages for the department's cases."""

    url, role = "field:home", "clerk"


def test_another_streets_worker_cannot_call_report_or_look(field: Field) -> None:
    case = field.in_hand()
    for name in ("call", "take-up", "return", "handled", "seen", "help"):
        assert field.post(name, case.number, by=field.west, answer="已经处置好了").status_code == 404, name


def test_a_case_of_another_department_is_shown_but_not_done(field: Field) -> None:
    case = field.loop.dispatched()  # to the district's urban management, in the east
    page = field.get("task", case.number)
    assert page.status_code == 200 and "签收，我来办" not in page.content.decode()
    assert field.post("take-up", case.number).status_code == 403


# --- my tasks ------------------------------------------------------------------------------------------


def codes(answer: Any) -> list[str]:
    return [card["case"].number for card in answer.context["cards"]]


def test_the_list_holds_what_needs_me_and_says_why(field: Field) -> None:
    to_take, mine = field.dispatched(), field.in_hand()
    colleague = make_user(
        "grid-worker", area=field.loop.district.east, department=field.loop.district.community
    )
    theirs = field.dispatched()
    actions.take_up_case(theirs, actor=colleague)
    elsewhere = field.loop.dispatched()
    to_see = field.loop.handled()
    helped = field.loop.handling()
    actions.ask_assistance(
        helped, department=field.loop.district.community, task="劝离车辆", actor=field.loop.clerk
    )
    answer = field.get("home")
    needs = {card["case"].number: card["case"].need for card in answer.context["cards"]}
    assert needs == {
        to_take.number: "take_up",
        mine.number: "handle",
        to_see.number: "see",
        helped.number: "help",
    }
    assert elsewhere.number not in needs and theirs.number not in needs


def test_tasks_are_sorted_by_deadline_and_by_distance_from_the_phone(field: Field) -> None:
    far, near = field.dispatched(point=field.loop.district.in_east), field.dispatched()
    Case.objects.filter(pk=far.pk).update(due_at=timezone.now())
    lng, lat = field.loop.district.in_compound
    assert codes(field.get("home")) == [far.number, near.number]
    here = {"X-Position": f"{lng},{lat}", "HX-Request": "true"}
    answer = field.get("home", query="?sort=distance", **here)
    assert codes(answer) == [near.number, far.number]
    assert "公里" in answer.content.decode() and "<html" not in answer.content.decode()


@pytest.mark.parametrize("position", ["", "x", "1e5,3", "200,91", "nan,nan", "113.3,33.7,1"])
def test_a_strange_position_is_no_position(field: Field, position: str) -> None:
    field.dispatched()
    answer = field.get("home", query="?sort=distance", **{"X-Position": position})
    assert answer.status_code == 200 and answer.context["here"] is None


def test_near_reported_and_done_have_their_tabs(field: Field) -> None:
    case = field.in_hand()
    actions.report_handled(case, actor=field.east, answer="换好了灯泡")
    field.report()
    mine = Report.objects.get(reported_by=field.east).case.number
    lng, lat = field.loop.district.in_compound
    assert set(codes(field.get("home", query="?tab=near", **{"X-Position": f"{lng},{lat}"}))) == {
        case.number,
        mine,
    }
    assert codes(field.get("home", query="?tab=reported")) == [mine]
    assert codes(field.get("home", query="?tab=done")) == [case.number]
    assert field.get("home", query="?tab=nonsense&from=x").status_code == 200


def test_an_empty_list_says_what_next(field: Field) -> None:
    assert "上报发现的问题" in field.get("home").content.decode()


def test_the_list_costs_the_same_for_one_task_and_for_many(
    field: Field, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _number in range(8):
        field.dispatched()
        field.in_hand()
    field.client.force_login(field.east)
    for query in ("", "?tab=near", "?tab=reported", "?tab=done"):
        field.client.get(reverse("field:home") + query)
        with django_assert_max_num_queries(11):
            field.client.get(reverse("field:home") + query)


def test_the_task_page_costs_a_fixed_number_of_queries(
    field: Field, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    case = field.in_hand()
    field.get("task", case.number)
    with django_assert_max_num_queries(28):
        field.client.get(reverse("field:task", args=[case.number]))


# --- one task ------------------------------------------------------------------------------------------


def test_signing_twice_is_signing_once(field: Field) -> None:
    case = field.dispatched()
    assert field.post("take-up", case.number).url == reverse("field:task", args=[case.number])
    assert field.post("take-up", case.number, script=True).json()["url"] == reverse(
        "field:task", args=[case.number]
    )
    case = fresh(case)
    assert (case.status, case.handler) == (Status.HANDLING, field.east)
    assert entries_of(case).filter(code="case.taken_up").count() == 1


def test_the_number_is_masked_until_a_reason_is_tapped(field: Field) -> None:
    case = field.in_hand()
    page = field.get("task", case.number).content.decode()
    assert "138****5678" in page and "13812345678" not in page and "王小明" not in page
    report = case.reports.get()
    shown = field.post("call", case.number, report=report.pk, reason="核实现场位置")
    assert "tel:13812345678" in shown.content.decode()
    assert ContactReveal.objects.get().reason == "核实现场位置"
    assert entries_of(case).filter(code="case.contact_revealed", actor_id=field.east.pk).exists()


def test_who_has_not_signed_for_it_does_not_see_the_number(field: Field) -> None:
    case = field.dispatched()
    report = case.reports.get()
    assert field.post("call", case.number, report=report.pk, reason="核实现场位置").status_code == 403
    assert not ContactReveal.objects.exists()


def test_calling_without_a_reason_shows_nothing(field: Field) -> None:
    case = field.in_hand()
    answer = field.post("call", case.number, report=case.reports.get().pk, reason="")
    assert answer.status_code == 422 and "13812345678" not in answer.content.decode()


def test_handled_keeps_photos_with_when_and_where_they_were_taken(field: Field) -> None:
    case = field.in_hand()
    lng, lat = field.loop.district.in_compound
    at = timezone.now() - dt.timedelta(minutes=3)
    answer = field.post(
        "handled", case.number, answer="已更换新件。", before=photo(), after=photo(colour="navy"), script=True,
        after_seen=json.dumps([{"at": at.isoformat(), "lng": lng, "lat": lat}]),
    )  # fmt: skip
    assert answer.json()["url"] == reverse("field:home")
    case = fresh(case)
    assert (case.status, case.handled_by, case.answer) == (Status.HANDLED, field.east, "已更换新件。")
    before, after = case.files.get(role=CaseFile.Role.BEFORE), case.files.get(role=CaseFile.Role.AFTER)
    assert (after.file.lng, after.file.lat) == (lng, lat)
    assert after.file.taken_at == at
    assert before.file.taken_at is None
    shown = field.get("task", case.number).context["photos"]
    assert [(one["role"], one["far"]) for one in shown] == [("before", False), ("after", False)]


@pytest.mark.parametrize(
    "told", ["{", "[1]", '[{"at": "9999-01-01T00:00:00Z", "lng": "x"}]', '[{"lng": 1e999, "lat": 0}]']
)
def test_nonsense_beside_a_photo_does_not_cost_the_photo(field: Field, told: str) -> None:
    case = field.in_hand()
    field.post("handled", case.number, answer="已更换新件。", after=photo(), after_seen=told)
    kept = fresh(case).files.get(role=CaseFile.Role.AFTER).file
    assert (kept.taken_at, kept.lng, kept.lat) == (None, None, None)


def test_a_photo_from_far_away_is_marked(field: Field) -> None:
    case = field.in_hand()
    lng, lat = field.loop.district.in_west
    field.post(
        "handled",
        case.number,
        answer="已更换新件。",
        after=photo(),
        after_seen=json.dumps([{"lng": lng, "lat": lat}]),
    )
    assert field.get("task", case.number).context["photos"][0]["far"]


def test_the_same_report_of_handling_again_is_taken_as_received(field: Field) -> None:
    case, key = field.in_hand(), str(uuid.uuid4())
    for _time in range(2):
        answer = field.post(
            "handled", case.number, answer="已更换新件。", after=photo(), client_id=key, script=True
        )
        assert answer.json() == {"url": reverse("field:home"), "words": "已报告办结。"}
    assert entries_of(case).filter(code="case.handled").count() == 1
    assert field.post("handled", case.number, answer="另一句话，另一次。").status_code == 409


def test_a_mistake_keeps_what_was_typed_and_photographed(field: Field) -> None:
    case = _found(field)
    answer = field.post(
        "handled", case.number, answer="已扶正灯杆", after=photo(), **{"handling-degrees": "热"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "已扶正灯杆" in page and 'name="after_kept"' in page
    token = answer.context["sheet"].boxes[1].kept[0]["token"]
    answer = field.post(
        "handled", case.number, answer="已扶正灯杆", after_kept=token, **{"handling-degrees": "42.5"}
    )
    assert answer.status_code == 302
    case = fresh(case)
    assert case.handling == {"degrees": 42.5} and case.files.filter(role=CaseFile.Role.AFTER).count() == 1


def _found(field: Field) -> Case:
    """A finding that the east's street office has and the worker took up."""
    field.report()
    case = fresh(Report.objects.get(reported_by=field.east).case)
    actions.dispatch_case(case, department=field.office, actor=field.loop.dispatcher, note="就近")
    actions.take_up_case(case, actor=field.east)
    return case


def test_a_missing_photo_is_named(field: Field) -> None:
    case = _found(field)
    answer = field.post("handled", case.number, answer="已扶正灯杆", **{"handling-degrees": "42"})
    assert answer.status_code == 422 and "请上传处置后的照片" in answer.content.decode()
    assert fresh(case).status == Status.HANDLING


def test_number_fields_bring_up_the_numeric_keyboard(field: Field) -> None:
    assert 'inputmode="decimal"' in field.get("handled", _found(field).number).content.decode()


def test_giving_back_needs_one_tap_and_is_told_once(field: Field) -> None:
    case, key = field.dispatched(), str(uuid.uuid4())
    assert field.post("return", case.number).status_code == 422
    assert field.post("return", case.number, why="other", words="嗯").status_code == 422
    for _time in range(2):
        answer = field.post("return", case.number, why="not-here", words="在河对岸", client_id=key)
        assert answer.status_code == 302
    case = fresh(case)
    assert (case.status, case.returns) == (Status.FILED, 1)
    assert case.case_returns.get().reason == "不在本辖区。在河对岸"


def test_a_clerk_whose_case_left_the_department_still_hears_that_it_arrived(field: Field) -> None:
    case, key = field.loop.dispatched(), str(uuid.uuid4())
    for _time in range(2):
        answer = field.post(
            "return", case.number, by=field.loop.clerk, why="not-ours", client_id=key, script=True
        )
        assert answer.json()["url"] == reverse("field:home")


def test_a_parked_case_is_not_reported_handled(field: Field) -> None:
    case = field.in_hand()
    Case.objects.filter(pk=case.pk).update(parked_at=timezone.now())
    assert "report_handled" not in field.get("task", case.number).context["verbs"]
    assert field.post("handled", case.number, answer="已更换新件。").status_code == 409


# --- on site -------------------------------------------------------------------------------------------


def test_what_was_seen_is_on_record_and_decides_nothing(field: Field) -> None:
    case, key = field.loop.handled(), str(uuid.uuid4())
    for _time in range(2):
        answer = field.post("seen", case.number, done="no", words="灯还是不亮", photos=photo(), client_id=key)
        assert answer.status_code == 302
    case = fresh(case)
    assert case.status == Status.HANDLED
    assert case.files.filter(role=CaseFile.Role.CHECKED, added_by=field.east).count() == 1
    entry = entries_of(case).get(code="case.seen_on_site")
    assert entry.data["words"] == "灯还是不亮"
    assert case.number not in codes(field.get("home"))
    story = field.get("task", case.number).content.decode()
    assert "看到还没有办好。灯还是不亮" in story


def test_looking_needs_a_photo_and_an_answer(field: Field) -> None:
    case = field.loop.handled()
    assert "请到现场拍一张照片" in field.post("seen", case.number, done="yes").content.decode()
    assert field.post("seen", case.number, photos=photo()).status_code == 422
    assert "请写明哪里没有办好" in field.post("seen", case.number, done="no", photos=photo()).content.decode()


def test_nobody_looks_at_their_own_work(field: Field) -> None:
    case = field.in_hand()
    actions.report_handled(case, actor=field.east, answer="换好了灯泡")
    assert "see" not in field.get("task", case.number).context["verbs"]
    with pytest.raises(NotAllowed):
        actions.see_on_site(fresh(case), actor=field.east, done=True, photos=[object()])  # type: ignore[list-item]


def test_only_a_reported_handling_is_looked_at(field: Field) -> None:
    with pytest.raises(Refusal):
        actions.see_on_site(field.dispatched(), actor=field.east, done=True)


def test_after_rework_it_is_looked_at_again(field: Field) -> None:
    case = field.loop.handled()
    field.post("seen", case.number, done="no", words="灯还是不亮", photos=photo())
    case = fresh(case)
    actions.send_back_for_rework(case, reason="灯还是不亮", actor=field.loop.checker)
    actions.report_handled(fresh(case), actor=field.loop.clerk, answer="重新换了镇流器")
    assert case.number in codes(field.get("home"))


def test_helping_is_reported_once(field: Field) -> None:
    case = field.loop.handling()
    actions.ask_assistance(
        case, department=field.loop.district.community, task="劝离车辆", actor=field.loop.clerk
    )
    assert field.post("help", case.number, result="").status_code == 422
    for _time in range(2):
        assert field.post("help", case.number, result="车辆已劝离").status_code == 302
    assert case.assistances.get().done_by == field.east


# --- a finding -----------------------------------------------------------------------------------------


def test_a_finding_is_reported_from_here_with_its_photo(field: Field) -> None:
    answer = field.report(
        photos_seen=json.dumps([{"at": timezone.now().isoformat(), "lng": 113.3225, "lat": 33.715}])
    )
    report = Report.objects.get(reported_by=field.east)
    assert answer.url == reverse("field:sent", args=[report.number])
    assert (report.channel, report.words, report.fields) == ("field", "灯杆倾斜", {"self_handled": "没有"})
    assert report.case.area == field.loop.district.grid_of("东苑社区")
    assert report.files.get().file.taken_at is not None
    assert "再报一件" in field.get("sent", report.number).content.decode()
    assert field.get("sent", report.number, by=field.west).status_code == 404


def test_a_finding_sent_again_is_one_report(field: Field) -> None:
    key = str(uuid.uuid4())
    urls = set()
    for _time in range(2):
        spot = {"f-self_handled": "已当场处置", "f-photo_after_spot": photo(colour="red")}
        urls.add(field.report(client_id=key, **spot).url)
    assert len(urls) == 1 and Report.objects.filter(reported_by=field.east).count() == 1
    case = Report.objects.get(reported_by=field.east).case
    assert case.files.filter(role=CaseFile.Role.AFTER).count() == 1


@pytest.mark.parametrize(
    "missing, said",
    [
        ({"category": None}, "请选择是什么问题"),
        ({"category": "no-such"}, "请选择是什么问题"),
        ({"lng": None, "lat": None}, "请打开定位"),
        ({"lng": "113.4", "lat": "33.8"}, "不在本区范围内"),
        ({"f-self_handled": None}, "当场处置了吗"),
        ({"words": "", "photos": None}, "请写几句话，或者拍一张照片"),
        ({"item": "cover/none"}, "名录里没有这个编号"),
    ],
)
def test_a_mistake_in_a_finding_keeps_the_rest(field: Field, missing: dict[str, Any], said: str) -> None:
    answer = field.report(**missing)
    assert answer.status_code == 422 and said in answer.content.decode()
    if "words" not in missing:
        assert "灯杆倾斜" in answer.content.decode() and 'name="photos_kept"' in answer.content.decode()
    assert not Report.objects.exists()


def test_things_nearby_are_offered_and_bring_their_owner(field: Field) -> None:
    register = Register.objects.create(code="cover", title="窨井盖")
    lng, lat = field.loop.district.in_compound
    Item.objects.create(
        register=register,
        code="C1",
        title="污水井盖",
        lng=lng,
        lat=lat + 0.0002,
        owner=field.loop.district.water,
    )
    Item.objects.create(register=register, code="C2", title="远处的井盖", lng=lng, lat=lat + 0.01)
    here = {"X-Position": f"{lng},{lat}", **AS_PART}
    page = field.get("around", query="?ledger=finding&category=lighting-dark", **here).content.decode()
    assert "污水井盖" in page and "远处的井盖" not in page
    field.report(item="cover/C1")
    case = Report.objects.get().case
    assert (case.item.code, case.department) == ("C1", field.loop.district.water)


def test_the_same_problem_nearby_is_offered_and_joined(field: Field) -> None:
    known = field.loop.filed()
    lng, lat = field.loop.district.in_compound
    here = {"X-Position": f"{lng},{lat}", **AS_PART}
    page = field.get("around", query="?ledger=finding&category=lighting-dark", **here)
    assert known.number in page.content.decode()
    known.ledger.declaration["channels"] = ["portal"]  # only new cases of that ledger have to come that way
    known.ledger.save()
    assert field.report(follows=known.number).status_code == 302
    assert Report.objects.get(reported_by=field.east).case == known
    assert fresh(known).reports_count == 2


def test_recent_categories_come_first(field: Field) -> None:
    assert not field.get("report").context["recent"]
    field.report()
    assert [choice.code for choice in field.get("report").context["recent"]] == ["lighting-dark"]


def test_the_report_form_costs_a_fixed_number_of_queries(
    field: Field, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    field.report()
    field.get("report")
    with django_assert_max_num_queries(10):
        field.client.get(reverse("field:report"))


def test_without_a_ledger_for_the_field_the_page_says_whom_to_ask(client: Client, district: Any) -> None:
    client.force_login(make_user("grid-worker", area=district.east))
    assert "没有可以上报的台账" in client.get(reverse("field:report")).content.decode()


# --- me ------------------------------------------------------------------------------------------------


def test_my_page_shows_post_area_grids_and_numbers(
    field: Field, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    hold(field.east, make_post(), field.loop.district.grid_of("东苑社区"))
    case = field.in_hand()
    actions.report_handled(case, actor=field.east, answer="换好了灯泡")
    answer = field.get("me")
    page = answer.content.decode()
    assert "网格长" in page and "东安路街道" in page and "东苑党建网格" not in page
    assert [tile["value"] for tile in answer.context["numbers"]] == [0, 1, 0, 0]
    assert "东苑党建网格" in field.get("me", query="?layer=party").content.decode()
    with django_assert_max_num_queries(14):
        field.client.get(reverse("field:me"))


def test_the_map_draws_the_grids_over_my_area_only(field: Field) -> None:
    shapes = field.get("grids").json()["features"]
    assert len(shapes) == 4  # two communities of two grids
    party = field.get("grids", query="?layer=party").json()["features"]
    assert [shape["properties"]["code"] for shape in party] == ["party-1"]
    assert field.get("grids", by=field.west, query="?layer=party").json()["features"] == []
