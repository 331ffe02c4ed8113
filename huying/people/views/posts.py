"""Posts and who holds them."""

from __future__ import annotations

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.pages import Column, Filter, ListPage
from huying.people import actions
from huying.people.forms import AreaTreeField, area_tree
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Post, PostHolding
from huying.people.policy import holdings_for
from huying.people.views.common import MANAGE_PEOPLE, act


class Holdings(VerbRequired, ListPage):
    """Who holds which post, for which place."""

    verb = MANAGE_PEOPLE
    name = "holdings"
    title = gettext_lazy("岗位与任职")
    lead = gettext_lazy("谁在哪个岗、管哪个地方、从哪天到哪天。")
    template_name = "people/holdings.html"
    order = "pk"
    columns = (
        Column("user", gettext_lazy("姓名"), sort="user__name"),
        Column("post", gettext_lazy("岗位"), sort="post__code"),
        Column("place", gettext_lazy("管什么地方"), value=lambda row: row.area or row.road),
        Column(
            "level", gettext_lazy("层级"), value=lambda row: row.area.get_level_display() if row.area else ""
        ),
        Column("phone", gettext_lazy("电话"), value="user.phone", css="cell--nowrap"),
        Column("starts_on", gettext_lazy("起"), css="cell--nowrap"),
        Column("ends_on", gettext_lazy("止"), css="cell--nowrap"),
    )

    def get_filters(self):
        posts = Post.objects.all()
        return (
            Filter(
                "q",
                forms.CharField(label=_("姓名或地方"), widget=forms.TextInput(attrs={"type": "search"})),
                apply=lambda rows, words: rows.filter(
                    Q(user__name__icontains=words)
                    | Q(area__title__icontains=words)
                    | Q(road__title__icontains=words)
                ),
            ),
            Filter(
                "post",
                forms.ModelChoiceField(
                    label=_("岗位"), queryset=posts, to_field_name="code", empty_label=_("全部")
                ),
            ),
            Filter(
                "area",
                AreaTreeField(
                    label=_("区域"),
                    queryset=area_tree(reader(self.request)),
                    to_field_name="code",
                    empty_label=_("全部"),
                ),
                apply=lambda rows, area: rows.filter(area__path__startswith=area.path),
            ),
            Filter("past", forms.BooleanField(label=_("含已离任")), apply=lambda rows, _value: rows),
        )

    def get_queryset(self) -> QuerySet[PostHolding]:
        rows = holdings_for(self.request.user).select_related("user", "post", "area", "road")
        if self.asked("past"):
            return rows
        today = timezone.localdate()
        return rows.filter(Q(ends_on=None) | Q(ends_on__gte=today))

    def row_url(self, row: PostHolding) -> str:
        return reverse("people:account", args=[row.user.username])

    @cached_property
    def held(self) -> list[dict[str, object]]:
        """Every post with how many hold it among those the reader sees."""
        counts = dict(
            holdings_for(self.request.user)
            .filter(Q(ends_on=None) | Q(ends_on__gte=timezone.localdate()))
            .order_by()
            .values_list("post")
            .annotate(n=Count("pk"))
        )
        here, chosen = reverse("people:holdings"), self.request.GET.get("post")
        return [
            {
                "title": str(post),
                "url": here if chosen == post.code else f"{here}?post={post.code}",
                "count": counts.get(post.pk, 0),
                "active": chosen == post.code,
            }
            for post in Post.objects.all()
        ]

    def saved_filters(self):
        return self.held


@require_POST
@requires(MANAGE_PEOPLE)
def end_holding(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(holdings_for(request.user).select_related("user", "post", "area", "road"), pk=pk)
    then = reverse("people:account", args=[row.user.username])
    done = _("已登记离任，今天是最后一天。")
    return act(request, lambda: actions.end_holding(row, actor=reader(request)), done, then)
