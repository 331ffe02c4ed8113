"""News: who may publish it where, whom it is for, who has read it, and what residents say about it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, NotAllowed, Refusal
from huying.core.journal import log
from huying.core.language import of_record
from huying.core.models import StoredFile
from huying.notices import markdown, outbox
from huying.notices.models import Comment, Delivery, News, NewsFile, NewsRead, Preference, Robot
from huying.notices.recipients import chosen_channels
from huying.people.access import grants_of, scopes
from huying.people.models import Department, Grant, User
from huying.places.models import Area

PUBLISH = "news.publish"
LONGEST_SPOKEN = 300
MOST_FILES = 9
Reader = User | AnonymousUser


# -- who may what --------------------------------------------------------------------------------------------


def publishing_paths(user: Reader) -> list[str] | None:
    """The subtrees whose people this person may address; None: the whole district.

    A role that serves one department reaches as far as the department's own area.
    """
    paths: list[str] = []
    departments: dict[int, str] | None = None
    for scope in scopes(user, PUBLISH):
        path = scope.path
        if scope.department_id is not None and not path:
            if departments is None:
                departments = dict(Department.objects.exclude(area=None).values_list("pk", "area__path"))
            if scope.department_id not in departments:
                continue
            path = departments[scope.department_id]
        if not path:
            return None
        paths.append(path)
    return paths


def _inside(paths: list[str] | None, field: str) -> Q:
    if paths is None:
        return Q()
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{f"{field}__startswith": path})
    return found


def areas_to_publish(user: Reader) -> QuerySet[Area]:
    """The areas in use that the person may choose."""
    return Area.objects.filter(_inside(publishing_paths(user), "path"), valid_to=None).order_by("path")


def managed_by(user: Reader) -> QuerySet[News]:
    """News for the areas that this person publishes for."""
    return News.objects.filter(_inside(publishing_paths(user), "area__path"))


def require_publisher(user: Reader, area: Area) -> None:
    paths = publishing_paths(user)
    if paths is not None and not any(area.path.startswith(path) for path in paths):
        raise NotAllowed(_("您不能向这个区域发布。请选择您辖区内的区域，或请区级管理员发布。"))


def shown() -> QuerySet[News]:
    """What is out now, pinned first."""
    now = timezone.now()
    return News.objects.filter(
        Q(publish_until=None) | Q(publish_until__gt=now),
        published_at__isnull=False,
        withdrawn_at=None,
        publish_from__lte=now,
    ).select_related("area", "department")


def for_residents() -> QuerySet[News]:
    return shown().filter(public=True)


def _places_of(user: User) -> list[tuple[str, str]]:
    """The person's roles, each with the path of the area they serve; an empty path is the whole district."""
    home = user.department.area.path if user.department and user.department.area else ""
    return [(grant.role, grant.area.path if grant.area else home) for grant in grants_of(user)]


def for_staff(user: User) -> QuerySet[News]:
    """What concerns this person: news for an area that they work in or above, and for their roles."""
    concerned = Q(pk__in=[])
    for role, path in _places_of(user):
        mine = Q(roles=[]) | Q(roles__contains=role)
        if not path:
            concerned |= mine
            continue
        codes = path.strip("/").split("/")
        above = ["/".join(codes[:depth]) + "/" for depth in range(1, len(codes) + 1)]
        concerned |= mine & (Q(area__path__in=above) | Q(area__path__startswith=path))
    return shown().filter(concerned)


def audience(news: News) -> QuerySet[User]:
    """The staff it is addressed to: everyone who works inside its area, with one of its roles.

    A compound or grid is looked after by its community, so those who work for the whole community are among them.
    """
    grants = Grant.objects.on().filter(user=OuterRef("pk"))
    if news.roles:
        grants = grants.filter(role__in=news.roles)
    inside = Q(area__path__startswith=news.area.path) | Q(
        area=None, user__department__area__path__startswith=news.area.path
    )
    around = news.area.parent
    if around is not None and around.level in (Area.Level.COMMUNITY, Area.Level.VILLAGE):
        inside |= Q(area=around) | Q(area=None, user__department__area=around)
    if around is None:
        inside |= Q(area=None, user__department__area=None)
    return User.objects.filter(Exists(grants.filter(inside)), is_active=True)


# -- writing and publishing ----------------------------------------------------------------------------------


@transaction.atomic
def save_news(
    news: News, *, actor: User, files: Sequence[StoredFile] = (), titles: Sequence[str] = (), **fields: Any
) -> News:
    """Keep a draft, or change what is out. Only for areas that the actor publishes for."""
    require_publisher(actor, fields["area"])
    if news.pk:
        require_publisher(actor, news.area)
    for name, value in fields.items():
        setattr(news, name, value)
    if news.publish_until and news.publish_until <= news.publish_from:
        raise Refusal(_("撤下时间要晚于发布时间。"), field="publish_until")
    is_new = news.pk is None
    if is_new:
        news.written_by, news.department = actor, actor.department
    news.save()
    if news.attachments.count() + len(files) > MOST_FILES:
        raise Refusal(_("照片和附件最多 %d 个。") % MOST_FILES, field="files")
    for place, file in enumerate(files):
        title = titles[place] if place < len(titles) else ""
        NewsFile.objects.get_or_create(news=news, file=file, defaults={"title": title[:120]})
    log(
        news, "news.written" if is_new else "news.changed", actor=actor, title=news.title, area=news.area.code
    )
    return news


@transaction.atomic
def publish(news: News, *, actor: User) -> None:
    """Out it goes, at its time. Telling people follows by itself when that time has come."""
    require_publisher(actor, news.area)
    won = News.objects.filter(pk=news.pk, published_at=None, withdrawn_at=None).update(
        published_at=timezone.now()
    )
    if not won:
        raise Conflict(_("这条已经发布或撤下了。"))
    news.refresh_from_db()
    log(news, "news.published", actor=actor, title=news.title, area=news.area.code, kind=news.kind)
    if news.publish_from <= timezone.now():
        announce(news)


