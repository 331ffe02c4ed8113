from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiguresConfig(AppConfig):
    name = "huying.figures"
    label = "figures"
    verbose_name = _("数字")
    default_auto_field = "django.db.models.BigAutoField"
