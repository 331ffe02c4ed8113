"""Real records from elsewhere, run through the product: citizens' messages, 311 cases, hotline orders.

Each import reads a CSV file, says which rows are wrong (row, column, what to do), takes in the rest through the
bulk path and reports what it found. The same file again adds nothing. What is not the district's own (311
cases, another city's orders) goes to a ledger marked as a trial, which is closed for new cases.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import shapely
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.history import Dispatched, Filed, Handled, Joined, Loaded, PastCase, Step, load_history
from huying.cases.models import Category, Ledger
from huying.cases.suggest import guess_categories
from huying.core.search import normalise
from huying.core.yaml_files import read_yaml
from huying.people.models import Department, User
from huying.places.actions import bump_map_version
from huying.places.clock import BEIJING
from huying.places.locate import current_index
from huying.places.models import Area
from huying.places.where import Where

Say = Callable[[str], object]
Row = tuple[int, dict[str, str]]  # the line in the file, and its cells by column
_SHOWN = 20


@dataclass(frozen=True)
class Mistake:
    """A cell that can't be taken, and what to do about it. `row` counts from 1, which is the line of headings."""

    row: int
    column: str
    sentence: str | Promise

    def __str__(self) -> str:
        return _("第 %(row)s 行，%(column)s：%(sentence)s") % {
            "row": self.row, "column": self.column, "sentence": self.sentence,
        }  # fmt: skip


@dataclass
class ImportResult:
    """What an import did. `figures` are what it measured, as fractions or counts."""

    rows: int = 0
    taken: int = 0
    merged: int = 0
    passed_over: int = 0
    mistakes: list[Mistake] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """Wrong rows are no failure of the command: they are said, and the rest is in."""
        return 0

    def count(self, loaded: Loaded) -> None:
        self.taken, self.passed_over = loaded.cases, loaded.passed_over


def run(kind: str, path: Path | str, report: Say = print) -> ImportResult:
    """Import `messages`, `cases311` or `orders` from a CSV file. KeyError for another kind.

    Raises ImproperlyConfigured, before anything is written, for a file that is not there or has other columns.
    """
    work = {"messages": _messages, "cases311": _cases311, "orders": _orders}[kind]
    started = time.monotonic()
    result = ImportResult()
    work(Path(path), result, report)
    result.seconds = time.monotonic() - started
    for mistake in result.mistakes[:_SHOWN]:
        report(str(mistake))
    if len(result.mistakes) > _SHOWN:
        report(_("还有 %(more)s 处错误没有列出。") % {"more": len(result.mistakes) - _SHOWN})
    if result.passed_over:
        report(_("%(count)s 件以前已经导入，没有重复。") % {"count": f"{result.passed_over:,}"})
    report(
        _(
            "共 %(rows)s 行：导入 %(taken)s 件，并入 %(merged)s 件，%(wrong)s 处错误；"
            "用时 %(seconds)s 秒，每秒 %(rate)s 行。"
        )
        % {
            "rows": f"{result.rows:,}", "taken": f"{result.taken:,}", "merged": f"{result.merged:,}",
            "wrong": f"{len(result.mistakes):,}", "seconds": f"{result.seconds:.1f}",
            "rate": f"{result.rows / max(result.seconds, 0.001):,.0f}",
        }
    )  # fmt: skip
    return result


# -- reading -------------------------------------------------------------------------------------------------


def _read(path: Path, needed: Sequence[Sequence[str]]) -> tuple[list[Row], tuple[str, ...], str]:
    """The rows, the first set of `needed` columns that the file has, and a key for its content."""
    if path.is_dir():
        raise ImproperlyConfigured(_("%s 是一个文件夹，请写出其中的 CSV 文件。") % path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(_("读不了 %(path)s：%(error)s") % {"path": path, "error": error}) from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise ImproperlyConfigured(_("%s 不是文本文件。请另存为 UTF-8 编码的 CSV。") % path)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or ()
    found = next((tuple(names) for names in needed if set(names) <= set(columns)), None)
    if found is None:
        wanted = _("，或 ").join("、".join(names) for names in needed)
        raise ImproperlyConfigured(
            _("%(path)s 的列不对：需要 %(wanted)s；文件里是 %(found)s。")
            % {"path": path.name, "wanted": wanted, "found": "、".join(columns) or _("空")}
        )
    # Numbered as a spreadsheet numbers them: a cell with line breaks is still one row.
    rows = [
        (number, {column: (cell or "").strip() for column, cell in row.items() if column})
        for number, row in enumerate(reader, start=2)
    ]
    return rows, found, hashlib.sha256(data).hexdigest()[:16]


_MOMENT_HELP = gettext_lazy("时间看不懂：请写成 2019/11/10 18:59:24 的样子。")
_MOMENTS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d",
    "%Y-%m-%d",
)


