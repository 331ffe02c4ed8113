"""Campaigns of the demonstration at the sizes that the papers print: cases, rounds, letters, plates, bulletins, awards.

Everything is drawn from the seed of `demonstration/campaigns.yaml`; rows enter in bulk with the journal that
the actions would have written.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from huying.cases.demonstration.life import shares
from huying.cases.demonstration.replay import AT_ONCE
from huying.cases.history import (
    Checked,
    Closed,
    Dispatched,
    Filed,
    Handled,
    PastCase,
    Step,
    TakenUp,
    load_history,
)
from huying.cases.ledger import FIVE_REFUSALS
from huying.cases.models import Case, Category, Status
from huying.core import temporal
from huying.core.journal import log, log_new_chains
from huying.core.keys import new_keys
from huying.core.language import of_record
from huying.core.yaml_files import read_yaml
from huying.inspections.campaigns.awards import record_award
from huying.inspections.campaigns.bulletins import body_of
from huying.inspections.campaigns.models import Bulletin, BulletinLine, BulletinSeries, Campaign
from huying.inspections.models import Standard, StandardVersion
from huying.inspections.results.models import Measure, MeasureStep
from huying.inspections.results.procedure import STEPS
from huying.inspections.rounds.models import Finding, Round, RoundMember
from huying.inspections.scoring import FAIL, PASS, score
from huying.papers.actions import claim_number, issue_paper
from huying.papers.models import Paper, PaperSeries
from huying.people.models import Department, Grant, User
from huying.places.clock import BEIJING
from huying.places.models import ADMINISTRATIVE, Area, Building, Road
from huying.places.where import Where, where_is
from huying.registry.actions import set_item_state
from huying.registry.models import Item

_DAY, _HOUR, _MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
_POOL = 240
_Place = tuple[float, float, str, Where, int | None]  # longitude, latitude, address, where that is, thing
_LATE = ("decide", "serve")
_GOOD, _BAD = "检查评为好，证照齐全、店面整洁。", "检查不达标，后厨不洁、证照不全。"
_LAW = "《食品安全法》《河南省食品小作坊、小经营店和小摊点管理条例》"
_SAID = {
    "action": "组织党员群众集中清理",
    "heaps": "村道边有垃圾堆", "sheds": "私搭的棚子占着路边", "ruins": "残垣断壁没有清",
    "boards": "广告牌破旧乱立",
    "ditches": "沟渠里有垃圾和淤泥", "kitchen": "后厨地面、灶台油污", "dogs": "流浪狗在路口",
    "order": "校门口有流动商贩",
    "wires": "从楼上拉线充电", "facility": "便民设施破损", "litter": "绿化带里有垃圾",
    "service": "便民物品不齐", "broken": "井盖、雨水篦子破损",
    "boxes": "果皮箱破旧", "bins": "缺垃圾桶", "containers": "垃圾箱破损",
    "loads": "堆着垃圾杂物", "adverts": "墙上有小广告", "walls": "墙体斑驳", "parks": "游园地面、座椅破损",
    "shops": "商铺店外摆放", "stalls": "摊点占道", "grilles": "沿街防盗窗外凸", "windows": "自改飘窗",
}  # fmt: skip
_DONE = {
    "action": "清理完毕，垃圾已清运。",
    "heaps": "已清运，地面平整，撒了石灰。", "sheds": "棚子已拆，料已运走。", "ruins": "断壁已拆平，改成小菜园。",
    "boards": "广告牌已拆除。", "ditches": "沟渠已清淤，两侧垃圾已运走。",
    "kitchen": "后厨已彻底清洗，台面地面见本色。", "dogs": "已抓捕送收容点。", "order": "商贩已劝到疏导点。",
    "wires": "飞线已剪除，引到充电棚。", "facility": "已修好。",
    "litter": "已清扫，保洁员加了一遍。", "service": "物品已补齐。",
    "broken": "已更换新盖，垫实井圈。", "boxes": "整条路的果皮箱已换新。",
    "bins": "已投放到位。", "containers": "已换新。", "loads": "已装车清运。", "adverts": "已铲除，墙面已处理。",
    "walls": "已粉刷。", "parks": "已整修。", "shops": "物品已收回店内。", "stalls": "已劝离到疏导点。",
    "grilles": "已拆除，改成内装。", "windows": "已恢复原样。",
}  # fmt: skip


def make_campaigns(pack: Path | None = None, now: dt.datetime | None = None) -> int:
    """Everything of `demonstration/campaigns.yaml`; how many rounds. Twice makes nothing."""
    file = (pack or settings.PACK) / "demonstration" / "campaigns.yaml"
    if not file.exists() or Measure.objects.exists():
        return 0
    plan = read_yaml(file)
    scene = _Scene(plan, now or timezone.now())
    # One load for all: each ends with statistics of the whole table.
    load_history(chain.from_iterable(map(scene.cases, plan["cases"])), key="campaigns", batch=AT_ONCE)
    with transaction.atomic():
        temporal.note_no_births()
        made = sum(scene.rounds(number, row) for number, row in enumerate(plan["rounds"]))
        scene.measures(plan["measures"])
        for row in plan["bulletins"]:
            scene.bulletins(row)
        scene.awards(plan["awards"])
    return made


class _Scene:
    """The people and places of the demonstration, and what happens there."""

    def __init__(self, plan: Mapping[str, Any], now: dt.datetime) -> None:
        self.plan, self.now = plan, now
        self.today = now.astimezone(BEIJING).date()
        people = Grant.objects.select_related("user__department").order_by("pk")
        self.by_role: dict[str, list[User]] = {}
        for grant in people:
            self.by_role.setdefault(grant.role, []).append(grant.user)
        self.clerks = [user for user in self.by_role.get("clerk", []) if user.department_id]
        self.clerks_at: dict[int | None, list[User]] = {}
        for user in self.clerks:
            self.clerks_at.setdefault(user.department_id, []).append(user)
        self.supervisor = self.by_role["supervisor"][0]
        self.levels = dict(Area.objects.values_list("pk", "level"))
        self.areas = {area.code: area for area in Area.objects.defer("boundary")}
        covers = Item.objects.filter(register__code="manhole-cover", owner__can_lead=True).select_related(
            "owner"
        )
        self.cover_owners = {
            cover.pk: cover.owner for cover in covers.exclude(owner__code="urban-management") if cover.owner
        }
        # Stretches of history share their places: read once, and looked up on the map when first drawn.
        self.points: dict[str, list[tuple[float, float, str]]] = {}
        self.places: dict[str, list[_Place]] = {}
        self.found: dict[tuple[float, float], Where] = {}

    def dice(self, name: object) -> random.Random:
        return random.Random(f"{self.plan['seed']}/{name}")

    def clerk_of(self, department: Department, dice: random.Random) -> User:
        """Somebody of the department, or of the bureau above or a station below it."""
        mine = self.clerks_at.get(department.pk) or self.clerks_at.get(department.parent_id)
        return dice.choice(mine or self.clerks)

    def days(self, row: Mapping[str, Any]) -> list[dt.date]:
        first = row.get("from") or self.today - row["days"] * _DAY
        last = row.get("to") or self.today - _DAY
        return [first + number * _DAY for number in range((last - first).days + 1)]

    # -- cases

    def pool(self, at: str, dice: random.Random, area: str = "") -> list[_Place]:
        """Places to choose from: all of a register's things, or some points along roads or at homes."""
        if at in ("small-premises", "manhole-cover"):
            return self.places_of(at)
        found: list[_Place] = []
        points = self.points_of(at)
        dice.shuffle(points)
        for lng, lat, title in points:
            where = self.where(lng, lat)
            codes = [code for code in where.area_path.split("/") if code]
            if where.area_id is None or len(codes) < 3 or (area and area not in codes):
                continue
            home = self.areas.get(codes[2])
            if at == "village" and (home is None or home.level != Area.Level.VILLAGE):
                continue
            name = f"{home.title}{title}" if home is not None and at == "village" else title
            found.append((lng, lat, name, where, None))
            if len(found) == _POOL:
                break
        return found

    def places_of(self, register: str) -> list[_Place]:
        """Where the register's things are."""
        if register not in self.places:
            items = Item.objects.filter(register__code=register).exclude(lng=None).order_by("code")
            if register == "manhole-cover":
                items = items.filter(pk__in=self.cover_owners)
            rows = items.values_list("lng", "lat", "address", "pk")
            self.places[register] = [
                (lng or 0, lat or 0, address, self.where(lng or 0, lat or 0), pk)
                for lng, lat, address, pk in rows
            ]
        return self.places[register]

    def points_of(self, at: str) -> list[tuple[float, float, str]]:
        """Points along the roads, or one for each building: a list of one's own, to shuffle."""
        if at not in self.points:
            if at == "road":
                roads = Road.objects.exclude(line=None).order_by("code").values_list("title", "line")
                self.points[at] = [
                    (lng, lat, title)
                    for title, line in roads
                    for lng, lat in (line or {}).get("coordinates", [])[::4]
                    if isinstance(lng, float)
                ]
            else:
                self.points[at] = list(Building.objects.order_by("code").values_list("lng", "lat", "title"))
        return [*self.points[at]]

    def where(self, lng: float, lat: float) -> Where:
        if (lng, lat) not in self.found:
            self.found[lng, lat] = where_is(lng, lat)
        return self.found[lng, lat]

    def cases(self, row: Mapping[str, Any]) -> Iterator[PastCase]:
        """One stretch of a ledger's history, in the order of its days."""
        dice, days = self.dice(row["load"]), self.days(row)
        category = Category.objects.select_related("ledger", "department", "topic").get(
            ledger__code=row["ledger"], code=row["category"]
        )
        department = category.department
        assert department is not None  # the pack names one for each of these categories
        places = self.pool(row["at"], dice, str(row.get("area") or ""))
        count = row["fixed"]
        moments = sorted(dice.randrange(len(days) * 540) for _each in range(count))
        sums = {name: shares(total, [1.0] * count) for name, total in row.get("sum", {}).items()}
        for number, minute in enumerate(moments):
            day = days[minute // 540]
            at = dt.datetime(day.year, day.month, day.day, 8, 30, tzinfo=BEIJING) + (minute % 540) * _MINUTE
            extra = {name: values[number] for name, values in sums.items()} | row.get("form", {})
            place = places[number % len(places)]
            yield self.case(dice, category, self.owner_of(place, department), place, at, extra, done=True)
        # What is open is young: it came in during the last days.
        for number in range(row.get("open", 0)):
            at = self.now - dt.timedelta(hours=3 + number * 4)
            yield self.case(
                dice, category, department, dice.choice(places), at.replace(microsecond=0), {}, done=False
            )

    def owner_of(self, place: _Place, otherwise: Department) -> Department:
        """Who owns a cover answers for it; of anything else the department of its category."""
        return self.cover_owners.get(place[4] or 0, otherwise)

    def case(
        self, dice: random.Random, category: Category, department: Department, place: _Place,
        at: dt.datetime, extra: Mapping[str, Any], *, done: bool,
    ) -> PastCase:  # fmt: skip
        lng, lat, address, where, item = place
        handler = self.clerk_of(department, dice)
        why = f"类别「{category}」由{department}负责。"
        steps: list[Step] = [Filed(at), Dispatched(at + 2 * _MINUTE, department, why, "category")]
        taken = at + dice.randint(10, 60) * _MINUTE
        if done or taken < self.now:
            steps.append(TakenUp(taken, handler))
        if done:
            handled = taken + dice.randint(30, 110) * _MINUTE
            handled = min(handled, self.now - 60 * _MINUTE)
            checker = dice.choice(self.by_role["checker"])
            form = {"measure": _DONE[category.code], "lasting": "纳入日常巡查。", **extra}
            steps += [
                Handled(handled, handler, _DONE[category.code], form),
                Checked(handled + 20 * _MINUTE, checker, "到现场看过。", dict.fromkeys(FIVE_REFUSALS, True)),
                Closed(handled + 30 * _MINUTE, self.by_role["dispatcher"][0]),
            ]
        said = _SAID[category.code]
        return PastCase(
            ledger=category.ledger, category=category, channel="inspection", title=f"{address}：{said}"[:120],
            words=f"{said}。", reported_at=at, lng=lng, lat=lat, address=address[:160], where=where, item_id=item,
            reported_by=self.supervisor, steps=steps,
        )  # fmt: skip

    # -- rounds

    def sites(self, version: StandardVersion, limit: int = 0) -> list[dict[str, Any]]:
        """The columns that say where rounds of this standard are made."""
        rules = version.rules
        found: list[dict[str, Any]] = []
        if rules.registers:
            items = Item.objects.filter(register__code__in=rules.registers).exclude(lng=None)
            items = items.select_related("keeper", "owner").order_by("register_id", "code")
            for item in items.only("title", "area_path", "lng", "lat", "keeper", "owner"):
                found.append(
                    {"item_id": item.pk, "place_title": item.title[:120], **self.lies(item.area_path), "lng": item.lng,
                     "lat": item.lat, "unit": item.keeper or item.owner}
                )  # fmt: skip
        elif rules.area_level:
            rows = Area.objects.filter(level=rules.area_level, layer=ADMINISTRATIVE, valid_to=None)
            for area in rows.defer("boundary").order_by("code"):
                found.append(
                    {"area_id": area.pk, "place_title": area.title, **self.lies(area.path), "unit": None}
                )
        else:
            for unit in Department.objects.filter(valid_to=None, can_lead=True).order_by("code"):
                found.append(
                    {"department_id": unit.pk, "place_title": unit.title, **self.lies(""), "unit": unit}
                )
        return found[:limit] if limit else found

    def lies(self, path: str) -> dict[str, Any]:
        areas = [self.areas[code] for code in path.split("/") if code in self.areas]
        levels = {area.level: area.pk for area in areas}
        return {
            "area_path": path, "subdistrict_id": levels.get(Area.Level.SUBDISTRICT),
            "community_id": levels.get(Area.Level.COMMUNITY) or levels.get(Area.Level.VILLAGE),
        }  # fmt: skip

    def rounds(self, number: int, row: Mapping[str, Any]) -> int:
        """Rounds, who made them, what they found, and their letters."""
        dice, days = self.dice(f"rounds/{number}"), self.days(row)
        versions = [
            version
            for code in row["standards"]
            if (standard := Standard.objects.filter(code=code).first()) and (version := standard.version_on())
        ]
        if not versions:
            return 0
        most = row.get("places", 0)
        turns = {each.pk: cycle(self.shuffled(dice, self.sites(each, most))) for each in versions}
        teams = list(self.teams(dice, row["departments"], days, row["people"], row["rounds"]))
        wanted = self.failures(dice, row)
        made, found, members = [], [], []
        orders = row.get("failing")
        # Rules are read from the version's declaration each time that they are asked for.
        rules_of = {each.pk: each.rules for each in versions}
        for place, (day, minute, team) in enumerate(teams):
            version = versions[place % len(versions)]
            rules = rules_of[version.pk]
            site = dict(next(turns[version.pk]))
            unit = site.pop("unit")
            codes = [item.code for item in rules.items if item.evidence != "reading"]
            failed = self.chosen(dice, rules, codes, wanted[place], orders is not None)
            answers = {code: FAIL if code in failed else PASS for code in codes}
            counted = score(rules, answers)
            at = dt.datetime(day.year, day.month, day.day, 8, 30, tzinfo=BEIJING) + minute * _MINUTE
            made.append(
                Round(
                    version=version, made_by=team[0], started_at=at - 12 * _MINUTE, ended_at=at, day=day,
                    received_at=at, distance_m=dice.randint(3, 60) if site.get("lng") else None,
                    answers=answers, tenths=counted.tenths,
                    passed=counted.passed, grade=counted.grade.title if counted.grade else "", failed=len(failed),
                    people=len(team), **site,
                )
            )  # fmt: skip
            found.append((failed, unit))
            members.append(team)
        for key, one in zip(new_keys(Round, len(made)), made, strict=True):
            one.pk = key
        self.letters(made, found)
        stored = Round.objects.bulk_create(made, batch_size=2000)
        RoundMember.objects.bulk_create(
            (
                RoundMember(round=one, user=user, department_id=user.department_id)
                for one, team in zip(stored, members, strict=True)
                for user in team
            ),
            batch_size=4000,
        )
        self.findings(stored, found)
        log_new_chains(
            "round",
            [
                _line(
                    one.pk,
                    "round.made",
                    one.ended_at,
                    one.made_by,
                    {"place": one.place_title, "score": one.tenths},
                )
                for one in stored
            ],
        )
        return len(stored)

    def shuffled(self, dice: random.Random, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        dice.shuffle(rows)
        return rows

    def failures(self, dice: random.Random, row: Mapping[str, Any]) -> list[int]:
        """How many items fail on each round: together as many as the pack says."""
        if "findings" in row:
            found = shares(row["findings"], [1.0] * row["rounds"])
        else:
            found = [1 + number % 2 for number in range(row["failing"])] + [0] * (
                row["rounds"] - row["failing"]
            )
        dice.shuffle(found)
        return found

    def chosen(
        self, dice: random.Random, rules: Any, codes: list[str], wanted: int, fails: bool
    ) -> list[str]:
        if not wanted:
            return []
        critical = [item.code for item in rules.items if item.critical] if fails else []
        first = [dice.choice(critical)] if critical else []
        rest = [code for code in codes if code not in critical or not fails]
        return first + dice.sample(rest, min(wanted - len(first), len(rest)))

    def teams(
        self, dice: random.Random, units: Sequence[str], days: list[dt.date], people: int, rounds: int
    ) -> Iterator[tuple[dt.date, int, list[User]]]:
        """Each round's day, minute and team; so many persons on so many days together.

        `people` person-times are spread evenly over the days, two officers to a team; the day's rounds follow.
        """
        among = [*self.clerks, *self.by_role.get("supervisor", [])]
        staff = [user for user in among if user.department and user.department.code in units]
        staff = list({user.pk: user for user in staff}.values())
        per_day = shares(people, [1.0] * len(days))
        dice.shuffle(per_day)
        most = max(per_day)
        if most > len(staff):
            more = [user for user in self.clerks if user not in staff]
            staff += more[: most - len(staff)]
        out = [(day, count) for day, count in zip(days, per_day, strict=True) if count]
        visits = shares(rounds, [float(count) for _day, count in out])
        start = 0
        for (day, count), number in zip(out, visits, strict=True):
            here = list(islice(cycle(staff), start, start + count))
            start = (start + count) % len(staff)
            # Pairs, and the last may be alone; every one of them is out at least once.
            pairs = [here[index : index + 2] for index in range(0, len(here), 2)]
            while len(pairs) > number > 0:
                pairs[-2] += pairs.pop()
            for turn in range(number):
                yield day, 5 + turn * 500 // max(number, 1) + dice.randint(0, 3), pairs[turn % len(pairs)]

    def findings(self, rounds: list[Round], found: list[tuple[list[str], Any]]) -> None:
        titles = {
            version.pk: {item.code: item.fault for item in version.rules.items}
            for version in {one.version_id: one.version for one in rounds}.values()
        }
        Finding.objects.bulk_create(
            (
                Finding(round=one, code=code, title=titles[one.version_id][code][:120])
                for one, (failed, _unit) in zip(rounds, found, strict=True)
                for code in failed
            ),
            batch_size=4000,
        )

    def letters(self, rounds: list[Round], found: list[tuple[list[str], Any]]) -> None:
        """The paper of each round that found something, where its standard issues one; numbered in one go.

        The rounds have their keys, but are written after their papers.
        """
        papers, of = [], []
        rules_of = {version.pk: version.rules for version in {one.version for one in rounds}}
        for one, (failed, unit) in zip(rounds, found, strict=True):
            rules = rules_of[one.version_id]
            letter = rules.letter
            if letter is None or not failed:
                continue
            order = letter.kind == "order"
            kind = Paper.Kind.ORDER_TO_CORRECT if order else Paper.Kind.SUPERVISION_LETTER
            goes = None if order or unit is None or not unit.can_lead else unit
            titles = [item.fault for item in rules.items if item.code in failed]
            word = "责令整改通知书" if order else "督办函"
            papers.append(
                Paper(
                    kind=kind, year=one.day.year, number=0, title=f"关于「{one.place_title}」的{word}"[:200],
                    body="\n".join(f"{place}. {title}" for place, title in enumerate(titles, start=1)),
                    subject_kind="round", subject_id=one.pk, subject_label=one.number, addressee=goes,
                    addressee_name="" if goes else one.place_title[:120], area_path=one.area_path,
                    issued_at=one.ended_at, issued_by=one.made_by, reply_due_at=one.ended_at + 5 * _DAY,
                    received_at=one.ended_at, received_name="现场签收" if goes is None else "",
                    replied_at=one.ended_at + 4 * _DAY, reply="已按要求整改完毕，附照片。",
                )
            )  # fmt: skip
            of.append(one)
        self.number(papers)
        stored = Paper.objects.bulk_create(papers, batch_size=2000)
        for one, paper in zip(of, stored, strict=True):
            one.paper = paper
        log_new_chains(
            "paper",
            [
                _line(
                    p.pk,
                    "paper.issued",
                    p.issued_at,
                    p.issued_by,
                    {"number": p.number, "subject": p.subject_label},
                )
                for p in stored
            ],
        )

    def number(self, papers: list[Paper]) -> None:
        """Numbers without gaps, by kind and year, from each series' last on."""
        counts: dict[tuple[str, int], int] = {}
        for paper in papers:
            counts[paper.kind, paper.year] = counts.get((paper.kind, paper.year), 0) + 1
        nexts = {}
        for (kind, year), count in counts.items():
            nexts[kind, year] = claim_number(kind, year)
            PaperSeries.objects.filter(kind=kind, year=year).update(last_number=F("last_number") + count - 1)
        for paper in papers:
            paper.number = nexts[paper.kind, paper.year]
            nexts[paper.kind, paper.year] += 1

    # -- measures

    def measures(self, row: Mapping[str, Any]) -> None:
        """Plates, suspensions, closures and things seized, each with the steps of its procedure."""
        dice = self.dice("measures")
        rounds = Round.objects.filter(version__standard__code=row["standard"])
        rounds = rounds.select_related("item", "made_by__department")
        by_item = {one.item_id: one for one in rounds.order_by("ended_at")}
        food = [one for one in by_item.values() if one.item and one.item.data.get("kind") == row["kind"]]
        good = [one for one in food if not one.failed][: row["red"]]
        bad = sorted(food, key=lambda one: one.tenths)[: row["black"]]
        marked = {one.pk for one in (*good, *bad)}
        others = [one for one in by_item.values() if one.pk not in marked]
        others.sort(key=lambda one: one.tenths)
        kinds = Measure.Kind
        wanted = [
            (kinds.RED_PLATE, good),
            (kinds.BLACK_PLATE, bad),
            (kinds.SUSPENSION, bad[: row["suspended"]]),
        ]
        wanted += [(kinds.CLOSURE, others[: row["closed"]]), (kinds.SEIZURE, bad[: row["seizures"]])]
        pieces = iter(shares(row["pieces"], [1.0] * row["seizures"]))
        made = []
        for kind, among in wanted:
            for one in among:
                at = one.ended_at + 7 * _DAY + dice.randint(20, 90) * _MINUTE
                day = at.astimezone(BEIJING).date()
                seized = next(pieces) if kind == kinds.SEIZURE else 0
                lifted = kind == kinds.SUSPENSION
                made.append(
                    Measure(
                        kind=kind, state=Measure.State.LIFTED if lifted else Measure.State.IN_FORCE, item=one.item,
                        round=one, place_title=one.place_title, area_path=one.area_path,
                        subdistrict_id=one.subdistrict_id, department=one.made_by.department if one.made_by else None,
                        reason=_GOOD if kind == kinds.RED_PLATE else _BAD,
                        basis="" if kind in (kinds.RED_PLATE, kinds.BLACK_PLATE) else _LAW, pieces=seized,
                        inventory=f"经营工具、设备 {seized} 件" if seized else "",
                        begun_at=at - 7 * _DAY,
                        begun_by=one.made_by, decided_on=day, until=day + 15 * _DAY if lifted else None,
                        ended_at=at + 15 * _DAY if lifted else None, ended_by=one.made_by if lifted else None,
                        ended_words="复查合格。" if lifted else "",
                    )
                )  # fmt: skip
        stored = Measure.objects.bulk_create(made, batch_size=500)
        MeasureStep.objects.bulk_create(
            (
                MeasureStep(
                    measure=one, code=code, at=one.begun_at + (7 * _DAY if code in _LATE else place * _HOUR),
                    by=one.begun_by, words="按程序办理。",
                )
                for one in stored
                for place, code in enumerate(STEPS[one.kind])
            ),
            batch_size=2000,
        )  # fmt: skip
        log_new_chains(
            "measure",
            [
                _line(one.pk, "measure.begun", one.begun_at, one.begun_by, {"kind": one.kind})
                for one in stored
            ],
        )
        self.papers_of(stored)
        for closed in stored:
            if closed.kind == kinds.CLOSURE:
                words = str(closed.get_kind_display())
                set_item_state(closed.item, state="shut down", actor=None, words=words)

    def papers_of(self, measures: list[Measure]) -> None:
        of = [one for one in measures if "serve" in STEPS[one.kind]]
        papers = [
            Paper(
                kind=Paper.Kind.DECISION, year=one.decided_on.year if one.decided_on else self.today.year, number=0,
                title=f"关于对「{one.place_title}」{one.get_kind_display()}的决定"[:200],
                body=f"经查：{one.reason}\n依据：{one.basis}\n决定：{one.get_kind_display()}。", subject_kind="measure",
                subject_id=one.pk, subject_label=f"处理{one.pk}", addressee_name=one.place_title,
                area_path=one.area_path, issued_at=one.begun_at + 7 * _DAY, issued_by=one.begun_by,
                received_at=one.begun_at + 7 * _DAY, received_name="现场签收",
            )
            for one in of
        ]  # fmt: skip
        self.number(papers)
        for one, paper in zip(of, Paper.objects.bulk_create(papers), strict=True):
            one.paper = paper
        Measure.objects.bulk_update(of, ["paper"])
        log_new_chains(
            "paper",
            [_line(p.pk, "paper.issued", p.issued_at, p.issued_by, {"number": p.number}) for p in papers],
        )

    # -- bulletins and awards

    def bulletins(self, row: Mapping[str, Any]) -> None:
        """The issues, the last of them a few days ago; open problems stand in the newest."""
        series = BulletinSeries.objects.filter(code=row["series"]).select_related("campaign").first()
        if series is None:
            return
        takes = series.rules.takes.values
        rows = Case.objects.filter(
            ledger__code__in=takes.get("ledger") or [row["ledger"]], channel="inspection"
        )
        if takes.get("category"):
            rows = rows.filter(category__code__in=takes["category"])
        seen = rows.order_by("reported_at", "pk").values_list("pk", "reported_at")
        fixed, still = seen.filter(status=Status.CLOSED), seen.exclude(status=Status.CLOSED)
        last = self.now.replace(second=0, microsecond=0) - 2 * _HOUR
        if row.get("last"):
            last = dt.datetime.combine(row["last"], dt.time(17), tzinfo=BEIJING)
        year = last.astimezone(BEIJING).year
        ended = [pk for pk, at in fixed if at.astimezone(BEIJING).year == year]
        if row.get("last"):  # evenly over its year
            ended = [ended[place * len(ended) // row["fixed"]] for place in range(row["fixed"])]
        chosen = ended[-row["fixed"] :] + [pk for pk, _at in still[: row["notified"] - row["fixed"]]]
        told = rows.select_related("department").in_bulk(chosen)
        days = [
            last - (row["issues"] - number) * row["every_days"] * _DAY
            for number in range(1, row["issues"] + 1)
        ]
        # Each problem stands in the first issue after it was seen.
        held: list[list[Case]] = [[] for _day in days]
        for case in map(told.__getitem__, chosen):
            held[next((place for place, at in enumerate(days) if at > case.reported_at), -1)].append(case)
        for number, (at, cases) in enumerate(zip(days, held, strict=True), start=1):
            self.bulletin(series, number, cases, at, year)

    def bulletin(
        self, series: BulletinSeries, number: int, cases: list[Case], at: dt.datetime, year: int
    ) -> None:
        reported = [timezone.localdate(case.reported_at) for case in cases] or [timezone.localdate(at)]
        found = Bulletin.objects.create(
            series=series, year=year, number=number, title=series.title, ending=series.rules.ask,
            first_day=min(reported), last_day=max(reported), drafted_at=at - _HOUR, drafted_by=self.supervisor,
            issued_at=at, intro="本周督导组对各点位逐一查看，问题通报如下。",
        )  # fmt: skip
        BulletinLine.objects.bulk_create(
            BulletinLine(
                bulletin=found,
                position=place,
                case=case,
                words=case.title[:300],
                unit=str(case.department or "")[:120],
            )
            for place, case in enumerate(cases, start=1)
        )
        with of_record():
            found.paper = issue_paper(
                kind=Paper.Kind.BULLETIN, subject=found, subject_label=found.issue, addressee=None,
                title=f"{found.title}（{found.issue}）", body=body_of(found), actor=self.supervisor, at=at,
                addressee_name=series.rules.to,
            )  # fmt: skip
        found.save(update_fields=["paper"])
        log(found, "bulletin.issued", actor=self.supervisor, at=at, issue=found.issue, lines=len(cases))

    def awards(self, rows: Sequence[Mapping[str, Any]]) -> None:
        areas = sorted(self.areas.values(), key=lambda area: area.code)
        villages = [area for area in areas if area.level == Area.Level.VILLAGE]
        streets = [area for area in areas if area.level == Area.Level.SUBDISTRICT]
        for place, row in enumerate(rows):
            campaign = Campaign.objects.filter(code=row["campaign"]).first()
            among = villages if row["level"] == "province" else streets
            if campaign is None or not among:
                continue
            record_award(
                campaign, level=row["level"], title=row["title"], awarded_on=row["awarded_on"],
                amount=Decimal(row["amount"]),
                words=row["words"], area=among[place % len(among)], actor=self.supervisor,
            )  # fmt: skip


def _line(pk: int, code: str, at: dt.datetime, actor: User | None, data: Mapping[str, Any]) -> str:
    """One first entry of a chain as COPY reads it."""
    said = json.dumps(data, ensure_ascii=False).replace("\\", "\\\\")
    name = str(actor or "").replace("\\", "").replace("\t", " ")
    return f"{pk}\t1\t{code}\t{at.isoformat()}\t{actor.pk if actor else chr(92) + 'N'}\t{name}\t{said}"