@transaction.atomic
def withdraw(news: News, *, actor: User, reason: str) -> None:
    """Taken back: nobody sees it any more, what was not sent is not sent, and the record stays."""
    require_publisher(actor, news.area)
    if len(reason.strip()) < 2:
        raise Refusal(_("请写明为什么撤下。"), field="reason")
    if not News.objects.filter(pk=news.pk, withdrawn_at=None).update(withdrawn_at=timezone.now()):
        raise Conflict(_("这条已经撤下了。"))
    Delivery.objects.filter(subject_kind="news", subject_id=news.pk, state__in=Delivery.WAITING).update(
        state=Delivery.State.SUPPRESSED, reason=_("内容已撤下。"), next_try_at=None
    )
    log(news, "news.withdrawn", actor=actor, reason=reason.strip())


def announce_due() -> int:
    """Announce what was scheduled and whose time has come; returns how many."""
    due = News.objects.filter(
        published_at__isnull=False, withdrawn_at=None, announced_at=None, publish_from__lte=timezone.now()
    ).select_related("area")
    return sum(announce(news) for news in due)


@transaction.atomic
def announce(news: News) -> bool:
    """Tell the groups and the staff who asked for it; once, whoever gets there first."""
    now = timezone.now()
    if not News.objects.filter(pk=news.pk, announced_at=None, withdrawn_at=None).update(announced_at=now):
        return False
    with of_record():
        outbox.post([*_to_robots(news), *_to_staff(news)])
    return True


def summary(news: News, most: int = 120) -> str:
    """The beginning of the words."""
    words = markdown.plain(news.body)
    return words if len(words) <= most else words[: most - 1] + "…"


def _delivery(news: News, **fields: Any) -> Delivery:
    return Delivery(
        code="news.published", subject_kind="news", subject_id=news.pk, subject=news.title,
        emergency=news.kind == News.Kind.EMERGENCY, **fields,
    )  # fmt: skip


def _to_robots(news: News) -> list[Delivery]:
    if not news.to_groups:
        return []
    robots = Robot.objects.filter(active=True, hears_news=True, area__path__startswith=news.area.path)
    words = f"**{_('【%s】') % news.get_kind_display()}{news.title}**\n\n{summary(news)}\n\n{outbox.LINK}"
    return [
        _delivery(
            news, to_kind="robot", to_id=robot.pk, to_name=robot.title, channel=robot.channel, words=words
        )
        for robot in robots
    ]


def _to_staff(news: News) -> list[Delivery]:
    # Nobody is told of news by default, so only those with preferences of their own need to be looked at.
    people = chosen_channels(audience(news).filter(pk__in=Preference.objects.values("user")), "news")
    return [
        _delivery(
            news, to_kind="user", to_id=user.pk, to_name=str(user)[:120], channel=code,
            words=f"{_('【%s】') % news.get_kind_display()}{news.title}\n\n{summary(news)}\n\n{outbox.LINK}",
        )
        for user, code in people
    ]  # fmt: skip


# -- reading -------------------------------------------------------------------------------------------------


def unread_by(user: User) -> QuerySet[News]:
    """What concerns this person and was not opened yet."""
    return for_staff(user).exclude(pk__in=NewsRead.objects.filter(user=user).values("news"))


def note_read(news: News, user: User) -> NewsRead:
    """Staff opened it; the first time counts. Two requests at once leave one row."""
    read, _made = NewsRead.objects.get_or_create(news=news, user=user)
    return read


def confirm(news: News, user: User) -> None:
    """The person says 收到."""
    if not news.confirm:
        raise Refusal(_("这条不需要回复“收到”。"))
    note_read(news, user)
    NewsRead.objects.filter(news=news, user=user, confirmed_at=None).update(confirmed_at=timezone.now())


def count_view(news: News) -> None:
    """One more look at the public page. Nothing is kept of who looked."""
    News.objects.filter(pk=news.pk).update(views=F("views") + 1)


def spoken(news: News) -> str:
    """What a loudspeaker says: as written for it, else the title and the beginning of the words, in whole sentences."""
    if news.spoken:
        return news.spoken
    words = f"{news.title}。{markdown.plain(news.body)}"
    if len(words) <= LONGEST_SPOKEN:
        return words
    cut = words[:LONGEST_SPOKEN]
    end = max(cut.rfind(mark) for mark in "。！？")
    return cut[: end + 1] if end > 0 else cut


# -- consultation --------------------------------------------------------------------------------------------


def comment(news: News, *, words: str, client_id: uuid.UUID) -> Comment:
    """Keep an opinion, once per form. Refused when the time is over."""
    if known := Comment.objects.filter(client_id=client_id).first():
        return known
    words = words.strip()
    if not news.takes_comments():
        raise Refusal(_("意见征求已经结束，谢谢您的关心。"))
    if len(words) < 2:
        raise Refusal(_("请写下您的意见。"), field="words")
    made, _new = Comment.objects.get_or_create(
        client_id=client_id, defaults={"news": news, "words": words[:1000]}
    )
    return made


@transaction.atomic
def judge_comment(found: Comment, *, state: str, answer: str, actor: User) -> None:
    """Show an opinion or not, and answer it."""
    require_publisher(actor, found.news.area)
    Comment.objects.filter(pk=found.pk).update(
        state=state, answer=answer.strip(), judged_at=timezone.now(), judged_by=actor
    )
    log(found.news, "news.comment_judged", actor=actor, comment=found.pk, state=state)
