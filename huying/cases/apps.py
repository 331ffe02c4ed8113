from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "huying.cases"
    label = "cases"
    verbose_name = _("案件")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Tells the people floor what topics are called, and the notices floor who reporters are.
        from huying.cases import handing_over, telling, topic_names  # noqa: F401
        from huying.cases.item_panel import item_panel
        from huying.cases.photos import may_open_of_case
        from huying.cases.scan_panels import known_here, open_here
        from huying.cases.views.field import shifts, verify
        from huying.cases.views.field.offline import register_pages
        from huying.core.photo_links import register_rights
        from huying.registry.panels import register_panel
        from huying.registry.scanning import register_field_panel, register_public_panel

        handing_over.register()
        register_rights(may_open_of_case)
        register_pages(shifts.pages)
        register_pages(verify.pages)
        register_panel("cases", item_panel)
        register_public_panel("cases", known_here)
        register_field_panel("cases", open_here)
