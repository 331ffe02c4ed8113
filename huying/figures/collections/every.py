"""Every collection of the house, made known when the program starts."""

from __future__ import annotations

from huying.figures.collections.base import register
from huying.figures.collections.declared import (
    Awards,
    Ledgers,
    Plans,
    ProjectRules,
    Rankings,
    Rosters,
    Standards,
)
from huying.figures.collections.ground import Areas, Departments, Organisations, Staff
from huying.figures.collections.known import Items, Verifications
from huying.figures.collections.loop import Answers, Cases
from huying.figures.collections.persons import Calls, Checks, Reports, Turns
from huying.figures.collections.promised import Entries, Promises, Targets, Tasks
from huying.figures.collections.seen import Bulletins, Findings, Measures, Notified, Outings, Rounds
from huying.figures.collections.works import (
    Grants,
    LeaderVisits,
    Meetings,
    Openings,
    Projects,
    Sessions,
    Updates,
    Works,
    YearPlans,
)


def register_every() -> None:
    """Floor by floor, in the order in which lists name them."""
    register(Cases(), Answers(), Items(), Verifications())
    register(Reports(), Checks(), Calls(), Turns())
    register(Rounds(), Outings(), Findings(), Measures(), Notified(), Bulletins())
    register(Areas(), Departments(), Organisations(), Staff())
    register(Plans(), Standards(), Rankings(), Rosters(), Ledgers(), ProjectRules(), Awards())
    register(Entries(), Targets(), Promises(), Tasks())
    register(Projects(), Openings(), Updates(), YearPlans(), LeaderVisits(), Meetings(), Sessions())
    register(Works(), Grants())
