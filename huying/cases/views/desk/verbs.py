"""What can be done with a case: one table `VERBS` from a verb to its form and its action.

`POST /desk/cases/<number>/<verb>/` works for every verb of the table, on the case page, in the queue, on the other
desks and in the field. A new verb is a form class, a function and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import actions, clock, policy
from huying.cases.actions.supervising import letter_body
from huying.cases.catalogue import catalogue
from huying.cases.forms import cleaned_values, declared_form
from huying.cases.ledger import FIVE_REFUSALS, Field
from huying.cases.models import (
    OPEN,
    Appeal,
    Assistance,
    Case,
    CaseFile,
    Category,
    Exclusion,
    Extension,
    Parking,
    Request,
    Status,
)
from huying.cases.suggest import Guess, Responsible, guess_categories, likely_duplicates, responsible_for
from huying.cases.telling import moment_text
from huying.cases.views.desk.fields import Choice, Group, options
from huying.cases.workflow import GATES, REFUSAL_QUESTIONS, STEPS, closed_gates
from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.models import StoredFile
from huying.papers.models import Paper
from huying.people.models import Department, User
from huying.places.clock import parse_limit

PENDING = (Request.State.ASKED, Request.State.FIRST_APPROVED)

# --- fields --------------------------------------------------------------------------------------------


def sentence(
    title: Any, help_text: Any = "", *, least: Any = "", rows: int = 3, most: int = 500
) -> forms.Field:
    """A text to write. `least` is said when it is left empty; without it the text is optional."""
    return forms.CharField(
        label=title,
        help_text=help_text,
        required=bool(least),
        max_length=most,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": least},
    )


class DepartmentField(forms.CharField):
    """Any department by title or code, found while its name is being typed (datalist of the page)."""

    def __init__(self, *, leading: bool = True, **kwargs: Any) -> None:
        list_id = "departments-lead" if leading else "departments-all"
        kwargs.setdefault("widget", forms.TextInput(attrs={"list": list_id, "autocomplete": "off"}))
        super().__init__(max_length=80, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = Department.objects.filter(
            Q(code=text) | Q(title=text) | Q(title_en=text), valid_to=None
        ).first()
        if found is None:
            raise forms.ValidationError(
                _("没有找到“%(text)s”这个单位：请输入名称里的一两个字，从列表里选。") % {"text": text}
            )
        return found


class CategorySelect(forms.Select):
    """A select whose options are drawn in one go; ledgers with all topics have 175 of them."""

    groups: Callable[[], Sequence[Choice | Group]] = staticmethod(lambda: ())

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        from django.utils.html import format_html

        return format_html(
            '<select name="{}" id="{}">{}</select>',
            name, (attrs or {}).get("id", name), options(self.groups(), frozenset([str(value or "")])),
        )  # fmt: skip


def category_groups(case: Case, guesses: Sequence[Guess]) -> list[Choice | Group]:
    """Categories of the case's ledger: those that its words speak for first, with these words."""
    rows = list(
        Category.objects.filter(ledger=case.ledger_id, active=True)
        .select_related("topic__parent")
        .order_by("code")
    )
    found: list[Choice | Group] = []
    if guesses:
        said: list[Choice] = [(g.category.code, f"{g.category}（{'、'.join(g.words)}）") for g in guesses]
        found.append((_("按内容建议"), said))
    roots: dict[str, list[Choice]] = {}
    for category in rows:
        topic = category.topic
        root = str((topic.parent or topic) if topic else _("本台账类别"))
        roots.setdefault(root, []).append((category.code, str(category)))
    found.extend(roots.items())
    return found


def guesses_for(case: Case) -> list[Guess]:
    """Up to three categories that the words of the case speak for."""
    rows = Category.objects.filter(ledger=case.ledger_id, active=True).select_related("topic__parent")
    return guess_categories(rows, case.words, case.title, at_most=3)


def handlers_for(case: Case) -> list[tuple[str, str]]:
    """(key, name) of the people of the responsible department and the stations below it."""
    if case.department_id is None:
        return []
    staff = User.objects.filter(
        Q(department=case.department_id) | Q(department__parent=case.department_id),
        is_active=True,
        grants__role__in=("clerk", "head"),
    )
    rows = staff.distinct().order_by("name").values_list("pk", "name", "title")
    return [(str(pk), f"{name} {title}".strip()) for pk, name, title in rows]


