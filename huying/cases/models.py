"""The loop's tables: what is declared (ledgers, categories, topics), the case, and what happens to it.

A `Report` is one person's words; a `Case` is the matter; many reports can join one case. Models answer
questions about one row; `actions` change things.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from huying.cases.ledger import LedgerRules
from huying.core.fields import DeclarationField
from huying.core.language import is_english
from huying.core.models import StoredFile
from huying.people.models import Department, User
from huying.places.clock import TimeLimit, parse_limit
from huying.places.models import Area, Titled
from huying.registry.models import Item


class Channel(models.TextChoices):
    """How a matter came in."""

    HOTLINE = "hotline", _("12345热线")
    PORTAL = "portal", _("网上")
    NETIZEN = "netizen", _("网民留言")
    VISIT = "visit", _("来访走访")
    PHONE = "phone", _("来电")
    FIELD = "field", _("网格巡查")
    INSPECTION = "inspection", _("督查检查")
    DESK = "desk", _("部门录入")
    IMPORT = "import", _("批量导入")
    API = "api", _("接口")
    OPEN311 = "open311", _("Open311")


class Topic(Titled):
    """What people ask about (heating, roads, noise ...), a tree of two levels with suggestion words."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    limit = models.CharField(_("时限"), max_length=40)
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    keywords = models.JSONField(default=list)
    weak_keywords = models.JSONField(default=list)
    private = models.BooleanField(_("涉个人隐私"), default=False)  # never listed in public

    class Meta:
        verbose_name = _("事项")
        ordering = ("code",)

    @property
    def chain(self) -> list[str]:
        """This topic's code and its parent's: a duty for the parent covers the child."""
        return [self.code, self.parent.code] if self.parent else [self.code]


class Ledger(Titled):
    """A ledger (台账) as the pack declares it; `rules` is the declaration, read."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    declaration = DeclarationField()
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("台账")
        ordering = ("code",)

    @cached_property
    def rules(self) -> LedgerRules:
        return LedgerRules.from_declaration(self.declaration)


class Category(Titled):
    """What a case of a ledger can be about, with its time limit and the department of last resort."""

    class Kind(models.TextChoices):
        COMPONENT = "component", _("部件")
        EVENT = "event", _("事件")
        TOPIC = "topic", _("诉求")

    ledger = models.ForeignKey(Ledger, on_delete=models.PROTECT, related_name="categories")
    code = models.CharField(_("代码"), max_length=40)
    kind = models.CharField(_("类型"), max_length=12, choices=Kind, default=Kind.TOPIC)
    standard_code = models.CharField(_("标准代码"), max_length=12, blank=True)  # GB/T 30428 class + condition
    condition = models.CharField(_("立案条件"), max_length=200, blank=True)
    closing = models.CharField(_("结案条件"), max_length=200, blank=True)
    topic = models.ForeignKey(
        Topic, null=True, blank=True, on_delete=models.PROTECT, related_name="categories"
    )
    limit = models.CharField(_("时限"), max_length=40)
    department = models.ForeignKey(
        Department, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    keywords = models.JSONField(default=list)
    urgent = models.BooleanField(_("紧急"), default=False)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("类别")
        ordering = ("ledger", "code")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ledger", "code"], name="category_code_in_ledger")
        ]

    @property
    def time_limit(self) -> TimeLimit:
        return parse_limit(self.limit)

    @property
    def limit_words(self) -> str:
        """The limit in the reader's language."""
        return str(self.time_limit) if is_english() else self.time_limit.zh


class Status(models.TextChoices):
    """Where a case stands in the loop. The allowed moves are in `workflow.STEPS`."""

    REPORTED = "reported", _("待受理")
    FILED = "filed", _("待派遣")
    DISPATCHED = "dispatched", _("待签收")
    HANDLING = "handling", _("处置中")
    HANDLED = "handled", _("待核查")
    CHECKED = "checked", _("待结案")
    CLOSED = "closed", _("已结案")
    DECLINED = "declined", pgettext_lazy("status", "不予受理")
    MERGED = "merged", _("已并单")
    VOIDED = "voided", _("已作废")


