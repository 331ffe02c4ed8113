"""What is done on the spot: sign for it, give it back, report it handled, look, help. One form each, sent once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huying.cases import actions
from huying.cases.models import Case, CaseFile, Status
from huying.cases.views.desk.verb_forms import VerbForm
from huying.cases.views.desk.verbs import my_assistance
from huying.cases.views.field.access import case_for, in_the_field, worker
from huying.cases.views.field.answers import accepted, from_script
from huying.cases.views.field.display import place_of
from huying.cases.views.field.forms import (
    ANSWER_PHRASES,
    SEEN_PHRASES,
    DoneForm,
    GiveBackForm,
    HelpForm,
    NoteForm,
    SeenForm,
)
from huying.cases.views.field.once import sent_once
from huying.cases.views.field.photos import Box
from huying.cases.views.field.tasks import works_on
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.people.models import User
from huying.registry.declared.forms import cleaned_values

# Several boxes of a form that was refused come together in one note.
NOTE_PHOTOS = 24
Act = Callable[[Case, Any, User, dict[str, Box]], str]


@dataclass(frozen=True)
class Sheet:
    """One form on its own page: title, button, form, photo boxes, sentences for one tap, and what it does."""

    verb: str
    title: str
    button: str
    form: type[VerbForm]
    act: Act
    boxes: list[Box] = field(default_factory=list)
    phrases: tuple[Promise, ...] = ()
    phrase_field: str = ""


def _fill(request: HttpRequest, case: Case, sheet: Sheet) -> HttpResponse:
    """Show the form; on POST do it, or show it again with everything that was typed and photographed."""
    user = worker(request)
    boxes, status = {box.name: box for box in sheet.boxes}, 200
    if request.method == "POST":
        form = sheet.form(case, user, request.POST, request.FILES)
        for box in sheet.boxes:
            box.take(request)
        status = 422
        if form.is_valid() and not any(box.error for box in sheet.boxes):
            try:
                with transaction.atomic():
                    words = sheet.act(case, form, user, boxes)
                return accepted(request, _next(user, case), words)
            except Refusal as refusal:
                if from_script(request) and isinstance(refusal, Conflict | NotAllowed):
                    raise
                status = refusal.status
                _show(refusal, form, boxes)
    else:
        form = sheet.form(case, user, initial={"client_id": uuid.uuid4()})
    context = {
        "case": case, "form": form, "sheet": sheet, "place": place_of(case), "watermark": _watermark(user, case),
    }  # fmt: skip
    return render(request, "cases/field/verb.html", context, status=status)


def _show(refusal: Refusal, form: VerbForm, boxes: dict[str, Box]) -> None:
    """An action's sentence beside the photos or field that it is about, else on top."""
    if refusal.field == "photos" and boxes:
        list(boxes.values())[-1].error = str(refusal)
    else:
        form.refuse(refusal)


def _next(user: User, case: Case) -> str:
    """Where to go on: the list, where the next task is on top."""
    return reverse("field:home")


def _watermark(user: User, case: Case) -> dict[str, str]:
    return {"place": place_of(case), "who": str(user), "number": case.number}


def _require_mine(user: User, case: Case) -> None:
    if not works_on(user, case):
        raise NotAllowed(_("这个案件由其他单位承办，您可以查看，不能代办。"))


@in_the_field
@require_POST
@sent_once("take_up")
def take_up(request: HttpRequest, number: str) -> HttpResponse:
    """Sign for it. The same tap again, after a lost answer, finds it done."""
    user = worker(request)
    case = case_for(user, number)
    _require_mine(user, case)
    if case.status != Status.HANDLING or case.handler_id != user.pk:
        actions.take_up_case(case, actor=user)
    return accepted(request, reverse("field:task", args=[case.number]), _("已签收，由您办理。"))


