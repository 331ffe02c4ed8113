"""What is written when a shift is handed over, and when it is accepted or refused."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.people.models import Handover, HandoverItem, Shift, User
from huying.people.rosters.sources import OpenWork, open_work
from huying.people.rosters.watch import Left

_POSTED = re.compile(r"(?:note|mark)-([a-z]{1,20})-([\w-]{1,60})")


class ArrivalForm(forms.Form):
    """Where and when somebody took over, as the phone says; both may be empty."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    lng = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-180, max_value=180)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=-90, max_value=90)
    tapped_at = forms.DateTimeField(widget=forms.HiddenInput, required=False)

    @property
    def point(self) -> tuple[float, float] | None:
        """(lng, lat) where both are known."""
        lng, lat = self.cleaned_data.get("lng"), self.cleaned_data.get("lat")
        return None if lng is None or lat is None else (lng, lat)


class HandOverForm(forms.Form):
    """General notes, matters of one's own, and a note and a mark for each piece of open work."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    notes = forms.CharField(
        label=gettext_lazy("交班情况"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("这个班发生了什么，设备、钥匙、车辆交了没有。没有事写“无”。"),
    )  # fmt: skip
    extra = forms.CharField(
        label=gettext_lazy("另外交代的事"), max_length=3000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("一行一件，接班人要逐件确认。"),
    )  # fmt: skip

    def __init__(self, shift: Shift, user: User, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"client_id": uuid.uuid4()})
        self.work = open_work(shift, user)
        known = {(work.kind, work.key) for work in self.work}
        for name in data or ():
            # What was written about something that has been done meanwhile is not lost.
            found = _POSTED.fullmatch(name)
            if found and (found[1], found[2]) not in known and data is not None and data.get(name):
                known.add((found[1], found[2]))
                self.work.append(OpenWork(found[1], found[2], found[2]))
        for work in self.work:
            self.fields[f"mark-{work.kind}-{work.key}"] = forms.BooleanField(
                label=gettext_lazy("须接班人确认"), required=False, initial=work.pressing
            )
            self.fields[f"note-{work.kind}-{work.key}"] = forms.CharField(
                label=gettext_lazy("交代"), max_length=300, required=False
            )

    def rows(self) -> Iterable[tuple[OpenWork, forms.BoundField, forms.BoundField]]:
        """Each piece of work with its two fields."""
        return [
            (work, self[f"mark-{work.kind}-{work.key}"], self[f"note-{work.kind}-{work.key}"])
            for work in self.work
        ]

    def items(self) -> list[Left]:
        """What is handed over, after the form was found valid."""
        data = self.cleaned_data
        left = [
            Left(work, data[f"note-{work.kind}-{work.key}"], data[f"mark-{work.kind}-{work.key}"])
            for work in self.work
        ]
        lines = [line.strip() for line in data["extra"].splitlines() if line.strip()]
        return left + [
            Left(OpenWork("note", str(n), line[:200]), "", True) for n, line in enumerate(lines, 1)
        ]


class AnswerForm(forms.Form):
    """Accepting: every marked item is ticked. Refusing: a reason."""

    client_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    items = forms.ModelMultipleChoiceField(HandoverItem.objects.none(), required=False)
    reason = forms.CharField(
        label=gettext_lazy("为什么不接"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, handover: Handover, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"client_id": uuid.uuid4()})
        field: Any = self.fields["items"]
        field.queryset = handover.items.all()
        field.error_messages["invalid_choice"] = _("这一件不在这次交班里，请刷新页面。")