# --- forms ---------------------------------------------------------------------------------------------


class VerbForm(forms.Form):
    """The form of one verb. `photos` names the kind of photos that it takes; empty: none."""

    photos: ClassVar[Promise | str] = ""
    # Where an action names a field otherwise than the form does.
    aliases: ClassVar[dict[str, str]] = {}
    use_required_attribute = False

    # The gate of the ledger that asks for such a photo, as (step, gate).
    photo_gate: ClassVar[tuple[str, str]] = ("", "")

    @property
    def photos_required(self) -> bool:
        """Whether the step is refused without a photo, and none is there yet."""
        step, gate = self.photo_gate
        return gate in self.case.rules.gates.get(step, ()) and GATES[gate](self.case) is not None

    def __init__(self, case: Case, actor: User, *args: Any, **kwargs: Any) -> None:
        self.case, self.actor = case, actor
        kwargs.setdefault("auto_id", "verb-%s")
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Set choices and first values from the case."""

    def choose(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        """Set what one field offers."""
        field: Any = self.fields[name]
        field.choices = choices

    def notes(self) -> list[str]:
        """What is still missing for this step, or good to know before it."""
        return []

    def refuse(self, refusal: Refusal) -> None:
        """Put an action's sentence beside the field that it is about, else on top."""
        name = self.aliases.get(refusal.field or "", refusal.field)
        self.add_error(name if name in self.fields else None, str(refusal))

    @property
    def wants_files(self) -> bool:
        return bool(self.photos) or self.is_multipart()


class PlainForm(VerbForm):
    """Nothing to fill in: the button is the question."""


class WordsForm(VerbForm):
    words = sentence(gettext_lazy("说明"), rows=2)


class RefuseForm(VerbForm):
    aliases: ClassVar[dict[str, str]] = {"reason": "words"}
    words = sentence(
        gettext_lazy("理由"),
        gettext_lazy("申请人会看到。"),
        least=gettext_lazy("请写明理由（至少 5 个字）。"),
    )


class FileForm(VerbForm):
    category = forms.CharField(label=gettext_lazy("类别"), widget=CategorySelect)

    def prepare(self) -> None:
        guesses = guesses_for(self.case)
        field = self.fields["category"]
        field.widget.groups = lambda: category_groups(self.case, guesses)
        field.initial = self.case.category.code

    def clean_category(self) -> Category:
        category = Category.objects.filter(
            ledger=self.case.ledger_id, code=self.cleaned_data["category"]
        ).first()
        if category is None:
            raise forms.ValidationError(_("请选择这个台账的类别。"))
        return category

    def notes(self) -> list[str]:
        return closed_gates(self.case, "file")


class ReclassifyForm(FileForm):
    address = forms.CharField(label=gettext_lazy("地点"), max_length=160, required=False)
    lng = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-90, max_value=90)

    picks_place: ClassVar[bool] = True

    def prepare(self) -> None:
        super().prepare()
        self.initial.update(address=self.case.address, lng=self.case.lng, lat=self.case.lat)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (data.get("lng") is None) != (data.get("lat") is None):
            self.add_error(None, _("请在地图上重新点选位置。"))
        return data


class DeclineForm(VerbForm):
    reason = sentence(gettext_lazy("理由"), gettext_lazy("反映人会看到这段话。"),
                      least=gettext_lazy("请写明不予受理的理由（至少 5 个字），反映人会看到。"))  # fmt: skip


class VoidForm(VerbForm):
    reason = sentence(gettext_lazy("作废理由"), gettext_lazy("只用于误录、测试；记录会保留。"),
                      least=gettext_lazy("请写明作废理由。"))  # fmt: skip


