"""What residents type. Checked gently: nothing that was typed is ever thrown away."""

from __future__ import annotations

import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from huying.cases.models import Callback, TellBy
from huying.core.phones import PHONE


class PlainForm(forms.Form):
    """No browser bubbles: the errors stand beside the fields, in the page's words."""

    use_required_attribute = False


def _tell_by() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("有进展怎么告诉您"),
        help_text=_("查询页上一直看得到。短信发到您留的手机。"),
        choices=TellBy.choices,
        required=False,
        widget=forms.RadioSelect,
    )


def _email() -> forms.EmailField:
    return forms.EmailField(
        label=_("邮箱"),
        help_text=_("选“电子邮件”时填写。"),
        required=False,
        max_length=254,
        error_messages={"invalid": _("邮箱看起来不对，例如 wang@example.com。")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


def needs_email(form: forms.Form) -> None:
    """Who wants e-mail leaves an address."""
    missing = not form.cleaned_data.get("email") and "email" not in form.errors
    if missing and form.cleaned_data.get("tell_by") == TellBy.EMAIL:
        form.add_error("email", str(_("请填写邮箱，或者选别的方式。")))


def _phone_input(**more: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", **more})


class ReportForm(PlainForm):
    """One report: words, place, contact. The photos and the ledger's own fields stand beside it."""

    words = forms.CharField(
        label=_("发生了什么"),
        help_text=_("写清楚什么事、在哪一段、有没有危险。有照片可以只写一句。"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": _("最多写 2000 个字，请精简一些；更多情况提交后可以补充。")},
    )
    address = forms.CharField(
        label=_("地址或附近的地标"),
        help_text=_("例如：建设路与开源路交叉口东北角"),
        required=False,
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lng = forms.FloatField(required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    place = forms.CharField(
        required=False, widget=forms.HiddenInput
    )  # "lng,lat" of a found place; "-" for none
    name = forms.CharField(
        label=_("怎么称呼您"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = forms.CharField(label=_("电话"), required=False, max_length=30, widget=_phone_input())
    tell_by = _tell_by()
    email = _email()
    consent = forms.BooleanField(
        label=_("我已阅读并同意按《隐私说明》处理我填写的个人信息"),
        required=False,
    )
    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    # Left empty by people, who never see it.
    website = forms.CharField(
        required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
    )

    def clean(self) -> dict[str, Any]:
        needs_email(self)
        return self.cleaned_data

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"].replace(" ", "")
        if phone and not PHONE.match(phone):
            raise ValidationError(_("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。"))
        return phone

    @property
    def point(self) -> tuple[float, float] | None:
        """The chosen point (WGS-84), if there is a possible one."""
        lng, lat = self.cleaned_data.get("lng"), self.cleaned_data.get("lat")
        if lng is None or lat is None or not (math.isfinite(lng) and math.isfinite(lat)):
            return None
        return (lng, lat) if abs(lng) <= 180 and abs(lat) <= 90 else None

    def refuse(self, field: str | None, sentence: object) -> None:
        """Add what an action said to the field that it named."""
        self.add_error(field if field in self.fields else None, str(sentence))


class LookUpForm(PlainForm):
    """Number and last four digits of the phone."""

    number = forms.CharField(
        label=_("编号"),
        help_text=_("在提交成功页和短信里，12 位数字，例如 261120000018"),
        max_length=24,
        error_messages={"required": _("请填写编号。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    digits = forms.RegexField(
        r"^\s*\d{4}\s*$",
        label=_("电话后四位"),
        help_text=_("提交时留的电话。没有留电话的，请用提交成功页上的查询链接或二维码。"),
        error_messages={"required": _("请填写电话后四位。"), "invalid": _("请填四位数字。")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class WordsForm(PlainForm):
    words = forms.CharField(
        label=_("要补充的内容"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class WithdrawForm(PlainForm):
    reason = forms.CharField(label=_("为什么撤回"), required=False, max_length=200)


class TellingForm(PlainForm):
    """How the reporter wants to hear from now on."""

    tell_by = _tell_by()
    email = _email()

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("tell_by"):
            self.add_error("tell_by", str(_("请选择一种方式。")))
        needs_email(self)
        return self.cleaned_data


class ReopenForm(PlainForm):
    reason = forms.CharField(
        label=_("还有什么没解决"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("请写明哪里还没有解决，承办单位才知道从哪儿改。")},
    )


def _yes_no(label: Any, missing: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[("yes", _("是")), ("no", _("否"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": missing},
    )


class RatingForm(PlainForm):
    contacted = _yes_no(_("办理单位联系过您吗"), _("请选择办理单位有没有联系过您。"))
    solved = _yes_no(_("问题解决了吗"), _("请选择问题有没有解决。"))
    grade = forms.TypedChoiceField(
        label=_("您满意吗"),
        choices=Callback.Grade.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择满意程度。")},
    )
    words = forms.CharField(
        label=_("想说的话"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