OPEN = (
    Status.REPORTED,
    Status.FILED,
    Status.DISPATCHED,
    Status.HANDLING,
    Status.HANDLED,
    Status.CHECKED,
)
WITH_DEPARTMENT = (Status.DISPATCHED, Status.HANDLING)  # the handling clock runs


class CaseQuerySet(models.QuerySet["Case"]):
    """The questions that lists and figures ask, named once."""

    def open(self) -> CaseQuerySet:
        return self.filter(status__in=OPEN)

    def running(self) -> CaseQuerySet:
        """With a department and on the clock."""
        return self.filter(status__in=WITH_DEPARTMENT, parked_at__isnull=True)

    def overdue_now(self, at: dt.datetime | None = None) -> CaseQuerySet:
        return self.running().filter(due_at__lt=at or timezone.now())

    def near_deadline(self, at: dt.datetime | None = None) -> CaseQuerySet:
        """Not yet overdue, but the ladder's first rung (remind) has been climbed."""
        return self.running().filter(due_at__gte=at or timezone.now(), reminded=True)

    def accepted(self) -> CaseQuerySet:
        """Taken on: everything that was not declined, merged away or voided."""
        return self.exclude(status__in=(Status.DECLINED, Status.MERGED, Status.VOIDED))

    def public(self) -> CaseQuerySet:
        """What residents may see of other people's matters."""
        return self.filter(public=True).exclude(status__in=(Status.DECLINED, Status.MERGED, Status.VOIDED))


