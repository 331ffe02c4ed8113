"""Awards of the province and the city, matched by the district at the rate that its rule gave on that day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from huying.core.errors import Conflict, Refusal
from huying.core.journal import log
from huying.core.models import StoredFile
from huying.inspections.campaigns.models import Award, Campaign
from huying.inspections.campaigns.rights import require_manage
from huying.inspections.campaigns.rules import CampaignRules
from huying.people.models import Department, User
from huying.places.models import Area

MOST = Decimal("999999999.99")


def matched(amount: Decimal, share: Fraction) -> Decimal:
    """The district's part in yuan and fen, half up."""
    fen = Fraction(amount) * share * 100
    return Decimal(int((fen * 2 + 1) // 2)) / 100


def matching_on(rules: CampaignRules, level: str, day: dt.date) -> tuple[Fraction, dt.date]:
    """The rate for this level on this day, and since when that rule holds. Refusal where there is none."""
    rule = rules.match_on(day)
    if rule is None or level not in rule.percents:
        raise Refusal(
            _("%(day)s 没有%(level)s奖励的匹配规则：请先在区包的专项里写上 awards: match。")
            % {"day": f"{day:%Y-%m-%d}", "level": Award.Level(level).label},
            field="awarded_on",
        )
    return rule.percents[level], rule.since


@transaction.atomic
def record_award(
    campaign: Campaign,
    *,
    level: str,
    title: str,
    awarded_on: dt.date,
    amount: Decimal,
    actor: User,
    area: Area | None = None,
    department: Department | None = None,
    words: str = "",
    evidence: StoredFile | None = None,
) -> Award:
    """Record an award with its paper; what the district adds is worked out here and kept with its rule."""
    require_manage(actor, campaign)
    if level not in Award.Level.values:
        raise Refusal(_("请选择级别。"), field="level")
    if not title.strip():
        raise Refusal(_("请写奖项。"), field="title")
    if (area is None) == (department is None):
        raise Refusal(_("选一个获奖的街道、村，或者单位。"), field="area")
    if awarded_on > timezone.localdate():
        raise Refusal(_("获奖日期不能在今天以后。"), field="awarded_on")
    if not 0 < amount <= MOST:
        raise Refusal(_("奖金要大于 0。"), field="amount")
    if not words.strip() and evidence is None:
        raise Refusal(_("写上表彰文件的文号，或附上照片。"), field="words")
    share, since = matching_on(campaign.rules, level, awarded_on)
    try:
        with transaction.atomic():
            award = Award.objects.create(
                campaign=campaign, level=level, title=title.strip()[:120], area=area, department=department,
                awarded_on=awarded_on, amount=amount, percent=Decimal(int(share * 10000)) / 100,
                matched=matched(amount, share), rule_since=since, words=words.strip()[:200], evidence=evidence,
                recorded_by=actor,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(_("这个奖已经记过了。")) from None
    log(
        award, "award.recorded", actor=actor, campaign=campaign.code, level=level, winner=str(award.winner),
        amount=str(amount), matched=str(award.matched), rule=f"{since}",
    )  # fmt: skip
    return award
