"""The guide promises outcomes; each names the test that proves it, and those tests are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_outcome_in_the_guide_is_proved_by_a_test() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/inspections.md").read_text(encoding="utf-8")))
    assert len(named) > 20
    folders = (ROOT / "huying/inspections", ROOT / "huying/registry", ROOT / "tests")
    code = "".join(
        path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("test_*.py")
    )
    assert not [name for name in named if f"def {name}(" not in code]
