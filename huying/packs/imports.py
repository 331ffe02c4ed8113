"""Areas, departments, staff, duties, buildings and roads from and to spreadsheets, with the pack's columns.

A wrong row is reported with its row and column and what to do; the rest goes in. A column that is absent
leaves what is there. Nothing is retired: a spreadsheet may hold only a part.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from huying.cases.models import Topic
from huying.core import journal
from huying.core.sheets import unfolds_too_large
from huying.packs.changes import Changes, Writer, yesterday
from huying.packs.loader import no_password, one_at_a_time, open_grants
from huying.packs.place_names import rebuild_place_names
from huying.packs.reader import Row, Sheet, decode, parse_csv
from huying.packs.rules import check_area, check_building, check_department, check_duty, check_staff
from huying.packs.tables import TABLES, Complaint, Table, check_columns, understand
from huying.packs.values import (
    Fields,
    Ids,
    area_fields,
    building_fields,
    department_fields,
    duty_fields,
    generations,
    grant_fields,
    key_of,
    road_fields,
    staff_fields,
)
from huying.packs.wording import both, said
from huying.people.models import Department, Duty, Grant, Post, PostHolding, User
from huying.places.actions import bump_map_version
from huying.places.locate import current_areas, locate
from huying.places.models import ADMINISTRATIVE, Area, Building, District, Road
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _

KINDS = ("areas", "departments", "staff", "duties", "buildings", "roads")
MODELS: Mapping[str, type[Model]] = {
    "areas": Area, "departments": Department, "staff": User, "duties": Duty, "buildings": Building, "roads": Road,
}  # fmt: skip
_ON_THE_MAP = ("areas", "buildings", "roads")


class Upload(Protocol):
    """A file that somebody has uploaded."""

    name: str

    def read(self) -> bytes: ...


@dataclass(frozen=True)
class RowError:
    """What is wrong in which row (as the spreadsheet numbers them) and column, and what to do."""

    row: int
    column: str
    sentence: Sentence

    def __str__(self) -> str:
        return str(
            said(
                _("第 %(row)d 行 %(column)s：%(what)s"), row=self.row, column=self.column, what=self.sentence
            )
        )


@dataclass
class ImportResult:
    """How many rows were new, differed, or were there already, and which could not go in."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)


def run(kind: str, path: Path | str, report: Callable[[str], object] = print) -> int:
    """Import a file and report what happened; 1 when a row could not go in."""
    result = import_rows(kind, Path(path))
    for error in result.errors:
        for line in dict.fromkeys(both(error)):
            report(line)
    summary = said(
        _("新增 %(created)d，修改 %(changed)d，没有变化 %(unchanged)d，有误未导入 %(wrong)d 行。"),
        created=result.created, changed=result.changed, unchanged=result.unchanged,
        wrong=len({error.row for error in result.errors}),
    )  # fmt: skip
    for line in dict.fromkeys(both(summary)):
        report(line)
    return int(bool(result.errors))


