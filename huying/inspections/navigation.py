"""The entries of the main navigation that lead to inspections."""

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(NavigationItem(_("巡查"), "inspections:field-rounds", "eye", "round.make", audience="field"))
register(
    NavigationItem(_("日常工作"), "inspections:duties", "clock", "round.view", "supervision"),
    NavigationItem(_("巡查计划"), "inspections:plans", "calendar", "round.view", "supervision"),
    NavigationItem(_("检查标准"), "inspections:standards", "list", "round.view", "supervision"),
    NavigationItem(_("随机抽取"), "inspections:draws", "scale", "inspection.draw", "supervision"),
)
