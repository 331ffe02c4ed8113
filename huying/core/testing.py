"""The base of tests about people and places: builders, one small district, and the access suite.

The district, boundaries in degrees (each cell a square of 0.01°; north is up):

            113.300        113.310         113.320       113.330
    33.720  +--------------+--------------+--------------+
            |   西苑社区    |   中兴社区    |   东苑社区    |
    33.710  +--------------+--------------+--------------+
            |   西沟村      |   中和社区    |   东风社区    |
    33.700  +--------------+--------------+--------------+
                 west           middle          east

Every community has two grids, its left half (…001) and its right half (…002). 东苑社区 has a compound, 东苑小区,
over its left grid, with one building. 党建网格 is a functional grid over both grids of 东苑社区.

    class TestQueue(AccessSuite):
        url = "desk:queue"
        role = "dispatcher"

    class TestAreaPage(AccessSuite):
        role = "administrator"
        shows_area = True

        def address(self):
            return reverse("people:area", args=[self.district.east.code])
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.stages import put_back
from huying.people.models import Department, Duty, Grant, Post, PostHolding, User
from huying.people.roles import ROLES
from huying.people.tokens import make_token
from huying.places.models import (
    ADMINISTRATIVE,
    Area,
    Building,
    District,
    OfficeHours,
    Road,
)

PASSWORD = "mozhou-lukou-7"
Box = tuple[float, float, float, float]  # west, south, east, north in degrees

_numbers = itertools.count(1)
# A number that no process has seen: areas made by an earlier test must not be answered from memory.
_map_versions = itertools.count(int(time.time()) % 1_000_000_000)


def square(box: Box) -> dict[str, Any]:
    """The box as a GeoJSON polygon."""
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def make_area(
    code: str,
    level: str,
    *,
    parent: Area | None = None,
    box: Box | None = None,
    title: str = "",
    layer: str = ADMINISTRATIVE,
    **fields: Any,
) -> Area:
    """An area with its path; with a box also a square boundary."""
    area = _area(code, level, parent=parent, box=box, title=title, layer=layer, **fields)
    area.save(force_insert=True)
    return area


def _area(
    code: str, level: str, *, parent: Area | None, box: Box | None, title: str = "", layer: str = ADMINISTRATIVE,
    **fields: Any,
) -> Area:  # fmt: skip
    if box is not None:
        fields |= {"boundary": square(box), **dict(zip(("west", "south", "east", "north"), box, strict=True))}
    path = f"{parent.path if parent else ''}{code}/"
    return Area(code=code, level=level, parent=parent, title=title or code, layer=layer, path=path, **fields)


def make_department(code: str = "", *, title: str = "", **fields: Any) -> Department:
    """A department that may lead, unless it is a community or village."""
    department = _department(code, title=title, **fields)
    department.save(force_insert=True)
    return department


def _department(code: str, *, title: str, **fields: Any) -> Department:
    code = code or f"department-{next(_numbers)}"
    fields.setdefault("kind", Department.Kind.DISTRICT_DEPARTMENT)
    helpers = (Department.Kind.COMMUNITY, Department.Kind.VILLAGE)
    fields.setdefault("can_lead", fields["kind"] not in helpers)
    return Department(code=code, title=title or code, **fields)


def make_user(
    role: str | None = None,
    *,
    area: Area | None = None,
    department: Department | None = None,
    username: str = "",
    **fields: Any,
) -> User:
    """An account that can sign in with PASSWORD; `role` is granted within `area`.

    As in a pack, the grant is limited to the department only for roles that serve their own.
    """
    number = next(_numbers)
    fields.setdefault("name", f"王小{number}")
    user = User(username=username or f"{role or 'stranger'}-{number}", department=department, **fields)
    user.set_password(PASSWORD)
    user.save()
    if role:
        own = department if ROLES[role].own_department else None
        grant_role(user, role, area=area, department=own)
    return user


def grant_role(
    user: User, role: str, *, area: Area | None = None, department: Department | None = None, **fields: Any
) -> Grant:
    """One more role; what the account remembered of its roles is forgotten."""
    user.__dict__.pop("_grants", None)
    return Grant.objects.create(user=user, role=role, area=area, department=department, **fields)


def make_post(code: str = "grid-chief", *, title: str = "网格长", place: str = "grid") -> Post:
    return Post.objects.get_or_create(code=code, defaults={"title": title, "place": place})[0]


def hold(user: User, post: Post, area: Area | None = None, road: Road | None = None) -> PostHolding:
    """The user holds the post for the area or road from now on."""
    return PostHolding.objects.create(user=user, post=post, area=area, road=road)


def make_duty(topic: str, area: Area, department: Department, **fields: Any) -> Duty:
    """The department answers for the topic in the area."""
    return Duty.objects.create(topic=topic, area=area, department=department, **fields)


@dataclass(frozen=True)
class MiniDistrict:
    """What the fixture `district` hands over; see the map at the top."""

    root: Area
    east: Area
    middle: Area
    west: Area
    communities: dict[str, Area]  # by title
    grids: dict[str, Area]  # by code
    compound: Area
    building: Building
    party_grid: Area
    road: Road
    urban: Department  # 城市管理局, all of the district
    water: Department  # 供水公司
    streets: dict[str, Department]  # the offices of east, middle, west
    community: Department  # 东苑社区 as a body: never a lead

    # A point of each kind, (lng, lat) in WGS-84.
    in_compound: ClassVar[tuple[float, float]] = (113.3225, 33.715)
    in_east: ClassVar[tuple[float, float]] = (113.3275, 33.705)
    in_west: ClassVar[tuple[float, float]] = (113.3075, 33.705)
    outside: ClassVar[tuple[float, float]] = (113.4, 33.8)

    def rows(self) -> list[Any]:
        """Every row, in a fixed order."""
        return [
            self.root, self.east, self.middle, self.west, *self.communities.values(), *self.grids.values(),
            self.compound, self.building, self.party_grid, self.road, self.urban, self.water,
            *self.streets.values(), self.community,
        ]  # fmt: skip

    def grid_of(self, community: str, side: int = 1) -> Area:
        """Grid 1 (left half) or 2 (right half) of a community by its title."""
        return self.grids[f"{self.communities[community].code}{side:03d}"]


_STREETS = (
    ("west", "西环路街道", (("西苑社区", "community"), ("西沟村", "village"))),
    ("middle", "中兴路街道", (("中兴社区", "community"), ("中和社区", "community"))),
    ("east", "东安路街道", (("东苑社区", "community"), ("东风社区", "community"))),
)


def _new_map() -> str:
    """The statement for a map that no process has in its memory."""
    return (
        "DELETE FROM places_mapversion;"
        f"INSERT INTO places_mapversion (id, version) VALUES (1, {next(_map_versions)})"
    )


def make_district() -> MiniDistrict:
    """Build the district of the map at the top, its departments and its calendar."""
    with connection.cursor() as cursor:
        cursor.execute(_new_map())
    return _district()


def _district() -> MiniDistrict:
    OfficeHours.objects.update_or_create(
        valid_from="2000-01-01", defaults={"spans": [["08:00", "12:00"], ["14:00", "18:00"]]}
    )
    District.objects.create(code="410403", title="卫东区", lng=113.315, lat=33.71, hotline="12345")
    root = make_area("410403", "district", title="卫东区", box=(113.3, 33.7, 113.33, 33.72), households=3600)
    # Each level at once: almost every test begins with this district.
    streets, communities, grids, offices = {}, {}, {}, {}
    for column, (key, title, places) in enumerate(_STREETS):
        west = round(113.3 + column * 0.01, 3)
        street = streets[key] = _area(
            f"41040300{column + 1}", "subdistrict", parent=root, title=title,
            box=(west, 33.7, round(west + 0.01, 3), 33.72), households=1200,
        )  # fmt: skip
        offices[key] = _department(
            f"street-{key}", title=f"{title}办事处", kind=Department.Kind.SUBDISTRICT, area=street
        )
        for row, (name, level) in enumerate(places):
            south = 33.71 if row == 0 else 33.7
            box = (west, south, round(west + 0.01, 3), round(south + 0.01, 3))
            code = f"{street.code}00{row + 1}"
            community = communities[name] = _area(
                code, level, parent=street, title=name, box=box, households=600
            )
            for side in (1, 2):
                left = round(west + (side - 1) * 0.005, 3)
                grids[f"{code}00{side}"] = _area(
                    f"{code}00{side}", "grid", parent=community, title=f"{name}第{side}网格",
                    box=(left, south, round(left + 0.005, 3), round(south + 0.01, 3)), households=300,
                )  # fmt: skip
    home = communities["东苑社区"]
    compound = _area(
        f"{home.code}C01", "compound", parent=home, title="东苑小区", box=(113.32, 33.71, 113.325, 33.72),
        households=300,
    )  # fmt: skip
    party_grid = _area(
        "party-1",
        "grid",
        parent=root,
        title="东苑党建网格",
        layer="party",
        box=(113.32, 33.71, 113.33, 33.72),
    )
    for rows in (streets.values(), communities.values(), (*grids.values(), compound, party_grid)):
        Area.objects.bulk_create(rows)
    building = Building.objects.create(
        code=f"{home.code}B01", title="东苑小区1号楼", compound=compound, grid=grids[f"{home.code}001"],
        lng=113.3225, lat=33.715, households=36, floors=6,
    )  # fmt: skip
    road = Road.objects.create(
        code="road-1", title="建设路",
        line={"type": "LineString", "coordinates": [[113.3, 33.705], [113.33, 33.705]]},
    )  # fmt: skip
    urban = _department("urban-management", title="城市管理局", area=root)
    water = _department("water-company", title="供水公司", kind=Department.Kind.UTILITY, area=root)
    committee = _department(
        "community-dongyuan", title="东苑社区居委会", kind=Department.Kind.COMMUNITY, area=home
    )
    Department.objects.bulk_create([*offices.values(), urban, water, committee])
    return MiniDistrict(
        root=root, **streets, communities=communities, grids=grids, compound=compound, building=building,
        party_grid=party_grid, road=road, urban=urban, water=water, streets=offices, community=committee,
    )  # fmt: skip


@pytest.fixture
def district(db: None) -> MiniDistrict:
    """Three streets, six communities, twelve grids, a compound, departments and office hours."""
    return stage_district()


def stage_district() -> MiniDistrict:
    """The small district, put back rather than built: as quick as one statement."""
    return put_back("district", _district, first=_new_map())


@pytest.fixture(scope="class")
def kept_for_the_class(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A transaction around all tests of a class, for rows that they only read: a fixture makes them once."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def wsgi(db: None) -> Iterator[Any]:
    """The site as a WSGI program within the test's own transaction: nothing closes its connection."""
    from django.core.signals import request_finished, request_started
    from django.core.wsgi import get_wsgi_application
    from django.db import close_old_connections

    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def token_for(user: User, **limits: Any) -> str:
    """The secret of a token for this account, good for a month."""
    expires_on = timezone.localdate() + dt.timedelta(days=30)
    return make_token(user, title="测试", expires_on=expires_on, actor=user, **limits)[1]


