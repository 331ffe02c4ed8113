"""News and groups of the demonstration, laid relative to its day. A demonstration never sends."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from pathlib import Path
from typing import Any

from django.db.models import Q
from django.utils import timezone

from huying.core.yaml_files import read_yaml
from huying.notices import news
from huying.notices.models import Comment, News, NewsRead, Robot
from huying.people.models import Department, Grant, User
from huying.places.models import Area

FILE = "demonstration/news.yaml"
# Looks like a robot's address, and leads nowhere.
_ADDRESS = "https://robot.invalid/send?key=demonstration"


def declared(pack: Path) -> dict[str, Any]:
    """What the pack tells for the demonstration; empty without the file."""
    file = pack / FILE
    return read_yaml(file) if file.exists() else {}


def make_robots(pack: Path) -> None:
    """The chat groups, before anything happens that they would hear of."""
    for said in declared(pack).get("robots", ()):
        Robot.objects.create(
            title=said["title"],
            channel=said["channel"],
            address=_ADDRESS,
            department=Department.objects.filter(code=said.get("department")).first(),
            area=Area.objects.filter(code=said.get("area")).first(),
        )


def publish_news(pack: Path, now: dt.datetime, *, seed: int) -> int:
    """Every item with its readers and opinions; returns how many."""
    draw = random.Random(f"news:{seed}")
    items = declared(pack).get("news", ())
    for said in items:
        _publish(said, now, draw)
    return len(items)


def _publish(said: dict[str, Any], now: dt.datetime, draw: random.Random) -> None:
    area = Area.objects.get(code=str(said["area"]))
    at = now - dt.timedelta(days=float(said["days"]))
    writer = _writer(str(said["by"]), area)
    made = news.save_news(
        News(), actor=writer, title=said["title"], kind=said["kind"], area=area, body=said["body"],
        spoken=said.get("spoken", ""), roles=list(said.get("roles", ())), public=said.get("public", True),
        pinned=said.get("pinned", False), confirm=said.get("confirm", False), publish_from=at,
        closes_at=now + dt.timedelta(days=said["closes_in"]) if "closes_in" in said else None,
    )  # fmt: skip
    news.publish(made, actor=writer)
    News.objects.filter(pk=made.pk).update(views=said.get("views", 0))
    people = list(news.audience(made).order_by("pk"))
    readers = draw.sample(people, round(len(people) * said.get("read", 0) / 100))
    span = max((now - at).total_seconds(), 60)
    NewsRead.objects.bulk_create(
        NewsRead(
            news=made, user=user, read_at=(read := at + dt.timedelta(seconds=draw.uniform(30, span))),
            confirmed_at=read if made.confirm and draw.random() < 0.9 else None,
        )
        for user in readers
    )  # fmt: skip
    for place, one in enumerate(said.get("comments", ())):
        answered = "answer" in one
        Comment.objects.create(
            news=made, client_id=uuid.UUID(int=draw.getrandbits(128)), words=one["words"],
            said_at=at + dt.timedelta(hours=3 + 5 * place), answer=one.get("answer", ""),
            state=Comment.State.SHOWN if answered else Comment.State.WAITING,
            judged_at=timezone.now() if answered else None, judged_by=writer if answered else None,
        )  # fmt: skip


def _writer(by: str, area: Area) -> User:
    """The district's leader, the head of the street office around the area, or the head of a department."""
    grants = Grant.objects.on().filter(user__is_active=True).select_related("user").order_by("pk")
    if by == "head-street":
        codes = area.path.strip("/").split("/")
        paths = Q(user__department__area__path__in=["/".join(codes[:n]) + "/" for n in (2, 3)])
        grants = grants.filter(paths, role="head", user__department__kind=Department.Kind.SUBDISTRICT)
    elif by.startswith("head-"):
        grants = grants.filter(role="head", user__department__code__startswith=by.removeprefix("head-"))
    else:
        grants = grants.filter(role=by)
    found = (
        grants.first() or Grant.objects.on().filter(role="leader").select_related("user").order_by("pk")[0]
    )
    user: User = found.user
    return user
