from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TargetsConfig(AppConfig):
    name = "huying.targets"
    label = "targets"
    verbose_name = _("目标与项目")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.core.journal import subscribe
        from huying.core.photo_links import register_rights
        from huying.papers.subjects import register_subject
        from huying.targets.programmes import due
        from huying.targets.programmes.policy import may_open
        from huying.targets.projects import reminders
        from huying.targets.projects.actions.meetings import follow_case
        from huying.targets.projects.policy import may_open_of_project, meeting_of_paper

        register_rights(may_open)
        register_rights(may_open_of_project)
        register_subject("meeting", meeting_of_paper)
        subscribe("case.closed", follow_case)
        subscribe("case.reopened", follow_case)
        due.register()
        reminders.register()
