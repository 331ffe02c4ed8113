from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ForwardingConfig(AppConfig):
    name = "huying.integrations.forwarding"
    label = "integrations_forwarding"
    verbose_name = _("转办到其他平台")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.cases.panels import register_panel
        from huying.core.journal import subscribe
        from huying.integrations.forwarding.outbox import on_case_entry
        from huying.integrations.forwarding.panel import case_panel

        subscribe("case.", on_case_entry)
        register_panel("forwarding", case_panel)
