"""Two people at the same moment: one wins, the other reads who it was; nothing is lost or doubled."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from huying.core.errors import Conflict
from huying.core.journal import entries_of
from huying.core.testing import make_district, make_user
from huying.places.clock import BEIJING
from huying.targets.projects.actions.updates import correct_update, submit_update
from huying.targets.projects.models import MonthlyUpdate
from huying.targets.projects.tests.conftest import make_site

MAY = dt.date(2026, 5, 1)
AT = dt.datetime(2026, 6, 3, 10, tzinfo=BEIJING)


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """What each call came to, all begun at the same moment."""
    start, results = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        try:
            start.wait()
            call()
            results.append("done")
        except Conflict as conflict:
            results.append(str(conflict))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results, key=lambda said: said != "done")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_report_or_correct_the_same_month_one_wins() -> None:
    site = make_site(make_district())
    second = make_user("clerk", department=site.district.streets["east"])
    said: dict[str, Any] = {"done_wan": Decimal(5), "words": "主体施工", "at": AT}
    sent = at_once(*(
        lambda who=who: submit_update(site.project, month=MAY, actor=who, **said)  # type: ignore[misc]
        for who in (site.clerk, second, site.clerk)
    ))  # fmt: skip
    assert sent[0] == "done" and all("已由" in words for words in sent[1:])
    first = MonthlyUpdate.objects.get()
    fixed = at_once(*(
        lambda who=who: correct_update(first, reason="漏算设备款", actor=who, **said)  # type: ignore[misc]
        for who in (site.clerk, second)
    ))  # fmt: skip
    assert fixed[0] == "done" and "刚被更正过" in fixed[1]
    states = dict(MonthlyUpdate.objects.values_list("version", "state"))
    assert states == {1: "replaced", 2: "accepted"}
    assert entries_of(site.project).count() == 2
