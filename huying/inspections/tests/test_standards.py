"""A standard is read, or every mistake in it is told at its key."""

from __future__ import annotations

from typing import Any

import pytest

from huying.inspections.standards import StandardRules, read_standard

RIGHT: dict[str, Any] = {
    "standard": "station-night",
    "title": {"zh": "泵站夜查", "en": "Night check"},
    "about": "每晚查",
    "applies_to": {"register": ["heating-station"]},
    "from": "2026-11-15",
    "items": [
        {"code": "running", "title": "运行", "points": 40, "critical": True, "group": {"zh": "设备", "en": "Machines"}},
        {
            "code": "return", "title": {"zh": "回水", "en": "Return"}, "evidence": "reading",
            "reading": {"unit": "°C", "holds": "value >= 35"}, "group": "设备",
            "fails_open": {"ledger": "heating", "category": "heating-cold", "limit": "4 work hours"},
        },
        {"code": "smoke", "title": "不吸烟", "kind": "ban", "critical": "zero", "evidence": "photo"},
    ],
    "fields": {"pressure": {"type": "number", "unit": "MPa"}},
    "pass": 80,
    "grades": [{"from": 0, "title": "差"}, {"from": "90%", "title": {"zh": "优", "en": "Good"}}],
    "letter": {"kind": "supervision", "within": "3 work days"},
    "signature": "required",
}  # fmt: skip


def problems(**changes: Any) -> list[tuple[str, str]]:
    _rules, found = read_standard(RIGHT | changes)
    return [(".".join(map(str, each.keys)), str(each.sentence)) for each in found]


def test_a_standard_is_read() -> None:
    rules, found = read_standard(RIGHT)
    assert found == []
    assert (rules.code, rules.registers, rules.pass_tenths, rules.signature) == (
        "station-night", ("heating-station",), 800, "required",
    )  # fmt: skip
    assert [item.critical for item in rules.items] == ["fails", "", "zero"]
    assert rules.items[1].bounds == (((">=", 35.0),),) and rules.items[1].unit == "°C"
    opens = rules.items[1].opens
    assert opens is not None and (opens.category, str(opens.limit)) == ("heating-cold", "4 work hours")
    assert [(grade.since, grade.title) for grade in rules.grades] == [(900, "优"), (0, "差")]
    assert rules.letter is not None and str(rules.letter.within) == "3 work days"
    assert [(group, len(items)) for group, items in rules.groups] == [("设备", 2), ("", 1)]
    assert rules.item("smoke") is rules.items[2] and rules.item("nothing") is None


def test_a_declaration_is_read_once() -> None:
    assert StandardRules.from_declaration(RIGHT) is StandardRules.from_declaration(dict(RIGHT))


def test_a_wrong_declaration_is_not_taken() -> None:
    with pytest.raises(ValueError, match="items"):
        StandardRules.from_declaration(RIGHT | {"items": []})


def test_points_default_to_one_and_the_pass_to_everything() -> None:
    rules, found = read_standard(
        {
            "standard": "x",
            "title": "甲",
            "applies_to": {"areas": "village"},
            "items": [{"code": "a", "title": "乙"}],
        }
    )
    assert found == [] and (rules.items[0].points, rules.pass_tenths, rules.area_level) == (
        1,
        1000,
        "village",
    )


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"titel": "x"}, "titel", "title"),
        ({"title": {"en": "x"}}, "title", "中文名称"),
        ({"applies_to": None}, "applies_to", "只写一种"),
        ({"applies_to": {"register": ["a"], "areas": "grid"}}, "applies_to", "只写一种"),
        ({"applies_to": {"areas": "vilage"}}, "applies_to.areas", "是不是“village”"),
        ({"applies_to": {"departments": "all"}}, "applies_to.departments", "写 true"),
        ({"pass": 101}, "pass", "0 到 100"),
        ({"pass": "很好"}, "pass", "0 到 100"),
        ({"from": "明天"}, "from", "2026-11-20"),
        ({"signature": "wanted"}, "signature", "required"),
        ({"grades": [{"from": 90}]}, "grades.0", "中文名称"),
        ({"grades": [{"from": "x", "title": "优"}]}, "grades.0.from", "0 到 100"),
        ({"letter": {"kind": "supervison"}}, "letter.kind", "是不是“supervision”"),
        ({"letter": {"kind": "order", "within": "4 hours"}}, "letter.within", "办公时间"),
        ({"items": []}, "items", "要看哪些"),
        ({"items": [{"code": "a"}]}, "items.0.title", "中文名称"),
        ({"items": [{"code": "a", "title": "x", "points": 1001}]}, "items.0.points", "1000"),
        ({"items": [{"code": "a", "title": "x", "points": -1}]}, "items.0.points", "整数"),
        ({"items": [{"code": "a", "title": "x", "points": 1.5}]}, "items.0.points", "整数"),
        ({"items": [{"code": "a", "title": "x", "kind": "may"}]}, "items.0.kind", "must、ban"),
        ({"items": [{"code": "a", "title": "x", "evidence": "video"}]}, "items.0.evidence", "photo"),
        ({"items": [{"code": "a", "title": "x", "evidence": "reading"}]}, "items.0.evidence", "value >= 18"),
        ({"items": [{"code": "a", "title": "x", "critical": "very"}]}, "items.0.critical", "zero"),
        ({"items": [{"code": "a", "title": "x"}, {"code": "a", "title": "y"}]}, "items.1.code", "写了两次"),
        ({"items": [{"code": "a", "title": "x", "fails_open": {"category": "y"}}]}, "items.0.fails_open", "ledger"),
        (
            {"items": [{"code": "a", "title": "x", "fails_open": {"ledger": "y", "limit": "soon"}}]},
            "items.0.fails_open.limit", "时限",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_key(changes: dict[str, Any], key: str, words: str) -> None:
    found = problems(**changes)
    assert any(at == key and words in said for at, said in found), found


@pytest.mark.parametrize(
    "text", ["", "18", "value > ", "temperature > 3", "value > 3 & value < 4", "(value > 3)", "value ~ 3"]
)
def test_a_reading_is_compared_with_numbers_and_nothing_else(text: str) -> None:
    item = {"code": "a", "title": "x", "evidence": "reading", "reading": {"unit": "m", "holds": text}}
    assert ("items.0.reading.holds", True) in [
        (at, "value >= 18" in said) for at, said in problems(items=[item])
    ]


def test_all_that_a_reading_may_say_is_cel() -> None:
    from huying.core import expressions

    text = "value >= 18 && value <= 26.5 || value == -1"
    expressions.check(text)
    rules, found = read_standard(
        RIGHT | {"items": [{"code": "a", "title": "x", "evidence": "reading", "reading": {"holds": text}}]}
    )
    assert found == [] and rules.items[0].bounds == (((">=", 18.0), ("<=", 26.5)), (("==", -1.0),))
