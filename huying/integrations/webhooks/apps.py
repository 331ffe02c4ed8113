from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "huying.integrations.webhooks"
    label = "integrations_webhooks"
    verbose_name = _("事件推送")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.core.journal import subscribe
        from huying.integrations.webhooks.outbox import on_entry

        subscribe("case.", on_entry)
