"""History enters in bulk: many past cases at once, with the journal that the actions would have written.

A past case is what was reported and the steps that followed, in order. Rows and journal are both folded from
the steps, so that they can't differ. Steps take the keys and codes of `cases.actions`; deadlines come from the
same clock. Nobody is told of the past: no notices are written, and rungs of the ladder are armed only for cases
that are still running.

Rows enter by COPY, a batch in one transaction; a batch that was loaded once is passed over, so an interrupted
load is simply started again.
"""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from huying.cases import clock
from huying.cases.models import (
    REPORTER,
    WITH_DEPARTMENT,
    Callback,
    Case,
    CaseFile,
    CaseReturn,
    Category,
    Check,
    Extension,
    HistoryBatch,
    Ledger,
    Report,
    Request,
    Status,
    new_token,
)
from huying.cases.tallies.folding import fold_all
from huying.core import journal, temporal
from huying.core.keys import new_keys
from huying.core.models import StoredFile
from huying.core.search import _RUN, normalise, tokens
from huying.people.models import Department, User
from huying.places.clock import BEIJING, TimeLimit, parse_limit
from huying.places.district import region_code
from huying.places.where import Where, where_is
from huying.places.work_calendar import current_calendar

Say = Callable[[str], object]
Who = User | None
BATCH = 20_000
_LOAD_LOCK = 7_201_004


# -- what happened -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Filed:
    """Accepted; by nobody where the ledger has no filing desk."""

    at: dt.datetime
    by: Who = None


@dataclass(slots=True)
class Dispatched:
    """Handed to the department, with the sentence that says why and the rule it came from."""

    at: dt.datetime
    department: Department
    why: str
    rule: str
    by: Who = None
    arbitrated: bool = False
    due_at: dt.datetime | None = None  # what another system had promised; else the category's limit counts


@dataclass(slots=True)
class TakenUp:
    at: dt.datetime
    by: User


@dataclass(slots=True)
class Returned:
    """The department gave the case back."""

    at: dt.datetime
    by: User
    reason: str


@dataclass(slots=True)
class Extended:
    """Asked, approved at the department, granted by the district: the original limit once more."""

    at: dt.datetime
    by: User
    first_at: dt.datetime
    first_by: User
    granted_at: dt.datetime
    granted_by: User
    reason: str


@dataclass(slots=True)
class Urged:
    at: dt.datetime
    by: Who = None
    words: str = ""


@dataclass(slots=True)
class Handled:
    """What the department did."""

    at: dt.datetime
    by: User
    answer: str
    handling: dict[str, Any] = field(default_factory=dict)
    photos: Sequence[StoredFile] = ()


@dataclass(slots=True)
class SentBack:
    at: dt.datetime
    by: User
    reason: str


@dataclass(slots=True)
class Checked:
    at: dt.datetime
    by: User
    words: str = ""
    refusals: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class CalledBack:
    """What the reporter said, to `by` or, without, on their own tracking page."""

    at: dt.datetime
    by: Who = None
    answered: bool = True
    contacted: bool | None = None
    solved: bool | None = None
    grade: int | None = None
    words: str = ""


@dataclass(slots=True)
class Closed:
    at: dt.datetime
    by: Who = None
    words: str = ""


@dataclass(slots=True)
class Reopened:
    """Handled again with a fresh limit; by nobody of the staff: the reporter asked."""

    at: dt.datetime
    reason: str
    by: Who = None


@dataclass(slots=True)
class Joined:
    """One more person reported the same."""

    at: dt.datetime
    words: str
    channel: str
    name: str = ""
    phone: str = ""
    by: Who = None


Step = (
    Filed | Dispatched | TakenUp | Returned | Extended | Urged | Handled | SentBack | Checked | CalledBack | Closed
    | Reopened | Joined
)  # fmt: skip


