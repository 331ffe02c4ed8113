"""Report a finding: photo first, place is here, category in two taps; a retry is one report."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from huying.cases import actions, policy
from huying.cases.actions import Intake
from huying.cases.models import Case, CaseFile, Category, Channel, Ledger, Report
from huying.cases.suggest import box, open_nearby
from huying.cases.telling import moment_text
from huying.cases.views.desk.display import metres_words, status_badge
from huying.cases.views.field.access import areas_of, position_of, reports_in_the_field, worker
from huying.cases.views.field.answers import accepted
from huying.cases.views.field.choosing import choices_of, field_ledgers, groups_of, recent_of
from huying.cases.views.field.forms import REPORT_PHRASES, FindingForm
from huying.cases.views.field.once import sent_once
from huying.cases.views.field.photos import Box
from huying.cases.views.field.tasks import verbs_for
from huying.core.errors import Refusal
from huying.core.parts import part_of
from huying.people.models import User
from huying.places.coordinates import distance_m
from huying.places.district import current_district
from huying.places.locate import locate
from huying.registry.declared.forms import (
    PHOTO_TYPES,
    DeclaredForm,
    cleaned_values,
    declared_form,
    field_title,
)
from huying.registry.models import Item

ITEMS_WITHIN_M = 50
_MOST_ITEMS = 8
_MOST_NEARBY = 3


class Finding:
    """One finding while it is being filled in: the ledger, the form, the declared fields and the photos."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = worker(request)
        self.ledgers = field_ledgers()
        wanted = request.POST.get("ledger") or request.GET.get("ledger")
        chosen = [ledger for ledger in self.ledgers if ledger.code == wanted]
        self.ledger: Ledger | None = next(iter(chosen or self.ledgers), None)
        if self.ledger is None:
            return
        rules = self.ledger.rules
        posted = request.method == "POST"
        data = (request.POST, request.FILES) if posted else (None, None)
        self.form = FindingForm(rules, data[0], initial={"client_id": uuid.uuid4()})
        facts = {"channel": str(Channel.FIELD), "category": request.POST.get("category", "")}
        self.declared: DeclaredForm = declared_form(rules.fields, data[0], files=data[1], facts=facts)
        self.boxes = [Box("photos", _("现场照片"))]
        for field in rules.fields:
            if field.type in PHOTO_TYPES:
                when = self._simple(field.when)
                self.boxes.append(
                    Box(
                        f"f-{field.code}",
                        field_title(field),
                        field.required,
                        field.help,
                        when_field=when[0],
                        when_value=when[1],
                    )
                )

    @staticmethod
    def _simple(when: str) -> tuple[str, str]:
        """(field, value) of a condition like `self_handled == 'yes'`, which the page's script can follow."""
        name, _equals, value = when.partition("==")
        return (f"f-{name.strip()}", value.strip().strip("'\"")) if _equals else ("", "")

    def submit(self) -> tuple[Report | None, int]:
        """The report when all is in order, else None and the status of the answer."""
        assert self.ledger is not None
        for one in self.boxes:
            one.take(self.request)
        good = self.form.is_valid() & self.declared.is_valid() and not any(one.error for one in self.boxes)
        if not good:
            return None, 422
        try:
            return self._receive(), 200
        except Refusal as refusal:
            if refusal.field == "photos":
                self.boxes[0].error = str(refusal)
            self.form.refuse(refusal)
            return None, refusal.status

    def _receive(self) -> Report:
        assert self.ledger is not None
        cleaned = self.form.cleaned_data
        category = Category.objects.select_related("ledger", "topic__parent").filter(
            ledger=self.ledger, code=cleaned["category"], active=True
        ).first()  # fmt: skip
        if category is None:
            raise Refusal(_("请选择是什么问题。"), field="category")
        follows, item = self._follows(cleaned["follows"]), self._item(cleaned["item"])
        point = self._place(follows, item)
        known = cleaned["client_id"] and Report.objects.filter(client_id=cleaned["client_id"]).exists()
        with transaction.atomic():
            report = actions.receive_report(
                Intake(
                    ledger=self.ledger, category=category,
                    words=cleaned["words"].strip(), channel=Channel.FIELD, lng=point[0], lat=point[1],
                    address=cleaned["address"].strip(), name=cleaned.get("name", ""), phone=cleaned.get("phone", ""),
                    item=item, fields=cleaned_values(self.declared, by=self.user), photos=self.boxes[0].photos,
                    client_id=cleaned["client_id"], reported_by=self.user, follows=follows,
                )
            )  # fmt: skip
            if not known:
                self._add_declared_photos(report.case)
        return report

    def _add_declared_photos(self, case: Case) -> None:
        """Photos that the ledger asks for besides; `photo_after…` shows what was done on the spot, as the gate does."""
        for one in self.boxes[1:]:
            after = one.name.startswith("f-photo_after")
            role = CaseFile.Role.AFTER if after else CaseFile.Role.REPORTED
            actions.add_files(case, photos=one.photos, role=role, actor=self.user)

    def _follows(self, number: str) -> Case | None:
        if not number:
            return None
        cases = policy.cases_for(self.user).open().select_related("ledger")
        return cases.filter(number=number).first()

    def _item(self, code: str) -> Item | None:
        assert self.ledger is not None
        registers = self.ledger.rules.registers
        if not code or not registers:
            return None
        register, _slash, plain = code.rpartition("/")
        within = [register] if register in registers else registers
        items = Item.objects.filter(register__code__in=within, code=plain).exclude(state="retired")
        item = items.select_related("owner").first()
        if item is None:
            raise Refusal(_("名录里没有这个编号，请核对标牌上的编号。"), field="item")
        return item

    def _place(self, follows: Case | None, item: Item | None) -> tuple[float | None, float | None]:
        if (point := self.form.point) is None:
            if item is not None and item.lng is not None:
                return item.lng, item.lat
            if follows is not None:
                return follows.lng, follows.lat
            raise Refusal(_("没有位置：请打开定位，或在地图上点一下。"), field="address")
        if locate(*point).kind == "outside":
            raise Refusal(_("这个位置不在本区范围内。请核对定位，或在地图上改一下。"), field="address")
        return point


