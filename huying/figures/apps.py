from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiguresConfig(AppConfig):
    name = "huying.figures"
    label = "figures"
    verbose_name = _("数字")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.core.temporal import keep
        from huying.figures.collections import collections, register
        from huying.figures.collections.declared import Awards, Plans, Rankings, Rosters, Standards
        from huying.figures.collections.ground import Areas, Departments, Organisations, Staff
        from huying.figures.collections.known import Items
        from huying.figures.collections.loop import Answers, Cases
        from huying.figures.collections.seen import (
            Bulletins,
            Findings,
            Measures,
            Notified,
            Outings,
            Rounds,
        )

        register(
            Cases(), Answers(), Items(), Rounds(), Outings(), Findings(), Measures(), Notified(), Bulletins()
        )
        register(Areas(), Departments(), Organisations(), Staff())
        register(Plans(), Standards(), Rankings(), Rosters(), Awards())
        for each in collections().values():
            # Nothing is counted by words, or by when the ladder looks at a case next.
            keep(
                *each.keeps(),
                ignoring=("search", "search_text", "words", "next_rung", "next_rung_at", "version"),
            )
