"""Once a day the city's list of open orders is held beside ours; what differs is shown, and can be pushed again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.utils import timezone
from django.utils.translation import gettext as _

from huying.cases.models import OPEN
from huying.core.errors import Refusal
from huying.core.outbound import OutboundError
from huying.integrations.hotline.models import CitySystem, Delivery, Exchange, Order
from huying.integrations.hotline.outbox import call, explain, status_of

PAGES_AT_MOST = 200
SHOWN_AT_MOST = 1000


class NoComparison(Exception):
    """The city's list could not be read; the text says why."""


def their_open_orders(system: CitySystem) -> dict[str, str]:
    """{number: status} of everything that the city still waits for. Raises NoComparison."""
    found: dict[str, str] = {}
    cursor = ""
    for _page in range(PAGES_AT_MOST):
        url = f"{system.base_url.rstrip('/')}/orders?state=open&cursor={quote(cursor)}"
        try:
            answer = call(system, "GET", url)
        except (OutboundError, Refusal) as error:
            raise NoComparison(str(error)) from None
        if not answer.ok:
            raise NoComparison(explain(answer))
        try:
            page = json.loads(answer.body)
            found |= {str(row["number"])[:60]: str(row["status"])[:24] for row in page["orders"]}
            following = str(page.get("next") or "")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise NoComparison(_("市热线的工单清单不符合接口约定，请联系对方检查。")) from None
        if not following or following == cursor:
            return found
        cursor = following
    raise NoComparison(_("市热线的工单清单没有结尾，请联系对方检查。"))


def compare(system: CitySystem) -> dict[str, Any]:
    """Compare and keep the result on the system: counts, and each order that differs with both sides."""
    now = timezone.now()
    try:
        theirs = their_open_orders(system)
        result = _differences(system, theirs)
        said = _("市热线 %(theirs)s 件，本区 %(ours)s 件，不一致 %(n)s 件") % {
            "theirs": result["theirs"], "ours": result["ours"], "n": len(result["rows"]),
        }  # fmt: skip
    except NoComparison as error:
        result = {"error": str(error).replace("\0", " ")}
        said = str(error)
    CitySystem.objects.filter(pk=system.pk).update(compared_at=now, comparison=result)
    Exchange.objects.create(
        system=system, incoming=False, what="compare", at=now, answer=said.replace("\0", " ")[:500]
    )
    return result


def _differences(system: CitySystem, theirs: dict[str, str]) -> dict[str, Any]:
    orders = Order.objects.filter(system=system).select_related("report__case")
    ours = {
        order.number: order
        for order in orders.filter(
            state__in=(Order.State.ACTIVE, Order.State.RETURNING), report__case__status__in=OPEN
        )
    }
    known = ours | {order.number: order for order in orders.filter(number__in=set(theirs) - set(ours))}
    owed: dict[str, str] = {}
    unsent = Delivery.objects.filter(order__number__in=known, order__system=system)
    for number, state in unsent.filter(state__in=(Delivery.State.WAITING, Delivery.State.STUCK)).values_list(
        "order__number", "state"
    ):
        if state == Delivery.State.STUCK or number not in owed:
            owed[number] = state
    rows = []
    for number in sorted(set(theirs) | set(ours)):
        order = known.get(number)
        mine = status_of(order) if order else ""
        if theirs.get(number, "") != mine:
            rows.append(
                {
                    "number": number, "theirs": theirs.get(number, ""), "ours": mine,
                    "order": order.pk if order else None, "owed": owed.get(number, ""),
                }
            )  # fmt: skip
    return {"theirs": len(theirs), "ours": len(ours), "rows": rows[:SHOWN_AT_MOST], "all": len(rows)}
