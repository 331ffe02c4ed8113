"""Lists of papers at the desk: drafts and where they wait, what was issued, what came in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge, clock
from huying.papers import policy
from huying.papers.kinds import kinds, title_of_kind
from huying.papers.letter import number_of
from huying.papers.models import Paper, PaperDraft, PaperReceipt
from huying.papers.register import series
from huying.people.access import can
from huying.people.guards import VerbRequired, reader

State = PaperDraft.State
STATE_COLOURS = {
    State.DRAFT: ("yellow", "edit"), State.IN_REVIEW: ("accent", "eye"), State.TO_SIGN: ("accent", "edit"),
    State.SIGNED: ("blue", "check"), State.ISSUED: ("green", "send"), State.DISCARDED: ("", "trash"),
}  # fmt: skip
# Tabs of the drafts: code → title, verb, state. Without a state: one's own and one's department's.
TABS: dict[str, tuple[Any, str, str]] = {
    "mine": (gettext_lazy("我的文稿"), "paper.draft", ""),
    "review": (gettext_lazy("待审核"), "paper.review", State.IN_REVIEW),
    "sign": (gettext_lazy("待签批"), "paper.sign", State.TO_SIGN),
    "issue": (gettext_lazy("待印发"), "paper.issue", State.SIGNED),
}


def state_badge(draft: PaperDraft) -> SafeString:
    """The state of a draft."""
    colour, icon_name = STATE_COLOURS[State(draft.state)]
    return badge(draft.get_state_display(), colour, icon_name)


def kind_field() -> forms.ChoiceField:
    """A choice of kinds, read when the page is opened."""
    return forms.ChoiceField(
        label=gettext_lazy("文种"),
        choices=lambda: [
            ("", _("全部")),
            *((code, title_of_kind(rules)) for code, rules in kinds().items()),
        ],
    )


def day_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}))


def waiting(user: Any, tab: str) -> QuerySet[PaperDraft]:
    """The drafts of one tab."""
    _title, verb, state = TABS[tab]
    if state:
        return policy.drafts_waiting(user, verb, state)
    rows = policy.drafts_for(user).exclude(state=State.DISCARDED)
    own = Q(drafted_by=user)
    if user.department_id:
        own |= Q(department=user.department_id)
    return rows.filter(own | Q(drafted_by=None, state=State.DRAFT))


class Drafts(VerbRequired, ListPage):
    """Drafts: one's own, and those that wait for review, signature or issue."""

    verbs: tuple[str, ...] = policy.DRAFTING
    name = "paper-drafts"
    title = gettext_lazy("文稿")
    template_name = "papers/desk/drafts.html"
    order = "-changed_at"
    tab = "mine"
    columns = (
        Column("title", gettext_lazy("标题"), css="cell--wide"),
        Column("kind", gettext_lazy("文种"), lambda row: row.kind_title, css="cell--kind"),
        Column("state", gettext_lazy("状态"), lambda row: row.get_state_display(), state_badge, css="cell--nowrap"),
        Column("department", gettext_lazy("起草单位"), css="cell--kind"),
        Column("drafted_by", gettext_lazy("起草人"), lambda row: str(row.drafted_by or _("系统"))),
        Column("changed_at", gettext_lazy("最后修改"), sort="changed_at", css="cell--nowrap"),
        Column("subject", gettext_lazy("事由"), "subject_label", shown=False),
    )  # fmt: skip
    filters: Sequence[Filter] = (
        Filter("kind", kind_field()),
        Filter(
            "state", forms.ChoiceField(label=gettext_lazy("状态"), choices=[("", gettext_lazy("全部")), *State.choices])
        ),
        Filter(
            "q", forms.CharField(label=gettext_lazy("标题、正文"), max_length=80, widget=forms.SearchInput()),
            apply=lambda rows, v: rows.filter(Q(title__icontains=v) | Q(body__icontains=v)),
        ),
    )  # fmt: skip
    empty = {
        "title": gettext_lazy("没有文稿"),
        "text": gettext_lazy("起草一份，或者等别人送来。"),
        "icon": "document",
    }

    def get_queryset(self) -> QuerySet[PaperDraft]:
        return (
            waiting(reader(self.request), self.tab).select_related("department", "drafted_by").defer("body")
        )

    def prepare_rows(self, rows: list[Any]) -> None:
        name_kinds(rows)

    def row_url(self, row: PaperDraft) -> str:
        return reverse("papers:draft", args=[row.pk])

    def extra_context(self) -> dict[str, Any]:
        user = reader(self.request)
        tabs = [
            {
                "title": title, "url": reverse(f"papers:{'drafts' if code == 'mine' else f'to-{code}'}"),
                "active": code == self.tab, "count": waiting(user, code).count() if state else None,
            }
            for code, (title, verb, state) in TABS.items() if can(user, verb)
        ]  # fmt: skip
        return {"tabs": tabs, "may_draft": can(user, "paper.draft")}


