"""现场核实 at the desk: how many entries were screened, corrected, found missing; street by street; every row of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huying.core.errors import Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.templatetags.parts import badge
from huying.core.toasts import toast
from huying.people.access import can
from huying.people.guards import VerbRequired, requires, signed_in
from huying.registry import policy, verifying
from huying.registry.display import crumbs
from huying.registry.models import Item, Register, Verification, VerificationRound
from huying.registry.rules import RETIRED
from huying.registry.story import change_words
from huying.registry.verifying import Span, found_in, span_of, streets_of

Outcome = Verification.Outcome
_LOOKS = {
    Outcome.RIGHT: ("green", "check"),
    Outcome.CORRECTED: ("blue", "edit"),
    Outcome.OMITTED: ("yellow", "plus"),
    Outcome.GONE: ("red", "close"),
}
_MOST_STREETS = 400


def outcome_badge(row: Verification) -> SafeString:
    """The outcome as colour, icon and word."""
    return badge(row.get_outcome_display(), *_LOOKS.get(Outcome(row.outcome), ("", "info")))


def _changes(row: Verification) -> str:
    return "；".join(change_words(row.item.rules, row.corrections))


class RoundForm(forms.Form):
    """A new round."""

    use_required_attribute = False
    title = forms.CharField(
        label=gettext_lazy("名称"), max_length=80, error_messages={"required": gettext_lazy("请给这一轮起个名字。")}
    )  # fmt: skip
    starts_on = forms.DateField(
        label=gettext_lazy("开始"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("请选择开始日期。")},
    )  # fmt: skip
    ends_on = forms.DateField(
        label=gettext_lazy("结束"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("不填就一直开着，做完再结束。"),
    )  # fmt: skip


class Verifications(VerbRequired, ListPage):
    """What was found in a round, with its sums and how far each street has come."""

    verb = policy.VIEW
    template_name = "registry/verification.html"
    name = "verifications"
    order = "-at"
    empty = {
        "title": gettext_lazy("还没有核实过"),
        "text": gettext_lazy("网格员在手机「现场核实」里逐条核对，结果出现在这里。"),
        "icon": "eye",
    }
    round_form: RoundForm | None = None

    @cached_property
    def register(self) -> Register:
        found = get_object_or_404(Register, code=self.kwargs["register"], active=True)
        if not found.rules.verified:
            raise Http404(_("这个名录不做现场核实。"))
        return found

    @property
    def title(self) -> str:
        return _("现场核实：%s") % self.register

    @cached_property
    def rounds(self) -> list[VerificationRound]:
        return list(self.register.verification_rounds.all())

    @cached_property
    def span(self) -> Span:
        """The round that was asked for, else the newest."""
        asked = self.request.GET.get("round", "")
        chosen = [one for one in self.rounds if str(one.pk) == asked] or self.rounds
        return span_of(chosen[0] if chosen else None)

    @cached_property
    def items(self) -> QuerySet[Item]:
        return policy.items_for(self.request.user).filter(register=self.register)

    def get_queryset(self) -> QuerySet[Verification]:
        rows = Verification.objects.filter(self.span.within(), item__in=self.items.order_by())
        related = ("item__register", "item__area", "item__road", "by")
        return rows.select_related(*related).defer("item__area__boundary", "item__road__line", "item__search")

    def get_columns(self) -> list[Column]:
        return [
            Column("item", gettext_lazy("物件"), value=lambda row: row.item.title),
            Column("code", gettext_lazy("编号"), value=lambda row: row.item.code, css="cell--nowrap"),
            Column("outcome", gettext_lazy("结果"), value=lambda row: row.get_outcome_display(), show=outcome_badge),
            Column("corrected", gettext_lazy("更正条数"), sort="corrected", css="number"),
            Column("changes", gettext_lazy("改了什么"), value=_changes),
            Column("road", gettext_lazy("道路"), value=lambda row: str(row.item.road or "")),
            Column("area", gettext_lazy("区域"), value=lambda row: str(row.item.area or "")),
            Column("at", gettext_lazy("时间"), sort="at"),
            Column("by", gettext_lazy("核实人"), value=lambda row: str(row.by or "")),
            Column("words", gettext_lazy("说明")),
        ]  # fmt: skip

    @cached_property
    def _filters(self) -> list[Filter]:
        choices = [("", gettext_lazy("全部")), *Outcome.choices]
        rounds = [(str(one.pk), one.title) for one in self.rounds]
        return [
            Filter("outcome", forms.ChoiceField(label=gettext_lazy("结果"), choices=choices)),
            Filter(
                "road",
                forms.CharField(label=gettext_lazy("道路"), max_length=40),
                apply=lambda rows, words: rows.filter(item__road__title__contains=words),
            ),
            Filter(
                "round",
                forms.ChoiceField(label=gettext_lazy("核实轮次"), choices=[("", gettext_lazy("最近一轮")), *rounds]),
                apply=lambda rows, _value: rows,
            ),
        ]  # fmt: skip

    def get_filters(self) -> list[Filter]:
        return self._filters

    def row_url(self, row: Verification) -> str:
        return row.item.get_absolute_url()

    def extra_context(self) -> dict[str, Any]:
        found, user = found_in(self.span, self.items), signed_in(self.request)
        there, over = self.items.exclude(state=RETIRED), self.span.over
        return {
            "register": self.register, "crumbs": crumbs(self.register), "span": self.span, "found": found,
            "tiles": self._tiles(found),
            "streets": [] if over else streets_of(there, self.span)[:_MOST_STREETS],
            "areas": [] if over else verifying.by_subdistrict(there, self.span),
            "may_start": can(user, policy.IMPORT), "round_form": self.round_form or self._new_round(),
        }  # fmt: skip

    def _new_round(self) -> RoundForm:
        today = timezone.localdate()
        return RoundForm(
            initial={"title": _("%(year)d 年现场核实") % {"year": today.year}, "starts_on": today}
        )

    def _tiles(self, found: verifying.Found) -> list[dict[str, Any]]:
        query: dict[str, str] = {"round": str(self.span.round.pk)} if self.span.round else {}

        def url(**more: str) -> str:
            return f"?{urlencode({**query, **more})}"

        left = f"{self.register.get_absolute_url()}?{urlencode({'verified': 'no'})}"
        return [
            {"title": _("已核实"), "value": found.screened, "url": url()},
            {
                "title": _("更正信息"),
                "value": found.corrections,
                "unit": _("条"),
                "url": url(outcome="corrected"),
            },
            {"title": _("有更正的"), "value": found.wrong, "url": url(outcome="corrected")},
            {"title": _("漏报补录"), "value": found.omitted, "url": url(outcome="omitted")},
            {"title": _("现场没有"), "value": found.gone, "url": url(outcome="gone")},
            {"title": _("还没核实"), "value": found.left, "url": left},
        ]


@require_POST
@requires(policy.IMPORT)
def start_round(request: HttpRequest, register: str) -> HttpResponse:
    """Begin a round; with a mistake the page comes back with what was typed."""
    found = get_object_or_404(Register, code=register, active=True)
    form = RoundForm(request.POST)
    if form.is_valid():
        try:
            made = verifying.start_round(found, actor=signed_in(request), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            toast(request, _("「%s」开始了，网格员手机上已经能看到。") % made.title)
            return redirect("desk:verification", found.code)
    page = Verifications()
    page.setup(request, register=register)
    page.round_form = form
    return render(request, page.template_name, page.context(), status=422)


@require_POST
@requires(policy.IMPORT)
def end_round(request: HttpRequest, register: str, pk: int) -> HttpResponse:
    """The last day of a round is today."""
    round_ = get_object_or_404(VerificationRound, pk=pk, register__code=register)
    verifying.end_round(round_, actor=signed_in(request))
    toast(request, _("「%s」已结束。") % round_.title)
    return redirect(f"{reverse('desk:verification', args=[register])}?{urlencode({'round': pk})}")
