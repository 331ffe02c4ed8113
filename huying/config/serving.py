"""The web server and the demonstration, which is the web server and a worker over a prepared database."""

import ctypes
import fcntl
import gc
import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from huying.core.postgres.base import DatabaseWrapper

Report = Callable[[str], None]
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, so that `kill -9` leaves no orphan on the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def serve(host: str, port: int) -> None:
    """Answer visitors until SIGTERM or SIGINT; requests under way are finished."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    prepare_static_files()
    close_database()
    # Fresh processes, not forks: a fork would share database sockets and lack the threads of the pool.
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        "huying.config.wsgi:served",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.ENVIRONMENT["HUYING_WORKERS"],
        blocking_threads=settings.ENVIRONMENT["HUYING_THREADS"],
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        factory=True,
        log_level=LogLevels.warning,
    ).serve()


def close_database() -> None:
    """Give all connections of this process back; the embedded server keeps running."""
    connections.close_all()
    cast(DatabaseWrapper, connections["default"]).close_pool()


def prepare_static_files() -> None:
    """Collect, name by content and compress scripts and styles; only when one of them changed."""
    if settings.DEBUG:
        return
    from django.contrib.staticfiles.finders import get_finders

    found = (row for finder in get_finders() for row in finder.list(None))
    state = fingerprint_of((Path(storage.path(name)), name) for name, storage in found)
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == state:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(state)


# -- the demonstration ---------------------------------------------------------------------------------------


def demonstrate(host: str, port: int, *, prepare_only: bool = False) -> None:
    """Prepare the demonstration and serve it with a worker. The second time there is nothing left to prepare."""
    with alone(), seldom_collecting():
        prepare_demonstration()
    if prepare_only:
        return
    worker = subprocess.Popen([sys.executable, "-m", "huying.config.cli", "worker", "--with-parent"])
    try:
        announce(host, port)
        serve(host, port)
    finally:
        worker.terminate()
        worker.wait()


@contextmanager
def alone() -> Iterator[None]:
    """Two demonstrations of one data folder are prepared one after the other."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.DATA_DIR / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Rows are made by the hundred thousand, hardly any in a circle: looking for circles takes a fifth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def prepare_demonstration() -> None:
    """Everything that isn't there yet. With the same pack and program as last time that is nothing."""
    from huying.cases.demonstration.replay import replay
    from huying.cases.models import HistoryBatch
    from huying.community.demonstration import make_visits
    from huying.figures.briefs.demonstration import make_briefs
    from huying.figures.points.demonstration import make_points
    from huying.figures.statements.commands import compared
    from huying.figures.statements.report import compare_all
    from huying.inspections.campaigns.demonstration import make_campaigns
    from huying.inspections.duties.demonstration import make_duties
    from huying.packs.loader import load_pack
    from huying.papers.demonstration import make_papers
    from huying.registry.demonstration import make_verifications
    from huying.targets.programmes.demonstration import make_targets
    from huying.targets.projects.demonstration import make_projects

    started = time.monotonic()
    # Nothing of the database is needed for these: they are made meanwhile, by the other processor.
    styles = multiprocessing.get_context("fork").Process(target=prepare_static_files)
    styles.start()

    def step(title: str, work: Callable[[], object]) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {title}", flush=True)
        work()

    step("Database: PostgreSQL", connection.ensure_connection)
    step("Database: tables", lambda: call_command("migrate", interactive=False, verbosity=0))
    same = HistoryBatch.objects.filter(load=prepared_from()).exists()
    pack = f"District pack: {settings.PACK.name}"
    step(pack, lambda: say("as it was loaded") if same else load_pack(settings.PACK, report=say))
    step("A year of demonstration history", lambda: replay(report=say))
    step("Visits to households", lambda: say(f"{make_visits()} visits"))
    step("Registers compared with the street", lambda: say(f"{make_verifications()} verifications"))
    step("Official papers", lambda: say(f"{make_papers(settings.PACK)} papers"))
    step("Duties that return", lambda: say(f"{make_duties()} visits"))
    step("Key projects, their months and works", lambda: say(f"{make_projects()} projects"))
    step("Campaigns, bulletins and measures", lambda: say(f"{make_campaigns()} rounds"))
    step("Promises and targets", lambda: say(f"{make_targets()} entries"))
    step("Briefs and appraisals", lambda: say(f"{make_briefs(settings.PACK)} briefs"))
    step("Points for persons", lambda: say(f"{make_points(settings.PACK)} entries"))
    if not same:
        step("Printed numbers counted again", lambda: say(compared(compare_all())))
        HistoryBatch.objects.create(load=prepared_from(), number=0, cases=0)
    step("Scripts and styles", styles.join)
    prepare_static_files()  # there is nothing left to do, unless it failed there
    print(f"[{time.monotonic() - started:5.1f} s] Ready", flush=True)


def prepared_from() -> str:
    """Names the pack's files, the program's, and how often a pack was loaded: one of them changes, or all stays."""
    from huying.core.models import JournalEntry

    package = Path(__file__).parent.parent
    files = [*settings.PACK.rglob("*"), *package.rglob("*.py")]
    loads = JournalEntry.objects.filter(code="pack.loaded").count()
    return f"prepared from {fingerprint_of((file, str(file)) for file in sorted(files))[:32]} {loads}"


def fingerprint_of(files: Iterable[tuple[Path, str]]) -> str:
    """Changes when one of these files (where it lies, its name) does; told by size and time, without reading it."""
    digest = hashlib.sha256()
    for file, name in files:
        status = file.stat()
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def say(line: object) -> None:
    print(f"          {line}", flush=True)


def announce(host: str, port: int) -> None:
    from huying.people.models import User

    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{shown}:{port}"
    print(f"\n  Residents:  {address}/")
    print(f"  Staff:      {address}/accounts/login/  (one click per person, demonstration only)\n")
    for user in User.objects.filter(demo_login=True, is_active=True).order_by("pk"):
        print(f"    {user.username:<16} {user.name} {user.title} {user.demo_note}".rstrip())
    print("\n  Stop with Ctrl-C.\n", flush=True)


def environment_for_demo() -> None:
    """What the demonstration changes unless the environment says otherwise."""
    os.environ.setdefault("HUYING_DEMO", "1")
    os.environ.setdefault("HUYING_LOG_FORMAT", "text")
    os.environ.setdefault("HUYING_LOG_LEVEL", "warning")
