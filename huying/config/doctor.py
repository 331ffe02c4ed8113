"""`huying doctor`: look at an installation, and say for each thing whether it is well and what to mend."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from huying.core import health
from huying.core.database import DatabaseUnavailable

OLDEST_POSTGRES = 140000
# From October on the next year's holidays matter for limits that begin now; the notice comes in early November.
NEXT_YEAR_MATTERS = 10
# Up to here readers of the tallies count what is not folded yet without being held up.
MARKED_TOO_MANY = 20_000


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    verdict: Verdict
    subject: str
    text: str


def ok(subject: str, text: str) -> Finding:
    return Finding(Verdict.OK, subject, text)


def warn(subject: str, text: str) -> Finding:
    return Finding(Verdict.WARN, subject, text)


def fail(subject: str, text: str) -> Finding:
    return Finding(Verdict.FAIL, subject, text)


def examine() -> int:
    """Print every finding; 0 when nothing failed, else 1."""
    findings = []
    for finding in all_findings():
        findings.append(finding)
        print(f"{finding.verdict:<5} {finding.subject:<12} {finding.text}", flush=True)
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def all_findings() -> Iterator[Finding]:
    for check in (check_python, check_address, check_data_folder, check_assets, check_fonts):
        yield check()
    database = check_database()
    yield database
    if database.verdict is Verdict.FAIL:
        return
    migrations = check_migrations()
    yield migrations
    if migrations.verdict is Verdict.FAIL:
        return
    checks: tuple[Callable[[], Finding], ...] = (
        check_pack, check_calendar, check_queue, check_tallies, check_ways_out, check_figures, check_identity_provider,
        check_second_factors,
    )  # fmt: skip
    for check in checks:
        yield check()


def check_python() -> Finding:
    return ok("python", ".".join(map(str, sys.version_info[:3])))


def check_address() -> Finding:
    secure = urlsplit(settings.PUBLIC_URL).scheme == "https"
    if settings.DEMO or settings.DEBUG:
        return warn("mode", f"{'debug' if settings.DEBUG else 'demonstration'}: not for real residents' data")
    if not secure:
        return fail(
            "address",
            f"{settings.PUBLIC_URL}: nobody can log in without https; set HUYING_PUBLIC_URL=https://...",
        )
    return ok("address", settings.PUBLIC_URL)


def check_data_folder() -> Finding:
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.DATA_DIR):
            pass
    except OSError as error:
        return fail(
            "data folder", f"{settings.DATA_DIR}: {error.strerror}; mend its rights or set HUYING_DATA_DIR"
        )
    free = shutil.disk_usage(settings.DATA_DIR).free / 1024**3
    if free < 2:
        return warn("data folder", f"{settings.DATA_DIR} has only {free:.1f} GB left; make room")
    return ok("data folder", f"{settings.DATA_DIR}, {free:.0f} GB free")


def check_assets() -> Finding:
    missing = [
        name
        for name in ("htmx", "leaflet", "echarts")
        if not (settings.ASSETS_DIR / "vendor" / name).is_dir()
    ]
    if missing:
        return fail(
            "assets",
            f"{', '.join(missing)} not collected: maps, charts and live pages will not work; run `make assets`",
        )
    return ok("assets", str(settings.ASSETS_DIR))


def check_fonts() -> Finding:
    tool = shutil.which("fc-list")
    if tool is None:
        return warn(
            "fonts",
            "fontconfig is not installed, so PDF papers may lack Chinese; install fontconfig and fonts-noto-cjk",
        )
    listed = subprocess.run(
        [tool, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False
    ).stdout
    if not listed.strip():
        return warn("fonts", "no Chinese font: PDF papers will show boxes; install fonts-noto-cjk")
    return ok("fonts", f"{len(set(listed.splitlines()))} Chinese font families")


def check_database() -> Finding:
    try:
        connection.ensure_connection()
    except (DatabaseError, DatabaseUnavailable) as error:
        what = "the embedded server" if settings.EMBEDDED_POSTGRES else "DATABASE_URL"
        return fail("database", f"{what} cannot be reached: {str(error).strip()}")
    version = connection.cursor().connection.info.server_version
    where = "embedded" if settings.EMBEDDED_POSTGRES else "by DATABASE_URL"
    if version < OLDEST_POSTGRES:
        return fail("database", f"PostgreSQL {version // 10000} is too old; version 14 or newer is needed")
    return ok("database", f"PostgreSQL {version // 10000}.{version % 10000}, {where}")


def check_migrations() -> Finding:
    waiting = health.unapplied_migrations()
    if waiting:
        return fail("migrations", f"{len(waiting)} not applied ({waiting[0]} ...); run `huying migrate`")
    return ok("migrations", "all applied")


def check_pack() -> Finding:
    from huying.places.models import Area, District

    district = District.objects.first()
    if district is None:
        return fail("pack", f"no district is loaded; run `huying pack load {os.path.relpath(settings.PACK)}`")
    return ok("pack", f"{district}, {Area.objects.count()} areas")


def check_figures() -> Finding:
    """Relations between figures, held against the rows."""
    from huying.figures.checking import outcomes

    found = outcomes()
    failing = [outcome.check.code for outcome in found if not outcome.holds]
    if failing:
        return warn(
            "figures",
            f"{len(failing)} of {len(found)} relations fail ({failing[0]} ...); see `huying figures --check`",
        )
    return ok("figures", f"{len(found)} relations hold")


def check_calendar(today: date | None = None) -> Finding:
    from huying.places.models import PublishedYear

    today = today or timezone.localdate()
    published = set(PublishedYear.objects.values_list("year", flat=True))
    if today.year not in published:
        return fail(
            "calendar",
            f"{today.year} is not published, so every deadline is provisional; enter the holiday notice",
        )
    if today.month >= NEXT_YEAR_MATTERS and today.year + 1 not in published:
        return warn(
            "calendar",
            f"{today.year + 1} is not published; deadlines that reach into it are provisional. "
            "Enter the holiday notice when it comes.",
        )
    return ok("calendar", f"published until {max(published)}")


def check_queue() -> Finding:
    alive = health.workers_alive()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()), "
            "count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs"
        )
        waiting, failed = cursor.fetchone()
    if not alive:
        return warn("queue", f"no worker is running, {waiting} jobs wait; start `huying worker`")
    if failed:
        return warn(
            "queue", f"{alive} workers, {waiting} jobs wait, {failed} failed; see the log for their errors"
        )
    return ok("queue", f"{alive} workers, {waiting} jobs wait")


def check_tallies() -> Finding:
    """Whether what the cockpit counts is folded, and the newest cases are counted as what they are."""
    from huying.cases.tallies import checking

    wrong, marked = checking.wrong_among_newest(), checking.marked()
    if wrong:
        return fail("tallies", f"{wrong} of the newest cases are counted wrongly; run `huying tally recount`")
    if marked > MARKED_TOO_MANY:
        return warn(
            "tallies", f"{marked:,} cases wait to be folded, the cockpit is slow; is a worker running?"
        )
    return ok("tallies", f"the newest cases are counted as they are; {marked:,} wait to be folded")


def check_ways_out() -> Finding:
    """What others should have heard, and somebody here must look at."""
    from huying.integrations.forwarding.models import Forwarding
    from huying.integrations.hotline.models import Delivery as Push
    from huying.integrations.webhooks.models import Subscriber
    from huying.notices.models import Delivery

    stuck = {
        "messages to the city (市热线工单)": Push.objects.filter(state=Push.State.STUCK).count(),
        "cases for other platforms (转办的案件)": Forwarding.objects.filter(
            state=Forwarding.State.STUCK
        ).count(),
        "subscribers that fail (接口订阅)": Subscriber.objects.filter(
            active=True, failing_since__isnull=False
        ).count(),
        "notices given up today (通知记录)": Delivery.objects.filter(
            state=Delivery.State.GIVEN_UP, created_at__date=timezone.localdate()
        ).count(),
    }
    if found := [f"{count} {what}" for what, count in stuck.items() if count]:
        return warn("ways out", "; ".join(found))
    return ok("ways out", "nothing is stuck")


def check_identity_provider() -> Finding:
    """Whether the provider answers and says who it is."""
    import requests

    if not settings.OIDC_ISSUER:
        return ok("sign-in", "no identity provider; passwords only")
    try:
        answer = requests.get(f"{settings.OIDC_ISSUER}/.well-known/openid-configuration", timeout=10)
        issuer = answer.json()["issuer"]
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return fail("sign-in", f"{settings.OIDC_ISSUER} does not answer as an OpenID Connect provider")
    if issuer.rstrip("/") != settings.OIDC_ISSUER:
        return fail("sign-in", f"the provider calls itself {issuer}; set HUYING_OIDC_ISSUER to that")
    return ok("sign-in", f"{issuer} answers")


def check_second_factors() -> Finding:
    """Administrators open everything; a password alone is little for that."""
    from allauth.mfa.models import Authenticator

    from huying.people.models import User

    if settings.DEMO:
        return ok("factors", "a demonstration lets everybody in")
    held = Authenticator.objects.values("user")
    bare = (
        User.objects.filter(is_active=True, grants__role="administrator")
        .exclude(pk__in=held)
        .distinct()
        .count()
    )
    if bare:
        return warn(
            "factors", f"{bare} administrators have no second factor; set HUYING_SECOND_FACTOR=administrator"
        )
    return ok("factors", "every administrator has a second factor")