def name_kinds(rows: Sequence[Any]) -> None:
    """Put the title of its kind to every row: one query for all."""
    known = kinds()
    for row in rows:
        rules = known.get(row.kind)
        row.kind_title = title_of_kind(rules) if rules else row.kind


class _OneTab(Drafts):
    filters = tuple(each for each in Drafts.filters if each.name != "state")


class ToReview(_OneTab):
    """Drafts that wait for the reader's review."""

    verbs = ("paper.review",)
    tab = "review"


class ToSign(_OneTab):
    """Drafts that wait for the reader's signature."""

    verbs = ("paper.sign",)
    tab = "sign"


class ToIssue(_OneTab):
    """Signed drafts that wait for their number."""

    verbs = ("paper.issue",)
    tab = "issue"


# -- what was issued, what came in ---------------------------------------------------------------------------


def _late(rows: QuerySet[Paper]) -> QuerySet[Paper]:
    return rows.filter(replied_at=None, withdrawn_at=None, reply_due_at__lt=timezone.now())


PAPER_STATES: dict[str, tuple[Any, Any]] = {
    "unreceived": (gettext_lazy("未签收"), lambda rows: rows.filter(received_at=None, withdrawn_at=None)),
    "waiting": (
        gettext_lazy("等回复"),
        lambda rows: rows.filter(replied_at=None, withdrawn_at=None, reply_due_at__isnull=False),
    ),
    "late": (gettext_lazy("逾期未回复"), _late),
    "replied": (gettext_lazy("已回复"), lambda rows: rows.filter(replied_at__isnull=False)),
    "settled": (gettext_lazy("已办结"), lambda rows: rows.filter(settled_at__isnull=False)),
    "withdrawn": (gettext_lazy("已废止"), lambda rows: rows.filter(withdrawn_at__isnull=False)),
}


def state_code(paper: Paper) -> str:
    """The one state that a list shows of a paper."""
    if paper.withdrawn_at:
        return "withdrawn"
    if paper.settled_at:
        return "settled"
    if paper.replied_at:
        return "replied"
    if paper.reply_due_at is not None and paper.reply_due_at < timezone.now():
        return "late"
    if paper.received_at is None:
        return "unreceived"
    return "waiting" if paper.reply_due_at else "received"


_BADGES = {
    "withdrawn": ("", "close-circle"), "settled": ("green", "check-circle"), "replied": ("green", "check"),
    "late": ("red", "overdue"), "unreceived": ("yellow", "inbox"), "waiting": ("accent", "clock"),
    "received": ("green", "eye"),
}  # fmt: skip


def state_words(paper: Paper) -> str:
    code = state_code(paper)
    return _("已签收") if code == "received" else str(PAPER_STATES[code][0])


def paper_state(paper: Paper) -> SafeString:
    """Receipt and answer as one badge."""
    return badge(state_words(paper), *_BADGES[state_code(paper)])


def _clock(paper: Paper) -> Any:
    if paper.reply_due_at is None or paper.withdrawn_at:
        return "—"
    if paper.replied_at:
        return clock(paper.reply_due_at, paper.issued_at, state="done", ended=paper.replied_at)
    return clock(paper.reply_due_at, paper.issued_at)


_PAPER_COLUMNS = (
    Column("number", gettext_lazy("文号"), number_of, css="cell--nowrap"),
    Column("title", gettext_lazy("标题"), css="cell--wide"),
    Column("kind", gettext_lazy("文种"), lambda p: p.get_kind_display(), css="cell--kind"),
    Column("addressee", gettext_lazy("主送"), lambda p: addressed_words(p)),
    Column("issued_at", gettext_lazy("印发"), sort="issued_at", css="cell--nowrap"),
    Column("state", gettext_lazy("收办"), state_words, paper_state, css="cell--nowrap"),
    Column("reply_due_at", gettext_lazy("回复期限"), show=_clock, sort="reply_due_at", css="cell--nowrap"),
    Column("subject", gettext_lazy("事由"), "subject_label", shown=False),
    Column("signed_by", gettext_lazy("签批人"), lambda p: str(p.signed_by or ""), shown=False),
    Column("issued_by", gettext_lazy("签发人"), lambda p: str(p.issued_by or _("系统")), shown=False),
    Column("replaced", gettext_lazy("更正、替代"), lambda p: replaced_words(p), lambda p: replaced_links(p)),
    Column("withdrawn", gettext_lazy("废止原因"), "withdrawn_reason", shown=False),
)


