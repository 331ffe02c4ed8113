"""The guide for district authors is true: its examples pass the check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from huying.cases.ledger import CHANNELS, NAMED_GATES
from huying.packs.checker import check_pack
from huying.packs.notices import WORDS as NOTICE_WORDS
from huying.packs.reader import KINDS, LATER_KINDS
from huying.packs.tables import TABLES
from huying.packs.tests.conftest import PackFolder
from huying.people.models import Department
from huying.people.roles import ROLES
from huying.registry.declared.fields import FIELD_TYPES

GUIDE = (Path(__file__).parents[3] / "docs" / "district-author.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split("\n")[0])
def test_an_example_of_the_guide_passes(pack: PackFolder, text: str) -> None:
    kind = text.split(":")[0]
    pack.write({"topics": "topics.yaml", "calendar": "calendar.yaml"}.get(kind, "example.yaml"), text)
    if kind == "topics":
        pack.edit("people/duties.csv", "sanitation,street-east", "other,street-east")
        pack.edit("people/duties.csv", "sanitation,street-west", "other,street-west")
    assert [str(mistake) for mistake in check_pack(pack.path)] == []


@pytest.mark.parametrize(
    "word",
    [
        *KINDS,
        *LATER_KINDS,
        *ROLES,
        *CHANNELS,
        *NOTICE_WORDS,
        *FIELD_TYPES,
        *(gate for gates in NAMED_GATES.values() for gate in gates),
        *Department.Kind.values,
        *(table.file.rsplit("/")[-1] for table in TABLES.values()),
    ],
)
def test_the_guide_names_every_word_of_the_grammar(word: str) -> None:
    assert re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", GUIDE), word
