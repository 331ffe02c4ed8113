"""The present day, by the real actions: so that clocks, notices, letters and stories are what they will be in use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from huying.cases import actions, ladder
from huying.cases.actions import Intake
from huying.cases.demonstration.people import resident
from huying.cases.demonstration.places import Place
from huying.cases.demonstration.year import Year
from huying.cases.models import (
    WITH_DEPARTMENT,
    Callback,
    Case,
    Category,
    Channel,
    Ledger,
    Report,
    Request,
    Status,
)
from huying.cases.suggest import responsible_for
from huying.core.errors import Refusal
from huying.core.models import StoredFile
from huying.people.models import Department, User

# Where the people of the demonstration logins work: each finds something to do on the first page.
_HOME_OF_THE_STORY = "东城国际小区4号楼"
_MORE_REPORTS = 60


class Present:
    """Takes the loaded open cases some steps on, and lets new ones come in."""

    def __init__(self, year: Year) -> None:
        self.year, self.life, self.people = year, year.life, year.people
        self.draw = year.draw("present")
        self.now = timezone.now()
        self.dispatcher = self.people.by_role["dispatcher"][0]
        self.checker = self.people.by_role["checker"][0]
        self.made = self.refused = 0

    def live(self) -> None:
        """A morning's work of everybody."""
        self.new_reports()
        self.same_again()
        self.dispatching()
        self.returning()
        self.handling()
        self.asking_for_time()
        self.checking()
        ladder.climb_due_rungs()
        self.supervising()
        self.following_up()
        self.looking_back()

    def do(self, action: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One action; where the loop refuses it, the demonstration goes on without."""
        try:
            result = action(*given, **named)
        except Refusal:
            self.refused += 1
            return None
        self.made += 1
        return result

    # -- new today

    def new_reports(self) -> None:
        story = self.life.places.at_home(_HOME_OF_THE_STORY)
        for code, channel, topic, place in (
            ("heating", "portal", "heating-cold", story),
            ("heating", "hotline", "heating-leak", story),
            ("hotline", "hotline", "property-corridor", story),
            ("snapshot", "portal", "covers-broken", story),
            ("grid-finding", "field", "sanitation-litter", story),
            ("hotline", "hotline", "noise-shop", None),
            ("hotline", "hotline", "water-pressure", None),
            ("hotline", "hotline", "parking-compound", None),
            ("hotline", "hotline", "roads-pothole", None),
            ("minhu", "portal", "housing-deed", None),
            ("minhu", "netizen", "transport-bus", None),
            ("minhu", "portal", "education-fee", None),
            ("snapshot", "portal", "lighting-out", None),
            ("snapshot", "portal", "sanitation-litter", None),
            ("snapshot", "field", "street-order-stall", None),
            ("snapshot", "portal", "roads-pothole", None),
            ("grid-finding", "field", "lighting-out", None),
            ("grid-finding", "field", "public-safety-fire", None),
        ):
            self.report(code, channel, topic, place)
        for _ in range(_MORE_REPORTS):
            code = self.draw.choices(("hotline", "minhu", "snapshot", "grid-finding"), (6, 2, 3, 2))[0]
            channel = {
                "hotline": "hotline",
                "minhu": "portal",
                "snapshot": "portal",
                "grid-finding": "field",
            }[code]
            topics = self.year.texts.topics(channel)
            topic = self.draw.choices(list(topics), list(topics.values()))[0]
            self.report(code, channel, topic, None)

    def report(self, code: str, channel: str, topic: str, place: Place | None) -> Report | None:
        ledger = self.year.ledgers.get(code)
        if ledger is None or not ledger.rules.in_season(timezone.localdate(self.now)):
            return None
        category = self._category(ledger, topic)
        if category is None or category.topic is None:
            return None
        draw, texts = self.draw, self.year.texts
        text = texts.report(draw, category.topic.code, channel)
        place = place or self.life.places.draw(draw, text.slots)
        names = {**self.life.places.draw(draw, {"road", "crossing"}).names, **place.names}
        name, phone = resident(draw)
        photos: tuple[StoredFile, ...] = ()
        if ledger.rules.public_photos != "none":
            photos = (self.life.pictures.before(self.year.roots[category.topic.code], draw),)
        staff = {
            "hotline": self.people.by_role["agent"][0], "field": self.people.grid_worker(draw, place),
        }.get(channel)  # fmt: skip
        found: Report | None = self.do(
            actions.receive_report,
            Intake(
                ledger=ledger, category=category, channel=Channel(channel),
                title=texts.filled(draw, text.title, names)[:60], words=texts.filled(draw, text.words, names),
                lng=place.lng, lat=place.lat, address=place.address, name=name, phone=phone, photos=photos,
                fields=self.life._fields(draw, ledger, channel, self.now), reported_by=staff,
            ),
        )  # fmt: skip
        return found

    def _category(self, ledger: Ledger, topic: str) -> Category | None:
        among = self.year.categories(ledger)
        for wanted in (topic, self.year.roots.get(topic, topic)):
            for category in among:
                if category.topic and wanted in (category.topic.code, self.year.roots[category.topic.code]):
                    return category
        return None

    def same_again(self) -> None:
        """The same matter from other people: some follow the known case, some are merged at the desk."""
        cases = self._open("hotline", Status.FILED, Status.REPORTED)[:6]
        for number, case in enumerate(cases):
            first = case.reports.first()
            if first is None or case.lng is None or case.lat is None:
                continue
            name, phone = resident(self.draw)
            again = Intake(
                ledger=case.ledger, category=case.category, channel=Channel.HOTLINE, words=first.words,
                title=case.title, lng=case.lng + 0.00008, lat=case.lat - 0.00005, address=case.address, name=name,
                phone=phone, fields=first.fields, reported_by=self.people.by_role["agent"][0],
                follows=case if number % 2 else None,
            )  # fmt: skip
            report = self.do(actions.receive_report, again)
            if report is not None and not number % 2 and number < 4:
                self.do(
                    actions.merge_cases, Case.objects.get(pk=case.pk), [report.case], actor=self.dispatcher,
                    reason="地点、内容相同",
                )  # fmt: skip

    # -- the desks

    def _open(self, ledger: str, *statuses: Status) -> list[Case]:
        cases = Case.objects.filter(status__in=statuses, parked_at=None).select_related(
            "ledger", "category", "category__topic__parent", "topic__parent", "department", "handler", "item"
        )
        if ledger:
            cases = cases.filter(ledger__code=ledger)
        return list(cases.order_by("-reported_at", "-pk"))

    def dispatching(self) -> None:
        """File what has waited, dispatch most of it, with helpers for some."""
        for case in self._open("", Status.REPORTED)[14:40]:
            self.do(actions.file_case, case, actor=self.dispatcher)
        community = Department.objects.filter(kind=Department.Kind.COMMUNITY).order_by("code").first()
        for number, case in enumerate(self._open("", Status.FILED)[8:34]):
            found = responsible_for(case)
            if found.department is None:
                continue
            helpers = [(community, "配合联系住户、现场开门。")] if community and number % 4 == 0 else []
            self.do(
                actions.dispatch_case,
                case,
                department=found.department,
                actor=self.dispatcher,
                helpers=helpers,
            )

    def returning(self) -> None:
        """One case was returned once; two were returned as often as allowed and wait for the arbiter."""
        cases = [case for case in self._open("hotline", Status.DISPATCHED) if case.department][:3]
        for number, case in enumerate(cases):
            for times in range(2 if number else 1):
                if times:
                    self.do(
                        actions.dispatch_case, case, department=case.department, actor=self.dispatcher,
                        note="请再核对管养范围。",
                    )  # fmt: skip
                clerk = self._clerk(case)
                topic = case.topic.code if case.topic else "other"
                self.do(
                    actions.return_case, case, actor=clerk,
                    reason=self.year.texts.remark(self.draw, "returns", topic),
                )  # fmt: skip
                case = Case.objects.select_related("ledger", "category", "topic", "department").get(
                    pk=case.pk
                )

    def handling(self) -> None:
        """Departments take up, assign and report."""
        for case in self._open("", Status.DISPATCHED)[8:22]:
            self.do(actions.take_up_case, case, actor=self._clerk(case))
        waiting = self._open("", Status.HANDLING)
        for case in waiting[6:24]:
            if case.ledger.code == "legacy":
                continue
            text = self.year.texts.answer(self.draw, case.topic.code if case.topic else "other")
            names = dict.fromkeys(
                ("road", "crossing", "compound", "building", "village", "community"), case.address
            )
            words = self.year.texts.filled(self.draw, text.words, names)
            past: Any = case  # the form is made from the ledger only
            photos = [self.life.pictures.after(file.file) for file in case.files.select_related("file")]
            self.do(
                actions.report_handled, case, actor=case.handler or self._clerk(case), answer=words,
                handling=self.life._form(self.draw, past, text, self.now, words), photos=photos,
            )  # fmt: skip

    def _clerk(self, case: Case) -> User:
        assert case.department is not None
        return self.people.of(self.draw, "clerk", case.department)

    def asking_for_time(self) -> None:
        """Extensions at every stage of approval, matters that are parked, and one that is asked to be."""
        running = [
            case
            for case in self._open("", *WITH_DEPARTMENT)
            if case.due_at and case.due_at > self.now and case.ledger.code in ("hotline", "minhu", "legacy")
        ]
        remark = self.year.texts.remark
        for number, case in enumerate(running[:4]):
            topic = case.topic.code if case.topic else "other"
            asked = self.do(
                actions.ask_extension,
                case,
                actor=self._clerk(case),
                reason=remark(self.draw, "extensions", topic),
            )
            if asked and number >= 2:
                head = self.people.of(self.draw, "head", case.department)  # type: ignore[arg-type]
                self.do(actions.approve_extension, asked, actor=head, words="情况属实。")
                if number == 3 and asked.state == Request.State.FIRST_APPROVED:
                    asked = (
                        type(asked)
                        .objects.select_related("case__ledger", "case__department")
                        .get(pk=asked.pk)
                    )
                    self.do(actions.approve_extension, asked, actor=self.people.by_role["arbiter"][0])
        until = timezone.localdate(self.now) + dt.timedelta(days=60)
        for number, case in enumerate(running[4:8]):
            asked = self.do(
                actions.ask_parking, case, actor=self._clerk(case), until=until, reason="等待上级批复，近期无法施工。",
                plan="批复下来后十日内进场，由承办科室每半月联系一次。",
            )  # fmt: skip
            if asked and number < 3:
                self.do(actions.approve_parking, asked, actor=self.people.by_role["arbiter"][0])

    def checking(self) -> None:
        """Checks, a rework, strike-offs after a call back."""
        for number, case in enumerate(self._open("", Status.HANDLED)[3:11]):
            topic = case.topic.code if case.topic else "other"
            words = self.year.texts.remark(self.draw, "checks", topic, number != 2)
            if number == 2:
                self.do(actions.send_back_for_rework, case, actor=self.checker, reason=words)
            else:
                self.do(actions.check_case, case, actor=self.checker, words=words)
        for case in self._open("", Status.CHECKED)[3:9]:
            report = case.reports.filter(withdrawn_at=None).exclude(phone="").first()
            if report is not None and "called_back" in case.rules.gates.get("close", ()):
                self.do(
                    actions.record_callback, report, actor=self.people.by_role["callback"][0], contacted=True,
                    solved=True, grade=5, words="弄好了。",
                )  # fmt: skip
                case.refresh_from_db()
            self.do(actions.close_case, case, actor=self.dispatcher)

    def supervising(self) -> None:
        """A letter by hand, and an urge, on what is overdue."""
        supervisor = self.people.by_role["supervisor"][0]
        late = [case for case in self._open("", *WITH_DEPARTMENT) if case.is_overdue(self.now)]
        for case in late[:2]:
            self.do(actions.urge_case, case, actor=supervisor, words="请说明未办结的原因。")
        for case in late[2:3]:
            self.do(actions.supervise_case, case, actor=supervisor, colour="red", words="群众多次来电。")

    def following_up(self) -> None:
        """Residents who rate by themselves, one who asks to reopen, an appeal and an exclusion."""
        closed = Case.objects.filter(
            status=Status.CLOSED, callbacks=None, ledger__code="minhu"
        ).select_related("ledger")
        reports = [case.reports.first() for case in closed.order_by("-closed_at")[:4]]
        for number, report in enumerate(report for report in reports if report):
            solved = number != 1
            self.do(
                actions.record_callback, report, actor=None, contacted=True, solved=solved,
                grade=Callback.Grade.SATISFIED if solved else Callback.Grade.DISSATISFIED,
                words="" if solved else "当时好了两天，又成原来那样。",
            )  # fmt: skip
            if not solved:
                self.do(actions.ask_to_reopen, report, reason="当时好了两天，又成原来那样，请重办。")
        late = Case.objects.filter(
            status=Status.CLOSED, overdue=True, reported_at__gte=self.now - dt.timedelta(days=60)
        )
        for case in late.select_related("ledger", "department").order_by("-closed_at")[:2]:
            self.do(
                actions.appeal_overdue,
                case,
                actor=self._clerk(case),
                reason="连续降雨，当天无法施工，有照片为证。",
            )
        unhappy = Case.objects.filter(status=Status.CLOSED, unsolved__gt=0).select_related("ledger")
        for case in unhappy.order_by("-closed_at")[:1]:
            self.do(
                actions.ask_exclusion, case, actor=self.people.by_role["arbiter"][0],
                reason="诉求已由法院判决，超出办理范围。",
            )  # fmt: skip

    def looking_back(self) -> None:
        """A sample of last month's closed cases; some looked at, one found not done."""
        today = timezone.localdate(self.now)
        drawn = self.do(
            actions.draw_look_back, actor=self.people.by_role["supervisor"][0],
            closed_from=today - dt.timedelta(days=40), closed_to=today - dt.timedelta(days=3), size=12,
            seed=f"{today:%Y%m}", ledger=self.year.ledgers["hotline"],
        )  # fmt: skip
        if drawn is None:
            return
        for number, task in enumerate(drawn.tasks.order_by("pk")[:5]):
            self.do(
                actions.record_look_back, task, actor=self.people.by_role["supervisor"][0], passed=number != 3,
                words="现场看过，没有反复。" if number != 3 else "现场又出现了同样的问题，需要重办。",
            )  # fmt: skip
