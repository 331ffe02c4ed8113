"""Nobody learns who complained from a page, a list, a table or a file: only from a reveal with a reason.

Walks every address as somebody with every role, as a stranger and as a neighbour who reported the same.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import defaultdict
from typing import Any

import pytest
import yaml
from django.test import Client

from huying.cases import actions
from huying.cases.actions.contacts import reveal_contact
from huying.cases.models import Case, Report
from huying.cases.tests.conftest import SNAPSHOT, Loop, fresh, make_ledger
from huying.config.tests.test_every_address import ADDRESSES
from huying.core.models import JournalEntry
from huying.core.testing import MiniDistrict, district, grant_role, make_user
from huying.notices.models import Delivery
from huying.papers.models import Paper
from huying.people.models import User
from huying.people.roles import ROLES

__all__ = ["district"]

NAME, PHONE, HOME = "欧阳小明", "13912347391", "三号楼后院东屋"
SECRETS = (NAME, PHONE, HOME)
OF_THE_OTHER = ("昨天又坏了", "还是不亮", "欧阳", PHONE[-4:])


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def case(loop: Loop) -> Case:
    """A matter of two reporters that went all the way round and was reopened."""
    declaration = yaml.safe_load(SNAPSHOT) | {
        "ledger": "at-home",
        "fields": {"home": {"title": {"zh": "住处", "en": "Home"}, "type": "text", "private": True}},
    }
    ledger = make_ledger(declaration, loop.topics)
    case = loop.reported(ledger=ledger, name=NAME, phone=PHONE, fields={"home": HOME})
    neighbour = loop.report(ledger=ledger, name="邻居王", phone="13812340000", follows=case)
    case = fresh(case)
    actions.file_case(case, actor=loop.dispatcher)
    actions.dispatch_case(case, department=loop.district.urban, actor=loop.dispatcher, note="指定")
    actions.take_up_case(case, actor=loop.clerk)
    actions.supervise_case(case, actor=loop.supervisor, colour="blue")
    report = Report.objects.get(phone=PHONE)
    actions.add_words(report, words="昨天又坏了")
    case = fresh(case)
    reveal_contact(report, reason="核实现场位置", actor=loop.clerk)
    actions.report_handled(case, actor=loop.clerk, answer="换了灯泡和镇流器")
    actions.check_case(case, actor=loop.checker)
    actions.close_case(case, actor=loop.dispatcher)
    actions.record_callback(
        report, actor=loop.callback, contacted=True, solved=False, grade=1, words="还是不亮"
    )
    actions.record_callback(neighbour, actor=None, solved=True, grade=5)
    return fresh(case)


@pytest.fixture
def everybody(loop: Loop) -> User:
    user = make_user(department=loop.district.urban)
    for role in ROLES:
        grant_role(user, role, department=loop.district.urban if ROLES[role].own_department else None)
    return user


def values(loop: Loop, case: Case, report: Report) -> dict[str, Any]:
    told_outside = Delivery.objects.filter(to_kind="report", to_id=report.pk).latest("pk")
    known = {
        "notices:delivery/pk": told_outside.pk,
        "number": case.number, "report_number": report.number, "verb": "reopen", "username": loop.clerk.username,
        "code": loop.district.urban.code, "kind": "departments", "pk": Paper.objects.get().pk, "sha8": "0" * 8,
        "token": report.token, "people:area/code": loop.district.east.code,
        **{
            f"portal:{name}/number": report.number
            for name in ("receipt", "qr", "track", "add", "withdraw", "rate", "reopen", "telling")
        },
    }  # fmt: skip
    # Other addresses are walked with a number that leads nowhere, or by chance somewhere.
    return defaultdict(lambda: 1, known)


# Numbers of forms and requests: four digits of a phone stand in one of them by chance now and then.
RANDOM = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32,}")


def text_of(answer: Any) -> str:
    """What was answered, with a table's or document's parts unpacked."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as parts:
            body = b"\n".join(parts.read(name) for name in parts.namelist())
    headers = " ".join(f"{key}: {value}" for key, value in answer.items())
    return RANDOM.sub("", body.decode("utf-8", "replace") + headers)


def told(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text or json.dumps(secret)[1:-1] in text]


@pytest.mark.schema
@pytest.mark.parametrize("status", ["handling", "closed"])
def test_no_page_list_or_table_names_a_reporter_to_staff(
    loop: Loop, case: Case, everybody: User, client: Client, status: str
) -> None:
    if status == "handling":
        actions.reopen_case(case, reason="又不亮了", actor=loop.arbiter)
    client.force_login(everybody)
    known = values(loop, case, Report.objects.get(phone=PHONE))
    wrong = []
    for one in ADDRESSES:
        if one.name.startswith("portal:"):
            continue  # the reporter's own pages are theirs
        for query in ("", "?export=xlsx"):
            if found := told(text_of(client.get(one.path(known) + query))):
                wrong.append((one.name, query, found))
    assert not wrong


@pytest.mark.schema
def test_neighbours_and_strangers_learn_nothing(loop: Loop, case: Case, client: Client) -> None:
    neighbour = Report.objects.get(phone="13812340000")
    known = values(loop, case, neighbour)
    wrong = []
    for one in ADDRESSES:
        text = text_of(client.get(one.path(known)))
        if found := [*told(text), *(word for word in OF_THE_OTHER if word in text)]:
            wrong.append((one.name, found))
    assert not wrong


def test_the_search_box_does_not_tell_who_called(case: Case, everybody: User, client: Client) -> None:
    client.force_login(everybody)
    assert case.number not in client.get(f"/desk/cases/?q={PHONE}").content.decode()
    assert case.number not in client.get(f"/desk/cases/?q={NAME}").content.decode()


def test_the_journal_never_holds_a_name_or_number(case: Case) -> None:
    text = json.dumps(list(JournalEntry.objects.values_list("data", flat=True)), ensure_ascii=False)
    assert not told(text)


def test_a_reason_shows_name_number_and_private_fields_to_who_goes_there(
    loop: Loop, case: Case, client: Client
) -> None:
    """The flat of a cold radiator is private, and the repairer has to find it."""
    actions.reopen_case(case, reason="又不亮了", actor=loop.arbiter)
    report = Report.objects.get(phone=PHONE)
    client.force_login(loop.clerk)
    page = client.post(f"/desk/cases/{case.number}/reports/{report.number}/contact/", {"reason": "上门维修"})
    assert told(page.content.decode()) == list(SECRETS)
    page = client.post(f"/field/tasks/{case.number}/call/", {"reason": "上门维修", "report": report.pk})
    assert told(page.content.decode()) == list(SECRETS)
