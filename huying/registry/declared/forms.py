"""Forms from declarations: typed fields become a Django form.

    form = declared_form(ledger.rules.fields, request.POST, facts={"channel": "portal"})
    if form.is_valid():
        report.fields = cleaned_values(form)

Photos (`photo`, `photos`) are left to the photo part of the page.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError as NumberError

from huying.core.expressions import holds
from huying.core.files import store_document, store_photo
from huying.core.masking import mask_name, mask_phone
from huying.core.phones import PHONE
from huying.places.coordinates import parse_point
from huying.registry.declared.fields import Field
from huying.registry.models import Item

PHOTO_TYPES = ("photo", "photos")
# From this number of options on, a list to open is quicker to use than a list to read.
_MOST_RADIOS = 6
_STRINGS = re.compile(r"'[^']*'|\"[^\"]*\"")
_SIMPLE_CONDITION = re.compile(r"^\s*(\w+)\s*==\s*'([^']*)'\s*$")


def field_title(field: Field) -> str:
    """The field's title in the reader's language."""
    return (field.title_en if get_language() == "en" else "") or field.title


class DeclaredForm(forms.Form):
    """A form over declared fields. A field whose condition (`when`) does not hold is neither asked nor kept."""

    use_required_attribute = False

    def __init__(
        self, declared: Sequence[Field], facts: Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        codes = {field.code for field in declared}
        self.facts = dict(facts)
        self.declared = tuple(
            field
            for field in declared
            if field.type not in PHOTO_TYPES and not self._surely_closed(field, codes)
        )
        for field in self.declared:
            self.fields[field.code] = _form_field(field)

    def _surely_closed(self, field: Field, codes: set[str]) -> bool:
        """Whether the condition depends on nothing that is typed here, and does not hold."""
        if not field.when:
            return False
        asked = set(re.findall(r"[A-Za-z_]\w*", _STRINGS.sub("", field.when)))
        return not asked & codes and not holds(field.when, self.facts)

    def clean(self) -> dict[str, Any]:
        """Drop what is not asked; a condition sees the values of the fields before it."""
        cleaned = self.cleaned_data
        values: dict[str, Any] = dict.fromkeys((field.code for field in self.declared), "")
        for field in self.declared:
            if field.when and not holds(field.when, {**values, **self.facts}):
                cleaned.pop(field.code, None)
                self.errors.pop(field.code, None)
            elif field.code in cleaned:
                values[field.code] = _comparable(cleaned[field.code])
        return cleaned


def declared_form(
    fields: Sequence[Field],
    data: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    prefix: str = "f",
    *,
    files: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> DeclaredForm:
    """The form for these declared fields; `facts` (channel, category ...) are what conditions may ask besides.

    `initial` takes what `cleaned_values` gave.
    """
    return DeclaredForm(
        fields, facts or {}, data=data, files=files, initial=_initial(fields, initial or {}), prefix=prefix
    )


def cleaned_values(form: DeclaredForm, *, by: Any = None) -> dict[str, Any]:
    """The values of a valid form as they are kept in JSON: dates as ISO text, money as text with two decimals,
    `yes or no` as true or false, files as the number of the stored file. Empty values are left out.
    """
    kept: dict[str, Any] = {}
    for field in form.declared:
        value = form.cleaned_data.get(field.code)
        if value in (None, "", []):
            continue
        if field.type == "file":
            value = store_document(value, by=by).pk
        elif field.type == "signature":
            value = store_photo(value, by=by).pk
        elif field.type == "place":
            value = _place(str(value))
        elif field.type == "money":
            value = f"{value:.2f}"
        elif isinstance(value, Item):
            value = value.code
        else:
            value = _comparable(value)
        kept[field.code] = value
    return kept


def shown_values(
    fields: Sequence[Field], values: Mapping[str, Any], *, private: bool
) -> list[tuple[str, str]]:
    """(title, words) of the fields that were filled in; personal ones are masked unless `private`."""
    shown = []
    for field in fields:
        value = values.get(field.code)
        if value in (None, "", []) or field.type in (*PHOTO_TYPES, "file", "signature"):
            continue
        words = _words(field, value)
        if not private:
            words = _masked(field, words)
        shown.append((field_title(field), words))
    return shown


def private_values(fields: Sequence[Field], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(title, words) of the personal fields alone, in plain: for whoever gave a reason to see them."""
    return shown_values([field for field in fields if field.private], values, private=True)


