"""Who acts: accounts, departments, the organisation tree, posts, duties and what each account may do."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from huying.places.models import Area, Road, Titled


class InForce(models.QuerySet[Any]):
    """Rows with `starts_on` and `ends_on` (both included; empty means open)."""

    def on(self, day: dt.date | None = None) -> InForce:
        day = day or timezone.localdate()
        return self.filter(
            Q(starts_on__isnull=True) | Q(starts_on__lte=day), Q(ends_on__isnull=True) | Q(ends_on__gte=day)
        )


class Department(Titled):
    """A body that can be responsible for a case: a bureau, a street office, a utility, a property company.

    Communities and villages are here too, as helpers; `can_lead` is false for them: a community is
    never the lead department.
    """

    class Kind(models.TextChoices):
        DISTRICT_DEPARTMENT = "district-department", _("区直部门")
        SUBDISTRICT = "subdistrict", _("街道办事处")
        COMMUNITY = "community", _("社区")
        VILLAGE = "village", _("村")
        PROPERTY_COMPANY = "property-company", _("物业企业")
        UTILITY = "utility", _("公用企业")
        HOTLINE_DESK = "hotline-desk", _("热线台")
        SUPERVISION = "supervision", _("督查机构")

    code = models.CharField(_("代码"), max_length=40, unique=True)
    kind = models.CharField(_("类别"), max_length=24, choices=Kind)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("上级"),
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="departments"
    )
    phone = models.CharField(_("电话"), max_length=30, blank=True)
    can_lead = models.BooleanField(_("可以主办"), default=True)
    valid_to = models.DateField(_("停用日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("部门")
        ordering = ("code",)


class User(AbstractUser):
    """An account of someone who works in the loop. Residents have none."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("姓名"), max_length=60, blank=True)
    title = models.CharField(_("职务"), max_length=60, blank=True)
    phone = models.CharField(_("电话"), max_length=30, blank=True)
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="staff",
        verbose_name=_("部门"),
    )
    demo_login = models.BooleanField(default=False)  # offered for one-click sign-in, in demo mode only
    demo_note = models.CharField(max_length=200, blank=True)

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("账号")

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        """The person's name: Chinese names are one field, family name first."""
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.get_full_name()

    def can(self, verb: str) -> bool:
        """Whether the account has `verb` anywhere."""
        from huying.people.access import can

        return can(self, verb)


class SignInFailure(models.Model):
    """A sign-in that failed, kept for as long as it counts towards a lock. See `people.signin`."""

    username = models.CharField(max_length=150)
    address = models.CharField(max_length=45)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("登录失败")

    def __str__(self) -> str:
        return f"{self.username} {self.at:%Y-%m-%d %H:%M}"


class ApiToken(models.Model):
    """Lets a program act for an account: never with more than the account's rights of the moment."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    title = models.CharField(_("用途"), max_length=80)
    fingerprint = models.CharField(max_length=64, unique=True)  # the token itself is shown once and not kept
    ending = models.CharField(max_length=4)  # its last characters, to tell it from others
    verbs = models.JSONField(null=True)  # None: every verb of the owner
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_on = models.DateField(_("有效期至"))
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("接口令牌")
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.title} …{self.ending}"

    @property
    def in_force(self) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and timezone.localdate() <= self.expires_on and self.owner.is_active


class Grant(models.Model):
    """One role of one account, limited to an area subtree and to a department where they are given."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(_("角色"), max_length=24)  # a key of people.roles.ROLES
    area = models.ForeignKey(Area, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    starts_on = models.DateField(_("起"), null=True, blank=True)
    ends_on = models.DateField(_("止"), null=True, blank=True)

    objects = InForce.as_manager()

    class Meta:
        verbose_name = _("授权")

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


class Organisation(Titled):
    """A node of the organisation tree: party bodies at five levels, and the bodies around them."""

    class Kind(models.TextChoices):
        PARTY_WORKING_COMMITTEE = "party-working-committee", _("街道党工委")
        COMMUNITY_PARTY_COMMITTEE = "community-party-committee", _("社区大党委")
        COMPOUND_PARTY = "compound-party", _("小区党组织")
        GRID_PARTY_BRANCH = "grid-party-branch", _("网格党支部")
        BUILDING_PARTY_GROUP = "building-party-group", _("楼栋党小组")
        PROPERTY_PARTY = "property-party", _("物业党组织")
        OWNERS_COMMITTEE = "owners-committee", _("业主委员会")
        SOCIAL_ORGANISATION = "social-organisation", _("社会组织")
        RESIDENT_UNIT = "resident-unit", _("驻区单位")

    code = models.CharField(_("代码"), max_length=40, unique=True)
    kind = models.CharField(_("类别"), max_length=32, choices=Kind)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name=_("上级"),
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="organisations"
    )
    valid_to = models.DateField(_("停用日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("组织")
        ordering = ("code",)


class Ownership(models.Model):
    """Who owns, keeps or supervises the ground of an area (权属、养护、主管)."""

    class Kind(models.TextChoices):
        OWNER = "owner", _("权属")
        KEEPER = "keeper", _("养护")
        SUPERVISOR = "supervisor", _("主管")

    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="ownerships")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="ownerships")
    kind = models.CharField(max_length=12, choices=Kind)

    class Meta:
        verbose_name = _("权属关系")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["area", "department", "kind"], name="ownership_once")
        ]

    def __str__(self) -> str:
        return f"{self.area} {self.get_kind_display()} {self.department}"


