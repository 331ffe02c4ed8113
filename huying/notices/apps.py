from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "huying.notices"
    label = "notices"
    verbose_name = _("通知")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.urls import reverse

        from huying.notices import rosters
        from huying.notices.recipients import subject_link

        rosters.register()
        subject_link("news", lambda pk: reverse("notices:item", args=[pk]))
