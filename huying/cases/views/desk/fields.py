"""Form fields of filters: light selects that draw hundreds of options in one go, and menus of check boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from huying.cases.filters import KEYS, Key
from huying.core.templatetags.parts import icon

Choice = tuple[str, object]
Group = tuple[str, list[Choice]]
Choices = Callable[[], Iterable[Choice | Group]]


def options(choices: Iterable[Choice | Group], chosen: frozenset[str]) -> SafeString:
    """<option> elements; Django's own widget renders a template for each, which costs 20 ms for 200 of them."""
    parts: list[str] = []
    for value, title in choices:
        if isinstance(title, list):
            parts.append(f'<optgroup label="{escape(value)}">{options(title, chosen)}</optgroup>')
        else:
            mark = " selected" if str(value) in chosen else ""
            parts.append(f'<option value="{escape(value)}"{mark}>{escape(title)}</option>')
    return mark_safe("".join(parts))  # every part is escaped above


class Pick(forms.Widget):
    """A select of one; when the address asks for several, they are one more option, so that nothing is lost."""

    choices: Choices = staticmethod(lambda: ())
    name_of: Callable[[str], str] = staticmethod(str)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if hasattr(data, "getlist") else [data[name]] if data.get(name) else []

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = _codes(value)
        several = (
            [(",".join(chosen), "、".join(self.name_of(code) for code in chosen))] if len(chosen) > 1 else []
        )
        picked = frozenset([",".join(chosen)])
        return format_html(
            '<select name="{}" id="{}"><option value="">{}</option>{}{}</select>',
            name,
            (attrs or {}).get("id", f"filter-{name}"),
            _("全部"),
            options(several, picked),
            options(self.choices(), picked),
        )


class Menu(Pick):
    """A menu of check boxes behind a button that names what is chosen. Works without a script."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = set(_codes(value))
        boxes = format_html_join(
            "",
            '<label><input type="checkbox" name="{}" value="{}"{}>{}</label>',
            (
                (name, code, mark_safe(" checked") if code in chosen else "", title)
                for code, title in self.choices()
            ),
        )
        words = "、".join(str(title) for code, title in self.choices() if code in chosen) or _("全部")
        return format_html(
            '<details class="dropdown dropdown--left menu-field" data-dropdown id="{}">'
            '<summary class="menu-field__button"><span>{}</span>{}</summary>'
            '<div class="dropdown__menu">{}</div></details>',
            (attrs or {}).get("id", f"filter-{name}"),
            words,
            icon("chevron-down"),
            boxes,
        )


def _codes(value: Any) -> list[str]:
    raw = [value] if isinstance(value, str) else value or []
    return [code.strip() for text in raw for code in str(text).split(",") if code.strip()]


class KeyField(forms.Field):
    """A field for one key of `CaseFilter`: cleans to the tuple of its values."""

    def __init__(
        self, key: Key, *, choices: Choices | None = None, menu: bool = False, label: str = ""
    ) -> None:
        self.key = key
        named: Mapping[str, object] = {}
        widget = Menu() if menu else Pick()
        widget.choices = choices or (lambda: (key.names or (lambda: named))().items())
        widget.name_of = lambda code: key.words((code,))
        super().__init__(required=False, label=label or key.title, widget=widget)

    def clean(self, value: Any) -> tuple[str, ...]:
        good, mistakes = self.key.clean(tuple(_codes(value)))
        if mistakes:
            raise forms.ValidationError(mistakes)
        return good


class DayField(forms.DateField):
    """A day as the browser's own calendar gives it; cleans to a tuple for `CaseFilter`."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: Any) -> tuple[str, ...]:
        day = super().clean(value)
        return (f"{day:%Y-%m-%d}",) if day else ()


class MomentField(forms.DateTimeField):
    """A moment in the browser's own words; cleans to a tuple for `CaseFilter`."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")

    def clean(self, value: Any) -> tuple[str, ...]:
        moment = super().clean(value)
        return (f"{timezone.localtime(moment):%Y-%m-%dT%H:%M:%S}",) if moment else ()


def key_field(name: str, **wishes: Any) -> forms.Field:
    """The form field of one key of `filters.KEYS`."""
    key = KEYS[name]
    if key.kind == "day":
        return DayField(label=key.title, required=False)
    if key.kind == "moment":
        return MomentField(label=key.title, required=False)
    return KeyField(key, **wishes)
