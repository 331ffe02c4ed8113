"""Work that is done outside the request, in `huying worker` processes. The queue is a table of the database.

A job is deferred on Django's own connection: when the transaction that needs it rolls back, the job was never
there. A job may run twice (its worker died after the work, before the note of it), so every job must be
idempotent: it asks the database what is still to do instead of trusting its arguments.

    @job()
    def answer_reporter(report_id: int) -> None: ...

    answer_reporter.defer(report_id=report.pk)

    @every("*/5 * * * *")
    def climb_the_ladder(moment: datetime) -> None: ...
"""

import asyncio
import functools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Status
from procrastinate.tasks import Task

from huying.core import journal, limits
from huying.core.api import idempotency

log = logging.getLogger(__name__)

# Again after 4, 16, 64, 256 seconds; after the fifth attempt the job is failed and stays for a person to see.
BACK_OFF = RetryStrategy(max_attempts=5, exponential_wait=4)
# A worker gives a sign of life every ten seconds; after three missed ones it counts as dead.
WORKER_SILENCE = timedelta(seconds=30)
# A job whose workers died this often probably kills them; it is failed instead of tried again.
MOST_DEATHS = 5
KEEP_FINISHED = timedelta(days=7)
STOP_SECONDS = 30
RECONNECT_SECONDS = 3


def job(**options: Any) -> Callable[[Callable[..., Any]], Task[Any, Any, Any]]:
    """Make a function a job with back-off. Options as of procrastinate: `queue`, `lock`, `queueing_lock`, ..."""

    def decorate(function: Callable[..., Any]) -> Task[Any, Any, Any]:
        options.setdefault("name", f"{function.__module__}.{function.__name__}")
        made: Task[Any, Any, Any] = app.task(retry=BACK_OFF, **options)(function)  # type: ignore[no-untyped-call]
        return made

    return decorate


def every(cron: str, **options: Any) -> Callable[[Callable[[datetime], Any]], Task[Any, Any, Any]]:
    """Make a function of the moment (aware) a job that runs by `cron`, **in UTC**, once for all workers.

    For a time of day in the district use `at`: `@every(at(0, 10))`.
    """

    def decorate(function: Callable[[datetime], Any]) -> Task[Any, Any, Any]:
        @functools.wraps(function)
        def run(timestamp: int) -> Any:
            return function(datetime.fromtimestamp(timestamp, UTC))

        name = f"{function.__module__}.{function.__name__}"
        # While one waits to run there is no need for a second; there may be after a night without workers.
        options.setdefault("queueing_lock", name)
        periodic: Task[Any, Any, Any] = app.periodic(cron=cron)(job(name=name, **options)(run))
        return periodic

    return decorate


def at(hour: int, minute: int = 0) -> str:
    """The cron line, in UTC, of a time of day in the district. (China has kept one offset since 1992.)"""
    local = timezone.localtime().replace(hour=hour, minute=minute)
    utc = local.astimezone(UTC)
    return f"{utc.minute} {utc.hour} * * *"


@every("* * * * *", priority=10)
def rescue(moment: datetime) -> None:
    """Give the jobs of workers that died back to the queue."""
    async_to_sync(rescue_stalled_jobs)()


@every(at(3, 40))
def forget_finished_jobs(moment: datetime) -> None:
    """Delete jobs that were done a week ago. Failed ones stay until a person has looked at them."""
    hours = int(KEEP_FINISHED.total_seconds() // 3600)
    async_to_sync(app.job_manager.delete_old_jobs)(nb_hours=hours)


@every(at(3, 50))
def forget_attempts(moment: datetime) -> None:
    """Delete counted attempts whose windows have long ended."""
    limits.sweep()


@every(at(3, 55))
def forget_idempotency_keys(moment: datetime) -> None:
    """Delete answers that were kept for requests sent again."""
    idempotency.forget_keys()


@every(at(0, 10))
def seal_yesterday(moment: datetime) -> None:
    """Seal the journal of the day that has ended."""
    journal.seal_day(timezone.localtime(moment).date() - timedelta(days=1))


async def rescue_stalled_jobs() -> int:
    """Put every job whose worker has fallen silent back into the queue. Returns how many were stalled."""
    stalled = list(
        await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=WORKER_SILENCE.total_seconds())
    )
    for found in stalled:
        fields = {"job_id": found.id, "task": found.task_name, "attempts": found.attempts}
        if found.attempts >= MOST_DEATHS:
            await app.job_manager.finish_job(job=found, status=Status.FAILED, delete_job=False)
            log.error("job failed: its worker died each time", extra=fields)
        else:
            await app.job_manager.retry_job(job=found)
            log.warning("job rescued from a dead worker", extra=fields)
    return len(stalled)


def run_worker(*, wait: bool = True, concurrency: int | None = None) -> None:
    """Work on the queue until SIGTERM or SIGINT; jobs under way get STOP_SECONDS to finish.

    With `wait=False` it returns when the queue is empty. A lost database is waited for.
    """
    while True:
        try:
            if asyncio.run(_work(wait, concurrency or settings.JOBS)) or not wait:
                return
        except Exception:
            if not wait:
                raise
            log.exception("the worker stumbled")
        log.warning("the worker lost the database and starts again")
        time.sleep(RECONNECT_SECONDS)


async def _work(wait: bool, concurrency: int) -> bool:
    """Run one worker; returns whether it was asked to stop. (Without its database it also just ends.)"""
    await sync_to_async(_meet_database)()
    # Now, not at the next full minute: after a crash people wait for what was interrupted.
    await rescue_stalled_jobs()
    # `with_connector`, not `replace_connector`: jobs that defer further jobs do so in their transaction.
    worker_app = app.with_connector(cast(DjangoConnector, app.connector).get_worker_connector())
    async with worker_app.open_async():
        work = asyncio.create_task(
            worker_app.run_worker_async(
                wait=wait,
                concurrency=concurrency,
                shutdown_graceful_timeout=STOP_SECONDS,
                stalled_worker_timeout=WORKER_SILENCE.total_seconds(),
                install_signal_handlers=False,
            )
        )
        if wait:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, _stop, work)
        try:
            await work
        except asyncio.CancelledError:
            return True
    return False


def _stop(work: asyncio.Task[None]) -> None:
    work.cancel()
    # A job that never ends runs in a thread that nothing can stop; the rescue will give it to another worker.
    last_resort = threading.Timer(STOP_SECONDS + 5, _leave)
    last_resort.daemon = True
    last_resort.start()


def _leave() -> None:
    log.warning("the worker leaves although jobs are still running; they will be rescued")
    if settings.EMBEDDED_POSTGRES is not None:
        settings.EMBEDDED_POSTGRES.release()
    os._exit(1)


def _meet_database() -> None:
    """Start the embedded server if need be, and drop connections that died with it.

    The worker's own connections do not go through Django, which would do both.
    """
    close_old_connections()
    connection.ensure_connection()
