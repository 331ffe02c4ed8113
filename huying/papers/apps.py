from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PapersConfig(AppConfig):
    name = "huying.papers"
    label = "papers"
    verbose_name = _("文书")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.urls import reverse

        from huying.notices.recipients import subject_link

        subject_link("paper", lambda pk: reverse("papers:paper", args=[pk]))
        subject_link("paperdraft", lambda pk: reverse("papers:draft", args=[pk]))
