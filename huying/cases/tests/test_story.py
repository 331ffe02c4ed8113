"""The story of a case tells staff everything and reporters what concerns them."""

from __future__ import annotations

import re
from pathlib import Path

from huying.cases import actions, story
from huying.cases.story import story_for_reporter, story_for_staff

from .conftest import Loop, fresh

HERE = Path(__file__)


def test_every_entry_that_the_loop_writes_can_be_told() -> None:
    cases = HERE.parents[1]
    written: set[str] = set()
    for file in [*cases.glob("actions/*.py"), cases / "ladder.py", cases / "workflow.py"]:
        written |= set(re.findall(r'log\(\s*\w+,\s*"(case\.\w+)"', file.read_text()))
    assert len(written) > 25
    assert written <= set(story._TELLINGS)


def test_every_icon_of_the_story_is_in_the_sprite() -> None:
    sprite = (HERE.parents[2] / "static" / "huying" / "icons.svg").read_text()
    for telling in story._TELLINGS.values():
        assert f'id="{telling.icon}"' in sprite


def test_staff_read_who_did_what_and_why(loop: Loop) -> None:
    events = story_for_staff(loop.closed())
    assert [event.who for event in events][:3] == ["反映人", "派遣员", "派遣员"]
    assert "城市管理局" in events[2].text
    assert events[2].why


def test_reporters_read_no_staff_names_and_no_other_reporters_words(loop: Loop) -> None:
    first = loop.report()
    second = loop.report(follows=first.case)
    actions.add_words(second, words="我家门口也是")
    actions.file_case(fresh(first.case), actor=loop.dispatcher)
    for report in (first, second):
        assert all(event.who == "" for event in story_for_reporter(report))
    assert "我家门口也是" not in " ".join(event.text for event in story_for_reporter(first))
    assert "我家门口也是" in " ".join(event.text for event in story_for_reporter(second))


def test_a_return_is_told_to_the_reporter_without_the_departments_argument(loop: Loop) -> None:
    report = loop.report()
    case = fresh(report.case)
    actions.file_case(case, actor=loop.dispatcher)
    actions.dispatch_case(case, department=loop.district.urban, actor=loop.dispatcher, note="指定")
    actions.return_case(fresh(case), reason="这段路归街道管", actor=loop.clerk)
    told = [event for event in story_for_reporter(report) if event.code == "case.returned"]
    assert len(told) == 1
    assert told[0].text == ""
