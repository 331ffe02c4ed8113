"""What can be done with a case: one table `VERBS` from a verb to its form and its action.

`POST /desk/cases/<number>/<verb>/` works for every verb of the table, on the case page, in the queue, on the other
desks and in the field. A new verb is a form class, a function and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import actions, policy
from huying.cases.actions.requests import PENDING
from huying.cases.catalogue import catalogue
from huying.cases.models import (
    OPEN,
    Appeal,
    Assistance,
    Case,
    CaseFile,
    Exclusion,
    Extension,
    Parking,
    Request,
    Status,
)
from huying.cases.telling import moment_text
from huying.cases.views.desk.verb_forms import (
    AssignForm,
    AssistanceDoneForm,
    AssistanceForm,
    CheckForm,
    CloseForm,
    DeclineForm,
    DispatchForm,
    ExtensionForm,
    FileForm,
    ForgetForm,
    HandledForm,
    MergeForm,
    ParkingForm,
    PhotosForm,
    PlainForm,
    ReasonForm,
    ReclassifyForm,
    RefuseForm,
    ReopenForm,
    ReturnForm,
    ReworkForm,
    SuperviseForm,
    TakeUpForm,
    VerbForm,
    VoidForm,
    WordsForm,
)
from huying.cases.workflow import STEPS
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.models import StoredFile
from huying.people.models import User
from huying.registry.declared.forms import cleaned_values

# --- what each verb does, and what it says afterwards ----------------------------------------------------

Photos = Sequence[StoredFile]
Act = Callable[[Case, Any, User, Photos], str]


def _until(case: Case) -> str:
    return moment_text(case.due_at)


def _file(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.file_case(case, actor=actor, category=form.cleaned_data["category"])
    if case.status == Status.DISPATCHED:
        return _dispatched(case)
    return _("已受理，等待派遣。")


def _decline(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.decline_case(case, reason=form.cleaned_data["reason"], actor=actor)
    return _("已不予受理，理由已告知反映人。")


def _reclassify(case: Case, form: Any, actor: User, photos: Photos) -> str:
    data = form.cleaned_data
    moved = (data["lng"], data["lat"]) != (case.lng, case.lat) and data["lng"] is not None
    actions.reclassify_case(
        case, actor=actor, category=data["category"], address=data["address"],
        lng=data["lng"] if moved else None, lat=data["lat"] if moved else None,
    )  # fmt: skip
    return _("已更正类别和地点。")


def _merge(case: Case, form: Any, actor: User, photos: Photos) -> str:
    main: Case = form.cleaned_data["main"]
    actions.merge_cases(main, [case], actor=actor, reason=form.cleaned_data["reason"])
    return _("已并入 %(number)s「%(title)s」。") % {"number": main.number, "title": main.title}


def _void(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.void_case(case, reason=form.cleaned_data["reason"], actor=actor)
    return _("已作废，记录保留。")


def _dispatched(case: Case) -> str:
    return _("已派到%(department)s，%(due)s前办结。") % {"department": case.department, "due": _until(case)}


def _dispatch(case: Case, form: Any, actor: User, photos: Photos) -> str:
    data = form.cleaned_data
    helpers = [(data["helper"], data["task"])] if data.get("helper") else []
    actions.dispatch_case(
        case,
        department=data["department"],
        actor=actor,
        note=data["note"],
        helpers=helpers,
        limit=data.get("limit"),
    )
    return _dispatched(case)


def _handler(form: Any) -> User | None:
    pk = form.cleaned_data.get("handler")
    return User.objects.filter(pk=pk).first() if pk else None


def _take_up(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.take_up_case(case, actor=actor, handler=_handler(form))
    return _("已签收，%(handler)s负责，%(due)s前办结。") % {"handler": case.handler, "due": _until(case)}


def _assign(case: Case, form: Any, actor: User, photos: Photos) -> str:
    handler = _handler(form)
    assert handler is not None
    actions.assign_case(case, handler=handler, actor=actor)
    return _("已交给%s办理。") % handler


def _forget(case: Case, form: Any, actor: User, photos: Photos) -> str:
    report = case.reports.get(number=form.cleaned_data["report"])
    actions.forget_contact(report, reason=form.cleaned_data["reason"], actor=actor)
    return _("已删除诉求 %s 的个人信息。") % report.number


def _return(case: Case, form: Any, actor: User, photos: Photos) -> str:
    data = form.cleaned_data
    actions.return_case(case, reason=data["reason"], actor=actor, suggested=data["suggested"])
    return _("已退单，由裁定员决定责任单位。") if case.needs_arbitration else _("已退单，等待重新派遣。")


def _report_handled(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.report_handled(
        case,
        actor=actor,
        answer=form.cleaned_data["answer"],
        handling=cleaned_values(form.declared, by=actor),
        photos=photos,
    )
    return _("已结案。") if case.status == Status.CLOSED else _("已报告办结，等待核查。")


def _ask_extension(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.ask_extension(case, reason=form.cleaned_data["reason"], actor=actor)
    return _("延期申请已提交，等本单位负责人审批。")


def pending(case: Case, kind: Any) -> Any:
    """The request of this kind that waits for a decision, or None."""
    return kind.objects.filter(case=case, state__in=PENDING).select_related("asked_by", "first_by").first()


def _require_pending(case: Case, kind: type[Request]) -> Any:
    found = pending(case, kind)
    if found is None:
        raise Conflict(_("这个申请已经有人审批了。"))
    # The action claims the case by the version that this page has read.
    found.case = case
    return found


def _approve_extension(case: Case, form: Any, actor: User, photos: Photos) -> str:
    request = _require_pending(case, Extension)
    actions.approve_extension(request, actor=actor, words=form.cleaned_data["words"])
    if request.state == Request.State.GRANTED:
        return _("已批准延期，新的截止时间 %s。") % _until(case)
    return _("已同意，等待区级审批。")


def _approve_parking(case: Case, form: Any, actor: User, photos: Photos) -> str:
    request = _require_pending(case, Parking)
    actions.approve_parking(request, actor=actor, words=form.cleaned_data["words"])
    return _("已批准挂账，时限停走，%s 恢复。") % request.until


def _refuse(kind: type[Request]) -> Act:
    def act(case: Case, form: Any, actor: User, photos: Photos) -> str:
        actions.refuse_request(_require_pending(case, kind), actor=actor, words=form.cleaned_data["words"])
        return _("已退回申请，理由已告知申请人。")

    return act


def _ask_parking(case: Case, form: Any, actor: User, photos: Photos) -> str:
    data = form.cleaned_data
    actions.ask_parking(case, reason=data["reason"], plan=data["plan"], until=data["until"], actor=actor)
    return _("挂账申请已提交，等待审批。")


def _resume(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.resume_case(case, actor=actor)
    return _("已恢复办理，截止时间 %s。") % _until(case)


def _check(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.check_case(
        case, actor=actor, words=form.cleaned_data["words"], refusals=form.refusals, photos=photos
    )
    return _("核查通过，已结案。") if case.status == Status.CLOSED else _("核查通过，等待结案。")


def _rework(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.send_back_for_rework(case, reason=form.cleaned_data["reason"], actor=actor, photos=photos)
    return _("已退回%(department)s返工，%(due)s前办结。") % {
        "department": case.department,
        "due": _until(case),
    }


def _close(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.close_case(case, actor=actor, words=form.cleaned_data["words"])
    return _("已结案销号，已请反映人评价。")


def _reopen(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.reopen_case(case, reason=form.cleaned_data["reason"], actor=actor)
    return _("已重办，由%(department)s负责，%(due)s前办结。") % {
        "department": case.department,
        "due": _until(case),
    }


def _urge(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.urge_case(case, actor=actor, words=form.cleaned_data["words"])
    return _("已催办%(department)s，这是第 %(n)d 次。") % {"department": case.department, "n": case.urges}


def _supervise(case: Case, form: Any, actor: User, photos: Photos) -> str:
    data = form.cleaned_data
    paper = actions.supervise_case(case, actor=actor, colour=data["colour"], words=data["words"])
    return _("督办函 %(year)d 年第 %(number)d 号已发%(department)s，%(due)s前回复。") % {
        "year": paper.year,
        "number": paper.number,
        "department": case.department,
        "due": moment_text(paper.reply_due_at),
    }


def _appeal(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.appeal_overdue(case, reason=form.cleaned_data["reason"], actor=actor)
    return _("超期申诉已提交，由两名审核人先后复核。")


def _review_appeal(case: Case, form: Any, actor: User, photos: Photos) -> str:
    request = _require_pending(case, Appeal)
    actions.review_appeal(request, actor=actor, words=form.cleaned_data["words"])
    if request.state == Request.State.GRANTED:
        return _("申诉通过：不计入考核，超期记录保留。")
    return _("已同意，等待另一名审核人复核。")


def _ask_exclusion(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.ask_exclusion(case, reason=form.cleaned_data["reason"], actor=actor)
    return _("已申请不计入评价，由另一个人复核。")


def _review_exclusion(case: Case, form: Any, actor: User, photos: Photos) -> str:
    actions.review_exclusion(_require_pending(case, Exclusion), actor=actor, words=form.cleaned_data["words"])
    return _("已复核同意，不计入评价，案件记录保留。")


def _ask_assistance(case: Case, form: Any, actor: User, photos: Photos) -> str:
    data = form.cleaned_data
    actions.ask_assistance(case, department=data["department"], task=data["task"], actor=actor)
    return _("已请%s协办。") % data["department"]


def my_assistance(case: Case, actor: User) -> Assistance | None:
    """The unfinished part of this case that the actor's own department helps with."""
    if actor.department_id is None:
        return None
    mine = Q(department=actor.department_id) | Q(department__parent=actor.department_id)
    return case.assistances.filter(mine, done_at=None).select_related("department").first()