@in_the_field
@sent_once("handled")
def handled(request: HttpRequest, number: str) -> HttpResponse:
    """Report it handled, with photos before and after."""
    user = worker(request)
    case = case_for(user, number)
    _require_mine(user, case)
    if request.method == "POST" or case.status != Status.DISPATCHED:
        # Before it is signed for, the form may be read: without a signal both steps wait on the phone.
        _require_open(case, "report_handled")
    needed = "photo_after" in case.rules.gates.get("report_handled", ())
    has_after = needed and case.files.filter(role=CaseFile.Role.AFTER).exists()
    boxes = [
        Box("before", _("处置前照片"), help=_("动手之前先拍一张。")),
        Box(
            "after",
            _("处置后照片"),
            required=needed and not has_after,
            help=_("站在同一个位置再拍一张，前后好对比。"),
        ),
    ]
    sheet = Sheet(
        "handled", _("报告办结"), _("报告办结"), DoneForm, _report_handled, boxes, ANSWER_PHRASES, "answer"
    )  # fmt: skip
    return _fill(request, case, sheet)


def _require_open(case: Case, verb: str) -> None:
    """Who comes too late is told so before filling anything in."""
    from huying.cases.workflow import STEPS

    STEPS[verb].check(case, None)
    if case.parked_at is not None:
        raise Conflict(_("案件正在挂账，请先恢复办理。"))


def _report_handled(case: Case, form: DoneForm, user: User, boxes: dict[str, Box]) -> str:
    actions.add_files(case, photos=boxes["before"].photos, role=CaseFile.Role.BEFORE, actor=user)
    actions.report_handled(
        case, actor=user, answer=form.cleaned_data["answer"], handling=cleaned_values(form.declared, by=user),
        photos=boxes["after"].photos,
    )  # fmt: skip
    return _("已报告办结。")


@in_the_field
@sent_once("return")
def give_back(request: HttpRequest, number: str) -> HttpResponse:
    """Give it back, with a reason."""
    user = worker(request)
    case = case_for(user, number)
    _require_mine(user, case)
    _require_open(case, "return")
    return _fill(request, case, Sheet("return", _("退单"), _("退回派遣员"), GiveBackForm, _return))


def _return(case: Case, form: GiveBackForm, user: User, boxes: dict[str, Box]) -> str:
    actions.return_case(case, reason=form.reason, actor=user)
    return _("已退回派遣员。")


@in_the_field
@sent_once("seen")
def seen(request: HttpRequest, number: str) -> HttpResponse:
    """Look on the spot whether it is done, for the checker."""
    case = case_for(worker(request), number)
    sheet = Sheet(
        "seen", _("到场核实"), _("提交核实情况"), SeenForm, _see, [Box("photos", _("现场照片"), required=True)],
        SEEN_PHRASES, "words",
    )  # fmt: skip
    return _fill(request, case, sheet)


def _see(case: Case, form: SeenForm, user: User, boxes: dict[str, Box]) -> str:
    actions.see_on_site(
        case, actor=user, done=form.cleaned_data["done"], words=form.cleaned_data["words"],
        photos=boxes["photos"].photos, client_id=form.cleaned_data["client_id"],
    )  # fmt: skip
    return _("核实情况已记下，由核查员定。")


@in_the_field
@sent_once("help")
def finish_help(request: HttpRequest, number: str) -> HttpResponse:
    """Report the own part of a joint case done."""
    case = case_for(worker(request), number)
    sheet = Sheet("help", _("协办完成"), _("报告协办完成"), HelpForm, _help, [], ANSWER_PHRASES, "result")
    return _fill(request, case, sheet)


def _help(case: Case, form: HelpForm, user: User, boxes: dict[str, Box]) -> str:
    result = form.cleaned_data["result"].strip()
    part = my_assistance(case, user)
    if part is None:
        if case.assistances.filter(done_by=user, result=result[:500]).exists():
            return _("协办已完成。")
        raise Conflict(_("没有等您单位完成的协办，可能同事已经报告了。"))
    actions.finish_assistance(part, result=result, actor=user)
    return _("协办已完成。")


@in_the_field
@sent_once("note")
def note(request: HttpRequest, number: str) -> HttpResponse:
    """Words and photos for a case that went on without them: nothing that was seen on the spot is lost."""
    case = case_for(worker(request), number)
    box = Box("photos", _("现场照片"), most=NOTE_PHOTOS)
    return _fill(
        request, case, Sheet("note", _("补充情况"), _("补进案件"), NoteForm, _note, [box], (), "words")
    )


def _note(case: Case, form: NoteForm, user: User, boxes: dict[str, Box]) -> str:
    actions.add_note(case, actor=user, words=form.cleaned_data["words"], photos=boxes["photos"].photos)
    return _("已补进案件。")
