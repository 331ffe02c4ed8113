"""The body of a paper: plain text with very little mark-up, read into blocks that page, PDF and Word draw alike.

=================================  =====================================================================
a line that begins with            is
=================================  =====================================================================
`一、` `（一）` `1.` `（1）`          a heading of level 1 to 4 (黑体, 楷体, 仿宋, 仿宋), up to the first 。
`| a | b |`                        a row of a table; the first row is its head
`![words](picture:name)`           a picture that was put to the draft under this name, `words` below it
`===`                              a new page
anything else                      a paragraph, two characters in
=================================  =====================================================================

Inside a line `⟦836|/figures/p/abc/⟧` is the text 836 that leads to an address of this site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST_HEADING = 50
_ANCHOR = re.compile(r"⟦([^⟦⟧|]*)\|([^⟦⟧|]*)⟧")
_SITE_PATH = re.compile(r"/(?!/)[^\s\\\"'<>]*")
_LEVELS = (
    re.compile(r"[一二三四五六七八九十百]{1,4}、\s*\S"),
    re.compile(r"[（(][一二三四五六七八九十百]{1,4}[）)]\s*\S"),
    re.compile(r"\d{1,2}[.．]\s*[^\d\s]"),
    re.compile(r"[（(]\d{1,2}[）)]\s*\S"),
)
_ROW = re.compile(r"\|(.*)\|")
_DIVIDER = re.compile(r"[\s|:\-]+")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(picture:([^)\s]+)\)")
NEW_PAGE = "==="


@dataclass(frozen=True)
class Span:
    """A run of text; with `href` it leads to a path of this site."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 4; `rest` is the text that follows it on the same line."""

    level: int
    spans: tuple[Span, ...]
    rest: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the body."""

    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Table:
    """A table of texts; the first row is its head and is repeated on every page."""

    head: tuple[tuple[Span, ...], ...]
    rows: tuple[tuple[tuple[Span, ...], ...], ...]


@dataclass(frozen=True)
class Picture:
    """A picture by the name under which it was put to the draft."""

    name: str
    caption: str


@dataclass(frozen=True)
class NewPage:
    """What follows begins on a new page."""


Block = Heading | Paragraph | Table | Picture | NewPage


def spans_of(line: str) -> tuple[Span, ...]:
    """The runs of a line. An address that is not a path of this site is left out, its words stay."""
    found: list[Span] = []
    at = 0
    for anchor in _ANCHOR.finditer(line):
        if before := line[at : anchor.start()]:
            found.append(Span(before))
        path = anchor[2].strip()
        found.append(Span(anchor[1], path if _SITE_PATH.fullmatch(path) else ""))
        at = anchor.end()
    if rest := line[at:]:
        found.append(Span(rest))
    return tuple(found)


def mark_of(name: str, caption: str) -> str:
    """The line that shows a picture, with its caption below it."""
    return f"![{' '.join(caption.replace('[', '［').replace(']', '］').split())}](picture:{name})"


def words_of(spans: Sequence[Span]) -> str:
    """The text of the runs without their addresses."""
    return "".join(span.text for span in spans)


def blocks_of(body: str) -> tuple[Block, ...]:
    """The blocks of a body, in their order."""
    return tuple(_read([line.strip() for line in body.splitlines()]))


def _read(lines: Sequence[str]) -> Iterator[Block]:
    rows: list[str] = []
    for line in lines:
        if _ROW.fullmatch(line):
            rows.append(line)
            continue
        if rows:
            yield from _table(rows)
            rows = []
        if not line:
            continue
        if line == NEW_PAGE:
            yield NewPage()
        elif picture := _PICTURE.fullmatch(line):
            yield Picture(picture[2], picture[1].strip())
        else:
            yield _heading(line) or Paragraph(spans_of(line))
    yield from _table(rows)


def _heading(line: str) -> Heading | None:
    """A heading where the line is one: numbered, and not a whole paragraph that only begins with a number."""
    plain = plain_line(line)
    level = next((place for place, form in enumerate(_LEVELS, start=1) if form.match(plain)), 0)
    if not level:
        return None
    if "。" not in plain:
        return Heading(level, spans_of(line)) if len(plain) <= LONGEST_HEADING else None
    first, rest = line.split("。", 1)
    if len(plain_line(first)) > LONGEST_HEADING or level > 2:
        return None  # of the third and fourth level the whole line is body text anyway
    return Heading(level, spans_of(f"{first}。"), spans_of(rest))


def _table(rows: Sequence[str]) -> Iterator[Table]:
    cells = [
        [each.strip().replace("\0", "|") for each in row[1:-1].split("|")] for row in _without_anchors(rows)
    ]
    if not cells:
        return
    width = max(len(row) for row in cells)
    read = tuple(tuple(spans_of(each) for each in [*row, *[""] * (width - len(row))]) for row in cells)
    yield Table(read[0], read[1:])


def _without_anchors(rows: Sequence[str]) -> list[str]:
    """Rows that hold something, their anchors' bars written so that they part no cells."""
    kept = [row for row in rows if not _DIVIDER.fullmatch(row)]
    return [_ANCHOR.sub(lambda found: f"⟦{found[1]}\0{found[2]}⟧", row) for row in kept]


def plain_line(line: str) -> str:
    """A line without its anchors."""
    return _ANCHOR.sub(lambda found: found[1], line)


def plain_text(body: str) -> str:
    """The text as it is read: anchors are their words, tables are lines with the cells side by side.

    What is searched, shown in lists, told in a message and compared between versions.
    """
    said: list[str] = []
    for block in blocks_of(body):
        if isinstance(block, Heading):
            said.append(words_of(block.spans) + words_of(block.rest))
        elif isinstance(block, Paragraph):
            said.append(words_of(block.spans))
        elif isinstance(block, Table):
            said += ["  ".join(words_of(cell) for cell in row) for row in (block.head, *block.rows)]
        elif isinstance(block, Picture) and block.caption:
            said.append(block.caption)
    return "\n".join(said)


def addresses_of(body: str) -> list[str]:
    """Every address that the text leads to, in its order, each once."""
    return list(
        dict.fromkeys(span.href for line in body.splitlines() for span in spans_of(line) if span.href)
    )
