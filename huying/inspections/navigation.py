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
register(
    NavigationItem(_("专项整治"), "inspections:campaigns", "chart", "campaign.view", "supervision"),
    NavigationItem(_("检查记录"), "inspections:rounds", "eye", "round.view", "supervision"),
    NavigationItem(_("处理措施"), "inspections:measures", "scale", "round.view", "supervision"),
    NavigationItem(_("督导通报"), "inspections:bulletins", "document", "campaign.view", "supervision"),
)
