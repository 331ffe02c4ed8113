from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PapersConfig(AppConfig):
    name = "huying.papers"
    label = "papers"
    verbose_name = _("文书")
    default_auto_field = "django.db.models.BigAutoField"
