"""The entries of the main navigation that lead to inspections."""

from django.utils.translation import gettext_lazy as _

from huying.core.navigation import NavigationItem, register

register(NavigationItem(_("巡查"), "inspections:field-rounds", "eye", "round.make", audience="field"))
