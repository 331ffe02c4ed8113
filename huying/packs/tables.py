"""The tables of a pack: which CSV file holds what, and what each column may say.

Packs, spreadsheets that are imported and spreadsheets that are exported share this one description.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from huying.figures.statements.comparing import BOUNDS, SCALES
from huying.figures.statements.relations import check_rule
from huying.packs.wording import expected, said
from huying.people.models import Department, Organisation, Ownership
from huying.people.roles import ROLES
from huying.places.clock import parse_limit
from huying.places.models import Area
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

LEVELS = tuple(Area.Level.values)
# Which level may stand directly below which.
PARENTS = {
    "district": (),
    "subdistrict": ("district",),
    "community": ("subdistrict",),
    "village": ("subdistrict",),
    "compound": ("community", "village"),
    "grid": ("community", "village", "compound"),
}
YES, NO = ("true", "yes", "是", "1"), ("false", "no", "否", "0")


class Wrong(ValueError):
    """A cell can't be read; `sentence` says what to write instead."""

    def __init__(self, msgid: str, **values: object) -> None:
        self.sentence = Sentence(msgid, values)
        super().__init__(self.sentence)


def _text(text: str) -> str:
    return text


def _code(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*", text):
        raise Wrong(_("代码“%(text)s”只能用字母、数字和连字符。"), text=text)
    return text


def _integer(text: str) -> int:
    try:
        number = float(text)  # a spreadsheet writes 30 as 30.0
    except ValueError:
        number = -1.0
    if number < 0 or number != int(number):
        raise Wrong(_("“%(text)s”要写成整数，例如 300。"), text=text)
    return int(number)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Wrong(_("“%(text)s”要写成数字，例如 113.32。"), text=text) from None


def _yes_or_no(text: str) -> bool:
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise Wrong(_("“%(text)s”要写 true 或 false（是、否）。"), text=text)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.replace("/", "-").split(" ")[0])
    except ValueError:
        raise Wrong(_("“%(text)s”不是日期，请写成 2026-11-20。"), text=text) from None


def _limit(text: str) -> str:
    parse_limit(text)  # its ValueError says which words to use
    return text


def read_line(text: str) -> dict[str, Any]:
    """A line in WKT as GeoJSON; Wrong when it isn't one."""
    import shapely

    try:
        shape = shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        shape = None
    if shape is None or shape.is_empty or shape.geom_type not in ("LineString", "MultiLineString"):
        raise Wrong(_("走向要写成 LINESTRING (经度 纬度, 经度 纬度)。"))
    found: dict[str, Any] = shapely.geometry.mapping(shape)
    return {"type": found["type"], "coordinates": _lists(found["coordinates"])}


def _lists(coordinates: Any) -> Any:
    """Tuples as lists, so that a line read from the database compares equal."""
    return [_lists(part) for part in coordinates] if isinstance(coordinates, tuple | list) else coordinates


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Wrong(_("“%(text)s”要写成数字，例如 99.46。"), text=text) from None


def _filter(text: str) -> dict[str, list[str]]:
    pairs = [word.partition("=") for word in text.split()]
    if any(not name or not words for name, _equals, words in pairs):
        raise Wrong(_("“%(text)s”要写成 字段=值，几个之间用空格，例如 area=410403012。"), text=text)
    return {name: words.split(",") for name, _equals, words in pairs}


def _rule(text: str) -> str:
    return check_rule(text)  # its ValueError says how to write it


TYPES: Mapping[str, Callable[[str], Any]] = {
    "text": _text,
    "decimal": _decimal,
    "filter": _filter,
    "relation": _rule,
    "code": _code,
    "integer": _integer,
    "number": _number,
    "yes or no": _yes_or_no,
    "date": _date,
    "limit": _limit,
    "line": read_line,
}


@dataclass(frozen=True)
class Column:
    """One column: how it is read, and which kind of thing it refers to.

    `refers` names the tables or kinds whose codes are valid (`areas|roads`); `of` are the only valid words;
    `many` means words separated by spaces; `default` is what an empty cell means.
    """

    name: str
    type: str = "text"
    required: bool = False
    refers: str = ""
    of: tuple[str, ...] = ()
    many: bool = False
    default: Any = None
    longest: int = 0


