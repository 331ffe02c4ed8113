"""Orders by spreadsheet, for a city without an interface; results go back by spreadsheet too."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from huying.cases import policy
from huying.cases.models import Case
from huying.core.errors import Refusal
from huying.core.spreadsheets import export_xlsx
from huying.integrations.hotline.actions import differences, field_titles, receive_message
from huying.integrations.hotline.messages import VERSION, OrderMessage
from huying.integrations.hotline.models import CityCode, CitySystem, Order, OrdersUpload
from huying.integrations.hotline.words import value_words
from huying.integrations.sheets import Importer, Plan, SheetColumn, read_moment
from huying.people.guards import check, signed_in
from huying.people.models import User

VERB = "hotline.exchange"


class OrderImporter(Importer):
    """Each row is an order message; the same order number with other cells is a correction."""

    title = gettext_lazy("导入市热线工单")
    lead = gettext_lazy("市平台没有接口时，用它导出的表格。")
    name, namespace, prefix = "orders", "hotline", "desk/hotline/import"
    verb = VERB
    key = "number"
    model = OrdersUpload
    columns = (
        SheetColumn(gettext_lazy("工单编号"), "number", True, "PDS20261121001"),
        SheetColumn(gettext_lazy("诉求内容"), "words", True, gettext_lazy("建设路路灯不亮")),
        SheetColumn(gettext_lazy("标题"), "title"),
        SheetColumn(gettext_lazy("诉求人"), "name", False, gettext_lazy("李小明")),
        SheetColumn(gettext_lazy("联系电话"), "phone", False, "13800001111"),
        SheetColumn(gettext_lazy("地址"), "address", False, gettext_lazy("建设路东苑小区门口")),
        SheetColumn(gettext_lazy("经度"), "lng", False, "113.3225"),
        SheetColumn(gettext_lazy("纬度"), "lat", False, "33.715"),
        SheetColumn(gettext_lazy("分类代码"), "code"),
        SheetColumn(gettext_lazy("分类名称"), "code_title"),
        SheetColumn(gettext_lazy("来电时间"), "called_at", False, "2026-11-21 08:30"),
        SheetColumn(gettext_lazy("办理截止时间"), "due_at", False, "2026-11-24 18:00"),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [(_("市热线工单"), reverse("hotline:list"))]

    def plan(self, cells: Mapping[str, str], actor: User) -> Plan:
        system = CitySystem.objects.order_by("code").first()
        if system is None:
            raise Refusal(_("还没有登记市热线系统。请系统管理员先在「市热线连接」里登记。"))
        message, errors = self.message(cells)
        if message is None:
            return Plan(errors=errors)
        order = Order.objects.select_related("report").filter(system=system, number=message.number).first()

        def take() -> object:
            return receive_message(system, message, actor=actor)

        if order is None:
            if system.ledger.rules.contact == "required":
                errors = [
                    (name, _("这个台账要留姓名和电话，请补上。"))
                    for name in ("name", "phone")
                    if not getattr(message, name)
                ]
            return Plan("new", message.number, errors=errors, apply=take)
        if not policy.may(actor, "case.view", Case.objects.get(pk=order.report.case_id)):
            return Plan(errors=[("number", _("这个工单不在您负责的区域内，请交给区级人员导入。"))])
        titles = field_titles()
        changes = [
            _("%(field)s：%(old)s → %(new)s")
            % {"field": titles[name], "old": value_words(old), "new": value_words(new)}
            for name, (old, new) in differences(order, message).items()
        ]
        return Plan("changed" if changes else "same", message.number, changes, apply=take)

    def message(self, cells: Mapping[str, str]) -> tuple[OrderMessage | None, list[tuple[str, str]]]:
        """The row as a message, or what is wrong with which column."""
        values: dict[str, Any] = {"schema": VERSION}
        errors: list[tuple[str, str]] = []
        for key, text in cells.items():
            if key in ("called_at", "due_at"):
                try:
                    values[key] = read_moment(text) if text else None
                except ValueError:
                    errors.append((key, _("时间看不懂：请写成 2026-11-21 08:30 的样子。")))
            elif key in ("lng", "lat"):
                try:
                    values[key] = float(text) if text else None
                except ValueError:
                    errors.append((key, _("请填数字，例如 113.3225。")))
            else:
                values[key] = text
        if not errors:
            try:
                return OrderMessage.model_validate(values), []
            except ValidationError as error:
                errors = [
                    (str(one["loc"][0]) if one["loc"] else self.key, self._sentence(one))
                    for one in error.errors()
                ]
        return None, errors

    @staticmethod
    def _sentence(error: Any) -> str:
        kind, limits = error["type"], error.get("ctx", {})
        if kind == "string_too_long":
            return str(_("太长：最多 %d 个字。") % limits["max_length"])
        if kind in ("greater_than_equal", "less_than_equal", "finite_number"):
            return _("经纬度超出范围，请核对（WGS-84，经度在前）。")
        return str(_("这一格不能用，请改正：%s") % error["msg"])


ORDERS = OrderImporter()


def results(request: HttpRequest) -> HttpResponse | FileResponse:
    """What the city asks back, a row per order, for a city that reads tables."""
    if refused := check(request, VERB):
        return refused
    rows = (
        Order.objects.filter(report__case__in=policy.cases_for(signed_in(request)))
        .select_related("report__case__department", "system")
        .order_by("received_at", "pk")
        .prefetch_related("report__callbacks")
    )
    columns = [
        (_("工单编号"), lambda o: o.number),
        (_("本区案件编号"), lambda o: o.case.number),
        (_("状态"), lambda o: o.get_state_display() if o.state != Order.State.ACTIVE else o.case.get_status_display()),
        (_("承办单位"), lambda o: o.case.department.title if o.case.department else ""),
        (_("收到时间"), lambda o: o.received_at),
        (_("签收时间"), lambda o: o.case.taken_up_at),
        (_("办结时间"), lambda o: o.case.closed_at),
        (_("办理结果"), lambda o: o.case.answer),
        (_("市热线时限"), lambda o: o.city_due_at),
        (_("是否按时"), _on_time),
        (_("是否联系"), lambda o: _said(o, "contacted")),
        (_("是否解决"), lambda o: _said(o, "solved")),
        (_("满意度"), _grade),
        (_("退回理由"), lambda o: o.return_reason),
    ]  # fmt: skip
    return export_xlsx(_("市热线工单办理结果"), columns, rows.iterator(chunk_size=500))


def _on_time(order: Order) -> bool | str:
    """Against the city's own deadline; empty while the order is open or has none."""
    done = order.case.handled_at
    return "" if done is None or order.city_due_at is None else done <= order.city_due_at


