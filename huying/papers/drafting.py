"""A paper on its way to being issued: drafted, reviewed, signed, numbered. Each step is one function.

    draft ─submit→ in review ─approve→ to sign ─sign→ signed ─issue→ issued
      ↑ return, with the reason ┘          │           │
      └────────────────────────────────────┴───────────┘          draft → discarded

A kind may leave out review or signature. Whoever took the last step may take it back while nobody has gone on. Every
step is one conditional update by the version that its caller saw, so among any number of racers one wins.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import kind_of, log
from huying.papers import policy
from huying.papers.actions import issue_paper, supersede_paper
from huying.papers.details import clean_details, names_of, said_details
from huying.papers.kinds import kind_rules
from huying.papers.models import (
    Paper,
    PaperComment,
    PaperDraft,
    PaperMeeting,
    PaperPicture,
    PaperReceipt,
    PaperVersion,
)
from huying.papers.rules import KindRules, fill
from huying.papers.telling import tell_departments, tell_holders, tell_people
from huying.people.access import can
from huying.people.models import Department, User
from huying.places.sentences import gettext_noop
from huying.places.work_calendar import current_calendar

State = PaperDraft.State
LONGEST_BODY = 60_000
BIGGEST_PICTURE = 2 * 1024 * 1024
_PICTURE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PNG = b"\x89PNG\r\n\x1a\n"
BeforeIssue = Callable[[PaperDraft], str | None]
_before_issue: dict[str, BeforeIssue] = {}


def register_before_issue(function: BeforeIssue) -> None:
    """Call `function(draft)` inside the issuing transaction, before the text is frozen.

    What it returns is the body from then on (None leaves it): floors above put in what they have frozen, for instance
    the addresses of published figures. An error in it undoes the issue, and the number with it. Registering the same
    function again changes nothing.
    """
    _before_issue[f"{function.__module__}.{function.__qualname__}"] = function


# -- the text ------------------------------------------------------------------------------------------------


@transaction.atomic
def start_draft(
    kind: str,
    *,
    title: str = "",
    body: str = "",
    subject: models.Model | None = None,
    subject_label: str = "",
    addressees: Sequence[Department | str] = (),
    actor: User | None,
    link_path: str = "",
    details: Mapping[str, Any] | None = None,
    area_path: str = "",
    colour: str = "",
    replaces: Paper | None = None,
    at: dt.datetime | None = None,
) -> PaperDraft:
    """Begin a paper; without a body it begins with the text of its kind. `actor` None is the system itself.

    `addressees` are departments, or names of those who have no account here. Raises Refusal and NotAllowed.
    """
    if actor is not None and not can(actor, "paper.draft"):
        raise NotAllowed(_("您的岗位不能起草文书。"))
    rules, at = kind_rules(kind), at or timezone.now()
    told = [
        {"department": each.code} if isinstance(each, Department) else {"name": each} for each in addressees
    ]
    said = clean_details(rules, {"addressees": told, **(details or {})})
    department = actor.department if actor else None
    values = template_values(rules, said, department=department, subject=subject_label, title=title, at=at)
    draft = PaperDraft.objects.create(
        kind=kind, title=(title or fill(rules.subject, values) or rules.title)[:200],
        body=checked_body(body or fill(rules.text, values)), details=said, colour=colour, link_path=link_path,
        subject_kind=kind_of(subject) if subject else "", subject_id=subject.pk if subject else None,
        subject_label=subject_label[:60], department=department, drafted_by=actor, drafted_at=at, changed_at=at,
        area_path=area_path or (department.area.path if department and department.area else ""), replaces=replaces,
    )  # fmt: skip
    _keep(draft, actor, at)
    log(draft, "draft.started", actor=actor, at=at, paper_kind=kind, title=draft.title)
    return draft


def template_values(
    rules: KindRules, details: Mapping[str, Any], *, department: Department | None, subject: str, title: str,
    at: dt.datetime,
) -> dict[str, str]:  # fmt: skip
    """What the placeholders of a kind's text stand for; what is not known yet stays to be filled in by hand."""
    from huying.papers.letter import issuer

    today = timezone.localdate(at)
    joined = {key: "、".join(words) for key in ("attendees", "signatories") if (words := details.get(key))}
    return {
        "title": title, "subject": subject, "department": department.title if department else "",
        "addressees": "、".join(names_of(details.get("addressees", ()))), "issuer": issuer(),
        "day": f"{today.year}年{today.month}月{today.day}日", "year": str(today.year), "month": str(today.month),
        "place": str(details.get("place", "")), "held_at": said_details(details).get("held_at", ""),
        "reply": rules.reply.zh if rules.reply else "", **joined,
    }  # fmt: skip


