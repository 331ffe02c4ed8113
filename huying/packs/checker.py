"""Checks a whole pack before anything is loaded: every reference, limit, boundary and expression.

`understand_pack` gives what the loader needs; `check_pack` only the mistakes. Nothing here asks the
database: a pack is right or wrong by itself.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from huying.cases.ledger import read_rules
from huying.core import expressions
from huying.figures.rules import read_figure
from huying.inspections.standards import read_standard
from huying.packs.appraisals import check_appraisal
from huying.packs.briefs import check_brief
from huying.packs.campaigns import Around, check_bulletin, check_campaign, check_ranking
from huying.packs.declarations import check_declaration
from huying.packs.figures import Around as AroundFigures
from huying.packs.figures import check_checks, check_figure, targets_of
from huying.packs.inspections import Surroundings, category_codes, check_plan, check_standard
from huying.packs.notices import check_notices
from huying.packs.papers import check_paper
from huying.packs.points import check_points
from huying.packs.programmes import Around as AroundProgrammes
from huying.packs.programmes import check_programme
from huying.packs.projects import check_projects, check_war_map, project_columns, read_project
from huying.packs.reader import (
    SINGLE_KINDS,
    Document,
    Keys,
    Pack,
    Sheet,
    check_code,
    check_length,
    check_title,
    read_pack,
)
from huying.packs.registers import ITEM_COLUMNS, check_register, read_item
from huying.packs.rosters import check_rosters
from huying.packs.rules import (
    can_lead,
    check_area,
    check_building,
    check_department,
    check_duty,
    check_lead,
    check_staff,
)
from huying.packs.tables import TABLES, Complaint, Table, check_columns, understand
from huying.packs.visits import check_visits
from huying.packs.wording import Mistake, expected, said, sentence_of
from huying.papers.rules import BUILT_IN
from huying.places.area_index import ADMINISTRATIVE, AreaRow
from huying.places.clock import parse_limit, parse_spans
from huying.places.nesting import validate_nesting
from huying.places.sentences import Sentence
from huying.places.sentences import gettext_noop as _
from huying.registry.rules import read_register
from huying.targets.projects.rules import read_projects

_TOPIC_KEYS = (
    "code", "parent", "title", "limit", "department", "label", "keywords", "weak", "secret",
)  # fmt: skip
_DISTRICT_KEYS = (
    "district", "title", "city", "code", "centre", "languages", "hotline", "about", "schematic", "schematic_note",
    "office_hours", "layers",
)  # fmt: skip
POST_PLACES = ("district", "subdistrict", "community", "compound", "grid", "building", "unit", "road")


@dataclass
class Entry:
    """One row of a table, understood."""

    file: str
    line: int
    values: dict[str, Any]
    sound: bool = True  # every cell could be read

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def wrong(self, sentence: Sentence) -> Mistake:
        return Mistake(self.file, self.line, sentence)


@dataclass
class Contents:
    """A pack, understood: what the loader writes, if there are no mistakes."""

    pack: Pack
    tables: dict[str, list[Entry]] = field(default_factory=dict)
    items: dict[str, list[Entry]] = field(default_factory=dict)  # by register
    projects: list[Entry] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def rows(self, table: str) -> list[Entry]:
        return self.tables.get(table, [])

    def topics(self) -> Iterator[tuple[Document, int, dict[str, Any]]]:
        """Every declared topic with the place where it stands."""
        for document in self.pack.of_kind("topics"):
            for index, topic in document.rows("list"):
                yield document, index, topic


def check_pack(path: Path) -> list[Mistake]:
    """Every mistake of the pack in this folder, by file and line; an empty list is a pack that loads."""
    return understand_pack(path).mistakes


def understand_pack(path: Path) -> Contents:
    """Read and check the pack in this folder."""
    pack = read_pack(Path(path))
    contents = Contents(pack, mistakes=list(pack.mistakes))
    if pack.root.is_dir():
        _Check(contents).run()
    contents.mistakes.sort(key=lambda mistake: (mistake.file, mistake.line))
    return contents


class _Check:
    """One pass over the pack. Each `check_*` looks at one kind and adds what is wrong."""

    def __init__(self, contents: Contents) -> None:
        self.contents, self.pack = contents, contents.pack
        self.known: dict[str, set[str]] = {}
        self.leads: dict[str, bool] = {}  # department: may it be responsible?

    def run(self) -> None:
        self.learn_codes()
        self.check_documents()
        self.check_tables()
        self.check_areas()
        self.check_layers()
        self.check_boundaries()
        self.check_buildings()
        self.check_people()
        for document in self.pack.documents:
            getattr(self, f"check_{document.kind.replace('-', '_')}")(document)

    def wrong(self, mistake: Mistake) -> None:
        self.contents.mistakes.append(mistake)

    def complain(self, entry: Entry, complaints: Iterable[Complaint]) -> None:
        """Report a row; what could not be read is not held against its other columns."""
        for complaint in complaints if entry.sound else ():
            self.wrong(entry.wrong(_with_column(complaint)))

    # -- what there is ---------------------------------------------------------------------------------------

    def learn_codes(self) -> None:
        """Collect every code first, so that files may refer to each other in any order."""
        for name, table in TABLES.items():
            codes = {
                row.cells.get(table.key[0], "")
                for sheet in self.pack.sheets.get(name, ())
                for row in sheet.rows
            }
            self.known[name] = codes - {""}
        self.known["administrative areas"] = set(self.known["areas"])
        self.known["areas"] |= {
            row.cells.get("code", "") for sheet in self.pack.sheets.get("layers", ()) for row in sheet.rows
        } - {""}
        self.known["layer names"] = {ADMINISTRATIVE} | {
            str(layer.get("code", ""))
            for document in self.pack.of_kind("district")
            for _i, layer in document.rows("layers")
        }
        self.known["catalogue"] = {
            row.cells.get("code", "") for sheet in self.pack.sheets.get("catalogue", ()) for row in sheet.rows
        }
        self.known["topics"] = {str(topic.get("code", "")) for _doc, _index, topic in self.contents.topics()}
        self.known["posts"] = {
            str(post.get("code", ""))
            for document in self.pack.of_kind("posts")
            for _i, post in document.rows("list")
        }
        self.known["road names"] = self.known["roads"] | {
            row.cells.get("title", "") for sheet in self.pack.sheets.get("roads", ()) for row in sheet.rows
        } - {""}
        for kind in ("register", "ledger", "figure"):
            self.known[kind] = {document.code for document in self.pack.of_kind(kind)}

    def check_documents(self) -> None:
        seen: dict[tuple[str, str], Document] = {}
        for document in self.pack.documents:
            single = document.kind in SINGLE_KINDS
            key = (document.kind, "" if single else document.code)
            if key in seen:
                first = seen[key]
                place = f"{first.file}:{first.line(first.kind)}"
                self.wrong(
                    document.wrong(
                        said(
                            _("“%(kind)s: %(code)s”已在 %(place)s 声明。每个只写一次。"),
                            kind=document.kind, code=document.code, place=place,
                        ),
                        document.kind,
                    )
                )  # fmt: skip
            seen.setdefault(key, document)
        if ("district", "") not in seen:
            self.wrong(Mistake("district.yaml", 1, said(_("缺少 district.yaml：写明区名、代码和中心点。"))))
        if not self.pack.sheets.get("areas"):
            self.wrong(Mistake("places/areas.csv", 1, said(_("缺少 places/areas.csv：至少要有一个区。"))))

    # -- tables ----------------------------------------------------------------------------------------------

    def check_tables(self) -> None:
        for name, sheets in self.pack.sheets.items():
            table = TABLES[name]
            entries = self.contents.tables[name] = []
            for sheet in sheets:
                entries += self.understand(table, sheet)
            self.check_unique(entries, table.key)

    def understand(self, table: Table, sheet: Sheet) -> list[Entry]:
        for sentence in check_columns(table, sheet.columns):
            self.wrong(Mistake(sheet.file, 1, sentence))
        entries = []
        for row in sheet.rows:
            values, complaints = understand(table, row.cells, self.known)
            entry = Entry(sheet.file, row.line, values)
            self.complain(entry, complaints)
            entry.sound = not complaints
            entries.append(entry)
        return entries

    def check_unique(self, entries: Iterable[Entry], key: Collection[str]) -> None:
        seen: dict[tuple[Any, ...], Entry] = {}
        for entry in entries:
            found = tuple(entry.values.get(column) for column in key)
            if found in seen:
                self.wrong(
                    entry.wrong(
                        said(
                            _("“%(code)s”写了两次，第一次在第 %(line)d 行。"),
                            code=" ".join(str(part) for part in found if part),
                            line=seen[found].line,
                        )
                    )
                )
            seen.setdefault(found, entry)

    # -- places ----------------------------------------------------------------------------------------------

    def check_areas(self) -> None:
        entries = self.contents.rows("areas")
        by_code = {entry["code"]: entry for entry in entries}
        districts = [entry for entry in entries if entry["level"] == "district"]
        if entries and len(districts) != 1:
            place = districts[1] if districts else entries[0]
            self.wrong(
                place.wrong(
                    said(_("包里要有且只有一个 district（区），现在有 %(count)d 个。"), count=len(districts))
                )
            )
        levels = {code: entry["level"] for code, entry in by_code.items()}
        for entry in entries:
            self.complain(entry, check_area(entry, levels))

    def check_layers(self) -> None:
        levels = {entry["code"]: entry["level"] for entry in self.contents.rows("areas")}
        taken: dict[tuple[str, str], Entry] = {}
        for entry in self.contents.rows("layers"):
            if entry["code"] in levels:
                self.wrong(
                    entry.wrong(said(_("“%(code)s”已是行政区域的代码，请换一个。"), code=entry["code"]))
                )
            for member in entry["members"]:
                first = taken.setdefault((entry["layer"], member), entry)
                if first is not entry:
                    self.wrong(
                        entry.wrong(
                            said(
                                _("%(member)s 在图层 %(layer)s 里已属于 %(code)s（第 %(line)d 行）。"),
                                member=member, layer=entry["layer"], code=first["code"], line=first.line,
                            )
                        )
                    )  # fmt: skip
                if levels.get(member, "grid") != "grid":
                    self.wrong(entry.wrong(said(_("%(member)s 不是网格。成员要写网格代码。"), member=member)))

    def check_boundaries(self) -> None:
        import shapely

        known = self.known["administrative areas"]
        shapes: dict[str, Any] = {}
        for code, (file, line, geometry) in self.pack.boundaries.items():
            if code not in known:
                self.wrong(
                    Mistake(
                        file,
                        line,
                        said(_("边界的代码不在 areas.csv 里。%(hint)s"), hint=expected(code, known)),
                    )
                )
                continue
            try:
                shape = shapely.geometry.shape(geometry)
            except (ValueError, TypeError, KeyError, AttributeError, IndexError):
                shape = None
            if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
                self.wrong(
                    Mistake(file, line, said(_("%(code)s 的边界要是 Polygon 或 MultiPolygon。"), code=code))
                )
                continue
            if not shape.is_valid:
                why = shapely.is_valid_reason(shape)
                self.wrong(
                    Mistake(
                        file,
                        line,
                        said(_("%(code)s 的边界不成面（%(why)s）：边界不能自己交叉。"), code=code, why=why),
                    )
                )
                continue
            west, south, east, north = shape.bounds
            if not (west > 70 and east < 140 and south > 0 and north < 60):
                self.wrong(
                    Mistake(
                        file,
                        line,
                        said(
                            _("%(code)s 的边界不在中国范围内：坐标要写成 经度, 纬度（WGS-84）。"), code=code
                        ),
                    )
                )
                continue
            shapes[code] = shape
        self.shapes = shapes
        self.check_nesting(shapes)

    def check_nesting(self, shapes: Mapping[str, Any]) -> None:
        """Every area lies inside its parent; areas of one level neither overlap nor leave gaps."""
        by_code = {entry["code"]: entry for entry in self.contents.rows("areas")}

        def path(code: str | None) -> str:
            seen: list[str] = []
            while code and code in by_code and code not in seen:
                seen.insert(0, code)
                code = by_code[code]["parent"]
            return "".join(f"{each}/" for each in seen)

        rows = [
            AreaRow(
                code,
                ADMINISTRATIVE,
                by_code[code]["level"],
                path(code),
                shape,
                f"{by_code[code]['title']} {code} ",
            )
            for code, shape in shapes.items()
        ]
        for problem in validate_nesting(rows):
            file, line, _geometry = self.pack.boundaries[problem.code]
            self.wrong(Mistake(file, line, problem.sentence))

    def outside(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries whose point is not in the district (where its boundary is known)."""
        import shapely

        district = next(
            (entry["code"] for entry in self.contents.rows("areas") if entry["level"] == "district"), ""
        )
        shape = self.shapes.get(district)
        if shape is None:
            return
        shapely.prepare(shape)
        placed = [entry for entry in entries if entry["lng"] is not None and entry["lat"] is not None]
        if not placed:
            return
        inside = shapely.covers(shape, shapely.points([(entry["lng"], entry["lat"]) for entry in placed]))
        yield from (entry for entry, is_inside in zip(placed, inside, strict=True) if not is_inside)

    def check_buildings(self) -> None:
        levels = {entry["code"]: entry["level"] for entry in self.contents.rows("areas")}
        for entry in self.contents.rows("buildings"):
            self.complain(entry, check_building(entry, levels))
        for table in ("buildings", "landmarks"):
            for entry in self.outside(self.contents.rows(table)):
                self.wrong(entry.wrong(_outside(entry)))

    # -- people ----------------------------------------------------------------------------------------------

    def check_people(self) -> None:
        for entry in self.contents.rows("departments"):
            self.complain(entry, check_department(entry))
            self.leads[entry["code"]] = can_lead(entry)
        for table in ("departments", "organisations"):
            self.check_circles(table)
        for entry in self.contents.rows("staff"):
            self.complain(entry, check_staff(entry))
        layers = {entry["code"]: entry["layer"] for entry in self.contents.rows("layers")}
        for entry in self.contents.rows("duties"):
            self.complain(entry, check_duty(entry, self.leads, layers))
        for entry in self.contents.rows("catalogue"):
            self.complain(entry, check_lead("department", entry["department"], self.leads))

    def check_circles(self, table: str) -> None:
        parents = {entry["code"]: entry["parent"] for entry in self.contents.rows(table)}
        for entry in self.contents.rows(table):
            seen, code = {entry["code"]}, entry["parent"]
            while code and code not in seen:
                seen.add(code)
                code = parents.get(code)
            if code == entry["code"]:
                self.wrong(entry.wrong(said(_("上级绕了一圈又回到 %(code)s。请改正 parent。"), code=code)))

    # -- declarations ----------------------------------------------------------------------------------------

    def keys(
        self, document: Document, value: Mapping[str, Any], known: Collection[str], *keys: str | int
    ) -> None:
        for key in value:
            if key not in known:
                self.wrong(
                    document.wrong(said(_("不认识的键。%(hint)s"), hint=expected(key, known)), *keys, key)
                )

    def all_wrong(self, document: Document, sentences: Iterable[Sentence], *keys: str | int) -> None:
        for sentence in sentences:
            self.wrong(document.wrong(sentence, *keys))

    def title(self, document: Document, value: Mapping[str, Any], *keys: str | int) -> None:
        self.all_wrong(document, check_title(value.get("title")), *keys, "title")

    def refers(self, document: Document, code: object, kind: str, *keys: str | int) -> bool:
        """Whether the code is declared; reports it otherwise."""
        if str(code) in self.known[kind]:
            return True
        self.wrong(document.wrong(expected(code, self.known[kind]), *keys))
        return False

    def limit(self, document: Document, value: object, *keys: str | int) -> None:
        try:
            parse_limit(str(value))
        except ValueError as error:
            self.wrong(document.wrong(sentence_of(error), *keys))

    def expression(self, document: Document, text: object, *keys: str | int) -> None:
        try:
            expressions.check(str(text))
        except expressions.BadExpression as error:
            self.wrong(document.wrong(said(_("条件写错了：%(problem)s"), problem=error), *keys))

    def code(self, document: Document, code: object, *keys: str | int) -> None:
        self.all_wrong(document, check_code(code), *keys)

    def check_campaign(self, document: Document) -> None:
        for keys, sentence in check_campaign(document.value, self.around):
            self.wrong(document.wrong(sentence, *keys))

    def check_ranking(self, document: Document) -> None:
        for keys, sentence in check_ranking(document.value, self.around):
            self.wrong(document.wrong(sentence, *keys))

    def check_bulletin(self, document: Document) -> None:
        for keys, sentence in check_bulletin(document.value, self.around):
            self.wrong(document.wrong(sentence, *keys))

    def check_district(self, document: Document) -> None:
        self.keys(document, document.value, _DISTRICT_KEYS)
        self.title(document, document.value)
        self.all_wrong(document, check_length(document.value.get("hotline"), 30), "hotline")
        code = str(document.value.get("code", ""))
        districts = {entry["code"] for entry in self.contents.rows("areas") if entry["level"] == "district"}
        if districts and code not in districts:
            self.wrong(
                document.wrong(
                    said(_("code 要和 areas.csv 里的区代码相同。%(hint)s"), hint=expected(code, districts)),
                    "code",
                )
            )
        centre = document.value.get("centre")
        if not (
            isinstance(centre, dict)
            and all(isinstance(centre.get(key), int | float) for key in ("lng", "lat"))
        ):
            self.wrong(document.wrong(said(_("写明中心点：centre: {lng: 经度, lat: 纬度}。")), "centre"))
        for index, layer in document.rows("layers"):
            self.code(document, layer.get("code"), "layers", index)
            self.title(document, layer, "layers", index)
        for index, hours in document.rows("office_hours"):
            self.day(document, hours.get("from"), "office_hours", index, "from")
            try:
                spans_of(hours.get("spans"))
            except (ValueError, TypeError) as error:
                self.wrong(document.wrong(sentence_of(error), "office_hours", index, "spans"))

    def check_calendar(self, document: Document) -> None:
        self.keys(document, document.value, ("calendar", "title", "days", "years"))
        for index, day in document.rows("days"):
            self.keys(document, day, ("day", "workday", "title"), "days", index)
            self.all_wrong(document, check_length(day.get("title"), 60), "days", index, "title")
            self.day(document, day.get("day"), "days", index, "day")
            if not isinstance(day.get("workday"), bool):
                self.wrong(
                    document.wrong(said(_("写明这天上不上班：workday: true 或 false。")), "days", index)
                )
        for year, notice in (document.value.get("years") or {}).items():
            if not re.fullmatch(r"20\d\d", str(year)) or not isinstance(notice, dict):
                self.wrong(
                    document.wrong(
                        said(_("年份写成 2027: {notice: …, off: […], work: […]}。")), "years", year
                    )
                )
                continue
            self.keys(document, notice, ("notice", "off", "work"), "years", year)
            self.all_wrong(document, check_length(notice.get("notice"), 120), "years", year, "notice")
            for key in ("off", "work"):
                for index, text in enumerate(notice.get(key) or ()):
                    try:
                        days_of(text)
                    except ValueError as error:
                        self.wrong(document.wrong(sentence_of(error), "years", year, key, index))

    def day(self, document: Document, value: object, *keys: str | int) -> None:
        try:
            dt.date.fromisoformat(str(value))
        except ValueError:
            self.wrong(
                document.wrong(said(_("“%(text)s”不是日期，请写成 2026-11-20。"), text=value or ""), *keys)
            )

    def check_posts(self, document: Document) -> None:
        self.keys(document, document.value, ("posts", "title", "list"))
        self.check_list(document, ("code", "title", "of", "help"))
        for index, post in document.rows("list"):
            if post.get("of") and post["of"] not in POST_PLACES:
                self.wrong(document.wrong(expected(post["of"], POST_PLACES), "list", index, "of"))

    def check_list(self, document: Document, known: Collection[str]) -> None:
        """Items with code and title under `list`."""
        seen: dict[str, int] = {}
        if not document.value.get("list"):
            self.wrong(document.wrong(said(_("写一个 list: 列表，每行一个，用 - 开头。")), "list"))
        for index, row in document.rows("list"):
            code = str(row.get("code", ""))
            self.keys(document, row, known, "list", index)
            self.code(document, code, "list", index)
            self.title(document, row, "list", index)
            if code in seen:
                self.wrong(
                    document.wrong(
                        said(_("“%(code)s”写了两次，第一次在第 %(line)d 行。"), code=code, line=seen[code]),
                        "list",
                        index,
                    )
                )
            seen.setdefault(code, document.line("list", index))

    def check_topics(self, document: Document) -> None:
        self.keys(document, document.value, ("topics", "title", "weights", "fallback", "list"))
        self.check_list(document, _TOPIC_KEYS)
        tops = {str(topic.get("code")) for _i, topic in document.rows("list") if not topic.get("parent")}
        if fallback := document.value.get("fallback"):
            self.refers(document, fallback, "topics", "fallback")
        for index, topic in document.rows("list"):
            keys: Keys = ("list", index)
            self.limit(document, topic.get("limit", ""), *keys, "limit")
            parent = topic.get("parent")
            if (
                parent
                and self.refers(document, parent, "topics", *keys, "parent")
                and str(parent) not in tops
            ):
                self.wrong(
                    document.wrong(
                        said(_("主题只有两级：%(parent)s 自己已有上级。"), parent=parent), *keys, "parent"
                    )
                )
            self.department(document, topic.get("department"), *keys, "department")

    def department(self, document: Document, code: object, *keys: str | int) -> None:
        if code and self.refers(document, code, "departments", *keys):
            for _column, sentence in check_lead("department", str(code), self.leads):
                self.wrong(document.wrong(sentence, *keys))

    def check_ledger(self, document: Document) -> None:
        for problem in check_declaration(document.value, self.known, self.leads):
            self.wrong(document.wrong(problem[1], *problem[0]))

    def check_register(self, document: Document) -> None:
        for keys, sentence in check_register(document.value, self.known):
            self.wrong(document.wrong(sentence, *keys))
        if file := document.value.get("items"):
            full = f"registers/{file}" if not str(file).startswith("registers/") else str(file)
            if full in self.pack.items:
                self.check_items(document, self.pack.items[full])
            else:
                hint = expected(full, self.pack.items)
                self.wrong(
                    document.wrong(said(_("没有文件 %(file)s。%(hint)s"), file=full, hint=hint), "items")
                )

    def check_items(self, register: Document, sheet: Sheet) -> None:
        rules, _problems = read_register(register.value)
        known_columns = [*ITEM_COLUMNS, *(field.code for field in rules.fields)]
        for column in sheet.columns:
            if column not in known_columns:
                hint = expected(column, known_columns)
                self.wrong(Mistake(sheet.file, 1, said(_("不认识的列。%(hint)s"), hint=hint)))
        entries = []
        for row in sheet.rows:
            entry = Entry(sheet.file, row.line, dict(row.cells))
            entries.append(entry)
            for sentence in read_item(entry.values, rules, self.known):
                self.wrong(entry.wrong(sentence))
        self.check_unique(entries, ["code"])
        for entry in self.outside(entries):
            self.wrong(entry.wrong(_outside(entry)))
        self.contents.items[register.code] = entries

    @cached_property
    def surroundings(self) -> Surroundings:
        """What standards and plans refer to, read once."""
        topics = [
            (str(topic.get("code", "")), str(topic.get("parent") or ""))
            for _doc, _index, topic in self.contents.topics()
        ]
        catalogue = [(str(row["kind"]), str(row["code"])) for row in self.contents.rows("catalogue")]
        return Surroundings(
            self.known,
            {each.code: read_register(each.value)[0] for each in self.pack.of_kind("register")},
            {
                each.code: category_codes(each.value, topics, catalogue)
                for each in self.pack.of_kind("ledger")
            },
            {each.code: read_standard(each.value)[0] for each in self.pack.of_kind("standard")},
        )

    @cached_property
    def around(self) -> Around:
        """What campaigns refer to, read once."""
        kinds = ("register", "standard", "plan", "ledger", "ranking", "bulletin", "campaign")
        codes = {kind: {each.code for each in self.pack.of_kind(kind)} for kind in kinds}
        return Around(
            {**self.known, **codes},
            self.surroundings.categories,
            {each.code: read_rules(each.value)[0] for each in self.pack.of_kind("ledger")},
        )

    @cached_property
    def around_figures(self) -> AroundFigures:
        """What figures refer to, read once."""
        return AroundFigures(
            {**self.around.known, "programme": {each.code for each in self.pack.of_kind("programme")}},
            {each.code: read_figure(each.value)[0] for each in self.pack.of_kind("figure")},
            targets_of(self.pack.of_kind("programme")),
        )

    def check_paper(self, document: Document) -> None:
        for keys, sentence in check_paper(document.value):
            self.wrong(document.wrong(sentence, *keys))

    @cached_property
    def around_programmes(self) -> AroundProgrammes:
        """What programmes refer to, read once."""
        return AroundProgrammes({**self.known, "figure": {each.code for each in self.pack.of_kind("figure")}})

    def check_figure(self, document: Document) -> None:
        for keys, sentence in check_figure(document.value, self.around_figures):
            self.wrong(document.wrong(sentence, *keys))

    def check_figures(self, document: Document) -> None:
        """Each figure of the list is checked as a figure."""
        self.keys(document, document.value, ("figures", "title", "about", "list"))

    def check_checks(self, document: Document) -> None:
        for keys, sentence in check_checks(document.value, self.around_figures):
            self.wrong(document.wrong(sentence, *keys))

    def check_programme(self, document: Document) -> None:
        for keys, sentence in check_programme(document.value, self.around_programmes):
            self.wrong(document.wrong(sentence, *keys))

    def check_projects(self, document: Document) -> None:
        ledger = str((document.value.get("problems") or {}).get("ledger") or "")
        known = {**self.around.known, "categories": self.surroundings.categories.get(ledger, ())}
        for keys, sentence in check_projects(document.value, known):
            self.wrong(document.wrong(sentence, *keys))
        if file := document.value.get("items"):
            full = f"projects/{str(file).removeprefix('projects/')}"
            if full in self.pack.items:
                self.check_project_items(document, self.pack.items[full])
            else:
                hint = expected(full, [each for each in self.pack.items if each.startswith("projects/")])
                self.wrong(
                    document.wrong(said(_("没有文件 %(file)s。%(hint)s"), file=full, hint=hint), "items")
                )

    def check_project_items(self, document: Document, sheet: Sheet) -> None:
        """Each project of the list; the columns are those of the spreadsheet."""
        rules, columns = read_projects(document.value)[0], project_columns()
        for column in sheet.columns:
            if column not in columns:
                hint = expected(column, columns)
                self.wrong(Mistake(sheet.file, 1, said(_("不认识的列。%(hint)s"), hint=hint)))
        entries = []
        for row in sheet.rows:
            cells = {columns[name]: text for name, text in row.cells.items() if name in columns}
            values, wrong = read_project(cells, rules, self.known)
            entry = Entry(sheet.file, row.line, {"lng": None, "lat": None, **values})
            entries.append(entry)
            for sentence in wrong:
                self.wrong(entry.wrong(sentence))
        self.check_unique(entries, ["code"])
        for entry in self.outside(entries):
            self.wrong(entry.wrong(_outside(entry)))
        self.contents.projects = entries

    def check_war_map(self, document: Document) -> None:
        for keys, sentence in check_war_map(document.value, self.known):
            self.wrong(document.wrong(sentence, *keys))

    def check_appraisal(self, document: Document) -> None:
        areas = [(str(row["level"]), str(row["code"])) for row in self.contents.rows("areas")]
        units: dict[str, list[str]] = {
            level: [code for each, code in areas if each == level] for level in ("subdistrict", "community")
        }
        units["department"] = list(self.known.get("departments", ()))
        for keys, sentence in check_appraisal(document.value, self.around_figures.figures, units):
            self.wrong(document.wrong(sentence, *keys))

    def check_points(self, document: Document) -> None:
        for keys, sentence in check_points(document.value, self.around_figures.figures, self.known["posts"]):
            self.wrong(document.wrong(sentence, *keys))

    def check_brief(self, document: Document) -> None:
        papers = {*BUILT_IN, *(each.code for each in self.pack.of_kind("paper"))}
        for keys, sentence in check_brief(document.value, self.around_figures.figures, papers):
            self.wrong(document.wrong(sentence, *keys))

    def check_standard(self, document: Document) -> None:
        for keys, sentence in check_standard(document.value, self.surroundings):
            self.wrong(document.wrong(sentence, *keys))

    def check_plan(self, document: Document) -> None:
        for keys, sentence in check_plan(document.value, self.surroundings):
            self.wrong(document.wrong(sentence, *keys))

    def check_notices(self, document: Document) -> None:
        for keys, sentence in check_notices(document.value):
            self.wrong(document.wrong(sentence, *keys))

    def check_visits(self, document: Document) -> None:
        for keys, sentence in check_visits(document.value):
            self.wrong(document.wrong(sentence, *keys))

    def check_rosters(self, document: Document) -> None:
        for keys, sentence in check_rosters(document.value, self.known):
            self.wrong(document.wrong(sentence, *keys))

    def check_texts(self, document: Document) -> None:
        """Texts of the demonstration are read by the replay of its year; here they only have to be readable."""


