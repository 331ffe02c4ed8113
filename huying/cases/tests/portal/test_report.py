"""Three taps: photos, place, words. Nothing that was typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from huying.cases.models import Case, CaseFile, Channel, Report
from huying.cases.tests.conftest import Loop
from huying.places.models import PlaceName

from .conftest import Resident, page, photo


def test_the_form_is_open_to_everyone(client: Client, loop: Loop) -> None:
    answer = client.get("/report/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "报一个问题" in page(answer)


def test_photo_place_and_words_make_a_report(resident: Resident) -> None:
    report = resident.reports(photos=[photo(), photo(shade=10)])
    assert report.channel == Channel.PORTAL and report.name == "" and report.phone == ""
    assert report.case.area == resident.loop.district.grid_of("东苑社区", 1)
    assert report.case.category.code == "lighting-dark"
    assert report.files.filter(role=CaseFile.Role.REPORTED).count() == 2


def test_a_photo_alone_with_its_place_is_enough(resident: Resident) -> None:
    lng, lat = resident.loop.district.in_east
    report = resident.reports("", point=("", ""), photos=[photo(place=(lng, lat))])
    assert (report.lng, report.lat) == pytest.approx((lng, lat))
    kept = report.files.get().file
    assert kept.taken_at is not None and b"Exif" not in kept.file.read()


def test_the_same_form_sent_twice_is_one_report(resident: Resident) -> None:
    said = resident.says()
    first, second = resident.client.post("/report/", said), resident.client.post("/report/", said)
    assert first.url == second.url
    assert Report.objects.count() == 1


def test_the_receipt_has_number_link_and_code(resident: Resident) -> None:
    report = resident.reports()
    answer = resident.client.get(f"/report/done/{report.number}/{report.token}/")
    assert report.number in page(answer) and f"http://testserver/t/{report.number}/{report.token}/" in page(
        answer
    )
    assert "no-store" in answer["Cache-Control"]
    code = resident.client.get(f"/report/done/{report.number}/{report.token}/qr.svg")
    assert code["Content-Type"] == "image/svg+xml" and b"<svg" in code.content


class TestWhatIsWrongComesBackWithEverythingTyped:
    def test_a_wrong_phone_keeps_words_and_photos(self, resident: Resident) -> None:
        answer = resident.sends("路灯坏了三天", phone="12345", name="王小明", consent="on", photos=[photo()])
        html = page(answer)
        assert answer.status_code == 422 and Report.objects.count() == 0
        assert (
            "路灯坏了三天" in html and "王小明" in html and 'value="12345"' in html and "11 位手机号" in html
        )
        token = re.search(r'name="kept" value="([^"]+)"', html)
        assert token is not None
        report = resident.reports("路灯坏了三天", kept=token[1])
        assert report.files.count() == 1

    def test_the_kept_photo_is_shown_to_whoever_holds_the_reference_only(self, resident: Resident) -> None:
        html = page(resident.sends(phone="1", photos=[photo()]))
        found = re.search(r'src="(/files/[^"]+)\?d=([^"]+)"', html)
        assert found is not None
        assert resident.client.get(found[1], {"d": found[2]}).status_code == 200
        assert resident.client.get(found[1]).status_code == 404
        assert resident.client.get(found[1], {"d": "x" + found[2]}).status_code == 404

    def test_a_forged_photo_reference_brings_nothing(self, resident: Resident) -> None:
        assert resident.reports(kept="1").files.count() == 0

    def test_something_that_is_no_photo_is_named(self, resident: Resident) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        answer = resident.sends(photos=[SimpleUploadedFile("a.jpg", b"hello"), photo()])
        assert answer.status_code == 422 and "这不是照片" in page(answer) and 'name="kept"' in page(answer)

    def test_without_words_and_photo_it_asks_for_one(self, resident: Resident) -> None:
        answer = resident.sends("")
        assert answer.status_code == 422 and "请写几句话，或者拍一张照片" in page(answer)

    def test_without_a_place_it_asks_where(self, resident: Resident) -> None:
        answer = resident.sends(point=("", ""))
        assert answer.status_code == 422 and "请告诉我们在哪里" in page(answer)


class TestThePlace:
    def test_outside_the_district_names_district_and_hotline(self, resident: Resident) -> None:
        answer = resident.sends("高速路口有坑", point=resident.loop.district.outside)
        html = page(answer)
        assert answer.status_code == 422 and Report.objects.count() == 0
        assert "不在卫东区范围内" in html and "12345" in html and "高速路口有坑" in html

    def test_nonsense_for_a_point_is_no_error_page(self, resident: Resident) -> None:
        assert resident.sends(point=("nan", "inf")).status_code == 422

    def test_a_typed_address_offers_places_and_takes_the_chosen_one(self, resident: Resident) -> None:
        lng, lat = resident.loop.district.in_east
        PlaceName.objects.create(title="东风市场", kind="landmark", words="东风市场", lng=lng, lat=lat)
        answer = resident.sends(point=("", ""), address="东风市场")
        assert answer.status_code == 200 and "您说的是哪里" in page(answer)
        report = resident.reports(point=("", ""), address="东风市场", place=f"{lng},{lat}")
        assert report.case.subdistrict == resident.loop.district.east

    def test_an_address_that_nobody_knows_is_taken_as_written(self, resident: Resident) -> None:
        report = resident.reports(point=("", ""), address="老张家饭馆后面的小巷")
        assert report.address == "老张家饭馆后面的小巷" and report.lng is None


class TestTheSameNearby:
    def test_it_is_offered_before_a_second_case_is_opened(self, resident: Resident) -> None:
        first = resident.reports()
        answer = resident.sends("路灯不亮，老人摔了一跤")
        html = page(answer)
        assert answer.status_code == 200 and Report.objects.count() == 1
        assert "已经有人反映，跟进这一件" in html and first.case.number in html and "老人摔了一跤" in html

    def test_following_joins_the_case_with_an_own_number(self, resident: Resident) -> None:
        first = resident.reports()
        second = resident.reports("路灯不亮，老人摔了一跤", follow=first.case.number)
        assert second.case == first.case and second.followed and second.number != first.number
        assert Case.objects.get().reports_count == 2

    def test_not_the_same_opens_a_case_of_its_own(self, resident: Resident) -> None:
        first = resident.reports()
        assert resident.reports(follow="no").case != first.case

    def test_what_is_not_public_can_not_be_followed(self, resident: Resident) -> None:
        first = resident.reports()
        Case.objects.update(public=False)
        assert resident.reports(follow=first.case.number).case != first.case

    def test_the_button_of_a_public_case_opens_the_form_for_it(self, resident: Resident) -> None:
        first = resident.reports()
        html = page(resident.client.get("/report/", {"follow": first.case.number}))
        assert "跟进这一件" in html and "我也遇到同样的问题" in html
        joined = resident.reports("我也遇到同样的问题。", point=("", ""), follow=first.case.number)
        assert joined.case == first.case


@pytest.mark.usefixtures("requests_ledger")
class TestTheLedgerIsChosenByItself:
    def test_by_the_words(self, resident: Resident) -> None:
        answer = resident.sends("我们小区停水两天了")
        html = page(answer)
        assert answer.status_code == 422
        assert "请留下称呼" in html and "请留下电话" in html and "请填写「楼栋单元」" in html

    def test_with_its_own_fields_contact_and_consent(self, resident: Resident) -> None:
        said: dict[str, Any] = {"name": "王小明", "phone": "13812345678", "f-floor": "3号楼2单元"}
        assert "同意" in page(resident.sends("我们小区停水两天了", **said))
        report = resident.reports("我们小区停水两天了", **said, consent="on")
        assert report.case.ledger.code == "requests" and report.fields == {"floor": "3号楼2单元"}
        assert (report.name, report.phone) == ("王小明", "13812345678")

    def test_a_choice_by_hand_goes_before_the_words(self, resident: Resident) -> None:
        order = resident.loop.ledger.categories.get(code="street-order")
        report = resident.reports("停水的水车占了道", category=order.pk, picked="1")
        assert report.case.category == order

    def test_suggestions_come_while_typing_and_keep_what_was_typed(self, resident: Resident) -> None:
        said = resident.says("停水两天", **{"f-floor": "3号楼"})
        answer = resident.client.post("/report/suggest/", said, headers={"HX-Request": "true"})
        html = page(answer)
        assert (
            answer.status_code == 200
            and "停水" in html
            and 'value="3号楼"' in html
            and "请留下称呼和电话" in html
        )
        assert "error" not in html

    def test_suggestions_say_at_once_that_a_place_is_outside(self, resident: Resident) -> None:
        said = resident.says("路灯", point=resident.loop.district.outside)
        answer = resident.client.post("/report/suggest/?part=nearby", said, headers={"HX-Request": "true"})
        assert "不在卫东区范围内" in page(answer)


class TestLimits:
    def test_too_many_attempts_from_one_address(
        self, resident: Resident, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("huying.cases.views.portal.submission.ATTEMPTS_PER_ADDRESS", 1)
        resident.reports()
        answer = resident.sends("另一件事", follow="no")
        assert answer.status_code == 429 and "以后再试" in page(answer) and "另一件事" in page(answer)

    def test_too_many_reports_of_one_phone(self, resident: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huying.cases.views.portal.submission.REPORTS_PER_PHONE", 1)
        said = {"phone": "13812345678", "consent": "on", "follow": "no"}
        resident.reports(**said)
        assert resident.sends(**said).status_code == 429

    def test_a_filled_honeypot_is_no_report(self, resident: Resident) -> None:
        assert resident.sends(website="http://spam.example").status_code == 422
        assert Report.objects.count() == 0

    def test_a_category_that_was_made_up_is_guessed_anew(self, resident: Resident) -> None:
        assert resident.reports(category="99999", picked="1").case.category.code == "lighting-dark"