def _moment(text: str) -> dt.datetime:
    """A moment as spreadsheets write it, in Beijing time. ValueError otherwise."""
    for shape in _MOMENTS:
        try:
            return dt.datetime.strptime(text, shape).replace(tzinfo=BEIJING)
        except ValueError:
            continue
    raise ValueError(text)


# -- messages ------------------------------------------------------------------------------------------------

# The columns of each kind of file: subject, words, time, label, reply's time; "" where a file has none.
_MESSAGE_FILES = (
    {
        "title": "留言主题",
        "words": "留言详情",
        "time": "留言时间",
        "number": "留言编号",
        "replied": "答复时间",
    },
    {"title": "留言主题", "words": "留言详情", "time": "留言时间", "number": "留言编号"},
    {"title": "title", "words": "detail", "time": "time", "label": "label"},
    {"title": "title", "label": "label"},
)


def _messages(path: Path, result: ImportResult, report: Say) -> None:
    """Citizens' messages come in as reports of the netizens' channel; repeated texts join the first."""
    rows, columns, key = _read(path, [tuple(names.values()) for names in _MESSAGE_FILES])
    names = next(names for names in _MESSAGE_FILES if tuple(names.values()) == columns)
    ledger = Ledger.objects.filter(code="minhu", active=True).first()
    if ledger is None:
        raise ImproperlyConfigured(_("没有民呼必应台账（minhu）。请先运行 huying pack load。"))
    categories = list(ledger.categories.filter(active=True).select_related("topic__parent", "ledger"))
    fallback = next((c for c in categories if c.topic and c.topic.code == "other"), categories[-1])
    labels = _topic_labels()
    topics: Counter[str] = Counter()
    right = asked = 0
    delays: list[float] = []
    cases: dict[str, PastCase] = {}
    for line, row in rows:
        result.rows += 1
        title = row[names["title"]]
        words = " ".join(row[names["words"]].split()) if "words" in names else title
        moment = _message_moment(line, row, names, result)
        if not words:
            result.mistakes.append(
                Mistake(line, names.get("words", names["title"]), _("没有内容：请补上留言，或删去这一行。"))
            )
        if not words or moment is None:
            continue
        if replied := row.get(names.get("replied", ""), ""):
            delays.append((_moment(replied) - moment).total_seconds() / 86_400)
        same = normalise(words)
        if first := cases.get(same):
            first.steps = [*first.steps, Joined(max(moment, first.reported_at), words, "netizen")]
            result.merged += 1
            continue
        guesses = guess_categories(categories, words, title, at_most=1)
        category = guesses[0].category if guesses else fallback
        assert category.topic is not None
        root = category.topic.parent or category.topic
        topics[root.title] += 1
        if "label" in names:
            asked += 1
            right += labels.get(category.topic.code, "") == row[names["label"]]
        cases[same] = PastCase(
            ledger=ledger, category=category, channel="netizen", title=(title or words)[:60], words=words,
            reported_at=moment, external_number=row.get(names.get("number", ""), "")[:60], where=Where(),
        )  # fmt: skip
    for case in cases.values():
        case.steps = sorted(case.steps, key=lambda step: step.at)
    result.count(load_history(cases.values(), key=f"messages-{key}", report=report))
    report(_("按主题：%s") % "、".join(f"{title} {count:,}" for title, count in topics.most_common(12)))
    if asked:
        result.figures["agreement"] = right / asked
        report(
            _("主题与原标签一致：%(right)s / %(asked)s = %(share)s")
            % {"right": f"{right:,}", "asked": f"{asked:,}", "share": f"{right / asked:.1%}"}
        )
    if missing := result.figures.get("without_time"):
        report(_("%s 条没有留言时间，按今天收到。") % f"{missing:,.0f}")
    if delays:
        delays.sort()
        result.figures["reply_days"] = delays[len(delays) // 2]
        report(_("答复用时中位数：%.0f 天") % result.figures["reply_days"])


def _message_moment(
    line: int, row: Mapping[str, str], names: Mapping[str, str], result: ImportResult
) -> dt.datetime | None:
    """When the message was written; one without a time comes in as of now. None for a time that can't be read."""
    found = None
    for column in filter(None, (names.get("time"), names.get("replied"))):
        try:
            moment = _moment(row[column]) if row[column] else None
        except ValueError:
            result.mistakes.append(Mistake(line, column, _MOMENT_HELP))
            return None
        found = found or moment
    if found is None:
        result.figures["without_time"] = result.figures.get("without_time", 0) + 1
    return found or timezone.now().astimezone(BEIJING).replace(microsecond=0)


def _topic_labels() -> dict[str, str]:
    """Each topic's label for comparison with labelled messages, from the pack; a small topic has its parent's."""
    file = settings.PACK / "topics.yaml"
    rows = read_yaml(file)["list"] if file.exists() else []
    own = {row["code"]: row.get("label", "") for row in rows}
    return {row["code"]: row.get("label") or own.get(row.get("parent", ""), "") for row in rows}


# -- 311 cases -----------------------------------------------------------------------------------------------

_POLICE = "police"
_CASES311 = ("case_enquiry_id", "open_dt", "closed_dt", "target_dt", "type", "department", "latitude", "longitude",
             "police_district", "case_title", "location")  # fmt: skip
# Cases without a place of their own carry this point, the city hall, in the city's file.
_FALLBACK_POINT = (-71.0587, 42.3594)


def _cases311(path: Path, result: ImportResult, report: Say) -> None:
    """Real cases over an own layer of areas: how often does the point lie in the recorded police district?"""
    rows, _columns, key = _read(path, [_CASES311])
    areas = _police_districts(path.parent / "police_districts.geojson")
    trial = _Trial("cases311", _("试验：311 案件"))
    inside = _located(rows, result)
    cases = []
    agree = compared = without_target = 0
    for line, row in rows:
        result.rows += 1
        where, recorded = inside.get(line), row["police_district"]
        if (
            where is not None
            and recorded
            and (float(row["longitude"]), float(row["latitude"])) != _FALLBACK_POINT
        ):
            compared += 1
            agree += where == f"{_POLICE}-{recorded}"
        try:
            times = {
                name: _moment(row[name]) if row[name] else None
                for name in ("open_dt", "target_dt", "closed_dt")
            }
        except ValueError as error:
            column = next(n for n in ("open_dt", "target_dt", "closed_dt") if row[n] == str(error))
            result.mistakes.append(Mistake(line, column, _MOMENT_HELP))
            continue
        opened, target, closed = times["open_dt"], times["target_dt"], times["closed_dt"]
        if opened is None:
            result.mistakes.append(Mistake(line, "open_dt", _("没有时间：请补上，或删去这一行。")))
            continue
        if closed is not None and closed < opened:
            result.mistakes.append(Mistake(line, "closed_dt", _("结案早于上报：请改正其中一个时间。")))
            continue
        without_target += target is None
        area = areas.get(where or "")
        place = (float(row["longitude"]), float(row["latitude"])) if where is not None else (None, None)
        steps: list[Step] = [
            Filed(opened),
            Dispatched(
                opened, trial.department(row["department"] or "-"), _("原记录的单位。"), "hand", due_at=target
            ),
        ]
        if closed is not None:
            steps.append(Handled(closed, trial.account, row.get("closure_reason", "")[:500]))
        cases.append(
            PastCase(
                ledger=trial.ledger, category=trial.category(row["type"] or "-"), channel="import",
                title=row["case_title"][:120], words=row["case_title"], reported_at=opened, steps=steps,
                lng=place[0], lat=place[1], address=" ".join(row["location"].split())[:160],
                where=Where(area.pk, area.path) if area else Where(), external_number=row["case_enquiry_id"],
            )
        )  # fmt: skip
    cases.sort(key=lambda case: case.reported_at)
    result.count(load_history(cases, key=f"cases311-{key}", report=report))
    result.figures |= {
        "agreement": agree / max(1, compared),
        "compared": compared,
        "no_target": without_target,
    }
    report(
        _("点落在原记录的警区：%(agree)s / %(compared)s = %(share)s（不含没有自己地点的案件）")
        % {"agree": f"{agree:,}", "compared": f"{compared:,}", "share": f"{agree / max(1, compared):.2%}"}
    )
    report(_("没有时限的案件：%(share)s") % {"share": f"{without_target / max(1, result.rows):.0%}"})


def _located(rows: Iterable[Row], result: ImportResult) -> dict[int, str]:
    """The police area's code (or "" for none) of every row that has a point."""
    lines, lngs, lats = [], [], []
    for line, row in rows:
        if not row["latitude"] or not row["longitude"]:
            continue
        for column, most in (("longitude", 180), ("latitude", 90)):
            try:
                value = float(row[column])
                if not -most <= value <= most:
                    raise ValueError
            except ValueError:
                result.mistakes.append(
                    Mistake(line, column, _("不是经纬度：请写成小数的度数，例如 42.2715。"))
                )
                row["latitude"] = row["longitude"] = ""
                break
        else:
            lines.append(line)
            lngs.append(float(row["longitude"]))
            lats.append(float(row["latitude"]))
    found = current_index().locate_many(lngs, lats, _POLICE)
    return {line: one.area_code or "" for line, one in zip(lines, found, strict=True)}


def _police_districts(file: Path) -> dict[str, Area]:
    """The police districts as areas of a layer of their own; the district's own map stays as it is."""
    if not file.exists():
        raise ImproperlyConfigured(_("缺少 %s：请把警区边界放在案件文件旁边。") % file.name)
    changed = False
    with transaction.atomic():
        for feature in json.loads(file.read_text(encoding="utf-8"))["features"]:
            name = feature["properties"]["DISTRICT"]
            shape = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
            west, south, east, north = shape.bounds
            code = f"{_POLICE}-{name}"
            _area, created = Area.objects.get_or_create(
                code=code,
                defaults={
                    "title": _("警区 %s（试验）") % name, "title_en": f"Police district {name} (trial)",
                    "level": Area.Level.GRID, "layer": _POLICE, "path": f"{code}/", "demonstration": True,
                    "boundary": shapely.geometry.mapping(shape), "west": west, "south": south, "east": east,
                    "north": north,
                },
            )  # fmt: skip
            changed = changed or created
        if changed:
            bump_map_version()
    return {area.code: area for area in Area.objects.filter(layer=_POLICE)}


class _Trial:
    """A ledger for records that are not the district's own: it takes no new cases and is never public.

    Its departments can't be chosen for other cases, and its account can't sign in.
    """

    def __init__(self, code: str, title: str) -> None:
        self.code = code
        declaration = {
            "ledger": code, "title": {"zh": title}, "channels": ["import"], "contact": "none",
            "stages": ["handle"], "callback": {"ask": False},
        }  # fmt: skip
        self.ledger, _created = Ledger.objects.get_or_create(
            code=code, defaults={"title": title, "declaration": declaration, "active": False}
        )
        self.account, _created = User.objects.get_or_create(
            username=f"import-{code}", defaults={"name": _("批量导入"), "is_active": False}
        )
        self._departments = {d.title: d for d in Department.objects.filter(code__startswith=f"{code}-")}
        self._categories = {
            c.title: c for c in self.ledger.categories.select_related("topic__parent", "ledger")
        }

    def department(self, title: str) -> Department:
        if title not in self._departments:
            self._departments[title] = Department.objects.create(
                code=f"{self.code}-{len(self._departments) + 1}", title=title[:120], can_lead=False,
                kind=Department.Kind.DISTRICT_DEPARTMENT, valid_to=timezone.localdate() - dt.timedelta(days=1),
            )  # fmt: skip
        return self._departments[title]

    def category(self, title: str) -> Category:
        if title not in self._categories:
            self._categories[title] = Category.objects.create(
                ledger=self.ledger,
                code=f"{len(self._categories) + 1}",
                title=title[:120],
                limit="",
                active=False,
            )
        return self._categories[title]


# -- orders --------------------------------------------------------------------------------------------------

_ORDERS = ("REPORT_NUM", "CREATE_TIME", "STREET_NAME", "COMMUNITY_NAME", "EVENT_TYPE_NAME", "MAIN_TYPE_NAME",
           "SUB_TYPE_NAME", "OCCUR_PLACE", "DISPOSE_UNIT_NAME")  # fmt: skip
_BRACKETS = re.compile(r"[（(].*?[)）]")
_LEARNED_SHARE = 0.75
# From the most particular to the most general: which columns are the same as in the order to be dispatched.
_LIKENESS = (
    ("SUB_TYPE_NAME", "COMMUNITY_NAME"),
    ("SUB_TYPE_NAME", "STREET_NAME"),
    ("SUB_TYPE_NAME",),
    ("EVENT_TYPE_NAME", "STREET_NAME"),
    ("EVENT_TYPE_NAME",),
    ("STREET_NAME",),
)
_ENOUGH = 3.0


def _orders(path: Path, result: ImportResult, report: Say) -> None:
    """Another city's orders with the unit that handled each: would a plain count have suggested it?"""
    rows, _columns, key = _read(path, [_ORDERS])
    good: list[tuple[dt.datetime, dict[str, str]]] = []
    for line, row in rows:
        result.rows += 1
        try:
            moment = _moment(row["CREATE_TIME"])
        except ValueError:
            result.mistakes.append(Mistake(line, "CREATE_TIME", _MOMENT_HELP))
            continue
        row = {column: "" if cell == "-" else cell for column, cell in row.items()}
        if not row["DISPOSE_UNIT_NAME"]:
            result.mistakes.append(
                Mistake(line, "DISPOSE_UNIT_NAME", _("没有处置单位：请补上，或删去这一行。"))
            )
            continue
        row["unit"] = _BRACKETS.sub("", row["DISPOSE_UNIT_NAME"]).strip() or row["DISPOSE_UNIT_NAME"]
        good.append((moment, row))
    good.sort(key=lambda pair: pair[0])
    _load_orders(good, key, result, report)
    learned = int(len(good) * _LEARNED_SHARE)
    counts = UnitCounts(row for _moment, row in good[:learned])
    asked = good[learned:]
    first = third = 0
    for _when, row in asked:
        suggested = counts.suggest(row)
        first += row["unit"] in suggested[:1]
        third += row["unit"] in suggested[:3]
    if asked:
        result.figures |= {"top1": first / len(asked), "top3": third / len(asked)}
        report(
            _(
                "按类型和地点数以往的件来建议：前 %(learned)s 件学，后 %(asked)s 件考；"
                "第一个就对 %(top1)s，前三个里有 %(top3)s。"
            )
            % {
                "learned": f"{learned:,}", "asked": f"{len(asked):,}", "top1": f"{first / len(asked):.1%}",
                "top3": f"{third / len(asked):.1%}",
            }
        )  # fmt: skip
        report(_("规则：从最相近的件（同一小类、同一社区）数起，不够再放宽；只作建议，由人决定。"))


class UnitCounts:
    """Who handled orders like this one? Counting with back-off, nothing else: anyone can recount it.

    Each level of likeness hands what it does not know over to the next wider one: the share of a unit is
    (its count here + k × its share in the wider level) / (all counts here + k), with k = `_ENOUGH` orders.
    """

    def __init__(self, orders: Iterable[Mapping[str, str]]) -> None:
        self._counts: list[dict[tuple[str, ...], Counter[str]]] = [
            defaultdict(Counter) for _level in _LIKENESS
        ]
        self._all: Counter[str] = Counter()
        for order in orders:
            self._all[order["unit"]] += 1
            for level, columns in zip(self._counts, _LIKENESS, strict=True):
                level[tuple(order[column] for column in columns)][order["unit"]] += 1

    def suggest(self, order: Mapping[str, str]) -> list[str]:
        """Units, likeliest first."""
        total = sum(self._all.values()) or 1
        share = {unit: count / total for unit, count in self._all.items()}
        for level, columns in zip(reversed(self._counts), reversed(_LIKENESS), strict=True):
            here = level.get(tuple(order[column] for column in columns))
            if not here:
                continue
            known = sum(here.values())
            share = {
                unit: (here.get(unit, 0) + _ENOUGH * wider) / (known + _ENOUGH)
                for unit, wider in share.items()
            }
        return sorted(share, key=lambda unit: (-share[unit], unit))


def _load_orders(
    orders: Sequence[tuple[dt.datetime, dict[str, str]]], key: str, result: ImportResult, report: Say
) -> None:
    """The orders on a trial ledger. The file has no time of closing, so they are closed as of the import."""
    trial = _Trial("orders", _("试验：外地热线工单"))
    now = timezone.now().astimezone(BEIJING).replace(microsecond=0)

    def cases() -> Iterator[PastCase]:
        for moment, row in orders:
            kind = row["SUB_TYPE_NAME"] or row["MAIN_TYPE_NAME"] or row["EVENT_TYPE_NAME"] or "-"
            place = "".join(row[column] for column in ("STREET_NAME", "COMMUNITY_NAME", "OCCUR_PLACE"))
            yield PastCase(
                ledger=trial.ledger, category=trial.category(kind), channel="import", title=f"{kind}（{place}）"[:60],
                words=" ".join(filter(None, (row["EVENT_TYPE_NAME"], row["MAIN_TYPE_NAME"], kind, place))),
                reported_at=moment, address=place[:160], where=Where(), external_number=row["REPORT_NUM"],
                steps=[
                    Filed(moment),
                    Dispatched(moment, trial.department(row["unit"]), _("原记录的单位。"), "hand"),
                    Handled(now, trial.account, _("原记录只有处置单位，没有办结时间和结果。")),
                ],
            )  # fmt: skip

    result.count(load_history(cases(), key=f"orders-{key}", report=report))
