from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from croniter import croniter
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from huying.core import jobs

done: list[Any] = []


@pytest.fixture
def remember() -> Iterator[Any]:
    """A job that notes its argument, known to the queue for this test only."""
    done.clear()

    @jobs.job(name="test.remember", queue="test")
    def remember(word: str) -> None:
        if word == "fail":
            raise ValueError("as asked")
        done.append(word)

    yield remember
    del app.tasks["test.remember"]


def work() -> None:
    jobs.run_worker(wait=False, concurrency=2)


@pytest.mark.django_db
def test_a_job_of_a_transaction_that_rolls_back_was_never_there(remember: Any) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        remember.defer(word="lost")
        assert ProcrastinateJob.objects.filter(task_name="test.remember").count() == 1
        raise RuntimeError
    assert ProcrastinateJob.objects.filter(task_name="test.remember").count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_does_what_was_committed(remember: Any) -> None:
    for word in ("first", "second", "third"):
        remember.defer(word=word)
    work()
    assert sorted(done) == ["first", "second", "third"]


@pytest.mark.django_db(transaction=True)
def test_a_failed_job_is_tried_again_later(remember: Any) -> None:
    remember.defer(word="fail")
    work()
    job = ProcrastinateJob.objects.get(task_name="test.remember")
    assert (job.status, job.attempts) == ("todo", 1)
    assert job.scheduled_at is not None
    assert job.scheduled_at > timezone.now()


def make_stalled(attempts: int) -> None:
    """As after a kill of the worker: the job is under way and its worker has been silent for a minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')"
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', attempts = %s, "
            "worker_id = (SELECT max(id) FROM procrastinate_workers) WHERE task_name = 'test.remember'",
            [attempts],
        )


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_died_is_rescued_and_done(remember: Any) -> None:
    remember.defer(word="rescued")
    make_stalled(attempts=0)
    assert async_to_sync(jobs.rescue_stalled_jobs)() == 1
    work()
    assert "rescued" in done


@pytest.mark.django_db(transaction=True)
def test_a_job_that_kills_its_workers_is_failed_at_last(remember: Any) -> None:
    remember.defer(word="deadly")
    make_stalled(attempts=jobs.MOST_DEATHS)
    async_to_sync(jobs.rescue_stalled_jobs)()
    assert ProcrastinateJob.objects.get(task_name="test.remember").status == "failed"


def test_a_time_of_day_in_the_district_becomes_cron_in_utc() -> None:
    assert jobs.at(0, 10) == "10 16 * * *"
    start = datetime(2026, 11, 20, 15, 0, tzinfo=UTC).timestamp()
    following = datetime.fromtimestamp(croniter(jobs.at(0, 10)).get_next(float, start_time=start), UTC)
    assert timezone.localtime(following).strftime("%m-%d %H:%M") == "11-21 00:10"
