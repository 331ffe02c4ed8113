"""A small pack of its own for every test: what `huying pack new` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from huying.packs.starting import write_starter


@dataclass
class PackFolder:
    """A pack that a test may spoil."""

    path: Path

    def edit(self, file: str, old: str, new: str) -> None:
        text = self.read(file)
        assert old in text, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new, 1))

    def add(self, file: str, text: str) -> None:
        self.write(file, (self.read(file) if (self.path / file).exists() else "") + text)

    def read(self, file: str) -> str:
        return (self.path / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        target = self.path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


@pytest.fixture
def pack(tmp_path: Path) -> PackFolder:
    write_starter(tmp_path / "xinhua", "990101")
    return PackFolder(tmp_path / "xinhua")