def checked_body(body: str) -> str:
    """The body with one kind of line end; Refusal when it is too long to be a paper."""
    body = body.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if len(body) > LONGEST_BODY:
        raise Refusal(_("正文太长：最多 %d 个字。较长的材料请作为附件。") % LONGEST_BODY, field="body")
    return body


def save_draft(
    draft: PaperDraft,
    *,
    title: str,
    body: str,
    details: Mapping[str, Any] | None = None,
    actor: User | None,
    auto: bool = False,
) -> PaperVersion:
    """Save the text; every saved text is kept.

    `draft.version` is the version that the writer had in front of them. When somebody else saved meanwhile, the text is
    kept aside as a version of its own and Conflict says so: nothing that was typed is lost.
    """
    policy.require_edit(actor, draft)
    title, body = title.strip()[:200], checked_body(body)
    if not title:
        raise Refusal(_("请写标题。"), field="title")
    with transaction.atomic():
        held = PaperDraft.objects.select_for_update().get(pk=draft.pk)
        said = held.details if details is None else clean_details(kind_rules(held.kind), details)
        same = (held.title, held.body, held.details) == (title, body, said)
        # The same words again lose nothing, whoever was faster.
        lost = held.state != State.DRAFT or (held.version != draft.version and not same)
        if lost:
            kept = _keep(held, actor, timezone.now(), auto=auto, aside=(title, body, said))
        elif same:
            draft.refresh_from_db()
            kept = held.versions.filter(aside=False).order_by("-number")[0]
        else:
            held.title, held.body, held.details = title, body, said
            held.version, held.changed_at = held.version + 1, timezone.now()
            held.stepped_by, held.stepped_from = None, ""
            held.save(
                update_fields=[
                    "title",
                    "body",
                    "details",
                    "version",
                    "changed_at",
                    "stepped_by",
                    "stepped_from",
                ]
            )
            kept = _keep(held, actor, held.changed_at, auto=auto)
            log(held, "draft.saved", actor=actor, version=kept.number)
    if lost:
        raise Conflict(
            _("文稿刚被别人改过。您的文字已另存为第 %d 稿，可以在“历次文稿”里对照后合并。") % kept.number
        )
    draft.refresh_from_db()
    return kept


def _keep(
    draft: PaperDraft, actor: User | None, at: dt.datetime, *, auto: bool = False,
    aside: tuple[str, str, dict[str, Any]] | None = None,
) -> PaperVersion:  # fmt: skip
    """A version of the text as it stands, or of one that is kept aside."""
    last = draft.versions.order_by("-number").values_list("number", flat=True).first() or 0
    title, body, details = aside or (draft.title, draft.body, draft.details)
    return PaperVersion.objects.create(
        draft=draft, number=last + 1, title=title, body=body, details=details, at=at, by=actor, auto=auto,
        aside=aside is not None,
    )  # fmt: skip


@transaction.atomic
def put_picture(draft: PaperDraft, name: str, png: bytes, *, actor: User | None) -> None:
    """Put a picture (PNG) to a draft, or another one in its place; the text names it `![words](picture:name)`."""
    policy.require_edit(actor, draft)
    if not _PICTURE_NAME.fullmatch(name) or not png.startswith(_PNG) or len(png) > BIGGEST_PICTURE:
        raise Refusal(_("图片要是 2 MB 以内的 PNG，名称用小写英文字母、数字和连字符。"), field="picture")
    PaperPicture.objects.update_or_create(draft=draft, name=name, defaults={"data": png})
    log(draft, "draft.picture_put", actor=actor, name=name, size=len(png))


