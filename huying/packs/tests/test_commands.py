"""What the terminal says: mistakes with their places, changes with their names, and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from huying.packs import commands
from huying.packs.tests.conftest import PackFolder
from huying.places.models import Area


def test_a_new_pack_passes_and_loads(tmp_path: Path, db: None, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "xinhua"
    assert commands.new(folder, "410402") == 0
    assert f"huying pack check {folder}" in capsys.readouterr().out
    assert commands.check(folder) == 0
    assert commands.diff(folder) == 0
    assert not Area.objects.exists()
    assert commands.load(folder) == 0
    assert Area.objects.get(code="410402").title == "示例区"
    assert "+12" in capsys.readouterr().out


def test_a_folder_that_holds_files_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    assert commands.new(tmp_path) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_mistakes_are_printed_with_file_and_line(
    pack: PackFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    pack.edit("topics.yaml", "parent: roads", "parent: raods")
    assert commands.check(pack.path) == 1
    printed = capsys.readouterr().err
    assert "topics.yaml:7: " in printed
    assert "roads" in printed


def test_a_pack_with_mistakes_is_not_loaded(pack: PackFolder, db: None) -> None:
    pack.edit("topics.yaml", "parent: roads", "parent: raods")
    assert commands.load(pack.path) == 1
    assert not Area.objects.exists()
