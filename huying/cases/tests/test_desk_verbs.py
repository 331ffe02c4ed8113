"""Every verb through its address: done, refused with what was typed, and told what happened meanwhile."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from huying.cases import actions
from huying.cases.models import (
    Appeal,
    Assistance,
    Case,
    CaseFile,
    Exclusion,
    Extension,
    Parking,
    Request,
    Status,
)
from huying.cases.views.desk.verbs import VERBS
from huying.core.testing import make_user

from .conftest import SNAPSHOT, Loop, fresh, make_ledger


def address(case: Case, verb: str) -> str:
    return reverse("desk:act", args=[case.number, verb])


class Desk:
    """Somebody at the desk: `Desk(user).does("file", case, category="x")`."""

    def __init__(self, user: Any) -> None:
        self.client = Client()
        self.client.force_login(user)

    def does(self, verb: str, case: Case, *, htmx: bool = False, **data: Any) -> Any:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(address(case, verb), data, headers=headers)

    def opens(self, verb: str, case: Case, *, htmx: bool = False) -> Any:
        return self.client.get(address(case, verb), headers={"HX-Request": "true"} if htmx else {})


def photo() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "#456").save(file, "JPEG")
    file.seek(0)
    file.name = "after.jpg"
    return file


def done(answer: Any, case: Case) -> Case:
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert answer.url == reverse("desk:case", args=[case.number])
    return fresh(case)


# --- each verb once --------------------------------------------------------------------------------------


def test_file_with_another_category(loop: Loop) -> None:
    case = loop.reported()
    case = done(Desk(loop.dispatcher).does("file", case, category="street-order"), case)
    assert (case.status, case.category.code) == (Status.FILED, "street-order")


def test_decline(loop: Loop) -> None:
    case = loop.reported()
    assert (
        done(Desk(loop.agent).does("decline", case, reason="不属于受理范围"), case).status == Status.DECLINED
    )


def test_reclassify_and_relocate(loop: Loop) -> None:
    case = loop.reported()
    lng, lat = loop.district.in_west
    answer = Desk(loop.dispatcher).does(
        "reclassify", case, category="street-order", address="西环路口", lng=lng, lat=lat
    )
    case = done(answer, case)
    assert (case.category.code, case.address, case.subdistrict_id) == (
        "street-order",
        "西环路口",
        loop.district.west.pk,
    )


def test_merge_into_a_known_case(loop: Loop) -> None:
    main, other = loop.reported(), loop.reported()
    assert main.number in Desk(loop.agent).opens("merge", other).content.decode()
    other = done(Desk(loop.agent).does("merge", other, main=main.number, reason="同一盏灯"), other)
    assert (other.status, other.merged_into_id) == (Status.MERGED, main.pk)
    assert fresh(main).reports_count == 2


def test_void(loop: Loop) -> None:
    case = loop.reported()
    assert done(Desk(loop.dispatcher).does("void", case, reason="误录"), case).status == Status.VOIDED


def test_dispatch_with_a_helper_and_a_shorter_limit(loop: Loop) -> None:
    case = loop.filed()
    answer = Desk(loop.dispatcher).does(
        "dispatch", case, department="城市管理局", helper="东苑社区居委会", task="维持现场秩序", limit_number=4,
        limit_clock="work hours",
    )  # fmt: skip
    case = done(answer, case)
    assert (case.status, case.department, case.limit) == (
        Status.DISPATCHED,
        loop.district.urban,
        "4 work hours",
    )
    assert case.assistances.get().department == loop.district.community


def test_take_up_for_a_colleague(loop: Loop) -> None:
    case = loop.dispatched()
    case = done(Desk(loop.clerk).does("take_up", case, handler=loop.colleague.pk), case)
    assert (case.status, case.handler) == (Status.HANDLING, loop.colleague)


def test_assign(loop: Loop) -> None:
    case = loop.handling()
    assert (
        done(Desk(loop.clerk).does("assign", case, handler=loop.colleague.pk), case).handler == loop.colleague
    )


def test_return(loop: Loop) -> None:
    case = loop.dispatched()
    case = done(Desk(loop.clerk).does("return", case, reason="路灯归供水公司管", suggested="供水公司"), case)
    assert case.status == Status.FILED
    page = Desk(loop.dispatcher).opens("dispatch", case).content.decode()
    assert "路灯归供水公司管" in page
    assert "供水公司" in page


def test_report_handled_with_the_ledgers_own_form_and_photos(loop: Loop) -> None:
    ledger = make_ledger(
        SNAPSHOT.replace("ledger: snapshot", "ledger: lamps").replace(
            "[answer_text]", "[answer_text, handling_form, photo_after]"
        )
        + "handling_form:\n  lamp: {type: choice, title: {zh: 灯泡}, of: [换了, 没换], required: true}\n",
        loop.topics,
    )
    case = loop.handling(ledger=ledger)
    desk = Desk(loop.clerk)
    page = desk.opens("report_handled", case).content.decode()
    assert "请上传处置后的照片" in page, "the gates are named before the form is sent"
    case = done(
        desk.does(
            "report_handled", case, answer="换了灯泡和镇流器", **{"handling-lamp": "换了", "photos": photo()}
        ),
        case,
    )
    assert (case.status, case.handling) == (Status.HANDLED, {"lamp": "换了"})
    assert case.files.get().role == CaseFile.Role.AFTER


def test_ask_and_approve_an_extension(loop: Loop) -> None:
    case = loop.handling()
    done(Desk(loop.clerk).does("ask_extension", case, reason="等配件到货再修"), case)
    done(Desk(loop.head).does("approve_extension", case), case)
    assert done(Desk(loop.arbiter).does("approve_extension", case, words="同意"), case).extensions == 1


def test_refuse_an_extension(loop: Loop) -> None:
    case = loop.handling()
    done(Desk(loop.clerk).does("ask_extension", case, reason="等配件到货再修"), case)
    done(Desk(loop.head).does("refuse_extension", case, words="配件已到货，请抓紧"), case)
    assert Extension.objects.get().state == Request.State.REFUSED


def test_park_and_resume(loop: Loop) -> None:
    case, until = loop.handling(), timezone.localdate() + dt.timedelta(days=30)
    answer = Desk(loop.clerk).does(
        "ask_parking", case, reason="等配件到货再修", plan="下周采购后更换", until=f"{until}"
    )
    done(answer, case)
    assert done(Desk(loop.arbiter).does("approve_parking", case), case).parked_at
    assert done(Desk(loop.clerk).does("resume", case), case).parked_at is None


def test_refuse_parking(loop: Loop) -> None:
    case, until = loop.handling(), timezone.localdate() + dt.timedelta(days=30)
    Desk(loop.clerk).does(
        "ask_parking", case, reason="等配件到货再修", plan="下周采购后更换", until=f"{until}"
    )
    done(Desk(loop.arbiter).does("refuse_parking", case, words="可以先临时照明"), case)
    assert Parking.objects.get().state == Request.State.REFUSED


def test_check_asks_the_five_refusals_where_the_ledger_does(loop: Loop) -> None:
    ledger = make_ledger(
        SNAPSHOT.replace("ledger: snapshot", "ledger: legacy").replace(
            "[checked_by_other]", "[checked_by_other, five_refusals]"
        ),
        loop.topics,
    )
    case, desk = loop.handled(ledger=ledger), Desk(loop.checker)
    assert "是否建立了长效机制" in desk.opens("check", case).content.decode()
    answers = {f"refusal_{code}": "yes" for code in ("in_place", "thorough", "effective", "lasting")}
    missing = desk.does("check", case, words="亮了", **answers)
    assert missing.status_code == 422
    refused = desk.does("check", case, words="亮了", **answers, refusal_satisfied="no")
    assert refused.status_code == 422
    assert "请退回返工" in refused.content.decode()
    assert done(desk.does("check", case, **answers, refusal_satisfied="yes"), case).status == Status.CHECKED


def test_rework(loop: Loop) -> None:
    case = loop.handled()
    assert done(Desk(loop.checker).does("rework", case, reason="灯还是不亮，线没接好"), case).reworks == 1


def test_close(loop: Loop) -> None:
    case = loop.checked()
    assert done(Desk(loop.dispatcher).does("close", case), case).status == Status.CLOSED


def test_reopen(loop: Loop) -> None:
    case = loop.closed()
    assert done(Desk(loop.callback).does("reopen", case, reason="居民说又不亮了"), case).reopenings == 1


def test_urge_and_supervise(loop: Loop) -> None:
    case = loop.handling()
    assert done(Desk(loop.supervisor).does("urge", case, words="请抓紧"), case).urges == 1
    assert done(Desk(loop.supervisor).does("supervise", case, colour="yellow"), case).colour == "yellow"


def test_appeal_is_reviewed_twice(loop: Loop, time_of: Any) -> None:
    time_of(2026, 11, 18, 9)
    case = loop.handling()
    time_of(2026, 11, 30, 9)
    actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器")
    actions.check_case(case, actor=loop.checker)
    actions.close_case(case, actor=loop.dispatcher)
    done(Desk(loop.clerk).does("appeal", case, reason="停电三天无法施工"), case)
    done(Desk(loop.supervisor).does("review_appeal", case), case)
    assert done(Desk(loop.arbiter).does("review_appeal", case), case).exempt


def test_refuse_an_appeal(loop: Loop, time_of: Any) -> None:
    case = loop.closed()
    Case.objects.filter(pk=case.pk).update(overdue=True)
    done(Desk(loop.clerk).does("appeal", case, reason="停电三天无法施工"), case)
    done(Desk(loop.supervisor).does("refuse_appeal", case, words="停电不影响换灯泡"), case)
    assert Appeal.objects.get().state == Request.State.REFUSED


def test_exclusion_needs_a_second_person(loop: Loop) -> None:
    case = loop.closed()
    done(Desk(loop.arbiter).does("ask_exclusion", case, reason="诉求不合理，无法满足"), case)
    own = Desk(loop.arbiter).does("review_exclusion", case)
    assert own.status_code == 403
    assert done(Desk(loop.supervisor).does("review_exclusion", case), case).excluded


def test_refuse_an_exclusion(loop: Loop) -> None:
    case = loop.closed()
    done(Desk(loop.arbiter).does("ask_exclusion", case, reason="诉求不合理，无法满足"), case)
    done(Desk(loop.supervisor).does("refuse_exclusion", case, words="诉求是合理的"), case)
    assert Exclusion.objects.get().state == Request.State.REFUSED


def test_ask_for_help_and_report_it_done(loop: Loop) -> None:
    case = loop.handling()
    done(Desk(loop.clerk).does("ask_assistance", case, department="供水公司", task="关闭阀门"), case)
    helper = make_user("clerk", department=loop.district.water)
    done(Desk(helper).does("finish_assistance", case, result="阀门已关"), case)
    assert Assistance.objects.get().done_by == helper


def test_add_photos(loop: Loop) -> None:
    case = loop.handling()
    done(Desk(loop.clerk).does("add_photos", case, role="before", photos=photo()), case)
    assert case.files.get().role == CaseFile.Role.BEFORE
    assert Desk(loop.clerk).does("add_photos", case, role="before").status_code == 422


def test_forget_a_reporter(loop: Loop) -> None:
    report = loop.report(name="王小明", phone="13812345678")
    keeper = make_user("administrator")
    done(
        Desk(keeper).does("forget_contact", report.case, report=report.number, reason="本人来电要求删除"),
        report.case,
    )
    report.refresh_from_db()
    assert report.phone == ""


def test_every_verb_was_tried_above() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in VERBS if f'"{code}", ' not in source] == []


# --- refused -------------------------------------------------------------------------------------------------


def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed(loop: Loop) -> None:
    case = loop.filed()
    answer = Desk(loop.dispatcher).does("dispatch", case, department="东苑社区居委会", note="请尽快到场看看")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "社区（村）不承担部门职责" in page
    assert "请尽快到场看看" in page
    assert answer.context["form"].errors["department"]
    assert fresh(case).status == Status.FILED


def test_without_a_reason_an_unusual_department_is_refused(loop: Loop) -> None:
    case = loop.filed()
    answer = Desk(loop.dispatcher).does("dispatch", case, department="供水公司")
    assert answer.context["form"].errors["note"]


def test_an_unknown_department_is_named(loop: Loop) -> None:
    answer = Desk(loop.dispatcher).does("dispatch", loop.filed(), department="不存在的局")
    assert answer.status_code == 422
    assert "没有找到“不存在的局”" in answer.content.decode()


def test_photos_of_a_refused_form_need_not_be_chosen_again(loop: Loop) -> None:
    case, desk = loop.handling(), Desk(loop.clerk)
    refused = desk.does("report_handled", case, answer="短", photos=photo())
    assert refused.status_code == 422
    kept = refused.context["kept"][0]["token"]
    assert kept in refused.content.decode()
    done(desk.does("report_handled", case, answer="换了灯泡和镇流器", kept_photo=kept), case)
    assert case.files.count() == 1


def test_a_forged_photo_reference_is_ignored(loop: Loop) -> None:
    case = loop.handling()
    done(Desk(loop.clerk).does("report_handled", case, answer="换了灯泡和镇流器", kept_photo="1:x:y"), case)
    assert not case.files.exists()


def test_what_is_not_a_photo_is_refused_in_words(loop: Loop) -> None:
    file = io.BytesIO(b"<script>")
    file.name = "x.jpg"
    answer = Desk(loop.clerk).does("report_handled", loop.handling(), answer="换了灯泡和镇流器", photos=file)
    assert answer.status_code == 422
    assert "这不是照片" in answer.content.decode()


def test_with_a_script_the_form_comes_back_into_the_dialog(loop: Loop) -> None:
    answer = Desk(loop.dispatcher).does("dispatch", loop.filed(), htmx=True, department="")
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#verb-body"
    assert "<html" not in answer.content.decode()


def test_with_a_script_success_leads_back_or_says_so_in_place(loop: Loop) -> None:
    case, desk = loop.filed(), Desk(loop.dispatcher)
    stayed = desk.does("dispatch", case, htmx=True, department="urban-management", stay="1")
    news = json.loads(stayed["HX-Trigger"])
    assert stayed.status_code == 204
    assert news["case-changed"]["number"] == case.number
    assert "已派到城市管理局" in news["toast"]["value"]
    left = desk.does("urge", case, htmx=True)
    assert left["HX-Redirect"] == reverse("desk:case", args=[case.number])


def test_another_site_is_never_the_way_back(loop: Loop) -> None:
    case = loop.reported()
    answer = Desk(loop.dispatcher).does(
        "file", case, category=case.category.code, next="https://example.org/"
    )
    assert answer.url == reverse("desk:case", args=[case.number])


# --- meanwhile -----------------------------------------------------------------------------------------------


def test_a_conflict_says_who_did_what_and_keeps_what_was_typed(loop: Loop) -> None:
    case, desk = loop.filed(), Desk(loop.dispatcher)
    seen = case.version
    other = make_user("dispatcher", name="另一位派遣员")
    actions.dispatch_case(fresh(case), department=loop.district.urban, actor=other, note="指定")
    answer = desk.does("dispatch", case, department="供水公司", note="水管漏水", version=seen)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "另一位派遣员" in page
    assert "已派到责任单位" in page
    assert "水管漏水" in page
    assert "待签收" in page
    assert f'name="version" value="{fresh(case).version}"' in page, "a second try knows what was shown"


def test_an_innocent_change_can_be_confirmed_with_one_more_click(loop: Loop) -> None:
    case, desk = loop.filed(), Desk(loop.dispatcher)
    seen = case.version
    loop.report(follows=case)
    first = desk.does("dispatch", case, department="城市管理局", version=seen)
    assert first.status_code == 409
    assert "又有人反映同一问题" in first.content.decode()
    done(desk.does("dispatch", case, department="城市管理局", version=fresh(case).version), case)


def test_a_step_that_is_over_is_explained(loop: Loop) -> None:
    case = loop.dispatched()
    answer = Desk(loop.dispatcher).opens("dispatch", case)
    assert answer.status_code == 409
    assert "案件现在是「待签收」" in answer.content.decode()


def test_a_step_of_somebody_else_is_forbidden(loop: Loop) -> None:
    case = loop.handling()
    assert Desk(loop.dispatcher).opens("report_handled", case).status_code == 403
    answer = Desk(loop.dispatcher).does("report_handled", case, answer="换了灯泡和镇流器")
    assert answer.status_code == 403
    assert fresh(case).status == Status.HANDLING


def test_an_unknown_verb_is_not_found(loop: Loop) -> None:
    assert Desk(loop.dispatcher).opens("explode", loop.reported()).status_code == 404


@pytest.mark.schema
@pytest.mark.parametrize("role", ["dispatcher", "clerk", "supervisor", "arbiter"])
def test_every_form_can_be_drawn_alone_and_for_the_dialog(loop: Loop, role: str) -> None:
    """As its page without a script and as the part that htmx swaps; closed verbs are explained."""
    case, desk = loop.handling(), Desk(getattr(loop, role))
    for verb in VERBS:
        for htmx in (False, True):
            assert desk.opens(verb, case, htmx=htmx).status_code in (200, 403, 409), (verb, htmx)