@transaction.atomic
def restore_version(draft: PaperDraft, version: PaperVersion, *, actor: User) -> PaperVersion:
    """Put an earlier text back; it becomes the newest version, and those in between stay."""
    return save_draft(draft, title=version.title, body=version.body, details=version.details, actor=actor)


@transaction.atomic
def comment_on(draft: PaperDraft, *, words: str, actor: User) -> PaperComment:
    """Say something about the text without moving it."""
    if not words.strip():
        raise Refusal(_("请写意见。"), field="words")
    comment = _comment(draft, words, actor)
    log(draft, "draft.commented", actor=actor, words=comment.words)
    return comment


def _comment(draft: PaperDraft, words: str, actor: User | None, *, returned: bool = False) -> PaperComment:
    last = draft.versions.filter(aside=False).order_by("-number").values_list("number", flat=True).first()
    return PaperComment.objects.create(
        draft=draft, words=words.strip()[:1000], returned=returned, version=last or 1, by=actor
    )


# -- the steps -----------------------------------------------------------------------------------------------


def _move(
    draft: PaperDraft, target: str, code: str, *, sources: Sequence[str], actor: User | None, back: bool = True,
    at: dt.datetime | None = None, data: Mapping[str, Any] | None = None, **fields: Any,
) -> PaperDraft:  # fmt: skip
    """Claim the draft as its caller saw it and put it into its next state."""
    source = draft.state
    if source not in sources:
        raise Conflict(_("这份文稿现在是“%s”，不能办这一步。请刷新后再看。") % State(source).label)
    at = at or timezone.now()
    won = PaperDraft.objects.filter(pk=draft.pk, state=source, version=draft.version).update(
        state=target, version=draft.version + 1, changed_at=at, stepped_by=actor if back else None,
        stepped_from=source if back else "", **fields,
    )  # fmt: skip
    if not won:
        raise Conflict(_("这份文稿刚被别人改过，请刷新后再看。"))
    draft.refresh_from_db()
    log(draft, code, actor=actor, at=at, **(data or {}))
    return draft


def _after(rules: KindRules, state: str) -> str:
    """The next state, leaving out the steps that the kind does without."""
    if state == State.DRAFT and rules.review:
        return State.IN_REVIEW
    return State.TO_SIGN if state != State.TO_SIGN and rules.sign else State.SIGNED


@transaction.atomic
def submit_draft(draft: PaperDraft, *, actor: User | None, at: dt.datetime | None = None) -> PaperDraft:
    """Hand a finished text on: to its reviewer, or to whoever comes next for this kind."""
    policy.require_edit(actor, draft)
    rules = kind_rules(draft.kind)
    _complete(draft, rules)
    at = at or timezone.now()
    target = _after(rules, State.DRAFT)
    _move(
        draft,
        target,
        "draft.submitted",
        sources=[State.DRAFT],
        actor=actor,
        at=at,
        submitted_at=at,
        submitted_by=actor,
        reviewed_at=None,
        reviewed_by=None,
        signed_at=None,
        signed_by=None,
    )
    _tell_next(draft, rules)
    return draft


def _complete(draft: PaperDraft, rules: KindRules) -> None:
    """Refusal with what is still missing before anybody else looks at it."""
    if len(draft.body.strip()) < 10:
        raise Refusal(_("正文还没有写。"), field="body")
    if rules.layout == "letter" and "addressees" in rules.fields and not draft.details.get("addressees"):
        raise Refusal(_("请写明文书送给谁。"), field="addressees")
    if "attendees" in rules.fields and not (draft.details.get("place") and draft.details.get("held_at")):
        raise Refusal(_("请写会议的时间和地点。"), field="held_at")
    if rules.layout == "form" and not draft.details.get("signatories"):
        raise Refusal(_("请写由谁签署。"), field="signatories")


