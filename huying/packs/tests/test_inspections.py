"""Standards and plans in a pack: what is wrong is said where it stands; what is right is loaded, as versions."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from huying.core.models import JournalEntry
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.plans import overlapping
from huying.packs.changes import Changes
from huying.packs.checker import check_pack
from huying.packs.loader import load_pack
from huying.packs.tests.conftest import PackFolder

RIGHT = """\
campaign: toilets
title: {zh: 公厕专项, en: Toilets}
registers:
  - register: toilet
    title: 公厕
    fields: {grade: {type: choice, of: [一类, 二类]}, seats: {type: number}}
    states: [in use, closed, retired]
    label: qr
  - register: bench
    title: 长椅
    fields: {age: number}
ledger:
  title: 公厕整改
  categories:
    - {code: dirty, title: 不洁, limit: 4 work hours, department: urban-management}
    - {code: broken, title: 损坏, limit: 3 work days, department: urban-management}
standard:
  standard: toilet-check
  title: {zh: 公厕检查, en: Toilet check}
  applies_to: {register: [toilet]}
  items:
    - {code: floor, title: 地面, points: 60, fails_open: {ledger: toilets, category: dirty}}
    - {code: tap, title: 水龙头, points: 40, fails_open: {ledger: toilets, category: broken, limit: 2 work days}}
  fields: {words: {type: text, when: "channel == 'field'"}}
  pass: 80
plans:
  - plan: toilet-daily
    title: 公厕日查
    does: {standard: toilet-check}
    at: {register: [toilet], where: {grade: 一类, state: [in use]}}
    by: post grid-worker of the item
    every: 2 per day, at least 2 hours apart
    proof: [scan, photo]
    missed: {open: {ledger: toilets, category: dirty, after: 2 missed}}
  - plan: toilet-draw
    title: 公厕抽查
    does: {standard: toilet-check}
    at: {register: [toilet]}
    by: [urban-management, street-east]
    every: monthly
    draw: {share: 10%, by: [risk], risk: seats, inspectors: 1}