@dataclass(slots=True)
class PastCase:
    """One matter of the past (or one still open): its first report, and the steps in the order they were taken."""

    ledger: Ledger
    category: Category
    channel: str
    title: str
    words: str
    reported_at: dt.datetime
    steps: Sequence[Step] = ()
    name: str = ""
    phone: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    lng: float | None = None
    lat: float | None = None
    address: str = ""
    where: Where | None = None  # worked out from the point when absent
    item_id: int | None = None
    reported_by: Who = None
    external_number: str = ""
    photos: Sequence[StoredFile] = ()


@dataclass(frozen=True)
class Loaded:
    """What a load added; `passed_over` were loaded before."""

    cases: int = 0
    reports: int = 0
    entries: int = 0
    passed_over: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.cases / self.seconds if self.seconds else 0.0


# -- loading -------------------------------------------------------------------------------------------------


def load_history(
    records: Iterable[PastCase], *, key: str, report: Say = lambda line: None, batch: int = BATCH,
    settle: bool = True,
) -> Loaded:  # fmt: skip
    """Load past cases; each batch is one transaction.

    `key` names the load: the same key again passes over the batches that are there already, so `records` must
    come in the same order each time. Raises ValueError for steps in an impossible order. Outside a transaction
    one batch is written while the next is made ready. Without `settle` tallies and statistics are left to a
    load that follows at once.
    """
    started = time.monotonic()
    known = set(HistoryBatch.objects.filter(load=key).values_list("number", flat=True))
    cases = reports = entries = passed_over = 0
    with _one_load_at_a_time(), _writer() as write, _without_garbage_collection():
        serials = _Serials()
        for number, past in enumerate(_batches(records, batch)):
            if number in known:
                passed_over += len(past)
                continue
            folded = _fold_all(serials, past)
            write(folded, key, number)
            cases += len(past)
            reports += len(folded.reports)
            entries += len(folded.entries)
            report(
                _("%(cases)s 件，每秒 %(rate)s 件")
                % {"cases": f"{cases:,}", "rate": f"{cases / (time.monotonic() - started):,.0f}"}
            )
    if cases and settle:
        fold_all()
        _settle()
    return Loaded(cases, reports, entries, passed_over, time.monotonic() - started)


def _batches(records: Iterable[PastCase], size: int) -> Iterator[list[PastCase]]:
    rest = iter(records)
    while batch := list(itertools.islice(rest, size)):
        yield batch


@contextmanager
def _one_load_at_a_time() -> Iterator[None]:
    """Two loads take their numbers one after the other; live intake isn't held up."""
    with connection.cursor() as cursor:
        if connection.in_atomic_block:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOAD_LOCK])
            yield
            return
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOAD_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOAD_LOCK])


@contextmanager
def _writer() -> Iterator[Callable[[_Folded, str, int], None]]:
    """A function that writes a batch: in a thread of its own, one behind, or here where a transaction is open."""
    if connection.in_atomic_block:
        yield _write_batch
        return
    with ThreadPoolExecutor(max_workers=1) as thread:
        under_way: list[Future[None]] = []

        def write(folded: _Folded, key: str, number: int) -> None:
            if under_way:
                under_way.pop().result()
            under_way.append(thread.submit(_write_batch, folded, key, number))

        try:
            yield write
            if under_way:
                under_way.pop().result()
        finally:
            thread.submit(_close).result()


def _close() -> None:
    connection.close()  # the calling thread's own


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Hundreds of thousands of lines are made and none of them in a circle: looking for circles takes a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@transaction.atomic
def _write_batch(folded: _Folded, key: str, number: int) -> None:
    HistoryBatch.objects.create(load=key, number=number, cases=len(folded.cases))
    temporal.note_no_births()
    with connection.cursor() as cursor:
        # Search terms are sorted into their index once a batch instead of every few hundred cases.
        cursor.execute("SET LOCAL gin_pending_list_limit = '256MB'")
        for table, columns, lines in folded.tables():
            if lines:
                with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                    copy.write("\n".join(lines))
    journal.log_new_chains("case", folded.entries)


