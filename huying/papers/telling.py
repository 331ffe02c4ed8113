"""Notices about papers: to whoever has the next step, over the channels that each person chose."""

from __future__ import annotations

from collections.abc import Iterable

from huying.core.language import of_record
from huying.notices import outbox
from huying.notices.models import Delivery
from huying.notices.recipients import chosen_channels
from huying.papers.models import Paper, PaperDraft
from huying.people.models import Grant, User
from huying.people.roles import ROLES


def tell_departments(paper: Paper, code: str, sentence: str, departments: Iterable[int]) -> None:
    """To the people who receive papers at these departments. `sentence` is a msgid that takes the title."""
    keys = set(departments)
    receiving = [role for role, each in ROLES.items() if "desk.department" in each.verbs]
    users = User.objects.filter(
        department__in=keys, is_active=True, grants__in=Grant.objects.on().filter(role__in=receiving)
    ).distinct()
    _post(code, "paper", paper.pk, paper.title, sentence, users, "department")


def tell_people(draft: PaperDraft, code: str, sentence: str, users: Iterable[User | None]) -> None:
    """To these people about a draft."""
    _post(code, "paperdraft", draft.pk, draft.title, sentence, {user for user in users if user}, "mine")


def tell_holders(draft: PaperDraft, code: str, sentence: str, roles: Iterable[str]) -> None:
    """To those whose role takes the next step with this draft, where they may."""
    rows = (
        Grant.objects.on().filter(role__in=list(roles), user__is_active=True).select_related("user", "area")
    )
    users = set()
    for grant in rows:
        own = grant.department_id or (grant.user.department_id if ROLES[grant.role].own_department else None)
        inside = draft.area_path.startswith(grant.area.path if grant.area else "")
        if inside and own in (None, draft.department_id) and grant.user_id != draft.drafted_by_id:
            users.add(grant.user)
    _post(code, "paperdraft", draft.pk, draft.title, sentence, users, "mine")


def _post(
    code: str, kind: str, pk: int, title: str, sentence: str, users: Iterable[User], topic: str
) -> None:
    from django.utils.translation import gettext

    with of_record():
        words = gettext(sentence) % {"title": title}
    outbox.post(
        [
            Delivery(
                code=code,
                subject_kind=kind,
                subject_id=pk,
                to_kind=Delivery.To.USER,
                to_id=user.pk,
                to_name=str(user)[:120],
                channel=channel,
                subject=title[:160],
                words=words,
            )
            for user, channel in chosen_channels(users, topic)
        ]
    )
