"""Who may read, write and move a paper: each verb is a queryset.

Papers are read by those who issue papers, within their area, and by the departments they are addressed to. Drafts are
read by their drafter and the drafter's department, and from the moment they are handed on by whoever reviews, signs or
issues them.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import NotAllowed
from huying.papers.kinds import kind_rules
from huying.papers.models import Paper, PaperDraft, PaperReceipt
from huying.people.access import Scope, can, everywhere, scopes, with_stations
from huying.people.models import Department, User

ISSUING = ("paper.issue", "case.supervise", "round.make")
RECEIVING = "desk.department"
DRAFTING = ("paper.draft", "paper.review", "paper.sign", "paper.issue")
READING = (*ISSUING, "paper.sign", RECEIVING)
State = PaperDraft.State
_FIRST = (
    Department.Kind.DISTRICT_DEPARTMENT,
    Department.Kind.SUBDISTRICT,
    Department.Kind.SUPERVISION,
    Department.Kind.HOTLINE_DESK,
    Department.Kind.UTILITY,
)
# From which state on those who hold the verb see a draft of somebody else's.
_SEEN_FROM = {
    "paper.review": (State.IN_REVIEW, State.TO_SIGN, State.SIGNED, State.ISSUED),
    "paper.sign": (State.TO_SIGN, State.SIGNED, State.ISSUED),
    "paper.issue": (State.TO_SIGN, State.SIGNED, State.ISSUED),
}


def papers_for(user: User | AnonymousUser) -> QuerySet[Paper]:
    """The papers that this person may read."""
    if not isinstance(user, User):
        return Paper.objects.none()
    found = Q(pk=None) | Q(signed_by=user)
    for verb in ISSUING:
        for scope in scopes(user, verb):
            if not scope.path and scope.department_id is None:
                return Paper.objects.all()
            within = Q(addressee=scope.department_id) if scope.department_id is not None else Q()
            there = Q(addressee__area__path__startswith=scope.path) | Q(
                addressee=None, area_path__startswith=scope.path
            )
            found |= within & (there | Q(issued_by=user))
    for scope in scopes(user, "paper.sign"):
        if scope.department_id is None:
            found |= Q(draft__isnull=False, area_path__startswith=scope.path)
    for scope in scopes(user, "paper.draft"):
        if scope.department_id is not None:
            found |= Q(draft__department=scope.department_id)
        found |= Q(draft__drafted_by=user)
    for scope in scopes(user, RECEIVING):
        if scope.department_id is not None:
            own = Q(department=scope.department_id) | Q(department__parent=scope.department_id)
            told = PaperReceipt.objects.filter(own).values("paper")
            found |= (
                Q(addressee=scope.department_id) | Q(addressee__parent=scope.department_id) | Q(pk__in=told)
            )
    return Paper.objects.filter(found)


def received_by(user: User | AnonymousUser) -> QuerySet[Paper]:
    """The papers that were sent to this person's department or its stations, copies among them."""
    keys = {
        key
        for scope in scopes(user, RECEIVING)
        if scope.department_id is not None
        for key in with_stations(scope.department_id)
    }
    told = PaperReceipt.objects.filter(department__in=keys).values("paper")
    return Paper.objects.filter(Q(addressee__in=keys) | Q(pk__in=told))


def may_answer(user: User, paper: Paper) -> bool:
    """Whether this person signs for the paper and replies to it: somebody of an addressee itself."""
    if user.department_id is None or not can(user, RECEIVING):
        return False
    if user.department_id == paper.addressee_id:
        return True
    return any(receipt.department_id == user.department_id for receipt in paper.receipts.all())


def may_judge(user: User, paper: Paper) -> bool:
    """Whether this person accepts answers and withdraws the paper: who issues papers there."""
    return any(_issues(scope, paper, user) for scope in scopes(user, "paper.issue"))


def _issues(scope: Scope, paper: Paper, user: User) -> bool:
    if scope.department_id is not None and paper.issued_by_id != user.pk:
        return False
    area = paper.addressee.area if paper.addressee else None
    return paper.issued_by_id == user.pk or (area.path if area else paper.area_path).startswith(scope.path)


