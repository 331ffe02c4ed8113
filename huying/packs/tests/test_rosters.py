"""Rosters in a pack: what is wrong is said where it stands; what is right is loaded, changed and retired."""

from __future__ import annotations

import pytest

from huying.packs.changes import Changes
from huying.packs.checker import check_pack
from huying.packs.loader import load_pack
from huying.packs.tests.conftest import PackFolder
from huying.people.models import Roster
from huying.people.rosters.rules import rules_of

RIGHT = """\
rosters: xinhua
list:
  - code: snow-watch
    title: {zh: 除雪值守, en: Snow watch}
    department: urban-management
    season: 11-15..03-15
    days: workdays
    roles: [clerk]
    rest_hours: 10
    shifts:
      - {code: day, title: 白班, from: "08:00", to: "20:00", people: 2}
      - {code: night, title: {zh: 夜班, en: Night}, from: "20:00", to: "08:00"}
  - code: grid
    title: 网格值班
    department: street-east
    areas: ["990101001001", "990101001002"]
    posts: [grid-worker]
    shifts: [{code: day, title: 日班, from: "8:00", to: "20:00"}]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("department: urban-management", "department: urban-managment", 5, "是不是“urban-management”"),
        ("department: urban-management", "phone: '1'", 3, "由哪个单位排班"),
        ("season: 11-15..03-15", "season: 冬天", 6, "11-15..03-15"),
        ("days: workdays", "days: weekdays", 7, "是不是“workdays”"),
        ("roles: [clerk]", "roles: [clerc]", 8, "是不是“clerk”"),
        ("    roles: [clerk]\n", "", 3, "谁可以排这个班"),
        ("rest_hours: 10", "rest_hours: 十", 9, "写一个数字"),
        ("rest_hours: 10", "rest_hours: 400", 9, "最多 48"),
        ("rest_hours: 10", "handover: maybe", 9, "可以写：false、true"),
        ("rest_hours: 10", "rest_hour: 10", 9, "rest_hours"),
        ('from: "20:00"', 'from: "25:00"', 12, '"08:00"'),
        ("people: 2", "people: 0", 11, "1 到 99"),
        ("code: night", "code: day", 12, "写了两次"),
        ("code: grid\n", "code: snow-watch\n", 13, "写了两次"),
        ("code: grid\n", "code: a-very-long-code-for-a-grid-watch\n", 13, "代码太长"),
        ('"990101001002"]', '"990101001009"]', 16, "990101001009"),
        ("    areas:", '    area: "990101001001"\n    areas:', 17, "只写一个"),
        ("posts: [grid-worker]", "posts: [grid-chief]", 17, "grid-chief"),
        ("    title: 网格值班", "    title: {en: Grid}", 15, "中文名称"),
        ('    shifts: [{code: day, title: 日班, from: "8:00", to: "20:00"}]\n', "", 13, "写班次"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_on_its_line(pack: PackFolder, old: str, new: str, line: int, words: str) -> None:
    assert RIGHT.count(old) >= 1
    pack.write("rosters.yaml", RIGHT.replace(old, new, 1))
    mistakes = check_pack(pack.path)
    assert any(words in str(one.sentence) for one in mistakes), [str(one) for one in mistakes]
    near = [one for one in mistakes if words in str(one.sentence)]
    assert near[0].file == "rosters.yaml" and abs(near[0].line - line) <= 1


def test_the_words_of_an_empty_post_are_checked(pack: PackFolder) -> None:
    pack.add("notices.yaml", "") if (pack.path / "notices.yaml").exists() else pack.write(
        "notices.yaml", "notices: x\n"
    )
    kept = pack.read("notices.yaml")
    head = kept if "staff:" not in kept else kept.partition("staff:")[0]
    pack.write(
        "notices.yaml",
        head + 'staff:\n  shift.missed:\n    sms: "{roster} {planned}"\n    robot: "{planned}"\n',
    )
    mistakes = [str(one) for one in check_pack(pack.path)]
    assert len(mistakes) == 1 and "planned" in mistakes[0]


def load(pack: PackFolder) -> Changes:
    return load_pack(pack.path, report=lambda line: None)


@pytest.mark.django_db
def test_rosters_are_loaded_changed_and_retired(pack: PackFolder) -> None:
    pack.write("rosters.yaml", RIGHT)
    load(pack)
    assert {row.code for row in Roster.objects.all()} == {
        "snow-watch",
        "grid-990101001001",
        "grid-990101001002",
    }
    snow = Roster.objects.get(code="snow-watch")
    rules = rules_of(snow)
    assert (rules.days, rules.rest_hours, rules.shifts[0].people, rules.shifts[1].title_en) == (
        "workdays",
        10,
        2,
        "Night",
    )
    assert snow.area is None and Roster.objects.get(code="grid-990101001001").title == "东一社区网格值班"
    assert not load(pack)
    pack.edit("rosters.yaml", ', "990101001002"', "")
    pack.edit("rosters.yaml", "people: 2", "people: 3")
    load(pack)
    assert not Roster.objects.get(code="grid-990101001002").active
    assert rules_of(Roster.objects.get(code="snow-watch")).shifts[0].people == 3
