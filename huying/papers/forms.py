"""What a drafter writes and what is asked beside the text; which fields there are, the kind says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.papers.models import PaperDraft
from huying.papers.policy import recipients
from huying.papers.rules import SECRECIES, URGENCIES, KindRules
from huying.people.models import User

_LINES = ("attachments", "signatories", "attendees")


class ReplyForm(forms.Form):
    """What the department did, in writing."""

    reply = forms.CharField(
        label=gettext_lazy("书面回复"),
        max_length=2000,
        help_text=gettext_lazy("写明已经做了什么、现在怎样、什么时候办结。提交后不能修改。"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("请写明办理情况（至少 10 个字）。")},
    )


class StartForm(forms.Form):
    """A new draft: its kind, and what it is about."""

    kind = forms.ChoiceField(label=gettext_lazy("文种"), widget=forms.RadioSelect)
    subject = forms.CharField(
        label=gettext_lazy("事由"), max_length=60, required=False,
        help_text=gettext_lazy("例如“建设路井盖缺失”，会写进标题和正文的开头。"),
    )  # fmt: skip

    def __init__(self, *args: Any, kinds: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = list(kinds.items())  # type: ignore[attr-defined]


class DraftForm(forms.Form):
    """The text of a draft and everything beside it. `details()` is what `save_draft` takes."""

    title = forms.CharField(
        label=gettext_lazy("标题"), max_length=200,
        help_text=gettext_lazy("标题较长时可以自己分行。"),
        widget=forms.Textarea(attrs={"rows": 2}), error_messages={"required": gettext_lazy("请写标题。")},
    )  # fmt: skip
    body = forms.CharField(
        label=gettext_lazy("正文"), required=False, max_length=60_000, strip=False,
        help_text=gettext_lazy(
            "一段一行。以“一、”“（一）”“1.”“（1）”开头的是标题；“| 甲 | 乙 |”是表格的一行；“===”另起一页。"
        ),
        widget=forms.Textarea(attrs={"rows": 22, "class": "input draft-body"}),
    )  # fmt: skip

    def __init__(
        self, *args: Any, rules: KindRules, draft: PaperDraft | None, reader: User, **kwargs: Any
    ) -> None:
        if draft is not None:
            kwargs.setdefault("initial", initial_of(draft))
        super().__init__(*args, **kwargs)
        self.rules = rules
        wanted = list(dict.fromkeys((*rules.fields, "cc", "attachments", "urgency", "secrecy")))
        made = _fields(wanted, reader)
        for name in ("addressees", "cc"):
            if name in made:  # who is chosen already stands first, in view
                chosen = set(kwargs.get("initial", {}).get(name, ()))
                made[name].choices = sorted(made[name].choices, key=lambda each: each[0] not in chosen)  # type: ignore[attr-defined]
        body = self.fields.pop("body")
        self.fields.update(made)
        self.fields["body"] = body
        order = ["title", *(name for name in made if name not in self.BESIDE), "body"]
        self.order_fields([*order, *(name for name in made if name in self.BESIDE)])

    # What few papers have stands below the text.
    BESIDE = ("cc", "cc_names", "attachments", "urgency", "secrecy")

    def details(self) -> dict[str, Any]:
        """As `clean_details` reads it."""
        said = self.cleaned_data
        found: dict[str, Any] = {}
        for key in ("addressees", "cc"):
            if key in self.fields:
                names = said.get(f"{key}_names", "").replace("，", "、").replace(",", "、").split("、")
                found[key] = [
                    *({"department": code} for code in said.get(key) or ()),
                    *({"name": name.strip()} for name in names if name.strip()),
                ]
        for key in _LINES:
            if key in self.fields:
                found[key] = (said.get(key) or "").splitlines()
        for key in ("place", "urgency", "secrecy"):
            if key in self.fields:
                found[key] = said.get(key) or ""
        if said.get("held_at"):
            found["held_at"] = said["held_at"].strftime("%Y-%m-%dT%H:%M")
        return found


def _fields(wanted: list[str], reader: User) -> dict[str, forms.Field]:
    departments = [(each.code, str(each)) for each in recipients(reader)]
    made: dict[str, forms.Field] = {}
    for key, label, other in (
        ("addressees", _("主送"), _("主送的其他单位或个人")),
        ("cc", _("抄送"), _("抄送的其他单位")),
    ):
        if key in wanted:
            made[key] = forms.MultipleChoiceField(
                label=label, choices=departments, required=False,
                widget=forms.CheckboxSelectMultiple(attrs={"class": "draft-choices"}),
            )  # fmt: skip
            made[f"{key}_names"] = forms.CharField(
                label=other, max_length=600, required=False, help_text=_("不在系统里的写名称，用顿号隔开。")
            )
    for key, label, words in (
        ("signatories", _("签署人"), _("一行一个，按签章的先后。")),
        ("attendees", _("参会人员"), _("一行一个。")),
        ("attachments", _("附件"), _("一行一个名称；文件在“图片和附件”里加。")),
    ):
        if key in wanted:
            made[key] = forms.CharField(
                label=label,
                required=False,
                max_length=4000,
                help_text=words,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
    if "place" in wanted:
        made["place"] = forms.CharField(label=_("会议地点"), max_length=120, required=False)
    if "held_at" in wanted:
        made["held_at"] = forms.DateTimeField(
            label=_("会议时间"), required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        )  # fmt: skip
    for key, label, known in (("urgency", _("紧急程度"), URGENCIES), ("secrecy", _("密级"), SECRECIES)):
        if key in wanted:
            choices = [("", _("没有")), *((word, word) for word in known)]
            made[key] = forms.ChoiceField(label=label, choices=choices, required=False)
    return made


def initial_of(draft: PaperDraft) -> dict[str, Any]:
    """What the form begins with."""
    said = draft.details
    found: dict[str, Any] = {"title": draft.title, "body": draft.body}
    for key in ("addressees", "cc"):
        rows = said.get(key, ())
        found[key] = [row["department"] for row in rows if row.get("department")]
        found[f"{key}_names"] = "、".join(row["name"] for row in rows if row.get("name"))
    for key in _LINES:
        found[key] = "\n".join(said.get(key, ()))
    for key in ("place", "urgency", "secrecy", "held_at"):
        found[key] = said.get(key, "")
    return found


class WordsForm(forms.Form):
    """A sentence that goes with a step: a reason, a comment."""

    words = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