def replaced_words(paper: Paper) -> str:
    """What took its place, and what it took the place of."""
    said = [_("替代%s") % number_of(each) for each in paper.supersedes.all()]
    if paper.superseded_by is not None:
        said.append(_("由%s替代") % number_of(paper.superseded_by))
    return "；".join(said)


def replaced_links(paper: Paper) -> SafeString:
    """The same with links."""
    around = [*paper.supersedes.all(), *([paper.superseded_by] if paper.superseded_by else [])]
    said = replaced_words(paper).split("；")
    rows = (
        (reverse("papers:paper", args=[each.pk]), words) for each, words in zip(around, said, strict=False)
    )
    return format_html_join(" ", '<a href="{}">{}</a>', rows) or SafeString("—")


def addressed_words(paper: Paper) -> str:
    """The first main addressee, and how many more."""
    rows = paper.details.get("addressees") or ()
    first = paper.addressed_to or (str(rows[0].get("name", "")) if rows else "")
    more = len(rows) - 1
    return _("%(first)s等 %(n)d 家") % {"first": first, "n": more + 1} if first and more > 0 else first


_WITH = ("addressee", "issued_by", "signed_by", "superseded_by")


class _Papers(VerbRequired, ListPage):
    order = "-issued_at"
    columns = _PAPER_COLUMNS

    @cached_property
    def _filters(self) -> list[Filter]:
        states = [("", _("全部")), *((code, title) for code, (title, _narrow) in PAPER_STATES.items())]
        years = [("", _("全部")), *((year, year) for year in self._years())]
        return [
            Filter("kind", kind_field()),
            Filter("state", forms.ChoiceField(label=_("收办"), choices=states), apply=_by_state),
            Filter("year", forms.ChoiceField(label=_("年份"), choices=years)),
            Filter("from", day_field(_("从")), lookup="issued_at__date__gte"),
            Filter("to", day_field(_("到")), lookup="issued_at__date__lte"),
            Filter(
                "q", forms.CharField(label=_("标题、正文、事由"), max_length=80, widget=forms.SearchInput()),
                apply=lambda rows, v: rows.filter(
                    Q(title__icontains=v) | Q(body__icontains=v) | Q(subject_label__startswith=v)
                ),
            ),
        ]  # fmt: skip

    def _years(self) -> list[int]:
        return sorted(set(self.get_queryset().order_by().values_list("year", flat=True)), reverse=True)

    def get_filters(self) -> Sequence[Filter]:
        return self._filters

    def row_url(self, row: Paper) -> str:
        return reverse("papers:paper", args=[row.pk])


def _by_state(rows: QuerySet[Paper], value: str) -> QuerySet[Paper]:
    found: QuerySet[Paper] = PAPER_STATES[value][1](rows)
    return found


class Issued(_Papers):
    """The register of issued papers; its series are checked for gaps."""

    verbs = ("paper.issue", "paper.sign", "paper.draft")
    name = "papers-issued"
    title = gettext_lazy("发文登记簿")
    template_name = "papers/desk/issued.html"
    empty = {
        "title": gettext_lazy("还没有发文"),
        "text": gettext_lazy("签批后的文稿编号印发，就登记在这里。"),
        "icon": "document",
    }

    def get_queryset(self) -> QuerySet[Paper]:
        rows = policy.papers_for(self.request.user)
        return rows.select_related(*_WITH).prefetch_related("supersedes").defer("body")

    def extra_context(self) -> dict[str, Any]:
        user = self.request.user
        return {"series": series() if can(user, "paper.issue") else ()}


class Received(_Papers):
    """What came to the reader's department."""

    verb = policy.RECEIVING
    name = "papers-received"
    title = gettext_lazy("收文")
    empty = {
        "title": gettext_lazy("没有收到文书"),
        "text": gettext_lazy("发给本单位的文书会出现在这里，请签收并按期回复。"),
        "icon": "inbox",
    }

    def get_queryset(self) -> QuerySet[Paper]:
        rows = policy.received_by(self.request.user)
        return rows.select_related(*_WITH).prefetch_related("supersedes").defer("body")


def unanswered(user: Any) -> int:
    """How many papers the reader's department has still to sign for or to answer."""
    if not can(user, policy.RECEIVING) or user.department_id is None:
        return 0
    # One query for both: every page of a department's people asks it.
    mine = PaperReceipt.objects.filter(
        paper=OuterRef("pk"), department=user.department_id, copy=False
    ).filter(Q(received_at=None) | Q(replied_at=None, paper__reply_due_at__isnull=False))
    receipts = PaperReceipt.objects.filter(paper=OuterRef("pk"))
    unanswered_alone = Q(received_at=None) | Q(replied_at=None, reply_due_at__isnull=False)
    alone = Q(~Exists(receipts), addressee=user.department_id) & unanswered_alone
    return Paper.objects.filter(Q(Exists(mine)) | alone, withdrawn_at=None).count()
