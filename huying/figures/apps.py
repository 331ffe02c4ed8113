from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiguresConfig(AppConfig):
    name = "huying.figures"
    label = "figures"
    verbose_name = _("数字")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.core.temporal import keep
        from huying.figures.briefs.actions import freeze
        from huying.figures.collections import collections
        from huying.figures.collections.every import register_every
        from huying.figures.promises import count_for_target
        from huying.papers.drafting import register_before_issue
        from huying.targets.programmes.progress import register_counter

        register_every()
        register_counter(count_for_target)
        register_before_issue(freeze)
        for each in collections().values():
            # Nothing is counted by words, or by when the ladder looks at a case next.
            keep(
                *each.keeps(),
                ignoring=("search", "search_text", "words", "next_rung", "next_rung_at", "version"),
            )
