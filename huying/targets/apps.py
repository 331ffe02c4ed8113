from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TargetsConfig(AppConfig):
    name = "huying.targets"
    label = "targets"
    verbose_name = _("目标与项目")
    default_auto_field = "django.db.models.BigAutoField"
