"""The guide names the test behind each of its promises, and those tests are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_every_outcome_in_the_guide_is_proved_by_a_test() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/targets.md").read_text(encoding="utf-8")))
    tests = (ROOT / "huying/targets/programmes").rglob("test_*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in tests)
    assert len(named) > 10
    assert not [name for name in named if f"def {name}(" not in code]
