"""The command line `huying`. A command is one line in COMMANDS; its work is imported when it is called."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Arguments = argparse.Namespace


def django() -> None:
    """Read the settings and make the models ready."""
    import django as framework

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")
    framework.setup()


# -- what the commands do ------------------------------------------------------------------------------------


def run_serve(arguments: Arguments) -> int:
    django()
    from huying.config import serving

    serving.serve(*address(arguments))
    return 0


def run_worker(arguments: Arguments) -> int:
    django()
    from huying.config import serving
    from huying.core import jobs

    if arguments.with_parent:
        serving.die_with_parent()
    jobs.run_worker(concurrency=arguments.jobs)
    return 0


def run_demo(arguments: Arguments) -> int:
    from huying.config import serving

    serving.environment_for_demo()
    django()
    serving.demonstrate(*address(arguments), prepare_only=arguments.prepare)
    return 0


def address(arguments: Arguments) -> tuple[str, int]:
    from django.conf import settings

    return arguments.bind or settings.ENVIRONMENT["HUYING_BIND"], arguments.port or settings.ENVIRONMENT[
        "HUYING_PORT"
    ]


def run_openapi(arguments: Arguments) -> int:
    django()
    from huying.config.api import description

    print(description(), end="")
    return 0


def run_doctor(arguments: Arguments) -> int:
    django()
    from huying.config import doctor

    return doctor.examine()


def run_pack_check(arguments: Arguments) -> int:
    django()
    from huying.packs import commands

    return commands.check(arguments.path or default_pack())


def run_pack_load(arguments: Arguments) -> int:
    django()
    from huying.packs import commands

    return commands.load(arguments.path or default_pack(), dry_run=arguments.dry_run)


def run_pack_new(arguments: Arguments) -> int:
    django()
    from huying.packs import commands

    return commands.new(arguments.path, arguments.code)


def run_pack_diff(arguments: Arguments) -> int:
    django()
    from huying.packs import commands

    return commands.diff(arguments.path or default_pack())


def default_pack() -> Path:
    from django.conf import settings

    return Path(settings.PACK)


def run_import_of_cases(arguments: Arguments) -> int:
    django()
    from huying.cases import imports

    return imports.run(arguments.kind, arguments.path, report=print).exit_code


def run_import_of_pack(arguments: Arguments) -> int:
    django()
    from huying.packs import imports

    return imports.run(arguments.kind, arguments.path, report=print) or 0


def run_figures(arguments: Arguments) -> int:
    django()
    from huying.figures import commands

    return commands.check() if arguments.check else commands.show()


def run_journal_verify(arguments: Arguments) -> int:
    django()
    from huying.core import journal
    from huying.core.models import JournalEntry

    faults = 0
    for fault in journal.verify():
        faults += 1
        print(fault)
    if faults:
        print(
            f"{faults} faults. Entries were changed, removed or added outside the journal.", file=sys.stderr
        )
        return 1
    print(f"{JournalEntry.objects.count()} entries: every chain and every seal holds.")
    return 0


def run_journal_seal(arguments: Arguments) -> int:
    django()
    from datetime import timedelta

    from django.utils import timezone

    from huying.core import journal

    day = arguments.day or timezone.localdate() - timedelta(days=1)
    seal = journal.seal_day(day)
    print(f"{seal.day}: {seal.entries} entries, {bytes(seal.hash).hex()}")
    return 0


def run_tally_check(arguments: Arguments) -> int:
    django()
    from huying.cases.tallies import checking

    found = checking.compare()
    print(f"{found.cases} cases and {found.cells} cells differ; {found.marked} cases wait to be folded.")
    return int(bool(found))


def run_tally_recount(arguments: Arguments) -> int:
    django()
    from huying.cases.tallies import checking

    found = checking.recount(report=print)
    print(f"{found.cases} cases and {found.cells} cells differed; now everything is counted.")
    return 0


def run_token_make(arguments: Arguments) -> int:
    django()
    from huying.people import tokens

    return tokens.make_for_play(arguments.accounts, days=arguments.days)


def run_factor_reset(arguments: Arguments) -> int:
    django()
    from huying.core.errors import Refusal
    from huying.people.models import User
    from huying.people.signing.factors import reset_factors

    user = User.objects.filter(username=arguments.account).first()
    try:
        if user is None:
            raise Refusal(f"no account {arguments.account}")
        reset_factors(user, reason=arguments.reason, actor=None)
    except Refusal as refusal:
        print(f"huying: {refusal}", file=sys.stderr)
        return 2
    return 0


def run_statements(arguments: Arguments) -> int:
    django()
    from huying.figures.statements import commands

    return commands.run(every=not arguments.wrong)


def run_simulate(arguments: Arguments) -> int:
    from huying.simulate import play, world

    options = play.Options(
        url=arguments.url, people=arguments.people, per_minute=arguments.rate, minutes=arguments.minutes,
        seed=arguments.seed, think_s=arguments.think, settle_s=arguments.settle, at_once=arguments.at_once,
        own_addresses=arguments.own_addresses, mix=arguments.mix,
    )  # fmt: skip
    try:
        outcome = play.play(options)
    except world.CannotStart as reason:
        print(f"huying: {reason}", file=sys.stderr)
        return 2
    print(play.text_of(outcome))
    if arguments.json:
        arguments.json.write_text(play.json_of(outcome), encoding="utf-8")
    return 0 if outcome.good else 1


def mix(text: str) -> dict[str, int]:
    """Weights of channels, like portal=5,hotline=3,field=2."""
    from huying.simulate.plan import CHANNELS

    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name in CHANNELS and weight.isdecimal() for name, _equals, weight in pairs):
        raise argparse.ArgumentTypeError("write it like portal=5,hotline=3,field=2")
    return {name: int(weight) for name, _equals, weight in pairs}


def run_migrate(arguments: Arguments) -> int:
    return run_django(["migrate", *arguments.rest])


def run_manage(arguments: Arguments) -> int:
    return run_django(arguments.rest)


def run_django(words: list[str]) -> int:
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huying.config.settings")
    execute_from_command_line(["huying manage", *words])
    return 0


# -- how they are called -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Argument:
    """One argument, as argparse takes it."""

    names: tuple[str, ...]
    options: dict[str, object]


def argument(*names: str, **options: object) -> Argument:
    return Argument(names, options)


@dataclass(frozen=True)
class Command:
    """One command: its words, what it does in a line, its function and its arguments."""

    words: str
    help: str
    run: Callable[[Arguments], int]
    arguments: tuple[Argument, ...] = ()


def day(text: str) -> object:
    from datetime import date

    return date.fromisoformat(text)


LISTEN = (
    argument("--bind", help="network address to listen on (HUYING_BIND)"),
    argument("--port", type=int, help="port to listen on (HUYING_PORT)"),
)
PACK = argument("path", nargs="?", type=Path, help="folder of the pack (HUYING_PACK)")
FILE = argument("path", type=Path, help="the file")
REST = argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

COMMANDS: tuple[Command, ...] = (
    Command("serve", "answer visitors over HTTP", run_serve, LISTEN),
    Command(
        "worker",
        "run the jobs of the queue",
        run_worker,
        (
            argument("--jobs", type=int, help="jobs at the same time (HUYING_JOBS)"),
            argument("--with-parent", action="store_true", help=argparse.SUPPRESS),
        ),
    ),
    Command(
        "demo",
        "prepare the demonstration and serve it",
        run_demo,
        (*LISTEN, argument("--prepare", action="store_true", help="prepare only, do not serve")),
    ),
    Command("openapi", "print the description of the API", run_openapi),
    Command("doctor", "check this installation and say what to mend", run_doctor),
    Command("pack check", "report every mistake of a district pack", run_pack_check, (PACK,)),
    Command(
        "pack load",
        "load a district pack; loading twice changes nothing",
        run_pack_load,
        (PACK, argument("--dry-run", action="store_true", help="only show what would change")),
    ),
    Command(
        "pack new",
        "write a commented starter pack",
        run_pack_new,
        (
            argument("path", type=Path, help="new folder"),
            argument("--code", default="", help="six digits of the district (GB/T 2260)"),
        ),
    ),
    Command("pack diff", "show what loading a district pack would change", run_pack_diff, (PACK,)),
    Command("import messages", "run residents' messages through intake", run_import_of_cases, (FILE,)),
    Command(
        "import cases311",
        "run places and times of real cases through point to area",
        run_import_of_cases,
        (FILE,),
    ),
    Command("import orders", "import hotline orders", run_import_of_cases, (FILE,)),
    *(
        Command(f"import {kind}", f"import {kind} from a spreadsheet", run_import_of_pack, (FILE,))
        for kind in ("areas", "roads", "buildings", "departments", "staff", "duties")
    ),
    Command(
        "figures",
        "list every figure with its value",
        run_figures,
        (argument("--check", action="store_true", help="print the relations that fail; 1 if there are any"),),
    ),
    Command("journal verify", "find changed, missing or added journal entries", run_journal_verify),
    Command(
        "journal seal",
        "seal the journal of a day (yesterday)",
        run_journal_seal,
        (argument("--day", type=day, help="like 2026-11-20"),),
    ),
    Command("tally check", "count every case anew and compare with the tallies", run_tally_check),
    Command("tally recount", "count every case anew and put the tallies right", run_tally_recount),
    Command(
        "token make",
        "make API tokens for a few days and print them, an account and a token in a line",
        run_token_make,
        (
            argument("accounts", nargs="*", help="whose; none: as few as it takes to play every department"),
            argument("--days", type=int, default=1, help="how long they are good (1)"),
        ),
    ),
    Command(
        "factor reset",
        "take away an account's second factors, when no administrator can",
        run_factor_reset,
        (
            argument("account", help="its user name"),
            argument("--reason", required=True, help="kept in the journal"),
        ),
    ),
    Command(
        "statements",
        "compare what was printed about the district with its own rows",
        run_statements,
        (argument("--wrong", action="store_true", help="only what comes out otherwise than printed"),),
    ),
    Command(
        "simulate",
        "play residents, hotline, grid workers and departments on a running site",
        run_simulate,
        (
            argument("--url", default="http://127.0.0.1:8000", help="the site (http://127.0.0.1:8000)"),
            argument("--people", type=Path, help="accounts and tokens; none: those of a demonstration"),
            argument("--rate", type=float, default=20, help="arrivals a minute (20)"),
            argument("--minutes", type=float, default=3, help="how long matters arrive (3)"),
            argument("--seed", type=int, default=1, help="the same seed gives the same plan (1)"),
            argument(
                "--think", type=float, default=2, help="seconds until somebody turns to a case, mean (2)"
            ),
            argument(
                "--settle", type=float, default=60, help="seconds to finish after the last arrival (60)"
            ),
            argument("--at-once", type=int, default=8, help="requests at the same time, at most (8)"),
            argument("--mix", type=mix, default="portal=5,hotline=3,field=2", help="weights of the channels"),
            argument(
                "--own-addresses",
                action="store_true",
                help="each resident comes from an address of their own; the site must trust its proxy",
            ),
            argument("--json", type=Path, help="also write the outcome into this file"),
        ),
    ),
    Command("migrate", "bring the database's tables up to date", run_migrate, (REST,)),
    Command("manage", "Django's own commands", run_manage, (REST,)),
)


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="huying", description="Huying (呼应): whoever calls is answered.")
    branches = {"": root.add_subparsers(required=True, metavar="COMMAND")}
    for command in COMMANDS:
        branch, _, word = command.words.rpartition(" ")
        if branch not in branches:
            group = branches[""].add_parser(branch, help=f"{branch} commands")
            branches[branch] = group.add_subparsers(required=True, metavar="COMMAND")
        leaf = branches[branch].add_parser(word, help=command.help, description=command.help)
        leaf.set_defaults(run=command.run, kind=word)
        for each in command.arguments:
            leaf.add_argument(*each.names, **each.options)  # type: ignore[arg-type]
    return root


def main(words: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if words is None else words)
    # argparse would take Django's own options ("manage shell -c ...") for ours.
    if given[:1] in (["manage"], ["migrate"]):
        return mended(lambda: run_django(given[given[0] == "manage" :]))
    arguments = parser().parse_args(given)
    return mended(lambda: arguments.run(arguments))


def mended(work: Callable[[], int]) -> int:
    """Run a command; what the user can mend is said in a sentence instead of a traceback."""
    from django.core.exceptions import ImproperlyConfigured

    from huying.core.database import DatabaseUnavailable

    try:
        return work()
    except (ImproperlyConfigured, DatabaseUnavailable) as error:
        print(f"huying: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
