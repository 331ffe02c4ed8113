"""What is asked for before a verb: a form class each. What the verbs do with it is in `verbs.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases import clock, policy
from huying.cases.actions.supervising import letter_body
from huying.cases.ledger import FIVE_REFUSALS
from huying.cases.models import (
    Case,
    CaseFile,
    Category,
)
from huying.cases.suggest import Guess, Responsible, guess_categories, likely_duplicates, responsible_for
from huying.cases.telling import moment_text
from huying.cases.views.desk.fields import Choice, Group, options
from huying.cases.workflow import GATES, REFUSAL_QUESTIONS, closed_gates
from huying.core.errors import Refusal
from huying.papers.models import Paper
from huying.people.models import Department, User
from huying.places.clock import parse_limit
from huying.registry.declared.fields import Field
from huying.registry.declared.forms import declared_form

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
        field = self.fields["category"]
        # Guessed when the form is drawn, not when it is sent.
        field.widget.groups = lambda: category_groups(self.case, guesses_for(self.case))
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
