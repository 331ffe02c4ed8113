"""Reads the files of a district pack, and remembers the line on which everything stands.

A YAML file is recognised by its first key (`ledger: manhole-covers`), a CSV file by its name. What can't be
read is a mistake, and reading goes on: a district officer sees all mistakes at once.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from huying.inspections.campaigns.rules import parts_of
from huying.packs.shapes import mould
from huying.packs.tables import TABLES, Table
from huying.packs.wording import Mistake, expected, said
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.declared.fields import title_of

Keys = tuple[str | int, ...]

KINDS = (
    "district",
    "calendar",
    "posts",
    "topics",
    "ledger",
    "register",
    "standard",
    "plan",
    "notices",
    "visits",
    "rosters",
    "texts",
    "campaign",
    "ranking",
    "bulletin",
    "paper",
    "figure",
    "figures",
    "projects",
    "war-map",
    "checks",
    "appraisal",
    "points",
    "brief",
    "programme",
)
# The grammar has them, this version does not.
LATER_KINDS = ("service",)
SINGLE_KINDS = (
    "district",
    "calendar",
    "posts",
    "topics",
    "notices",
    "visits",
    "rosters",
    "projects",
)  # at most one file of each
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_CODE = 40
BIGGEST_FILE = 20 * 1024 * 1024


def check_code(code: object) -> Iterator[Sentence]:
    """Lower-case words with hyphens, at most 40 characters."""
    if not CODE.fullmatch(str(code or "")) or len(str(code)) > LONGEST_CODE:
        yield said(_("代码“%(code)s”要用小写英文字母、数字和连字符，例如 manhole-covers。"), code=code or "")


def check_title(value: object) -> Iterator[Sentence]:
    """A Chinese title is there, and neither language is too long for a list."""
    zh, en = title_of(value)
    if not zh:
        yield said(_("缺少中文名称：title: {zh: …, en: …}。"))
    yield from check_length(zh, 120)
    yield from check_length(en, 160)


def check_length(text: object, longest: int) -> Iterator[Sentence]:
    """At most so many characters."""
    if (length := len(str(text or ""))) > longest:
        yield said(_("太长：最多 %(longest)d 个字，现在 %(length)d 个。"), longest=longest, length=length)


# -- YAML ----------------------------------------------------------------------------------------------------


class PackLoader(yaml.CSafeLoader):
    """Safe YAML whose plain words mean what an officer reads: 14:00 and 0101 are text, `no` is text."""


PackLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(0|[1-9][0-9]*)\.[0-9]+", "-+0123456789"),
    ("null", r"~|null|", ["~", "n", ""]),
):
    PackLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


@dataclass
class Document:
    """One declaration: its kind, code, values, and the line of every key and list item."""

    file: str
    kind: str
    code: str
    value: dict[str, Any]
    lines: Mapping[Keys, int]
    base: Keys = ()  # where a part of a campaign begins

    def line(self, *keys: str | int) -> int:
        """The line of these keys, or of the nearest thing around them."""
        path = self.base + keys
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def wrong(self, sentence: Sentence, *keys: str | int) -> Mistake:
        return Mistake(self.file, self.line(*keys), sentence)

    def rows(self, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The mappings of a list, with their places in it."""
        found = self.value.get(key)
        for index, row in enumerate(found if isinstance(found, list) else ()):
            if isinstance(row, dict):
                yield index, row


class _Construction:
    """Turns YAML nodes into plain values, line by line; a key that is written twice is a mistake."""

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        self.file, self.mistakes = file, mistakes
        self.lines: dict[Keys, int] = {}
        self.scalars = yaml.constructor.SafeConstructor()
        self.seen: set[int] = set()

    def wrong(self, node: yaml.Node, sentence: Sentence) -> None:
        self.mistakes.append(Mistake(self.file, node.start_mark.line + 1, sentence))

    def value(self, node: yaml.Node, keys: Keys = ()) -> Any:
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if id(node) in self.seen:
            self.wrong(node, said(_("请不要用 YAML 的引用（*名称），把内容写全。")))
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.wrong(
                node, said(_("读不懂“%(text)s”：只用普通的文字、数字和 true/false。"), text=node.value)
            )
            return None

    def mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.wrong(key_node, said(_("冒号前面要写一个词。")))
                continue
            key = key_node.value
            if key in found:
                self.wrong(
                    key_node,
                    said(
                        _("“%(key)s”写了两次，第一次在第 %(line)d 行。留下一个。"),
                        key=key, line=self.lines[(*keys, key)],
                    ),
                )  # fmt: skip
                continue
            self.lines[(*keys, key)] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*keys, key))
            if found[key] is None and "zh" in found:  # {zh: 健康、技能, en: Health, skills}
                self.wrong(
                    key_node,
                    said(_("“%(key)s”前面有逗号，被当成了另一个词。整句话加上引号。"), key=key),
                )
        return found


