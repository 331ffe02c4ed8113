"""What tells a second start of the demonstration that nothing has changed."""

from __future__ import annotations

import os
from pathlib import Path

from huying.config.serving import fingerprint_of


def test_a_file_that_changed_came_or_went_is_noticed(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("title: 甲")
    os.utime(first, ns=(1, 1))
    second.touch()
    before = fingerprint_of([(first, "a"), (second, "b")])
    assert fingerprint_of([(first, "a"), (second, "b")]) == before
    assert fingerprint_of([(first, "a")]) != before
    first.write_text("title: 乙")
    assert fingerprint_of([(first, "a"), (second, "b")]) != before
