"""Loads a district pack: one transaction, only what differs, and nothing of the past is lost.

A row that left the pack is retired (an end date, `active=False`), never deleted while anything refers to
it. A row that people changed by hand since stays as they made it until the pack itself says something
new about it. Loading twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import shapely
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Category, Ledger, Topic
from huying.core import journal
from huying.figures.appraisals.models import Appraisal
from huying.figures.briefs.models import Brief
from huying.figures.models import CheckList, Figure
from huying.figures.points.models import PointScheme
from huying.figures.statements.models import Statement, StatementCheck, StatementSource
from huying.inspections.campaigns.models import BulletinSeries, Campaign, Ranking
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.standards import StandardRules
from huying.packs.briefs import declared_values as brief_values
from huying.packs.campaigns import campaign_values, series_values
from huying.packs.changes import Changes, Writer, yesterday
from huying.packs.checker import (
    Contents,
    Entry,
    days_of,
    spans_of,
    understand_pack,
)
from huying.packs.declarations import category_values, check_declaration, ledger_values, words
from huying.packs.figures import declared_values
from huying.packs.inspections import plan_values, standard_values
from huying.packs.models import LoadedKind
from huying.packs.notices import kept
from huying.packs.papers import paper_values
from huying.packs.place_names import rebuild_place_names
from huying.packs.programmes import programme_values, promise_values, target_values
from huying.packs.projects import declared_values as project_values
from huying.packs.projects import item_values, project_changes, project_row
from huying.packs.reader import documents_of
from huying.packs.registers import register_values
from huying.packs.rosters import roster_rows
from huying.packs.statements import relation_values, source_values, statement_values
from huying.packs.values import (
    Fields,
    Ids,
    area_fields,
    boundary_fields,
    building_fields,
    department_fields,
    duty_fields,
    generations,
    grant_fields,
    key_of,
    organisation_fields,
    road_fields,
    staff_fields,
    titles,
)
from huying.packs.wording import Mistake, both
from huying.papers.models import PaperKind
from huying.people.models import (
    Department,
    Duty,
    Grant,
    Organisation,
    Ownership,
    Post,
    PostHolding,
    Roster,
    User,
)
from huying.people.roles import ROLES
from huying.places.actions import bump_map_version
from huying.places.district import forget_district
from huying.places.fresh import Kept
from huying.places.models import (
    Area,
    Building,
    CalendarDay,
    District,
    OfficeHours,
    PublishedYear,
    Road,
)
from huying.places.signals import calendar_published
from huying.places.work_calendar import first_day_moved_by
from huying.registry.bulk import complete_items
from huying.registry.declared.fields import title_of
from huying.registry.models import Item, Register
from huying.registry.rules import PROPERTIES, RETIRED, RegisterRules
from huying.targets.models import Programme, Promise, Target
from huying.targets.programmes.history import note_changes
from huying.targets.projects.models import Project, ProjectBook, WarMap, WarMapItem

Report = Callable[[str], object]
# Kinds that change what is where: every process has to read the map again.
_ON_THE_MAP = ("areas", "roads", "buildings")
_LOAD_LOCK = 7_201_002


class PackMistakes(ImproperlyConfigured):
    """A pack that has mistakes is not loaded; `mistakes` are all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        shown = "\n".join(f"  {mistake}" for mistake in mistakes[:20])
        more = f"\n  … {len(mistakes) - 20}" if len(mistakes) > 20 else ""
        super().__init__(
            gettext("这个包有 %(count)d 处错误，什么都没有装入：") % {"count": len(mistakes)}
            + f"\n{shown}{more}"
        )


def load_pack(path: Path | str, *, dry_run: bool = False, report: Report = print) -> Changes:
    """Load the pack in this folder, and report what changes.

    With `dry_run` everything is worked out in the same way and then rolled back. Raises PackMistakes,
    before anything is written, when the pack has mistakes or serves another district than this
    installation does.
    """
    contents = understand_pack(Path(path))
    if contents.mistakes:
        raise PackMistakes(contents.mistakes)
    with transaction.atomic():
        one_at_a_time()
        loading = _Loading(contents)
        loading.run()
        for line in loading.changes.lines():
            report(line)
        if not loading.changes:
            report("  ".join(dict.fromkeys(both(_("没有变化。")))))
        elif dry_run:
            report("  ".join(dict.fromkeys(both(_("以上是将要发生的变化，还没有装入。")))))
        if dry_run:
            transaction.set_rollback(True)
    forget_district()
    return loading.changes


