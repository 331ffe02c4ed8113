"""What the page of a case says of its matter on another server."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from huying.cases.models import Case
from huying.core.templatetags.parts import badge, panel
from huying.integrations.forwarding.models import Forwarding
from huying.people.models import User

COLOURS = {
    Forwarding.State.STUCK: ("red", "alert"), Forwarding.State.ANSWERED: ("yellow", "bell"),
    Forwarding.State.DONE: ("green", "check"), Forwarding.State.WITHDRAWN: ("", "pause"),
}  # fmt: skip


def state_badge(row: Forwarding) -> Any:
    """The state in words and colour."""
    colour, icon = COLOURS.get(Forwarding.State(row.state), ("blue", "send"))
    return badge(row.get_state_display(), colour, icon)


def case_panel(case: Case, user: User) -> str:
    """The small panel on the page of a case that was forwarded."""
    rows = list(Forwarding.objects.filter(case=case).select_related("partner").order_by("-round"))
    if not rows:
        return ""
    parts = []
    for row in rows:
        heard = row.heard.order_by("-pk").first()
        latest = (
            f"{timezone.localtime(heard.heard_at):%m-%d %H:%M} {heard.words or heard.status}"
            if heard
            else "—"
        )
        parts.append(
            format_html(
                "<dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd>",
                _("平台"),
                format_html('<a href="{}">{}</a>', reverse("forwarding:detail", args=[row.pk]), row.partner.title),
                _("对方编号"), row.remote_id or "—",
                _("状态"), format_html("{} {}", state_badge(row), row.problem),
                _("最近进展"), latest,
            )
        )  # fmt: skip
    body = format_html('<dl class="facts">{}</dl>', format_html("".join(["{}"] * len(parts)), *parts))
    return str(panel(body, title=_("转办到其他平台"), icon_name="send"))
