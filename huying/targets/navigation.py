"""The entries of the main navigation that lead to what the district has promised."""

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(
    NavigationItem(_("重点项目"), "targets:projects", "building", "project.view", "supervision"),
    NavigationItem(_("挂图作战"), "targets:war-maps", "map", "project.view", "supervision"),
)