@reports_in_the_field
@sent_once("report")
def report(request: HttpRequest) -> HttpResponse:
    """The form, and on POST the report. The same form sent twice is one report."""
    finding, status = Finding(request), 200
    if finding.ledger is None:
        return render(request, "cases/field/no_ledger.html")
    if request.method == "POST":
        made, status = finding.submit()
        if made is not None:
            return accepted(request, reverse("field:sent", args=[made.number]), _("已报上去。"))
    choices = choices_of(finding.ledger)
    district = current_district()
    context: dict[str, Any] = {
        "finding": finding, "form": finding.form, "ledger": finding.ledger, "rules": finding.ledger.rules,
        "groups": groups_of(choices), "recent": recent_of(finding.user, finding.ledger, choices),
        "chosen": request.POST.get("category", ""), "phrases": REPORT_PHRASES,
        "watermark": {"place": "", "who": str(finding.user), "number": str(finding.ledger)},
        "map": {
            "id": "map", "height": "small", "picker": True,
            "areas_url": outlines_for(finding.user),
        },
        "district": district, "errors": _errors(finding) if request.method == "POST" else [],
        "at_url": reverse("places:at"),
    }  # fmt: skip
    return render(request, "cases/field/report.html", context, status=status)


def outlines_for(user: User) -> str:
    """The grids of the own street to find one's way on the map; the streets for who works in all of them."""
    codes = [area.path.split("/")[1] for area in areas_of(user) if area.path.count("/") > 1]
    if not codes:
        return f"{reverse('places:areas')}?level=subdistrict"
    return f"{reverse('places:areas')}?level=grid&within={codes[0]}"


def _errors(finding: Finding) -> list[tuple[str, str]]:
    """(address, sentence) of everything that has to be mended, for the summary on top."""
    found = [("", str(error)) for error in finding.form.non_field_errors()]
    for form in (finding.form, finding.declared):
        for bound in form:
            found += [(f"#{bound.auto_id}", f"{bound.label}：{error}") for error in bound.errors]
    return found + [(f"#id_{one.name}", one.error) for one in finding.boxes if one.error]


@reports_in_the_field
@require_safe
@part_of("field:report")
def around(request: HttpRequest) -> HttpResponse:
    """Things of the ledger's register within 50 m, and open cases of the same kind to join."""
    here, finding = position_of(request), Finding(request)
    if here is None or finding.ledger is None:
        return HttpResponse("")
    rules = finding.ledger.rules
    category = Category.objects.filter(ledger=finding.ledger, code=request.GET.get("category", "")).first()
    nearby: list[tuple[Case, float]] = []
    if category is not None:
        among = policy.cases_for(finding.user)
        nearby = open_nearby(
            *here,
            within_m=max(rules.merge_within_m, ITEMS_WITHIN_M),
            category=category,
            among=among,
            at_most=_MOST_NEARBY,
        )
    context = {
        "items": [
            (item, f"{item.register.code}/{item.code}", metres_words(metres))
            for item, metres in items_around(here, rules.registers)
        ],
        "item_required": rules.item_required, "chosen": request.GET.get("item", ""),
        "nearby": [(case, metres_words(metres), status_badge(case)) for case, metres in nearby],
    }  # fmt: skip
    return render(request, "cases/field/_around.html", context)


def items_around(here: tuple[float, float], registers: Sequence[str]) -> list[tuple[Item, float]]:
    """Things of these registers within 50 m with their distance in metres, nearest first."""
    if not registers:
        return []
    south, north, west, east = box(*here, ITEMS_WITHIN_M)
    rows = Item.objects.filter(
        register__code__in=registers, lat__range=(south, north), lng__range=(west, east)
    ).exclude(state="retired").select_related("owner", "register")[:200]  # fmt: skip
    found = [
        (item, distance_m(*here, item.lng, item.lat))
        for item in rows
        if item.lng is not None and item.lat is not None
    ]
    return sorted((pair for pair in found if pair[1] <= ITEMS_WITHIN_M), key=lambda pair: pair[1])[
        :_MOST_ITEMS
    ]


@reports_in_the_field
@require_safe
def sent(request: HttpRequest, number: str) -> HttpResponse:
    """What became of the finding, and the next one."""
    user = worker(request)
    made = get_object_or_404(
        Report.objects.select_related("case__ledger", "case__department", "case__category", "case__subdistrict"),
        number=number, reported_by=user,
    )  # fmt: skip
    case = made.case
    visible = policy.may(user, "case.view", case)
    context = {
        "report": made, "case": case, "state": status_badge(case), "due": moment_text(case.due_at), "visible": visible,
        "verbs": verbs_for(user, case) if visible else [],
    }  # fmt: skip
    return render(request, "cases/field/sent.html", context)
