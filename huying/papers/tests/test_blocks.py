"""What the text of a paper is read as."""

from __future__ import annotations

from huying.papers.blocks import (
    Heading,
    Paragraph,
    Picture,
    Table,
    addresses_of,
    blocks_of,
    plain_text,
    words_of,
)
from huying.papers.rules import KindRules, fill, read_kind
from huying.places.clock import Clock


def levels(*lines: str) -> list[int]:
    return [block.level if isinstance(block, Heading) else 0 for block in blocks_of("\n".join(lines))]


def test_headings_are_known_by_their_numbers() -> None:
    assert levels("一、总体情况", "（一）排查", "1. 更换井盖", "（1）自管", "现报告如下。") == [1, 2, 3, 4, 0]


def test_a_heading_may_be_followed_by_its_text() -> None:
    [block] = blocks_of("一、加强领导。各单位要明确责任人。")
    assert isinstance(block, Heading)
    assert (words_of(block.spans), words_of(block.rest)) == ("一、加强领导。", "各单位要明确责任人。")


def test_a_long_paragraph_that_begins_with_a_number_is_text() -> None:
    assert levels(f"一、{'各' * 60}") == [0]
    assert levels("12.5公里管网已经改造完成") == [0]


def test_a_number_leads_to_its_rows_and_reads_as_a_number() -> None:
    body = "共更换⟦836|/figures/p/abc/⟧套。\n| 街道 | 套 |\n|---|---|\n| 东 | ⟦229|/figures/p/e/⟧ |"
    paragraph, table = blocks_of(body)
    assert isinstance(paragraph, Paragraph)
    assert [(span.text, span.href) for span in paragraph.spans][1] == ("836", "/figures/p/abc/")
    assert isinstance(table, Table)
    assert table.rows[0][1][0].href == "/figures/p/e/"
    assert plain_text(body) == "共更换836套。\n街道  套\n东  229"
    assert addresses_of(body) == ["/figures/p/abc/", "/figures/p/e/"]


def test_an_address_of_another_site_is_only_its_words() -> None:
    for address in ("https://example.org/", "//example.org/", "javascript:alert(1)", '/a"b'):
        [block] = blocks_of(f"点⟦这里|{address}⟧")
        assert isinstance(block, Paragraph)
        assert all(not span.href for span in block.spans)
        assert words_of(block.spans) == "点这里"


def test_a_picture_is_named() -> None:
    assert blocks_of("![各街道完成情况](picture:streets)") == (Picture("streets", "各街道完成情况"),)


def test_a_kind_says_how_it_is_written() -> None:
    rules, problems = read_kind(
        {"paper": "letter", "title": {"zh": "督办函", "en": "Letter"}, "mark": "卫督办", "reply": "within 5 work days"}
    )  # fmt: skip
    assert not problems
    assert (rules.cited, rules.title_en) == ("卫督办", "Letter")
    assert rules.reply is not None and rules.reply.clock == Clock.WORK_DAYS
    assert fill("{subject}、{day}", {"subject": "井盖"}) == "井盖、{day}"


def test_mistakes_of_a_kind_are_said_where_they_stand() -> None:
    _rules, problems = read_kind(
        {
            "paper": "x",
            "title": "甲",
            "layout": "poster",
            "reply": "soon",
            "text": "{nobody}",
            "sign": ["clerk"],
            "colour": 1,
        }
    )
    assert {problem.keys[0] for problem in problems} == {"layout", "reply", "text", "sign", "colour"}


def test_a_kind_without_keys_is_a_document_for_head_and_leader() -> None:
    rules = read_kind({"paper": "x", "title": "甲"})[0]
    assert rules == KindRules("x", "甲", review=("head", "supervisor"), sign=("leader",))