def one_at_a_time() -> None:
    """Two loads, or a load and a spreadsheet, follow one another. Ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOAD_LOCK])


class _Loading:
    """One load. Kinds are written in the order in which they refer to each other."""

    def __init__(self, contents: Contents) -> None:
        self.contents, self.pack = contents, contents.pack
        self.today = timezone.localdate()
        self.changes = Changes()
        self.ids = Ids()

    def run(self) -> None:
        district = self.load_district()
        self.load_areas()
        self.load_roads()
        self.load_buildings()
        self.load_calendar()
        self.load_departments()
        self.load_ownership()
        self.load_organisations()
        self.load_posts()
        self.load_staff()
        self.load_grants()
        self.load_holdings()
        self.load_topics()
        self.load_duties()
        self.load_rosters()
        self.load_registers()
        self.load_items()
        self.load_ledgers()
        self.load_standards()
        self.load_plans()
        self.load_campaigns()
        self.load_papers()
        self.load_programmes()
        self.load_projects()
        self.load_figures()
        self.load_statements()
        self.load_briefs()
        landmarks = [
            (entry["title"], entry["lng"], entry["lat"]) for entry in self.contents.rows("landmarks")
        ]
        named = rebuild_place_names(landmarks)
        if named or any(self.changes.of(kind) for kind in _ON_THE_MAP):
            bump_map_version()
        if self.changes:
            journal.log(district, "pack.loaded", pack=self.pack.root.name, changes=self.changes.summary())

    def writer(self, kind: str, model: type[Model], **options: Any) -> Writer:
        """A writer for rows that have a code of their own; their keys are known to later kinds."""
        key = "username" if model is User else "code"
        existing = {str(getattr(row, key)): row for row in model._default_manager.all()}
        writer = Writer(self.changes, kind, model, existing, **options)
        self.ids.kinds[kind] = writer.ids
        return writer

    def load_simple(
        self, kind: str, writer: Writer, fields: Callable[[Entry], Fields], key: str = "code"
    ) -> None:
        """Rows that do not refer to each other."""
        writer.write({entry[key]: fields(entry) for entry in self.contents.rows(kind)})
        writer.finish()

    def load_tree(self, kind: str, writer: Writer, fields: Callable[[Entry], Fields]) -> None:
        """Rows with parents, parents first."""
        for generation in generations(self.contents.rows(kind)):
            writer.write({entry["code"]: fields(entry) for entry in generation})
        writer.finish()

    # -- places ----------------------------------------------------------------------------------------------

    def load_district(self) -> District:
        document = self.pack.one("district")
        assert document is not None  # the checker asks for it
        said = document.value
        zh, en = title_of(said["title"])
        declaration: dict[str, Any] = {
            key: said[key]
            for key in ("city", "languages", "about", "schematic_note", "layers")
            if key in said
        }
        if notices := self.pack.one("notices"):
            declaration["notices"] = kept(notices.value)
        if visits := self.pack.one("visits"):
            # The database keeps the keys of an object in an order of its own.
            declaration["visits"] = {**visits.value, "order": list(visits.value.get("fields") or ())}
        if topics := self.pack.one("topics"):
            declaration["topics"] = {
                key: topics.value[key] for key in ("weights", "fallback") if key in topics.value
            }
        code = str(said["code"])
        other = District.objects.exclude(code=code).first()
        if other is not None:
            raise ImproperlyConfigured(
                gettext("这个系统服务于 %(there)s（%(code)s），不能装入别的区的包。请另建一个系统。")
                % {"there": other.title, "code": other.code}
            )
        writer = Writer(
            self.changes, "district", District, {row.code: row for row in District.objects.all()}, retire={}
        )
        writer.write(
            {
                code: {
                    "code": code, "title": zh, "title_en": en,
                    "lng": float(said["centre"]["lng"]), "lat": float(said["centre"]["lat"]),
                    "schematic": bool(said.get("schematic", True)), "hotline": str(said.get("hotline", "")),
                    "declaration": declaration,
                }
            }
        )  # fmt: skip
        writer.finish()
        return District.objects.get(code=code)

    def load_areas(self) -> None:
        writer = self.writer("areas", Area, retire={"valid_to": self.today})
        paths: dict[str | None, str] = {None: ""}
        for generation in generations(self.contents.rows("areas")):
            wanted = {}
            for entry in generation:
                path = paths[entry["code"]] = f"{paths[entry['parent']]}{entry['code']}/"
                _file, _line, boundary = self.pack.boundaries.get(entry["code"], ("", 0, None))
                wanted[entry["code"]] = area_fields(entry, self.ids, path) | boundary_fields(boundary)
            writer.write(wanted)
        self._load_layers(writer)
        writer.finish()

    def _load_layers(self, writer: Writer) -> None:
        """Functional grids: the union of the grids they take together, directly below the district."""
        shapes = self.grid_shapes()
        district = next(
            entry["code"] for entry in self.contents.rows("areas") if entry["level"] == "district"
        )
        households = {entry["code"]: entry["households"] or 0 for entry in self.contents.rows("areas")}
        wanted = {}
        for entry in self.contents.rows("layers"):
            drawn = [shapes[member] for member in entry["members"] if member in shapes]
            union = geojson(shapely.union_all(drawn)) if drawn else None
            wanted[entry["code"]] = {
                "code": entry["code"],
                "level": Area.Level.GRID.value,
                "layer": entry["layer"],
                **titles(entry),
                "parent_id": writer.ids[district],
                "path": f"{district}/{entry['code']}/",
                "households": sum(households[member] for member in entry["members"]) or None,
                "demonstration": True,
                "valid_to": None,
                **boundary_fields(union),
            }
        writer.write(wanted)

    def grid_shapes(self) -> dict[str, Any]:
        grids = {entry["code"] for entry in self.contents.rows("areas") if entry["level"] == "grid"}
        return {
            code: shapely.geometry.shape(geometry)
            for code, (_file, _line, geometry) in self.pack.boundaries.items()
            if code in grids
        }

    def load_roads(self) -> None:
        self.load_simple("roads", self.writer("roads", Road), road_fields)

    def load_buildings(self) -> None:
        self.load_simple(
            "buildings", self.writer("buildings", Building), lambda entry: building_fields(entry, self.ids)
        )

    def load_calendar(self) -> None:
        days: dict[str, dict[str, Any]] = {}
        years: dict[str, dict[str, Any]] = {}
        calendar = self.pack.one("calendar")
        said: Mapping[str, Any] = calendar.value if calendar else {}
        # A local decision is newer than the notice where both name a day.
        decided_here = set(
            CalendarDay.objects.filter(source=CalendarDay.Source.LOCAL).values_list("day", flat=True)
        )
        for year, notice in (said.get("years") or {}).items():
            years[str(year)] = {"year": int(year), "notice": str(notice.get("notice", ""))}
            for key, works in (("off", False), ("work", True)):
                for day in (day for text in notice.get(key) or () for day in days_of(text)):
                    if works != (day.weekday() < 5) and day not in decided_here:
                        days[str(day)] = {
                            "day": day, "is_workday": works, "title": "",
                            "source": CalendarDay.Source.PUBLISHED.value,
                        }  # fmt: skip
        for local in said.get("days") or ():
            day = days_of(local["day"])[0]
            days[str(day)] = {
                "day": day, "is_workday": bool(local["workday"]), "title": str(local.get("title", "")),
                "source": CalendarDay.Source.LOCAL.value,
            }  # fmt: skip
        district = self.pack.one("district")
        hours = {
            str(since): {"valid_from": since, "spans": spans_of(row["spans"])}
            for row in ((district.value.get("office_hours") if district else None) or ())
            for since in days_of(row["from"])
        }
        for kind, model, key, wanted in (
            ("published years", PublishedYear, "year", years),
            ("calendar days", CalendarDay, "day", days),
            ("office hours", OfficeHours, "valid_from", hours),
        ):
            existing = {str(getattr(row, key)): row for row in model._default_manager.all()}
            writer = Writer(self.changes, kind, model, existing)
            writer.write(wanted)
            writer.finish()
        self._tell_of_calendar([*days.values(), *years.values(), *hours.values()])

    def _tell_of_calendar(self, said: list[dict[str, Any]]) -> None:
        """Deadlines that were reckoned without this have to be reckoned again."""
        if not any(self.changes.of(kind) for kind in ("published years", "calendar days", "office hours")):
            return
        Kept.look_at_all_again()
        first = [row.get("day") or row.get("valid_from") or first_day_moved_by(row["year"]) for row in said]
        calendar_published.send(sender=CalendarDay, first_day=min(first, default=self.today))

    # -- people ----------------------------------------------------------------------------------------------

    def load_departments(self) -> None:
        writer = self.writer("departments", Department, retire={"valid_to": self.today})
        self.load_tree("departments", writer, lambda entry: department_fields(entry, self.ids))

    def load_ownership(self) -> None:
        names = dict(Area.objects.values_list("pk", "title"))
        fields = [
            {
                "area_id": self.ids("areas", entry["area"]),
                "department_id": self.ids("departments", entry["department"]),
                "kind": entry["kind"],
            }
            for entry in self.contents.rows("ownership")
        ]
        self.load_joined(
            "ownership", Ownership.objects.all(), fields, title=lambda row: names.get(row.area_id, "")
        )

    def load_joined(
        self,
        kind: str,
        existing: QuerySet[Any],
        fields: Iterable[Fields],
        title: Callable[[Any], str],
        **options: Any,
    ) -> None:
        """Rows without a code."""
        rows = {key_of(kind, row): row for row in existing}
        writer = Writer(self.changes, kind, existing.model, rows, title=title, **options)
        writer.write({key_of(kind, row): row for row in fields})
        writer.finish()

    def load_organisations(self) -> None:
        writer = self.writer("organisations", Organisation, retire={"valid_to": self.today})
        self.load_tree("organisations", writer, lambda entry: organisation_fields(entry, self.ids))

    def load_posts(self) -> None:
        writer = self.writer("posts", Post)
        wanted = {}
        for document in self.pack.of_kind("posts"):
            for _index, post in document.rows("list"):
                zh, en = title_of(post["title"])
                wanted[str(post["code"])] = {
                    "code": str(post["code"]), "title": zh, "title_en": en, "place": str(post.get("of", "")),
                }  # fmt: skip
        writer.write(wanted)
        writer.finish()

    def load_staff(self) -> None:
        writer = self.writer("staff", User, retire={"is_active": False})
        writer.write(
            {entry["username"]: staff_fields(entry, self.ids) for entry in self.contents.rows("staff")},
            new=no_password,
        )
        writer.finish()

    def load_grants(self) -> None:
        names = dict(User.objects.values_list("pk", "name"))
        self.load_joined(
            "grants",
            open_grants(),
            (fields for entry in self.contents.rows("staff") for fields in grant_fields(entry, self.ids)),
            title=lambda row: f"{names.get(row.user_id, '')} {ROLES[row.role].title}",
            retire={"ends_on": yesterday()},  # a right that is taken away ends at once
        )

    def load_rosters(self) -> None:
        writer = self.writer("rosters", Roster, retire={"active": False})
        document = self.pack.one("rosters")
        names = {
            row.code: (row.title, row.title_en) for row in Area.objects.only("code", "title", "title_en")
        }
        writer.write(
            {
                code: {
                    "code": code, "title": row["title"], "title_en": row["title_en"], "phone": row["phone"],
                    "topics": row["topics"], "rules": row["rules"], "active": True,
                    "area_id": self.ids("areas", row["area"]) if row["area"] else None,
                    "department_id": self.ids("departments", row["department"]),
                }
                for code, row in roster_rows(document.value if document else {}, names).items()
            }
        )  # fmt: skip
        writer.finish()

    def load_holdings(self) -> None:
        names = dict(User.objects.values_list("pk", "name"))
        self.load_joined(
            "holdings",
            PostHolding.objects.all(),
            self._holdings(),
            title=lambda row: names.get(row.user_id, ""),
            retire={"ends_on": self.today},
        )

    def _holdings(self) -> Iterator[Fields]:
        """Posts held: those of holdings.csv, and the post of staff who have no row there."""
        rows = [
            (row["post"], row["username"], row["area"], row["from"], row["to"])
            for row in self.contents.rows("holdings")
        ]
        told = {row[:2] for row in rows}
        rows += [
            (row["post"], row["username"], row["area"], None, None)
            for row in self.contents.rows("staff")
            if row["post"] and (row["post"], row["username"]) not in told
        ]
        for post, username, place, start, end in rows:
            on_road = place in self.ids.kinds["roads"]
            yield {
                "post_id": self.ids("posts", post),
                "user_id": self.ids("staff", username),
                "area_id": None if on_road else self.ids("areas", place),
                "road_id": self.ids("roads", place) if on_road else None,
                "starts_on": start,
                "ends_on": end,
            }

    def load_duties(self) -> None:
        self.load_joined(
            "duties",
            Duty.objects.all(),
            (duty_fields(entry, self.ids) for entry in self.contents.rows("duties")),
            title=lambda row: row.topic,
            retire={"ends_on": self.today},
        )

    # -- what is declared ------------------------------------------------------------------------------------

    def load_topics(self) -> None:
        writer = self.writer("topics", Topic)
        topics = [topic for _document, _index, topic in self.contents.topics()]
        for wanted_parent in (False, True):
            wanted = {}
            for topic in topics:
                if bool(topic.get("parent")) is not wanted_parent:
                    continue
                zh, en = title_of(topic["title"])
                wanted[str(topic["code"])] = {
                    "code": str(topic["code"]), "title": zh, "title_en": en,
                    "parent_id": self.ids("topics", topic.get("parent")), "limit": str(topic["limit"]),
                    "department_id": self.ids("departments", topic.get("department")),
                    "keywords": words(topic.get("keywords")), "weak_keywords": words(topic.get("weak")),
                    "private": bool(topic.get("secret")),
                }  # fmt: skip
            writer.write(wanted)
        writer.finish()

    def load_registers(self) -> None:
        writer = self.writer("registers", Register, retire={"active": False})
        documents = self.pack.of_kind("register")
        writer.write({document.code: register_values(document.value) for document in documents})
        writer.finish()

    def load_items(self) -> None:
        documents = self.pack.of_kind("register")
        theirs = Q(origin=Item.Origin.PACK)
        for document in documents:
            codes = [entry["code"] for entry in self.contents.items.get(document.code, ())]
            theirs |= Q(register__code=document.code, code__in=codes)
        writer = Writer(
            self.changes, "items", Item,
            {f"{row.register.code}/{row.code}": row for row in Item.objects.filter(theirs).select_related("register")},
            retire={"state": RETIRED},
            title=lambda row: row.title,
        )  # fmt: skip
        find_grid = self._grid_finder()
        paths = dict(Area.objects.values_list("code", "path"))
        roads = {name: road for road in Road.objects.all() for name in (road.title, road.code)}
        wanted = {}
        for document in documents:
            rules = RegisterRules.from_declaration(document.value)
            defaults = {role: who for role, who in rules.people.items() if who != "department"}
            for entry in self.contents.items.get(document.code, ()):
                grid = find_grid(entry)
                road = roads.get(entry.values.get("road") or "")
                course = road.line if road is not None and rules.place == "line" else None
                wanted[f"{document.code}/{entry['code']}"] = {
                    "register_id": self.ids("registers", document.code),
                    "code": entry["code"], "title": entry["title"], "lng": entry["lng"], "lat": entry["lat"],
                    "address": entry.values.get("address") or "",
                    "road_id": road.pk if road is not None else None,
                    "geometry": entry.values.get("line") or course,
                    "area_id": self.ids("areas", grid), "area_path": paths.get(grid or "", ""),
                    **{f"{role}_id": self.ids("departments", entry.values.get(role) or defaults.get(role))
                       for role in PROPERTIES},
                    "state": entry.values.get("state") or rules.first_state,
                    "data": {field.code: entry.values[field.code] for field in rules.fields
                             if entry.values.get(field.code) not in (None, "")},
                }  # fmt: skip
        writer.write(wanted, new=lambda: {"origin": Item.Origin.PACK})
        writer.finish()
        if self.changes.of("items") or self.changes.of("registers"):
            for register in Register.objects.all():
                complete_items(register.items.filter(origin=Item.Origin.PACK), register.rules)

    def _grid_finder(self) -> Callable[[Entry], str | None]:
        """The grid around an item, from the pack's own boundaries: the map in memory is the one of before."""
        shapes = self.grid_shapes()
        codes, tree = list(shapes), shapely.STRtree(list(shapes.values()))

        def find(entry: Entry) -> str | None:
            if entry["lng"] is None or entry["lat"] is None:
                return None
            found = tree.query(shapely.Point(entry["lng"], entry["lat"]), predicate="intersects")
            return codes[min(found)] if len(found) else None

        return find

    def load_ledgers(self) -> None:
        writer = self.writer("ledgers", Ledger, retire={"active": False})
        documents = self.pack.of_kind("ledger")
        writer.write({document.code: ledger_values(document.value) for document in documents})
        writer.finish()
        categories = Writer(
            self.changes, "categories", Category,
            {f"{row.ledger.code}/{row.code}": row for row in Category.objects.select_related("ledger")},
            retire={"active": False},
            title=lambda row: row.title,
        )  # fmt: skip
        topics = list(Topic.objects.select_related("parent"))
        catalogue = [entry.values for entry in self.contents.rows("catalogue")]
        for document in documents:
            ledger_id = self.ids("ledgers", document.code)
            categories.write(
                {
                    f"{document.code}/{code}": {"ledger_id": ledger_id, "code": code, **values}
                    for code, values in category_values(
                        document.value, topics, catalogue, self.ids.kinds["departments"]
                    ).items()
                }
            )
        categories.finish()

    def load_standards(self) -> None:
        """Standards, and a new version of those whose declaration changed: rounds keep the one they began with."""
        writer = self.writer("standards", Standard, retire={"active": False})
        documents = self.pack.of_kind("standard")
        writer.write({document.code: standard_values(document.value) for document in documents})
        writer.finish()
        newest = {
            version.standard_id: version for version in StandardVersion.objects.order_by("standard", "number")
        }
        made = []
        for document in documents:
            standard = self.ids.kinds["standards"][document.code]
            last = newest.get(standard)
            # Written differently is another version even where only the order of the items differs.
            if last is None or json.dumps(last.declaration) != json.dumps(document.value):
                made.append(
                    StandardVersion(
                        standard_id=standard, number=last.number + 1 if last else 1,
                        declaration=document.value,
                        valid_from=StandardRules.from_declaration(document.value).valid_from or self.today,
                    )
                )  # fmt: skip
        StandardVersion.objects.bulk_create(made)
        titles_of = dict(Standard.objects.values_list("pk", "title"))
        self.changes.of("standard versions").added += [
            f"{titles_of[version.standard_id]} v{version.number}" for version in made
        ]

    def load_plans(self) -> None:
        writer = self.writer("plans", Plan, retire={"active": False})
        writer.write({document.code: plan_values(document.value) for document in self.pack.of_kind("plan")})
        writer.finish()

    def load_campaigns(self) -> None:
        """Campaigns, and what is ranked and made public of them."""
        writer = self.writer("campaigns", Campaign, retire={"active": False})
        documents = self.pack.of_kind("campaign")
        writer.write({document.code: campaign_values(document.value) for document in documents})
        writer.finish()
        for kind, model in (("ranking", Ranking), ("bulletin", BulletinSeries)):
            series = self.writer(f"{kind}s", model, retire={"active": False})
            declared = self.pack.of_kind(kind)
            series.write(
                {each.code: series_values(kind, each.value, self.ids.kinds["campaigns"]) for each in declared}
            )
            series.finish()

    def load_papers(self) -> None:
        """Kinds of papers."""
        writer = self.writer("papers", PaperKind, retire={"active": False})
        writer.write({each.code: paper_values(each.value) for each in self.pack.of_kind("paper")})
        writer.finish()

    def load_programmes(self) -> None:
        """Programmes with their promises and targets; a value that the pack changes is kept as it was before."""
        declared = [each.value for each in self.pack.of_kind("programme")]
        writer = self.writer("programmes", Programme, retire={"active": False})
        writer.write({str(each["programme"]): programme_values(each) for each in declared})
        writer.finish()
        ids = writer.ids
        promises = self.writer("promises", Promise, retire={"active": False})
        for each in declared:
            promises.write(promise_values(each, ids[str(each["programme"])]))
        promises.finish()
        before = {row.pk: (row.amount, row.due) for row in Target.objects.all()}
        targets = self.writer("targets", Target, retire={"active": False})
        for each in declared:
            targets.write(
                target_values(
                    each,
                    ids[str(each["programme"])],
                    promises.ids,
                    self.ids.kinds["departments"],
                    self.ids.kinds["staff"],
                )
            )
        targets.finish()
        note_changes(before)

    def load_projects(self) -> None:
        """How projects are run, and war maps with their tasks."""
        books = self.writer("projects", ProjectBook, retire={"active": False})
        declared = self.pack.of_kind("projects")
        books.write({each.code: project_values("projects", each.value) for each in declared})
        books.finish()
        self.load_project_items()
        maps = self.writer("war maps", WarMap, retire={"active": False})
        declared = self.pack.of_kind("war-map")
        maps.write({each.code: project_values("war-map", each.value) for each in declared})
        maps.finish()
        items = self.writer("war map items", WarMapItem, retire={"active": False})
        for each in declared:
            items.write(item_values(each.value, maps.ids, self.ids.kinds["departments"]))
        items.finish()

    def load_project_items(self) -> None:
        """The list of projects; what it says nothing of, and what people entered since, stays as it is."""
        entries = self.contents.projects
        known = LoadedKind.objects.filter(kind="project items").values_list("rows", flat=True).first() or {}
        codes = {*known, *(entry["code"] for entry in entries)}
        if not codes:
            return
        before = {row.code: row for row in Project.objects.filter(code__in=codes)}
        writer = Writer(
            self.changes, "project items", Project, {row.code: row for row in Project.objects.filter(code__in=codes)},
            retire={"active": False}, title=lambda row: row.title,
        )  # fmt: skip
        find_grid = self._grid_finder()
        paths = dict(Area.objects.values_list("code", "path"))
        streets = dict(Area.objects.filter(level=Area.Level.SUBDISTRICT).values_list("code", "pk"))
        wanted = {
            entry["code"]: project_row(
                {name: value for name, value in entry.values.items() if value is not None},
                self.ids, find_grid(entry), paths, streets,
            )
            for entry in entries
        }  # fmt: skip
        writer.write(wanted)
        writer.finish()
        months = {code for code in wanted if code not in before}
        Project.objects.filter(code__in=months, updates_from=None).update(
            updates_from=self.today.replace(day=1)
        )
        for row in Project.objects.filter(code__in=wanted):
            if row.code in months:
                journal.log(row, "project.added", title=row.title, total_wan=str(row.total_wan))
            elif changes := project_changes(before.get(row.code), row):
                Project.objects.filter(pk=row.pk).update(version=F("version") + 1)
                journal.log(row, "project.changed", changes=changes)

    def load_figures(self) -> None:
        """Figures, and the relations between them."""
        for kind, name, model in (("figure", "figures", Figure), ("checks", "checks", CheckList)):
            writer = self.writer(name, model, retire={"active": False})
            declared = self.pack.of_kind(kind)
            writer.write({each.code: declared_values(kind, each.value) for each in declared})
            writer.finish()

    def load_briefs(self) -> None:
        """What is composed and scored from figures."""
        kinds: tuple[tuple[str, str, type[Model]], ...] = (
            ("appraisal", "appraisals", Appraisal),
            ("points", "points", PointScheme),
            ("brief", "briefs", Brief),
        )
        for kind, name, model in kinds:
            writer = self.writer(name, model, retire={"active": False})
            declared = self.pack.of_kind(kind)
            writer.write({each.code: brief_values(kind, each.value) for each in declared})
            writer.finish()

    def load_statements(self) -> None:
        """What was printed about the district, and which relations it should keep."""
        sources = self.writer("sources", StatementSource, retire={})
        sources.write({entry["code"]: source_values(entry.values) for entry in self.contents.rows("sources")})
        sources.finish()
        statements = self.writer("statements", Statement, retire={"active": False})
        statements.write(
            {
                entry["code"]: statement_values(entry.values, self.ids.kinds["sources"])
                for entry in self.contents.rows("statements")
            }
        )
        statements.finish()
        checks = self.writer("statement checks", StatementCheck, retire={"active": False})
        checks.write(
            {entry["code"]: relation_values(entry.values) for entry in self.contents.rows("statement-checks")}
        )
        checks.finish()


