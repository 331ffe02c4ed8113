"""Targets over HTTP."""

from __future__ import annotations

from typing import Any

from huying.core.testing import CallApi
from huying.people.models import User
from huying.targets.programmes import actions
from huying.targets.programmes.models import Entry, Target
from huying.targets.programmes.tests.conftest import DAY
from huying.targets.programmes.tests.test_actions import enter


def test_a_program_reads_progress_and_enters_it(
    call_api: CallApi, covers: Target, clerk: User, supervisor: User, district: Any
) -> None:
    actions.approve_entry(enter(covers, clerk), actor=supervisor)
    rows = call_api(clerk, "get", f"/targets/livelihood?on={DAY}").json()
    assert [row["code"] for row in rows] == ["covers", "counted", "list", "teeth"]
    assert (rows[0]["value"], rows[0]["percent"], rows[0]["status"]) == ("100", "16.67%", "behind")
    said = {
        "day": f"{DAY}",
        "values": {"school": "一小", "pupils": "40"},
        "words": "登记表",
        "area": district.east.code,
    }
    answer = call_api(clerk, "post", "/targets/livelihood/teeth/entries", said)
    assert answer.status_code == 201 and answer.json()["amount"] == "40"
    assert Entry.objects.get(target__code="livelihood/teeth").status == "submitted"
    wrong = call_api(
        clerk, "post", "/targets/livelihood/teeth/entries", {**said, "values": {"school": "一小"}}
    )
    assert wrong.status_code == 422
    assert (
        call_api(clerk, "post", "/targets/livelihood/list/entries", {**said, "values": {}}).status_code == 403
    )
    listed = call_api(supervisor, "get", "/targets/livelihood/teeth/entries").json()
    assert [row["words"] for row in listed["items"]] == ["登记表"]