CallApi = Callable[..., Any]


@pytest.fixture
def call_api(client: Client) -> CallApi:
    """`call_api(user or token or None, "post", "/cases/…", body, Idempotency_Key="…")` gives the answer of the API."""

    def send(user: User | str | None, method: str, path: str, body: Any = None, **headers: str) -> Any:
        secret = token_for(user) if isinstance(user, User) else user
        known = {"Authorization": f"Bearer {secret}"} if secret else {}
        return client.generic(
            method.upper(),
            f"/api/v1{path}",
            data=b"" if body is None else json.dumps(body, default=str).encode(),
            content_type="application/json",
            headers=known | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    return send


AS_PART = {"HX-Request": "true"}
"""The headers of a script that asks for a part of its page."""


class AccessSuite:
    """Allowed, forbidden and out of area, for one page. Name the subclass Test… and set:

    - `url` (a URL name without arguments) or `address()`;
    - `role`: who may open it (granted for the street `east`);
    - `shows_area = True` where the page is about one thing in `east`: the same role in `west` gets 403 or 404;
    - `row_in_east()` where the page is a list: a text that the role in `east` sees and the role in `west` doesn't;
    - `whole_district = True` where the role is granted without an area (the page is about the district as a whole);
    - `method`, `data`: for addresses that take POST;
    - `part = True` where the address answers with a part of a page, to a script of that page.

    `prepare()` runs first: make what the page shows in `self.district.east`.
    """

    url: str = ""
    role: str = ""
    method: str = "get"
    shows_area: bool = False
    whole_district: bool = False
    part: bool = False
    data: ClassVar[dict[str, Any]] = {}

    district: MiniDistrict
    client: Client

    @pytest.fixture(autouse=True)
    def _stage(self, district: MiniDistrict, client: Client) -> None:
        self.district, self.client = district, client
        self.prepare()

    def prepare(self) -> None:
        """Make what the page is about."""

    def address(self) -> str:
        return reverse(self.url)

    def row_in_east(self) -> str:
        """A text on the list that only a reader responsible for `east` may see; empty for no such test."""
        return ""

    def department_of(self, area: Area) -> Department | None:
        """The department of the reader who is responsible for this street."""
        office = self.district.streets
        return office["east"] if area == self.district.east else office["west"]

    def person(self, area: Area) -> User:
        """Somebody with the page's role, responsible for this street."""
        user = make_user(department=self.department_of(area))
        grant_role(user, self.role, area=None if self.whole_district else area)
        return user

    def open(self, user: User | None) -> Any:
        """The page's answer to this reader."""
        if user is None:
            self.client.logout()
        else:
            self.client.force_login(user)
        headers = AS_PART if self.part else {}
        return getattr(self.client, self.method)(self.address(), self.data, headers=headers)

    def test_it_answers_those_who_may(self) -> None:
        answer = self.open(self.person(self.district.east))
        assert answer.status_code in ((200,) if self.method == "get" else (200, 302, 303))

    def test_it_refuses_who_has_no_role_for_it(self) -> None:
        assert self.open(make_user()).status_code == 403

    def test_it_sends_strangers_to_sign_in(self) -> None:
        answer = self.open(None)
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/?next=")

    def test_it_keeps_to_the_readers_area(self) -> None:
        row = self.row_in_east()
        if not self.shows_area and not row:
            pytest.skip("this page shows nothing of one area")
        answer = self.open(self.person(self.district.west))
        if self.shows_area:
            assert answer.status_code in (403, 404)
            return
        assert answer.status_code == 200
        assert row not in answer.content.decode()
        assert row in self.open(self.person(self.district.east)).content.decode()
