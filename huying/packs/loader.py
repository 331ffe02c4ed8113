"""Loads a district pack: one transaction, only what differs, and nothing of the past is lost.

A row that left the pack is retired (an end date, `active=False`), never deleted while anything refers to
it. A row that people changed by hand since stays as they made it until the pack itself says something
new about it. Loading twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import shapely
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.ledger import title_of
from huying.cases.models import Category, Ledger, Topic
from huying.core import journal
from huying.packs.changes import Changes, Writer, yesterday
from huying.packs.checker import PROPERTIES, Contents, Entry, check_declaration, days_of, spans_of, understand_pack
from huying.packs.place_names import rebuild_place_names
from huying.packs.reader import documents_of
from huying.packs.wording import Mistake
from huying.people.models import (
    Department,
    Duty,
    Grant,
    Organisation,
    Ownership,
    Post,
    PostHolding,
    User,
)
from huying.people.roles import ROLES
from huying.places.actions import bump_map_version
from huying.places.district import forget_district
from huying.places.fresh import Kept
from huying.places.models import (
    ADMINISTRATIVE,
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
from huying.registry.models import Item, Register

Report = Callable[[str], object]
# Kinds that change what is where: every process has to read the map again.
_ON_THE_MAP = ("areas", "roads", "buildings")


class PackMistakes(ImproperlyConfigured):
    """A pack that has mistakes is not loaded; `mistakes` are all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        shown = "\n".join(f"  {mistake}" for mistake in mistakes[:20])
        more = f"\n  … {len(mistakes) - 20}" if len(mistakes) > 20 else ""
        super().__init__(_("这个包有 %(count)d 处错误，什么都没有装入：") % {"count": len(mistakes)} + f"\n{shown}{more}")


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
        loading = _Loading(contents)
        loading.run()
        for line in loading.changes.lines():
            report(line)
        if not loading.changes:
            report(_("没有变化。"))
        elif dry_run:
            report(_("以上是将要发生的变化，还没有装入。"))
        if dry_run:
            transaction.set_rollback(True)
    forget_district()
    return loading.changes