def _settle() -> None:
    """Without fresh statistics the first pages after a load are planned as if the tables were empty, and search
    would read through the terms that were not yet sorted in."""
    tables = (Case, Report, Callback, Check)
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('case_search')")
        for table in (
            *(model._meta.db_table for model in tables),
            "core_journalentry",
            "core_journalhead",
            "cases_tallyshare",
            "cases_tallycell",
            "cases_tallymark",
        ):
            cursor.execute(f"ANALYZE {table}")


# -- numbers -------------------------------------------------------------------------------------------------


_CASE_DIGITS, _REPORT_DIGITS = 5, 6


class _Serials:
    """Numbers for one load: a past day's go on above its present maximum, today's come from the live sequence."""

    def __init__(self) -> None:
        self._today = dt.datetime.now(BEIJING).date()
        self._region = region_code()
        self._last: dict[str, int] = {}

    def of_case(self, day: dt.date) -> str:
        return self._next(day, self._of_case(day), _CASE_DIGITS) or self._live(
            "SELECT next_case_number(%s, %s)", self._region, day
        )

    def of_report(self, day: dt.date) -> str:
        return self._next(day, self._of_report(day), _REPORT_DIGITS) or self._live(
            "SELECT next_report_number(%s)", day
        )

    def look_up(self, of_cases: Iterable[dt.date], of_reports: Iterable[dt.date]) -> None:
        """Ask once how far the numbers of these days have come; needed before a day's first number."""
        self._look_up(Case, set(map(self._of_case, of_cases)), _CASE_DIGITS)
        self._look_up(Report, set(map(self._of_report, of_reports)), _REPORT_DIGITS)

    def _look_up(self, model: type[Case] | type[Report], prefixes: set[str], digits: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT prefix, (SELECT max(number) FROM {model._meta.db_table} "
                "WHERE number BETWEEN prefix || %s AND prefix || %s) FROM unnest(%s::text[]) AS prefix",
                ["0" * digits, "9" * digits, sorted(prefixes - set(self._last))],
            )
            for prefix, highest in cursor.fetchall():
                self._last[prefix] = int(highest[-digits:]) if highest else 0

    def _of_case(self, day: dt.date) -> str:
        return f"{self._region}{day:%Y%m%d}"

    @staticmethod
    def _of_report(day: dt.date) -> str:
        return f"{day:%y%m%d}"

    def _next(self, day: dt.date, prefix: str, digits: int) -> str:
        """The next number of a past day; empty for today, and for a day whose serials have run out."""
        if day >= self._today or self._last[prefix] + 1 >= 10**digits:
            return ""
        self._last[prefix] += 1
        return f"{prefix}{self._last[prefix]:0{digits}d}"

    @staticmethod
    def _live(query: str, *parameters: str | dt.date) -> str:
        with connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return str(cursor.fetchone()[0])


# -- folding steps into rows ---------------------------------------------------------------------------------

_CASE_COLUMNS = (
    "id", "number", "ledger_id", "category_id", "topic_id", "status", "version", "title", "words", "channel",
    "search_text", "search", "lng", "lat", "address", "area_id", "area_path", "subdistrict_id", "compound_id",
    "item_id", "department_id", "handler_id", "why", "needs_arbitration", "reported_at", "filed_at",
    "dispatched_at", "taken_up_at", "handled_at", "checked_at", "closed_at", '"limit"', "clock_started_at", "due_at",
    "due_provisional", "left_when_stopped", "next_rung", "next_rung_at", "reminded", "colour", "overdue", "exempt",
    "excluded", "urges", "returns", "hops", "extensions", "parkings", "reworks", "reopenings", "unsolved",
    "reports_count", "answer", "handling", "handled_by_id", "checked_by_id", "closed_by_id", "plan", "public",
)  # fmt: skip
_REPORT_COLUMNS = (
    "id", "number", "token", "case_id", "channel", "words", "fields", "lng", "lat", "address", "name", "phone",
    "followed", "reported_at", "reported_by_id", "external_number",
)  # fmt: skip
_CALLBACK_COLUMNS = (
    "case_id", "report_id", "answered", "contacted", "solved", "grade", "words", "recorded_at", "recorded_by_id",
)  # fmt: skip
_CHECK_COLUMNS = ("case_id", "passed", "words", "refusals", "checked_at", "checked_by_id")
_FILE_COLUMNS = ("case_id", "report_id", "file_id", "role", "added_at", "added_by_id")
_RETURN_COLUMNS = ("case_id", "department_id", "reason", "returned_at", "returned_by_id")
_EXTENSION_COLUMNS = (
    "case_id", "state", "reason", "asked_at", "asked_by_id", "first_by_id", "first_at", "decided_by_id", "decided_at",
    "decision", "old_due_at", "new_due_at",
)  # fmt: skip


class _Folded:
    """The lines of every table, as COPY reads them."""

    def __init__(self) -> None:
        self.no_filing = _("本台账不设受理环节")
        self.cases: list[str] = []
        self.reports: list[str] = []
        self.callbacks: list[str] = []
        self.checks: list[str] = []
        self.returns: list[str] = []
        self.extensions: list[str] = []
        self.files: list[str] = []
        self.entries: list[str] = []

    def tables(self) -> Iterator[tuple[str, Sequence[str], list[str]]]:
        yield Case._meta.db_table, _CASE_COLUMNS, self.cases
        yield Report._meta.db_table, _REPORT_COLUMNS, self.reports
        yield Callback._meta.db_table, _CALLBACK_COLUMNS, self.callbacks
        yield Check._meta.db_table, _CHECK_COLUMNS, self.checks
        yield CaseReturn._meta.db_table, _RETURN_COLUMNS, self.returns
        yield Extension._meta.db_table, _EXTENSION_COLUMNS, self.extensions
        yield CaseFile._meta.db_table, _FILE_COLUMNS, self.files


def _fold_all(serials: _Serials, past: Sequence[PastCase]) -> _Folded:
    case_ids = new_keys(Case, len(past))
    days = [_day(record.reported_at) for record in past]
    voices = [_voices(record) for record in past]
    serials.look_up(days, (_day(moment) for moments in voices for moment in moments))
    report_ids = iter(new_keys(Report, sum(map(len, voices))))
    folded = _Folded()
    for record, case_id, day, moments in zip(past, case_ids, days, voices, strict=True):
        number = serials.of_case(day)
        reports = [(next(report_ids), serials.of_report(_day(moment))) for moment in moments]
        _Fold(folded, record, case_id, number, reports).run()
    return folded


def _voices(record: PastCase) -> list[dt.datetime]:
    return [record.reported_at, *(step.at for step in record.steps if isinstance(step, Joined))]


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(BEIJING).date()


@lru_cache(maxsize=1024)
def limit_of(text: str) -> TimeLimit:
    """A time limit as it is written, read once for all the cases that have it."""
    return parse_limit(text)


class _Fold:
    """One case on its way: the steps change it as the actions would, and each leaves its journal entry."""

    def __init__(
        self, folded: _Folded, record: PastCase, case_id: int, number: str, reports: list[tuple[int, str]]
    ) -> None:
        self.folded, self.record, self.case_id, self.number = folded, record, case_id, number
        self.reports, self.joined = reports, 0
        self.sequence = 0
        self.status: Status = Status.REPORTED
        self.department: Department | None = None
        self.handler: User | None = None
        self.why = ""
        self.arbitration = False
        self.filed_at: dt.datetime | None = None
        self.dispatched_at: dt.datetime | None = None
        self.taken_up_at: dt.datetime | None = None
        self.handled_at: dt.datetime | None = None
        self.checked_at: dt.datetime | None = None
        self.closed_at: dt.datetime | None = None
        self.limit: TimeLimit | None = None
        self.limit_text = ""
        self.clock_started_at: dt.datetime | None = None
        self.due_at: dt.datetime | None = None
        self.provisional = False
        self.left: dt.timedelta | None = None
        self.armed_at: dt.datetime | None = None
        self.overdue = False
        self.urges = self.returns = self.hops = self.extensions = self.reworks = self.reopenings = (
            self.unsolved
        ) = 0
        self.answer = ""
        self.handling: dict[str, Any] = {}
        self.handled_by: User | None = None
        self.checked_by: User | None = None
        self.closed_by: User | None = None

    def run(self) -> None:
        record = self.record
        self.where = record.where if record.where is not None else where_is(record.lng, record.lat)
        self.log(
            "case.reported", record.reported_at, record.reported_by or REPORTER,
            {
                "report": self.reports[0][1], "channel": str(record.channel), "ledger": record.ledger.code,
                "category": record.category.code, "area": self.where.area_path, "title": record.title,
            },
        )  # fmt: skip
        self.add_report(
            record.words, record.channel, record.reported_at, record.name, record.phone, record.reported_by
        )
        self.add_photos(
            record.photos, CaseFile.Role.REPORTED, record.reported_at, record.reported_by, self.reports[0][0]
        )
        for step in record.steps:
            _FOLDS[type(step)](self, step)
        self.add_case()

    # -- the steps

    def filed(self, step: Filed) -> None:
        self.require("file", Status.REPORTED)
        self.status, self.filed_at = Status.FILED, step.at
        data = {"category": self.record.category.code} if step.by else {"note": self.folded.no_filing}
        self.log("case.filed", step.at, step.by, data)

    def dispatched(self, step: Dispatched) -> None:
        self.require("dispatch", Status.FILED)
        direct = not self.record.ledger.rules.has("dispatch")
        self.status = Status.HANDLING if direct else Status.DISPATCHED
        self.department, self.handler, self.why = step.department, None, step.why[:300]
        self.dispatched_at, self.taken_up_at = step.at, step.at if direct else None
        self.hops += 1
        self.arbitration = False
        if self.clock_started_at is None and self.record.category.limit:
            self.start_clock(self.record.category.limit, step.at)
        self.due_at = step.due_at or self.due_at
        self.armed_at = step.at
        data: dict[str, Any] = {
            "department": step.department.code, "why": step.why, "rule": step.rule, "due_at": _iso(self.due_at),
            "limit": self.limit_text, "provisional": self.provisional,
        }  # fmt: skip
        data = {key: value for key, value in data.items() if value != ""}
        if step.arbitrated:
            data["arbitrated"] = True
        self.log("case.dispatched", step.at, step.by, data)

    def taken_up(self, step: TakenUp) -> None:
        self.require("take_up", Status.DISPATCHED)
        self.status, self.taken_up_at, self.handler = Status.HANDLING, step.at, step.by
        self.log("case.taken_up", step.at, step.by, {"handler": str(step.by)})

    def returned(self, step: Returned) -> None:
        self.require("return", Status.DISPATCHED, Status.HANDLING)
        assert self.department is not None
        self.status, self.handler, self.armed_at = Status.FILED, None, None
        self.returns += 1
        self.arbitration = self.returns >= self.record.ledger.rules.returns_at_most
        self.folded.returns.append(
            f"{self.case_id}\t{self.department.id}\t{_text(step.reason)}\t{_at(step.at)}\t{step.by.id}"
        )
        self.log(
            "case.returned", step.at, step.by,
            {"department": self.department.code, "reason": step.reason, "times": self.returns},
        )  # fmt: skip

    def extended(self, step: Extended) -> None:
        self.require("extend", *WITH_DEPARTMENT)
        assert self.due_at is not None and self.limit is not None
        if step.granted_at > self.due_at:
            raise ValueError(_("案件已经超期，不能再批准延期。"))
        old, new = self.due_at, current_calendar().deadline(self.due_at, self.limit)
        self.due_at, self.provisional, self.armed_at = new.at, new.provisional, step.granted_at
        self.extensions += 1
        self.folded.extensions.append(
            "\t".join((
                str(self.case_id), Request.State.GRANTED.value, _text(step.reason), _at(step.at), str(step.by.id),
                str(step.first_by.id), _at(step.first_at), str(step.granted_by.id), _at(step.granted_at), "",
                _at(old), _at(new.at),
            ))
        )  # fmt: skip
        self.log("case.extension_asked", step.at, step.by, {"reason": step.reason, "limit": self.limit_text})
        self.log("case.extension_first_approved", step.first_at, step.first_by, {})
        data = {"old": _iso(old), "new": _iso(new.at), "reason": step.reason}
        self.log("case.extended", step.granted_at, step.granted_by, data)

    def urged(self, step: Urged) -> None:
        assert self.department is not None
        self.urges += 1
        data: dict[str, Any] = {"department": self.department.code}
        if step.words:
            data["words"] = step.words
        self.log("case.urged", step.at, step.by, data if step.by else {"share": "100%"})

    def handled(self, step: Handled) -> None:
        self.require("report_handled", Status.HANDLING)
        old, rules = self.status, self.record.ledger.rules
        late = self.due_at is not None and step.at > self.due_at
        if step.photos:
            role = CaseFile.Role.AFTER
            self.add_photos(step.photos, role, step.at, step.by)
            files = [photo.sha256 for photo in step.photos]
            self.log("case.files_added", step.at, step.by, {"role": role.value, "files": files})
        self.handled_at, self.handled_by = step.at, step.by
        self.handler = self.handler or step.by
        self.answer, self.handling = step.answer, {**self.handling, **step.handling}
        self.overdue = self.overdue or late
        self.stop_clock(step.at)
        self.status = Status.HANDLED
        if not rules.has("check"):
            self.status = Status.CHECKED if rules.has("close") else Status.CLOSED
        self.log(
            "case.handled", step.at, step.by,
            {
                "old": str(old), "answer": step.answer, "handling": self.handling, "on_time": not late,
                **({"due_at": _iso(self.due_at)} if self.due_at else {}),
            },
        )  # fmt: skip
        if self.status == Status.CLOSED:
            self.closed_at = step.at
            self.log("case.closed", step.at, None, {"note": _("本台账办结即结案")})

    def sent_back(self, step: SentBack) -> None:
        self.require("rework", Status.HANDLED, Status.CHECKED)
        old, self.status = self.status, Status.HANDLING
        self.handled_at = self.checked_at = self.checked_by = None
        self.reworks += 1
        if self.left is not None and self.limit is not None:
            if self.left > dt.timedelta(0):
                self.due_at = current_calendar().shift(step.at, self.left, self.limit.clock)
                self.provisional = clock.is_provisional(step.at, self.due_at, self.limit)
            self.left, self.armed_at = None, step.at
        self.folded.checks.append(
            f"{self.case_id}\tf\t{_text(step.reason)}\t{{}}\t{_at(step.at)}\t{step.by.id}"
        )
        data = {"old": str(old), "reason": step.reason, "due_at": _iso(self.due_at)}
        self.log("case.sent_back", step.at, step.by, data)

    def checked(self, step: Checked) -> None:
        self.require("check", Status.HANDLED)
        assert self.handled_by is not None
        if step.by.id in (self.handled_by.id, self.handler.id if self.handler else None):
            raise ValueError(_("核查人不能是承办人，请换人核查。"))
        self.checked_at, self.checked_by = step.at, step.by
        self.folded.checks.append(
            f"{self.case_id}\tt\t{_text(step.words)}\t{_json(step.refusals)}\t{_at(step.at)}\t{step.by.id}"
        )
        data: dict[str, Any] = {"words": step.words} if step.words else {}
        self.log("case.checked", step.at, step.by, {**data, "refusals": step.refusals})
        self.status = Status.CHECKED
        if not self.record.ledger.rules.has("close"):
            self.status, self.closed_at, self.closed_by = Status.CLOSED, step.at, step.by
            self.log("case.closed", step.at, step.by, {"note": _("本台账核查通过即结案")})

    def called_back(self, step: CalledBack) -> None:
        before = "called_back" in self.record.ledger.rules.gates.get("close", ())
        self.require("call_back", Status.CLOSED, *((Status.CHECKED,) if before else ()))
        report_id, report_number = self.reports[0]
        self.unsolved += step.solved is False
        self.folded.callbacks.append(
            "\t".join((
                str(self.case_id), str(report_id), _bool(step.answered), _bool(step.contacted), _bool(step.solved),
                _or_null(step.grade), _text(step.words), _at(step.at), _id(step.by),
            ))
        )  # fmt: skip
        data: dict[str, Any] = {"report": report_number, "answered": step.answered}
        if step.contacted is not None:
            data["contacted"] = step.contacted
        if step.solved is not None:
            data["solved"] = step.solved
        if step.grade is not None:
            data["grade"] = step.grade
        if step.words:
            data["words"] = step.words
        self.log("case.called_back", step.at, step.by or REPORTER, data)

    def closed(self, step: Closed) -> None:
        self.require("close", Status.CHECKED)
        self.status, self.closed_at, self.closed_by = Status.CLOSED, step.at, step.by
        self.log("case.closed", step.at, step.by, {"words": step.words} if step.words else {})

    def reopened(self, step: Reopened) -> None:
        self.require("reopen", Status.CLOSED)
        self.status = Status.HANDLING
        self.reopenings += 1
        self.closed_at = self.closed_by = self.handled_at = self.checked_at = self.checked_by = None
        self.start_clock(self.limit_text or self.record.category.limit, step.at)
        self.armed_at = step.at
        data: dict[str, Any] = {"reason": step.reason, "due_at": _iso(self.due_at)}
        if step.by is None:
            data["report"] = self.reports[0][1]
        self.log("case.reopened", step.at, step.by or REPORTER, data)

    def joined_in(self, step: Joined) -> None:
        self.joined += 1
        self.add_report(step.words, step.channel, step.at, step.name, step.phone, step.by)
        data = {"report": self.reports[self.joined][1], "channel": str(step.channel)}
        self.log("case.joined", step.at, step.by or REPORTER, data)

    def require(self, verb: str, *statuses: Status) -> None:
        if self.status not in statuses:
            raise ValueError(f"{self.record.title}: {verb} does not follow {self.status}")

    # -- the clock

    def start_clock(self, limit: str, at: dt.datetime) -> None:
        self.limit = limit_of(limit)
        deadline = current_calendar().deadline(at, self.limit)
        self.limit_text, self.clock_started_at = str(self.limit), at
        self.due_at, self.provisional, self.left = deadline.at, deadline.provisional, None

    def stop_clock(self, at: dt.datetime) -> None:
        self.armed_at = None
        if self.due_at is None or self.limit is None:
            return
        elapsed = current_calendar().elapsed
        if at > self.due_at:
            self.left = -elapsed(self.due_at, at, self.limit.clock)
        else:
            self.left = elapsed(at, self.due_at, self.limit.clock)

    # -- the lines

    def log(self, code: str, at: dt.datetime, by: User | str | None, data: dict[str, Any]) -> None:
        self.sequence += 1
        if isinstance(by, User):
            actor, name = str(by.id), _text(str(by))
        else:
            actor, name = _NULL, by or ""
        self.folded.entries.append(
            f"{self.case_id}\t{self.sequence}\t{code}\t{_at(at)}\t{actor}\t{name}\t{_json(data)}"
        )

    def add_report(
        self, words: str, channel: str, at: dt.datetime, name: str, phone: str, by: User | None
    ) -> None:
        record, (report_id, number) = self.record, self.reports[self.joined]
        first = self.joined == 0
        self.folded.reports.append(
            "\t".join((
                str(report_id), number, new_token(), str(self.case_id), channel, _text(words),
                _json(record.fields) if first else "{}", _or_null(record.lng), _or_null(record.lat),
                _text(record.address), _text(name), phone, "f" if first else "t", _at(at), _id(by),
                _text(record.external_number) if first else "",
            ))
        )  # fmt: skip

    def add_photos(
        self, photos: Sequence[StoredFile], role: CaseFile.Role, at: dt.datetime, by: Who,
        report_id: int | None = None,
    ) -> None:  # fmt: skip
        for photo in photos:
            self.folded.files.append(
                f"{self.case_id}\t{_or_null(report_id)}\t{photo.id}\t{role.value}\t{_at(at)}\t{_id(by)}"
            )

    def add_case(self) -> None:
        record, where = self.record, self.where
        topic = record.category.topic
        search_text, search = _search(record.title, record.words, record.address, self.number)
        rung, rung_at = 0, _NULL
        if self.armed_at is not None and self.due_at is not None and self.limit is not None:
            armed = clock.arm_ladder(record.ledger.rules, self.limit, self.due_at, self.armed_at)
            rung, rung_at = armed["next_rung"], _at(armed["next_rung_at"])
        public = record.ledger.rules.public_list and not (topic and topic.private)
        self.folded.cases.append(
            "\t".join((
                str(self.case_id), self.number, str(record.ledger.id), str(record.category.id),
                _or_null(record.category.topic_id), self.status.value, str(self.sequence), _text(record.title),
                _text(record.words), record.channel, search_text, search, _or_null(record.lng), _or_null(record.lat),
                _text(record.address[:160]), _or_null(where.area_id), where.area_path, _or_null(where.subdistrict_id),
                _or_null(where.compound_id), _or_null(record.item_id),
                _or_null(self.department.id if self.department else None), _id(self.handler), _text(self.why),
                _bool(self.arbitration), _at(record.reported_at), _at(self.filed_at), _at(self.dispatched_at),
                _at(self.taken_up_at), _at(self.handled_at), _at(self.checked_at), _at(self.closed_at),
                self.limit_text, _at(self.clock_started_at), _at(self.due_at), _bool(self.provisional),
                _NULL if self.left is None else f"{self.left.total_seconds()} seconds", str(rung), rung_at, "f", "",
                _bool(self.overdue), "f", "f", str(self.urges), str(self.returns), str(self.hops),
                str(self.extensions), "0", str(self.reworks), str(self.reopenings), str(self.unsolved),
                str(len(self.reports)), _text(self.answer), _json(self.handling), _id(self.handled_by),
                _id(self.checked_by), _id(self.closed_by), "", _bool(public),
            ))
        )  # fmt: skip


_FOLDS: dict[type, Callable[[_Fold, Any], None]] = {
    Filed: _Fold.filed,
    Dispatched: _Fold.dispatched,
    TakenUp: _Fold.taken_up,
    Returned: _Fold.returned,
    Extended: _Fold.extended,
    Urged: _Fold.urged,
    Handled: _Fold.handled,
    SentBack: _Fold.sent_back,
    Checked: _Fold.checked,
    CalledBack: _Fold.called_back,
    Closed: _Fold.closed,
    Reopened: _Fold.reopened,
    Joined: _Fold.joined_in,
}


# -- values as COPY reads them -------------------------------------------------------------------------------

_NULL = r"\N"
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": ""})


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if not value.isalnum() else value


def _json(value: dict[str, Any]) -> str:
    return _ENCODE(value).replace("\\", "\\\\") if value else "{}"


def _at(moment: dt.datetime | None) -> str:
    return _NULL if moment is None else moment.isoformat()


def _iso(moment: dt.datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _bool(value: object) -> str:
    return _NULL if value is None else "t" if value else "f"


def _or_null(value: object) -> str:
    return _NULL if value is None else str(value)


def _id(user: User | None) -> str:
    return _NULL if user is None else str(user.id)


@lru_cache(maxsize=200_000)
def _lexemes(run: str) -> str:
    """The tokens of one run of characters; the runs of a template's sentences come again and again."""
    return " ".join(tokens(run))


def _search(title: str, words: str, address: str, number: str) -> tuple[str, str]:
    """The search columns, as intake stores them. Lexemes are word characters only, so none needs quoting."""
    text = normalise(f"{title} {words} {address} {number}")
    return _text(text), " ".join(map(_lexemes, _RUN.findall(text)))
