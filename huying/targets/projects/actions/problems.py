"""A project's problem becomes a case on the enterprise ledger, with the chief service officer as its contact."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.actions.intake import Intake, receive_report
from huying.cases.models import Category, Channel, Ledger
from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.models import User
from huying.targets.projects.models import MonthlyUpdate, Project, ProjectProblem
from huying.targets.projects.models.project import project_rules
from huying.targets.projects.policy import UPDATE, require


def problem_ledger() -> Ledger | None:
    """The ledger that the pack names for problems of projects."""
    code = project_rules().ledger
    return Ledger.objects.filter(code=code, active=True).first() if code else None


@transaction.atomic
def raise_problem(
    project: Project,
    *,
    words: str,
    actor: User,
    category: Category | None = None,
    update: MonthlyUpdate | None = None,
) -> ProjectProblem:
    """Open a case for it. One month's update opens one; whoever asks again gets that one's number in a Conflict."""
    require(actor, UPDATE, project)
    ledger = problem_ledger()
    if ledger is None:
        raise Refusal(_("包里没有写项目问题记到哪个台账（projects 的 problems.ledger），请联系管理员。"))
    if len(words.strip()) < 4:
        raise Refusal(_("写明是什么问题。"), field="words")
    # Whoever raises the same at the same moment waits here and then finds the first.
    Project.objects.select_for_update().get(pk=project.pk)
    if update is not None and (known := ProjectProblem.objects.filter(update=update).first()):
        raise Conflict(_("这个月的问题已经立案：%(number)s。") % {"number": known.case.number})
    usual = project_rules().category
    category = category or ledger.categories.filter(active=True).order_by("pk").filter(
        **({"code": usual} if usual else {})
    ).first()  # fmt: skip
    if category is None:
        raise Refusal(_("请选择问题的类别。"), field="category")
    officer = project.officer
    area = None if project.lng is not None else project.area or project.subdistrict
    report = receive_report(
        Intake(
            ledger=ledger, category=category, words=words.strip(), title=f"{project.title}：{words.strip()}"[:60],
            channel=Channel.DESK, lng=project.lng, lat=project.lat, address=project.address or project.title[:60],
            name=str(officer or ""), phone=officer.phone if officer else "", reported_by=actor,
            client_id=uuid.uuid4(), area=area,
        )
    )  # fmt: skip
    found = ProjectProblem.objects.create(
        project=project, update=update, case=report.case, raised_at=timezone.now(), raised_by=actor
    )
    log(project, "project.problem", actor=actor, case=report.case.number, words=words.strip()[:200])
    return found
