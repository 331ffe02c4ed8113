from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HotlineConfig(AppConfig):
    name = "huying.integrations.hotline"
    label = "integrations_hotline"
    verbose_name = _("市热线交换")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.cases.panels import register_panel
        from huying.core.journal import subscribe
        from huying.integrations.hotline.outbox import on_case_entry
        from huying.integrations.hotline.panel import case_panel

        subscribe("case.", on_case_entry)
        register_panel("hotline", case_panel)