class _Loading:
    """One load. Kinds are written in the order in which they refer to each other."""

    def __init__(self, contents: Contents) -> None:
        self.contents, self.pack = contents, contents.pack
        self.today = timezone.localdate()
        self.changes = Changes()
        self.ids: dict[str, dict[str, int]] = {}

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
        self.load_registers()
        self.load_items()
        self.load_ledgers()
        landmarks = [(entry["title"], entry["lng"], entry["lat"]) for entry in self.contents.rows("landmarks")]
        named = rebuild_place_names(landmarks)
        if named or any(self.changes.of(kind) for kind in _ON_THE_MAP):
            bump_map_version()
        if self.changes:
            journal.log(district, "pack.loaded", pack=self.pack.root.name, changes=self.changes.summary())

    def id(self, kind: str, code: str | None) -> int | None:
        return self.ids[kind][code] if code else None

    # -- places ----------------------------------------------------------------------------------------------

    def load_district(self) -> District:
        document = self.pack.one("district")
        assert document is not None  # the checker asks for it
        said = document.value
        zh, en = title_of(said["title"])
        declaration = {
            key: said[key] for key in ("city", "languages", "about", "schematic_note", "layers") if key in said
        }
        if notices := self.pack.one("notices"):
            declaration["notices"] = {
                moment: words if isinstance(words, str) else words.get("page") or words.get("sms", "")
                for moment, words in (notices.value.get("moments") or {}).items()
            }
            declaration["messages"] = {
                moment: words["sms"]
                for moment, words in (notices.value.get("moments") or {}).items()
                if isinstance(words, dict) and words.get("sms")
            }
        if topics := self.pack.one("topics"):
            declaration["topics"] = {
                key: topics.value[key] for key in ("weights", "fallback") if key in topics.value
            }
        code = str(said["code"])
        other = District.objects.exclude(code=code).first()
        if other is not None:
            raise ImproperlyConfigured(
                _("这个系统服务于 %(there)s（%(code)s），不能装入别的区的包。请另建一个系统。")
                % {"there": other.title, "code": other.code}
            )
        writer = Writer(self.changes, "district", District, {row.code: row for row in District.objects.all()}, retire={})
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
        writer = Writer(
            self.changes, "areas", Area, {row.code: row for row in Area.objects.all()}, retire={"valid_to": self.today}
        )
        paths: dict[str, str] = {}
        for generation in generations(self.contents.rows("areas")):
            wanted = {}
            for entry in generation:
                path = paths[entry["code"]] = paths.get(entry["parent"] or "", "") + entry["code"] + "/"
                file_line_geometry = self.pack.boundaries.get(entry["code"])
                wanted[entry["code"]] = {
                    "code": entry["code"],
                    "level": entry["level"],
                    "layer": ADMINISTRATIVE,
                    **titles(entry),
                    "parent_id": writer_id(writer, entry["parent"]),
                    "households": entry["households"],
                    "demonstration": entry["demonstration"],
                    **shape_fields(path, file_line_geometry[2] if file_line_geometry else None),
                }
            writer.write(wanted)
        self._load_layers(writer)
        writer.finish()
        self.ids["areas"] = {code: row.pk for code, row in writer.existing.items()}

    def _load_layers(self, writer: Writer) -> None:
        """Functional grids: the union of the grids they take together, directly below the district."""
        shapes = self.grid_shapes()
        district = next(entry["code"] for entry in self.contents.rows("areas") if entry["level"] == "district")
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
                "parent_id": writer_id(writer, district),
                "households": sum(households[member] for member in entry["members"]) or None,
                "demonstration": True,
                **shape_fields(f"{district}/{entry['code']}/", union),
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
        writer = Writer(self.changes, "roads", Road, {row.code: row for row in Road.objects.all()})
        writer.write(
            {
                entry["code"]: {
                    "code": entry["code"], **titles(entry), "line": entry["line"],
                    "demonstration": entry["demonstration"],
                }
                for entry in self.contents.rows("roads")
            }
        )  # fmt: skip
        writer.finish()
        self.ids["roads"] = {code: row.pk for code, row in writer.existing.items()}

    def load_buildings(self) -> None:
        writer = Writer(self.changes, "buildings", Building, {row.code: row for row in Building.objects.all()})
        writer.write(
            {
                entry["code"]: {
                    "code": entry["code"], **titles(entry),
                    "compound_id": self.id("areas", entry["compound"]), "grid_id": self.id("areas", entry["grid"]),
                    "lng": entry["lng"], "lat": entry["lat"],
                    "households": entry["households"], "floors": entry["floors"],
                }
                for entry in self.contents.rows("buildings")
            }
        )  # fmt: skip
        writer.finish()

    def load_calendar(self) -> None:
        days: dict[str, dict[str, Any]] = {}
        years: dict[str, dict[str, Any]] = {}
        calendar = self.pack.one("calendar")
        said: Mapping[str, Any] = calendar.value if calendar else {}
        # A local decision is newer than the notice where both name a day.
        decided_here = set(CalendarDay.objects.filter(source=CalendarDay.Source.LOCAL).values_list("day", flat=True))
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
        writer = Writer(
            self.changes, "departments", Department, {row.code: row for row in Department.objects.all()},
            retire={"valid_to": self.today},
        )  # fmt: skip
        for generation in generations(self.contents.rows("departments")):
            writer.write(
                {
                    entry["code"]: {
                        "code": entry["code"], **titles(entry), "kind": entry["kind"],
                        "parent_id": writer_id(writer, entry["parent"]), "area_id": self.id("areas", entry["area"]),
                        "phone": entry["phone"], "can_lead": entry["can_lead"], "valid_to": None,
                    }
                    for entry in generation
                }
            )  # fmt: skip
        writer.finish()
        self.ids["departments"] = {code: row.pk for code, row in writer.existing.items()}

    def load_ownership(self) -> None:
        names = {row.pk: row.title for row in Area.objects.only("title")}
        writer = Writer(
            self.changes, "ownership", Ownership,
            {f"{row.area_id}|{row.department_id}|{row.kind}": row for row in Ownership.objects.all()},
            title=lambda row: names.get(row.area_id, ""),
        )  # fmt: skip
        wanted = {}
        for entry in self.contents.rows("ownership"):
            area, department = self.id("areas", entry["area"]), self.id("departments", entry["department"])
            wanted[f"{area}|{department}|{entry['kind']}"] = {
                "area_id": area, "department_id": department, "kind": entry["kind"],
            }  # fmt: skip
        writer.write(wanted)
        writer.finish()

    def load_organisations(self) -> None:
        writer = Writer(
            self.changes, "organisations", Organisation, {row.code: row for row in Organisation.objects.all()},
            retire={"valid_to": self.today},
        )  # fmt: skip
        for generation in generations(self.contents.rows("organisations")):
            writer.write(
                {
                    entry["code"]: {
                        "code": entry["code"], **titles(entry), "kind": entry["kind"],
                        "parent_id": writer_id(writer, entry["parent"]), "area_id": self.id("areas", entry["area"]),
                        "valid_to": None,
                    }
                    for entry in generation
                }
            )  # fmt: skip
        writer.finish()

    def load_posts(self) -> None:
        writer = Writer(self.changes, "posts", Post, {row.code: row for row in Post.objects.all()})
        wanted = {}
        for document in self.pack.of_kind("posts"):
            for _index, post in document.rows("list"):
                zh, en = title_of(post["title"])
                wanted[str(post["code"])] = {
                    "code": str(post["code"]), "title": zh, "title_en": en, "place": str(post.get("of", "")),
                }  # fmt: skip
        writer.write(wanted)
        writer.finish()
        self.ids["posts"] = {code: row.pk for code, row in writer.existing.items()}

    def load_staff(self) -> None:
        writer = Writer(
            self.changes, "staff", User, {row.username: row for row in User.objects.all()}, retire={"is_active": False}
        )
        writer.write(
            {
                entry["username"]: {
                    "username": entry["username"], "name": entry["name"], "title": entry["title"],
                    "phone": entry["phone"], "department_id": self.id("departments", entry["department"]),
                    "demo_login": entry["demo_login"], "demo_note": entry["demo_note"], "is_active": True,
                }
                for entry in self.contents.rows("staff")
            },
            # Nobody can sign in with it until an administrator sets one.
            new=lambda: {"password": make_password(None)},
        )  # fmt: skip
        writer.finish()
        self.ids["staff"] = {code: row.pk for code, row in writer.existing.items()}

    def load_grants(self) -> None:
        open_grants = Grant.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=self.today))
        names = {row.pk: row.name for row in User.objects.only("name")}
        writer = Writer(
            self.changes, "grants", Grant,
            {f"{row.user_id}|{row.role}|{row.area_id}|{row.department_id}": row for row in open_grants},
            retire={"ends_on": yesterday()},  # a right that is taken away ends at once
            title=lambda row: f"{names.get(row.user_id, '')} {ROLES[row.role].title}",
        )  # fmt: skip
        wanted = {}
        for entry in self.contents.rows("staff"):
            user, area = self.ids["staff"][entry["username"]], self.id("areas", entry["area"])
            for role in entry["roles"]:
                # Only roles that serve their own department are limited to it: a dispatcher serves all.
                department = self.id("departments", entry["department"]) if ROLES[role].own_department else None
                wanted[f"{user}|{role}|{area}|{department}"] = {
                    "user_id": user, "role": role, "area_id": area, "department_id": department,
                }  # fmt: skip
        writer.write(wanted)
        writer.finish()

    def load_holdings(self) -> None:
        names = {row.pk: row.name for row in User.objects.only("name")}
        writer = Writer(
            self.changes, "holdings", PostHolding,
            {holding_key(row.post_id, row.user_id, row.area_id, row.road_id, row.starts_on): row
             for row in PostHolding.objects.all()},
            retire={"ends_on": self.today},
            title=lambda row: names.get(row.user_id, ""),
        )  # fmt: skip
        wanted = {}
        for post, username, place, start, end in self._holdings():
            on_road = place in self.ids["roads"]
            values = {
                "post_id": self.ids["posts"][post],
                "user_id": self.ids["staff"][username],
                "area_id": None if on_road else self.id("areas", place),
                "road_id": self.id("roads", place) if on_road else None,
                "starts_on": start,
            }
            wanted[holding_key(*values.values())] = values | {"ends_on": end}
        writer.write(wanted)
        writer.finish()

    def _holdings(self) -> Iterator[tuple[str, str, str | None, Any, Any]]:
        """Posts held: those of holdings.csv, and the post of staff who have no row there."""
        told = set()
        for entry in self.contents.rows("holdings"):
            told.add((entry["post"], entry["username"]))
            yield entry["post"], entry["username"], entry["area"], entry["from"], entry["to"]
        for entry in self.contents.rows("staff"):
            if entry["post"] and (entry["post"], entry["username"]) not in told:
                yield entry["post"], entry["username"], entry["area"], None, None

    def load_duties(self) -> None:
        writer = Writer(
            self.changes, "duties", Duty,
            {duty_key(row.topic, row.area_id, row.department_id, row.post_id, row.user_id, row.starts_on): row
             for row in Duty.objects.all()},
            retire={"ends_on": self.today},
            title=lambda row: row.topic,
        )  # fmt: skip
        wanted = {}
        for entry in self.contents.rows("duties"):
            values = {
                "topic": entry["topic"],
                "area_id": self.id("areas", entry["area"]),
                "department_id": self.id("departments", entry["department"]),
                "post_id": self.id("posts", entry["post"]),
                "user_id": self.id("staff", entry["username"]),
                "starts_on": entry["from"],
            }
            wanted[duty_key(*values.values())] = values | {"ends_on": entry["to"]}
        writer.write(wanted)
        writer.finish()

    # -- what is declared ------------------------------------------------------------------------------------

    def load_topics(self) -> None:
        writer = Writer(self.changes, "topics", Topic, {row.code: row for row in Topic.objects.all()})
        topics = [topic for _document, _index, topic in self.contents.topics()]
        for wanted_parent in (False, True):
            wanted = {}
            for topic in topics:
                if bool(topic.get("parent")) is not wanted_parent:
                    continue
                zh, en = title_of(topic["title"])
                wanted[str(topic["code"])] = {
                    "code": str(topic["code"]), "title": zh, "title_en": en,
                    "parent_id": writer_id(writer, topic.get("parent")), "limit": str(topic["limit"]),
                    "department_id": self.id("departments", topic.get("department")),
                    "keywords": words(topic.get("keywords")), "weak_keywords": words(topic.get("weak")),
                    "private": bool(topic.get("secret")),
                }  # fmt: skip
            writer.write(wanted)
        writer.finish()
        self.ids["topics"] = {code: row.pk for code, row in writer.existing.items()}

    def load_registers(self) -> None:
        writer = Writer(self.changes, "registers", Register, {row.code: row for row in Register.objects.all()})
        wanted = {}
        for document in self.pack.of_kind("register"):
            zh, en = title_of(document.value["title"])
            wanted[document.code] = {
                "code": document.code, "title": zh, "title_en": en, "declaration": document.value,
            }  # fmt: skip
        writer.write(wanted)
        writer.finish()
        self.ids["registers"] = {code: row.pk for code, row in writer.existing.items()}

    def load_items(self) -> None:
        writer = Writer(
            self.changes, "items", Item,
            {f"{row.register.code}/{row.code}": row for row in Item.objects.select_related("register")},
            retire={"state": "retired"},
            title=lambda row: row.title,
        )  # fmt: skip
        find_grid = self._grid_finder()
        wanted = {}
        for document in self.pack.of_kind("register"):
            defaults = {role: who for role, who in (document.value.get("people") or {}).items() if who != "department"}
            for entry in self.contents.items.get(document.code, ()):
                wanted[f"{document.code}/{entry['code']}"] = {
                    "register_id": self.ids["registers"][document.code],
                    "code": entry["code"], "title": entry["title"], "lng": entry["lng"], "lat": entry["lat"],
                    "area_id": self.id("areas", find_grid(entry)),
                    **{f"{role}_id": self.id("departments", entry.values.get(role) or defaults.get(role))
                       for role in PROPERTIES},
                    "state": entry.values.get("state") or "in use",
                    "data": {name: entry.values[name] for name in document.value.get("fields") or {}
                             if entry.values.get(name) not in (None, "")},
                }  # fmt: skip
        writer.write(wanted)
        writer.finish()

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
        writer = Writer(
            self.changes, "ledgers", Ledger, {row.code: row for row in Ledger.objects.all()}, retire={"active": False}
        )
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
            ledger_id = writer_id(writer, document.code)
            categories.write(
                {
                    f"{document.code}/{code}": {"ledger_id": ledger_id, "code": code, **values}
                    for code, values in category_values(
                        document.value, topics, catalogue, self.ids["departments"]
                    ).items()
                }
            )
        categories.finish()