def _finish_assistance(case: Case, form: Any, actor: User, photos: Photos) -> str:
    assistance = my_assistance(case, actor)
    if assistance is None:
        raise Conflict(_("这项协办已经报告完成。"))
    assistance.case = case
    actions.finish_assistance(assistance, result=form.cleaned_data["result"], actor=actor)
    return _("已报告协办完成。")


def _add_photos(case: Case, form: Any, actor: User, photos: Photos) -> str:
    policy.require(actor, "case.report_handled", case)
    if not photos:
        raise Refusal(_("请先选择照片，再上传。"))
    actions.add_files(case, photos=photos, role=CaseFile.Role(form.cleaned_data["role"]), actor=actor)
    return _("已上传 %d 张照片。") % len(photos)


# --- when each verb is open ------------------------------------------------------------------------------

Open = Callable[[Case, User], bool]


def _step_open(verb: str) -> Open:
    step = STEPS[verb]

    def is_open(case: Case, actor: User) -> bool:
        return case.status in step.sources and policy.may(
            actor, step.permission, case, role=case.rules.who.get(verb)
        )

    return is_open


def _and(first: Open, second: Callable[[Case, User], bool]) -> Open:
    return lambda case, actor: second(case, actor) and first(case, actor)


def _may(permission: str, when: Callable[[Case], bool]) -> Open:
    return lambda case, actor: when(case) and policy.may(actor, permission, case)


