"""One attempt to report: everything that was typed, chosen and uploaded, and what is still wrong with it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from huying.cases.actions import Intake, receive_report
from huying.cases.models import Case, Category, Channel, Report, TellBy
from huying.cases.suggest import guess_categories, open_nearby
from huying.cases.views.portal.choosing import about_register, offer
from huying.cases.views.portal.forms import ReportForm
from huying.core.errors import Refusal
from huying.core.files import store_photo
from huying.core.limits import count_attempt
from huying.core.models import StoredFile
from huying.core.photo_links import draft_photos, draft_token, photo_url
from huying.people.signin import client_address
from huying.places.district import current_district
from huying.places.locate import locate
from huying.places.names import search_places
from huying.registry.declared.forms import DeclaredForm, cleaned_values, declared_form
from huying.registry.models import Item
from huying.registry.scanning import labelled, read_label

MOST_PHOTOS = 6
MOST_OF_ITEM = 6  # what a scanned thing may have, shown at once
NEARBY_AT_LEAST_M = 50.0
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
# One address may stand for a whole mobile network's street corner; one phone number is one person.
ATTEMPTS_PER_ADDRESS, REPORTS_PER_PHONE = 60, 10
ANYWHERE = "-"  # the answer 「都不是」 to a list of found places


@dataclass
class Submission:
    """What came with the request. A GET is an empty submission, prefilled from the address."""

    request: HttpRequest
    photos: list[StoredFile] = field(default_factory=list)
    photo_error: str = ""
    places: list[Any] = field(default_factory=list)  # found for a typed address, to choose from
    asks_nearby: bool = False
    refused: bool = False

    @cached_property
    def data(self) -> Any:
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @cached_property
    def form(self) -> ReportForm:
        if self.request.method == "POST":
            return ReportForm(self.request.POST)
        initial: dict[str, Any] = {
            "client_id": uuid.uuid4(),
            "words": self.data.get("words", "")[:2000],
            "tell_by": TellBy.SMS,
        }
        if self.follows is not None:
            initial["words"] = initial["words"] or _("我也遇到同样的问题。")
        elif self.item is not None:
            address = self.item.address if self.item.rules.public else ""
            initial |= {"lng": self.item.lng, "lat": self.item.lat, "address": address or self.item_title}
        return ReportForm(initial=initial)

    # --- the thing whose label was scanned ----------------------------------------------------------------

    @cached_property
    def item(self) -> Item | None:
        """The thing that the report is about, by its label."""
        return labelled(read_label(self.data.get("item", ""))) if self.data.get("item") else None

    @property
    def item_title(self) -> str:
        """What the thing is called where everybody reads it."""
        if self.item is None:
            return ""
        return self.item.title if self.item.rules.public else self.item.code

    @cached_property
    def of_item(self) -> dict[int, Category]:
        """What can be reported of this thing: categories of the ledgers that concern its register."""
        return about_register(self.item.register.code) if self.item is not None else {}

    def _known(self, key: str) -> Category | None:
        return offer().get(key) or (self.of_item.get(int(key)) if key.isdecimal() and len(key) < 19 else None)

    # --- category, ledger and the ledger's own fields ---------------------------------------------------

    @cached_property
    def picked(self) -> bool:
        """Whether the category was chosen by hand."""
        trigger = self.request.headers.get("HX-Trigger-Name", "")
        return trigger in ("category", "category_other") or self.data.get("picked") == "1"

    @cached_property
    def chosen(self) -> Category | None:
        """The category chosen by hand, if it is still to be had."""
        if self.follows is not None:
            return self._category_to_follow(self.follows)
        names: tuple[str, ...] = ("category_other", "category")
        if self.request.headers.get("HX-Trigger-Name") == "category":
            names = ("category",)
        for name in names:
            if category := self._known(self.data.get(name, "")):
                return category
        return None

    @staticmethod
    def _category_to_follow(case: Case) -> Category | None:
        """The case's own where its ledger takes residents' reports, else one that does for the same topic."""
        if Channel.PORTAL in case.rules.channels and case.ledger.active:
            return case.category
        same = [c for c in offer().categories.values() if c.topic_id and c.topic_id == case.topic_id]
        return same[0] if same else offer().fallback

    @cached_property
    def guesses(self) -> list[Category]:
        words = self.data.get("words", "")
        if self.of_item:
            own = guess_categories(self.of_item.values(), words, at_most=1)
            likely = [guess.category for guess in own]
            return list(dict.fromkeys([*likely, *list(self.of_item.values())[:MOST_OF_ITEM]]))
        return offer().guesses(words)

    @cached_property
    def category(self) -> Category | None:
        """By hand, else by the words, else the one for everything."""
        if self.follows is not None or (self.picked and self.chosen is not None):
            return self.chosen
        return (self.guesses[0] if self.guesses else self.chosen) or offer().fallback

    @property
    def cards(self) -> list[Category]:
        """The categories to show as cards: the chosen one and the guesses."""
        shown = [self.category] if self.category and (self.picked or self.guesses) else []
        return list(dict.fromkeys([*self.guesses, *shown]))

    @cached_property
    def declared(self) -> DeclaredForm:
        """The ledger's own fields; filled but not yet judged until the whole is submitted."""
        fields = self.category.ledger.rules.fields if self.category and self.follows is None else ()
        facts = {"channel": str(Channel.PORTAL), "category": self.category.code if self.category else ""}
        if self.request.method == "POST" and not self.request.headers.get("HX-Request"):
            return declared_form(fields, self.request.POST, files=self.request.FILES, facts=facts)
        typed = {
            one.code: self.data.getlist(f"f-{one.code}")
            if one.type == "choices"
            else self.data[f"f-{one.code}"]
            for one in fields
            if f"f-{one.code}" in self.data
        }
        return declared_form(fields, initial=typed, facts=facts)

    @property
    def contact(self) -> str:
        """Whether name and phone are required, optional or not asked (none)."""
        rules = self.category.ledger.rules if self.category else None
        return rules.contact if rules else "optional"

    # --- the same problem nearby ------------------------------------------------------------------------

    @cached_property
    def follows(self) -> Case | None:
        """The public case that this report joins."""
        number = self.data.get("follow", "")
        if number in ("", "no"):
            return None
        cases = (
            Case.objects.public()
            .open()
            .select_related("ledger", "category__ledger", "subdistrict", "compound")
        )
        return cases.filter(number=number).first()

    @property
    def answered_nearby(self) -> bool:
        return bool(self.data.get("follow"))

    @cached_property
    def nearby(self) -> list[tuple[Case, float]]:
        """Open public cases of the same kind around the place, nearest first, with metres."""
        if self.follows is not None or self.category is None or not self.form.is_bound:
            return []
        self.form.is_valid()
        if (point := self.form.point) is None:
            return []
        rules = self.category.ledger.rules
        among = Case.objects.public().select_related("subdistrict", "compound")
        return open_nearby(
            *point, within_m=max(rules.merge_within_m, NEARBY_AT_LEAST_M), category=self.category,
            among=among, at_most=3,
        )  # fmt: skip

    # --- judging and submitting -------------------------------------------------------------------------

    def take_photos(self) -> None:
        """Keep the photos at once, so that a wrong field elsewhere does not cost them."""
        self.photos = draft_photos(self.request.POST.getlist("kept"))[:MOST_PHOTOS]
        for upload in self.request.FILES.getlist("photos"):
            if len(self.photos) >= MOST_PHOTOS:
                self.photo_error = _("最多上传 %d 张照片，多的没有保存。") % MOST_PHOTOS
                return
            try:
                stored = store_photo(upload)
            except Refusal as refusal:
                self.photo_error = str(refusal)
                continue
            if stored not in self.photos:
                self.photos.append(stored)

    @property
    def kept(self) -> list[dict[str, str]]:
        """The photos that are already here, for the form to show and to bring back."""
        shown = []
        for photo in self.photos:
            token = draft_token(photo)
            shown.append({"url": photo_url(photo, small=True, draft=token), "token": token})
        return shown

    def accepted(self) -> Report | None:
        """The report, when everything is in order; else None, and the form says what is wrong."""
        form = self.form
        try:
            count_attempt("report", client_address(self.request), most=ATTEMPTS_PER_ADDRESS, within=HOUR)
        except Refusal as refusal:
            self.refused = True
            form.refuse(None, refusal)
            return None
        self.take_photos()
        form.is_valid()
        if known := self._received_before():
            return known
        if form.cleaned_data.get("website"):
            form.refuse(None, _("没有提交成功。请刷新页面重新填写，或直接拨打热线电话。"))
        self._settle_place()
        declared_valid = self.declared.is_valid()
        self._check_contact()
        if self.photo_error or form.errors or not declared_valid or self.places:
            return None
        if "find" in self.request.POST:
            return None
        if not self.answered_nearby and self.nearby:
            self.asks_nearby = True
            return None
        return self._submit()

    def _received_before(self) -> Report | None:
        """The report of this very form, when the answer to the first submission was lost on the way."""
        client_id = self.form.cleaned_data.get("client_id")
        return Report.objects.filter(client_id=client_id).first() if client_id else None

    def _settle_place(self) -> None:
        """A point from the map, a found place or a photo; else the typed address; refuse what lies outside."""
        form = self.form
        if self.follows is not None:
            return
        cleaned = form.cleaned_data
        if form.point is None and cleaned.get("place") not in ("", ANYWHERE, None):
            self._take_found_place(str(cleaned["place"]))
        if form.point is None and not cleaned.get("address"):
            self._take_photo_place()
        if form.point is None:
            self._find_address()
            return
        lng, lat = form.point
        if locate(lng, lat).kind == "outside":
            form.refuse("address", outside_sentence())

    def _take_found_place(self, text: str) -> None:
        lng, _comma, lat = text.partition(",")
        try:
            self._set_point(float(lng), float(lat))
        except ValueError:
            return

    def _take_photo_place(self) -> None:
        for photo in self.photos:
            if (
                photo.lng is not None
                and photo.lat is not None
                and locate(photo.lng, photo.lat).kind != "outside"
            ):
                self._set_point(photo.lng, photo.lat)
                return

    def _set_point(self, lng: float, lat: float) -> None:
        """Also into the data, so that a form that comes back still shows it."""
        self.form.cleaned_data.update(lng=lng, lat=lat)
        data: Any = self.form.data
        self.form.data = {**data.dict(), "lng": f"{lng:.6f}", "lat": f"{lat:.6f}"}

    def _find_address(self) -> None:
        address = self.form.cleaned_data.get("address", "")
        if not address:
            self.form.refuse(
                "address", _("请告诉我们在哪里：点「用我现在的位置」、在地图上点选，或写下地址。")
            )
        elif self.form.cleaned_data.get("place") != ANYWHERE:
            self.places = search_places(address, limit=5)

    def _check_contact(self) -> None:
        form, cleaned = self.form, self.form.cleaned_data
        given = bool(cleaned.get("name") or cleaned.get("phone") or cleaned.get("email"))
        if self.contact == "required":
            for name, sentence in (
                ("name", _("请留下称呼，上门或回电话时用。")),
                ("phone", _("请留下电话，这类问题要和您约时间、回访。")),
            ):
                if not cleaned.get(name) and name not in form.errors:
                    form.refuse(name, sentence)
        private = any(
            one.private and self.declared.data.get(f"f-{one.code}") for one in self.declared.declared
        )
        if (given or private) and not cleaned.get("consent"):
            form.refuse(
                "consent", _("您填写了个人信息，请阅读隐私说明并勾选同意；不想留的可以清空姓名和电话。")
            )

    def _submit(self) -> Report | None:
        cleaned, category = self.form.cleaned_data, self.category
        if category is None:
            self.form.refuse(None, _("现在不能网上提交，请拨打 %s。") % hotline())
            return None
        point = self.form.point
        if self.follows is not None and self.follows.lng is not None and self.follows.lat is not None:
            point = (self.follows.lng, self.follows.lat)
        try:
            count_attempt("report-phone", cleaned.get("phone", ""), most=REPORTS_PER_PHONE, within=DAY)
            return receive_report(
                Intake(
                    ledger=category.ledger,
                    category=category,
                    words=cleaned["words"].strip(),
                    channel=Channel.PORTAL,
                    lng=point[0] if point else None,
                    lat=point[1] if point else None,
                    address=cleaned["address"].strip() or (self.follows.address if self.follows else ""),
                    name="" if self.contact == "none" else cleaned["name"],
                    phone="" if self.contact == "none" else cleaned["phone"],
                    email="" if self.contact == "none" else cleaned["email"],
                    tell_by=cleaned["tell_by"],
                    item=self.item,
                    fields=cleaned_values(self.declared),
                    photos=self.photos,
                    client_id=cleaned["client_id"],
                    follows=self.follows,
                )
            )
        except Refusal as refusal:
            self.refused = refusal.status == 429
            self.form.refuse(refusal.field, refusal)
            return None

    @property
    def status(self) -> int:
        """200 for a question back, 422 for something wrong, 429 for too often."""
        if self.request.method != "POST":
            return 200
        if self.refused:
            return 429
        return 422 if self.form.errors or self.photo_error or self.declared.errors else 200


def hotline() -> str:
    district = current_district()
    return (district.hotline if district else "") or "12345"


def outside_sentence() -> str:
    """For a place that another district answers for."""
    district = current_district()
    return _(
        "这个位置不在%(district)s范围内，我们派不了人。请拨打市民热线 %(hotline)s，由所在区县办理；您写的内容都还在。"
    ) % {
        "district": district or _("本区"),
        "hotline": hotline(),
    }
