"""Standards at the desk: what is looked at, how it changed, and the same checklist on paper."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from huying.cases.models import Category, Ledger
from huying.core.pages import count_up_to
from huying.inspections.changes import (
    CRITICAL,
    EVIDENCE,
    LETTER,
    SIGNATURE,
    differences,
    holds_of,
    limit_of,
    percent_of,
)
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.policy import VIEW, plans_for
from huying.inspections.rounds.rights import rounds_for
from huying.inspections.saying import listed
from huying.inspections.standards import StandardItem, StandardRules
from huying.people.guards import reader, requires
from huying.people.models import User
from huying.places.models import Area
from huying.registry import policy as registry
from huying.registry.labels import label_of
from huying.registry.models import Item, Register

_GUARD = (VIEW, "inspection.draw")


def applies_words(rules: StandardRules, titles: dict[str, str]) -> str:
    """What the standard is for, in words; `titles` are the registers' by code."""
    if rules.registers:
        return listed(titles.get(code, code) for code in rules.registers)
    if rules.area_level:
        return str(Area.Level(rules.area_level).label)
    return _("部门")


def register_titles(rules: list[StandardRules]) -> dict[str, str]:
    """The names of the registers that these standards are for."""
    codes = {code for each in rules for code in each.registers}
    return {
        row.code: str(row)
        for row in Register.objects.filter(code__in=codes).only("code", "title", "title_en")
    }


@require_safe
@requires(*_GUARD)
def standards(request: HttpRequest) -> HttpResponse:
    """Every standard in use, with the version that holds today."""
    user = reader(request)
    plans: dict[str, int] = {}
    for plan in plans_for(user):
        plans[plan.rules.standard] = plans.get(plan.rules.standard, 0) + 1
    versions = _in_force()
    titles = register_titles([version.rules for version in versions.values()])
    rows = []
    for standard in Standard.objects.filter(active=True).annotate(count=Count("versions")):
        version = versions.get(standard.pk)
        rows.append({
            "standard": standard, "version": version, "rules": version.rules if version else None,
            "applies": applies_words(version.rules, titles) if version else "",
            "points": sum(item.points for item in version.rules.items) if version else 0,
            "plans": plans.get(standard.code, 0),
        })  # fmt: skip
    return render(request, "inspections/desk/standards.html", {"rows": rows})


def _in_force() -> dict[int, StandardVersion]:
    found = {}
    rows = StandardVersion.objects.filter(valid_from__lte=timezone.localdate()).order_by("standard", "number")
    for version in rows.select_related("standard"):
        found[version.standard_id] = version
    return found


@require_safe
@requires(*_GUARD)
def standard(request: HttpRequest, code: str) -> HttpResponse:
    """One standard: a version's items, the versions, and what one says that another does not."""
    user = reader(request)
    found = get_object_or_404(Standard, code=code)
    versions = list(found.versions.order_by("-number"))
    version = _chosen(request, versions, "version") or _holding(versions)
    if version is None:
        raise Http404(_("这个标准还没有版本，请联系管理员装载区包。"))
    older = _chosen(request, versions, "against") or next(
        (v for v in versions if v.number < version.number), None
    )
    rules = version.rules
    plans = [plan for plan in plans_for(user) if plan.rules.standard == code]
    context: dict[str, Any] = {
        "standard": found, "version": version, "rules": rules, "plans": plans,
        "versions": [(each, _made(user, each)) for each in versions], "in_force": _holding(versions),
        "applies": applies_words(rules, register_titles([rules])), "groups": _groups(rules),
        "points": sum(item.points for item in rules.items), "pass": percent_of(rules.pass_tenths),
        "grades": [(grade, percent_of(grade.since)) for grade in rules.grades],
        "letter": LETTER[rules.letter.kind] if rules.letter else "",
        "within": limit_of(rules.letter.within) if rules.letter else "", "signature": SIGNATURE[rules.signature],
        "older": older, "differences": differences(older.rules, version.rules) if older else None,
        "checklist_url": f"{reverse('inspections:checklist', args=[code])}?{urlencode({'version': version.number})}",
    }  # fmt: skip
    return render(request, "inspections/desk/standard.html", context)


