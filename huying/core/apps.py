from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "huying.core"
    label = "core"
    verbose_name = _("基础")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, pre_migrate

        from huying.core import temporal

        pre_migrate.connect(temporal.drop_views)
        post_migrate.connect(temporal.install)
        # Each floor lists its pages in its navigation.py.
        autodiscover_modules("navigation")
