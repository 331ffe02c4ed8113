"""Leaders go to their projects; projects are brought together with those who can help."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.access import can
from huying.people.models import User
from huying.places.coordinates import distance_m
from huying.targets.projects.models import ContactVisit, Project, ServiceSession, VisitPhoto
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import MANAGE, UPDATE, VIEW, projects_for, require


@transaction.atomic
def record_visit(
    project: Project,
    *,
    leader: User,
    visited_on: dt.date,
    actor: User,
    words: str = "",
    photos: Sequence[StoredFile] = (),
    lng: float | None = None,
    lat: float | None = None,
    client_id: uuid.UUID | None = None,
) -> ContactVisit:
    """A leader was on site: they say so themselves, or their project's people do. The place or a photo proves it."""
    require(actor, VIEW if actor.pk == leader.pk else UPDATE, project)
    if client_id and (known := ContactVisit.objects.filter(client_id=client_id, project=project).first()):
        return known
    if not visited_on <= timezone.localdate():
        raise Refusal(_("日期不能晚于今天。"), field="visited_on")
    away = None
    if lng is not None and lat is not None and project.lng is not None and project.lat is not None:
        away = round(distance_m(lng, lat, project.lng, project.lat))
    near = away is not None and away <= project_rules().near_m
    if not photos and not near:
        raise Refusal(_("拍一张现场照片，或在项目现场定位。"), field="photos")
    visit = ContactVisit.objects.create(
        project=project, leader=leader, visited_on=visited_on, words=words.strip()[:1000], lng=lng, lat=lat,
        distance_m=away, recorded_by=actor, client_id=client_id or uuid.uuid4(),
    )  # fmt: skip
    VisitPhoto.objects.bulk_create(VisitPhoto(visit=visit, file=file) for file in photos)
    log(
        project, "project.visited", actor=actor, leader=str(leader), on=str(visited_on), distance_m=away,
        words=visit.words,
    )  # fmt: skip
    return visit


@transaction.atomic
def strike_visit(visit: ContactVisit, *, actor: User, words: str) -> None:
    """It was recorded by mistake: it counts no more, and stays on record with the reason."""
    if visit.recorded_by_id != actor.pk and not can(actor, MANAGE):
        require(actor, MANAGE, visit.project)
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤销。"), field="words")
    won = ContactVisit.objects.filter(pk=visit.pk, struck_at=None).update(
        struck_at=timezone.now(), struck_words=words.strip()[:200]
    )
    if not won:
        raise Conflict(_("这一条已经撤销。"))
    log(
        visit.project, "project.visit_struck", actor=actor, leader=str(visit.leader), on=str(visit.visited_on),
        words=words,
    )  # fmt: skip


@transaction.atomic
def record_session(
    *, project: Project | None, kind: str, held_on: dt.date, words: str, actor: User, with_whom: str = ""
) -> ServiceSession:
    """A docking session of one project, or, by the project office, of none in particular."""
    if project is None:
        require_general(actor)
    else:
        require(actor, UPDATE, project)
    if kind not in ServiceSession.Kind.values:
        raise Refusal(_("请选择形式。"), field="kind")
    if held_on > timezone.localdate():
        raise Refusal(_("日期不能晚于今天。"), field="held_on")
    if len(words.strip()) < 4:
        raise Refusal(_("写几句内容和结果。"), field="words")
    made = ServiceSession.objects.create(
        project=project, kind=kind, held_on=held_on, with_whom=with_whom.strip()[:120], words=words.strip()[:1000],
        officer=actor,
    )  # fmt: skip
    log(project or made, "project.session", actor=actor, kind=kind, on=str(held_on), with_whom=with_whom)
    return made


def require_general(actor: User) -> None:
    """Sessions about no single project are recorded by the project office."""
    if not can(actor, MANAGE):
        raise Refusal(_("选择是哪个项目的对接。"), field="project")


@transaction.atomic
def strike_session(session: ServiceSession, *, actor: User, words: str) -> None:
    """Recorded by mistake: it counts no more."""
    if session.project is not None:
        require(actor, UPDATE, session.project)
    else:
        require_general(actor)
    if len(words.strip()) < 4:
        raise Refusal(_("写明为什么撤销。"), field="words")
    won = ServiceSession.objects.filter(pk=session.pk, struck_at=None).update(
        struck_at=timezone.now(), struck_words=words.strip()[:200]
    )
    if not won:
        raise Conflict(_("这一条已经撤销。"))
    log(
        session.project or session,
        "project.session_struck",
        actor=actor,
        on=str(session.held_on),
        words=words,
    )


def may_record_visit(actor: User, project: Project) -> bool:
    """Whether this person may say that somebody was on site."""
    if projects_for(actor, UPDATE).filter(pk=project.pk).exists():
        return True
    return project.leader_id == actor.pk and projects_for(actor).filter(pk=project.pk).exists()