# -- one declaration -----------------------------------------------------------------------------------------


@transaction.atomic
def load_declaration(text: str) -> Ledger:
    """Load one ledger from its YAML text, as the interface and tests do; raises PackMistakes.

    Its references are checked against what is loaded already.
    """
    mistakes: list[Mistake] = []
    documents = [
        document for document in documents_of(text, "ledger.yaml", mistakes) if document.kind == "ledger"
    ]
    departments = {row.code: row for row in Department.objects.all()}
    for document in documents:
        known = {
            "register": list(Register.objects.values_list("code", flat=True)),
            "topics": list(Topic.objects.values_list("code", flat=True)),
            "departments": list(departments),
            "catalogue": list(
                Category.objects.exclude(standard_code="").values_list("standard_code", flat=True)
            ),
        }
        leads = {code: row.can_lead for code, row in departments.items()}
        mistakes += [
            document.wrong(sentence, *keys)
            for keys, sentence in check_declaration(document.value, known, leads)
        ]
    if mistakes or not documents:
        raise PackMistakes(mistakes)
    document = documents[0]
    values = ledger_values(document.value)
    ledger, _created = Ledger.objects.update_or_create(code=document.code, defaults=values)
    wanted = category_values(
        document.value, list(Topic.objects.select_related("parent")), _loaded_catalogue(),
        {code: row.pk for code, row in departments.items()},
    )  # fmt: skip
    for code, category in wanted.items():
        Category.objects.update_or_create(ledger=ledger, code=code, defaults=category)
    ledger.categories.exclude(code__in=wanted).update(active=False)
    journal.log(ledger, "ledger.declared", categories=len(wanted))
    return ledger