class Case(models.Model):
    """One matter on its way through the loop."""

    number = models.CharField(_("编号"), max_length=24, unique=True)
    ledger = models.ForeignKey(Ledger, on_delete=models.PROTECT, related_name="cases", verbose_name=_("台账"))
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="cases", verbose_name=_("类别")
    )
    topic = models.ForeignKey(
        Topic, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("事项")
    )
    status = models.CharField(_("状态"), max_length=12, choices=Status, default=Status.REPORTED)
    # Counts every change: an action claims the row by the version that it has read.
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(_("标题"), max_length=120)
    words = models.TextField(_("内容"), blank=True)
    channel = models.CharField(_("渠道"), max_length=12, choices=Channel)
    search_text = models.TextField(blank=True, editable=False)
    search = SearchVectorField(null=True, editable=False)

    # Where. `area` is the smallest area around the point; `area_path` repeats its path for subtree filters.
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    address = models.CharField(_("地点"), max_length=160, blank=True)
    area = models.ForeignKey(
        Area, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("网格")
    )
    area_path = models.CharField(max_length=200, blank=True)
    subdistrict = models.ForeignKey(
        Area, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("街道")
    )
    compound = models.ForeignKey(
        Area, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("小区")
    )
    item = models.ForeignKey(
        Item, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("物件")
    )

    # Who has it, and the sentence that says why.
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("责任单位")
    )
    handler = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("承办人")
    )
    why = models.CharField(_("派遣依据"), max_length=300, blank=True)
    needs_arbitration = models.BooleanField(_("待裁定"), default=False)

    # When. The limit is a copy of what applied when the clock began.
    reported_at = models.DateTimeField(_("上报时间"))
    filed_at = models.DateTimeField(_("受理时间"), null=True)
    dispatched_at = models.DateTimeField(_("派遣时间"), null=True)
    taken_up_at = models.DateTimeField(_("签收时间"), null=True)
    handled_at = models.DateTimeField(_("处置时间"), null=True)
    checked_at = models.DateTimeField(_("核查时间"), null=True)
    closed_at = models.DateTimeField(_("结案时间"), null=True)
    limit = models.CharField(_("处置时限"), max_length=40, blank=True)
    clock_started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("截止时间"), null=True)
    due_provisional = models.BooleanField(default=False)  # crosses into a year without a published calendar
    parked_at = models.DateTimeField(_("挂账时间"), null=True)
    left_when_stopped = models.DurationField(null=True)  # clock time that was left when the clock stopped

    # The ladder. Only cases with a `next_rung_at` cost the ladder job anything.
    next_rung = models.PositiveSmallIntegerField(default=0)
    next_rung_at = models.DateTimeField(null=True)
    reminded = models.BooleanField(default=False)
    colour = models.CharField(_("督办颜色"), max_length=8, blank=True)
    listed_at = models.DateTimeField(_("列入通报"), null=True)

    # Counted as loudly as closed.
    overdue = models.BooleanField(_("曾超期"), default=False)  # a fact for ever
    exempt = models.BooleanField(_("申诉通过"), default=False)  # leaves the score, not the record
    excluded = models.BooleanField(_("不计入评价"), default=False)
    urges = models.PositiveSmallIntegerField(_("催办"), default=0)
    returns = models.PositiveSmallIntegerField(_("退单"), default=0)
    hops = models.PositiveSmallIntegerField(_("流转"), default=0)
    extensions = models.PositiveSmallIntegerField(_("延期"), default=0)
    parkings = models.PositiveSmallIntegerField(_("挂账"), default=0)
    reworks = models.PositiveSmallIntegerField(_("返工"), default=0)
    reopenings = models.PositiveSmallIntegerField(_("重办"), default=0)
    unsolved = models.PositiveSmallIntegerField(_("反映未解决"), default=0)
    reports_count = models.PositiveSmallIntegerField(_("诉求数"), default=1)

    # What was done.
    answer = models.TextField(_("处置结果"), blank=True)
    handling = models.JSONField(default=dict)  # values of the ledger's handling form
    handled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.TextField(_("办理计划"), blank=True)  # for long-running matters
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_cases")
    public = models.BooleanField(_("公开"), default=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("案件")
        ordering = ("-reported_at", "-id")
        indexes: ClassVar = [
            # Queues look only at open cases, which stay few while closed ones pile up.
            # With what late cases are counted by, so that the cockpit needs no look at the rows themselves.
            models.Index(
                fields=["status", "due_at"],
                name="case_open_queue",
                condition=Q(status__in=[s.value for s in OPEN]),
                include=[
                    "reported_at",
                    "parked_at",
                    "exempt",
                    "ledger",
                    "topic",
                    "subdistrict",
                    "department",
                    "area",
                    "area_path",
                    "id",
                ],
            ),
            models.Index(
                fields=["department", "due_at"],
                name="case_open_department",
                condition=Q(status__in=[s.value for s in OPEN]),
            ),
            # The queue's filters and the numbers on its tabs, from the open cases' index alone.
            models.Index(
                fields=["topic", "area_path", "ledger"],
                name="case_open_filters",
                opclasses=["int8_ops", "varchar_pattern_ops", "int8_ops"],
                condition=Q(status__in=[s.value for s in OPEN]),
                include=[
                    "status",
                    "due_at",
                    "parked_at",
                    "reminded",
                    "needs_arbitration",
                    "reported_at",
                    "department",
                    "id",
                ],
            ),
            models.Index(fields=["next_rung_at"], name="case_rung", condition=Q(next_rung_at__isnull=False)),
            models.Index(fields=["-reported_at", "-id"], name="case_newest"),
            # What the cockpit counts of a period stands in the index: 80,000 rows without touching the table.
            models.Index(
                fields=["reported_at"],
                name="case_counted",
                include=[
                    "id",
                    "ledger",
                    "topic",
                    "subdistrict",
                    "department",
                    "status",
                    "due_at",
                    "handled_at",
                    "dispatched_at",
                    "parked_at",
                    "overdue",
                    "exempt",
                    "excluded",
                    "returns",
                    "reopenings",
                ],
            ),
            models.Index(fields=["area_path"], name="case_area_path", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["closed_at"], name="case_closed_at", condition=Q(closed_at__isnull=False)),
            models.Index(fields=["ledger", "-reported_at"], name="case_ledger_newest"),
            models.Index(fields=["department", "-reported_at"], name="case_department_newest"),
            models.Index(fields=["lat", "lng"], name="case_place"),
            models.Index(fields=["due_at"], name="case_provisional", condition=Q(due_provisional=True)),
            # What the public list, map and month's numbers count, without a look at the rows themselves.
            models.Index(
                fields=["-reported_at", "-id"],
                name="case_public",
                condition=Q(public=True),
                include=["lng", "lat", "ledger", "topic", "subdistrict", "status"],
            ),
            GinIndex(fields=["search"], name="case_search"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def rules(self) -> LedgerRules:
        """The rules of the ledger that the case is on."""
        return self.ledger.rules

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_running(self) -> bool:
        """Whether the handling clock runs."""
        return self.status in WITH_DEPARTMENT and self.parked_at is None

    def is_overdue(self, at: dt.datetime | None = None) -> bool:
        """Whether the handling limit has passed without the handling being reported."""
        if self.due_at is None:
            return False
        if self.is_running:
            return (at or timezone.now()) > self.due_at
        return self.overdue

    def reopen_until(self) -> dt.datetime | None:
        """Until when a reporter may ask to reopen; None when not closed."""
        if self.closed_at is None or self.status != Status.CLOSED:
            return None
        return self.closed_at + self.rules.reopen_within


def new_token() -> str:
    """The secret part of a reporter's tracking link: 128 bits."""
    return secrets.token_urlsafe(16)


# Who acted, in the journal, where a reporter did: never a name.
REPORTER = gettext_noop("反映人")


class TellBy(models.TextChoices):
    """How a reporter wants to hear; the page is always there. Empty: nobody asked them."""

    SMS = "sms", _("短信")
    EMAIL = "email", _("电子邮件")
    PAGE = "page", _("只在查询页上看")


class Report(models.Model):
    """One person's words, photos, place and contact. Stays its reporter's own when cases are merged."""

    number = models.CharField(_("诉求编号"), max_length=24, unique=True)
    token = models.CharField(max_length=32, default=new_token, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reports")
    channel = models.CharField(_("渠道"), max_length=12, choices=Channel)
    words = models.TextField(_("内容"))
    fields = models.JSONField(default=dict)  # values of the ledger's own fields
    lng = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    address = models.CharField(_("地点"), max_length=160, blank=True)
    name = models.CharField(_("姓名"), max_length=60, blank=True)
    phone = models.CharField(_("电话"), max_length=30, blank=True, db_index=True)
    followed = models.BooleanField(_("跟随已有案件"), default=False)
    reported_at = models.DateTimeField(_("上报时间"))
    reported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="reports")
    external_number = models.CharField(_("外部编号"), max_length=60, blank=True, db_index=True)
    client_id = models.UUIDField(null=True, unique=True)  # a repeated submission of one form is one report
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True)
    email = models.EmailField(_("邮箱"), blank=True, default="", db_default="")
    tell_by = models.CharField(
        _("怎么告诉您"), max_length=8, choices=TellBy, blank=True, default="", db_default=""
    )
    # Name, phone, e-mail and private fields were deleted when they had served their purpose.
    contact_forgotten = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("诉求")
        ordering = ("reported_at", "id")
        indexes: ClassVar = [
            models.Index(
                fields=["reported_at"], name="report_with_contact", condition=Q(contact_forgotten=False)
            )
        ]

    def __str__(self) -> str:
        return self.number


class CaseFile(models.Model):
    """A photo or document of a case, and what it shows."""

    class Role(models.TextChoices):
        REPORTED = "reported", _("反映")
        BEFORE = "before", _("处置前")
        AFTER = "after", _("处置后")
        CHECKED = "checked", _("核查")
        NOTED = "noted", _("现场补充")
        DOCUMENT = "document", _("附件")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="files")
    report = models.ForeignKey(Report, null=True, on_delete=models.CASCADE, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=Role)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("案件文件")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.case_id} {self.role}"


