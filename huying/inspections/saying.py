"""A plan in plain words: who goes where, how often, when, with which proof. One sentence for pages, papers and API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from huying.core.language import is_english
from huying.inspections.models import Standard
from huying.inspections.plans import DrawRules, Frequency, PlanRules
from huying.people.models import Department, Post
from huying.places.models import Area
from huying.registry.models import Register
from huying.registry.rules import PROPERTIES

PROOF: dict[str, Promise] = {
    "scan": gettext_lazy("扫码"), "place": gettext_lazy("定位"), "photo": gettext_lazy("拍照"),
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What the codes in declarations are called."""

    registers: Mapping[str, Register] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)
    posts: Mapping[str, str] = field(default_factory=dict)
    standards: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(plans: Iterable[PlanRules]) -> Names:
        """The names that these plans need: one query for each kind."""
        plans = list(plans)
        units = {code for rules in plans for code in (*rules.by_departments, *rules.at_departments)}
        for rules in plans:
            units |= {code for role in PROPERTIES for code in rules.where.get(role, ())}
        registers = {code for rules in plans for code in rules.registers}
        return Names(
            {row.code: row for row in Register.objects.filter(code__in=registers)},
            {row.code: str(row) for row in Department.objects.filter(code__in=units)},
            {row.code: str(row) for row in Post.objects.filter(code__in={rules.by_post for rules in plans})},
            {row.code: str(row) for row in Standard.objects.filter(code__in={rules.standard for rules in plans})},
        )  # fmt: skip

    def register(self, code: str) -> str:
        """What this register is called."""
        return str(self.registers.get(code, code))


def listed(words: Iterable[str]) -> str:
    """甲、乙、丙, or a, b, c."""
    return (", " if is_english() else "、").join(words)