class Post(Titled):
    """A post that somebody holds for a place: grid chief, road chief, dispatcher ..."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    place = models.CharField(_("任职范围"), max_length=24, blank=True)  # grid, community, road, building ...

    class Meta:
        verbose_name = _("岗位")
        ordering = ("code",)


class PostHolding(models.Model):
    """Who holds a post, for which area or road, from when to when (both included)."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="holdings")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="holdings")
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.CASCADE, related_name="post_holdings"
    )
    road = models.ForeignKey(
        Road, null=True, blank=True, on_delete=models.CASCADE, related_name="post_holdings"
    )
    starts_on = models.DateField(_("起"), null=True, blank=True)
    ends_on = models.DateField(_("止"), null=True, blank=True)

    objects = InForce.as_manager()

    class Meta:
        verbose_name = _("任职")

    def __str__(self) -> str:
        return f"{self.user} {self.post}"


class Duty(models.Model):
    """Which department answers for a topic in an area, through which post or person, from when to when."""

    topic = models.CharField(_("事项"), max_length=40)  # a topic's code; a duty covers its children too
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="duties")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="duties")
    post = models.ForeignKey(Post, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="duties")
    starts_on = models.DateField(_("起"), null=True, blank=True)
    ends_on = models.DateField(_("止"), null=True, blank=True)

    objects = InForce.as_manager()

    class Meta:
        verbose_name = _("职责")
        indexes: ClassVar = [models.Index(fields=["topic", "area"], name="duty_topic_area")]

    def __str__(self) -> str:
        return f"{self.area} {self.topic} {self.department}"


class Roster(Titled):
    """A post that has to be manned: where, for whom, on which days and in which shifts (`people.rosters.rules`)."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    department = models.ForeignKey(
        Department,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="rosters",
        verbose_name=_("负责单位"),
    )
    area = models.ForeignKey(
        Area, null=True, blank=True, on_delete=models.PROTECT, related_name="rosters", verbose_name=_("区域")
    )
    topics = models.JSONField(_("事项"), default=list)  # codes of the topics it answers for
    phone = models.CharField(_("值班电话"), max_length=30, blank=True)
    rules = models.JSONField(default=dict)  # days, season, shifts, eligible ... as the pack declares them
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("值班岗")
        ordering = ("code",)


class Shift(models.Model):
    """One turn of a roster. Its times and how many people it wants are those of the day on which it was drawn up."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("未到岗")
        FILLED = "filled", _("在岗")
        HANDED_OVER = "handed-over", _("已交班")
        MISSED = "missed", _("空岗")

    roster = models.ForeignKey(
        Roster, on_delete=models.PROTECT, related_name="shifts", verbose_name=_("值班岗")
    )
    code = models.CharField(max_length=20)  # which of the roster's shifts: day, night ...
    title = models.CharField(_("班次"), max_length=60)
    on = models.DateField(_("日期"))  # the day on which it starts; a night shift ends on the next
    starts_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    wanted = models.PositiveSmallIntegerField(_("应到"), default=1)
    arrived = models.PositiveSmallIntegerField(_("实到"), default=0)
    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.SCHEDULED)
    missed_at = models.DateTimeField(null=True)  # nobody had come in time; stays when somebody comes late

    class Meta:
        verbose_name = _("班次")
        ordering = ("starts_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["roster", "on", "code"], name="shift_once"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["starts_at"], name="shift_scheduled", condition=Q(state="scheduled")),
            models.Index(fields=["starts_at", "ends_at"], name="shift_times"),
        ]

    def __str__(self) -> str:
        return f"{self.on:%m-%d} {self.title}"


class Turn(models.Model):
    """One person of a shift: planned, and come or not."""

    shift = models.ForeignKey(Shift, on_delete=models.CASCADE, related_name="turns")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="turns", verbose_name=_("值班人"))
    arrived_at = models.DateTimeField(_("到岗"), null=True)
    late_minutes = models.PositiveSmallIntegerField(_("迟到（分钟）"), default=0)
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    stands_in = models.BooleanField(_("替班"), default=False)  # was not on the plan: took it when it began

    class Meta:
        verbose_name = _("值班")
        ordering = ("pk",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["shift", "user"], name="turn_once")]

    def __str__(self) -> str:
        return f"{self.shift_id} {self.user}"


class Handover(models.Model):
    """What one shift leaves to the next (交接班): it waits until somebody accepts it, or refuses with a reason."""

    class State(models.TextChoices):
        WAITING = "waiting", _("未接班")
        ACCEPTED = "accepted", _("已接班")
        REFUSED = "refused", _("退回补充")

    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="handovers")
    to = models.ForeignKey(
        Shift, null=True, on_delete=models.PROTECT, related_name="received"
    )  # None: to the head
    notes = models.TextField(_("交班情况"), blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="handovers", verbose_name=_("交班人"))
    at = models.DateTimeField(_("交班时间"))
    answered_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("接班人")
    )
    answered_at = models.DateTimeField(_("接班时间"), null=True)
    reason = models.CharField(_("退回理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("交接班")
        ordering = ("-at", "-pk")
        constraints: ClassVar = [
            # One that waits or was accepted at a time; after a refusal the shift hands over again.
            models.UniqueConstraint(fields=["shift"], name="handover_once", condition=~Q(state="refused"))
        ]
        indexes: ClassVar = [
            models.Index(fields=["at"], name="handover_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.shift} {self.get_state_display()}"


class HandoverItem(models.Model):
    """One piece of open work that is handed over, with a note; a marked one has to be acknowledged."""

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=20)  # which floor knows it: case
    key = models.CharField(max_length=60)  # its number there
    title = models.CharField(_("事项"), max_length=200)
    due_at = models.DateTimeField(_("截止"), null=True)
    note = models.CharField(_("交代"), max_length=300, blank=True)
    marked = models.BooleanField(_("须确认"), default=False)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("交接事项")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.key} {self.title}"