class MergeForm(VerbForm):
    """This case is joined to another, which stays open."""

    main = forms.CharField(
        label=gettext_lazy("并入哪个案件（编号）"), max_length=24,
        error_messages={"required": gettext_lazy("请选择或输入主案件的编号。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "verb-duplicates"}),
    )  # fmt: skip
    reason = sentence(gettext_lazy("说明"), rows=2)

    def prepare(self) -> None:
        found = self.duplicates
        if len(found) == 1:
            self.fields["main"].initial = found[0][0].number

    @cached_property
    def duplicates(self) -> list[tuple[Case, float]]:
        """Open cases nearby about the same matter."""
        return likely_duplicates(self.case, policy.cases_for(self.actor, "case.merge"))

    def clean_main(self) -> Case:
        number = self.cleaned_data["main"].strip()
        found = (
            policy.cases_for(self.actor, "case.merge")
            .select_related("ledger", "department")
            .filter(number=number)
            .first()
        )
        if found is None:
            raise forms.ValidationError(_("没有找到编号为“%s”的案件，请核对编号。") % number)
        return found

    def notes(self) -> list[str]:
        return [_("反映人的编号、查询页、答复和评价都保留，只是合并办理。")]


class DispatchForm(VerbForm):
    aliases: ClassVar[dict[str, str]] = {"limit": "limit_number"}
    department = DepartmentField(
        label=gettext_lazy("责任单位"), help_text=gettext_lazy("输入名称里的字就能找到任何单位。"),
        error_messages={"required": gettext_lazy("请选择责任单位。")},
    )  # fmt: skip
    note = sentence(
        gettext_lazy("给单位的话"), gettext_lazy("不按系统建议派遣时，请写明理由。"), rows=2, most=200
    )
    helper = DepartmentField(label=gettext_lazy("协办单位"), required=False, leading=False)
    task = forms.CharField(label=gettext_lazy("请协办单位做什么"), max_length=300, required=False)
    limit_number = forms.IntegerField(
        label=gettext_lazy("缩短时限到"), required=False, min_value=1, max_value=999,
        help_text=gettext_lazy("只能比类别规定的短；不填按类别规定。"),
    )  # fmt: skip
    limit_clock = forms.ChoiceField(
        label=gettext_lazy("时限单位"), required=False,
        choices=[
            ("emergency hours", gettext_lazy("紧急工作时")), ("work hours", gettext_lazy("工作时")),
            ("work days", gettext_lazy("工作日")), ("days", gettext_lazy("自然日")),
        ],
    )  # fmt: skip

    def prepare(self) -> None:
        if self.suggestion.department is not None:
            self.fields["department"].initial = self.suggestion.department.title
        returned = self.case.case_returns.select_related("suggested").last() if self.case.returns else None
        self.returned = returned
        if returned and returned.suggested and returned.suggested.can_lead:
            self.fields["department"].initial = returned.suggested.title

    @cached_property
    def suggestion(self) -> Responsible:
        """Who should have it, with the sentence that says why."""
        return responsible_for(self.case)

    @property
    def whole_limit(self) -> str:
        return self.case.category.limit_words

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("helper") and not (data.get("task") or "").strip():
            self.add_error("task", _("请写明请协办单位做什么。"))
        if data.get("limit_number"):
            data["limit"] = parse_limit(f"{data['limit_number']} {data.get('limit_clock') or 'work hours'}")
        return data


class TakeUpForm(VerbForm):
    handler = forms.ChoiceField(label=gettext_lazy("承办人"), required=False)

    def prepare(self) -> None:
        mine = (str(self.actor.pk), _("%s（我）") % self.actor)
        others = [pair for pair in handlers_for(self.case) if pair[0] != mine[0]]
        self.choose("handler", [mine, *others])
        self.fields["handler"].initial = str((self.case.handler or self.actor).pk)


class AssignForm(TakeUpForm):
    handler = forms.ChoiceField(label=gettext_lazy("承办人"))

    def prepare(self) -> None:
        self.choose("handler", handlers_for(self.case))
        self.fields["handler"].initial = str(self.case.handler_id or "")


class ForgetForm(VerbForm):
    """A reporter asked that their name and phone be deleted before their time."""

    report = forms.ChoiceField(label=gettext_lazy("哪一条诉求"))
    reason = sentence(
        gettext_lazy("依据"),
        gettext_lazy("谁在什么时候提出的。"),
        least=gettext_lazy("请写明依据（至少 5 个字）。"),
    )

    def prepare(self) -> None:
        with_contact = self.case.reports.filter(contact_forgotten=False)
        self.choose("report", [(report.number, report.number) for report in with_contact])

    def notes(self) -> list[str]:
        return [_("姓名、电话和住处等个人信息删除后不能恢复；诉求内容和办理记录保留。")]


class ReturnForm(VerbForm):
    reason = sentence(gettext_lazy("退单理由"), gettext_lazy("写明为什么不归本单位，依据是什么。"),
                      least=gettext_lazy("请写明退单理由（至少 5 个字），便于重新派遣。"))  # fmt: skip
    suggested = DepartmentField(label=gettext_lazy("建议派给"), required=False)

    def notes(self) -> list[str]:
        left = self.case.rules.returns_at_most - self.case.returns
        return [_("时限继续走。还可以退 %d 次；退满后由裁定员决定责任单位，不能再退。") % left]


class HandledForm(VerbForm):
    """What was done: the answer, the ledger's own handling form, photos."""

    photos = gettext_lazy("处置后照片")
    photo_gate = ("report_handled", "photo_after")
    answer = sentence(
        gettext_lazy("处置结果"),
        gettext_lazy("写清楚做了什么、结果怎样；反映人会看到。"),
        rows=4,
        most=2000,
        least=gettext_lazy("请写清楚做了什么（至少 5 个字）。"),
    )

    def prepare(self) -> None:
        self.initial.setdefault("answer", self.case.answer)
        bound = (self.data, self.files) if self.is_bound else (None, None)
        self.declared = declared_form(
            self.asked, bound[0], self.case.handling, "handling", files=bound[1],
            facts={"channel": self.case.channel, "category": self.case.category.code},
        )  # fmt: skip
        # One set of errors for the summary on top; the values are cleaned by the declared form itself.
        for bound_field in self.declared:
            self.fields[self.declared.add_prefix(bound_field.name)] = bound_field.field
            if not self.is_bound and bound_field.initial is not None:
                self.initial[self.declared.add_prefix(bound_field.name)] = bound_field.initial

    @property
    def asked(self) -> Sequence[Field]:
        return self.case.rules.handling_form

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        self.declared.is_valid()
        names = {self.declared.add_prefix(field.name) for field in self.declared}
        # Conditions (`when`) decide in the declared form which fields are asked at all.
        for name in names:
            self.errors.pop(name, None)
        for name, errors in self.declared.errors.items():
            self.errors[self.declared.add_prefix(name) if name != "__all__" else name] = errors

    def notes(self) -> list[str]:
        return [s for s in closed_gates(self.case, "report_handled") if not _asked_here(s)]


def _asked_here(sentence_: str) -> bool:
    """The gate on the answer's text is said by its own field."""
    return sentence_ == str(_("请写清楚做了什么（至少 5 个字）。"))


class ReasonForm(VerbForm):
    reason = sentence(gettext_lazy("理由"), least=gettext_lazy("请写明理由（至少 5 个字）。"))


class ExtensionForm(ReasonForm):
    """Says what a yes would mean before it is asked for: the new deadline, and who decides."""

    def notes(self) -> list[str]:
        case = self.case
        found = [
            _(
                "批准后时限再加一个 %(limit)s，最多延期 %(most)d 次，已延 %(n)d 次；要经本单位负责人和区级两级审批。"
            )
            % {
                "limit": clock.said(parse_limit(case.limit)) if case.limit else "",
                "most": case.rules.extensions_at_most,
                "n": case.extensions,
            }
        ]
        if case.due_at is not None and case.is_running:
            new = clock.extend(case, timezone.now())["due_at"]
            found.append(
                _("批准后截止时间从 %(old)s 改为 %(new)s。批准以前按原时限走，超期后不能再批。")
                % {"old": moment_text(case.due_at), "new": moment_text(new)}
            )
        return found


class ParkingForm(ReasonForm):
    plan = sentence(gettext_lazy("办理计划"), gettext_lazy("谁、什么时候、怎么办。"),
                    least=gettext_lazy("请写明办理计划：谁、什么时候、怎么办。"), most=1000)  # fmt: skip
    until = forms.DateField(
        label=gettext_lazy("预计恢复日期"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("请选择预计恢复日期。"),
            "invalid": gettext_lazy("请填写日期，例如 2023-11-05。"),
        },
    )

    def notes(self) -> list[str]:
        return [_("批准后时限停走，到期自动恢复。挂账最长 %d 天。") % self.case.rules.parking_longest.days]


class CheckForm(VerbForm):
    """Confirmed by someone other than the handler; the five refusals are asked where the ledger says so."""

    photos = gettext_lazy("核查照片")
    photo_gate = ("check", "photo_checked")
    words = sentence(gettext_lazy("核查意见"), rows=2)

    def prepare(self) -> None:
        self.asks = "five_refusals" in self.case.rules.gates.get("close", ())
        if not self.asks:
            return
        for code in FIVE_REFUSALS:
            self.fields[f"refusal_{code}"] = forms.ChoiceField(
                label=str(REFUSAL_QUESTIONS[code]), choices=[("yes", gettext_lazy("是")), ("no", gettext_lazy("否"))],
                widget=forms.RadioSelect, error_messages={"required": gettext_lazy("请回答这一项。")},
            )  # fmt: skip

    @property
    def refusals(self) -> dict[str, bool] | None:
        if not self.asks:
            return None
        given = {code: self.cleaned_data.get(f"refusal_{code}") for code in FIVE_REFUSALS}
        return {code: value == "yes" for code, value in given.items() if value}

    def notes(self) -> list[str]:
        found = closed_gates(self.case, "check")
        if self.asks:
            found.append(_("五个不放过：五项都是“是”才能通过；有一项“否”请改用退回返工。"))
        return found


class ReworkForm(VerbForm):
    photos = gettext_lazy("核查照片")
    reason = sentence(gettext_lazy("哪里没有办好"), least=gettext_lazy("请写明哪里没有办好（至少 5 个字）。"))


class CloseForm(WordsForm):
    def notes(self) -> list[str]:
        return closed_gates(self.case, "close")


class ReopenForm(VerbForm):
    reason = sentence(gettext_lazy("为什么要重办"), least=gettext_lazy("请说明为什么要重办。"))


class SuperviseForm(VerbForm):
    colour = forms.ChoiceField(
        label=gettext_lazy("督办颜色"), choices=Paper.Colour.choices, widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择督办颜色：蓝、黄、红。")},
    )  # fmt: skip
    words = sentence(gettext_lazy("督办意见"), gettext_lazy("写进督办函；责任单位 2 个工作日内书面回复。"))

    def prepare(self) -> None:
        order = ["", *Paper.Colour.values]
        left = [
            pair for pair in Paper.Colour.choices if order.index(pair[0]) >= order.index(self.case.colour)
        ]
        self.choose("colour", left)
        self.fields["colour"].initial = left[0][0] if left else ""

    @property
    def preview(self) -> list[str]:
        """The letter as it would go out: title, addressee, text."""
        case = self.case
        said = self.data.get("words", "").strip() if self.is_bound else ""
        body = letter_body(case, said or _("（督办意见写在这里）"))
        return [_("关于办理「%s」的督办函") % case.title[:80], f"{case.department}：", *body.splitlines()]


class AssistanceForm(VerbForm):
    department = DepartmentField(
        label=gettext_lazy("协办单位"), leading=False, help_text=gettext_lazy("社区（村）也可以协办。"),
        error_messages={"required": gettext_lazy("请选择协办单位。")},
    )  # fmt: skip
    task = sentence(
        gettext_lazy("请对方做什么"), rows=2, most=300, least=gettext_lazy("请写明请对方做什么。")
    )


class AssistanceDoneForm(VerbForm):
    result = sentence(gettext_lazy("做了什么"), least=gettext_lazy("请写明做了什么。"))


class PhotosForm(VerbForm):
    photos = gettext_lazy("照片")
    role = forms.ChoiceField(label=gettext_lazy("这是什么照片"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        roles = (CaseFile.Role.BEFORE, CaseFile.Role.AFTER)
        self.choose("role", [(role.value, str(role.label)) for role in roles])
        self.fields["role"].initial = CaseFile.Role.BEFORE.value


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