def _words(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if isinstance(value, list):
        return "、".join(map(str, value))
    if isinstance(value, Mapping):
        return str(value.get("text", ""))
    unit = str(_("元")) if field.type == "money" else field.unit
    return f"{value} {unit}".strip()


def _masked(field: Field, words: str) -> str:
    if field.type == "phone":
        return mask_phone(words)
    if field.type == "person":
        return mask_name(words)
    if field.type == "identity number":
        return words[:3] + "*" * max(len(words) - 5, 0) + words[-2:]
    return "＊＊＊" if field.private else words


def _comparable(value: Any) -> Any:
    """A value as JSON and conditions know it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.time):
        return f"{value:%H:%M}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (str, bool, int, float, list)) or value is None:
        return value
    return str(value)


def _place(words: str) -> dict[str, Any]:
    """The words, and the point (WGS-84) where they can be read as one."""
    try:
        lng, lat = parse_point(words)
    except ValueError:
        return {"text": words}
    return {"text": words, "lng": lng, "lat": lat}


def _initial(fields: Sequence[Field], kept: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(kept)
    for field in fields:
        value = found.get(field.code)
        if field.type == "place" and isinstance(value, Mapping):
            found[field.code] = value.get("text", "")
        elif field.type in ("file", "signature"):
            found.pop(field.code, None)  # a stored file is shown beside the field, not in it
    return found


# --- one form field per type ---------------------------------------------------------------------------


def _phone(value: str) -> None:
    if not PHONE.match(value.replace(" ", "")):
        raise ValidationError(_("电话号码看起来不对：请填 11 位手机号，或带区号的座机号。"))


def _identity_number(value: str) -> None:
    try:
        ric.validate(value)
    except NumberError:
        raise ValidationError(_("身份证号不对：共 18 位，最后一位可能是 X，请对照证件再填一次。")) from None


def _credit_code(value: str) -> None:
    try:
        uscc.validate(value)
    except NumberError:
        raise ValidationError(_("统一社会信用代码不对：共 18 位，请对照营业执照再填一次。")) from None


def _attributes(field: Field, **more: Any) -> dict[str, Any]:
    """What the page's script needs to show the field only when it is asked (without it, it is always shown)."""
    if match := _SIMPLE_CONDITION.match(field.when):
        more |= {"data-when-field": match[1], "data-when-value": match[2]}
    return more


def _text(
    field: Field, *, most: int, validators: Sequence[Callable[[str], None]] = (), **attributes: Any
) -> Any:
    widget = forms.TextInput(attrs=_attributes(field, **attributes))
    return forms.CharField(max_length=most, validators=validators, widget=widget)


def _choices(field: Field) -> list[tuple[str, Any]]:
    return [(option, option) for option in field.of]


def _choice(field: Field) -> Any:
    if len(field.of) <= _MOST_RADIOS:
        return forms.ChoiceField(choices=_choices(field), widget=forms.RadioSelect(attrs=_attributes(field)))
    widget = forms.Select(attrs=_attributes(field))
    return forms.ChoiceField(choices=[("", _("请选择")), *_choices(field)], widget=widget)


def _yes_or_no(field: Field) -> Any:
    return forms.TypedChoiceField(
        choices=[("True", _("是")), ("False", _("否"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        widget=forms.RadioSelect(attrs=_attributes(field)),
    )


def _number(field: Field) -> Any:
    widget = forms.NumberInput(attrs=_attributes(field, inputmode="decimal", step="any"))
    return forms.DecimalField(max_digits=16, widget=widget)


def _money(field: Field) -> Any:
    widget = forms.NumberInput(attrs=_attributes(field, inputmode="decimal", step="0.01"))
    return forms.DecimalField(max_digits=14, decimal_places=2, min_value=0, widget=widget)


def _item(field: Field) -> Any:
    items = Item.objects.exclude(state="retired")
    if field.of:
        items = items.filter(register__code__in=field.of)
    # Registers hold thousands of things: the code is typed or scanned, never chosen from a list.
    return forms.ModelChoiceField(
        items,
        to_field_name="code",
        widget=forms.TextInput(attrs=_attributes(field)),
        error_messages={"invalid_choice": _("名录里没有这个编号，请核对标牌上的编号。")},
    )


_BUILDERS: dict[str, Callable[[Field], Any]] = {
    "text": lambda field: _text(field, most=200),
    "long text": lambda field: forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs=_attributes(field, rows=4))
    ),
    "number": _number,
    "money": _money,
    "date": lambda field: forms.DateField(
        widget=forms.DateInput(format="%Y-%m-%d", attrs=_attributes(field, type="date"))
    ),
    "time": lambda field: forms.TimeField(
        widget=forms.TimeInput(format="%H:%M", attrs=_attributes(field, type="time"))
    ),
    "choice": _choice,
    "choices": lambda field: forms.MultipleChoiceField(
        choices=_choices(field), widget=forms.CheckboxSelectMultiple(attrs=_attributes(field))
    ),
    "place": lambda field: _text(field, most=160),
    "person": lambda field: _text(field, most=60, autocomplete="name"),
    "phone": lambda field: _text(field, most=30, validators=[_phone], type="tel", inputmode="tel"),
    "identity number": lambda field: _text(field, most=18, validators=[_identity_number]),
    "credit code": lambda field: _text(field, most=18, validators=[_credit_code]),
    "item": _item,
    "file": lambda field: forms.FileField(widget=forms.FileInput(attrs=_attributes(field))),
    "signature": lambda field: forms.FileField(
        widget=forms.FileInput(attrs=_attributes(field, accept="image/*"))
    ),
    "yes or no": _yes_or_no,
}


def _form_field(field: Field) -> forms.Field:
    built: forms.Field = _BUILDERS[field.type](field)
    title = field_title(field)
    unit = str(_("元")) if field.type == "money" else field.unit
    built.label = f"{title}（{unit}）" if unit else title
    built.help_text = field.help
    built.required = built.widget.is_required = field.required
    built.error_messages["required"] = _("请填写「%(title)s」。") % {"title": title}
    return built
