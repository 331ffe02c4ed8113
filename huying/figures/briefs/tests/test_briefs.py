"""A brief begins with its tokens, says which numbers have no source, and freezes all at one moment when it goes out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huying.core.errors import NotAllowed, Refusal
from huying.core.testing import make_user
from huying.figures.briefs.actions import confirm_doubt, english_of, quote_number, start_brief
from huying.figures.briefs.composing import Composer, period_words
from huying.figures.briefs.finding import doubts, loose_numbers, suggestions, unsettled
from huying.figures.briefs.rules import BriefRules, read_brief
from huying.figures.briefs.tests.conftest import Office, declare_brief
from huying.figures.counting import Asked
from huying.figures.models import CheckList, PublishedFigure
from huying.figures.publishing import publish
from huying.inspections.campaigns.rules import Span
from huying.papers.blocks import plain_text
from huying.papers.drafting import save_draft, submit_draft
from huying.papers.models import PaperDraft
from huying.registry.models import Item

pytestmark = pytest.mark.django_db
TEXT = "截至{as_of}，全区有路灯{lamps}，共{metres:number}米。"


def test_a_draft_keeps_its_tokens_and_says_the_day(figures: Any, office: Office) -> None:
    run = start_brief(declare_brief(text=TEXT), actor=office.writer)
    assert run.draft is not None
    assert run.draft.body == "截至2023年11月28日，全区有路灯{lamps}，共{metres:number}米。"
    assert run.draft.link_path == f"/figures/paper/{run.token}/"


def test_numbers_of_the_preview_lead_to_their_rows(figures: Any, district: Any) -> None:
    said = Composer(Span(None, dt.date(2023, 11, 28))).expand("路灯{lamps}，共{metres:number}米")
    assert said.startswith("路灯⟦4盏|/desk/figures/lamps/?to=2023-11-28&at=")
    assert "共⟦32|/desk/figures/metres/?" in said


def test_a_clause_is_there_when_its_condition_holds(figures: Any, office: Office) -> None:
    text = [{"when": "lamps > 3", "text": "多。"}, {"when": "lamps > metres", "text": "少。"}, "完。"]
    run = start_brief(declare_brief(text=text), actor=office.writer)
    assert run.draft is not None
    assert run.draft.body == "多。\n完。"


def test_a_table_the_first_and_a_picture(figures: Any, district: Any) -> None:
    composer = Composer(Span(None, dt.date(2023, 11, 28)))
    body = composer.expand(
        "{lamps:by subdistrict}\n最多的是{lamps:top 1 by subdistrict}。\n{lamps:chart subdistrict}"
    )
    table, first, picture = body.split("\n")[:4], body.split("\n")[4], body.split("\n")[5]
    assert table[0] == "| 街道 | lamps（盏） |"
    assert ["⟦1|/desk/" in table[1], "⟦3|/desk/" in table[2]] == [True, True]
    assert table[3].startswith("| 合计 | ⟦4|")
    assert "（⟦3盏|" in first and "⟦1盏|" not in first
    assert picture == "![lamps（盏，按街道）](picture:lamps-subdistrict)"
    assert composer.pictures["lamps-subdistrict"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("完成12公里，占{lamps}的99.46%。", ["12公里", "99.46%"]),
        ("2023年11月28日印发第14期，拨打12345，9:30到场", []),
        ("1. 第一件事\n（2）第二件事", []),
        ("１２公里和1,234人", ["１２公里和", "1,234人"]),
        ("卫督办〔2023〕3号要求3日内改", ["3日内改"]),
    ],
)
def test_a_number_without_a_source_is_found(line: str, found: list[str]) -> None:
    rules = BriefRules("x", "x", names=("12345",))
    assert [loose.text for loose in loose_numbers(line, None, rules)] == found


def test_a_figure_with_that_value_is_suggested(figures: Any, district: Any) -> None:
    composer = Composer(Span(None, dt.date(2023, 11, 28)))
    (loose,) = loose_numbers("共32米。")
    assert suggestions(loose, composer, ["lamps"]) == [("{metres}", "metres 32 米")]


def test_issued_every_number_leads_to_its_permanent_page(figures: Any, office: Office) -> None:
    run = start_brief(declare_brief(text=TEXT), actor=office.writer)
    paper = office.issue(run)
    run.refresh_from_db()
    numbers = list(run.numbers.select_related("published"))
    assert [(each.words, each.published.figure.code) for each in numbers] == [
        ("4盏", "lamps"),
        ("32米", "metres"),
    ]
    assert {each.published.at for each in numbers} == {run.counted_at}
    assert paper.body == (
        f"截至2023年11月28日，全区有路灯⟦4盏|/figures/p/{numbers[0].published.token}/⟧，"
        f"共⟦32|/figures/p/{numbers[1].published.token}/⟧米。"
    )


def test_it_is_counted_again_when_it_goes_out(figures: Any, office: Office, lamps: list[Item]) -> None:
    run = start_brief(declare_brief(text=TEXT), actor=office.writer)
    Item.objects.create(register=lamps[0].register, code="E", title="新", data={"height": 10}, state="in use")
    assert "⟦5盏|" in office.issue(run).body


def test_a_number_without_a_source_is_not_issued(figures: Any, office: Office) -> None:
    run = start_brief(declare_brief(text=f"{TEXT}新修12公里。"), actor=office.writer)
    with pytest.raises(Refusal, match="12公里"):
        office.issue(run)
    assert run.draft is not None
    assert not PublishedFigure.objects.exists()
    assert PaperDraft.objects.get(pk=run.draft.pk).state == PaperDraft.State.SIGNED


def test_a_quoted_number_goes_out_with_its_source(figures: Any, office: Office) -> None:
    run = start_brief(declare_brief(text=f"{TEXT}新修12公里。"), actor=office.writer)
    quote_number(run, text="12公里", source="区住建局来函第 3 页", actor=office.writer)
    assert office.issue(run).body.endswith("（“12公里”引自区住建局来函第 3 页。）")


def test_what_was_told_otherwise_before_must_be_confirmed(
    figures: Any, office: Office, lamps: list[Item]
) -> None:
    run = start_brief(declare_brief(text=TEXT), actor=office.writer)
    assert run.draft is not None
    publish("lamps", Asked(run.span), actor=office.supervisor, purpose="三季度通报")
    lamps[3].delete()
    composer = Composer(run.span)
    (found,) = doubts(run, run.draft.body, composer)
    assert "公布过 4 盏（三季度通报），现在是 3 盏" in found.sentence
    run = confirm_doubt(run, key=found.key, words="有一盏已报废销账", actor=office.writer)
    assert unsettled(run, run.draft.body, composer) == []
    assert "⟦3盏|" in office.issue(run).body


def test_a_relation_that_fails_must_be_confirmed(figures: Any, office: Office) -> None:
    CheckList.objects.create(
        code="x",
        title="x",
        declaration={
            "checks": "x",
            "list": [{"code": "same", "title": "应当一样", "same": ["lamps", "metres"]}],
        },
    )
    run = start_brief(declare_brief(text=TEXT), actor=office.writer)
    with pytest.raises(Refusal, match="应当一样"):
        office.issue(run)


def test_the_writer_edits_words_freely(figures: Any, office: Office) -> None:
    run = start_brief(declare_brief(text=TEXT), actor=office.writer)
    assert run.draft is not None
    save_draft(run.draft, title="路灯", body="路灯共{lamps}，都亮着，没有一盏坏的。", actor=office.writer)
    assert "路灯共⟦4盏|" in office.issue(run).body


def test_the_papers_own_page_shows_values_and_keeps_the_tokens(
    figures: Any, office: Office, client: Client
) -> None:
    draft = start_brief(declare_brief(text=TEXT), actor=office.writer).draft
    assert draft is not None
    client.force_login(office.writer)
    address = reverse("papers:draft", args=[draft.pk])
    page = client.get(address)
    assert "4盏" in "".join(page.context["letter"].paragraphs)
    assert "{lamps}" in page.context["form"].initial["body"]
    said = {"title": draft.title, "body": "只有{lamps}。", "version": draft.version}
    assert b"4" in client.post(reverse("papers:draft-preview", args=[draft.pk]), said).content
    draft.refresh_from_db()
    assert "{lamps}" in draft.body
    submit_draft(draft, actor=office.writer)
    client.force_login(office.supervisor)
    reviewed = client.get(address).content.decode()
    assert "4盏" in reviewed
    assert "{lamps}" not in reviewed


def test_the_english_text_is_read_as_a_translation_and_never_issued(
    figures: Any, office: Office, lamps: list[Item], client: Client
) -> None:
    english = "By {as_of}, {lamps} with {metres:number} metres."
    run = start_brief(declare_brief(text=TEXT, en=english), actor=office.writer)
    client.force_login(office.writer)
    address = reverse("figures:brief-english", args=[run.token])
    page = client.get(address)
    assert "译文，只供阅读" in page.content.decode()
    assert plain_text(english_of(run)).startswith("By 28 November 2023, 4")
    paper = office.issue(run)
    assert "November" not in paper.body
    run.refresh_from_db()
    lamps[3].delete()
    assert "By 28 November 2023, 4" in plain_text(english_of(run)), "as it was issued"
    assert run.numbers.get(published__figure__code="lamps").published.get_absolute_url() in english_of(run)
    other = start_brief(declare_brief("plain", text=TEXT), actor=office.writer)
    assert client.get(reverse("figures:brief-english", args=[other.token])).status_code == 404


def test_the_days_of_the_form_are_those_that_a_browser_reads(
    figures: Any, office: Office, client: Client
) -> None:
    client.force_login(office.writer)
    page = client.get(declare_brief(text=TEXT).get_absolute_url()).content.decode()
    assert 'value="2023-11-28"' in page


def test_only_who_may_write_begins_one(figures: Any, district: Any) -> None:
    with pytest.raises(NotAllowed):
        start_brief(declare_brief(text=TEXT), actor=make_user())


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("month", "2023-10-01", "2023-10-31"),
        ("week", "2023-11-20", "2023-11-26"),
        ("day", "2023-11-27", "2023-11-27"),
        ("this year", "2023-01-01", "2023-11-27"),
        ("quarter", "2023-07-01", "2023-09-30"),
        ("2023-01-01..2023-11-25", "2023-01-01", "2023-11-25"),
        ("2023", "2023-01-01", "2023-11-27"),
    ],
)
def test_the_days_that_an_issue_is_about(period: str, first: str, last: str) -> None:
    rules = BriefRules("x", "x", period=period)
    assert rules.span(dt.date(2023, 11, 28)) == Span(
        dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    )


def test_days_in_words() -> None:
    day = dt.date
    assert period_words(Span(day(2023, 11, 1), day(2023, 11, 30))) == "2023年11月"
    assert period_words(Span(day(2023, 1, 1), day(2023, 11, 28))) == "2023年1月1日至11月28日"
    assert period_words(Span(day(2023, 1, 1), day(2023, 12, 31))) == "2023年"


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": "sometimes"},
        {"text": "{lamps:most}"},
        {"text": [{"when": "1 +", "text": "x"}]},
        {"text": ""},
    ],
)
def test_what_is_no_brief_is_said(wrong: dict[str, Any]) -> None:
    _rules, problems = read_brief({"brief": "x", "title": "简报", "text": "x", **wrong})
    assert problems
