"""The base of all tests: PostgreSQL of our own, one database per test process, kept between runs.

Every run takes a free slot, so that two runs in one checkout do not share a database. A database is kept
for the next run as long as the migrations are the same and the last run ended in good order.
"""

import contextlib
import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import hypothesis
import pytest
from django.conf import settings
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from pytest_django import DjangoDbBlocker

from huying.config.serving import prepare_demonstration
from huying.places.district import forget_district
from huying.places.fresh import Kept

# The small district and the builders, for the tests of every floor.
pytest_plugins = ["huying.core.testing"]

# Playwright runs an event loop in the test's thread, and Django would refuse to touch the database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# The server of `live_server` writes head and body apart; without this the second waits 40 ms for the first's receipt.
WSGIRequestHandler.disable_nagle_algorithm = True

# No test fails because the machine was busy.
hypothesis.settings.register_profile("huying", deadline=None)
hypothesis.settings.load_profile("huying")

ROOT = Path(__file__).parent
STATE = ROOT / ".data" / "test"
SLOT = "PYTEST_DATABASE_SLOT"
slot_lock: IO[str] | None = None


def take_slot() -> str:
    """The first slot that no other run holds; the lock ends with this process."""
    global slot_lock
    STATE.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        number += 1
        slot_lock = (STATE / f"slot-{number}.lock").open("w")
        try:
            fcntl.flock(slot_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            slot_lock.close()
            continue
        return str(number)


def schema_fingerprint() -> str:
    """Changes whenever a migration, or the libraries that bring migrations, change."""
    files = sorted((ROOT / "huying").glob("**/migrations/*.py"))
    parts = [file.read_bytes() for file in [*files, ROOT / "requirements.txt"] if file.exists()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Workers of pytest-xdist inherit the slot of the process that started them.
    if SLOT not in os.environ:
        os.environ[SLOT] = take_slot()
        config.add_cleanup(lambda: os.environ.pop(SLOT, None))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Stages that run without the plugin of schemathesis, which is slow to load, leave out the file that needs it."""
    needs_it = collection_path.name == "test_every_operation.py"
    return True if needs_it and config.pluginmanager.is_blocked("schemathesis") else None


@pytest.fixture(scope="session")
def database_name() -> str:
    return "_".join(filter(None, ["test_huying", os.environ[SLOT], os.environ.get("PYTEST_XDIST_WORKER")]))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_name: str) -> None:
    connections["default"].settings_dict["TEST"]["NAME"] = database_name


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    return True


@pytest.fixture(scope="session")
def django_db_createdb(request: pytest.FixtureRequest, database_name: str) -> bool:
    """Make the database anew unless its stamp says that it is good; the stamp comes back when the run ends."""
    stamp = STATE / f"{database_name}.stamp"
    good = stamp.exists() and stamp.read_text() == schema_fingerprint()
    stamp.unlink(missing_ok=True)
    return not good or bool(request.config.getvalue("create_db"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, database_name: str) -> Iterator[None]:
    fingerprint = schema_fingerprint()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_even_the_journal)
        yield
    (STATE / f"{database_name}.stamp").write_text(fingerprint)


def flush_even_the_journal(operations: DatabaseOperations, statements: list[str]) -> None:
    """Empty all tables after a test that commits.

    The journal's triggers refuse that to everyone but a replica. The queue's tables are not Django's own.
    """
    with transaction.atomic(), operations.connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(
            "TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers CASCADE"
        )


@pytest.fixture(scope="session")
def demonstration_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, database_name: str
) -> Iterator[tuple[str, list[str]]]:
    """A database with all that `huying demo` makes, and what it said meanwhile. One process of a run makes it."""
    connection = connections["default"]
    name = f"{database_name}_demonstration"

    def anew(*statements: str) -> None:
        connection.close()
        with connection._nodb_cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    with django_db_blocker.unblock():
        anew(drop, f"CREATE DATABASE {name} TEMPLATE {database_name}")
        said = io.StringIO()
        with database_of(name), pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
            patch.setattr("huying.config.serving.prepare_static_files", lambda: None)
            prepare_demonstration()
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
    yield name, said.getvalue().splitlines()
    with django_db_blocker.unblock():
        anew(drop)


@pytest.fixture(scope="module")
def demonstration(
    demonstration_database: tuple[str, list[str]], django_db_blocker: DjangoDbBlocker
) -> Iterator[list[str]]:
    """The file's tests read the whole demonstration; the lines that were said while it was made."""
    name, said = demonstration_database
    with django_db_blocker.unblock(), database_of(name):
        yield said


@contextlib.contextmanager
def database_of(name: str) -> Iterator[None]:
    """This process works in another database for a while, and takes nothing along in its memory."""
    ordinary = connections["default"].settings_dict["NAME"]
    go_to(name)
    try:
        yield
    finally:
        go_to(ordinary)


def go_to(name: str) -> None:
    connections["default"].close()
    connections["default"].settings_dict["NAME"] = name
    for kept in Kept.everything:
        kept.forget()
    forget_district()


@pytest.fixture
def shared_data() -> Path:
    """The folder of sample data beside the project; the test is skipped where it is absent."""
    folder: Path = settings.SHARED_DATA
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder


@pytest.fixture(autouse=True)
def kept_values_follow_each_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process keeps in memory (map, calendar, names) is checked at every question, not once a second."""
    monkeypatch.setattr("huying.places.fresh.CHECK_EVERY_SECONDS", 0)
    Kept.look_at_all_again()
    forget_district()
