"""The reporter's own page: the story, and what they can still do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from huying.cases import actions
from huying.cases.models import Callback, Case, CaseFile, Report, Status
from huying.cases.tests.conftest import Loop, fresh
from huying.core.files import store_photo

from .conftest import Resident, page, photo


def link(report: Report, verb: str = "") -> str:
    return f"/t/{report.number}/{report.token}/{verb}"


def closed(loop: Loop, **fields: Any) -> Report:
    return loop.closed(**fields).reports.get()


RATED = {"rating-contacted": "yes", "rating-solved": "yes", "rating-grade": "5", "rating-words": "很快"}


class TestTheSecretLink:
    def test_shows_who_has_it_and_until_when(self, client: Client, loop: Loop) -> None:
        report = loop.dispatched().reports.get()
        answer = client.get(link(report))
        html = page(answer)
        assert "城市管理局" in html and "前办结" in html and "建设路路灯不亮" in html
        assert "no-store" in answer["Cache-Control"] and "noindex" in answer["X-Robots-Tag"]

    @pytest.mark.parametrize("verb", ["", "words/", "withdrawal/", "rating/", "reopening/"])
    def test_a_wrong_or_foreign_token_finds_nothing(self, client: Client, loop: Loop, verb: str) -> None:
        mine, other = loop.report(), loop.report()
        for token in ("x" * 22, other.token):
            address = f"/t/{mine.number}/{token}/{verb}"
            answer = client.post(address, RATED) if verb else client.get(address)
            assert answer.status_code == 404
        assert client.get(f"/report/done/{mine.number}/{other.token}/").status_code == 404
        assert client.get(f"/report/done/{mine.number}/{other.token}/qr.svg").status_code == 404

    def test_names_neither_other_reporters_nor_the_handlers_phone(self, client: Client, loop: Loop) -> None:
        case = loop.handling(words="路灯坏了", name="王小明", phone="13812345678")
        other = loop.report("也不亮", follows=fresh(case), name="李雷雷", phone="13987654321")
        actions.report_handled(fresh(case), actor=loop.clerk, answer="换了灯泡，有事打 13700001111")
        html = page(client.get(link(other)))
        assert "王小明" not in html and "13812345678" not in html and "13700001111" not in html
        assert "换了灯泡" in html

    def test_reading_marks_the_notices_as_read(self, client: Client, loop: Loop) -> None:
        report = loop.report()
        client.get(link(report))
        assert not report.notices.filter(read_at=None).exists()


class TestLookUp:
    def test_number_and_last_digits_lead_there(self, client: Client, loop: Loop) -> None:
        report = loop.report(phone="13812345678")
        answer = client.post("/track/", {"number": report.number, "digits": "5678"})
        assert answer.status_code == 302 and answer.url == link(report)

    def test_what_is_wrong_is_not_said(self, client: Client, loop: Loop) -> None:
        report = loop.report(phone="13812345678")
        for said in ({"number": report.number, "digits": "0000"}, {"number": "1", "digits": "5678"}):
            answer = client.post("/track/", said)
            assert answer.status_code == 422 and "没有查到" in page(answer) and said["number"] in page(answer)

    def test_a_report_without_a_phone_is_not_found_by_guessing(self, client: Client, loop: Loop) -> None:
        report = loop.report()
        assert client.post("/track/", {"number": report.number, "digits": ""}).status_code == 422

    def test_guessing_ends_soon(self, client: Client, loop: Loop) -> None:
        report = loop.report(phone="13812345678")
        for _ in range(6):
            client.post("/track/", {"number": report.number, "digits": "0000"})
        answer = client.post("/track/", {"number": report.number, "digits": "5678"})
        assert answer.status_code == 429 and "以后再试" in page(answer)


class TestAdding:
    def test_words_and_photos_reach_the_case(self, client: Client, loop: Loop) -> None:
        report = loop.dispatched().reports.get()
        answer = client.post(link(report, "words/"), {"add-words": "又灭了一盏", "photos": [photo()]})
        assert answer.status_code == 302
        assert report.files.count() == 1 and "又灭了一盏" in page(client.get(link(report)))

    def test_nothing_to_add_is_refused_and_asked_again(self, client: Client, loop: Loop) -> None:
        answer = client.post(link(loop.report(), "words/"), {"add-words": " "})
        assert answer.status_code == 422 and "请写下要补充的内容" in page(answer)

    def test_a_file_that_is_no_photo_keeps_the_words(self, client: Client, loop: Loop) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        said = {"add-words": "又灭了一盏", "photos": [SimpleUploadedFile("a.jpg", b"x")]}
        answer = client.post(link(loop.report(), "words/"), said)
        assert answer.status_code == 422 and "又灭了一盏" in page(answer) and "这不是照片" in page(answer)

    def test_a_closed_case_takes_no_more(self, client: Client, loop: Loop) -> None:
        answer = client.post(link(closed(loop), "words/"), {"add-words": "再说一句"})
        assert answer.status_code == 422 and "请申请重办" in page(answer)


def test_a_report_can_be_withdrawn_once(client: Client, loop: Loop) -> None:
    report = loop.report()
    assert client.post(link(report, "withdrawal/"), {"withdraw-reason": "已经好了"}).status_code == 302
    assert Case.objects.get().status == Status.VOIDED
    assert "您已撤回" in page(client.get(link(report)))
    assert client.post(link(report, "withdrawal/"), {}).status_code in (409, 422)


class TestRating:
    def test_contacted_solved_and_grade_are_counted(self, client: Client, loop: Loop) -> None:
        report = closed(loop)
        assert client.post(link(report, "rating/"), RATED).status_code == 302
        said = Callback.objects.get()
        assert (said.contacted, said.solved, said.grade, said.words, said.recorded_by) == (
            True,
            True,
            5,
            "很快",
            None,
        )
        assert "非常满意" in page(client.get(link(report)))

    def test_an_incomplete_rating_keeps_the_words(self, client: Client, loop: Loop) -> None:
        answer = client.post(link(closed(loop), "rating/"), {"rating-words": "还行"})
        assert answer.status_code == 422 and "还行" in page(answer) and "请选择满意程度" in page(answer)

    def test_it_comes_after_closing(self, client: Client, loop: Loop) -> None:
        answer = client.post(link(loop.report(), "rating/"), RATED)
        assert answer.status_code == 409 and "办结后再评价" in page(answer)


class TestReopening:
    def test_within_the_window_it_is_handled_again(self, client: Client, loop: Loop) -> None:
        report = closed(loop)
        assert "要求重新办理" in page(client.get(link(report)))
        assert client.post(link(report, "reopening/"), {"reopen-reason": "晚上又不亮了"}).status_code == 302
        assert fresh(report.case).status == Status.HANDLING

    def test_after_the_window_it_says_until_when_it_was(self, client: Client, loop: Loop) -> None:
        report = closed(loop)
        Case.objects.update(closed_at=timezone.now() - dt.timedelta(days=16))
        assert "已经过了" in page(client.get(link(report)))
        answer = client.post(link(report, "reopening/"), {"reopen-reason": "晚上又不亮了"})
        assert answer.status_code == 422 and "已超过结案后" in page(answer) and "晚上又不亮了" in page(answer)

    def test_the_words_of_who_asked_are_not_told_to_the_others(self, client: Client, loop: Loop) -> None:
        case = loop.handling(words="路灯坏了")
        first, second = case.reports.get(), loop.report("也不亮", follows=fresh(case))
        actions.report_handled(fresh(case), actor=loop.clerk, answer="换了灯泡和镇流器")
        actions.check_case(fresh(case), actor=loop.checker, words="亮了")
        actions.close_case(fresh(case), actor=loop.dispatcher)
        client.post(link(second, "reopening/"), {"reopen-reason": "我家三楼看得见，又灭了"})
        assert "我家三楼" in page(client.get(link(second)))
        html = page(client.get(link(first)))
        assert "重新办理" in html and "我家三楼" not in html

    def test_it_wants_a_reason(self, client: Client, loop: Loop) -> None:
        answer = client.post(link(closed(loop), "reopening/"), {"reopen-reason": ""})
        assert answer.status_code == 422 and "哪里还没有解决" in page(answer)


def test_a_merged_report_keeps_its_page_rating_and_number(client: Client, loop: Loop) -> None:
    main, other = loop.filed(words="路灯不亮"), loop.filed(words="灯坏了")
    report = other.reports.get()
    actions.merge_cases(main, [other], actor=loop.dispatcher)
    html = page(client.get(link(report)))
    assert report.number in html and "共 2 人" in html and "路灯不亮，" not in html
    main = fresh(main)
    actions.dispatch_case(main, department=loop.district.urban, actor=loop.dispatcher, note="指定")
    actions.take_up_case(main, actor=loop.clerk)
    actions.report_handled(main, actor=loop.clerk, answer="换了灯泡和镇流器")
    actions.check_case(main, actor=loop.checker, words="亮了")
    actions.close_case(main, actor=loop.dispatcher)
    assert client.post(link(report, "rating/"), RATED).status_code == 302
    assert report.callbacks.count() == 1


class TestPhotos:
    def test_a_reporter_sees_their_own_and_the_work_but_no_neighbours(
        self, client: Client, loop: Loop
    ) -> None:
        mine = loop.report(photos=[store_photo(photo(shade=10))])
        neighbour = loop.report(follows=fresh(mine.case), photos=[store_photo(photo(shade=120))])
        done = store_photo(photo(shade=230))
        CaseFile.objects.create(case=mine.case, file=done, role=CaseFile.Role.AFTER)
        Case.objects.update(public=False)
        own, theirs = mine.files.get().file, neighbour.files.get().file

        def opens(file: Any, token: str = "") -> int:
            url = f"/files/{file.pk}/{file.sha256[:8]}.jpg" + (f"?t={token}" if token else "")
            return client.get(url).status_code

        assert opens(own, mine.token) == opens(done, mine.token) == opens(done, neighbour.token) == 200
        assert opens(theirs, mine.token) == opens(own) == opens(done) == opens(own, "x" * 22) == 404

    def test_staff_see_those_of_their_cases(self, client: Client, loop: Loop) -> None:
        from huying.core.testing import make_user

        case = loop.dispatched(photos=[store_photo(photo())])
        Case.objects.update(public=False)
        file = case.files.get().file
        url = f"/files/{file.pk}/{file.sha256[:8]}-small.jpg"
        client.force_login(loop.clerk)
        assert client.get(url).status_code == 200
        client.force_login(make_user("clerk", department=loop.district.water))
        assert client.get(url).status_code == 404

    def test_a_wrong_hash_finds_nothing(self, resident: Resident) -> None:
        report = resident.reports(photos=[photo()])
        assert resident.client.get(f"/files/{report.files.get().file_id}/00000000.jpg").status_code == 404


class TestGuessingAndHammering:
    def test_the_last_digits_of_a_number_can_not_be_guessed_in_a_day(
        self, client: Client, loop: Loop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        report = loop.report(name="王小明", phone="13812345678")
        monkeypatch.setattr("huying.cases.views.portal.track.LOOK_UPS_PER_NUMBER", 1000)
        monkeypatch.setattr("huying.cases.views.portal.track.LOOK_UPS_PER_ADDRESS", 1000)
        for guess in range(24):
            client.post("/track/", {"number": report.number, "digits": f"{guess:04d}"})
        answer = client.post("/track/", {"number": report.number, "digits": "5678"})
        assert answer.status_code == 429

    def test_one_reporter_can_not_rate_without_end(self, client: Client, loop: Loop) -> None:
        report = closed(loop)
        answers = [client.post(link(report, "rating/"), RATED).status_code for _time in range(21)]
        assert set(answers[:20]) == {302}
        assert answers[20] == 429
