from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "huying.cases"
    label = "cases"
    verbose_name = _("案件")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Tells the people floor what topics are called, and the notices floor who reporters are.
        from huying.cases import telling, topic_names  # noqa: F401
