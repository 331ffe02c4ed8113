"""The entries of the main navigation that lead to what the district has promised."""

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register
from huying.targets.programmes.policy import waiting

register(
    NavigationItem(_("目标"), "targets:programmes", "check-circle", "target.view", "supervision"),
    NavigationItem(_("我的目标"), "targets:mine", "user", "target.enter", "department"),
    NavigationItem(_("待审核的填报"), "targets:approvals", "inbox", "target.approve", "supervision", waiting),
    NavigationItem(_("重点项目"), "targets:projects", "building", "project.view", "supervision"),
    NavigationItem(_("挂图作战"), "targets:war-maps", "map", "project.view", "supervision"),
    # A leader asks next about these.
    NavigationItem(_("目标"), "targets:programmes", "check-circle", "target.view", audience="cockpit"),
    NavigationItem(_("重点项目"), "targets:projects", "building", "project.view", audience="cockpit"),
    NavigationItem(_("挂图作战"), "targets:war-maps", "map", "project.view", audience="cockpit"),
)
