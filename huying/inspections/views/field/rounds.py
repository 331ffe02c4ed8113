"""Rounds on the phone: where to go next, the checklist in large taps, what came of it. All of it opens offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from huying.cases.views.field.access import on_the_phone, worker
from huying.cases.views.field.answers import accepted
from huying.cases.views.field.once import client_id_of, sent_once
from huying.cases.views.field.photos import Box
from huying.core.errors import Refusal
from huying.core.photo_links import photo_url
from huying.inspections.duties.days import why
from huying.inspections.models import Plan, Standard, StandardVersion
from huying.inspections.rounds.going import Going, going, open_cases_at, places_for, plans_of
from huying.inspections.rounds.making import Made, make_round
from huying.inspections.rounds.models import Round
from huying.inspections.rounds.rights import MAKE, VIEW, require_make, rounds_for
from huying.inspections.rounds.sites import Site, applies, site_for
from huying.inspections.scoring import FAIL, NOT_APPLICABLE, PASS, scoring_data
from huying.inspections.standards import StandardItem, StandardRules
from huying.people.guards import requires
from huying.people.models import User
from huying.registry.declared.forms import cleaned_values, declared_form
from huying.registry.models import Item

SHOWN = 60  # places of one plan on the phone; the others are found by their words
KEPT_OFFLINE = 40
_TEAM = 40
_BEFORE = 3


def out_and_about(view: Any) -> Any:
    """Whoever makes rounds."""
    return requires(MAKE)(on_the_phone(view))


# --- what opens without a signal -----------------------------------------------------------------------------


def pages(user: User) -> Iterator[tuple[str, str]]:
    """The plans, their places and the checklists of the places whose turn it is."""
    plans = plans_of(user)
    if not plans:
        return
    hour = f"{timezone.localtime():%Y%m%d%H}"
    yield reverse("inspections:field-rounds"), f"{hour} {[plan.pk for plan in plans]}"
    for plan in plans:
        due = going(plan, places_for(user, plan))
        yield reverse("inspections:field-plan", args=[plan.code]), f"{hour} {len(due)}"
        version = _version_of(plan)
        for each in due[:KEPT_OFFLINE]:
            if version is not None:
                yield _address(plan, each), f"{version.pk} {plan.code}"


def _address(plan: Plan, each: Going) -> str:
    return reverse("inspections:field-round", args=[plan.code, each.place.kind, each.place.pk])


def _version_of(plan: Plan) -> StandardVersion | None:
    standard = Standard.objects.filter(code=plan.rules.standard).first()
    return standard.version_on() if standard else None


# --- where to go ---------------------------------------------------------------------------------------------


@out_and_about
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """My plans, and how many places wait in each."""
    user = worker(request)
    rows: list[dict[str, Any]] = []
    for plan in plans_of(user):
        due = going(plan, places_for(user, plan))
        if not due and plan.rules.draw is None:
            continue  # none of its places is this person's
        states = [each.state for each in due]
        rows.append(
            {
                "plan": plan, "places": len(due), "due": states.count("due") + states.count("late"),
                "late": states.count("late"), "soon": states.count("soon"),
                "first": next((each for each in due if each.slot), None),
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (-row["late"], -row["due"], row["plan"].code))
    mine = Round.objects.filter(members__user=user, day=timezone.localdate()).order_by("-ended_at")[:20]
    return render(request, "inspections/field/overview.html", {"rows": rows, "mine": mine})


@out_and_about
@require_safe
def plan_places(request: HttpRequest, code: str) -> HttpResponse:
    """The places of one plan that are mine, the most pressing first; the phone can sort them to a route."""
    user = worker(request)
    plan = _plan_for(user, code)
    words = request.GET.get("q", "").strip()[:40]
    places = places_for(user, plan)
    if words:
        places = [place for place in places if words.lower() in f"{place.title} {place.key}".lower()]
    due = going(plan, places)
    cases = open_cases_at(each.place.pk for each in due[:SHOWN] if each.place.kind == "item")
    points = _points(due[:SHOWN])
    rows = [
        {
            "going": each, "url": _address(plan, each), "cases": cases.get(each.place.pk, 0),
            "lng": points.get(each.place.pk, ("", ""))[0], "lat": points.get(each.place.pk, ("", ""))[1],
        }
        for each in due[:SHOWN]
    ]  # fmt: skip
    context = {
        "plan": plan, "rules": plan.rules, "words": words, "more": len(due) - SHOWN, "rows": rows,
        "undrawn": plan.rules.draw is not None and not places and not words,
    }  # fmt: skip
    return render(request, "inspections/field/plan.html", context)


def _points(due: list[Going]) -> dict[int, tuple[str, str]]:
    """Where the things of these places stand, as a script reads numbers."""
    keys = [each.place.pk for each in due if each.place.kind == "item"]
    rows = Item.objects.filter(pk__in=keys, lng__isnull=False, lat__isnull=False)
    return {pk: (str(lng), str(lat)) for pk, lng, lat in rows.values_list("pk", "lng", "lat")}


def _plan_for(user: User, code: str) -> Plan:
    plan = next((plan for plan in plans_of(user) if plan.code == code), None)
    if plan is None:
        raise Http404(_("没有这个计划，或者它不由您去查。"))
    return plan


# --- the checklist -------------------------------------------------------------------------------------------


class RoundForm(forms.Form):
    """What every round says besides the answers to its items."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    lng = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-90, max_value=90)
    started_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    ended_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    scanned = forms.CharField(
        label=gettext_lazy("标牌上的码"), max_length=12, required=False,
        help_text=gettext_lazy("扫码进来的不用填；码脏了扫不出，照着填 8 位。"),
    )  # fmt: skip
    words = forms.CharField(
        label=gettext_lazy("其他情况"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    team = forms.ModelMultipleChoiceField(
        User.objects.none(), label=gettext_lazy("和谁一起"), required=False, widget=forms.CheckboxSelectMultiple,
        to_field_name="username",
    )  # fmt: skip
    signed_by = forms.CharField(label=gettext_lazy("被查单位谁在场"), max_length=60, required=False)
    refused_to_sign = forms.BooleanField(label=gettext_lazy("拒签"), required=False)

    def __init__(self, rules: StandardRules, people: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        cast(forms.ModelMultipleChoiceField, self.fields["team"]).queryset = people
        for item in rules.items:
            self.fields[f"answer-{item.code}"] = _answer_field(item)
            self.fields[f"note-{item.code}"] = forms.CharField(
                label=_("具体情况"), max_length=300, required=False, widget=forms.TextInput
            )
            self.fields[f"fixed-{item.code}"] = forms.BooleanField(label=_("当场改好了"), required=False)

    def answers(self) -> dict[str, Any]:
        """The answers by item, as the score takes them."""
        return {
            item.code: value
            for item in self.rules.items
            if (value := self.cleaned_data.get(f"answer-{item.code}")) not in (None, "")
        }


def _answer_field(item: StandardItem) -> forms.Field:
    if item.evidence == "reading":
        return forms.FloatField(
            label=str(item),
            required=False,
            widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        )
    good, bad = (_("没有发现"), _("有")) if item.kind == "ban" else (_("合格"), _("不合格"))
    return forms.ChoiceField(
        label=str(item), required=False, widget=forms.RadioSelect,
        choices=[(PASS, good), (FAIL, bad), (NOT_APPLICABLE, _("不涉及"))],
    )  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One item of the checklist as the page shows it."""

    item: StandardItem
    answer: Any
    note: Any
    fixed: Any
    box: Box
    error: str = ""


@never_cache
@out_and_about
@sent_once("round")
def make(request: HttpRequest, code: str, kind: str, pk: int) -> HttpResponse:
    """One place of a plan: its checklist, and the round that is made of it."""
    plan = get_object_or_404(Plan, code=code, active=True)
    version = _version_of(plan)
    if version is None:
        raise Http404(_("这个计划的检查标准已经停用，请联系管理员。"))
    return _sheet(request, site_for(kind, pk), version, plan)


@never_cache
@out_and_about
@sent_once("round")
def check(request: HttpRequest, code: str, kind: str, pk: int) -> HttpResponse:
    """A check that no plan asks for: any place that the standard is made for."""
    standard = get_object_or_404(Standard, code=code, active=True)
    version, site = standard.version_on(), site_for(kind, pk)
    if version is None or not applies(version.rules, site):
        raise Http404(_("这个标准不是查这类地方的。"))
    return _sheet(request, site, version, None)


def _sheet(request: HttpRequest, site: Site, version: StandardVersion, plan: Plan | None) -> HttpResponse:
    user = worker(request)
    require_make(user, site, plan.rules if plan else None)
    bound = request.POST if request.method == "POST" else None
    if bound is not None:
        version = _begun_with(version, bound.get("version", ""))
    rules = version.rules
    form = RoundForm(rules, _colleagues(user, plan), bound, initial={"version": version.pk})
    declared = declared_form(rules.fields, bound, prefix="q")
    boxes = {item.code: _box(item) for item in rules.items} | {"": _place_box(plan)}
    signature = Box("signature", _("签字"), most=1)
    errors: dict[str, str] = {}
    if bound is not None:
        for box in (*boxes.values(), signature):
            box.take(request)
        quick = bound.get("all") == PASS
        if form.is_valid() and declared.is_valid():
            answers = _all_right(rules) if quick else form.answers()
            answer = _make(request, site, version, plan, form, declared, boxes, signature, answers, errors)
            if answer is not None:
                return answer
    context = {
        "site": site, "plan": plan, "version": version, "rules": rules, "form": form, "declared": declared,
        "groups": [
            (title, [_row(form, item, boxes[item.code], errors) for item in items]) for title, items in rules.groups
        ],
        "place_box": boxes[""], "signature": signature, "scoring": scoring_data(rules), "errors": errors,
        "before": _before(user, site), "watermark": {"place": site.title, "who": user.get_full_name(), "number": ""},
        "lng": str(site.point[0]) if site.point else "", "lat": str(site.point[1]) if site.point else "",
        "simple": not any(item.evidence == "reading" for item in rules.items),
        "team": form["team"] if form.fields["team"].queryset.exists() else None,  # type: ignore[attr-defined]
    }  # fmt: skip
    bad = bool(errors or form.errors or (bound is not None and declared.errors))
    return render(request, "inspections/field/round.html", context, status=422 if bad else 200)


def _begun_with(newest: StandardVersion, said: str) -> StandardVersion:
    """The version that the phone showed: a standard may get a newer one while somebody is out."""
    if said.isdecimal() and int(said[:12]) != newest.pk:
        return (
            StandardVersion.objects.filter(pk=int(said[:12]), standard=newest.standard_id).first() or newest
        )
    return newest


def _box(item: StandardItem) -> Box:
    field = f"verdict-{item.code}" if item.evidence == "reading" else f"answer-{item.code}"
    return Box(
        f"photo-{item.code}",
        _("拍下来"),
        required=item.evidence == "photo",
        when_field=field,
        when_value=FAIL,
    )


def _place_box(plan: Plan | None) -> Box:
    return Box("photo-", _("现场照片"), required=plan is not None and "photo" in plan.rules.proof)


def _row(form: RoundForm, item: StandardItem, box: Box, errors: dict[str, str]) -> Row:
    return Row(
        item, form[f"answer-{item.code}"], form[f"note-{item.code}"], form[f"fixed-{item.code}"], box,
        errors.get(f"answer-{item.code}", ""),
    )  # fmt: skip


def _all_right(rules: StandardRules) -> dict[str, Any]:
    """One tap: everything is right. A reading can't be tapped: it stays unanswered, and the form asks for it."""
    return {item.code: PASS for item in rules.items if item.evidence != "reading"}


def _colleagues(user: User, plan: Plan | None) -> Any:
    """Who may have come along: the people of the plan's departments, else those of the own one."""
    codes = plan.rules.by_departments if plan is not None else ()
    within = Q(department__code__in=codes) if codes else Q(department=user.department_id)
    rows = User.objects.filter(within, is_active=True, department__isnull=False).exclude(pk=user.pk)
    return User.objects.filter(
        pk__in=list(rows.order_by("department", "name").values_list("pk", flat=True)[:_TEAM])
    )


def _make(
    request: HttpRequest, site: Site, version: StandardVersion, plan: Plan | None, form: RoundForm, declared: Any,
    boxes: dict[str, Box], signature: Box, answers: dict[str, Any], errors: dict[str, str],
) -> HttpResponse | None:  # fmt: skip
    data = form.cleaned_data
    here = data["lng"] is not None and data["lat"] is not None
    try:
        round_ = make_round(
            site, version,
            Made(
                answers=answers, started_at=data["started_at"], ended_at=data["ended_at"],
                sent_at=_sent_at(request, data["ended_at"]),
                notes={item.code: data.get(f"note-{item.code}", "") for item in version.rules.items},
                fixed=frozenset(item.code for item in version.rules.items if data.get(f"fixed-{item.code}")),
                photos={code: box.photos for code, box in boxes.items() if box.photos},
                values=cleaned_values(declared, by=worker(request)), words=data["words"],
                point=(data["lng"], data["lat"]) if here else None, scanned=data["scanned"],
                team=tuple(data["team"]), signed_by=data["signed_by"],
                signature=signature.photos[0] if signature.photos else None,
                refused_to_sign=data["refused_to_sign"], client_id=client_id_of(request),
            ),
            actor=worker(request), plan=plan,
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        name = refusal.field or ""
        box = next((box for box in (*boxes.values(), signature) if box.name == name), None)
        if box is not None:
            box.error = str(refusal)
        errors[name] = str(refusal)
        return None
    return accepted(request, reverse("inspections:field-made", args=[round_.pk]), _words(round_))


def _sent_at(request: HttpRequest, ended_at: dt.datetime | None) -> dt.datetime | None:
    """What the phone's clock showed when it sent this: the end, and how long it has lain there since by that
    same clock.
    """
    age = request.headers.get("X-Work-Age", "")
    if ended_at is None or not (age.isascii() and age.isdecimal()):
        return None
    return ended_at + dt.timedelta(seconds=int(age[:8]))


def _words(round_: Round) -> str:
    opened = sum(finding.case_id is not None for finding in round_.findings.all())
    if opened:
        said = _("已记下，得分 %(score)s，立案 %(count)d 件。") % {"score": round_.percent, "count": opened}
    else:
        said = _("已记下，得分 %(score)s。") % {"score": round_.percent}
    return said + why(round_)


def _before(user: User, site: Site) -> list[Round]:
    """The rounds there before, so that nobody finds the same thing anew."""
    mine = rounds_for(user).filter(**{site.kind: site.pk})
    return list(mine.prefetch_related("findings__case").order_by("-ended_at")[:_BEFORE])


# --- what came of it -----------------------------------------------------------------------------------------


@requires(MAKE, VIEW)
@on_the_phone
@require_safe
def made(request: HttpRequest, pk: int) -> HttpResponse:
    """The score, the cases and the paper of one round."""
    rows = rounds_for(worker(request)) | Round.objects.filter(members__user=worker(request))
    round_ = rows.select_related("version__standard", "plan", "paper", "item__register").filter(pk=pk).first()
    if round_ is None:
        raise Http404(_("没有这次检查，或者它不在您负责的区域内。"))
    photos = [
        {"url": photo_url(row.file), "thumb": photo_url(row.file, small=True), "title": row.code}
        for row in round_.photos.select_related("file")[:12]
    ]
    next_url = reverse("inspections:field-rounds")
    if round_.plan is not None:
        next_url = reverse("inspections:field-plan", args=[round_.plan.code])
    context = {
        "round": round_, "findings": round_.findings.select_related("case"), "photos": photos, "next_url": next_url,
        "why": why(round_),
    }  # fmt: skip
    return render(request, "inspections/field/made.html", context)