class Assistance(models.Model):
    """A department that helps the lead department with a joint case (协办)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="assistances")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="assistances")
    task = models.CharField(_("协办内容"), max_length=300)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    result = models.CharField(_("协办结果"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("协办")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "department"], name="assistance_once")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.department}"


class Request(models.Model):
    """Something asked about a case that others must approve. Kept with who, when and why."""

    class State(models.TextChoices):
        ASKED = "asked", _("待审批")
        FIRST_APPROVED = "first-approved", _("待二级审批")
        GRANTED = "granted", _("已同意")
        REFUSED = "refused", _("未同意")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="%(class)s_requests")
    state = models.CharField(_("状态"), max_length=16, choices=State, default=State.ASKED)
    reason = models.CharField(_("理由"), max_length=500)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    first_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(_("审批意见"), max_length=500, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.case_id} {self.state}"


class Extension(Request):
    """More time, once the original limit each, by two approvals."""

    old_due_at = models.DateTimeField()
    new_due_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("延期申请")


class Parking(Request):
    """The clock stops until a date (挂账), for a matter that can't be finished now."""

    until = models.DateField(_("预计恢复日期"))
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("挂账申请")


class Appeal(Request):
    """An overdue case's department asks to be left out of the score; the fact stays on record."""

    class Meta:
        verbose_name = _("超期申诉")
        constraints: ClassVar = [models.UniqueConstraint(fields=["case"], name="appeal_once")]


