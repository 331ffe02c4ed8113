"""Cases for a phone's tests, made and counted inside a site: `python -m tests.field_cases COMMAND …`, answers in JSON.

make NUMBER        as many street lamps for the worker's street office; their case numbers
handle CASE WORDS  a colleague takes the case up if need be and reports it handled
reopen CASE        the checker sends it back, so that it is in hand again
show CASE          status, journal codes, photos by role
count PREFIX       reports, notes and answers whose words begin with this: {words: [how often, photos]}
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

import django

PLACE = (113.3436, 33.7338)
WORKER = "grid-putaoyuan"


def make(number: str) -> list[str]:
    from huying.cases import actions
    from huying.cases.actions import Intake
    from huying.cases.models import Case, Category, Ledger, Status
    from huying.people.models import User

    worker = User.objects.get(username=WORKER)
    assert worker.department is not None
    office = worker.department if worker.department.can_lead else worker.department.parent
    ledger = Ledger.objects.get(code="snapshot")
    category = Category.objects.filter(ledger=ledger, active=True).order_by("code").first()
    assert category is not None and office is not None
    dispatcher, found = User.objects.get(username="dispatcher"), []
    for turn in range(int(number)):
        words = f"第 {turn + 1} 盏路灯不亮"
        case = actions.receive_report(
            Intake(ledger=ledger, category=category, words=words, lng=PLACE[0], lat=PLACE[1])
        ).case
        case = Case.objects.select_related("ledger", "category__topic").get(pk=case.pk)
        if case.status == Status.REPORTED:
            actions.file_case(case, actor=dispatcher)
        if case.status == Status.DISPATCHED:
            actions.return_case(case, reason="不属于本单位", actor=_clerk(case.department))
        actions.dispatch_case(case, department=office, actor=dispatcher, note="就近处置")
        found.append(case.number)
    return found


def _clerk(department: Any) -> Any:
    from huying.people.models import User

    return User.objects.filter(department=department, is_active=True, username__startswith="clerk").first()


def _case(number: str) -> Any:
    from huying.cases.models import Case

    return Case.objects.select_related("ledger", "category__topic", "department").get(number=number)


def handle(number: str, words: str) -> str:
    from django.core.files.base import ContentFile

    from huying.cases import actions
    from huying.cases.models import Status
    from huying.core.files import store_photo
    from tests.browser.photos import phone_photo

    case = _case(number)
    colleague = _clerk(case.department)
    assert colleague is not None, case.department
    if case.status == Status.DISPATCHED:
        actions.take_up_case(case, actor=colleague)
    photo = store_photo(ContentFile(phone_photo(PLACE)["buffer"], "after.jpg"), by=colleague)  # type: ignore[arg-type]
    actions.report_handled(case, actor=colleague, answer=words, photos=[photo])
    return str(colleague)


def reopen(number: str) -> str:
    from huying.cases import actions
    from huying.people.models import User

    actions.send_back_for_rework(
        _case(number), reason="现场没有办好", actor=User.objects.get(username="checker")
    )
    return str(_case(number).status)


def show(number: str) -> dict[str, Any]:
    from huying.core.journal import entries_of

    case = _case(number)
    codes = entries_of(case).order_by("pk").values_list("code", flat=True)
    roles = Counter(case.files.values_list("role", flat=True))
    return {"status": case.status, "codes": dict(Counter(codes)), "photos": roles, "answer": case.answer}


def count(prefix: str) -> dict[str, dict[str, list[int]]]:
    from huying.cases.models import CaseFile, Report
    from huying.core.models import JournalEntry

    reports: dict[str, list[int]] = {}
    for report in Report.objects.filter(words__startswith=prefix):
        known = reports.setdefault(report.words, [0, 0])
        known[0] += 1
        known[1] += CaseFile.objects.filter(report=report).count()
    steps: dict[str, list[int]] = {}
    for code, key in (("case.handled", "answer"), ("case.noted", "words"), ("case.seen_on_site", "words")):
        for entry in JournalEntry.objects.filter(code=code):
            words = str(entry.data.get(key, ""))
            if words.startswith(prefix):
                known = steps.setdefault(words, [0, 0])
                known[0] += 1
                role = {"answer": "after"}.get(key, "noted" if code == "case.noted" else "checked")
                known[1] += CaseFile.objects.filter(case_id=entry.subject_id, role=role).count()
    return {"reports": reports, "steps": steps}


if __name__ == "__main__":
    django.setup()
    command = {"make": make, "handle": handle, "reopen": reopen, "show": show, "count": count}[sys.argv[1]]
    print(json.dumps(command(*sys.argv[2:]), ensure_ascii=False))
