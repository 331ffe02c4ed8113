"""A whole play against a running site, and a site that does not keep what it promised."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from huying.cases.models import Case, Report
from huying.cases.tests.conftest import SNAPSHOT, Loop
from huying.config import cli
from huying.core.testing import make_district, make_user
from huying.people.tokens import make_token
from huying.simulate.life import Life, Stage
from huying.simulate.meter import MeasuredTransport, Meter
from huying.simulate.plan import make_plan
from huying.simulate.play import Options, json_of, play, read_people, text_of
from huying.simulate.promises import judge
from huying.simulate.world import CannotStart, explore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A small district with everybody who is needed, and the file of their tokens."""
    import yaml

    loop = Loop(make_district())
    asks = "callback: {ask: true}\nfields: {colour: {type: choice, of: [红, 绿], required: true}}\n"
    form = "handling_form: {lamps: {type: number, unit: 盏, required: true, title: {zh: 换了几盏}}}\n"
    loop.ledger.declaration = yaml.safe_load(SNAPSHOT + asks + form + "channels: [portal, hotline, field]\n")
    loop.ledger.save(update_fields=["declaration"])
    worker = make_user("grid-worker", area=loop.district.east)
    until = timezone.localdate() + dt.timedelta(days=1)
    accounts = (loop.agent, loop.dispatcher, loop.clerk, loop.checker, loop.callback, loop.supervisor, worker)
    file = tmp_path / "people.txt"
    lines = [
        f"{one.username} {make_token(one, title='t', expires_on=until, actor=None)[1]}" for one in accounts
    ]
    file.write_text("# who plays\n" + "\n".join(lines))
    return file


@pytest.mark.schema
def test_matters_of_every_channel_go_round_and_every_promise_is_kept(people: Path, live_server: Any) -> None:
    options = Options(
        live_server.url, people, per_minute=120, minutes=0.05, seed=156, think_s=0, settle_s=120, at_once=2
    )
    said: list[str] = []
    outcome = play(options, said.append)
    assert outcome.good, text_of(outcome)
    assert outcome.ends["closed"] == Case.objects.filter(status="closed").count() >= 3
    assert set(Report.objects.values_list("channel", flat=True)) == {"portal", "hotline", "field"}
    kept = {promise.title: promise.kept for promise in outcome.promises}
    assert kept["every receipt opens its matter"] == outcome.arrivals == Report.objects.count()
    assert kept["asked afterwards how it went"] == outcome.ends["closed"]
    assert "Every promise was kept." in text_of(outcome)
    assert '"good": true' in json_of(outcome)
    assert "7 accounts" in said[0]


@pytest.mark.schema
def test_a_site_that_did_not_keep_its_word_is_found_out(people: Path, live_server: Any) -> None:
    transport = MeasuredTransport(Meter())
    world = explore(live_server.url, read_people(people), transport)
    plan = make_plan(world, per_minute=60, minutes=0.2, seed=9, mix={"portal": 1})[:3]
    lives = [Life(arrival, Stage(live_server.url, world, transport, think_s=0)) for arrival in plan]
    for life in lives:
        while life.advance() is not None:
            pass
    lost, late, twice = lives[:3]
    Report.objects.filter(number=lost.report).update(token="another")
    Case.objects.filter(number=late.number).update(due_at=timezone.now() - dt.timedelta(days=9))
    twice.again = "261121999999"
    Case.objects.filter(number=twice.number).update(status="voided")
    found = {promise.title: promise for promise in judge(lives, lives[0].stage)}
    assert found["every receipt opens its matter"].broken == [lost.report]
    assert found["handled before its deadline"].broken == [late.number]
    assert found["what was sent twice is there once"].broken == [f"{twice.report} and {twice.again}"]
    assert any(text.startswith("closed: ") for text in found["counted as it happened"].broken)
    transport.end()


def test_it_says_why_it_cannot_start(people: Path, live_server: Any, tmp_path: Path) -> None:
    def refused(url: str, file: Path | None) -> str:
        with pytest.raises(CannotStart) as reason:
            play(Options(url, file, minutes=0.1), str)
        return str(reason.value)

    assert "no demonstration" in refused(live_server.url, None)
    assert "does not answer" in refused("http://127.0.0.1:9", None)
    assert "can't be read" in refused(live_server.url, tmp_path / "absent")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("somebody hy_nonsense")
    assert "The token of somebody does not open" in refused(live_server.url, wrong)
    wrong.write_text("one two three")
    assert "is not an account and a token" in refused(live_server.url, wrong)
    few = tmp_path / "few.txt"
    few.write_text(people.read_text().splitlines()[1])
    assert "has case.dispatch" in refused(live_server.url, few)


@pytest.mark.schema
def test_the_command_plays_a_demonstration_without_being_given_anybody(
    live_server: Any, settings: Any, capsys: Any
) -> None:
    loop = Loop(make_district())
    settings.DEMO = True
    for user in (loop.dispatcher, loop.clerk, loop.checker, loop.callback, loop.supervisor):
        user.demo_login = True
        user.save(update_fields=["demo_login"])
    words = [
        "simulate",
        "--url",
        live_server.url,
        "--rate",
        "60",
        "--minutes",
        "0.05",
        "--think",
        "0",
        "--seed",
        "2",
    ]
    assert cli.main(words) == 0
    assert "Every promise was kept." in capsys.readouterr().out
    assert cli.main(["simulate", "--url", "http://127.0.0.1:9"]) == 2
    assert "does not answer" in capsys.readouterr().err
