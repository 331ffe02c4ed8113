"""The small district's ledger, its people, and shortcuts to drive a case through the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from huying.cases import actions
from huying.cases.actions import Intake
from huying.cases.models import Case, Category, Channel, Ledger, Report, Topic
from huying.core.stages import put_back
from huying.core.testing import MiniDistrict, make_user
from huying.people.models import User

SNAPSHOT = """
ledger: snapshot
title: {zh: 随手拍, en: Snap and fix}
stages: [file, dispatch, handle, check, close]
gates: {report_handled: [answer_text], close: [checked_by_other]}
ladder: [{at: 80%, do: remind}, {at: 100%, do: urge}, {at: 150%, do: supervise, colour: yellow}, {at: 200%, do: list}]
park: {allowed: true, at_most: 1, longest: 365 days}
reopen_within: 15 days
public: {list: true, map: true, photos: both, words: summary}
"""


def make_topics(district: MiniDistrict) -> dict[str, Topic]:
    """Lighting with a child, and street order without a department."""
    lighting = Topic.objects.create(
        code="lighting", title="照明", limit="2 work days", department=district.urban, keywords=["路灯"]
    )
    dark = Topic.objects.create(
        code="lighting-dark",
        title="路灯不亮",
        parent=lighting,
        limit="2 work days",
        keywords=["不亮", "路灯坏"],
    )
    order = Topic.objects.create(
        code="street-order", title="街面秩序", limit="4 work hours", keywords=["占道"]
    )
    return {topic.code: topic for topic in (lighting, dark, order)}


def make_ledger(declaration: str | dict[str, Any], topics: dict[str, Topic]) -> Ledger:
    """A ledger with one category per topic."""
    data = yaml.safe_load(declaration) if isinstance(declaration, str) else declaration
    ledger = Ledger.objects.create(code=data["ledger"], title=data["title"]["zh"], declaration=data)
    for topic in topics.values():
        Category.objects.create(
            ledger=ledger, code=topic.code, title=topic.title, topic=topic, limit=topic.limit,
            department=topic.department,
        )  # fmt: skip
    return ledger


def _people_and_topics(district: MiniDistrict) -> dict[str, Any]:
    topics = make_topics(district)
    return {
        "topics": topics,
        "ledger": make_ledger(SNAPSHOT, topics),
        "agent": make_user("agent", name="受理员"),
        "dispatcher": make_user("dispatcher", name="派遣员"),
        "arbiter": make_user("arbiter", name="裁定员"),
        "clerk": make_user("clerk", department=district.urban, name="承办人"),
        "colleague": make_user("clerk", department=district.urban, name="另一位承办人"),
        "head": make_user("head", department=district.urban, name="局长"),
        "checker": make_user("checker", name="核查员"),
        "supervisor": make_user("supervisor", name="督查员"),
        "callback": make_user("callback", name="回访员"),
    }


class Loop:
    """People and verbs of the small district, for tests that read as sentences."""

    topics: dict[str, Topic]
    ledger: Ledger
    agent: User
    dispatcher: User
    arbiter: User
    clerk: User
    colleague: User
    head: User
    checker: User
    supervisor: User
    callback: User

    def __init__(self, district: MiniDistrict) -> None:
        self.district = district
        self.__dict__ |= put_back("loop", lambda: _people_and_topics(district), on=district.rows())

    def report(self, words: str = "建设路路灯不亮，晚上看不见路", **fields: Any) -> Report:
        lng, lat = fields.pop("point", self.district.in_compound)
        category = fields.pop("category", "lighting-dark")
        ledger = fields.pop("ledger", self.ledger)
        intake = Intake(
            ledger=ledger, category=ledger.categories.get(code=category), words=words,
            **{"channel": Channel.PORTAL, "lng": lng, "lat": lat, **fields},
        )  # fmt: skip
        return actions.receive_report(intake)

    def reported(self, **fields: Any) -> Case:
        return fresh(self.report(**fields).case)

    def filed(self, **fields: Any) -> Case:
        case = self.reported(**fields)
        actions.file_case(case, actor=self.dispatcher)
        return case

    def dispatched(self, **fields: Any) -> Case:
        case = self.filed(**fields)
        actions.dispatch_case(case, department=self.district.urban, actor=self.dispatcher, note="指定")
        return case

    def handling(self, **fields: Any) -> Case:
        case = self.dispatched(**fields)
        actions.take_up_case(case, actor=self.clerk)
        return case

    def handled(self, **fields: Any) -> Case:
        case = self.handling(**fields)
        actions.report_handled(case, actor=self.clerk, answer="换了灯泡和镇流器")
        return case

    def checked(self, **fields: Any) -> Case:
        case = self.handled(**fields)
        actions.check_case(case, actor=self.checker, words="亮了")
        return case

    def closed(self, **fields: Any) -> Case:
        case = self.checked(**fields)
        actions.close_case(case, actor=self.dispatcher)
        return case


def fresh(case: Case) -> Case:
    """The row as it is now, as another request would read it."""
    return Case.objects.select_related("ledger", "category__topic", "department", "topic").get(pk=case.pk)


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def time_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`time_of(2026, 11, 18, 9)` sets what the loop takes for now (Beijing time)."""
    import datetime as dt

    from django.utils import timezone

    def set_now(*parts: int) -> dt.datetime:
        now = dt.datetime(*parts, tzinfo=timezone.get_default_timezone())  # type: ignore[misc]
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    return set_now  # type: ignore[return-value]


@pytest.fixture
def kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an installation: what a process keeps in memory isn't asked for again by every query."""
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 3600)