def import_rows(kind: str, file: Path | Upload, actor: Any = None) -> ImportResult:
    """Bring the rows of a .csv or .xlsx file in; wrong rows are left out and reported.

    `kind` is one of KINDS (KeyError otherwise). The whole file is one transaction and one journal entry of
    the district.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    table = TABLES[kind]
    result = ImportResult()
    try:
        sheet = read_sheet(file)
    except UnreadableSheet as error:
        result.errors.append(RowError(1, "", error.sentence))
        return result
    missing = [
        column.name for column in table.columns if column.required and column.name not in sheet.columns
    ]
    result.errors += [RowError(1, "", sentence) for sentence in check_columns(table, sheet.columns)]
    if missing:
        return result
    with transaction.atomic():
        one_at_a_time()
        _Import(kind, table, sheet, result).run()
        if result.created or result.changed:
            if kind in _ON_THE_MAP:
                rebuild_place_names()
                bump_map_version()
            if district := District.objects.first():
                journal.log(
                    district, "spreadsheet.imported", actor=actor, kind=kind, file=sheet.file,
                    created=result.created, changed=result.changed, wrong=len({e.row for e in result.errors}),
                )  # fmt: skip
    result.errors.sort(key=lambda error: error.row)
    return result


# -- reading -------------------------------------------------------------------------------------------------


class UnreadableSheet(ValueError):
    """The file is not a table; `sentence` says what to do."""

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence
        super().__init__(sentence)


def read_sheet(file: Path | Upload) -> Sheet:
    """The first sheet of a .csv, .xlsx, .xls or .ods file, every cell as text. Raises UnreadableSheet."""
    name = file.name
    raw = file.read_bytes() if isinstance(file, Path) else file.read()
    if name.lower().endswith(".csv"):
        try:
            return parse_csv(decode(raw), name)
        except UnicodeDecodeError:
            raise UnreadableSheet(said(_("读不出文字：请另存为 UTF-8 编码。"))) from None
        except csv.Error as error:
            raise UnreadableSheet(said(_("CSV 写法有误：%(problem)s。"), problem=error)) from None
    import python_calamine

    if unfolds_too_large(raw):
        raise UnreadableSheet(said(_("这个表格太大。请删掉多余的空行空列，或拆成几个再导入。")))
    try:
        rows = (
            python_calamine.load_workbook(io.BytesIO(raw))
            .get_sheet_by_index(0)
            .to_python(skip_empty_area=False)
        )
    except (python_calamine.CalamineError, OSError, IndexError, ValueError):
        raise UnreadableSheet(said(_("打不开这个文件。请用 .xlsx 或 .csv 格式保存后再试。"))) from None
    if not rows:
        raise UnreadableSheet(said(_("表是空的。第一行写列名，例如 code、title。")))
    columns = [_as_text(cell).strip() for cell in rows[0]]
    found = [
        Row(
            number,
            {column: text for column, text in zip(columns, map(_as_text, cells), strict=False) if column},
        )
        for number, cells in enumerate(rows[1:], 2)
        if any(_as_text(cell) for cell in cells)
    ]
    return Sheet(name, [column for column in columns if column], found)


def _as_text(cell: object) -> str:
    """A cell as somebody would type it into the CSV: 300 and not 300.0."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return str(cell).strip()


# -- importing -----------------------------------------------------------------------------------------------


@dataclass
class Read:
    """One row of the spreadsheet, understood."""

    row: int
    values: dict[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]