# -- one declaration -----------------------------------------------------------------------------------------


def ledger_values(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ledger's row."""
    zh, en = title_of(declaration["title"])
    return {
        "code": str(declaration["ledger"]), "title": zh, "title_en": en, "declaration": dict(declaration),
        "active": True,
    }  # fmt: skip


def category_values(
    declaration: Mapping[str, Any],
    topics: list[Topic],
    catalogue: list[dict[str, Any]],
    departments: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """The fields of every category of a ledger by code: its own, then those of the catalogue, then topics."""
    by_code = {topic.code: topic for topic in topics}
    found: dict[str, dict[str, Any]] = {}
    for topic in _topics_of(declaration.get("topics_from"), topics):
        found[topic.code] = {
            "title": topic.title, "title_en": topic.title_en, "kind": Category.Kind.TOPIC.value, "standard_code": "",
            "condition": "", "closing": "", "topic_id": topic.pk, "limit": topic.limit,
            "department_id": topic.department_id, "keywords": topic.keywords, "urgent": False, "active": True,
        }  # fmt: skip
    chosen = declaration.get("categories_from") or {}
    only = tuple(str(code) for code in chosen.get("only") or ())
    for row in catalogue:
        if row["kind"] not in (chosen.get("catalogue") or ()) or (only and not row["code"].startswith(only)):
            continue
        topic = by_code.get(row["topic"] or "")
        # Components and events are numbered side by side in the standard, so the kind tells them apart.
        found[f"{row['kind']}-{row['code']}"] = {
            "title": row["title"], "title_en": row["title_en"], "kind": row["kind"], "standard_code": row["code"],
            "condition": row["condition"], "closing": row["closing"], "topic_id": topic.pk if topic else None,
            "limit": row["limit"], "department_id": _department(row["department"], topic, departments),
            "keywords": [], "urgent": _is_urgent(row["limit"]), "active": True,
        }  # fmt: skip
    for own in declaration.get("categories") or ():
        zh, en = title_of(own["title"])
        topic = by_code.get(own.get("topic") or "")
        found[str(own["code"])] = {
            "title": zh, "title_en": en, "kind": str(own.get("kind", Category.Kind.TOPIC.value)),
            "standard_code": str(own.get("standard_code", "")), "condition": str(own.get("condition", "")),
            "closing": str(own.get("closing", "")), "topic_id": topic.pk if topic else None,
            "limit": str(own["limit"]), "department_id": _department(own.get("department"), topic, departments),
            "keywords": words(own.get("keywords")), "urgent": bool(own.get("urgent")), "active": True,
        }  # fmt: skip
    return found


def _topics_of(chosen: Any, topics: list[Topic]) -> list[Topic]:
    """All topics, or the named ones with their children."""
    if chosen == "all":
        return topics
    names = {str(code) for code in chosen or ()}
    return [topic for topic in topics if names & set(topic.chain)]


def _department(code: str | None, topic: Topic | None, departments: Mapping[str, int]) -> int | None:
    if code:
        return departments[code]
    return topic.department_id if topic else None


def _is_urgent(limit: str) -> bool:
    """Danger to people: the catalogue gives such conditions a limit in emergency hours."""
    return "emergency hour" in limit


@transaction.atomic
def load_declaration(text: str) -> Ledger:
    """Load one ledger from its YAML text, as the interface and tests do; raises PackMistakes.

    Its references are checked against what is loaded already.
    """
    mistakes: list[Mistake] = []
    documents = [document for document in documents_of(text, "ledger.yaml", mistakes) if document.kind == "ledger"]
    departments = {row.code: row for row in Department.objects.all()}
    for document in documents:
        known = {
            "register": list(Register.objects.values_list("code", flat=True)),
            "topics": list(Topic.objects.values_list("code", flat=True)),
            "departments": list(departments),
            "catalogue": list(Category.objects.exclude(standard_code="").values_list("standard_code", flat=True)),
        }
        leads = {code: row.can_lead for code, row in departments.items()}
        mistakes += [
            document.wrong(sentence, *keys) for keys, sentence in check_declaration(document.value, known, leads)
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


def generations(entries: list[Entry]) -> Iterator[list[Entry]]:
    """The rows of a tree, parents before their children."""
    waiting, done = list(entries), {None}
    while waiting:
        ready = [entry for entry in waiting if entry["parent"] in done]
        yield ready
        done |= {entry["code"] for entry in ready}
        waiting = [entry for entry in waiting if entry["code"] not in done]


def writer_id(writer: Writer, code: str | None) -> int | None:
    """The key of a row that this writer has written or found."""
    return writer.existing[str(code)].pk if code else None


def titles(entry: Entry) -> dict[str, str]:
    return {"title": entry["title"], "title_en": entry.values.get("title_en", "")}


def words(value: Any) -> list[str]:
    return [str(word) for word in value or ()]


def geojson(shape: Any) -> dict[str, Any]:
    """GeoJSON of a shape, with lists as the database gives them back."""
    found: dict[str, Any] = shapely.geometry.mapping(shape)
    return {"type": found["type"], "coordinates": _lists(found["coordinates"])}


def _lists(coordinates: Any) -> Any:
    return [_lists(part) for part in coordinates] if isinstance(coordinates, tuple | list) else coordinates


def shape_fields(path: str, boundary: Mapping[str, Any] | None) -> dict[str, Any]:
    """Path, boundary and the box around it (degrees, WGS-84), and that the area is in use."""
    west, south, east, north = shapely.geometry.shape(boundary).bounds if boundary else (None,) * 4
    return {
        "path": path, "boundary": boundary, "west": west, "south": south, "east": east, "north": north,
        "valid_to": None,
    }  # fmt: skip


def holding_key(post: Any, user: Any, area: Any, road: Any, start: Any) -> str:
    return f"{post}|{user}|{area}|{road}|{start}"


def duty_key(topic: Any, area: Any, department: Any, post: Any, user: Any, start: Any) -> str:
    return f"{topic}|{area}|{department}|{post}|{user}|{start}"

