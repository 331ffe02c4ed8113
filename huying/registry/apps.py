from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "huying.registry"
    label = "registry"
    verbose_name = _("名录")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.core.photo_links import register_rights
        from huying.registry.photos import may_open_of_item

        register_rights(may_open_of_item)
