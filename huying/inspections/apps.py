from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InspectionsConfig(AppConfig):
    name = "huying.inspections"
    label = "inspections"
    verbose_name = _("巡查")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huying.cases.views.field.offline import register_pages
        from huying.core.journal import subscribe
        from huying.core.photo_links import register_rights
        from huying.inspections import undrawn
        from huying.inspections.campaigns.counting import register_keys
        from huying.inspections.duties import missed
        from huying.inspections.duties.days import on_round_made
        from huying.inspections.results.panels import item_panel, plate_here
        from huying.inspections.results.rights import may_open_of_measure
        from huying.inspections.rounds.rights import may_open_of_round
        from huying.inspections.views.desk import duties
        from huying.inspections.views.field import here
        from huying.inspections.views.field.rounds import pages
        from huying.registry.panels import register_panel
        from huying.registry.scanning import register_field_panel, register_public_panel

        register_rights(may_open_of_round)
        register_rights(may_open_of_measure)
        register_keys()
        register_panel("inspections", item_panel)
        register_panel("duties", duties.panel)
        register_public_panel("inspections", plate_here)
        register_pages(pages)
        register_pages(here.pages)
        register_field_panel("rounds", here.here_panel)
        subscribe("round.made", on_round_made)
        missed.register()
        undrawn.register()