@transaction.atomic
def approve_draft(
    draft: PaperDraft, *, actor: User | None, words: str = "", at: dt.datetime | None = None
) -> PaperDraft:
    """The reviewer is content: on to the signature."""
    policy.require_step(actor, "paper.review", draft)
    rules, at = kind_rules(draft.kind), at or timezone.now()
    if words.strip():
        _comment(draft, words, actor)
    _move(
        draft, _after(rules, State.IN_REVIEW), "draft.reviewed", sources=[State.IN_REVIEW], actor=actor, at=at,
        reviewed_at=at, reviewed_by=actor, data={"words": words.strip()},
    )  # fmt: skip
    _tell_next(draft, rules)
    return draft


@transaction.atomic
def return_draft(
    draft: PaperDraft, *, reason: str, actor: User | None, at: dt.datetime | None = None
) -> PaperDraft:
    """Send a text back to its drafter with the reason: by whoever has the next step with it."""
    verbs: dict[str, str] = {State.IN_REVIEW: "paper.review", State.TO_SIGN: "paper.sign"}
    verb = verbs.get(draft.state, "paper.issue")
    policy.require_step(actor, verb, draft)
    if len(reason.strip()) < 2:
        raise Refusal(_("请写明退回的原因。"), field="reason")
    _comment(draft, reason, actor, returned=True)
    _move(
        draft,
        State.DRAFT,
        "draft.returned",
        sources=[State.IN_REVIEW, State.TO_SIGN, State.SIGNED],
        actor=actor,
        at=at,
        data={"reason": reason.strip()},
    )
    tell_people(
        draft, "draft.returned", gettext_noop("您的文稿「%(title)s」被退回修改。"), [draft.drafted_by]
    )
    return draft


@transaction.atomic
def sign_draft(draft: PaperDraft, *, actor: User | None, at: dt.datetime | None = None) -> PaperDraft:
    """Sign: somebody other than the drafter."""
    policy.require_step(actor, "paper.sign", draft)
    at = at or timezone.now()
    _move(
        draft, State.SIGNED, "draft.signed", sources=[State.TO_SIGN], actor=actor, at=at, signed_at=at, signed_by=actor
    )  # fmt: skip
    tell_people(
        draft, "draft.signed", gettext_noop("「%(title)s」已经签批，等待编号印发。"), [draft.drafted_by]
    )
    return draft


@transaction.atomic
def discard_draft(draft: PaperDraft, *, actor: User) -> PaperDraft:
    """Throw a draft away; its texts stay in the record."""
    policy.require_edit(actor, draft)
    return _move(draft, State.DISCARDED, "draft.discarded", sources=[State.DRAFT], actor=actor)


def may_undo(user: User, draft: PaperDraft) -> bool:
    """Whether the person took the last step and nobody has gone on since."""
    return bool(draft.stepped_from) and draft.stepped_by_id == user.pk and draft.state != State.ISSUED


@transaction.atomic
def undo_step(draft: PaperDraft, *, actor: User) -> PaperDraft:
    """Take one's own last step back, as long as nobody has acted since."""
    if not may_undo(actor, draft):
        raise Conflict(_("只能撤回自己的上一步，而且后面还没有人办过。"))
    target = draft.stepped_from
    cleared: dict[str, Any] = {}
    if target == State.DRAFT:
        cleared |= {"submitted_at": None, "submitted_by": None}
    if target in (State.DRAFT, State.IN_REVIEW):
        cleared |= {"reviewed_at": None, "reviewed_by": None}
    if target != State.SIGNED:
        cleared |= {"signed_at": None, "signed_by": None}
    undone = draft.state
    return _move(
        draft, target, "draft.step_taken_back", sources=[draft.state], actor=actor, back=False, data={"undone": undone},
        **cleared,
    )  # fmt: skip


def take_step(draft: PaperDraft, step: str, *, actor: User, words: str = "") -> PaperDraft:
    """One step by its name, as pages and API name it. Raises KeyError for a name that is none."""
    steps: dict[str, Callable[[], object]] = {
        "submit": lambda: submit_draft(draft, actor=actor),
        "approve": lambda: approve_draft(draft, words=words, actor=actor),
        "return": lambda: return_draft(draft, reason=words, actor=actor),
        "sign": lambda: sign_draft(draft, actor=actor),
        "issue": lambda: issue_draft(draft, actor=actor),
        "discard": lambda: discard_draft(draft, actor=actor),
        "undo": lambda: undo_step(draft, actor=actor),
    }
    steps[step]()
    return draft


