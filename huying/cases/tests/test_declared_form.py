"""What a ledger declares becomes a form that keeps only what was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from huying.cases.ledger import read_rules
from huying.registry.declared.fields import FIELD_TYPES, Field
from huying.registry.declared.forms import cleaned_values, declared_form, shown_values

DECLARATION: dict[str, Any] = {
    "ledger": "everything",
    "title": "样样都有",
    "fields": {
        "short": {"type": "text", "title": "一句话", "required": True},
        "long": {"type": "long text"},
        "reading": {"type": "number (°C)", "title": "室温"},
        "cost": {"type": "money", "title": "费用"},
        "day": {"type": "date"},
        "hour": {"type": "time"},
        "kind": {"type": "choice", "of": ["上水", "污水"]},
        "kinds": {"type": "choices", "of": ["甲", "乙", "丙"]},
        "shot": {"type": "photo", "required": True},
        "spot": {"type": "place"},
        "who": {"type": "person", "private": True},
        "tel": {"type": "phone", "private": True},
        "identity": {"type": "identity number", "private": True},
        "company": {"type": "credit code"},
        "ok": {"type": "yes or no"},
    },
}
FILLED = {
    "f-short": "三楼不热", "f-long": "两天了", "f-reading": "15.5", "f-cost": "12.5", "f-day": "2026-11-20",
    "f-hour": "08:30", "f-kind": "污水", "f-kinds": ["甲", "丙"], "f-spot": "建设路 3 号", "f-who": "王小明",
    "f-tel": "138 1234 5678", "f-identity": "11010519491231002X", "f-company": "91110000600037341L", "f-ok": "False",
}  # fmt: skip


def fields_of(declaration: dict[str, Any]) -> tuple[Field, ...]:
    rules, problems = read_rules(declaration)
    assert problems == []
    return rules.fields


def form_of(declared: dict[str, Any], data: dict[str, Any] | None = None, **more: Any):
    from django.http import QueryDict

    fields = fields_of({"ledger": "x", "title": "x", "fields": declared})
    if data is None:
        return declared_form(fields, **more)
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return declared_form(fields, query, **more)


def test_every_type_is_asked_checked_and_kept_as_json() -> None:
    form = form_of(DECLARATION["fields"], FILLED)
    assert form.is_valid(), form.errors
    kept = cleaned_values(form)
    assert json.loads(json.dumps(kept)) == kept == {
        "short": "三楼不热", "long": "两天了", "reading": 15.5, "cost": "12.50", "day": "2026-11-20", "hour": "08:30",
        "kind": "污水", "kinds": ["甲", "丙"], "spot": {"text": "建设路 3 号"}, "who": "王小明", "tel": "138 1234 5678",
        "identity": "11010519491231002X", "company": "91110000600037341L", "ok": False,
    }  # fmt: skip


def test_a_form_can_be_drawn_for_every_type_that_a_ledger_may_declare(db: None) -> None:
    declared = {f"f{n}": {"type": kind, "of": ["甲"]} for n, kind in enumerate(FIELD_TYPES)}
    html = str(form_of(declared))
    assert html.count("name=") >= len(FIELD_TYPES) - 2


def test_what_was_kept_fills_the_form_again() -> None:
    form = form_of(DECLARATION["fields"], FILLED)
    assert form.is_valid()
    again = declared_form(fields_of(DECLARATION), initial=cleaned_values(form))
    html = str(again)
    assert 'value="2026-11-20"' in html and "建设路 3 号" in html and 'value="15.5"' in html


@pytest.mark.parametrize(
    ("name", "value"),
    [("f-tel", "12345"), ("f-identity", "110105194912310021"), ("f-company", "911100006000"), ("f-day", "昨天"),
     ("f-kind", "煤气"), ("f-reading", "很冷"), ("f-short", "")],
)  # fmt: skip
def test_a_wrong_value_is_refused_at_its_field(name: str, value: str) -> None:
    form = form_of(DECLARATION["fields"], {**FILLED, name: value})
    assert not form.is_valid()
    assert list(form.errors) == [name.removeprefix("f-")]


CONDITIONAL = {
    "done": {"type": "choice", "of": ["没有", "已处置"], "required": True},
    "how": {"type": "text", "required": True, "when": "done == '已处置'"},
}


def test_a_field_is_required_only_when_its_condition_holds() -> None:
    assert form_of(CONDITIONAL, {"f-done": "没有"}).is_valid()
    assert not form_of(CONDITIONAL, {"f-done": "已处置"}).is_valid()
    assert form_of(CONDITIONAL, {"f-done": "已处置", "f-how": "扶正"}).is_valid()


def test_what_was_not_asked_is_not_kept() -> None:
    form = form_of(CONDITIONAL, {"f-done": "没有", "f-how": "扶正"})
    assert form.is_valid()
    assert cleaned_values(form) == {"done": "没有"}


def test_a_condition_on_the_channel_alone_is_decided_before_the_form_is_shown() -> None:
    declared = {"site": {"type": "text", "when": "channel in ['netizen', 'visit']"}}
    assert list(form_of(declared, facts={"channel": "portal"}).fields) == []
    assert list(form_of(declared, facts={"channel": "visit"}).fields) == ["site"]


def test_a_condition_may_ask_about_a_field_that_was_left_empty() -> None:
    declared = {
        "rooms": {"type": "choice", "of": ["一间", "全屋"]},
        "why": {"type": "text", "required": True, "when": "rooms != '一间'"},
    }
    assert form_of(declared, {"f-rooms": "一间"}).is_valid()
    assert not form_of(declared, {}).is_valid()


def test_personal_values_are_masked_when_shown() -> None:
    form = form_of(DECLARATION["fields"], FILLED)
    assert form.is_valid()
    shown = dict(shown_values(fields_of(DECLARATION), cleaned_values(form), private=False))
    assert shown["who"] == "王**" and "1234" not in shown["tel"] and shown["identity"].startswith("110***")
    assert shown["室温"] == "15.5 °C" and shown["费用"] == "12.50 元" and shown["ok"] == "否"
