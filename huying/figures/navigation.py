"""The entries of the main navigation that lead to figures."""

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("简报"), "figures:briefs", "document", "brief.write", "cockpit"),
    NavigationItem(_("排名与考核"), "figures:appraisals", "chart", "figure.view", "cockpit"),
    NavigationItem(_("个人积分"), "figures:points-schemes", "star", "points.view", "cockpit"),
    NavigationItem(_("数字"), "figures:figures", "chart", "figure.view", "cockpit"),
    NavigationItem(_("数字核对"), "figures:checks", "scale", "figure.view", "cockpit"),
    NavigationItem(_("外面的说法"), "figures:statements", "eye", "figure.view", "cockpit"),
    NavigationItem(_("排名与考核"), "figures:appraisals", "chart", "figure.view", audience="cockpit"),
    NavigationItem(_("数字"), "figures:figures", "chart", "figure.view", audience="cockpit"),
    NavigationItem(_("公布过的数字"), "figures:published-list", "lock", "figure.view", "cockpit"),
)