def _tell_next(draft: PaperDraft, rules: KindRules) -> None:
    if draft.state == State.IN_REVIEW:
        sentence, roles = gettext_noop("「%(title)s」等您审核。"), rules.review
    elif draft.state == State.TO_SIGN:
        sentence, roles = gettext_noop("「%(title)s」等您签批。"), rules.sign
    else:
        return
    tell_holders(draft, f"draft.{draft.state}", sentence, roles)


# -- issue ---------------------------------------------------------------------------------------------------


@transaction.atomic
def issue_draft(draft: PaperDraft, *, actor: User | None, at: dt.datetime | None = None) -> Paper:
    """Number and issue a signed text; from now on it is frozen. A failure gives the number back."""
    policy.require_step(actor, "paper.issue", draft)
    at, rules = at or timezone.now(), kind_rules(draft.kind)
    _move(draft, State.ISSUED, "draft.issued", sources=[State.SIGNED], actor=actor, at=at, back=False)
    for function in list(_before_issue.values()):
        body = function(draft)
        if body is not None and body != draft.body:
            draft.body = checked_body(body)
            draft.save(update_fields=["body"])
            _keep(draft, actor, at)
    main, copies = _recipients(draft.details.get("addressees")), _recipients(draft.details.get("cc"))
    seen = {each.department_id for each in main}
    copies = [each for each in copies if each.department_id is None or each.department_id not in seen]
    for place, each in enumerate([*main, *copies], start=1):
        each.position, each.copy = place, place > len(main)
    first = next((each.department for each in main if each.department), None)
    due = current_calendar().deadline(at, rules.reply).at if rules.reply and main else None
    subject: models.Model = draft
    paper = issue_paper(
        kind=draft.kind,
        subject=subject,
        subject_label=draft.subject_label,
        addressee=first,
        title=draft.title,
        body=draft.body,
        actor=actor,
        colour=draft.colour,
        reply_due_at=due,
        at=at,
        addressee_name="、".join(each.name for each in main if each.name),
        area_path=draft.area_path,
        receipts=[*main, *copies],
        details=draft.details,
        link_path=draft.link_path,
        signed_by=draft.signed_by,
        draft=draft.pk,
    )
    if draft.subject_id is not None:
        paper.subject_kind, paper.subject_id = draft.subject_kind, draft.subject_id
        paper.save(update_fields=["subject_kind", "subject_id"])
    draft.paper = paper
    draft.save(update_fields=["paper"])
    if draft.replaces is not None:
        supersede_paper(draft.replaces, paper, actor=actor, at=at)
    if "attendees" in rules.fields and rules.layout != "minutes":
        _call_meeting(draft, paper)
    tell_departments(
        paper,
        "paper.issued",
        gettext_noop("收到文书「%(title)s」，请签收。"),
        (each.department_id for each in main + copies if each.department_id),
    )
    return paper


def _recipients(said: object) -> list[PaperReceipt]:
    """A row for each addressee, in their order; a department that is named twice is told once."""
    rows = said if isinstance(said, list) else []
    codes = [row["department"] for row in rows if row.get("department")]
    known = {each.code: each for each in Department.objects.filter(code__in=codes)}
    found: dict[str, PaperReceipt] = {}
    for row in rows:
        department = known.get(row.get("department") or "")
        name = "" if department else str(row.get("name") or row.get("department") or "")
        found.setdefault(
            department.code if department else f"\0{name}",
            PaperReceipt(department=department, name=name[:120]),
        )
    return list(found.values())


def _call_meeting(draft: PaperDraft, paper: Paper) -> None:
    said = draft.details.get("held_at", "")
    try:
        held_at = timezone.make_aware(dt.datetime.fromisoformat(said)) if said else None
    except ValueError:
        held_at = None
    PaperMeeting.objects.create(
        notice=paper,
        title=paper.title,
        place=str(draft.details.get("place", ""))[:120],
        held_at=held_at,
        held_words=said[:120],
    )
