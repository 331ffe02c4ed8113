"""Two questions of whoever runs the processes: is this one alive, and may it be sent visitors?

Answered before sessions, languages and host checks, so that a probe by bare address gets its answer.
"""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from huying.core.jobs import WORKER_SILENCE


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            return readiness()
        return self.get_response(request)


def readiness() -> JsonResponse:
    """200 when this process can serve, else 503; the body names every check.

    A missing worker is reported but does not take the web processes away from visitors: what they send is
    kept in the queue until a worker is back.
    """
    checks: dict[str, str] = {}
    try:
        checks["database"] = database_check()
        checks["migrations"] = migrations_check()
        workers = workers_alive() if checks["migrations"] == "ok" else 0
        checks["queue"] = "ok" if workers else "warning: no worker is running; start `huying worker`"
    except DatabaseError as error:
        checks["database"] = f"failed: {type(error).__name__}"
    ready = all(not result.startswith("failed") for result in checks.values())
    return JsonResponse(
        {"status": "ok" if ready else "failed", "checks": checks}, status=200 if ready else 503
    )


def database_check() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def migrations_check() -> str:
    waiting = unapplied_migrations()
    return "ok" if not waiting else f"failed: {len(waiting)} not applied; run `huying migrate`"


def unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def workers_alive() -> int:
    """How many worker processes have given a sign of life within WORKER_SILENCE."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)",
            [WORKER_SILENCE.total_seconds()],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