def parse_yaml(text: str, file: str, mistakes: list[Mistake]) -> tuple[Any, dict[Keys, int]]:
    """The value of a YAML text and the line of every key; what is wrong is added to `mistakes`."""
    try:
        node = yaml.compose(text, PackLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", "") or str(error)
        mistakes.append(_explain(file, problem, text.splitlines(), line))
        return None, {}
    if node is None:
        mistakes.append(
            Mistake(file, 1, said(_("文件是空的。第一行写类型和代码，例如 ledger: manhole-covers。")))
        )
        return None, {}
    construction = _Construction(file, mistakes)
    return construction.value(node), construction.lines


def _explain(file: str, problem: str, lines: list[str], line: int) -> Mistake:
    """What broken YAML most likely means; the parser notices some mistakes a line late."""
    for number in (line, line - 1):
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        if "\t" in text:
            return Mistake(file, number, said(_("这里用了制表符。缩进只能用空格。")))
        if "：" in text and ":" not in text:
            return Mistake(file, number, said(_("这里可能用了中文冒号“：”。键后面要写英文冒号和一个空格。")))
    hint = _("YAML 写法有误（%(problem)s）。检查这一行和上一行的冒号、引号、括号和缩进。")
    return Mistake(file, min(line, len(lines) or 1), said(hint, problem=problem))


def documents_of(text: str, file: str, mistakes: list[Mistake]) -> list[Document]:
    """The declarations of one YAML file: one, or the parts of a campaign."""
    value, lines = parse_yaml(text, file, mistakes)
    if value is None:
        return []
    if not isinstance(value, dict) or not value:
        mistakes.append(Mistake(file, 1, said(_("文件要以类型和代码开头，例如 ledger: manhole-covers。"))))
        return []
    kind = next(iter(value))
    line = lines[(kind,)]
    if kind in LATER_KINDS:
        mistakes.append(
            Mistake(file, line, said(_("这个版本还不认识“%(kind)s:”。请先把这个文件移出包外。"), kind=kind))
        )
        return []
    if kind not in KINDS:
        hint = expected(kind, KINDS)
        mistakes.append(Mistake(file, line, said(_("第一个键是文件的类型。%(hint)s"), hint=hint)))
        return []
    document = Document(file, kind, str(value[kind]), value, lines)
    _mould(document, mistakes)
    mistakes.extend(document.wrong(sentence, kind) for sentence in check_code(document.code))
    if kind == "figures":
        return [document, *_listed(document, mistakes)]
    return [document, *_parts(document, mistakes)] if kind == "campaign" else [document]


def _listed(document: Document, mistakes: list[Mistake]) -> Iterator[Document]:
    """The figures of a list, each as in its own file; they are shown together under the list's title."""
    for index, row in document.rows("list"):
        row = row | {"group": row.get("group", document.value.get("title"))}
        part = Document(
            document.file, "figure", str(row.get("figure", "")), row, document.lines, ("list", index)
        )
        mistakes.extend(part.wrong(sentence, "figure") for sentence in check_code(part.code))
        _mould(part, mistakes)
        yield part


def _mould(document: Document, mistakes: list[Mistake]) -> None:
    def tell(keys: Keys, sentence: Sentence) -> None:
        mistakes.append(document.wrong(sentence, *keys))

    document.value = mould(document.kind, document.value, tell)


def _parts(campaign: Document, mistakes: list[Mistake]) -> Iterator[Document]:
    """The parts below a campaign, each as in its own file; a plain code names one that is declared elsewhere."""
    for kind, keys, part in parts_of(campaign.value):
        if isinstance(part, str):
            continue
        if not isinstance(part, dict):
            hint = _("“%(key)s”下面写一个代码，或像单独的文件那样写。")
            mistakes.append(campaign.wrong(said(hint, key=keys[0]), *keys))
            continue
        # A part without a code of its own takes the campaign's.
        part = {kind: part.get(kind, campaign.code)} | part
        if kind in ("ranking", "bulletin"):
            part.setdefault("campaign", campaign.code)
        document = Document(campaign.file, kind, str(part[kind]), part, campaign.lines, keys)
        mistakes.extend(document.wrong(sentence, kind) for sentence in check_code(document.code))
        _mould(document, mistakes)
        yield document


# -- CSV -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One row as it was written: its line and the text of every column."""

    line: int
    cells: Mapping[str, str]


@dataclass
class Sheet:
    """A CSV file or spreadsheet, read but not yet understood."""

    file: str
    columns: list[str]
    rows: list[Row]


def decode(raw: bytes) -> str:
    """Text of UTF-8 (with or without byte order mark) or GB18030, which Chinese office programs write.

    UnicodeDecodeError when it is neither.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def parse_csv(text: str, file: str) -> Sheet:
    """The rows of a CSV text with the line on which each begins; empty rows are left out."""
    reader = csv.reader(io.StringIO(text, newline=""))
    columns = [name.strip() for name in next(reader, [])]
    rows = []
    begins = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            named = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
                named["…"] = "".join(
                    cells[len(columns) :]
                )  # more cells than columns: reported by the checker
            rows.append(Row(begins, named))
        begins = reader.line_num + 1
    return Sheet(file, columns, rows)


# -- the pack ------------------------------------------------------------------------------------------------


@dataclass
class Pack:
    """Everything in the folder, as it was written."""

    root: Path
    documents: list[Document] = field(default_factory=list)
    sheets: dict[str, list[Sheet]] = field(default_factory=dict)  # by name of the table
    items: dict[str, Sheet] = field(default_factory=dict)  # rows of registers, by file
    boundaries: dict[str, tuple[str, int, dict[str, Any]]] = field(
        default_factory=dict
    )  # code: file, line, geometry
    mistakes: list[Mistake] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Document]:
        return [document for document in self.documents if document.kind == kind]

    def one(self, kind: str) -> Document | None:
        """The only file of this kind."""
        return next(iter(self.of_kind(kind)), None)

    @cached_property
    def by_code(self) -> dict[tuple[str, str], Document]:
        return {(document.kind, document.code): document for document in reversed(self.documents)}


def read_pack(root: Path) -> Pack:
    """Read every file below `root`; `pack.mistakes` holds what could not be read."""
    pack = Pack(root)
    if not root.is_dir():
        pack.mistakes.append(
            Mistake(str(root), 1, said(_("没有这个文件夹。新建一个包：huying pack new 文件夹")))
        )
        return pack
    for path in sorted(root.rglob("*")):
        file = path.relative_to(root).as_posix()
        if not path.is_file() or any(part.startswith((".", "~")) for part in Path(file).parts):
            continue
        _read_file(pack, path, file)
    return pack


def _read_file(pack: Pack, path: Path, file: str) -> None:
    suffix = path.suffix.lower()
    if suffix not in (".yaml", ".yml", ".csv", ".geojson"):
        return  # a README, a spreadsheet that somebody works on
    if path.stat().st_size > BIGGEST_FILE:
        pack.mistakes.append(Mistake(file, 1, said(_("文件太大（超过 20 MB），请拆成几个。"))))
        return
    try:
        text = decode(path.read_bytes())
    except UnicodeDecodeError:
        pack.mistakes.append(Mistake(file, 1, said(_("读不出文字：请另存为 UTF-8 编码。"))))
        return
    if suffix == ".geojson":
        _read_boundaries(pack, text, file)
    elif suffix == ".csv":
        _read_sheet(pack, text, file)
    else:
        pack.documents += documents_of(text, file, pack.mistakes)


def _read_sheet(pack: Pack, text: str, file: str) -> None:
    try:
        sheet = parse_csv(text, file)
    except csv.Error as error:
        pack.mistakes.append(Mistake(file, 1, said(_("CSV 写法有误：%(problem)s。"), problem=error)))
        return
    if file.startswith(("registers/items/", "projects/")):
        pack.items[file] = sheet
        return
    table: Table | None = next((table for table in TABLES.values() if table.holds(file)), None)
    if table is None:
        hint = expected(file, [table.file for table in TABLES.values()])
        pack.mistakes.append(Mistake(file, 1, said(_("不知道这个表是做什么的。%(hint)s"), hint=hint)))
        return
    pack.sheets.setdefault(table.name, []).append(sheet)


def _read_boundaries(pack: Pack, text: str, file: str) -> None:
    try:
        features = json.loads(text)["features"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        pack.mistakes.append(
            Mistake(file, line, said(_("不是 GeoJSON 的 FeatureCollection。请用制图软件重新导出。")))
        )
        return
    lines = _feature_lines(text)
    for index, feature in enumerate(features):
        code = str(((feature or {}).get("properties") or {}).get("code") or "")
        line = lines.get(code, 1)
        if not code:
            pack.mistakes.append(
                Mistake(
                    file,
                    1,
                    said(_("第 %(number)d 个图形没有 properties.code。写上区域代码。"), number=index + 1),
                )
            )
        elif code in pack.boundaries:
            first = pack.boundaries[code]
            pack.mistakes.append(
                Mistake(
                    file, line,
                    said(_("%(code)s 的边界写了两次，第一次在 %(file)s。"), code=code, file=f"{first[0]}:{first[1]}"),
                )
            )  # fmt: skip
        else:
            pack.boundaries[code] = (file, line, feature.get("geometry") or {})


def _feature_lines(text: str) -> dict[str, int]:
    """The line on which each code stands: JSON keeps no lines, so they are looked for."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for code in re.findall(r'"code"\s*:\s*"([^"]*)"', line):
            found.setdefault(code, number)
    return found