def _chosen(request: HttpRequest, versions: list[StandardVersion], name: str) -> StandardVersion | None:
    said = request.GET.get(name, "")
    if not (said.isascii() and said.isdecimal()):
        return None
    return next((version for version in versions if str(version.number) == said), None)


def _holding(versions: list[StandardVersion]) -> StandardVersion | None:
    """The one that holds today, else the one that is coming."""
    today = timezone.localdate()
    return next((v for v in versions if v.valid_from <= today), versions[-1] if versions else None)


def _made(user: User, version: StandardVersion) -> dict[str, Any]:
    """How many rounds the reader may see that were made under this version, and where they are listed."""
    made = count_up_to(rounds_for(user).filter(version=version))
    try:
        query = urlencode([("standard", version.standard.code), ("version", str(version.number))])
        url = f"{reverse('inspections:rounds')}?{query}"
    except NoReverseMatch:
        url = ""
    return {"count": made, "url": url}


def _groups(rules: StandardRules) -> list[tuple[str, list[dict[str, Any]]]]:
    """The items as the page shows them, with the words of what failing opens."""
    ledgers = {item.opens.ledger for item in rules.items if item.opens}
    titles = {row.code: str(row) for row in Ledger.objects.filter(code__in=ledgers)}
    categories = {
        (row.ledger.code, row.code): row
        for row in Category.objects.filter(ledger__code__in=ledgers).select_related("ledger")
    }
    return [(title, [_row(item, titles, categories) for item in items]) for title, items in rules.groups]


def _row(
    item: StandardItem, ledgers: dict[str, str], categories: dict[tuple[str, str], Category]
) -> dict[str, Any]:
    opens = ""
    if item.opens is not None:
        category = categories.get((item.opens.ledger, item.opens.category))
        limit = limit_of(item.opens.limit) or (category.limit_words if category else "")
        opens = " · ".join(
            part
            for part in (ledgers.get(item.opens.ledger, item.opens.ledger), str(category or ""), limit)
            if part
        )
    return {
        "item": item, "opens": opens, "evidence": EVIDENCE[item.evidence] if item.evidence != "none" else "",
        "holds": holds_of(item), "critical": CRITICAL[item.critical] if item.critical else "",
    }  # fmt: skip


@require_safe
@requires(*_GUARD)
def checklist(request: HttpRequest, code: str) -> HttpResponse:
    """The standard as a form on paper (A4); opened for a thing (`?item=register/code`) it carries its label."""
    user = reader(request)
    found = get_object_or_404(Standard, code=code)
    versions = list(found.versions.order_by("-number"))
    version = _chosen(request, versions, "version") or _holding(versions)
    if version is None:
        raise Http404(_("这个标准还没有版本，请联系管理员装载区包。"))
    item = _place(user, request.GET.get("item", ""), version.rules)
    plan = _plan(user, request.GET.get("plan", ""), code)
    context = {
        "standard": found, "version": version, "rules": version.rules, "plan": plan, "item": item,
        "label": label_of(item, request.build_absolute_uri("/")) if item and item.label else None,
        "groups": _groups(version.rules), "points": sum(each.points for each in version.rules.items),
        "pass": percent_of(version.rules.pass_tenths),
        "letter": version.rules.letter and LETTER[version.rules.letter.kind],
    }  # fmt: skip
    return render(request, "inspections/desk/checklist.html", context)


def _place(user: User, said: str, rules: StandardRules) -> Item | None:
    register, _slash, code = said.partition("/")
    if not code or register not in rules.registers:
        return None
    rows = registry.items_for(user).select_related("register", "road", "owner", "keeper")
    return rows.filter(register__code=register, code=code).first()


def _plan(user: User, code: str, standard: str) -> Plan | None:
    mine = plans_for(user) if code else []
    return next((plan for plan in mine if plan.code == code and plan.rules.standard == standard), None)
