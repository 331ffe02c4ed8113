"""Statements compared with the rows of a small district."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from huying.core.testing import MiniDistrict
from huying.figures.statements import commands
from huying.figures.statements.models import Statement, StatementCheck, StatementSource
from huying.figures.statements.report import compare, compare_all, tally
from huying.figures.tests.conftest import declare, lamps, writer  # noqa: F401  (fixtures)
from huying.people.models import User
from huying.registry.models import Item

pytestmark = pytest.mark.django_db


def say(code: str, value: int, **more: Any) -> Statement:
    """A statement of an article about the lamps."""
    source, _new = StatementSource.objects.get_or_create(code="paper", defaults={"title": "报道"})
    return Statement.objects.create(code=code, title=code, source=source, value=value, system="D5", **more)


@pytest.fixture
def said(district: MiniDistrict, lamps: list[Item]) -> dict[str, Statement]:  # noqa: F811
    """Four lamps are printed twice, once wrongly; half of them; and something that nothing counts."""
    declare("lamps", of="items", where={"register": "lamp"})
    declare("tall", of="items", where={"register": "lamp", "data.height": "10.."})
    return {
        "right": say("right", 4, figure="lamps"),
        "wrong": say("wrong", 5, figure="lamps"),
        "some": say("some", 2, figure="tall", bound="at least"),
        "tenfold": say("tenfold", 40, figure="lamps"),
        "none": say("none", 7),
    }


def test_each_statement_gets_its_verdict(said: dict[str, Statement]) -> None:
    check = StatementCheck.objects.create(
        code="ten", title="差十倍", rule="{right} = {tenfold}", doubts=["tenfold"]
    )
    verdicts = {line.statement.code: line.verdict.value for line in compare(Statement.objects.all())}
    assert verdicts == {
        "right": "reproduced", "wrong": "differs", "some": "reproduced", "tenfold": "contradictory",
        "none": "not-built",
    }  # fmt: skip
    compare_all()
    check.refresh_from_db()
    assert check.failed


def test_a_figure_that_left_the_pack_counts_nothing(said: dict[str, Statement]) -> None:
    say("gone", 1, figure="no-such-figure")
    lines = {line.statement.code: line for line in compare(Statement.objects.all())}
    assert lines["gone"].value is None and lines["gone"].verdict == Statement.Verdict.NOT_BUILT


def test_a_relation_may_name_a_figure_and_says_nothing_when_it_is_gone(said: dict[str, Statement]) -> None:
    StatementCheck.objects.create(code="f", title="比在册的多", rule="{wrong} <= {lamps}", doubts=["wrong"])
    StatementCheck.objects.create(code="g", title="没有了", rule="{right} <= {nothing}", doubts=["right"])
    verdicts = {line.statement.code: line.verdict.value for line in compare(Statement.objects.all())}
    assert (verdicts["wrong"], verdicts["right"]) == ("contradictory", "reproduced")


def test_the_command_ends_badly_when_something_differs(
    said: dict[str, Statement], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run() == 1
    told = capsys.readouterr().out
    assert "reproduced: 2" in told and "wrong  differs" in told
    said["wrong"].delete()
    said["tenfold"].delete()
    assert commands.run(every=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "reproduced: 2  contradictory: 0  differs: 0  not-built: 1"
    ]


def test_the_page_shows_verdicts_and_leads_to_the_rows(
    said: dict[str, Statement],
    writer: User,  # noqa: F811
    client: Client,
) -> None:
    client.force_login(writer)
    assert client.post("/desk/figures/statements/compare/").status_code == 302
    page = client.get("/desk/figures/statements/?verdict=differs").content.decode()
    assert "wrong" in page and "/desk/figures/lamps/?" in page and "−1" in page
    assert "不一样" in client.get("/desk/figures/statements/wrong/").content.decode()
    assert client.get("/desk/figures/statements/absent/").status_code == 404
    export = client.get("/desk/figures/statements/?export=xlsx")
    assert export["Content-Type"].endswith("sheet")


def test_a_stranger_sees_nothing(district: MiniDistrict, client: Client) -> None:
    assert client.get("/desk/figures/statements/").status_code == 302


def test_the_tally_names_every_verdict() -> None:
    assert tally([]) == {"reproduced": 0, "contradictory": 0, "differs": 0, "not-built": 0}