def _last(order: Order) -> Any:
    answered = [callback for callback in order.report.callbacks.all() if callback.answered]
    return answered[-1] if answered else None


def _said(order: Order, name: str) -> bool | str:
    last = _last(order)
    value = getattr(last, name) if last else None
    return "" if value is None else value


def _grade(order: Order) -> str:
    last = _last(order)
    return str(last.get_grade_display()) if last and last.grade else ""


class CodeImporter(Importer):
    """The city's classes and the categories that they are here; a large class's digits cover its small ones."""

    title = gettext_lazy("导入市平台分类对照")
    lead = gettext_lazy(
        "市平台的分类代码（如 GB/T 39666 的 6 位代码）对应本区的哪个类别。可以只写前几位，最长的优先。"
    )
    name, namespace, prefix = "codes", "hotline", "desk/hotline/codes"
    verb = "integrations.manage"
    key = "code"
    model = OrdersUpload
    columns = (
        SheetColumn(gettext_lazy("市平台分类代码"), "code", True),
        SheetColumn(gettext_lazy("市平台分类名称"), "title"),
        SheetColumn(gettext_lazy("本区类别代码"), "category", True, "heating-cold"),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [(_("市热线连接"), reverse("hotline:systems"))]

    def plan(self, cells: Mapping[str, str], actor: User) -> Plan:
        system = CitySystem.objects.order_by("code").select_related("ledger").first()
        if system is None:
            raise Refusal(_("还没有登记市热线系统。请系统管理员先在「市热线连接」里登记。"))
        code, title, wanted = cells["code"], cells.get("title", ""), cells["category"]
        errors = []
        if len(code) > 20:
            errors.append(("code", _("太长：最多 %d 个字。") % 20))
        if len(title) > 80:
            errors.append(("title", _("太长：最多 %d 个字。") % 80))
        categories = {row.code: row for row in system.ledger.categories.filter(active=True)}
        category = categories.get(wanted)
        if category is None:
            close = get_close_matches(wanted, categories, 1)
            hint = _("，是不是 %s？") % close[0] if close else "。"
            errors.append(("category", _("台账「%s」没有这个类别") % system.ledger + hint))
        if errors or category is None:
            return Plan(errors=errors)
        known = system.codes.filter(code=code).select_related("category").first()
        chosen = category

        def take() -> object:
            return CityCode.objects.update_or_create(
                system=system, code=code, defaults={"title": title, "category": chosen}
            )

        if known is None:
            return Plan("new", code, apply=take)
        if (known.title, known.category_id) == (title, chosen.pk):
            return Plan("same", code)
        return Plan("changed", code, [f"{known.category.code} → {chosen.code}"], apply=take)


CODES = CodeImporter()
