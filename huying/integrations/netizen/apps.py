from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NetizenConfig(AppConfig):
    name = "huying.integrations.netizen"
    label = "integrations_netizen"
    verbose_name = _("网民留言")
    default_auto_field = "django.db.models.BigAutoField"
