"""The night rounds of a test, prepared and counted inside a site: `python -m tests.night_rounds COMMAND …`, in JSON.

prepare      the season is lifted, so that the test runs in summer too
count        rounds, cases and letters of the night check, their scores, photos and signatures
look CASE    a look-back is drawn among what was closed today; answers the address of this case's task
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

PLAN, LEDGER = "heating-night", "heating-supervision"


def prepare() -> str:
    from huying.cases.models import Ledger
    from huying.inspections.models import Plan

    for row in (Plan.objects.get(code=PLAN), Ledger.objects.get(code=LEDGER)):
        row.declaration = {key: value for key, value in row.declaration.items() if key != "season"}
        row.save()
    return "ready"


def count() -> dict[str, Any]:
    from huying.cases.models import Case
    from huying.inspections.rounds.models import Round
    from huying.papers.models import Paper

    rounds = Round.objects.filter(plan__code=PLAN).order_by("pk")
    return {
        "rounds": rounds.count(),
        "cases": list(
            Case.objects.filter(findings__round__in=rounds).order_by("pk").values_list("number", flat=True)
        ),
        "letters": Paper.objects.filter(subject_kind="round", subject_id__in=rounds.values("pk")).count(),
        "scores": list(rounds.values_list("tenths", flat=True)),
        "photos": sum(round_.photos.count() for round_ in rounds),
        "signed": rounds.filter(signature__isnull=False).count(),
    }


def look(number: str) -> str:
    from django.utils import timezone

    from huying.cases.actions.looking_back import draw_look_back
    from huying.cases.models import LookBackTask
    from huying.people.models import User

    today = timezone.localdate()
    draw_look_back(
        actor=User.objects.get(username="supervisor"), closed_from=today, closed_to=today, size=1000, seed="1"
    )
    task = LookBackTask.objects.filter(case__number=number).latest("pk")
    return f"/desk/look-backs/tasks/{task.pk}/"


def main() -> None:
    django.setup()
    commands: dict[str, Any] = {"prepare": prepare, "count": count, "look": look}
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:]), default=str))


if __name__ == "__main__":
    main()
