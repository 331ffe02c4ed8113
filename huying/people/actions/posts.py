"""Who holds which post, for which place."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.people.models import Post, PostHolding, User
from huying.people.policy import require_account, require_path
from huying.places.models import Area, Road


@transaction.atomic
def hold_post(
    user: User,
    post: Post,
    *,
    actor: User | None,
    area: Area | None = None,
    road: Road | None = None,
    starts_on: dt.date | None = None,
) -> PostHolding:
    """The user holds the post for the area or road from `starts_on` (today when not given)."""
    if actor is not None:
        require_account(actor, user)
        require_path(actor, "people.manage", area.path if area else "")
    if area is None and road is None:
        raise Refusal(_("请填写任职的区域或道路。"), field="area")
    if PostHolding.objects.on().filter(user=user, post=post, area=area, road=road).exists():
        raise Conflict(_("这个人已经在这里任“%s”。") % post, field="post")
    holding = PostHolding.objects.create(
        user=user, post=post, area=area, road=road, starts_on=starts_on or timezone.localdate()
    )
    log(user, "user.post_taken", actor=actor, **_words(holding))
    return holding


@transaction.atomic
def end_holding(holding: PostHolding, *, actor: User | None) -> None:
    """Today is the last day of the holding."""
    if actor is not None:
        require_account(actor, holding.user)
        require_path(actor, "people.manage", holding.area.path if holding.area else "")
    today = timezone.localdate()
    if holding.ends_on and holding.ends_on <= today:
        raise Conflict(_("这项任职已于 %s 结束。") % holding.ends_on)
    PostHolding.objects.filter(pk=holding.pk).update(ends_on=today)
    holding.ends_on = today
    log(holding.user, "user.post_left", actor=actor, **_words(holding))


def _words(holding: PostHolding) -> dict[str, Any]:
    return {
        "post": holding.post.code,
        "area": holding.area.code if holding.area else "",
        "road": holding.road.code if holding.road else "",
    }
