"""The list of projects in a pack: wrong rows are named, right ones loaded, and what people entered since stays."""

from __future__ import annotations

from decimal import Decimal

import pytest

from huying.core.models import JournalEntry
from huying.packs.changes import Changes
from huying.packs.checker import check_pack
from huying.packs.loader import load_pack
from huying.packs.tests.conftest import PackFolder
from huying.targets.projects.models import Project

BOOK = """\
projects: key-projects
title: {zh: 重点项目, en: Key projects}
items: list.csv
kinds: [{code: farming, title: 现代农业}]
"""
HEAD = "编号,项目,级别,类别,总投资（万元）,区域代码,经度,纬度,责任单位,计划开工,计划竣工\n"
ROWS = (
    'P1,果园,市级,现代农业,"1,250.5",,113.31,33.707,street-east,2026-03-01,2026-12-31\n'
    "P2,大棚,,farming,300,990101001,,,,,\n"
)


def load(pack: PackFolder) -> Changes:
    return load_pack(pack.path, report=lambda line: None)


def test_a_wrong_row_is_named_with_its_line(pack: PackFolder) -> None:
    pack.write("projects/key.yaml", BOOK)
    assert [mistake.file for mistake in check_pack(pack.path)] == [
        "projects/key.yaml"
    ]  # there is no such file
    pack.write(
        "projects/list.csv",
        HEAD.replace("责任单位", "责任")
        + "P1,果园,县级,farming,很多,,113.31,,,2026-03-01,2026-01-31\nP1,,,林业,,990101009,,,,,\n",
    )
    found = [(mistake.line, str(mistake.sentence)) for mistake in check_pack(pack.path)]
    said = "\n".join(f"{line} {sentence}" for line, sentence in found)
    assert [line for line, _sentence in found] == [1, 2, 2, 2, 2, 3, 3, 3, 3]
    for word in ("责任单位", "县级", "很多", "经度和纬度", "2026-01-31", "title", "林业", "990101009", "P1"):
        assert word in said


@pytest.mark.django_db
@pytest.mark.schema
def test_projects_are_loaded_once_and_what_people_enter_stays(pack: PackFolder) -> None:
    pack.write("projects/key.yaml", BOOK)
    pack.write("projects/list.csv", HEAD + ROWS)
    assert load(pack).of("project items").added == ["果园", "大棚"]
    orchard, sheds = Project.objects.order_by("code")
    assert (orchard.level, orchard.kind, orchard.total_wan) == ("municipal", "farming", Decimal("1250.50"))
    assert orchard.area_path == "990101/990101001/990101001001/990101001001001/"
    assert orchard.subdistrict is not None and orchard.owner is not None and orchard.updates_from is not None
    assert (sheds.level, sheds.area_path) == ("district", "990101/990101001/")
    Project.objects.filter(pk=orchard.pk).update(title="百亩果园", address="村东头")
    changes = load(pack)
    orchard.refresh_from_db()
    assert (orchard.title, changes.of("project items").kept) == ("百亩果园", ["百亩果园"])
    pack.edit("projects/list.csv", "P2,大棚,,farming,300", "P2,大棚,,farming,450")
    load(pack)
    sheds.refresh_from_db()
    orchard.refresh_from_db()
    assert (sheds.total_wan, sheds.version, orchard.title, orchard.address) == (450, 2, "百亩果园", "村东头")
    story = JournalEntry.objects.filter(kind="project", subject_id=sheds.pk).order_by("sequence")
    assert [entry.code for entry in story] == ["project.added", "project.changed"]
    pack.edit("projects/list.csv", "P2,大棚,,farming,450,990101001,,,,,\n", "")
    load(pack)
    sheds.refresh_from_db()
    assert not sheds.active