def may_replace(user: User, paper: Paper) -> bool:
    """Whether this person writes the paper that takes the place of this one: who issues there, or wrote it."""
    if not can(user, "paper.draft"):
        return False
    if may_judge(user, paper):
        return True
    source: PaperDraft | None = getattr(paper, "draft", None)
    if source is None:
        return paper.issued_by_id == user.pk
    same = user.department_id is not None and user.department_id == source.department_id
    return source.drafted_by_id == user.pk or same


# -- drafts --------------------------------------------------------------------------------------------------


def drafts_for(user: User | AnonymousUser) -> QuerySet[PaperDraft]:
    """The drafts that this person may read."""
    if not isinstance(user, User):
        return PaperDraft.objects.none()
    found = Q(pk=None)
    if can(user, "paper.draft"):
        found |= Q(drafted_by=user)
        if user.department_id is not None:
            found |= Q(department=user.department_id)
        if everywhere(user, "paper.draft"):
            found |= Q(drafted_by=None)  # what the system began by itself
    for verb, states in _SEEN_FROM.items():
        for scope in scopes(user, verb):
            found |= _within(scope) & Q(state__in=states)
    return PaperDraft.objects.filter(found)


def _within(scope: Scope) -> Q:
    here = Q(area_path__startswith=scope.path) if scope.path else Q()
    return here & (Q(department=scope.department_id) if scope.department_id is not None else Q())


def _reaches(scope: Scope, draft: PaperDraft) -> bool:
    return draft.area_path.startswith(scope.path) and scope.department_id in (None, draft.department_id)


def drafts_waiting(user: User, verb: str, state: str) -> QuerySet[PaperDraft]:
    """The drafts in this state that wait for the verb, within the person's limits and not the person's own."""
    found = Q(pk=None)
    for scope in scopes(user, verb):
        # Never an empty condition: joined by "or" it would be left out, and who may see all would see nothing.
        found |= _within(scope) & Q(state=state)
    rows = PaperDraft.objects.filter(found)
    return rows if verb == "paper.issue" else rows.exclude(drafted_by=user)


def may_edit(user: User, draft: PaperDraft) -> bool:
    """The drafter, somebody of the same department, and whoever drafts for the district what the system began."""
    if draft.state != State.DRAFT or not can(user, "paper.draft"):
        return False
    if draft.drafted_by_id is None and everywhere(user, "paper.draft"):
        return True
    same = user.department_id is not None and user.department_id == draft.department_id
    return draft.drafted_by_id == user.pk or same


def may_step(user: User, verb: str, draft: PaperDraft) -> bool:
    """Whether the person reviews, signs or issues this draft; nobody reviews or signs what they wrote themselves."""
    if verb != "paper.issue" and draft.drafted_by_id == user.pk:
        return False
    rules = kind_rules(draft.kind)
    roles = {"paper.review": rules.review, "paper.sign": rules.sign}.get(verb)
    return any(
        _reaches(scope, draft) and (roles is None or scope.role in roles) for scope in scopes(user, verb)
    )


def require_edit(user: User | None, draft: PaperDraft) -> None:
    """Raise NotAllowed with the reason; None is the system itself."""
    if user is not None and not may_edit(user, draft):
        raise NotAllowed(_("只有起草人和本单位的同事能改起草中的文稿。"))


def require_step(user: User | None, verb: str, draft: PaperDraft) -> None:
    """Raise NotAllowed with the reason; None is the system itself."""
    if user is None or may_step(user, verb, draft):
        return
    if verb != "paper.issue" and draft.drafted_by_id == user.pk:
        raise NotAllowed(_("自己起草的文稿由别人审核和签批。"))
    raise NotAllowed(_("您的岗位不能办理这份文稿的这一步。"))


def recipients(user: User | AnonymousUser) -> QuerySet[Department]:
    """The departments that a paper may be sent to: those of the district first, hundreds of communities after them."""
    today = timezone.localdate()
    place = Case(*(When(kind=kind, then=at) for at, kind in enumerate(_FIRST)), default=len(_FIRST))
    rows = Department.objects.filter(Q(valid_to=None) | Q(valid_to__gte=today))
    return rows.order_by(place, "kind", "pk")
