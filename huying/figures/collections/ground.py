"""What stands before anything happens: areas, organisations, the people at their posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from huying.figures.collections.base import Collection, Field, RowFacts
from huying.people.access import can
from huying.people.models import Department, Grant, Organisation, User
from huying.people.roles import ROLES
from huying.places.models import Area


class Areas(Collection):
    """Areas in force, of every level and layer."""

    code = "areas"
    title = _("区域")
    model = Area
    area = "path"
    fields: ClassVar = {
        "level": Field(_("层级"), "level", names=lambda: dict(Area.Level.choices)),
        "layer": Field(_("图层"), "layer"),
        "area": Field(_("区域"), "path", "area"),
        "households": Field(_("户数"), "households", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that are in force; what lies under every grid is the administrative layer unless another is asked."""
        return Area.objects.filter(valid_to__isnull=True, layer="administrative").defer("boundary")

    def keeps(self) -> tuple[type[Model], ...]:
        """None: the map and the catalogue, which are kept in memory, ask these tables for their versions."""
        return ()

    def readable(self, user: User) -> QuerySet[Any]:
        """Areas are on the public map."""
        return Area.objects.all()

    def describe(self, rows: Sequence[Area]) -> Iterator[RowFacts]:
        """Code and title."""
        for area in rows:
            yield RowFacts(
                area.pk, f"{area.code} {area}", "", str(area.get_level_display()), area_path=area.path
            )


class Organisations(Collection):
    """Bodies of the organisation tree that are in force."""

    code = "organisations"
    title = _("组织")
    model = Organisation
    area = "area__path"
    fields: ClassVar = {
        "kind": Field(_("类别"), "kind", names=lambda: dict(Organisation.Kind.choices)),
        "area": Field(_("区域"), "area__path", "area"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that are in force."""
        return Organisation.objects.filter(valid_to__isnull=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """Whoever works here may know which bodies there are."""
        return Organisation.objects.all()

    def related(self) -> tuple[str, ...]:
        """Its area."""
        return ("area",)

    def describe(self, rows: Sequence[Organisation]) -> Iterator[RowFacts]:
        """The title and the kind."""
        for row in rows:
            path = row.area.path if row.area else ""
            yield RowFacts(row.pk, str(row), "", str(row.get_kind_display()), area_path=path)


class Departments(Collection):
    """Departments that are in force."""

    code = "departments"
    title = _("单位")
    model = Department
    area = "area__path"
    department = "pk"
    fields: ClassVar = {
        "kind": Field(_("类别"), "kind", names=lambda: dict(Department.Kind.choices)),
        "area": Field(_("区域"), "area__path", "area"),
        "department": Field(_("单位"), "pk", "department"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that are in force."""
        return Department.objects.filter(valid_to__isnull=True)

    def keeps(self) -> tuple[type[Model], ...]:
        """None: the map and the catalogue, which are kept in memory, ask these tables for their versions."""
        return ()

    def readable(self, user: User) -> QuerySet[Any]:
        """Departments are public."""
        return Department.objects.all()

    def related(self) -> tuple[str, ...]:
        """Its area."""
        return ("area",)

    def describe(self, rows: Sequence[Department]) -> Iterator[RowFacts]:
        """The title and the kind."""
        for row in rows:
            path = row.area.path if row.area else ""
            yield RowFacts(row.pk, str(row), "", str(row.get_kind_display()), "", path, row.pk)


class Staff(Collection):
    """People by role: each grant that has not ended."""

    code = "staff"
    title = _("在岗人员")
    model = Grant
    area = "area__path"
    department = "department_id"
    fields: ClassVar = {
        "role": Field(_("角色"), "role", names=lambda: {code: role.title for code, role in ROLES.items()}),
        "area": Field(_("区域"), "area__path", "area"),
        "department": Field(_("单位"), "department_id", "department"),
        "person": Field(_("人"), "user_id", "number"),
    }

    def rows(self) -> QuerySet[Any]:
        """Those that have not ended."""
        return Grant.objects.filter(ends_on__isnull=True)

    def readable(self, user: User) -> QuerySet[Any]:
        """Who holds which role is for those who manage people."""
        return Grant.objects.all() if can(user, "people.manage") else Grant.objects.filter(user=user.pk)

    def related(self) -> tuple[str, ...]:
        """The person and the area."""
        return ("user", "area")

    def describe(self, rows: Sequence[Grant]) -> Iterator[RowFacts]:
        """Name and role."""
        for grant in rows:
            role = ROLES.get(grant.role)
            path = grant.area.path if grant.area else ""
            yield RowFacts(
                grant.pk, str(grant.user), "", str(role.title if role else grant.role), "", path, grant.department_id
            )  # fmt: skip