@dataclass(frozen=True)
class Table:
    """One CSV file of a pack. `key` are the columns that no two rows may share."""

    name: str
    file: str  # a pattern: catalogue/*.csv
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ("code",)
    by_name: Mapping[str, Column] = field(default_factory=dict, init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    def holds(self, file: str) -> bool:
        """Whether this file of a pack is this table."""
        return fnmatch.fnmatch(file, self.file)


def _title(longest: int = 120) -> tuple[Column, Column]:
    return Column("title", required=True, longest=longest), Column("title_en", default="", longest=160)


CODE = Column("code", "code", required=True, longest=40)
PERIOD = (Column("from", "date"), Column("to", "date"))
PLACE = (Column("lng", "number", required=True), Column("lat", "number", required=True))

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "areas",
            "places/areas.csv",
            (
                CODE,
                Column("level", required=True, of=LEVELS),
                *_title(),
                Column("parent", refers="administrative areas"),
                Column("households", "integer"),
                Column("demonstration", "yes or no", default=False),
            ),
        ),
        Table(
            "layers",
            "places/layers.csv",
            (
                Column("layer", required=True, refers="layer names"),
                CODE,
                *_title(),
                Column("members", refers="administrative areas", many=True, required=True),
            ),
        ),
        Table(
            "roads",
            "places/roads.csv",
            (CODE, *_title(), Column("line", "line"), Column("demonstration", "yes or no", default=False)),
        ),
        Table(
            "buildings",
            "places/buildings.csv",
            (
                CODE,
                *_title(),
                Column("compound", refers="areas"),
                Column("grid", refers="areas"),
                *PLACE,
                Column("households", "integer"),
                Column("floors", "integer"),
            ),
        ),
        Table("landmarks", "places/landmarks.csv", (*_title(), *PLACE), key=("title",)),
        Table(
            "departments",
            "people/departments.csv",
            (
                CODE,
                *_title(),
                Column("kind", required=True, of=tuple(Department.Kind.values)),
                Column("parent", refers="departments"),
                Column("area", refers="areas"),
                Column("phone", default="", longest=30),
                Column("can_lead", "yes or no"),
            ),
        ),
        Table(
            "ownership",
            "people/ownership.csv",
            (
                Column("area", required=True, refers="areas"),
                Column("department", required=True, refers="departments"),
                Column("kind", required=True, of=tuple(Ownership.Kind.values)),
            ),
            key=("area", "department", "kind"),
        ),
        Table(
            "organisations",
            "people/organisations.csv",
            (
                CODE,
                *_title(),
                Column("kind", required=True, of=tuple(Organisation.Kind.values)),
                Column("parent", refers="organisations"),
                Column("area", refers="areas"),
            ),
        ),
        Table(
            "staff",
            "people/staff.csv",
            (
                Column("username", "code", required=True, longest=150),
                Column("name", required=True, longest=60),
                Column("title", default="", longest=60),
                Column("phone", default="", longest=30),
                Column("department", refers="departments"),
                Column("roles", of=tuple(ROLES), many=True),
                Column("area", refers="areas"),
                Column("post", refers="posts"),
                Column("demo_login", "yes or no", default=False),
                Column("demo_note", default="", longest=200),
            ),
            key=("username",),
        ),
        Table(
            "holdings",
            "people/holdings.csv",
            (
                Column("post", required=True, refers="posts"),
                Column("username", required=True, refers="staff"),
                Column("area", refers="areas|roads"),  # a road chief holds a road
                *PERIOD,
            ),
            key=("post", "username", "area", "from"),
        ),
        Table(
            "duties",
            "people/duties.csv",
            (
                Column("topic", required=True, refers="topics"),
                Column("department", required=True, refers="departments"),
                Column("area", required=True, refers="areas"),
                Column("layer", refers="layer names"),
                Column("post", refers="posts"),
                Column("username", refers="staff"),
                *PERIOD,
            ),
            key=("topic", "area", "department", "post", "username", "from"),
        ),
        Table(
            "catalogue",
            "catalogue/*.csv",
            (
                Column("code", "code", required=True, longest=12),
                Column("kind", required=True, of=("component", "event")),
                Column("class_code", default=""),
                Column("class_title", default=""),
                *_title(),
                Column("condition", default="", longest=200),
                Column("closing", default="", longest=200),
                Column("limit", "limit", required=True),
                Column("topic", refers="topics"),
                Column("department", refers="departments"),
            ),
            key=("kind", "code"),
        ),
        Table(
            "sources",
            "demonstration/sources.csv",
            (CODE, *_title(), Column("day", "date")),
        ),
        Table(
            "statements",
            "demonstration/statements.csv",
            (
                CODE,
                *_title(),
                Column("source", required=True, refers="sources"),
                Column("value", "decimal", required=True),
                Column("unit", default="", longest=20),
                Column("unit_en", default="", longest=40),
                Column("scale", of=tuple(scale for scale in SCALES if scale), default=""),
                Column("bound", of=BOUNDS, default="exact"),
                Column("step", "decimal"),
                Column("system", "code", required=True, longest=4),
                Column("figure", refers="figure"),
                *PERIOD,
                Column("where", "filter", default={}),
            ),
        ),
        Table(
            "statement-checks",
            "demonstration/statement-checks.csv",
            (
                CODE,
                *_title(),
                Column("rule", "relation", required=True, longest=200),
                Column("within", "decimal", default=Decimal(0)),
                Column("doubts", refers="statements", many=True, default=[]),
            ),
        ),
    )
}