"""


def test_a_campaign_with_register_ledger_standard_and_plans_is_right(pack: PackFolder) -> None:
    pack.write("campaign.yaml", RIGHT)
    assert [str(mistake) for mistake in check_pack(pack.path)] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("applies_to: {register: [toilet]}", "applies_to: {register: [toilett]}", 20, "是不是“toilet”"),
        ("code: floor", "code: Floor", 22, "小写英文字母"),
        ("points: 60", "points: many", 22, "整数"),
        ("fails_open: {ledger: toilets,", "fails_open: {ledger: toilet,", 22, "是不是“toilets”"),
        ("category: broken", "category: brocken", 23, "是不是“broken”"),
        ("fails_open: {ledger: toilets, category: dirty}", "fails_open: {ledger: toilets}", 22, "broken、dirty"),
        ("channel == 'field'", "channel == ", 24, "条件写错了"),
        ("pass: 80", "pas: 80", 25, "pass"),
        ("does: {standard: toilet-check}", "does: {standard: toilets-check}", 29, "是不是“toilet-check”"),
        ("at: {register: [toilet], where", "at: {register: [toilt], where", 30, "是不是“toilet”"),
        ("[toilet], where: {grade: 一类", "[bench], where: {age: 1", 30, "不适用于这个名录"),
        ("at: {register: [toilet]}", "at: {areas: village}", 39, "不是一类"),
        ("grade: 一类", "grad: 一类", 30, "是不是“grade”"),
        ("grade: 一类", "grade: 三类", 30, "三类"),
        ("state: [in use]", "state: [in us]", 30, "是不是“in use”"),
        ("post grid-worker", "post gridworker", 31, "是不是“grid-worker”"),
        ("every: 2 per day", "every: 2 per fortnight", 32, "多久一次"),
        ("    label: qr\n", "", 32, "label: qr"),
        ("proof: [scan, photo]", "proof: [scan, video]", 33, "可以写：scan、place、photo"),
        ("category: dirty, after", "category: duty, after", 34, "是不是“dirty”"),
        ("by: [urban-management", "by: [urban-managment", 39, "是不是“urban-management”"),
        ("risk: seats", "risk: grade", 41, "seats"),
        ("plan: toilet-draw", "plan: toilet-daily", 35, "每个只写一次"),
        ("every: monthly", "every: [monthly]", 40, "只写一个词"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_on_its_line(pack: PackFolder, old: str, new: str, line: int, words: str) -> None:
    assert old in RIGHT
    pack.write("campaign.yaml", RIGHT.replace(old, new, 1))
    mistakes = check_pack(pack.path)
    near = [one for one in mistakes if words in str(one.sentence)]
    assert near, [str(one) for one in mistakes]
    assert near[0].file == "campaign.yaml" and abs(near[0].line - line) <= 1, str(near[0])


def test_a_ledger_with_one_category_needs_no_name_of_it(pack: PackFolder) -> None:
    text = RIGHT.replace(
        "    - {code: broken, title: 损坏, limit: 3 work days, department: urban-management}\n", ""
    )
    text = text.replace("toilets, category: broken", "toilets")
    pack.write("campaign.yaml", text)
    assert [str(mistake) for mistake in check_pack(pack.path)] == []


@pytest.mark.parametrize(
    ("ledger", "category", "right"),
    [
        ("topics_from: [sanitation]", "sanitation", True),
        ("topics_from: [sanitation]", "other", False),
        ("topics_from: all", "other", True),
    ],
)
def test_categories_that_come_from_topics_are_known(
    pack: PackFolder, ledger: str, category: str, right: bool
) -> None:
    head = RIGHT[RIGHT.index("  categories:") : RIGHT.index("standard:\n")]
    text = RIGHT.replace(head, f"  {ledger}\n").replace("category: dirty", f"category: {category}")
    pack.write("campaign.yaml", text.replace("category: broken", f"category: {category}"))
    assert (check_pack(pack.path) == []) is right


# -- loaded --------------------------------------------------------------------------------------------------


def load(pack: PackFolder) -> Changes:
    return load_pack(pack.path, report=lambda line: None)


@pytest.mark.django_db
def test_a_changed_standard_is_a_new_version_and_an_unchanged_one_is_not(pack: PackFolder) -> None:
    pack.write("campaign.yaml", RIGHT)
    changes = load(pack)
    assert changes.of("standards").added == ["公厕检查"] and changes.of("standard versions").added == [
        "公厕检查 v1"
    ]
    assert changes.of("plans").added == ["公厕日查", "公厕抽查"]
    first = StandardVersion.objects.get()
    assert (first.number, first.valid_from) == (1, timezone.localdate())
    assert [item.code for item in first.rules.items] == ["floor", "tap"]
    assert not load(pack) and StandardVersion.objects.count() == 1
    pack.edit("campaign.yaml", "points: 60", "points: 50")
    assert load(pack).of("standard versions").added == ["公厕检查 v2"]
    standard = Standard.objects.get()
    now = standard.version_on()
    assert now is not None and now.number == 2 and now.rules.items[0].points == 50
    assert StandardVersion.objects.get(number=1).rules.items[0].points == 60
    entry = JournalEntry.objects.filter(code="pack.loaded").latest("id")
    assert entry.data["changes"]["standard versions"]["added"]["names"] == ["公厕检查 v2"]


@pytest.mark.django_db
def test_a_new_order_of_the_items_is_a_new_version_too(pack: PackFolder) -> None:
    pack.write("campaign.yaml", RIGHT)
    load(pack)
    lines = RIGHT.splitlines(keepends=True)
    floor = next(number for number, line in enumerate(lines) if "code: floor" in line)
    lines[floor], lines[floor + 1] = lines[floor + 1], lines[floor]
    pack.write("campaign.yaml", "".join(lines))
    load(pack)
    now = Standard.objects.get().version_on()
    assert now is not None and [item.code for item in now.rules.items] == ["tap", "floor"]


@pytest.mark.django_db
def test_a_version_may_hold_from_a_later_day(pack: PackFolder) -> None:
    pack.write("campaign.yaml", RIGHT)
    load(pack)
    pack.edit("campaign.yaml", "  pass: 80\n", "  pass: 90\n  from: 2999-01-01\n")
    load(pack)
    standard = Standard.objects.get()
    now, then = standard.version_on(), standard.version_on(dt.date(2999, 1, 1))
    assert now is not None and then is not None and (now.number, then.number) == (1, 2)


@pytest.mark.django_db
def test_what_left_the_pack_is_taken_out_of_use_with_its_versions_kept(pack: PackFolder) -> None:
    pack.write("campaign.yaml", RIGHT)
    load(pack)
    (pack.path / "campaign.yaml").unlink()
    load(pack)
    assert not Standard.objects.get().active and StandardVersion.objects.count() == 1
    assert not Plan.objects.filter(active=True).exists()


@pytest.mark.django_db
def test_plans_that_meet_are_allowed_and_found(pack: PackFolder) -> None:
    pack.write("campaign.yaml", RIGHT)
    load(pack)
    found = overlapping(plan.rules for plan in Plan.objects.filter(active=True))
    assert [{one.code, other.code} for one, other in found] == [{"toilet-daily", "toilet-draw"}]
