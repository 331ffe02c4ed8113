from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HotlineConfig(AppConfig):
    name = "huying.integrations.hotline"
    label = "integrations_hotline"
    verbose_name = _("市热线交换")
    default_auto_field = "django.db.models.BigAutoField"
