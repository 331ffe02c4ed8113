"""Files are read as officers write them, and every value keeps its line."""

from __future__ import annotations

from huying.packs.reader import decode, documents_of, parse_csv, parse_yaml
from huying.packs.wording import Mistake


def read(text: str) -> tuple[object, list[Mistake]]:
    mistakes: list[Mistake] = []
    return parse_yaml(text, "a.yaml", mistakes)[0], mistakes


def test_times_codes_and_no_stay_what_was_written() -> None:
    value, mistakes = read("a: 14:00\nb: 0101\nc: no\nd: 2026-11-20\ne: true\nf: 3\ng: 1.5\nh:\n")
    assert value == {
        "a": "14:00", "b": "0101", "c": "no", "d": "2026-11-20", "e": True, "f": 3, "g": 1.5, "h": None,
    }  # fmt: skip
    assert mistakes == []


def test_every_key_and_item_has_its_line() -> None:
    lines = parse_yaml("a:\n  - b: 1\n    c: 2\n  - {b: 3}\n", "a.yaml", [])[1]
    assert lines["a",] == 1
    assert lines["a", 0, "c"] == 3
    assert lines["a", 1] == 4


def test_a_key_written_twice_is_a_mistake_on_its_second_line() -> None:
    _value, (mistake,) = read("a: 1\nb: 2\na: 3\n")
    assert mistake.line == 3
    assert "1" in str(mistake)


def test_a_comma_that_cuts_a_title_is_a_mistake() -> None:
    _value, (mistake,) = read("title: {zh: 健康、技能, en: Health, skills}\n")
    assert mistake.line == 1
    assert "skills" in str(mistake)


def test_a_chinese_colon_is_recognised() -> None:
    _value, (mistake,) = read("a: 1\nb：2\n")
    assert mistake.line == 2
    assert "：" in str(mistake)


def test_a_tab_is_recognised() -> None:
    _value, (mistake,) = read("a:\n\tb: 1\n")
    assert "制表符" in str(mistake)


def test_references_are_refused_so_that_a_file_stays_as_large_as_it_looks() -> None:
    _value, mistakes = read("a: &x [1, 2]\nb: [*x, *x, *x]\n")
    assert {mistake.line for mistake in mistakes} == {1}


def test_tags_that_make_objects_are_refused() -> None:
    value, mistakes = read("a: !!python/object/apply:os.system [ls]\nb: !!python/name:os.system x\n")
    assert mistakes or value == {"a": ["ls"], "b": None}
    assert "system" not in str(value)


def test_broken_yaml_names_its_line() -> None:
    _value, (mistake,) = read("a: 1\nb: [1, 2\nc: 3\n")
    assert mistake.line in (2, 3)


def test_a_file_without_a_kind_says_how_to_begin() -> None:
    mistakes: list[Mistake] = []
    assert documents_of("- 1\n- 2\n", "a.yaml", mistakes) == []
    assert documents_of("", "a.yaml", mistakes) == []
    assert all("ledger:" in str(mistake) for mistake in mistakes)


def test_csv_rows_know_the_line_on_which_they_begin() -> None:
    sheet = parse_csv('code,title\na,"一\n二"\n\nb,三\n', "x.csv")
    assert [(row.line, row.cells["code"]) for row in sheet.rows] == [(2, "a"), (5, "b")]


def test_utf8_with_a_mark_and_gb18030_are_read() -> None:
    assert (
        decode("井盖".encode("utf-8-sig"))
        == decode("井盖".encode("gb18030"))
        == decode("井盖".encode())
        == "井盖"
    )