def how_often(every: Frequency) -> str:
    """每天 6 次，两次至少隔 2 小时."""
    once, often = {
        "day": (_("每天一次"), _("每天 %d 次")),
        "night": (_("每晚一次"), _("每晚 %d 次")),
        "week": (_("每周一次"), _("每周 %d 次")),
        "month": (_("每月一次"), _("每月 %d 次")),
        "quarter": (_("每季度一次"), _("每季度 %d 次")),
        "year": (_("每年一次"), _("每年 %d 次")),
    }[every.unit]
    said = once if every.times == 1 else often % every.times
    if not every.apart:
        return said
    minutes = int(every.apart.total_seconds() // 60)
    if minutes % 60:
        apart = ngettext("两次至少隔 %d 分钟", "两次至少隔 %d 分钟", minutes) % minutes
    else:
        apart = ngettext("两次至少隔 %d 小时", "两次至少隔 %d 小时", minutes // 60) % (minutes // 60)
    return joined([said, apart])


def joined(words: Iterable[str]) -> str:
    """Parts of one sentence; empty ones are left out."""
    return (", " if is_english() else "，").join(word for word in words if word)


def when(rules: PlanRules) -> str:
    """The hours, the days and the season, as far as the plan is limited to them."""
    hours = ""
    if rules.hours:
        first, last = rules.hours
        hours = f"{_clock(first)}–{_clock(last)}"
        if last <= first:
            hours = _("%(first)s到次日 %(last)s") % {"first": _clock(first), "last": _clock(last)}
    season = ""
    if rules.season:
        first_day, last_day = (_day(text) for text in rules.season.split(".."))
        season = _("%(first)s到%(last)s") % {"first": first_day, "last": last_day}
    return joined([hours, _("只在工作日") if rules.work_days else "", season, _term(rules)])


def _term(rules: PlanRules) -> str:
    if rules.since and rules.since > timezone.localdate():
        return _("%(day)s 起") % {"day": rules.since}
    return _("到 %(day)s 为止") % {"day": rules.until} if rules.until else ""


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _day(text: str) -> str:
    # A leap year, so that 02-29 may be named.
    return day_words(dt.date(2024, int(text[:2]), int(text[3:])))


def day_words(day: dt.date) -> str:
    """11月20日, or 20 November."""
    return date_format(day, "j F" if is_english() else "n月j日")


def moment_words(at: dt.datetime) -> str:
    """11月20日 09:30, or 20 November 09:30, in Beijing time."""
    return f"{day_words(timezone.localdate(at))} {timezone.localtime(at):%H:%M}"


def by_words(due: dt.datetime) -> str:
    """Until when, as people say it: a day that ends at midnight is that day."""
    local = timezone.localtime(due)
    if local.time() != dt.time():
        return _("%(at)s前") % {"at": moment_words(due)}
    day = local.date() - dt.timedelta(days=1)
    return _("今天以内") if day == timezone.localdate() else _("%(day)s以内") % {"day": day_words(day)}


def where(rules: PlanRules, names: Names) -> str:
    """Which places: the registers with their filter, areas of a level, or departments by name."""
    if rules.registers:
        said = listed(names.register(code) for code in rules.registers)
        only = listed(
            word for name, wanted in rules.where.items() for word in _values(rules, names, name, wanted)
        )
        return _("%(places)s（%(only)s）") % {"places": said, "only": only} if only else said
    if rules.area_level == Area.Level.DISTRICT:
        return _("全区")
    if rules.area_level:
        return _("每个%(level)s") % {"level": Area.Level(rules.area_level).label}
    if len(rules.at_departments) > 3:
        count = len(rules.at_departments)
        return ngettext("%d 个单位", "%d 个单位", count) % count
    return listed(names.departments.get(code, code) for code in rules.at_departments)


def _values(rules: PlanRules, names: Names, name: str, wanted: Iterable[str]) -> list[str]:
    """What a filter asks for, as the pages of the register say it."""
    if name in PROPERTIES:
        return [names.departments.get(code, code) for code in wanted]
    registers = [names.registers[code].rules for code in rules.registers if code in names.registers]
    if name == "state":
        titles = {state.code: str(state) for register in registers for state in register.states}
        return [titles.get(code, code) for code in wanted]
    spec = next((found for register in registers if (found := register.field(name))), None)
    if spec is None or spec.type != "yes or no":
        return list(wanted)
    title = {"field": spec.title}
    return [
        _("有%(field)s") % title if value.lower() == "true" else _("没有%(field)s") % title
        for value in wanted
    ]


def who(rules: PlanRules, names: Names) -> str:
    """The post, the department, or the departments that go together."""
    if rules.by_post:
        return names.posts.get(rules.by_post, rules.by_post)
    units = listed(names.departments.get(code, code) for code in rules.by_departments)
    return _("%(units)s联合") % {"units": units} if len(rules.by_departments) > 1 else units


def drawn(rules: DrawRules | None) -> str:
    """How many are drawn, and how many people go to each; empty where every place is visited."""
    if rules is None:
        return ""
    if rules.number:
        said = ngettext("随机抽 %d 处", "随机抽 %d 处", rules.number) % rules.number
    else:
        said = _("随机抽 %(share)s%%") % {"share": f"{rules.tenths / 10:g}"}
    if not rules.inspectors:
        return said
    people = ngettext("每处抽 %d 人", "每处抽 %d 人", rules.inspectors) % rules.inspectors
    return joined([said, people])


def plan_sentence(rules: PlanRules, names: Names | None = None) -> str:
    """The plan as one sentence, in the reader's language."""
    names = names or Names.of([rules])
    proof = listed(str(PROOF[one]) for one in rules.proof)
    parts = [
        joined([how_often(rules.every), when(rules)]),
        _("到%(where)s") % {"where": where(rules, names)},
        drawn(rules.draw),
        _("由%(who)s去") % {"who": who(rules, names)},
        _("要%(proof)s") % {"proof": proof} if proof else "",
        _("不打招呼") if rules.unannounced else "",
    ]
    return ("; " if is_english() else "；").join(part for part in parts if part) + (
        "." if is_english() else "。"
    )