def _loaded_catalogue() -> list[dict[str, Any]]:
    """The catalogue as the loaded categories hold it, once per code."""
    rows: dict[str, dict[str, Any]] = {}
    for each in Category.objects.exclude(standard_code="").select_related("topic", "department"):
        rows.setdefault(
            f"{each.kind}-{each.standard_code}",
            {
                "code": each.standard_code, "kind": each.kind, "title": each.title, "title_en": each.title_en,
                "condition": each.condition, "closing": each.closing, "limit": each.limit,
                "topic": each.topic.code if each.topic else None,
                "department": each.department.code if each.department else None,
            },
        )  # fmt: skip
    return list(rows.values())


# -- small things --------------------------------------------------------------------------------------------


def no_password() -> Fields:
    """Nobody can sign in with a new account until an administrator sets a password."""
    return {"password": make_password(None)}


def open_grants() -> QuerySet[Grant]:
    """Grants that have not ended: of one that has, only the memory is kept."""
    return Grant.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate()))


def geojson(shape: Any) -> dict[str, Any]:
    """GeoJSON of a shape, with lists as the database gives them back."""
    found: dict[str, Any] = shapely.geometry.mapping(shape)
    return {"type": found["type"], "coordinates": _lists(found["coordinates"])}


def _lists(coordinates: Any) -> Any:
    return [_lists(part) for part in coordinates] if isinstance(coordinates, tuple | list) else coordinates
