"""A plan as a spreadsheet, out and in, and one person's shifts for the calendar on the phone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Refusal
from huying.core.sheets import read_table
from huying.core.spreadsheets import export_xlsx
from huying.people.models import Roster, Turn, User
from huying.people.rosters.planning import Copied, Slot, eligible, plan_many
from huying.people.rosters.policy import require_plan
from huying.people.rosters.rules import rules_of

MOST_LINES = 2000


def columns() -> tuple[str, str, str, str, str]:
    """The headings: day, shift, hours, name, account."""
    return _("日期"), _("班次"), _("时间"), _("姓名"), _("账号")


def export_plan(roster: Roster, slots: Iterable[Slot]) -> FileResponse:
    """One row for each person on a shift, and an empty one for each place that is free: the form of the import."""
    rows: list[tuple[Slot, Turn | None]] = []
    for slot in slots:
        rows += [(slot, turn) for turn in slot.turns]
        rows += [(slot, None)] * slot.lacking
    day, shift, hours, name, account = columns()
    return export_xlsx(
        _("%s排班") % roster,
        (
            (day, lambda row: row[0].day),
            (shift, lambda row: str(row[0].rule)),
            (hours, lambda row: row[0].rule.hours),
            (name, lambda row: str(row[1].user) if row[1] else ""),
            (account, lambda row: row[1].user.username if row[1] else ""),
        ),
        rows,
    )


def import_plan(roster: Roster, name: str, raw: bytes, *, actor: User) -> Copied:
    """Put on everybody whom the table names. Rows without a name are left alone; nobody is taken off."""
    require_plan(actor, roster)
    table = read_table(name, raw)
    day_, shift_, _hours, name_, account_ = columns()
    for column in (day_, shift_):
        if column not in table.columns:
            raise Refusal(
                _("表里没有“%s”这一列。请先导出本周的表，填好姓名或账号再导入。") % column, field="file"
            )
    if len(table.lines) > MOST_LINES:
        raise Refusal(_("一次最多 %d 行，请拆成几个表。") % MOST_LINES, field="file")
    people = list(eligible(roster))
    by_account = {user.username: user for user in people}
    by_name: dict[str, list[User]] = {}
    for user in people:
        by_name.setdefault(str(user), []).append(user)
    codes = {
        word: rule.code for rule in rules_of(roster).shifts for word in (rule.code, rule.title, str(rule))
    }
    wanted: list[tuple[dt.date, str, User]] = []
    problems: list[str] = []
    for line in table.lines:
        account, who = line.cells.get(account_, "").strip(), line.cells.get(name_, "").strip()
        if not account and not who:
            continue
        found = [by_account[account]] if account in by_account else ([] if account else by_name.get(who, []))
        code = codes.get(line.cells.get(shift_, "").strip())
        try:
            day = dt.date.fromisoformat(line.cells.get(day_, "").strip()[:10])
        except ValueError:
            problems.append(_("第 %(row)d 行：日期写成 2026-11-23。") % {"row": line.row})
            continue
        if code is None:
            problems.append(
                _("第 %(row)d 行：没有“%(shift)s”这个班次。")
                % {"row": line.row, "shift": line.cells.get(shift_, "")}
            )
        elif len(found) != 1:
            sentence = (
                _("第 %(row)d 行：有 %(count)d 个“%(name)s”，请填账号。")
                if found
                else _("第 %(row)d 行：“%(name)s”不在可以值这个岗的人员里。")
            )
            problems.append(sentence % {"row": line.row, "count": len(found), "name": account or who})
        else:
            wanted.append((day, code, found[0]))
    done = plan_many(roster, wanted, actor=actor)
    done.problems[:0] = problems
    return done


def calendar_of(user: User, turns: Iterable[Turn]) -> str:
    """The shifts as iCalendar (RFC 5545): lines of at most 75 octets, times in UTC."""
    stamp = _moment(timezone.now())
    host = settings.PUBLIC_URL.partition("://")[2] or "huying"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Huying//Rosters//ZH", "CALSCALE:GREGORIAN"]
    for turn in turns:
        shift = turn.shift
        lines += [
            "BEGIN:VEVENT", f"UID:shift-{shift.pk}-{user.pk}@{host}", f"DTSTAMP:{stamp}",
            f"DTSTART:{_moment(shift.starts_at)}", f"DTEND:{_moment(shift.ends_at)}",
            f"SUMMARY:{_escaped(f'{shift.roster} {shift.title}')}", "END:VEVENT",
        ]  # fmt: skip
    return "\r\n".join(part for line in [*lines, "END:VCALENDAR"] for part in _folded(line)) + "\r\n"


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    for character in "\\;,":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> list[str]:
    """A long line goes on in the next one, after a space; never in the middle of a character."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > 75:
            parts.append(part)
            part = " "
        part += character
    return [*parts, part]