def _with_department(case: Case) -> bool:
    return case.status in (Status.DISPATCHED, Status.HANDLING)


def _running(case: Case) -> bool:
    return _with_department(case) and case.parked_at is None and case.due_at is not None


def _can_dispatch(case: Case, actor: User) -> bool:
    return not case.needs_arbitration or policy.may(actor, "case.arbitrate", case)


def _not_handler(case: Case, actor: User) -> bool:
    return actor.pk not in (case.handled_by_id, case.handler_id)


def _can_return(case: Case, actor: User) -> bool:
    return case.parked_at is None and case.returns < case.rules.returns_at_most


def _not_parked(case: Case, actor: User) -> bool:
    return case.parked_at is None


def _may_extend(case: Case) -> bool:
    return (
        _running(case) and not case.is_overdue() and case.extensions < case.rules.extensions_at_most
        and not case.extension_requests.filter(state__in=PENDING).exists()
    )  # fmt: skip


def _may_park(case: Case) -> bool:
    rules = case.rules
    return (
        _running(case) and rules.parking_allowed and case.parkings < rules.parkings_at_most
        and not case.parking_requests.filter(state__in=PENDING).exists()
    )  # fmt: skip


def _decides(permission: str, kind: type[Request], when: Callable[[Case], bool]) -> Open:
    """Somebody who may decide and has not asked or approved already, while a request waits."""

    def is_open(case: Case, actor: User) -> bool:
        if not when(case) or not policy.may(actor, permission, case):
            return False
        request = pending(case, kind)
        return request is not None and actor.pk not in (request.asked_by_id, request.first_by_id)

    return is_open


