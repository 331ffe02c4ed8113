import datetime as dt

import pytest

from huying.cases.tallies.models import Shape, TallyCell
from huying.config import cli


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.words)
def test_every_command_explains_itself(command: cli.Command, capsys: pytest.CaptureFixture[str]) -> None:
    if command.words in ("manage", "migrate"):
        pytest.skip("these words go to Django")
    with pytest.raises(SystemExit) as end:
        cli.main([*command.words.split(), "--help"])
    assert end.value.code == 0
    assert command.help in " ".join(capsys.readouterr().out.split())


def test_a_command_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["srve"])
    assert end.value.code == 2
    assert "serve" in capsys.readouterr().err


def test_what_the_user_can_mend_is_a_sentence_not_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    from huying.core.database import DatabaseUnavailable

    def fail() -> int:
        raise DatabaseUnavailable("The disk is full.")

    assert cli.mended(fail) == 2
    assert capsys.readouterr().err == "huying: The disk is full.\n"


@pytest.mark.django_db
def test_django_commands_keep_their_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["manage", "check", "--tag", "models"]) == 0


@pytest.mark.django_db
def test_tallies_that_somebody_spoilt_are_told_and_put_right(capsys: pytest.CaptureFixture[str]) -> None:
    TallyCell.objects.create(shape=Shape.DAY_TOPIC, first=dt.date(2026, 3, 2), ledger=1, reported=7)
    assert cli.main(["tally", "check"]) == 1
    assert capsys.readouterr().out == "0 cases and 1 cells differ; 0 cases wait to be folded.\n"
    assert cli.main(["tally", "recount"]) == 0
    assert cli.main(["tally", "check"]) == 0
    assert capsys.readouterr().out.endswith("0 cases and 0 cells differ; 0 cases wait to be folded.\n")
    assert not TallyCell.objects.exists()
