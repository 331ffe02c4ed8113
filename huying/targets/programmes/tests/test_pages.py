"""Who opens which page, and what stands on it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from huying.core.files import Seen, store_photo
from huying.core.testing import AccessSuite
from huying.people.models import User
from huying.targets.programmes import actions
from huying.targets.programmes.models import Entry, EntryFile, Programme, Target
from huying.targets.programmes.pictures import drawn
from huying.targets.programmes.tests.conftest import DAY, DECLARED, load
from huying.targets.programmes.tests.test_actions import enter


class TestProgrammes(AccessSuite):
    url = "targets:programmes"
    role = "clerk"


class TestApprovals(AccessSuite):
    url = "targets:approvals"
    role = "supervisor"


class TestTarget(AccessSuite):
    role = "leader"

    def prepare(self) -> None:
        load(DECLARED)

    def address(self) -> str:
        return reverse("targets:target", args=["livelihood", "covers"])


class TestEntries(AccessSuite):
    url = "targets:entries"
    role = "supervisor"

    def prepare(self) -> None:
        load(DECLARED)
        target = Target.objects.get(code="livelihood/covers")
        from huying.targets.programmes.tests.conftest import person

        clerk = person("prepared", "clerk", self.district.urban)
        enter(target, clerk, words="东街台账", area=self.district.east)

    def row_in_east(self) -> str:
        return "东街台账"


def test_every_page_of_a_programme_opens(
    client: Client, programme: Programme, covers: Target, clerk: User, supervisor: User
) -> None:
    actions.approve_entry(enter(covers, clerk), actor=supervisor)
    client.force_login(supervisor)
    for page in ("promises", "tasks", "months", "improvement"):
        programme.declaration = {**DECLARED, "page": page}
        programme.save()
        answer = client.get(programme.get_absolute_url(), {"on": f"{DAY}"})
        assert answer.status_code == 200, page
    assert "100" in client.get(covers.get_absolute_url()).content.decode()
    assert client.get(programme.get_absolute_url(), {"export": "xlsx"}).status_code == 200
    client.force_login(clerk)
    assert client.get(reverse("targets:mine")).status_code == 200


def test_an_owner_enters_on_the_page_and_what_was_typed_is_kept(
    client: Client, covers: Target, clerk: User
) -> None:
    client.force_login(clerk)
    url = reverse("targets:enter", args=["livelihood", "covers"])
    assert client.get(url).status_code == 200
    wrong = client.post(url, {"day": f"{DAY}", "amount": "12,5", "words": "更换单"})
    assert wrong.status_code == 422 and "更换单" in wrong.content.decode()
    right = client.post(url, {"day": f"{DAY}", "amount": "12.5", "words": "更换单"})
    entry = Entry.objects.get()
    assert right.status_code == 302 and entry.status == "submitted"
    assert client.get(entry.get_absolute_url()).status_code == 200


def test_several_are_approved_at_once(client: Client, covers: Target, clerk: User, supervisor: User) -> None:
    rows = [enter(covers, clerk, amount=number) for number in (1, 2)]
    client.force_login(supervisor)
    assert client.get(reverse("targets:approvals")).status_code == 200
    client.post(reverse("targets:approve-entries"), {"selected": [row.pk for row in rows]})
    assert set(Entry.objects.values_list("status", flat=True)) == {"approved"}


def test_entries_come_from_a_spreadsheet_all_or_none(
    client: Client, programme: Programme, clerk: User
) -> None:
    client.force_login(clerk)
    url = reverse("targets:import-entries", args=["livelihood", "teeth"])

    def send(text: str, **more: Any) -> Any:
        file = io.BytesIO(text.encode())
        file.name = "rows.csv"
        return client.post(url, {"file": file, **more})

    head = "日期,school,pupils,teeth,区域,依据和说明\n"
    assert (
        send(head + "2023-06-01,一小,40,90,,登记表\n2023-06-02,二小,many,9,,登记表\n", go="1").status_code
        == 422
    )
    assert not Entry.objects.exists()
    good = head + "2023-06-01,一小,40,90,东安路街道,登记表\n2023-06-02,二小,61,130,,登记表\n"
    assert send(good, go="1").status_code == 200
    assert sorted(Entry.objects.values_list("amount", flat=True)) == [40, 61]
    send(good, go="1")
    assert Entry.objects.count() == 2
    assert client.get(reverse("targets:empty-entries", args=["livelihood", "teeth"])).status_code == 200


def test_residents_read_what_was_promised_without_signing_in(
    client: Client, programme: Programme, covers: Target, clerk: User, supervisor: User
) -> None:
    actions.approve_entry(enter(covers, clerk), actor=supervisor)
    enter(covers, clerk, amount=77)
    assert client.get(reverse("targets:promises")).status_code == 200
    answer = client.get(reverse("targets:public-programme", args=["livelihood"]))
    page = answer.content.decode()
    assert "更换窨井盖" in page and "16.67%" in page and "督查室审核" in page and "台账记录里统计" in page
    assert "clerk" not in page and len(answer.content) < 150_000 and "evidence" not in page
    address = reverse("targets:public-programme", args=["livelihood"])
    taken = store_photo(io.BytesIO(drawn("road", True)), seen=Seen(taken_at=timezone.now()))
    shown = EntryFile.objects.create(entry=covers.entries.get(status="approved"), file=taken, public=True)
    assert f"{timezone.localdate()}" in client.get(address).content.decode().split('class="evidence')[1]
    EntryFile.objects.filter(pk=shown.pk).update(public=False)
    assert "evidence" not in client.get(address).content.decode()
    Programme.objects.update(public=False)
    assert client.get(reverse("targets:public-programme", args=["livelihood"])).status_code == 404


@pytest.mark.parametrize("verb", ["approve-entry", "return-entry", "undo-approval"])
def test_an_owner_does_not_decide(client: Client, covers: Target, clerk: User, verb: str) -> None:
    entry = enter(covers, clerk)
    client.force_login(clerk)
    assert client.post(reverse(f"targets:{verb}", args=[entry.pk]), {"reason": "好的"}).status_code == 403
