"""A real installation in a folder of its own, for tests that kill parts of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg

from huying.config.environment import BASE_DIR
from huying.core.database import EmbeddedPostgres

PATIENCE = 90


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for: {what}"
        time.sleep(0.1)


def connect(server: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket_dir), user="huying", dbname="huying", autocommit=True)


class Site:
    """`huying serve` and `huying worker` on a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HUYING_", "DJANGO_SETTINGS"))
        }
        self.environment = clean | {
            "HUYING_DATA_DIR": str(folder),
            "HUYING_PORT": str(self.port),
            "HUYING_DEBUG": "1",
            "HUYING_WORKERS": "1",
        }
        self.server = EmbeddedPostgres(folder / "postgres")
        self.processes: list[subprocess.Popen[str]] = []

    def huying(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "huying.config.cli", *words], env=self.environment, cwd=BASE_DIR, text=True
        )
        self.processes.append(process)
        return process

    def python(self, code: str) -> None:
        prelude = "import django; django.setup()\nfrom tests.faults.slow_job import slow\n"
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
        subprocess.run([sys.executable, "-c", prelude + code], env=environment, cwd=BASE_DIR, check=True)

    def next_minute(self, task: str) -> None:
        """Give the worker a job of every minute now, as the next full minute would."""
        with connect(self.server) as database:
            database.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
                " VALUES ('default', %s, jsonb_build_object('timestamp', extract(epoch FROM now())::bigint))",
                [task],
            )

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(60)