class _Import:
    """One file. Rows are understood against what is in the database and in the file itself."""

    def __init__(self, kind: str, table: Table, sheet: Sheet, result: ImportResult) -> None:
        self.kind, self.table, self.sheet, self.result = kind, table, sheet, result
        self.there = There(kind)
        self.changes = Changes()
        self.touched: set[str] = set()  # keys of rows that were made or changed

    def run(self) -> None:
        rows = self.understand()
        write = {"staff": self.write_staff, "duties": self.write_duties}.get(self.kind, self.write_coded)
        write(rows)

    def wrong(self, row: int, complaints: Iterable[Complaint]) -> bool:
        found = [RowError(row, column, sentence) for column, sentence in complaints]
        self.result.errors += found
        return bool(found)

    def understand(self) -> list[Read]:
        """The rows that can go in."""
        known = self.there.known
        key = self.table.key[0]
        if self.kind in ("areas", "departments"):  # a parent may stand in the same file
            own = {row.cells.get(key, "") for row in self.sheet.rows}
            known = known | {name: {*known[name], *own} for name in ("administrative areas", "departments")}
        seen: dict[tuple[Any, ...], int] = {}
        levels: dict[str, str] = {}  # of the areas in this file
        rows = []
        for row in self.sheet.rows:
            values, complaints = understand(self.table, row.cells, known)
            read = Read(row.line, values)
            if not complaints:
                complaints = list(self.there.check(read, levels))
            identity = tuple(values.get(column) for column in self.table.key)
            if identity in seen:
                complaints.append((key, said(_("和第 %(row)d 行重复。留下一行。"), row=seen[identity])))
            if not self.wrong(row.line, complaints):
                rows.append(read)
                seen[identity] = row.line
                levels[str(values.get("code"))] = str(values.get("level"))
        return rows

    def write(self, writer: Writer, wanted: Mapping[str, Fields], **options: Any) -> None:
        """Write rows; of those that exist, only the columns that the file has."""
        columns = set(self.sheet.columns)
        present = {
            key: (
                {name: value for name, value in fields.items() if self.has_column(name, columns)}
                if key in writer.existing
                else fields
            )
            for key, fields in wanted.items()
        }
        before = len(writer.changes.added), len(writer.changes.changed)
        writer.write(present, **options)
        created = len(writer.changes.added) - before[0]
        changed = len(writer.changes.changed) - before[1]
        self.result.created += created
        self.result.changed += changed
        self.result.unchanged += len(wanted) - created - changed

    def has_column(self, name: str, columns: set[str]) -> bool:
        column = {"starts_on": "from", "ends_on": "to"}.get(name, name.removesuffix("_id"))
        return column not in self.table.by_name or column in columns

    def writer(self, model: type[Model], existing: Mapping[str, Model], **options: Any) -> Writer:
        return Writer(self.changes, self.kind, model, existing, remember=False, **options)

    def write_coded(self, rows: list[Read]) -> None:
        """Rows with a code; parents first."""
        model = MODELS[self.kind]
        existing: dict[str, Any] = {row.code: row for row in model._default_manager.all()}  # type: ignore[attr-defined]
        writer = self.writer(model, existing)
        ids = self.there.ids
        ids.kinds[self.kind] = writer.ids
        if self.kind in ("buildings", "roads"):
            fields = building_fields if self.kind == "buildings" else lambda row, _ids: road_fields(row)
            self.write(writer, {row["code"]: fields(row, ids) for row in rows})
            return
        paths = {code: row.path for code, row in existing.items()} if self.kind == "areas" else {}
        done = set()
        for generation in generations(rows, known=existing):
            wanted = {}
            for row in generation:
                done.add(row.row)
                if self.kind == "areas":
                    path = paths[row["code"]] = f"{paths.get(row['parent'] or '', '')}{row['code']}/"
                    wanted[row["code"]] = area_fields(row, ids, path)
                else:
                    wanted[row["code"]] = department_fields(row, ids)
            self.write(writer, wanted)
        for row in rows:
            if row.row not in done:
                sentence = said(_("上级 %(parent)s 的那一行没有导入，先改好那一行。"), parent=row["parent"])
                self.wrong(row.row, [("parent", sentence)])

    def write_staff(self, rows: list[Read]) -> None:
        ids = self.there.ids
        grants = _grants_by_user()
        good = []
        for row in rows:
            held = grants.get(ids.kinds["staff"].get(row["username"], 0), [])
            if "roles" in self.sheet.columns and len({grant.area_id for grant in held}) > 1:
                wanted = {key_of("grants", fields) for fields in grant_fields(row, ids)}
                if not wanted <= {key_of("grants", grant) for grant in held}:
                    sentence = said(_("此人在几个区域有授权，表格里写不下。请在人员页面上修改。"))
                    self.wrong(row.row, [("roles", sentence)])
                    continue
            good.append(row)
        writer = self.writer(User, {user.username: user for user in User.objects.all()})
        ids.kinds["staff"] = writer.ids
        counted = len(writer.changes.changed)
        self.write(writer, {row["username"]: staff_fields(row, ids) for row in good}, new=no_password)
        if "roles" in self.sheet.columns:
            only_grants = self.write_grants(good, grants, ids)
            changed = set(writer.changes.changed[counted:]) | set(writer.changes.added)
            moved = len(only_grants - changed)
            self.result.changed += moved
            self.result.unchanged -= moved

        if "post" in self.sheet.columns:
            self.write_holdings(good, ids)

    def write_holdings(self, rows: list[Read], ids: Ids) -> None:
        """Who gets a post with the row holds it from today on, unless they hold it already."""
        held = set(PostHolding.objects.on().values_list("user_id", "post_id"))
        new = [
            PostHolding(
                user_id=ids.kinds["staff"][row["username"]],
                post_id=ids.kinds["posts"][row["post"]],
                area_id=ids("areas", row["area"]), starts_on=timezone.localdate(),
            )
            for row in rows
            if row["post"] and (ids("staff", row["username"]), ids("posts", row["post"])) not in held
        ]  # fmt: skip
        PostHolding.objects.bulk_create(new)

    def write_grants(self, rows: list[Read], grants: Mapping[int, list[Grant]], ids: Ids) -> set[str]:
        """Give each person the roles of the row and take the others away; the names of those concerned."""
        new, ended, names = [], [], set()
        for row in rows:
            held = {
                key_of("grants", grant): grant
                for grant in grants.get(ids.kinds["staff"][row["username"]], [])
            }
            wanted = {key_of("grants", fields): fields for fields in grant_fields(row, ids)}
            several = len({grant.area_id for grant in held.values()}) > 1
            given = [Grant(**fields) for key, fields in wanted.items() if key not in held]
            taken = [] if several else [grant.pk for key, grant in held.items() if key not in wanted]
            if given or taken:
                names.add(row["name"])
            new += given
            ended += taken
        Grant.objects.bulk_create(new)
        Grant.objects.filter(pk__in=ended).update(ends_on=yesterday())
        return names

    def write_duties(self, rows: list[Read]) -> None:
        writer = self.writer(Duty, {key_of("duties", duty): duty for duty in Duty.objects.all()})
        wanted = {}
        for row in rows:
            fields = duty_fields(row, self.there.ids)
            wanted[key_of("duties", fields)] = fields
        self.write(writer, wanted)


