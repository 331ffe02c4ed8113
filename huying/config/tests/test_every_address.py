"""Every address there is, walked: a page that is added tomorrow can't be forgotten here.

Rights, forged posts, reading that changes nothing, and nonsense in addresses and forms.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from huying.cases.actions import supervise_case
from huying.cases.models import Case, LookBack, LookBackTask, Report
from huying.cases.tests.conftest import Loop, fresh
from huying.cases.views.desk.verbs import VERBS
from huying.cases.views.field.photos import _seen, _told
from huying.community.models import Household, Promise, Visit
from huying.core.files import Seen
from huying.core.models import JournalEntry
from huying.core.testing import MiniDistrict, district, grant_role, hold, make_duty, make_post, make_user
from huying.figures.appraisals.models import Appraisal
from huying.figures.briefs.actions import start_brief
from huying.figures.briefs.models import Brief
from huying.figures.models import Figure
from huying.figures.points.models import PointScheme
from huying.figures.points.tests.conftest import RULES as POINT_RULES
from huying.figures.publishing import publish as publish_figure
from huying.figures.reports.models import MeetingPack
from huying.figures.statements.models import Statement, StatementSource
from huying.inspections.campaigns.models import Bulletin
from huying.inspections.campaigns.tests.conftest import make_drive
from huying.inspections.results.models import Measure
from huying.inspections.rounds.tests.conftest import make_drawn, make_night
from huying.integrations.forwarding.models import Forwarding, Partner, Route
from huying.integrations.open311.models import ApiKey
from huying.integrations.webhooks.models import Delivery as Push
from huying.integrations.webhooks.models import Subscriber
from huying.notices.models import Comment, Delivery, News, Robot
from huying.papers.drafting import start_draft
from huying.papers.models import MeetingDecision, Paper, PaperMeeting, PaperReceipt
from huying.people.models import Handover, Roster, Shift, Turn, User
from huying.people.roles import ROLES
from huying.registry.actions import add_item
from huying.registry.models import ItemsUpload, Register, VerificationRound
from huying.registry.tests.conftest import LAMPS
from huying.targets.programmes.models import Entry, Target
from huying.targets.programmes.tests.conftest import DECLARED, load
from huying.targets.projects.actions.meetings import call_meeting, decide
from huying.targets.projects.actions.paid import propose_grant, record_work
from huying.targets.projects.models import WarMap, WarMapItem
from huying.targets.projects.tests.conftest import make_site
from huying.targets.projects.tests.test_rules import MAP

__all__ = ["district"]

# What anybody may open. Whoever adds a name here says: this is for everyone on the internet.
PUBLIC = re.compile(
    r"portal:.*|notices:public-.*|places:.*|files:.*|core:.*|targets:(promises|public-programme)|people:(sign-in|sign-out|demo-sign-in)|:set_language|api:list_figures|api:openapi-json|:api-reference|open311:(?!keys|add-key|revoke-key).*"
    r"|:(account_login|mfa_authenticate|mfa_login_webauthn|openid_connect_login|openid_connect_callback)"
    r"|field:(worker-script|manifest)"  # the app itself, without anybody's data
)
# What everybody with an account may open, whatever their role.
SIGNED_IN = {
    ":account_reauthenticate", ":mfa_index", ":mfa_reauthenticate", ":mfa_activate_totp", ":mfa_deactivate_totp",
    ":mfa_view_recovery_codes", ":mfa_generate_recovery_codes", ":mfa_list_webauthn", ":mfa_add_webauthn",
    ":mfa_edit_webauthn", ":mfa_remove_webauthn", ":mfa_reauthenticate_webauthn",
    "people:tokens",
    "people:my-shifts", "people:my-shifts-calendar",
    "people:begin", "notices:preferences", "people:profile", "people:password", "api:me", "api:list_tokens",
    "api:create_token",
    "api:add_department",  # to read the list; adding one asks for its right
    "api:list_departments", "api:list_areas", "api:locate_point", "api:deadline",
}  # fmt: skip


ROSTER: dict[str, Any] = {
    "roles": ["clerk"],
    "shifts": [{"code": "day", "title": "日班", "from": "08:00", "to": "17:00", "people": 2}],
}
ROSTER_PAGES = (
    "roster", "roster-log", "assign-shift", "take-off-shift", "swap-shifts", "copy-week", "import-week",
)  # fmt: skip
SHIFT_PAGES = ("shift", "arrive", "hand-over")
HANDOVER_PAGES = ("handover", "accept-handover", "refuse-handover")
PAPER_DRAFT_PAGES = (
    "draft", "draft-save", "draft-preview", "draft-pdf", "draft-versions", "draft-restore", "draft-step",
    "draft-enclosures", "draft-take-back", "draft-attachment",
)  # fmt: skip
PAPER_MEETING_PAGES = ("meeting", "attendance", "minutes", "decide", "decision-done")
NEWS_PAGES = (
    "public-item", "public-comment", "public-file", "field-item", "item", "board", "edit", "publish", "withdraw",
    "remove-file", "judge",
)  # fmt: skip
ITEM_OPERATIONS = (
    "put_item_state", "add_photos_to_item", "read_item_private", "list_item_verifications", "verify_on_the_spot",
    "read_item", "patch_item",
)  # fmt: skip
BRIEF_PAGES = (
    "brief-run", "brief-preview", "brief-save", "brief-number", "brief-confirm", "brief-file", "paper-numbers",
    "brief-english",
)  # fmt: skip
APPRAISAL_PAGES = ("appraisal-decide", "appraisal-withdraw-entry", "appraisal-publish", "appraisal-appeal")
POINT_PAGES = ("points", "points-enter", "points-announce", "points-person", "points-redeem")
POINT_VERBS = (
    "points-decide-entry",
    "points-publish",
    "points-appeal",
    "points-decide-appeal",
    "points-take-back",
)
FIGURE_OPERATIONS = ("read_figure", "list_figure_groups", "list_figure_rows", "publish_one_figure")
PUBLISHED_PAGES = (
    "figures:published", "figures:published-qr", "api:read_published_figure", "api:list_published_rows",
    "api:recount_published_figure",
)  # fmt: skip
PROJECT_PAGES = (
    "project", "edit-project", "update-project", "correct-update", "judge-correction", "milestone", "strike-record",
    "do-project",
)  # fmt: skip
MEETING_PAGES = (
    "meeting", "write-meeting", "cancel-meeting", "decide-meeting", "finish-decision", "meeting-notice",
    "meeting-minutes",
)  # fmt: skip
TARGET_PAGES = (
    "target", "enter", "change-target", "close-target", "reopen-target", "import-entries", "empty-entries",
)  # fmt: skip
ENTRY_PAGES = (
    "entry", "edit-entry", "correct-entry", "approve-entry", "return-entry", "undo-approval", "withdraw-entry",
)  # fmt: skip
IMPORT_PAGES = ("register-import-look", "register-import-progress", "register-import-result")
ITEM_PAGES = ("item", "change-item", "item-state", "item-photos", "item-private", "item-file")


_MARKS = str.maketrans("", "", "^$\\")


@dataclass(frozen=True)
class Address:
    """One pattern of the URL resolver, with its route as a template."""

    name: str
    route: str

    def path(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(
            r"<(?:\w+:)?(\w+)>",
            lambda match: str(values.get(f"{self.name}/{match[1]}", values[match[1]])),
            # A regular expression (Open311's endings) is written as its groups.
            re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", re.sub(r"\(\?:[^)]*\)\?", "", self.route)).translate(
                _MARKS
            ),
        )


# How an address says no. The API asks for a token, and looks at what was sent before it looks at rights.
NO = (403, 404, 405)
API_NO = (*NO, 401, 415, 422)
# For machines that sign each message: what is not signed is not read.
SIGNED = {"hotline:orders"}


def refuses(one: Address, status: int) -> bool:
    return status in ((*API_NO, 400) if one.name in SIGNED else API_NO if one.name.startswith("api:") else NO)


def _walk(patterns: list[Any], prefix: str = "", namespace: str = "") -> Iterator[Address]:
    for one in patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, route, one.namespace or namespace)
        elif isinstance(one, URLPattern):
            yield Address(f"{namespace}:{one.name}", route)


ADDRESSES = list(_walk(get_resolver().url_patterns))
GUARDED = [one for one in ADDRESSES if not PUBLIC.fullmatch(one.name)]


WEBHOOK_PAGES = ("subscriber", "rotate", "test", "pause", "resume", "replay", "delivery")

WEBHOOK_OPERATIONS = (
    "read_subscriber", "pause_subscriber", "resume_subscriber", "rotate_secret", "send_test", "list_deliveries",
    "read_delivery", "replay_delivery",
)  # fmt: skip
# Reading a household's history, and taking a whole list out of the house, are meant to stand in the journal.
READ_ON_RECORD = {"community:household", "api:export_cases"}


@pytest.fixture
def loop(district: MiniDistrict) -> Loop:
    return Loop(district)


@pytest.fixture
def values(loop: Loop) -> dict[str, Any]:
    """What stands in the addresses: things that exist, so that no 404 hides an open door."""
    case = loop.handling(phone="13800001111", name="李小明")
    supervise_case(case, actor=loop.supervisor, colour="blue")
    report = Report.objects.get(case=case)
    district = loop.district
    news = News.objects.create(
        title="停水通知", body="**明天**停水", kind="consultation", area=district.root, confirm=True,
        publish_from=timezone.now(), published_at=timezone.now(),
    )  # fmt: skip
    comment = Comment.objects.create(news=news, words="改到周末", client_id=uuid.uuid4())
    robot = Robot.objects.create(
        title="值班群", channel="wecom", address="https://127.0.0.1:9/", area=district.root
    )
    delivery = Delivery.objects.create(
        code="case.urged", to_kind="robot", to_id=robot.pk, to_name="值班群", channel="wecom", words="催办"
    )
    hook = Subscriber.objects.create(
        title="市数据局", url="https://127.0.0.1:9/", owner=loop.dispatcher, secret="x"
    )
    pushed = Push.objects.create(
        subscriber=hook,
        case_id=case.pk,
        case_number=case.number,
        sequence=1,
        code="case.filed",
        at=timezone.now(),
    )
    home = Household.objects.create(
        address="3号楼201", area=district.grid_of("东苑社区"), area_path=district.grid_of("东苑社区").path
    )
    visit = Visit.objects.create(household=home, visited_at=timezone.now(), visitor=loop.clerk)
    promise = Promise.objects.create(visit=visit, words="再来看", due_on=timezone.localdate())
    partner = Partner.objects.create(
        title="供电公司", base_url="https://127.0.0.1:9/", department=district.urban, account=loop.clerk
    )
    forwarded = Forwarding.objects.create(
        partner=partner,
        case=case,
        service_code="lamp",
        made_at=timezone.now(),
        state="open",
        remote_id="1000",
    )
    route = Route.objects.create(partner=partner, category=case.category, service_code="lamp")
    grid = district.grid_of("东苑社区")
    look = LookBack.objects.create(
        title="回头看", closed_from="2026-01-01", closed_to="2026-01-31", seed="7", size=1, population=1,
        drawn_at=timezone.now(), drawn_by=loop.supervisor,
    )  # fmt: skip
    look_task = LookBackTask.objects.create(look_back=look, case=case)
    key = ApiKey.objects.create(title="应用", contact="王工", fingerprint="x" * 64, ending="xxxx")
    watch = Roster.objects.create(
        code="watch", title="值守", area=district.east, department=district.urban, rules=ROSTER
    )
    now = timezone.now()
    shift = Shift.objects.create(
        roster=watch, code="day", title="日班", on=timezone.localdate(), starts_at=now, state="handed-over",
        ends_at=now + timedelta(hours=9),
    )  # fmt: skip
    turn, other = (Turn.objects.create(shift=shift, user=user) for user in (loop.clerk, loop.colleague))
    handed = Handover.objects.create(shift=shift, by=loop.clerk, at=now)
    lamps = Register.objects.create(code="lamp", title="路灯", declaration=LAMPS)
    lamp = add_item(
        lamps, actor=None, values={"title": "1号灯", "lng": 113.3225, "lat": 33.715}, data={"kind": "单臂灯"}
    )
    walk = VerificationRound.objects.create(register=lamps, title="普查", starts_on=timezone.localdate())
    table = ItemsUpload.objects.create(
        register=lamps,
        name="灯.csv",
        columns=["编号"],
        lines=[[2, {"编号": "LD-0001"}, []]],
        uploaded_by=loop.clerk,
    )
    night = make_night(district)
    drawn = make_drawn(night)
    drive = make_drive(night)
    draft = Bulletin.objects.create(
        series=drive.series,
        title="通报",
        first_day="2026-01-05",
        last_day="2026-01-11",
        drafted_at=timezone.now(),
    )
    draft.lines.create(position=1, case=case, words="路灯不亮")
    measure = Measure.objects.create(
        kind="black plate", item=night.station, place_title="站", area_path=night.station.area_path,
        department=district.urban, reason="不达标", begun_at=timezone.now(),
    )  # fmt: skip
    counted = Figure.objects.create(
        code="lamps-counted",
        title="路灯",
        declaration={"figure": "lamps-counted", "title": "路灯", "of": "items"},
    )
    told = publish_figure(counted.code, actor=loop.supervisor)
    printed = Statement.objects.create(
        code="000-01", title="路灯", value=4, system="D5", figure=counted.code,
        source=StatementSource.objects.create(code="paper", title="报道"),
    )  # fmt: skip
    brief = Brief.objects.create(
        code="b", title="简报",
        declaration={"brief": "b", "title": "简报", "text": "都好。", "paper": "bulletin", "period": "2023"},
    )  # fmt: skip
    run = start_brief(brief, actor=None)
    parts = [{"code": "a", "title": "率", "figure": counted.code, "formula": "n"}]
    lit = Appraisal.objects.create(
        code="lit",
        title="考核",
        declaration={"appraisal": "lit", "title": "考核", "of": "department", "parts": parts},
    )
    worker = make_user("grid-worker", area=loop.district.east)
    points = PointScheme.objects.create(code="workers", title="积分", declaration=POINT_RULES)
    pack = MeetingPack.objects.create(title="例会", items=[], at=now, made_by=loop.supervisor)
    site = make_site(district)
    made = call_meeting(title="推进会", held_on=timezone.localdate(), actor=site.office)
    owner = district.streets["east"]
    decided = decide(made, words="盯住征迁扫尾", department=owner, due_on=None, actor=site.office)
    village = district.communities["东苑社区"]
    amounts = {"kind": "lane", "quantity": Decimal(1), "area": village, "actor": site.office}
    done = record_work(done_on=timezone.localdate(), **amounts)  # type: ignore[arg-type]
    grant = propose_grant(amount_wan=None, **amounts)  # type: ignore[arg-type]
    wall = WarMap.objects.create(code="m", title="图", declaration=MAP)
    task_due = timezone.localdate()
    WarMapItem.objects.create(
        code="m-a", war_map=wall, category="x", title="事", owner=owner, deadline=task_due
    )
    paper_draft = start_draft(
        "bulletin", title="通报", body="检查情况通报如下，请整改。", actor=loop.supervisor
    )
    notice = Paper.objects.get()
    meeting = PaperMeeting.objects.create(notice=notice, title="调度会")
    decided = MeetingDecision.objects.create(meeting=meeting, position=1, words="一周内换完")
    answered = PaperReceipt.objects.create(paper=notice, department=district.streets["east"]).replies.create(
        words="已经更换", at=now
    )
    load(DECLARED)
    progress = Entry.objects.create(
        target=Target.objects.get(code="livelihood/covers"), day="2023-06-30", amount=1, department=district.urban,
        entered_by=loop.clerk, entered_at=now, status="submitted",
    )  # fmt: skip
    return {
        "programme": "livelihood",
        **{f"api:{name}/code": "covers" for name in ("list_entries", "enter_target_progress")},
        **{f"targets:{name}/code": "covers" for name in TARGET_PAGES},
        **{f"targets:{name}/code": "livelihood" for name in ("programme", "public-programme")},
        **{f"targets:{name}/pk": progress.pk for name in ENTRY_PAGES},
        "figures:statement/code": printed.code,
        "figures:brief/code": brief.code, "api:list_brief_issues/code": brief.code, "suffix": "xlsx",
        **{f"figures:{name}/token": run.token for name in BRIEF_PAGES}, "api:read_brief_issue/token": run.token,
        **{f"figures:{name}/code": lit.code for name in ("appraisal", "appraisal-enter", "appraisal-announce")},
        "api:read_appraisal_table/code": lit.code, **{f"figures:{name}/pk": 1 for name in APPRAISAL_PAGES},
        **{f"figures:{name}/code": points.code for name in POINT_PAGES},
        **{f"figures:{name}/pk": worker.pk for name in ("points-person", "points-redeem")},
        **{f"figures:{name}/pk": 1 for name in POINT_VERBS},
        **{f"figures:{name}/token": pack.token for name in ("meeting-pack", "meeting-pack-file")},
        **{f"papers:{name}/pk": paper_draft.pk for name in PAPER_DRAFT_PAGES}, "step": "comment",
        "papers:draft-take-back/number": 1, "seen": 1, "attachment_pk": 1, "chart": "week",
        "cockpit:values/chart": "trend",
        **{f"papers:{name}/pk": meeting.pk for name in PAPER_MEETING_PAGES}, "decision_pk": decided.pk,
        "reply_pk": answered.pk, "reply_id": answered.pk, "api:move_draft/step": "submit",
        **{f"api:{name}/pk": paper_draft.pk for name in ("read_draft", "save_draft", "move_draft")},
        **{f"targets:{name}/code": site.project.code for name in PROJECT_PAGES},
        **{f"targets:{name}/pk": made.pk for name in MEETING_PAGES},
        **{f"targets:{name}/pk": done.pk for name in ("work", "strike-work")},
        **{f"targets:{name}/pk": grant.pk for name in ("grant", "inspect-grant", "pay-grant")},
        **{f"api:{name}/code": site.project.code for name in ("read_project", "report_month", "correct_month")},
        "targets:war-map/code": "m", "targets:war-map-item/code": "m-a", "api:list_tasks/code": "m",
        "targets:do-project/verb": "permit", "targets:milestone/pk": 1, "targets:judge-correction/pk": 1,
        "targets:strike-record/pk": 1, "what": "visit", "month": "2026-05", "decision": decided.pk,
        **{f"figures:{name}/code": counted.code for name in ("figure", "publish")},
        **{f"api:{name}/code": counted.code for name in FIGURE_OPERATIONS},
        **{f"{name}/token": told.token for name in PUBLISHED_PAGES},
        **{f"inspections:{name}/code": "warm-nights" for name in ("campaign", "add-award")},
        **{f"inspections:{name}/code": "nights" for name in ("ranking", "publish-ranking", "draft-bulletin")},
        **{f"inspections:{name}/pk": draft.pk for name in ("bulletin", "edit-bulletin", "discard-bulletin")},
        **{f"inspections:{name}/pk": measure.pk for name in ("measure", "measure-end", "measure-step")},
        "inspections:measure-step/code": "record", "inspections:measure-begin/pk": night.station.pk,
        "inspections:round/pk": night.go().pk,
        **{
            f"inspections:{name}/code": night.plan.code
            for name in ("field-plan", "field-round", "plan", "plan-points", "duties-plan", "duties-points",
                         "duties-place")
        },
        **{f"inspections:{name}/code": night.version.standard.code for name in ("standard", "checklist")},
        "inspections:field-here/label": night.station.label,
        **{f"api:{name}/code": night.plan.code for name in ("list_due", "draw_plan", "read_plan")},
        "api:read_standard/code": night.version.standard.code,
        **{f"{name}/pk": drawn.pk for name in ("inspections:draw", "api:read_draw")},
        "api:read_round/pk": night.go().pk, "inspections:draw-plan/code": "heating-drawn",
        "inspections:field-check/code": night.version.standard.code,
        **{f"inspections:{name}/kind": "item" for name in ("field-round", "field-check", "duties-place")},
        **{
            f"inspections:{name}/pk": night.station.pk
            for name in ("field-round", "field-check", "duties-place")
        },
        "inspections:field-made/pk": night.go().pk,
        **{f"desk:{name}/pk": table.pk for name in IMPORT_PAGES},
        **{f"api:{name}/code": lamp.code for name in ITEM_OPERATIONS},
        "label": lamp.label, "street": "-", "field:verify-item/code": lamp.code, "desk:end-round/pk": walk.pk,
        "register": lamps.code, "register_code": lamps.code, "field": "kind",
        **{f"desk:{name}/code": lamp.code for name in ITEM_PAGES},
        **{f"people:{name}/code": watch.code for name in ROSTER_PAGES},
        **{f"{space}:{name}/pk": shift.pk for space in ("people", "field") for name in SHIFT_PAGES},
        **{f"{space}:{name}/pk": handed.pk for space in ("people", "field") for name in HANDOVER_PAGES},
        **{f"people:{name}/pk": turn.pk for name in ("take-off-shift", "swap-shifts", "duty-phone")},
        "other": other.pk,
        **{f"webhooks:{name}/pk": hook.pk for name in WEBHOOK_PAGES},
        **{f"api:{name}/pk": hook.pk for name in WEBHOOK_OPERATIONS}, "delivery": pushed.pk,
        **{f"api:{name}/pk": look.pk for name in ("read_look_back", "list_look_back_tasks", "record_task")},
        "task": look_task.pk, "api:withdraw_role/pk": loop.clerk.grants.get().pk,
        "api:end_duty/pk": make_duty("lighting", grid, district.urban).pk,
        "api:end_holding/pk": hold(loop.clerk, make_post(), grid).pk,
        **{f"forwarding:{name}/pk": forwarded.pk for name in ("detail", "retry", "withdraw")},
        **{f"forwarding:{name}/pk": partner.pk for name in ("partner", "add-route", "pause", "ask-now")},
        "forwarding:remove-route/pk": route.pk,
        "delivery_pk": pushed.pk, "open311:revoke-key/pk": key.pk,
        "format": "json", "rest": "nothing", "open311:service/code": "snapshot.lighting-dark",
        "topic": "lighting", "day": "2026-01-05", "promise_pk": promise.pk,
        **{f"community:{name}/pk": home.pk for name in ("household", "household-contact", "keep-promise")},
        "file": 1, "comment": comment.pk, "provider_id": "organisation",
        **{f"notices:{name}/pk": news.pk for name in NEWS_PAGES},
        **{f"notices:{name}/pk": robot.pk for name in ("robot", "test-robot")},
        **{f"notices:{name}/pk": delivery.pk for name in ("delivery", "retry")},
        "number": case.number, "report_number": report.number, "verb": "urge", "username": loop.clerk.username,
        "code": district.urban.code, "kind": "departments", "pk": Paper.objects.get().pk, "token": "x" * 22,
        "upload": 1, "sequence": 1, "sha8": "0" * 8, "people:area/code": district.east.code,
        "people:edit-area/code": district.east.code,
        "people:retire-area/code": district.east.code,
        **{
            f"portal:{name}/{key}": value
            for name in ("receipt", "qr", "track", "add", "withdraw", "rate", "reopen", "telling")
            for key, value in (("number", report.number), ("token", report.token))
        },
    }  # fmt: skip


@pytest.fixture
def everybody(loop: Loop) -> User:
    """Somebody with every role everywhere."""
    user = make_user(department=loop.district.urban)
    for role in ROLES:
        grant_role(user, role, department=loop.district.urban if ROLES[role].own_department else None)
    return user


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_sent_to_sign_in_wherever_it_is_not_public(
    values: dict[str, Any], client: Client, method: str
) -> None:
    wrong = []
    for one in GUARDED:
        answer = getattr(client, method)(one.path(values))
        to_sign_in = answer.status_code == 302 and answer.url.startswith("/accounts/login/")
        if not to_sign_in and not refuses(one, answer.status_code):
            wrong.append((one.name, answer.status_code))
    assert not wrong


@pytest.mark.schema
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_account_without_a_role_opens_nothing_but_its_own_pages(
    values: dict[str, Any], client: Client, method: str
) -> None:
    client.force_login(make_user())
    wrong = []
    for one in GUARDED:
        answer = getattr(client, method)(one.path(values))
        if one.name not in SIGNED_IN and not refuses(one, answer.status_code):
            wrong.append((one.name, answer.status_code))
    assert not wrong


@pytest.mark.schema
def test_a_post_without_its_token_is_refused_everywhere(values: dict[str, Any], everybody: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(everybody)
    answers = {one.name: client.post(one.path(values)).status_code for one in ADDRESSES}
    assert {name: status for name, status in answers.items() if status not in (401, 403, 404, 405)} == {}


@pytest.mark.schema
def test_reading_changes_nothing_and_every_address_opened_directly_is_a_whole_page(
    values: dict[str, Any], everybody: User, client: Client
) -> None:
    """A part of a page comes only to whoever asks for a part; a reader who opens its address gets the page."""
    client.force_login(everybody)
    parts = []

    def state() -> Any:
        return JournalEntry.objects.count(), list(Case.objects.order_by("pk").values())

    before = state()
    # Those that stand in the journal when they are read come last.
    for one in sorted(ADDRESSES, key=lambda one: one.name in READ_ON_RECORD):
        if one.name in READ_ON_RECORD and before:
            assert state() == before
            before = None
        answer = client.get(one.path(values))
        html = answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html")
        if html and "<html" not in answer.content.decode():
            parts.append(one.name)
    assert before is None
    assert not parts


# --- nonsense ----------------------------------------------------------------------------------------------

KEYS = [
    "q", "number", "page", "after", "before", "sort", "hide", "next", "stay", "month", "state",
    "ledger", "topic", "subdistrict", "closed", "on_time", "placed", "bbox", "zoom", "lng", "lat",
    "system", "layer", "level", "within", "status", "area", "department", "handler", "channel", "due",
    "is", "not", "category", "colour", "at", "tab", "period", "day", "year", "words", "reported",
    "reported_from", "reported_to", "closed_from", "closed_to", "subject", "code", "actor", "from",
    "to", "role", "kind", "t", "d", "part", "follows", "place", "client_id", "phone", "digits",
    "title", "name", "point", "accuracy", "verb", "main", "note", "plan", "until", "version", "size",
    "seed", "limit", "limit_number", "reason", "result", "answer", "solved", "grade", "contact",
    "passed", "ids", "selected", "reports", "photos_seen", "cases", "case", "query", "date", "time",
    "picked", "report", "view", "owner", "placed", "verified", "f_kind", "near", "back", "seen",
]  # fmt: skip
NONSENSE = {
    "emoji": "🚰\U0010fffd",
    "right to left": "\u202egnp.exe\u200f",
    "lone surrogate": b"\xed\xa0\x80",
    "broken UTF-8": b"\xff\xfe%",
    "huge number": "9" * 40,
    "too many digits": "9" * 5000,
    "int64": str(2**63),
    "negative": "-1",
    "NaN": "nan",
    "infinity": "1e999",
    "nowhere": "nan,inf,-inf,1e999",
    "box": "1e308,1e308,-1e308,-1e308",
    "no such day": "2026-02-30",
    "year zero": "0000-00-00",
    "last day": "9999-12-31",
    "first moment": "0001-01-01T00:00",
    "long": "好" * 3000,
    "quotes": "';--\"<script>%%_\\",
    "json": '{"a":[1',
    "deep cursor": "W1tbW1tbW1tbW1tbW1tb" * 100,
    "spaces": " \u3000\t\n",
}


def _mixed(shift: int) -> dict[str, str | bytes]:
    """Every key with some nonsense; another `shift` gives each key another one."""
    kinds = list(NONSENSE.values())
    return {key: kinds[(place + shift) % len(kinds)] for place, key in enumerate(KEYS)}


@pytest.mark.schema
@pytest.mark.parametrize("shift", range(0, len(NONSENSE), 5))
def test_nonsense_in_the_address_is_never_a_fault_of_ours(
    values: dict[str, Any], everybody: User, client: Client, shift: int
) -> None:
    client.force_login(everybody)
    client.raise_request_exception = False
    query = "&".join(f"{key}={quote(text)}" for key, text in _mixed(shift).items())
    wrong = [one.name for one in ADDRESSES if client.get(f"{one.path(values)}?{query}").status_code >= 500]
    assert not wrong


@pytest.mark.schema
@pytest.mark.parametrize("shift", range(2, len(NONSENSE), 7))
def test_nonsense_in_a_form_is_never_a_fault_of_ours(
    values: dict[str, Any], everybody: User, client: Client, shift: int
) -> None:
    client.raise_request_exception = False
    client.force_login(everybody)
    session = client.cookies["sessionid"].value
    wrong = []
    for one in ADDRESSES:
        with transaction.atomic():  # undone, so that no form takes away what the next one is about
            if client.post(one.path(values), _mixed(shift)).status_code >= 500:
                wrong.append(one.name)
            transaction.set_rollback(True)
        client.cookies["sessionid"] = session
    assert not wrong


@pytest.mark.schema
def test_a_nul_is_refused_with_a_sentence(values: dict[str, Any], everybody: User, client: Client) -> None:
    client.force_login(everybody)
    for one in ADDRESSES:
        answer = client.get(f"{one.path(values)}?q=a%00b")
        assert answer.status_code == 400, one.name
    assert client.post("/report/", {"words": "a\x00b"}).status_code == 400


@pytest.mark.schema
def test_nonsense_in_the_path_is_never_a_fault_of_ours(
    values: dict[str, Any], everybody: User, client: Client
) -> None:
    client.force_login(everybody)
    client.raise_request_exception = False
    wrong = []
    with_places = [one for one in ADDRESSES if "<" in one.route]
    for text in ("a%00b", "%ff%fe", "9" * 40, "好" * 300, "..%2f..", "-1"):
        for one in with_places:
            path = re.sub(r"<(?:\w+:)?(\w+)>", text, f"/{one.route}")
            if client.get(path).status_code >= 500:
                wrong.append((one.name, text[:12]))
    assert not wrong


def test_the_walk_knows_the_case_it_walks_over(values: dict[str, Any]) -> None:
    assert fresh(Case.objects.get()).number == values["number"]


# Right in form and wrong in sense: what a walk over all keys with one text each does not reach.
EXTREMES = [
    "/public/clusters.json?bbox=0,0,0,0&zoom=nan",
    "/public/clusters.json?bbox=-1e308,-1e308,1e308,1e308&zoom=20",
    "/public/?bbox=1e308,1e308,-1e308,-1e308",
    "/places/at?lng=1e308&lat=1e308&system=gcj02",
    "/places/search?q=1e999,1e999",
    "/desk/cases/?after=W251bGwsbnVsbF0",  # [null, null]
    "/desk/cases/?before=WyIyMDI2LTExLTE4VDEwOjAwOjAwIiwgMV0",  # a moment without a time zone
    "/desk/cases/?after=WzFlOTk5LDFlOTk5XQ",  # [1e999, 1e999]
    "/desk/cases/?q=%27%20%26%20%7C%20%21%20%28",
    "/desk/cases/?reported_to=9999-12-31&at=0001-01-01T00:00:00",
    "/desk/journal/?subject=case:9223372036854775808&day=9999-12-31",
    "/desk/places/calendar/?year=9999",
    "/desk/people/who-answers/?lng=nan&lat=1e308",
    "/cockpit/?month=9999-12&from=0001-01-01&to=9999-12-31",
    "/cockpit/?words=" + "9" * 5000,  # too long for a code to scan
]


@pytest.mark.parametrize("path", EXTREMES)
def test_extremes_are_never_a_fault_of_ours(everybody: User, client: Client, path: str) -> None:
    client.force_login(everybody)
    client.raise_request_exception = False
    assert client.get(path).status_code < 500


def test_what_a_phone_says_of_a_photo_may_be_nonsense() -> None:
    for text in (
        '[{"lng":1e999,"lat":1}]',
        '[{"lng":' + "9" * 400 + ',"lat":1}]',
        "[" * 100_000,
        '{"a":1}',
        "nul",
    ):
        for facts in _told(text):
            assert _seen(facts) == Seen()


def test_a_form_field_of_megabytes_is_refused(db: None, client: Client) -> None:
    assert client.post("/report/", {"words": "x" * 6_000_000}).status_code == 413


BULK = (
    "queue/dispatch", "queue/merge", "queue/urge", "department/take-up", "checks/close", "supervision/urge",
)  # fmt: skip


@pytest.mark.schema
def test_no_role_of_another_street_does_anything_to_a_case(
    loop: Loop, values: dict[str, Any], client: Client
) -> None:
    """Every role, granted for the west and its office, tries its share of the verbs on a case of the east."""
    case, west = Case.objects.get(), loop.district.west
    before = fresh(case).version
    wrong = []
    for turn, (role, declared) in enumerate(ROLES.items()):
        office = loop.district.streets["west"]
        user = make_user(department=office)
        grant_role(user, role, area=west, department=office if declared.own_department else None)
        client.force_login(user)
        for verb in list(VERBS)[turn :: len(ROLES)]:
            if client.post(f"/desk/cases/{case.number}/{verb}/").status_code not in (403, 404):
                wrong.append((role, verb))
        for bulk in (
            "queue/dispatch",
            "queue/merge",
            "queue/urge",
            "department/take-up",
            "checks/close",
            "supervision/urge",
        ):
            client.post(f"/desk/{bulk}/", {"selected": case.pk, "main": case.pk})
        paper = client.get(f"/desk/papers/{values['pk']}/").status_code
        if paper not in (403, 404):
            wrong.append((role, "paper"))
    assert not wrong
    assert fresh(case).version == before
