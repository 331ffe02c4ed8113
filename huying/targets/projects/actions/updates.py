"""The update of a month: sent once, corrected as another version, never overwritten."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.people.access import can
from huying.people.models import User
from huying.targets.projects.models import MonthlyUpdate, Project, UpdatePhoto
from huying.targets.projects.months import due_at_of, first_of
from huying.targets.projects.policy import MANAGE, UPDATE, require, require_manage

State = MonthlyUpdate.State
_LEAST_WORDS, _LEAST_REASON = 4, 4


def _check(project: Project, month: dt.date, done_wan: Decimal, words: str, at: dt.datetime) -> None:
    if month.day != 1 or month > first_of(timezone.localdate(at)):
        raise Refusal(_("月份还没有到，请选择已经开始的月份。"), field="month")
    if project.updates_from and month < first_of(project.updates_from):
        raise Refusal(
            _("这个项目从 %(month)s 起填报。") % {"month": f"{project.updates_from:%Y-%m}"}, field="month"
        )
    if not done_wan.is_finite() or done_wan < 0:
        raise Refusal(_("本月完成投资写 0 或正数，单位万元。"), field="done_wan")
    if len(words.strip()) < _LEAST_WORDS:
        raise Refusal(_("写几句本月的进展（至少 %(n)d 个字）。") % {"n": _LEAST_WORDS}, field="words")


@transaction.atomic
def submit_update(
    project: Project,
    *,
    month: dt.date,
    done_wan: Decimal,
    words: str,
    actor: User,
    problems: str = "",
    photos: Sequence[StoredFile] = (),
    client_id: uuid.UUID | None = None,
    at: dt.datetime | None = None,
) -> MonthlyUpdate:
    """The first word about a month (`month` is its first day; `done_wan` in 万元). Of two, the first one wins.

    The same `client_id` again returns what it made. Conflict names who has sent it already.
    """
    require(actor, UPDATE, project)
    if client_id and (known := MonthlyUpdate.objects.filter(client_id=client_id, project=project).first()):
        return known
    at = at or timezone.now()
    _check(project, month, done_wan, words, at)
    due_at = due_at_of(month)
    try:
        with transaction.atomic():
            update = MonthlyUpdate.objects.create(
                project=project, month=month, version=1, done_wan=done_wan, words=words.strip(),
                problems=problems.strip(), due_at=due_at, late=at >= due_at, submitted_at=at, submitted_by=actor,
                client_id=client_id or uuid.uuid4(),
            )  # fmt: skip
    except IntegrityError:
        raise _sent_already(project, month) from None
    UpdatePhoto.objects.bulk_create(UpdatePhoto(update=update, file=file) for file in photos)
    log(
        project, "project.updated", actor=actor, at=at, month=f"{month:%Y-%m}", done_wan=str(done_wan),
        late="yes" if update.late else "", photos=len(photos) or None,
    )  # fmt: skip
    return update


def _sent_already(project: Project, month: dt.date) -> Conflict:
    known = project.updates.filter(month=month, version=1).select_related("submitted_by").first()
    said = _("%(month)s 的月报已由%(who)s在 %(at)s 报过。要改请打开它，点“更正”。")
    return Conflict(
        said % {
            "month": f"{month:%Y-%m}", "who": (known and known.submitted_by) or _("同事"),
            "at": f"{timezone.localtime(known.submitted_at):%m-%d %H:%M}" if known else "",
        }
    )  # fmt: skip


@transaction.atomic
def correct_update(
    update: MonthlyUpdate,
    *,
    done_wan: Decimal,
    words: str,
    reason: str,
    actor: User,
    problems: str = "",
    photos: Sequence[StoredFile] = (),
    at: dt.datetime | None = None,
) -> MonthlyUpdate:
    """Another version of a month. Before its deadline it holds at once; after it the project office decides.

    `update` is the version that was looked at: when another one holds meanwhile, Conflict.
    """
    project = Project.objects.select_for_update().get(pk=update.project_id)
    require(actor, UPDATE, project)
    at = at or timezone.now()
    _check(project, update.month, done_wan, words, at)
    if len(reason.strip()) < _LEAST_REASON:
        raise Refusal(_("写明为什么更正（至少 %(n)d 个字）。") % {"n": _LEAST_REASON}, field="reason")
    versions = project.updates.filter(month=update.month)
    if not versions.filter(pk=update.pk, state=State.ACCEPTED).exists():
        raise Conflict(_("这个月的月报刚被更正过，请刷新后看最新的一版。"))
    if versions.filter(state=State.PROPOSED).exists():
        raise Conflict(_("这个月有一份更正在等项目办审核，请等它办完。"))
    holds = at < update.due_at or can(actor, MANAGE)
    if holds:
        versions.filter(pk=update.pk).update(state=State.REPLACED)
    number = (versions.aggregate(n=Max("version"))["n"] or 0) + 1
    made = MonthlyUpdate.objects.create(
        project=project, month=update.month, version=number, state=State.ACCEPTED if holds else State.PROPOSED,
        done_wan=done_wan, words=words.strip(), problems=problems.strip(), due_at=update.due_at, late=update.late,
        submitted_at=at, submitted_by=actor, reason=reason.strip()[:300],
    )  # fmt: skip
    kept = [photo.file for photo in update.photos.select_related("file")]
    UpdatePhoto.objects.bulk_create(UpdatePhoto(update=made, file=file) for file in [*kept, *photos])
    log(
        project, "project.update_corrected" if holds else "project.correction_proposed", actor=actor, at=at,
        month=f"{made.month:%Y-%m}", version=number, old=str(update.done_wan), new=str(done_wan), reason=made.reason,
    )  # fmt: skip
    return made


@transaction.atomic
def decide_correction(update: MonthlyUpdate, *, accept: bool, actor: User, words: str = "") -> MonthlyUpdate:
    """The project office takes a correction that came after the deadline, or leaves what was there."""
    require_manage(actor)
    require(actor, UPDATE, update.project)
    if actor.pk == update.submitted_by_id:
        raise Refusal(_("自己提的更正要由别人审核。"))
    if not accept and len(words.strip()) < _LEAST_REASON:
        raise Refusal(_("写明为什么不采用（至少 %(n)d 个字）。") % {"n": _LEAST_REASON}, field="words")
    project = Project.objects.select_for_update().get(pk=update.project_id)
    same = MonthlyUpdate.objects.filter(project=project, month=update.month)
    if not same.filter(pk=update.pk, state=State.PROPOSED).exists():
        raise Conflict(_("这份更正已经审过了。"))
    if accept:
        same.filter(state=State.ACCEPTED).update(state=State.REPLACED)
    update.state = State.ACCEPTED if accept else State.REFUSED
    update.decided_at, update.decided_by, update.decided_words = timezone.now(), actor, words.strip()[:300]
    update.save(update_fields=["state", "decided_at", "decided_by", "decided_words"])
    log(
        project, "project.correction_accepted" if accept else "project.correction_refused", actor=actor,
        month=f"{update.month:%Y-%m}", version=update.version, words=update.decided_words,
    )  # fmt: skip
    return update
