from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiguresConfig(AppConfig):
    name = "huying.figures"
    label = "figures"
    verbose_name = _("数字")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.cases.views.field.me import register_links
        from huying.cases.views.field.offline import register_pages
        from huying.core.photo_links import register_rights
        from huying.core.temporal import keep
        from huying.figures.briefs.actions import freeze, values_shown
        from huying.figures.collections import collections
        from huying.figures.collections.every import register_every
        from huying.figures.points.display import may_open_of_points
        from huying.figures.points.views.field import links, pages
        from huying.figures.promises import count_for_target
        from huying.papers.drafting import register_before_issue
        from huying.papers.letter import register_reading
        from huying.targets.programmes.progress import register_counter

        register_every()
        register_counter(count_for_target)
        register_before_issue(freeze)
        register_reading(values_shown)
        register_pages(pages)
        register_links(links)
        register_rights(may_open_of_points)
        for each in collections().values():
            # Nothing is counted by words, or by when the ladder looks at a case next.
            keep(
                *each.keeps(),
                ignoring=("search", "search_text", "words", "next_rung", "next_rung_at", "version"),
            )
