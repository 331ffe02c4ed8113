from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunityConfig(AppConfig):
    name = "huying.community"
    label = "community"
    verbose_name = _("社区")
    default_auto_field = "django.db.models.BigAutoField"
