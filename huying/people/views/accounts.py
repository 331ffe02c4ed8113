"""Accounts: list, one account with its roles, posts and duties, add, edit, deactivate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huying.core.errors import NotAllowed, Refusal
from huying.core.pages import Column, Filter, ListPage
from huying.core.toasts import toast
from huying.people import actions
from huying.people.forms import AccountForm, AreaTreeField, GrantForm, HoldingForm, area_tree
from huying.people.guards import VerbRequired, reader, requires
from huying.people.models import Grant, PostHolding, User
from huying.people.policy import departments_for, require_account, users_for
from huying.people.roles import ROLES
from huying.people.signing import factors, identities
from huying.people.story import story
from huying.people.topics import topics
from huying.people.views.common import MANAGE_PEOPLE, act, add_refusal, form_page

NO_ROLE = "none"


def role_titles(user: User) -> str:
    """The account's roles in a few words, from its prefetched grants."""
    held = {grant.role for grant in user.grants.all()}
    return "、".join(str(role.title) for code, role in ROLES.items() if code in held)


class Accounts(VerbRequired, ListPage):
    """Who can sign in."""

    verb = MANAGE_PEOPLE
    name = "accounts"
    title = gettext_lazy("账号")
    lead = gettext_lazy("工作人员的账号。居民反映问题不需要账号。")
    template_name = "people/accounts.html"
    order = "username"
    columns = (
        Column("name", gettext_lazy("姓名"), value=str, sort="name"),
        Column("username", gettext_lazy("用户名"), sort="username"),
        Column("title", gettext_lazy("职务")),
        Column("department", gettext_lazy("部门")),
        Column("roles", gettext_lazy("角色"), value=role_titles),
        Column("phone", gettext_lazy("电话"), css="cell--nowrap"),
        Column("last_login", gettext_lazy("上次登录"), sort="last_login", css="cell--nowrap"),
        Column("is_active", gettext_lazy("在用"), shown=False),
    )

    def get_filters(self):
        mine = reader(self.request)
        roles = [
            ("", _("全部")),
            *((code, role.title) for code, role in ROLES.items()),
            (NO_ROLE, _("没有角色")),
        ]
        departments = departments_for(mine).filter(valid_to=None).order_by("kind", "code")
        return (
            Filter(
                "q",
                forms.CharField(
                    label=_("姓名、用户名或电话"), widget=forms.TextInput(attrs={"type": "search"})
                ),
                apply=lambda rows, words: rows.filter(
                    Q(name__icontains=words) | Q(username__icontains=words) | Q(phone__startswith=words)
                ),
            ),
            Filter(
                "department",
                forms.ModelChoiceField(
                    label=_("部门"), queryset=departments, to_field_name="code", empty_label=_("全部")
                ),
            ),
            Filter("role", forms.ChoiceField(label=_("角色"), choices=roles), apply=_with_role),
            Filter(
                "area",
                AreaTreeField(
                    label=_("区域"), queryset=area_tree(mine), to_field_name="code", empty_label=_("全部")
                ),
                apply=_in_area,
            ),
            Filter("inactive", forms.BooleanField(label=_("含已停用")), apply=lambda rows, _value: rows),
        )

    def get_queryset(self) -> QuerySet[User]:
        rows = users_for(self.request.user).select_related("department").prefetch_related("grants")
        return rows if self.asked("inactive") else rows.filter(is_active=True)

    def row_url(self, row: User) -> str:
        return reverse("people:account", args=[row.username])


def _with_role(rows: QuerySet[User], role: str) -> QuerySet[User]:
    grants = Grant.objects.on().filter(user=OuterRef("pk"))
    return rows.filter(~Exists(grants) if role == NO_ROLE else Exists(grants.filter(role=role)))


def _in_area(rows: QuerySet[User], area: Any) -> QuerySet[User]:
    """Whose department, post or role is in the area's subtree."""
    grants = Grant.objects.on().filter(user=OuterRef("pk"), area__path__startswith=area.path)
    posts = PostHolding.objects.on().filter(user=OuterRef("pk"), area__path__startswith=area.path)
    return rows.filter(Q(department__area__path__startswith=area.path) | Exists(grants) | Exists(posts))


def _account(request: HttpRequest, username: str) -> User:
    return get_object_or_404(users_for(request.user).select_related("department__area"), username=username)


def _page(
    request: HttpRequest,
    account: User,
    *,
    grant_form: Any = None,
    holding_form: Any = None,
    password: str = "",
) -> HttpResponse:
    names = topics()
    duties = account.duties.on().select_related("area", "department")
    try:
        require_account(request.user, account)
        beyond = ""
    except NotAllowed as refusal:
        beyond = str(refusal)
    context = {
        "account": account,
        "grants": [
            (ROLES[grant.role].title if grant.role in ROLES else grant.role, grant)
            for grant in account.grants.select_related("area", "department").order_by("pk")
        ],
        "holdings": account.holdings.on().select_related("post", "area", "road"),
        "duties": [(names[duty.topic].title if duty.topic in names else duty.topic, duty) for duty in duties],
        "events": story(account),
        "beyond": beyond,
        "grant_form": grant_form or GrantForm(reader(request), prefix="grant"),
        "holding_form": holding_form or HoldingForm(reader(request), prefix="holding"),
        "password": password,
        "has_factor": factors.has_factor(account),
        "tied": identities.is_tied(account),
    }
    refused = any(form is not None and form.errors for form in (grant_form, holding_form))
    return render(request, "people/account.html", context, status=422 if refused else 200)


