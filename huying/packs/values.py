"""From a row, understood, to the fields of its model. `ids` gives the keys of what the row refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import shapely

from huying.packs.rules import Values, can_lead
from huying.people.roles import ROLES
from huying.places.models import ADMINISTRATIVE

Fields = dict[str, Any]
AnyRow = TypeVar("AnyRow", bound=Values)


class Ids:
    """Primary keys by kind and code; an empty code has none."""

    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, int]] = {}

    def __call__(self, kind: str, code: str | None) -> int | None:
        return self.kinds[kind][str(code)] if code else None


def generations(rows: Iterable[AnyRow], known: Iterable[str] = ()) -> Iterator[list[AnyRow]]:
    """The rows of a tree, parents before their children; rows whose parents are missing are left out."""
    waiting, done = list(rows), {None, *known}
    while ready := [row for row in waiting if row["parent"] in done]:
        yield ready
        done |= {row["code"] for row in ready}
        waiting = [row for row in waiting if row["code"] not in done]


def titles(row: Values) -> Fields:
    return {"title": row["title"], "title_en": row["title_en"]}


def area_fields(row: Values, ids: Ids, path: str) -> Fields:
    return {
        "code": row["code"], "level": row["level"], "layer": ADMINISTRATIVE, **titles(row),
        "parent_id": ids("areas", row["parent"]), "path": path, "households": row["households"],
        "demonstration": row["demonstration"], "valid_to": None,
    }  # fmt: skip


def boundary_fields(boundary: Mapping[str, Any] | None) -> Fields:
    """A boundary (GeoJSON, WGS-84) and the box around it."""
    west, south, east, north = shapely.geometry.shape(boundary).bounds if boundary else (None,) * 4
    return {"boundary": boundary, "west": west, "south": south, "east": east, "north": north}


def road_fields(row: Values) -> Fields:
    return {
        "code": row["code"], **titles(row), "line": row["line"], "demonstration": row["demonstration"],
    }  # fmt: skip


def building_fields(row: Values, ids: Ids) -> Fields:
    return {
        "code": row["code"], **titles(row),
        "compound_id": ids("areas", row["compound"]), "grid_id": ids("areas", row["grid"]),
        "lng": row["lng"], "lat": row["lat"], "households": row["households"], "floors": row["floors"],
    }  # fmt: skip


def department_fields(row: Values, ids: Ids) -> Fields:
    return {
        "code": row["code"], **titles(row), "kind": row["kind"], "parent_id": ids("departments", row["parent"]),
        "area_id": ids("areas", row["area"]), "phone": row["phone"], "can_lead": can_lead(row), "valid_to": None,
    }  # fmt: skip


def organisation_fields(row: Values, ids: Ids) -> Fields:
    return {
        "code": row["code"], **titles(row), "kind": row["kind"], "parent_id": ids("organisations", row["parent"]),
        "area_id": ids("areas", row["area"]), "valid_to": None,
    }  # fmt: skip


def staff_fields(row: Values, ids: Ids) -> Fields:
    return {
        "username": row["username"], "name": row["name"], "title": row["title"], "phone": row["phone"],
        "department_id": ids("departments", row["department"]),
        "demo_login": row["demo_login"], "demo_note": row["demo_note"], "is_active": True,
    }  # fmt: skip


def grant_fields(row: Values, ids: Ids) -> Iterator[Fields]:
    """One grant for each role. Only roles that serve their own department are limited to it."""
    for role in row["roles"]:
        department = ids("departments", row["department"]) if ROLES[role].own_department else None
        yield {
            "user_id": ids("staff", row["username"]), "role": role, "area_id": ids("areas", row["area"]),
            "department_id": department,
        }  # fmt: skip


def duty_fields(row: Values, ids: Ids) -> Fields:
    return {
        "topic": row["topic"], "area_id": ids("areas", row["area"]),
        "department_id": ids("departments", row["department"]), "post_id": ids("posts", row["post"]),
        "user_id": ids("staff", row["username"]), "starts_on": row["from"], "ends_on": row["to"],
    }  # fmt: skip


# Rows without a code are recognised by what they join and the day from which they hold.
KEY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "ownership": ("area_id", "department_id", "kind"),
    "grants": ("user_id", "role", "area_id", "department_id"),
    "holdings": ("post_id", "user_id", "area_id", "road_id", "starts_on"),
    "duties": ("topic", "area_id", "department_id", "post_id", "user_id", "starts_on"),
}


def key_of(kind: str, row: Any) -> str:
    """The key of a row without a code, from its fields or its model."""
    get = row.get if isinstance(row, dict) else lambda name: getattr(row, name)
    return "|".join(str(get(name)) for name in KEY_FIELDS[kind])