class Exclusion(Request):
    """A case proposed to be left out of satisfaction rates; needs a second person's review."""

    class Meta:
        verbose_name = _("剔除申请")
        constraints: ClassVar = [models.UniqueConstraint(fields=["case"], name="exclusion_once")]


class CaseReturn(models.Model):
    """A department gave the case back (退单). Nothing already entered is cleared."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="case_returns")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("退单理由"), max_length=500)
    suggested = models.ForeignKey(Department, null=True, on_delete=models.PROTECT, related_name="+")
    returned_at = models.DateTimeField()
    returned_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("退单")
        ordering = ("returned_at",)

    def __str__(self) -> str:
        return f"{self.case_id} {self.department}"


class Check(models.Model):
    """Somebody other than the handler looked whether it is done."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="checks")
    passed = models.BooleanField(_("通过"))
    words = models.CharField(_("核查意见"), max_length=500, blank=True)
    refusals = models.JSONField(default=dict)  # answers to the five refusals, where the ledger asks them
    checked_at = models.DateTimeField()
    checked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("核查")
        ordering = ("checked_at",)

    def __str__(self) -> str:
        return f"{self.case_id} {self.passed}"


class Callback(models.Model):
    """What one reporter said after closing: contacted? solved? satisfied?"""

    class Grade(models.IntegerChoices):
        VERY_SATISFIED = 5, _("非常满意")
        SATISFIED = 4, _("满意")
        FAIR = 3, _("基本满意")
        DISSATISFIED = 2, _("不满意")
        VERY_DISSATISFIED = 1, _("非常不满意")

    SATISFIED_FROM: ClassVar[int] = 3

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="callbacks")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="callbacks")
    answered = models.BooleanField(_("联系上"))
    contacted = models.BooleanField(_("承办单位联系过"), null=True)
    solved = models.BooleanField(_("已解决"), null=True)
    grade = models.PositiveSmallIntegerField(_("满意度"), choices=Grade, null=True)
    words = models.CharField(_("意见"), max_length=500, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+"
    )  # None: the reporter

    class Meta:
        verbose_name = _("回访")
        ordering = ("recorded_at",)
        indexes: ClassVar = [
            models.Index(fields=["recorded_at"], name="callback_recorded_at"),
            # The answers of a case, and whether a reporter answered again later: both from the index alone.
            models.Index(
                fields=["case"],
                name="callback_of_case",
                include=["report", "id", "solved", "grade", "contacted"],
                condition=Q(answered=True),
            ),
            models.Index(fields=["report", "id"], name="callback_later", condition=Q(answered=True)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.grade}"

    @property
    def satisfied(self) -> bool | None:
        return None if self.grade is None else self.grade >= self.SATISFIED_FROM


class LookBack(models.Model):
    """A seeded random sample of closed cases that are looked at again (回头看)."""

    title = models.CharField(_("名称"), max_length=120)
    ledger = models.ForeignKey(Ledger, null=True, on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey(Area, null=True, on_delete=models.PROTECT, related_name="+")
    closed_from = models.DateField(_("结案起"))
    closed_to = models.DateField(_("结案止"))
    seed = models.CharField(_("随机种子"), max_length=40)
    size = models.PositiveIntegerField(_("抽取数"))
    population = models.PositiveIntegerField(_("总数"))
    drawn_at = models.DateTimeField()
    drawn_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("回头看")
        ordering = ("-drawn_at",)

    def __str__(self) -> str:
        return self.title


class LookBackTask(models.Model):
    """One sampled case to look at again; a failed one reopens."""

    look_back = models.ForeignKey(LookBack, on_delete=models.CASCADE, related_name="tasks")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="look_back_tasks")
    passed = models.BooleanField(null=True)
    words = models.CharField(_("情况"), max_length=500, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("回头看任务")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["look_back", "case"], name="look_back_case_once")
        ]

    def __str__(self) -> str:
        return f"{self.look_back_id} {self.case_id}"


