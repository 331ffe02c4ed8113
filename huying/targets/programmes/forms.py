"""What people type about targets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.places.models import Area
from huying.registry.views.desk.lists import area_choices
from huying.targets.programmes.models import Target


def day_field(label: Any, **more: Any) -> forms.DateField:
    """A day of the browser's own calendar."""
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more
    )


def number_field(label: Any, **more: Any) -> forms.DecimalField:
    """A value with up to four decimals."""
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"})
    return forms.DecimalField(label=label, max_digits=17, decimal_places=4, widget=widget, **more)


class EntryForm(forms.Form):
    """Progress of one target; the declared fields stand in a form of their own beside it."""

    client_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    day = day_field(_("日期"), help_text=_("这个数到哪一天为止。"))
    amount = number_field(_("数值"), required=False)
    area = forms.ChoiceField(label=_("街道、社区"), required=False)
    words = forms.CharField(
        label=_("依据和说明"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("文号、台账名称，或者附上照片、文件。"),
    )  # fmt: skip
    document = forms.FileField(
        label=_("文件"),
        required=False,
        help_text=_("PDF 或办公文件。"),
        widget=forms.FileInput(attrs={"accept": ".pdf,.docx,.xlsx"}),
    )
    public = forms.BooleanField(label=_("照片在民生实事公示页公开"), required=False)

    def __init__(self, target: Target, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = target.rules
        self.fields["area"].choices = [("", _("全区")), *area_choices()]  # type: ignore[attr-defined]
        if rules.sum or target.amount is None:
            del self.fields["amount"]
        else:
            field = self.fields["amount"]
            field.required = True
            field.label = f"{target}（{target.measured_in}）" if target.unit else str(target)
            field.help_text = {
                "sum": _("这一次新增多少，系统会累加。"),
                "latest": _("到这一天为止的总数，以最后一次为准。"),
                "mean": _("这一个月的均值。"),
            }[rules.takes]
        if not target.programme.public:
            del self.fields["public"]

    def clean_area(self) -> Area | None:
        """The area of the chosen code."""
        code = self.cleaned_data["area"]
        return Area.objects.defer("boundary").filter(code=code).first() if code else None


class ChangeForm(forms.Form):
    """Another value or another day."""

    amount = number_field(_("目标值"), required=False, min_value=0)
    due = day_field(_("完成时限"))
    reason = forms.CharField(
        label=_("为什么调整"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("例如会议纪要的文号。原来的目标值会留在页面上。"),
    )

    def __init__(self, target: Target, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if target.amount is None:
            del self.fields["amount"]


class CloseForm(forms.Form):
    """How the standard was met."""

    words = forms.CharField(
        label=_("完成情况"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("对照完成标准，写明怎样完成的。"),
    )  # fmt: skip
    public = forms.BooleanField(label=_("照片在民生实事公示页公开"), required=False)


class DayForm(forms.Form):
    """As of which day a page speaks."""

    on = day_field(_("截至"), required=False)

    def clean_on(self) -> Any:
        """Not in the future."""
        day = self.cleaned_data["on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("日期不能在今天以后。"))
        return day


class SheetForm(forms.Form):
    """A table of entries."""

    file = forms.FileField(
        label=_("文件"), widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text=_(".xlsx 或 .csv，第一行是列名，与空表相同。"),
    )  # fmt: skip
    go = forms.BooleanField(label=_("直接导入（不勾就只看每一行会怎样）"), required=False)