def _grants_by_user() -> dict[int, list[Grant]]:
    found: dict[int, list[Grant]] = {}
    for grant in open_grants():
        found.setdefault(grant.user_id, []).append(grant)
    return found


class There:
    """What is in the database: the codes that rows may refer to, and what their rules ask."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        areas = Area.objects.filter(current_areas()).values_list("code", "pk", "level", "layer")
        departments = Department.objects.filter(valid_to=None).values_list("code", "pk", "can_lead")
        self.levels = {code: level for code, _pk, level, layer in areas if layer == ADMINISTRATIVE}
        self.layers = {code: layer for code, _pk, _level, layer in areas}
        self.leads = {code: leads for code, _pk, leads in departments}
        self.ids = Ids()
        self.ids.kinds = {
            "areas": {code: pk for code, pk, _level, _layer in areas},
            "departments": {code: pk for code, pk, _leads in departments},
            "staff": dict(User.objects.values_list("username", "pk")),
            "posts": dict(Post.objects.values_list("code", "pk")),
            "roads": dict(Road.objects.values_list("code", "pk")),
        }
        self.known: dict[str, Any] = {
            **self.ids.kinds,
            "administrative areas": self.levels,
            "layer names": set(self.layers.values()) | {ADMINISTRATIVE},
            "topics": set(Topic.objects.values_list("code", flat=True)),
        }

    def check(self, row: Read, levels: Mapping[str, str]) -> Iterator[Complaint]:
        """What a row may not say; `levels` are those of the areas in the same file."""
        if self.kind == "areas":
            yield from check_area(row, {**self.levels, **levels})
            level = self.levels.get(row["code"])
            if level and level != row["level"]:
                yield "level", said(_("%(code)s 已是 %(level)s，层级不能改。"), code=row["code"], level=level)
            if not level and row["level"] == "district" and "district" in self.levels.values():
                yield "level", said(_("已经有一个区了。"))
            if row["code"] in self.layers and row["code"] not in self.levels:
                yield "code", said(_("“%(code)s”是功能网格的代码，请换一个。"), code=row["code"])
        elif self.kind == "departments":
            yield from check_department(row)
        elif self.kind == "staff":
            yield from check_staff(row)
        elif self.kind == "duties":
            yield from check_duty(row, self.leads, self.layers)
        elif self.kind == "buildings":
            yield from check_building(row, self.levels)
            if locate(row["lng"], row["lat"]).kind == "outside":
                yield "lng", said(_("这个位置不在本区范围内，请核对经纬度（WGS-84）。"))


# -- exporting -----------------------------------------------------------------------------------------------


def export_rows(kind: str) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of what is in use, as `import_rows` reads them back without a change."""
    columns = [column.name for column in TABLES[kind].columns]
    return columns, [[row.get(name, "") for name in columns] for row in _EXPORTS[kind]()]


