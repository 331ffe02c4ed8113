"""What is left after `kill -9`: real processes, a real server, no mercy. Run by `make test-faults`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from huying.config.environment import BASE_DIR
from huying.core.database import EmbeddedPostgres

from .site import Site, connect, until

pytestmark = pytest.mark.faults

USER_OF_SERVER = """
import sys, time
from pathlib import Path
from huying.core.database import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.ensure_running()
print("running", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.ensure_running()
    assert server.release()


def write(server: EmbeddedPostgres, number: int) -> None:
    with connect(server) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def read(server: EmbeddedPostgres) -> list[int]:
    with connect(server) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def another_user(server: EmbeddedPostgres) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", USER_OF_SERVER, str(server.folder)],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def test_what_was_committed_survives_a_kill_of_the_server(server: EmbeddedPostgres) -> None:
    server.ensure_running()
    write(server, 1)
    server.kill()
    until(lambda: not server.is_running(), "the server to die")
    assert server.revive()
    assert read(server) == [1]


def test_everything_killed_at_once_starts_again(server: EmbeddedPostgres) -> None:
    user = another_user(server)
    write(server, 1)
    server.kill()
    kill(user)
    server.ensure_running()
    assert read(server) == [1]


def test_a_pid_that_now_belongs_to_another_program_does_not_stop_the_start(server: EmbeddedPostgres) -> None:
    server.ensure_running()
    write(server, 1)
    pid_file = server.data / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    server.kill()
    until(lambda: not server.is_running(), "the server to die")
    pid_file.write_text("\n".join([str(os.getpid()), *stale[1:]]) + "\n")
    server.revive()
    assert read(server) == [1]


def test_the_last_user_stops_the_server_and_not_one_before(server: EmbeddedPostgres) -> None:
    server.ensure_running()
    user = another_user(server)
    assert not server.release()
    assert server.is_running()
    server.ensure_running()
    kill(user)
    assert server.release()
    assert not server.is_running()


def test_a_killed_user_is_not_counted_any_more(server: EmbeddedPostgres) -> None:
    kill(another_user(server))
    assert server.is_running()
    server.ensure_running()
    assert server.release()


def test_many_processes_that_start_at_once_share_one_server(server: EmbeddedPostgres) -> None:
    users = [
        subprocess.Popen(
            [sys.executable, "-c", USER_OF_SERVER, str(server.folder)],
            cwd=BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert [user.stdout.readline() for user in users if user.stdout] == ["running\n"] * 4
    for user in users:
        kill(user)


def test_an_interrupted_first_start_begins_again(server: EmbeddedPostgres) -> None:
    server.data.mkdir(parents=True)
    (server.data / "base").mkdir()
    server.ensure_running()
    assert server.is_running()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("x" * 60) / ("y" * 60) / "postgres")
    server.ensure_running()
    assert server.is_running()
    assert server.release()


# -- the site ------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    assert site.huying("migrate", "--verbosity", "0").wait() == 0
    yield site
    site.end()
    assert not site.server.is_running(), "the last process should have stopped the server"


def test_a_site_killed_with_its_database_serves_again(site: Site) -> None:
    serving = site.huying("serve")
    until(site.answers, "the site to answer")
    serving.kill()
    site.server.kill()
    serving.wait()
    until(lambda: not site.answers(), "the old site to be gone")
    site.huying("serve")
    until(site.answers, "the site to answer again")


def test_a_site_whose_database_was_killed_answers_again(site: Site) -> None:
    site.huying("serve")
    until(site.answers, "the site to answer")
    site.server.kill()
    until(site.answers, "the site to answer again")


def test_a_site_asked_to_stop_ends_well(site: Site) -> None:
    serving = site.huying("serve")
    until(site.answers, "the site to answer")
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(30) == 0
    assert not site.server.is_running()


def test_the_job_of_a_killed_worker_is_done_by_the_next(site: Site, tmp_path: Path) -> None:
    site.environment["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
    started, finished = tmp_path / "started", tmp_path / "finished"
    site.python(f"slow.defer(started={str(started)!r}, finished={str(finished)!r})")

    worker = site.huying("worker")
    until(started.exists, "the job to start")
    kill(worker)
    assert not finished.exists()

    with connect(site.server) as connection:  # instead of half a minute of silence
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    site.huying("worker")
    until(finished.exists, "the rescued job to be done")


def test_a_worker_outlives_its_database(site: Site, tmp_path: Path) -> None:
    site.environment["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
    worker = site.huying("worker")
    until(site.server.is_running, "the server to start")
    site.server.kill()
    started, finished = tmp_path / "started", tmp_path / "finished"
    started.touch()
    site.python(f"slow.defer(started={str(started)!r}, finished={str(finished)!r})")
    until(finished.exists, "the job to be done after the database came back")
    assert worker.poll() is None