@requires(MANAGE_PEOPLE)
def account(request: HttpRequest, username: str) -> HttpResponse:
    """One account: roles, posts, duties, and its story."""
    return _page(request, _account(request, username))


@never_cache
@requires(MANAGE_PEOPLE)
def add_account(request: HttpRequest) -> HttpResponse:
    """A new account; its first password is on the page that follows, and nowhere else."""
    form = AccountForm(reader(request), request.POST or None)

    def save(data: dict[str, Any]) -> HttpResponse:
        row, password = actions.add_account(actor=reader(request), **data)
        toast(request, _("已新建账号“%s”，接着授予角色。") % row)
        return _page(request, row, password=password)

    crumbs = [(_("账号"), reverse("people:accounts"))]
    return form_page(request, form, save, title=_("新建账号"), crumbs=crumbs, cancel_url=crumbs[0][1])


@requires(MANAGE_PEOPLE)
def edit_account(request: HttpRequest, username: str) -> HttpResponse:
    row = _account(request, username)
    form = AccountForm(reader(request), request.POST or None, instance=_account(request, username))
    here = reverse("people:account", args=[username])

    def save(data: dict[str, Any]) -> HttpResponse:
        actions.change_account(row, actor=reader(request), **data)
        toast(request, _("已保存。"))
        return redirect(here)

    crumbs = [(_("账号"), reverse("people:accounts")), (str(row), here)]
    return form_page(request, form, save, title=_("修改账号"), crumbs=crumbs, cancel_url=here)


@require_POST
@requires(MANAGE_PEOPLE)
def give_role(request: HttpRequest, username: str) -> HttpResponse:
    row = _account(request, username)
    form = GrantForm(reader(request), request.POST, prefix="grant")
    if form.is_valid():
        try:
            grant = actions.give_role(row, actor=reader(request), **form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            toast(request, _("已授予“%s”角色。") % ROLES[grant.role].title)
            return redirect("people:account", username)
    return _page(request, row, grant_form=form)


@require_POST
@requires(MANAGE_PEOPLE)
def withdraw_role(request: HttpRequest, username: str, pk: int) -> HttpResponse:
    row = _account(request, username)
    grant = get_object_or_404(row.grants.select_related("area", "department", "user"), pk=pk)
    here = reverse("people:account", args=[username])
    return act(request, lambda: actions.withdraw_role(grant, actor=reader(request)), _("已收回角色。"), here)


@require_POST
@requires(MANAGE_PEOPLE)
def hold_post(request: HttpRequest, username: str) -> HttpResponse:
    row = _account(request, username)
    form = HoldingForm(reader(request), request.POST, prefix="holding")
    if form.is_valid():
        try:
            holding = actions.hold_post(row, actor=reader(request), **form.cleaned_data)
        except Refusal as refusal:
            add_refusal(form, refusal)
        else:
            toast(request, _("已登记任“%s”。") % holding.post)
            return redirect("people:account", username)
    return _page(request, row, holding_form=form)


@never_cache
@require_POST
@requires(MANAGE_PEOPLE)
def reset_password(request: HttpRequest, username: str) -> HttpResponse:
    """The new password is on this answer and nowhere else."""
    row = _account(request, username)
    try:
        password = actions.reset_password(row, actor=reader(request))
    except NotAllowed as refusal:
        return render(request, "403.html", {"sentence": str(refusal)}, status=403)
    return _page(request, row, password=password)


@require_POST
@requires(MANAGE_PEOPLE)
def reset_factors(request: HttpRequest, username: str) -> HttpResponse:
    """Take away the second factors of who has lost the phone."""
    row = _account(request, username)
    here = reverse("people:account", args=[username])
    done = _("“%s”的第二验证已清除，下次登录只凭密码，请提醒本人重新设置。") % row
    reason = request.POST.get("reason", "")
    return act(request, lambda: factors.reset_factors(row, reason=reason, actor=reader(request)), done, here)


@require_POST
@requires(MANAGE_PEOPLE)
def untie(request: HttpRequest, username: str) -> HttpResponse:
    """Forget which identity at the provider belongs to the account."""
    row = _account(request, username)
    here = reverse("people:account", args=[username])
    done = _("已解除绑定，下次用单位账号登录时按用户名重新绑定。")
    return act(request, lambda: identities.untie(row, actor=reader(request)), done, here)


@require_POST
@requires(MANAGE_PEOPLE)
def deactivate(request: HttpRequest, username: str) -> HttpResponse:
    row = _account(request, username)
    here = reverse("people:account", args=[username])
    done = _("“%s”已停用，不能再登录；经办记录不变。") % row
    return act(request, lambda: actions.deactivate_account(row, actor=reader(request)), done, here)


@require_POST
@requires(MANAGE_PEOPLE)
def activate(request: HttpRequest, username: str) -> HttpResponse:
    row = _account(request, username)
    here = reverse("people:account", args=[username])
    done = _("“%s”已启用。") % row
    return act(request, lambda: actions.activate_account(row, actor=reader(request)), done, here)