Known = Mapping[str, Collection[str]]  # the valid codes of each kind
Complaint = tuple[str, Sentence]  # the column, and what is wrong with it


def check_columns(table: Table, columns: Iterable[str]) -> list[Sentence]:
    """What is wrong with the head of a sheet: missing, unknown and repeated columns."""
    names = [name for name in columns if name]
    found = []
    for name in sorted({name for name in names if names.count(name) > 1}):
        found.append(said(_("列“%(name)s”出现了两次。留下一列。"), name=name))
    for name in names:
        if name not in table.by_name:
            found.append(said(_("不认识的列。%(hint)s"), hint=expected(name, table.by_name)))
    for column in table.columns:
        if column.required and column.name not in names:
            found.append(said(_("缺少“%(name)s”这一列。"), name=column.name))
    return found


def understand(
    table: Table, cells: Mapping[str, str], known: Known
) -> tuple[dict[str, Any], list[Complaint]]:
    """The values of a row, and what is wrong with it column by column. An empty cell is its default."""
    values: dict[str, Any] = {}
    complaints: list[Complaint] = []
    if "…" in cells:
        complaints.append((table.columns[-1].name, said(_("这一行的格子比表头多。文字里有逗号时要加引号。"))))
    for column in table.columns:
        text = cells.get(column.name, "")
        values[column.name] = [] if column.many else column.default
        if not text:
            if column.required:
                complaints.append((column.name, said(_("“%(name)s”不能空着。"), name=column.name)))
            continue
        try:
            values[column.name] = _cell(column, text, known)
        except Wrong as wrong:
            complaints.append((column.name, wrong.sentence))
        except ValueError as error:
            sentence = error.args[0] if error.args and isinstance(error.args[0], Sentence) else None
            complaints.append((column.name, sentence or said("%(error)s", error=error)))
    start, end = values.get("from"), values.get("to")
    if start and end and start > end:
        complaints.append(("to", said(_("止（%(end)s）早于起（%(start)s）。"), start=start, end=end)))
    return values, complaints


def _cell(column: Column, text: str, known: Known) -> Any:
    if column.many:
        return [_word(column, word, known) for word in re.split(r"[\s;；、]+", text) if word]
    if column.of or column.refers:
        return _word(column, text, known)
    if column.longest and len(text) > column.longest:
        raise Wrong(
            _("太长：最多 %(longest)d 个字，现在 %(length)d 个。"), longest=column.longest, length=len(text)
        )
    return TYPES[column.type](text)


def _word(column: Column, word: str, known: Known) -> str:
    groups = [column.of] if column.of else [known.get(kind, ()) for kind in column.refers.split("|")]
    if not any(word in words for words in groups):
        words = [each for words in groups for each in words]
        raise Wrong("%(hint)s", hint=expected(word, words))
    return word