# -- small things --------------------------------------------------------------------------------------------


def _with_column(complaint: Complaint) -> Sentence:
    return said(_("%(column)s 列：%(sentence)s"), column=complaint[0], sentence=complaint[1])


def _outside(entry: Entry) -> Sentence:
    return said(
        _("%(code)s 的位置（%(lng)s, %(lat)s）不在本区范围内。"),
        code=entry.values.get("code") or entry.values.get("title"), lng=entry["lng"], lat=entry["lat"],
    )  # fmt: skip


def spans_of(value: object) -> list[list[str]]:
    """["08:00-12:00", "14:00-18:00"] as pairs. ValueError when they are not office hours."""
    if not isinstance(value, list) or not value:
        raise ValueError(said(_('写办公时段，例如 spans: ["08:00-12:00", "14:00-18:00"]。')))
    spans = [[part.strip() for part in re.split(r"[-–~]", str(span))] for span in value]
    parse_spans(spans)
    return spans


def days_of(value: object) -> list[dt.date]:
    """The days of `2027-01-01` or `2027-01-01..2027-01-03`."""
    first, _dots, last = str(value).partition("..")
    try:
        start = dt.date.fromisoformat(first.strip())
        end = dt.date.fromisoformat(last.strip()) if last else start
    except ValueError:
        raise ValueError(said(_("“%(text)s”不是日期，请写成 2026-11-20。"), text=value)) from None
    if not dt.timedelta(0) <= end - start <= dt.timedelta(days=31):
        raise ValueError(said(_("“%(text)s”不是一段日期：前一个要早，最多一个月。"), text=value))
    return [start + dt.timedelta(days=number) for number in range((end - start).days + 1)]
