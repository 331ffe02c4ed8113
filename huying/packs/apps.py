from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PacksConfig(AppConfig):
    name = "huying.packs"
    label = "packs"
    verbose_name = _("声明包")
    default_auto_field = "django.db.models.BigAutoField"
