"""What each role may do. A role is limited by its grant to an area subtree and a department.

Verbs are asked through `people.access`; a place that wants other roles grants several to one account.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Role:
    """A named set of verbs; `own_department` limits it to cases of the grant's department."""

    title: Promise
    verbs: frozenset[str]
    own_department: bool = False


def _role(title: Promise, verbs: str, *, own_department: bool = False) -> Role:
    return Role(title, frozenset(verbs.split()), own_department)


_HANDLE = (
    "case.view case.take_up case.assign case.report_handled case.return case.extend case.park case.appeal "
    "report.create item.view figure.view target.view project.view"
)

ROLES: dict[str, Role] = {
    "agent": _role(
        _("热线受理员"),
        "case.view report.create case.file case.decline case.merge contact.reveal desk.agent "
        "hotline.exchange netizen.answer item.view",
    ),
    "dispatcher": _role(
        _("派遣员"),
        "case.view report.create case.file case.decline case.merge case.dispatch case.void case.close case.urge "
        "desk.dispatcher contact.reveal hotline.exchange netizen.answer item.view round.view",
    ),
    "clerk": _role(
        _("部门承办人"),
        f"{_HANDLE} desk.department contact.reveal item.change item.verify round.make round.view campaign.view "
        "measure.decide target.enter project.update paper.draft appraisal.appeal",
        own_department=True,
    ),
    "head": _role(
        _("部门负责人"),
        f"{_HANDLE} case.approve_extension desk.department cockpit.view news.publish roster.plan roster.view "
        "item.change item.import item.verify round.view campaign.view campaign.manage measure.decide "
        "target.enter project.update paper.draft paper.review appraisal.appeal points.view points.enter points.approve "
        "points.reward",
        own_department=True,
    ),
    "checker": _role(
        _("核查员"),
        "case.view case.check case.rework case.look_back desk.checker report.create item.view round.view "
        "campaign.view",
    ),
    "callback": _role(_("回访员"), "case.view case.callback case.reopen contact.reveal desk.callback"),
    "supervisor": _role(
        _("督查员"),
        "case.view case.urge case.supervise case.look_back case.reopen case.review_exclusion case.review_appeal "
        "case.check case.rework desk.supervisor cockpit.view paper.issue daily.record "
        "visit.view roster.plan roster.view item.view item.verify inspection.draw round.make round.view field.work "
        "campaign.view campaign.manage measure.decide figure.view figure.publish target.view target.approve "
        "target.manage project.view paper.draft paper.review brief.write appraisal.manage points.view points.enter "
        "points.approve points.reward points.manage",
    ),
    "arbiter": _role(
        _("裁定员"),
        "case.view case.dispatch case.arbitrate case.approve_extension case.approve_parking case.file case.void "
        "case.reopen case.close case.exclude case.review_exclusion case.review_appeal desk.dispatcher "
        "contact.reveal contact.forget cockpit.view item.view round.view campaign.view",
    ),
    "leader": _role(
        _("区领导"),
        "case.view cockpit.view case.urge case.supervise news.publish roster.view item.view round.view campaign.view "
        "figure.view target.view project.view paper.sign",
    ),
    "grid-worker": _role(
        _("网格员"),
        "case.view report.create field.work case.take_up case.report_handled case.return case.check_on_site "
        "visit.record visit.view item.view item.verify round.make round.view",
    ),
    "caretaker": _role(
        _("保洁养护员"), "field.work report.create item.view round.make round.view", own_department=True
    ),
    "writer": _role(
        _("文字秘书"),
        "case.view cockpit.view item.view round.view campaign.view figure.view figure.publish target.view project.view "
        "paper.draft paper.issue brief.write",
    ),
    "project-office": _role(
        _("项目办"),
        "cockpit.view item.view figure.view target.view project.view project.update project.manage paper.draft "
        "brief.write",
    ),
    "administrator": _role(
        _("系统管理员"),
        "people.manage places.manage integrations.manage pack.view journal.view case.view cockpit.view "
        "contact.forget notices.manage news.publish hotline.exchange netizen.answer roster.plan roster.view "
        "item.view item.change item.import item.verify round.view inspection.draw campaign.view figure.view "
        "target.view project.view",
    ),
}
