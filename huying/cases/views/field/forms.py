"""What is filled in on the spot: as little as possible, chosen rather than typed."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.cases.ledger import LedgerRules
from huying.cases.views.desk.verb_forms import HandledForm, VerbForm, sentence
from huying.core.errors import Refusal
from huying.core.phones import PHONE

# Sentences for one tap; each can be changed after it was put in.
ANSWER_PHRASES: tuple[Promise, ...] = (
    gettext_lazy("已现场处置，恢复正常。"),
    gettext_lazy("已清理干净。"),
    gettext_lazy("已修好，试用正常。"),
    gettext_lazy("已更换新件。"),
    gettext_lazy("已劝离，现场恢复秩序。"),
    gettext_lazy("已设围挡和警示，防止有人受伤。"),
    gettext_lazy("已联系反映人，本人认可。"),
)
REPORT_PHRASES: tuple[Promise, ...] = (
    gettext_lazy("影响通行。"),
    gettext_lazy("有安全隐患。"),
    gettext_lazy("面积较大。"),
    gettext_lazy("居民多次反映。"),
    gettext_lazy("已先放置警示物。"),
    gettext_lazy("夜间看不见。"),
)
SEEN_PHRASES: tuple[Promise, ...] = (
    gettext_lazy("现场与照片一致。"),
    gettext_lazy("只做了一部分。"),
    gettext_lazy("现场没有变化。"),
    gettext_lazy("处置后又出现。"),
)
# Why somebody calls: put on record with the call.
CALL_REASONS: tuple[Promise, ...] = (
    gettext_lazy("核实现场位置"),
    gettext_lazy("约定上门时间"),
    gettext_lazy("了解具体情况"),
    gettext_lazy("告知处置情况"),
)
OTHER = "other"
RETURN_REASONS: tuple[tuple[str, Promise], ...] = (
    ("not-ours", gettext_lazy("不属于本单位职责")),
    ("not-here", gettext_lazy("不在本辖区")),
    ("not-found", gettext_lazy("地点不清楚，现场找不到")),
    ("not-so", gettext_lazy("现场没有反映的问题")),
    ("others-first", gettext_lazy("要由其他单位先办")),
    (OTHER, gettext_lazy("其他原因")),
)


class FieldForm(forms.Form):
    use_required_attribute = False
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)


class DoneForm(HandledForm):
    """What was done on the spot: the desk's own form, with what the phone needs besides."""

    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def handling_fields(self) -> list[forms.BoundField]:
        return [self[self.declared.add_prefix(bound.name)] for bound in self.declared]


class GiveBackForm(VerbForm):
    """A reason by one tap, words only where they add something."""

    why = forms.ChoiceField(
        label=gettext_lazy("为什么退回"), choices=RETURN_REASONS, widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择退单原因。")},
    )  # fmt: skip
    words = sentence(gettext_lazy("补充说明"), gettext_lazy("比如应该归谁管、在哪里找过。"), rows=2)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("why") == OTHER and len(cleaned.get("words", "").strip()) < 5:
            self.add_error("words", _("请写明退单理由（至少 5 个字），便于重新派遣。"))
        return cleaned

    @property
    def reason(self) -> str:
        """The reason as it is kept: the chosen sentence and the words."""
        chosen, words = self.cleaned_data["why"], self.cleaned_data["words"].strip()
        return (
            words
            if chosen == OTHER
            else "。".join(part for part in (str(dict(RETURN_REASONS)[chosen]), words) if part)
        )


class SeenForm(VerbForm):
    """What was seen on the spot, by two large buttons."""

    done = forms.TypedChoiceField(
        label=gettext_lazy("现场怎么样"), choices=(("yes", gettext_lazy("已经办好")), ("no", gettext_lazy("没有办好"))),
        coerce=lambda value: value == "yes", widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择现场有没有办好。")},
    )  # fmt: skip
    words = sentence(gettext_lazy("看到的情况"), rows=2)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)


class HelpForm(VerbForm):
    result = sentence(gettext_lazy("做了什么"), rows=3, least=gettext_lazy("请写明做了什么。"))
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)


class NoteForm(VerbForm):
    words = sentence(gettext_lazy("看到的情况"), rows=3, most=2000)
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)


class FindingForm(FieldForm):
    """A finding: category and place; words, thing and contact where the ledger wants them."""

    category = forms.CharField(
        label=gettext_lazy("是什么问题"),
        max_length=40,
        error_messages={"required": gettext_lazy("请选择是什么问题。")},
    )
    words = forms.CharField(
        label=gettext_lazy("说明"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    address = forms.CharField(
        label=gettext_lazy("哪里"),
        required=False,
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lng = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-180, max_value=180)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput, min_value=-90, max_value=90)
    item = forms.CharField(label=gettext_lazy("物件"), required=False, max_length=90)
    follows = forms.CharField(required=False, max_length=24)
    name = forms.CharField(label=gettext_lazy("反映人姓名"), required=False, max_length=60)
    phone = forms.CharField(
        label=gettext_lazy("反映人电话"), required=False, max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, rules: LedgerRules, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        if rules.contact == "none":
            del self.fields["name"], self.fields["phone"]
        else:
            self.fields["name"].required = self.fields["phone"].required = rules.contact == "required"

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"].replace(" ", "")
        if phone and not PHONE.match(phone):
            raise forms.ValidationError(_("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。"))
        return phone

    @property
    def point(self) -> tuple[float, float] | None:
        """The place (WGS-84) where there is a possible one."""
        lng, lat = self.cleaned_data.get("lng"), self.cleaned_data.get("lat")
        return (lng, lat) if lng is not None and lat is not None and math.isfinite(lng + lat) else None

    def refuse(self, refusal: Refusal) -> None:
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))
