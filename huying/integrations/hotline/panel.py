"""What the page of a case says of the city orders behind it: number, the city's deadline, state of the exchange."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from huying.cases.models import Case
from huying.core.templatetags.parts import badge, panel
from huying.integrations.hotline.models import Order
from huying.people.models import User


def case_panel(case: Case, user: User) -> str:
    """The small panel on the page of a case that came from the city."""
    rows = [
        format_html(
            "<dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd>",
            _("市工单号"),
            format_html('<a href="{}">{}</a>', reverse("hotline:order", args=[order.pk]), order.number)
            if user.can("hotline.exchange")
            else order.number,
            _("市热线时限"),
            _both(order, case),
            _("交换状态"),
            order.get_state_display(),
        )
        for order in Order.objects.filter(report__case=case)
    ]
    if not rows:
        return ""
    body = format_html('<dl class="facts">{}</dl>', format_html("".join(["{}"] * len(rows)), *rows))
    return str(panel(body, title=_("市热线"), icon_name="phone"))


def _both(order: Order, case: Case) -> Any:
    if order.city_due_at is None:
        return "—"
    shown = f"{timezone.localtime(order.city_due_at):%Y-%m-%d %H:%M}"
    if case.is_open and (case.due_at is None or order.city_due_at < case.due_at):
        return format_html("{} {}", shown, badge(_("早于本区时限"), "yellow", "clock"))
    return shown