class Notice(models.Model):
    """Something said to a person, a department or a reporter about a case. One recipient each."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="notices")
    department = models.ForeignKey(Department, null=True, on_delete=models.CASCADE, related_name="notices")
    report = models.ForeignKey(Report, null=True, on_delete=models.CASCADE, related_name="notices")
    code = models.CharField(max_length=48)  # the journal code that caused it
    words = models.CharField(max_length=500)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("通知")
        ordering = ("-sent_at",)
        indexes: ClassVar = [
            models.Index(fields=["user", "-sent_at"], name="notice_user", condition=Q(user__isnull=False)),
            models.Index(
                fields=["department", "-sent_at"],
                name="notice_department",
                condition=Q(department__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.words


class ContactReveal(models.Model):
    """Somebody asked to see a reporter's name and phone, and said why."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="reveals")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("理由"), max_length=200)
    revealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("个人信息查看记录")

    def __str__(self) -> str:
        return f"{self.user} {self.report_id}"


class SyncReceipt(models.Model):
    """A form of a phone's outbox that has arrived: sent again, it gets this outcome and does nothing."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    outcome = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("收件回执")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "client_id"], name="sync_receipt_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.client_id}"


class HistoryBatch(models.Model):
    """A batch of past cases that is in: the same load started again passes over it."""

    load = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    cases = models.PositiveIntegerField()
    loaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("历史批次")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["load", "number"], name="history_batch_once")
        ]

    def __str__(self) -> str:
        return f"{self.load} {self.number}"


class Meeting(models.Model):
    """A meeting about one topic on one day (供暖专班会 ...): who came, what was said; decisions are cases."""

    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="meetings")
    held_at = models.DateTimeField(_("时间"))
    chair = models.CharField(_("主持"), max_length=60)
    attendees = models.CharField(_("参加"), max_length=500)
    minutes = models.TextField(_("会议记录"))
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField(null=True, unique=True)

    class Meta:
        verbose_name = _("专班会")
        ordering = ("-held_at",)

    def __str__(self) -> str:
        return f"{self.topic} {self.held_at:%Y-%m-%d}"


class Decision(models.Model):
    """What a meeting decided: a case of its own, with a department and a deadline."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="decisions")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="decision")

    class Meta:
        verbose_name = _("会议决定")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.meeting_id} {self.case_id}"


# The tables of the tallies belong to this app.
from huying.cases.tallies import models as _tallies  # noqa: E402, F401