def _export_areas() -> Iterator[Fields]:
    today = timezone.localdate()
    for area in (
        Area.objects.filter(layer=ADMINISTRATIVE, valid_to=None).defer("boundary").select_related("parent")
    ):
        if area.valid_to is None or area.valid_to >= today:
            yield _plain(area, "code level title title_en households demonstration") | {
                "parent": _code(area.parent)
            }


def _export_roads() -> Iterator[Fields]:
    import shapely

    for road in Road.objects.all():
        line = shapely.to_wkt(shapely.geometry.shape(road.line), rounding_precision=6) if road.line else ""
        yield _plain(road, "code title title_en demonstration") | {"line": line}


def _export_buildings() -> Iterator[Fields]:
    for building in Building.objects.select_related("compound", "grid"):
        yield _plain(building, "code title title_en lng lat households floors") | {
            "compound": _code(building.compound), "grid": _code(building.grid),
        }  # fmt: skip


def _export_departments() -> Iterator[Fields]:
    for department in Department.objects.filter(valid_to=None).select_related("parent", "area"):
        yield _plain(department, "code title title_en kind phone can_lead") | {
            "parent": _code(department.parent), "area": _code(department.area),
        }  # fmt: skip


def _export_staff() -> Iterator[Fields]:
    grants = _grants_by_user()
    areas = dict(Area.objects.values_list("pk", "code"))
    posts = dict(PostHolding.objects.on().order_by("-pk").values_list("user_id", "post__code"))
    for user in (
        User.objects.filter(is_active=True, is_superuser=False)
        .select_related("department")
        .order_by("username")
    ):
        held = grants.get(user.pk, [])
        area_id = held[0].area_id if held else None
        yield _plain(user, "username name title phone demo_login demo_note") | {
            "department": _code(user.department),
            "roles": " ".join(sorted({grant.role for grant in held if grant.area_id == area_id})),
            "area": areas.get(area_id, "") if area_id else "",
            "post": posts.get(user.pk, ""),
        }  # fmt: skip


def _export_duties() -> Iterator[Fields]:
    duties: QuerySet[Duty] = Duty.objects.select_related("area", "department", "post", "user")
    for duty in duties.order_by("topic", "area__code", "pk"):
        yield {
            "topic": duty.topic, "department": _code(duty.department), "area": _code(duty.area),
            "layer": "" if duty.area.layer == ADMINISTRATIVE else duty.area.layer, "post": _code(duty.post),
            "username": duty.user.username if duty.user else "",
            "from": duty.starts_on or "", "to": duty.ends_on or "",
        }  # fmt: skip


def _plain(row: Model, names: str) -> Fields:
    found = {name: getattr(row, name) for name in names.split()}
    return {name: "" if value is None else value for name, value in found.items()}


def _code(row: Any) -> str:
    return row.code if row else ""


_EXPORTS: Mapping[str, Callable[[], Iterator[Fields]]] = {
    "areas": _export_areas,
    "roads": _export_roads,
    "buildings": _export_buildings,
    "departments": _export_departments,
    "staff": _export_staff,
    "duties": _export_duties,
}