def _closed(case: Case) -> bool:
    return case.status == Status.CLOSED


def _may_ask_help(case: Case, actor: User) -> bool:
    """The lead department while it has the case; who dispatches also before."""
    return (_with_department(case) and policy.may(actor, "case.assign", case)) or (
        (_with_department(case) or case.status == Status.FILED) and policy.may(actor, "case.dispatch", case)
    )


@dataclass(frozen=True)
class Verb:
    """One thing that can be done: its word on the button, its form, its action and when it is offered."""

    code: str
    title: Promise
    icon: str
    form: type[VerbForm]
    act: Act
    is_open: Open
    place: str = "more"  # first: beside the title; more: in the menu
    danger: bool = False
    about: Promise | str = ""


VERBS: dict[str, Verb] = {
    verb.code: verb
    for verb in (
        Verb("file", gettext_lazy("受理"), "check", FileForm, _file, _step_open("file"), "first"),
        Verb("dispatch", gettext_lazy("派遣"), "send", DispatchForm, _dispatch,
            _and(_step_open("dispatch"), _can_dispatch), "first"),
        Verb("take_up", gettext_lazy("签收"), "user", TakeUpForm, _take_up, _step_open("take_up"), "first"),
        Verb("report_handled", gettext_lazy("报告办结"), "check-circle", HandledForm, _report_handled,
             _and(_step_open("report_handled"), _not_parked), "first"),
        Verb("check", gettext_lazy("核查通过"), "check", CheckForm, _check,
            _and(_step_open("check"), _not_handler), "first"),
        Verb("close", gettext_lazy("结案销号"), "check-circle", CloseForm, _close, _step_open("close"), "first"),
        Verb("finish_assistance", gettext_lazy("协办完成"), "check", AssistanceDoneForm, _finish_assistance,
             lambda case, actor: my_assistance(case, actor) is not None and policy.may(actor,
                 "case.view", case), "first"),
        Verb("approve_extension", gettext_lazy("同意延期"), "check", WordsForm, _approve_extension,
             _decides("case.approve_extension", Extension, _running), "first"),
        Verb("approve_parking", gettext_lazy("同意挂账"), "check", WordsForm, _approve_parking,
             _decides("case.approve_parking", Parking, _running), "first"),
        Verb("review_appeal", gettext_lazy("同意申诉"), "check", WordsForm, _review_appeal,
             _decides("case.review_appeal", Appeal, _closed), "first"),
        Verb("review_exclusion", gettext_lazy("同意不计入评价"), "check", WordsForm, _review_exclusion,
             _decides("case.review_exclusion", Exclusion, _closed), "first"),
        Verb("resume", gettext_lazy("恢复办理"), "play", PlainForm, _resume,
             _may("case.park", lambda case: case.parked_at is not None), "first",
             about=gettext_lazy("时限从现在起接着走。")),
        Verb("rework", gettext_lazy("退回返工"), "return", ReworkForm, _rework,
            _and(_step_open("rework"), _not_handler), "first"),
        Verb("assign", gettext_lazy("指派承办人"), "user", AssignForm, _assign, _may("case.assign", _with_department)),
        Verb("return", gettext_lazy("退单"), "return", ReturnForm, _return, _and(_step_open("return"), _can_return)),
        Verb("ask_extension", gettext_lazy("申请延期"), "clock", ExtensionForm, _ask_extension,
            _may("case.extend", _may_extend)),
        Verb("ask_parking", gettext_lazy("申请挂账"), "pause", ParkingForm, _ask_parking, _may("case.park", _may_park)),
        Verb("ask_assistance", gettext_lazy("请协办"), "users", AssistanceForm, _ask_assistance, _may_ask_help),
        Verb("add_photos", gettext_lazy("上传照片"), "camera", PhotosForm, _add_photos,
             _may("case.report_handled", _with_department)),
        Verb("merge", gettext_lazy("并单"), "merge", MergeForm, _merge, _step_open("merge")),
        Verb("reclassify", gettext_lazy("改类别、地点"), "edit", ReclassifyForm, _reclassify,
             _may("case.file", lambda case: case.status in (Status.REPORTED, Status.FILED))),
        Verb("urge", gettext_lazy("催办"), "bell", WordsForm, _urge, _may("case.urge", _with_department)),
        Verb("supervise", gettext_lazy("督办"), "shield", SuperviseForm, _supervise,
            _may("case.supervise", _with_department)),
        Verb("appeal", gettext_lazy("超期申诉"), "scale", ReasonForm, _appeal,
             _may("case.appeal",
                 lambda case: _closed(case) and case.overdue and not Appeal.objects.filter(case=case).exists()),
             about=gettext_lazy("通过后不计入考核，超期记录保留。每个案件只能申诉一次。")),
        Verb("ask_exclusion", gettext_lazy("申请不计入评价"), "info", ReasonForm, _ask_exclusion,
             _may("case.exclude", lambda case: _closed(case) and not Exclusion.objects.filter(case=case).exists()),
             about=gettext_lazy("要由另一个人复核同意，才不计入满意率。")),
        Verb("reopen", gettext_lazy("重办"), "refresh", ReopenForm, _reopen, _step_open("reopen")),
        Verb("refuse_extension", gettext_lazy("不同意延期"), "close", RefuseForm, _refuse(Extension),
             _decides("case.approve_extension", Extension, lambda case: True), "first", danger=True),
        Verb("refuse_parking", gettext_lazy("不同意挂账"), "close", RefuseForm, _refuse(Parking),
             _decides("case.approve_parking", Parking, lambda case: True), "first", danger=True),
        Verb("refuse_appeal", gettext_lazy("不同意申诉"), "close", RefuseForm, _refuse(Appeal),
             _decides("case.review_appeal", Appeal, _closed), "first", danger=True),
        Verb("refuse_exclusion", gettext_lazy("不同意不计入评价"), "close", RefuseForm, _refuse(Exclusion),
             _decides("case.review_exclusion", Exclusion, _closed), "first", danger=True),
        Verb("decline", gettext_lazy("不予受理"), "close-circle", DeclineForm, _decline,
            _step_open("decline"), danger=True),
        Verb("forget_contact", gettext_lazy("删除反映人信息"), "eye-off", ForgetForm, _forget,
             _may("contact.forget", lambda case: case.reports.filter(contact_forgotten=False).exists()), danger=True),
        Verb("void", gettext_lazy("作废"), "trash", VoidForm, _void, _step_open("void"), danger=True),
    )
}  # fmt: skip


def verbs_open_to(case: Case, actor: User) -> list[Verb]:
    """Everything that this person could do with this case now, in the order of the buttons."""
    return [verb for verb in VERBS.values() if verb.is_open(case, actor)]


def why_not(verb: Verb, case: Case, actor: User) -> Refusal:
    """The sentence for a verb that is not open now."""
    if step := STEPS.get(verb.code):
        try:
            step.check(case, actor)
        except Refusal as refusal:
            return refusal
    if case.status not in OPEN and not _closed(case):
        return Conflict(_("案件现在是「%s」，不能再办理。") % Status(case.status).label)
    return NotAllowed(
        _("现在不能%(verb)s：案件是「%(now)s」，或者这一步不归您办。")
        % {"verb": verb.title, "now": Status(case.status).label}
    )


def department_options() -> tuple[list[str], list[str]]:
    """Titles for the datalists: departments that may lead, and all that may help."""
    known = [department for department in catalogue().departments.values() if department.active]
    return [str(d) for d in known if d.leads], [str(d) for d in known]
