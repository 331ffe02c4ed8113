from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunityConfig(AppConfig):
    name = "huying.community"
    label = "community"
    verbose_name = _("社区")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.cases.views.field.offline import register_pages
        from huying.community.actions import on_case_closed
        from huying.community.views.field import pages
        from huying.core.journal import subscribe

        subscribe("case.closed", on_case_closed)
        register_pages(pages)
