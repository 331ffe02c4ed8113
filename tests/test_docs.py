"""What the documents name exists: files, pictures, headings, and every command."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from huying.config.cli import COMMANDS

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HUYING = re.compile(r"(?:^|[\s`/])huying ([a-z][a-z0-9]*(?: [a-z][a-z0-9]*)?)")
MAKE = re.compile(r"(?:^|[`\s(])make ([a-z][a-z-]*)")


def code(text: str) -> Iterator[str]:
    """Code in backticks and the lines of code blocks: where commands stand."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    rest = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for block in blocks:
        yield from (line.partition(" #")[0] for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", rest)


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_and_picture_leads_somewhere(document: Path) -> None:
    missing = []
    for target in LINK.findall(document.read_text()):
        path, _hash, _heading = target.partition("#")
        if path and not re.match(r"[a-z]+:", path) and not (document.parent / path).exists():
            missing.append(target)
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    words = {command.words for command in COMMANDS} | {command.words.split()[0] for command in COMMANDS}
    unknown = []
    for line in code(document.read_text()):
        unknown += [f"make {name}" for name in MAKE.findall(line) if name not in targets]
        unknown += [f"huying {name}" for name in HUYING.findall(line) if not {name, name.split()[0]} & words]
        for name in HUYING.findall(line):
            first = name.split()[0]
            branch = any(command.words.startswith(f"{first} ") for command in COMMANDS)
            if branch and " " in name and name not in words:
                unknown.append(f"huying {name}")
    assert not unknown


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_guide_can_be_read_in_one_sitting(document: Path) -> None:
    if document.parent.name in ("zh",):
        assert len(document.read_text().splitlines()) <= 150


def test_every_guide_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    guides = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "zh").glob("*.md")]
    missing = [
        str(g) for g in guides if str(g.relative_to(ROOT / "docs")) not in index and g.name != "README.md"
    ]
    assert not missing


def test_the_pictures_are_small_and_all_used() -> None:
    text = "".join(document.read_text() for document in DOCUMENTS)
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert all(picture.stat().st_size < 200_000 for picture in pictures)
    assert sum(picture.stat().st_size for picture in pictures) < 3_000_000
    assert [picture.name for picture in pictures if picture.name not in text] == []
