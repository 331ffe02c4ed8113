from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PapersConfig(AppConfig):
    name = "huying.papers"
    label = "papers"
    verbose_name = _("文书")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.urls import reverse

        from huying.core.photo_links import register_rights
        from huying.notices.recipients import subject_link
        from huying.papers.enclosures import may_open_of_paper

        subject_link("paper", lambda pk: reverse("papers:paper", args=[pk]))
        subject_link("paperdraft", lambda pk: reverse("papers:draft", args=[pk]))
        register_rights(may_open_of_paper)
