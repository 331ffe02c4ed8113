"""Figures over HTTP: the same numbers as the pages, rows as far as the caller may read, publishing once."""

from __future__ import annotations

import pytest

from huying.core.testing import CallApi, MiniDistrict, make_user, token_for
from huying.figures.models import CheckList, Figure, PublishedFigure
from huying.figures.publishing import publish
from huying.figures.tests.conftest import declare
from huying.people.models import User
from huying.registry.models import Item

pytestmark = pytest.mark.django_db
LAMPS = {"of": "items", "where": {"register": "lamp"}, "by": ["subdistrict", "department"]}
READ = ("", "/groups?by=subdistrict", "/rows")


@pytest.fixture
def counted(lamps: list[Item]) -> Figure:
    return declare("lamps", **LAMPS, unit="盏")


@pytest.mark.parametrize("path", READ)
def test_who_may_reads_others_are_refused(counted: Figure, call_api: CallApi, path: str) -> None:
    leader = make_user("leader")
    assert call_api(leader, "get", f"/figures/lamps{path}").status_code == 200
    assert call_api(make_user(), "get", f"/figures/lamps{path}").status_code == 403
    assert call_api(None, "get", f"/figures/lamps{path}").status_code == 404
    assert call_api(token_for(leader, verbs=["case.view"]), "get", f"/figures/lamps{path}").status_code == 403
    assert call_api("hy_wrong", "get", f"/figures/lamps{path}").status_code == 401


def test_a_public_figure_is_read_without_a_token(counted: Figure, call_api: CallApi) -> None:
    assert call_api(None, "get", "/figures/declared").json() == []
    Figure.objects.update(declaration={**counted.declaration, "visible": "public"})
    assert [row["code"] for row in call_api(None, "get", "/figures/declared").json()] == ["lamps"]
    assert call_api(None, "get", "/figures/lamps").json()["text"] == "4 盏"
    rows = call_api(None, "get", "/figures/lamps/rows").json()
    assert (rows["items"], rows["total"], rows["hidden"]) == ([], 4, 4)
    token = publish("lamps", actor=None).token
    assert call_api(None, "get", f"/figures/published/{token}").json()["value"] == 4
    assert call_api(None, "get", f"/figures/published/{token}/rows").status_code == 401


def test_values_groups_and_rows_agree(
    counted: Figure, district: MiniDistrict, call_api: CallApi, writer: User
) -> None:
    whole = call_api(writer, "get", "/figures/lamps").json()
    assert (whole["value"], whole["numerator"], whole["denominator"]) == (4, "4", None)
    assert "只数名册为“路灯”的。" in whole["meaning"]
    groups = call_api(writer, "get", "/figures/lamps/groups?by=subdistrict").json()
    assert [(each["title"], each["value"]["value"]) for each in groups] == [
        ("西环路街道", 1),
        ("东安路街道", 3),
    ]
    path = f"/figures/lamps/rows?area={district.east.code}&limit=2"
    first = call_api(writer, "get", path).json()
    second = call_api(writer, "get", f"{path}&start={first['next']}").json()
    assert [row["label"][0] for row in first["items"] + second["items"]] == ["A", "B", "C"]
    assert second["next"] is None
    west = make_user("project-office", area=district.west)
    rows = call_api(west, "get", "/figures/lamps/rows").json()
    assert (len(rows["items"]), rows["total"], rows["hidden"]) == (1, 4, 3)


def test_what_cannot_be_read_is_refused(counted: Figure, call_api: CallApi, writer: User) -> None:
    for query in ("from=soon", "hue=red", "at=then", "in=never"):
        assert call_api(writer, "get", f"/figures/lamps?{query}").status_code == 422
    assert call_api(writer, "get", "/figures/lamps/groups?by=hue").status_code == 422
    assert call_api(writer, "get", "/figures/none").status_code == 404


def test_a_figure_is_published_once_however_often_it_is_sent(
    counted: Figure, lamps: list[Item], district: MiniDistrict, call_api: CallApi, writer: User
) -> None:
    said = {"where": {"area": [district.east.code]}, "purpose": "月报"}
    token = token_for(writer)
    sent = [
        call_api(token, "post", "/figures/lamps/published", said, Idempotency_Key="one")
        for _twice in range(2)
    ]
    assert [each.status_code for each in sent] == [201, 201]
    found = PublishedFigure.objects.get()
    assert sent[1].json()["token"] == found.token and found.text == "3 盏"
    assert call_api(make_user("leader"), "post", "/figures/lamps/published", said).status_code == 403
    rows = call_api(token, "get", f"/figures/published/{found.token}/rows").json()
    assert [row["label"][0] for row in rows["items"]] == ["A", "B", "C"]
    lamps[0].delete()
    again = call_api(token, "get", f"/figures/published/{found.token}/recount").json()
    assert (again["same"], again["value"], again["differing"]) == (False, 2, 1)
    assert [(each["kind"], each["before"], each["now"]) for each in again["differences"]] == [
        ("left", 1, None)
    ]
    then = call_api(token, "get", f"/figures/published/{found.token}/recount?then=true").json()
    assert then["same"] and then["differing"] == 0
    rows = call_api(token, "get", f"/figures/published/{found.token}/rows").json()
    assert [row["label"][0] for row in rows["items"]] == ["A", "B", "C"]  # one is gone, and was within reach


def test_relations_are_told(counted: Figure, call_api: CallApi, writer: User) -> None:
    declare("none", of="items", where={"register": "lamp", "state": "broken"})
    relation = {"code": "same", "title": "一样", "same": ["lamps", "none"]}
    CheckList.objects.create(
        code="all", title="全部", declaration={"checks": "all", "title": "全部", "list": [relation]}
    )
    (found,) = call_api(writer, "get", "/figures/checks").json()
    assert (found["holds"], found["difference"]) == (False, "4")
    assert call_api(make_user(), "get", "/figures/checks").status_code == 403
