"""The rows of projects: what they are, how they go, what was agreed about them, money and works, the war map."""

from huying.targets.projects.models.agreed import (
    ContactVisit,
    Decision,
    Meeting,
    ProjectProblem,
    ServiceSession,
    VisitPhoto,
)
from huying.targets.projects.models.going import Milestone, MonthlyUpdate, Permit, UpdatePhoto
from huying.targets.projects.models.paid import Grant, Work
from huying.targets.projects.models.project import ListEntry, Project, ProjectBook, ProjectList, YearPlan
from huying.targets.projects.models.war_map import WarMap, WarMapItem

__all__ = [
    "ContactVisit",
    "Decision",
    "Grant",
    "ListEntry",
    "Meeting",
    "Milestone",
    "MonthlyUpdate",
    "Permit",
    "Project",
    "ProjectBook",
    "ProjectList",
    "ProjectProblem",
    "ServiceSession",
    "UpdatePhoto",
    "VisitPhoto",
    "WarMap",
    "WarMapItem",
    "Work",
    "YearPlan",
]
