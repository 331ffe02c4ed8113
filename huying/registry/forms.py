"""One thing's form: its name, place and people, and what its register's declaration asks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.people.models import Department, User
from huying.places.locate import locate
from huying.registry.declared.forms import cleaned_values, declared_form, field_title
from huying.registry.models import Item, Register
from huying.registry.rules import PROPERTIES, RegisterRules

ROLE_TITLES = {
    "owner": gettext_lazy("权属单位"),
    "keeper": gettext_lazy("养护单位"),
    "supervisor": gettext_lazy("主管部门"),
}
_HELP = {
    "owner": gettext_lazy("谁所有、谁负责：出了问题先派给它。"),
    "keeper": gettext_lazy("日常养护、维修的单位。"),
    "supervisor": gettext_lazy("督促前两家的部门。"),
}
OUTSIDE = gettext_lazy("这个位置不在本区范围内，请在地图上重新选择（坐标为 WGS-84）。")


def departments() -> Any:
    """Departments in use."""
    return Department.objects.filter(valid_to=None).order_by("kind", "code")


class FactsForm(forms.Form):
    """What every thing has. `code` is asked of a new one only, `state` is changed by a verb of its own."""

    use_required_attribute = False

    title = forms.CharField(
        label=gettext_lazy("名称"), max_length=120, error_messages={"required": gettext_lazy("请填名称。")}
    )
    code = forms.CharField(
        label=gettext_lazy("编号"), max_length=40, required=False,
        help_text=gettext_lazy("标牌上、名录里的编号，保存后不能改。"),
    )  # fmt: skip
    state = forms.ChoiceField(label=gettext_lazy("状态"))
    address = forms.CharField(label=gettext_lazy("地址"), max_length=160, required=False)
    lng = forms.FloatField(label=gettext_lazy("经度"), required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(label=gettext_lazy("纬度"), required=False, widget=forms.HiddenInput)

    def __init__(self, rules: RegisterRules, *args: Any, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        for role in PROPERTIES:
            self.fields[role] = forms.ModelChoiceField(
                departments(), label=ROLE_TITLES[role], help_text=_HELP[role], required=False,
                empty_label=_("未定"), to_field_name="code",
            )  # fmt: skip
        if not new:
            del self.fields["code"], self.fields["state"]
            return
        state: Any = self.fields["state"]
        state.choices = [(one.code, str(one)) for one in rules.states]
        if rules.numbered:
            self.fields["code"].help_text = _("不填时按 %(pattern)s 的样子自动编下一个号。") % {
                "pattern": rules.numbered
            }
        else:
            self.fields["code"].required = True
            self.fields["code"].error_messages["required"] = _("请填编号。")

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        lng, lat = cleaned.get("lng"), cleaned.get("lat")
        if (lng is None) != (lat is None):
            self.add_error("lng", _("经度和纬度要一起填。"))
        elif lng is not None and lat is not None and (sentence := place_problem(lng, lat)):
            self.add_error("lng", sentence)
        return cleaned


def place_problem(lng: float, lat: float) -> str:
    """What is wrong with a point; empty when a thing of this district may stand there."""
    if not (math.isfinite(lng) and math.isfinite(lat)) or abs(lng) > 180 or abs(lat) > 90:
        return _("经纬度超出范围，请核对（WGS-84，经度在前）。")
    found = locate(lng, lat)
    return f"{found.sentence} {OUTSIDE}" if found.kind == "outside" else ""


class ItemForms:
    """Both forms of a thing, filled and read as one.

    A personal value that is kept already is not shown: left empty it stays, and a box clears it.
    """

    def __init__(
        self,
        register: Register,
        item: Item | None = None,
        data: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        self.register, self.item, self.rules = register, item, register.rules
        initial, kept = self._initial(), dict(item.data) if item else {}
        self.facts = FactsForm(self.rules, data, initial=initial, new=item is None)
        self.hidden = [f for f in self.rules.fields if f.private and kept.get(f.code) not in (None, "", [])]
        stored = [f for f in self.rules.fields if f.type in ("file", "signature") and kept.get(f.code)]
        shown = {key: value for key, value in kept.items() if key not in {f.code for f in self.hidden}}
        self.declared = declared_form(self.rules.fields, data, shown, files=files)
        for field in (*self.hidden, *stored):
            if field.code in self.declared.fields:
                asked = self.declared.fields[field.code]
                asked.required = asked.widget.is_required = False
        for field in self.hidden:
            if field.code in self.declared.fields:
                self.declared.fields[field.code].help_text = _("已登记，个人信息不显示；不改就空着。")
                if not field.required:
                    self.declared.fields[f"clear_{field.code}"] = forms.BooleanField(
                        label=_("清除已登记的「%(title)s」") % {"title": field_title(field)}, required=False
                    )

    def _initial(self) -> dict[str, Any]:
        if self.item is None:
            roles = {role: who for role, who in self.rules.people.items() if who != "department"}
            return {"state": self.rules.first_state, **roles}
        found: dict[str, Any] = {
            name: getattr(self.item, name) for name in ("title", "address", "lng", "lat")
        }
        for role in PROPERTIES:
            department = getattr(self.item, role)
            found[role] = department.code if department else None
        return found

    @property
    def errors(self) -> bool:
        return bool(self.facts.errors or self.declared.errors)

    def is_valid(self) -> bool:
        """Both forms are looked at, so that every mistake is said at once."""
        return all([self.facts.is_valid(), self.declared.is_valid()])

    def values(self) -> dict[str, Any]:
        """The columns, as the actions take them."""
        cleaned = self.facts.cleaned_data
        found = {name: cleaned[name] for name in ("title", "address", "lng", "lat")}
        return found | {f"{role}_id": cleaned[role].pk if cleaned[role] else None for role in PROPERTIES}

    def data(self, by: User) -> dict[str, Any]:
        """The declared fields as a whole: what was typed, and what this form does not ask for."""
        typed = cleaned_values(self.declared, by=by)
        kept = dict(self.item.data) if self.item else {}
        asked = {field.code for field in self.declared.declared if field.type not in ("file", "signature")}
        for field in self.hidden:
            cleared = self.declared.cleaned_data.get(f"clear_{field.code}")
            # Left empty it stays, unless the condition no longer asks for it.
            if field.code not in typed and not cleared and field.code in self.declared.cleaned_data:
                asked.discard(field.code)
        return {key: value for key, value in kept.items() if key not in asked} | typed
