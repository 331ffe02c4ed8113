from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    """The ways out that need no tables of their own; the others are apps beside them."""

    name = "huying.integrations"
    label = "integrations"
    verbose_name = _("对外连接")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.integrations.dingtalk.channel import DingTalk
        from huying.integrations.email.channel import Email
        from huying.integrations.sms.channel import Sms
        from huying.integrations.wecom.channel import WeCom
        from huying.notices.channels import register

        for channel in (Sms(), Email(), WeCom(), DingTalk()):
            register(channel)
