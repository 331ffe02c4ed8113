"""The replay: history in bulk, the present in bulk and by the real actions, and the journal's seal."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.demonstration.present import Present
from huying.cases.demonstration.year import Year
from huying.cases.history import load_history
from huying.cases.models import HistoryBatch
from huying.core import journal
from huying.notices.demonstration import make_robots, publish_news
from huying.people.rosters.demonstration import stand_watch

Say = Callable[[str], object]
# So few that the database is never long without work: making a case takes as long as writing it.
AT_ONCE = 2_000


def replay(report: Say = print) -> None:
    """Everything, with how far it has come. What is there already is passed over."""
    started = time.monotonic()
    pack = settings.PACK
    if not (pack / "demonstration" / "year.yaml").exists():
        report(_("这个包没有演示数据。"))
        return
    loaded = set(HistoryBatch.objects.values_list("load", flat=True))
    if "demonstration-now" in loaded:
        report(_("演示数据已经装好。"))
        return
    year = Year(pack)
    history = year.plan["history"]
    whole = sum(part["cases"] for part in history) + sum(year.plan["now"]["cases"].values())
    done = 0
    for part in history:
        name = part["name"]
        load_history(year.past(part), key=name, batch=AT_ONCE, settle=False)
        done += part["cases"]
        report(f"{done / whole:4.0%}  {name}: {part['cases']:,}  ({time.monotonic() - started:.0f} s)")
    now = timezone.now()
    result = load_history(year.present(now), key="demonstration-present", batch=AT_ONCE)
    with transaction.atomic():
        make_robots(pack)
        publish_news(pack, now, seed=year.plan["seed"])
        present = Present(year)
        present.live()
        stand_watch(now, seed=year.plan["seed"])
        HistoryBatch.objects.create(load="demonstration-now", number=0, cases=0)
    report(_("当天的办理：%(made)s 步") % {"made": present.made})
    report(f"100%  {_('近期')}: {result.cases:,}  ({time.monotonic() - started:.0f} s)")
    seal = journal.seal_day(timezone.localdate(now) - dt.timedelta(days=1))
    report(_("日志已封存到 %(day)s：%(entries)s 条") % {"day": seal.day, "entries": f"{seal.entries:,}"})
