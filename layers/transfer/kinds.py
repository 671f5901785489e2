"""What can be imported and exported: every kind, its table and its fields, in one declared table.

A field knows its words in both languages, the headers that offices give it, how its text is read,
and which table its code must be in. Readers, templates, the page, the command line and exports
all go by this; nothing else lists the columns of a file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from layers.tables import APPOINTMENT_ROLES, STATUSES, TIERS
from layers.transfer.errors import TransferError

Type = Literal["text", "code", "integer", "boolean", "date", "moment", "choice", "tags"]
Shapes = Literal["polygons", "points", "any", "none"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table, as a file gives it.

    ``headers`` are other names that it goes by, the likelier first; ``words`` are the values that
    a choice may have, in either language, to the value that is stored (of a text: those that have
    another name here); ``to`` is the table whose ``code`` it names. A ``personal`` field is masked
    in exports unless a reason is given. A row that is new and says nothing gets the ``default``.
    """

    name: str
    zh: str
    en: str
    type: Type = "text"
    required: bool = False
    headers: tuple[str, ...] = ()
    words: Mapping[str, str] | None = None
    to: str | None = None
    example: str = ""
    personal: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of layer or list.

    ``shapes`` says what geometry its rows have; ``located`` that each must have one. ``partial``
    tells whether good rows may come in without the bad ones. ``natural`` are the fields that tell
    two rows apart where a file gives no code; a code is then made of them, and equal rows are one
    unless the kind ``repeats``. ``fixed`` is the column that a name after the kind fills
    (``reference:roads``), and ``named`` that name.
    """

    name: str
    table: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    shapes: Shapes = "none"
    located: bool = False
    partial: bool = True
    natural: tuple[str, ...] = ()
    repeats: bool = False
    fixed: str | None = None
    named: str = ""

    @property
    def title(self) -> str:
        """The kind as it is written: with its name, where it has one."""
        return f"{self.name}:{self.named}" if self.named else self.name

    def field(self, name: str) -> Field:
        """Return a field by its name.

        Raises
        ------
        KeyError
            If the kind has no such field.
        """
        return {each.name: each for each in self.fields}[name]


def _code(example: str, *headers: str) -> Field:
    return Field("code", "编码", "Code", "code", True, headers, example=example)


LEVELS = {
    "县": "county", "区": "county", "市": "county", "乡": "town", "镇": "town", "乡镇": "town",
    "街道": "town", "村": "village", "社区": "village", "村（社区）": "village",
}  # fmt: skip
VILLAGES = {"村": "village", "行政村": "village", "社区": "community", "居委会": "community"}
GRIDS = {
    "农村": "rural", "农村网格": "rural", "社区": "community", "社区网格": "community",
    "城市网格": "community", "专属": "dedicated", "专属网格": "dedicated",
}  # fmt: skip
COVERAGES = {"独占": "exclusive", "专属": "exclusive", "叠加": "overlay", "重叠": "overlay"}
ROLES = {
    "网格长": "grid_head", "网格员": "grid_worker", "专职网格员": "grid_worker",
    "兼职网格员": "grid_worker", "十户长": "unit_head", "党支部书记": "branch_secretary",
    "支部书记": "branch_secretary",
}  # fmt: skip
TIER_WORDS = {"AI办": "auto", "就地办": "local", "吹哨办": "escalated"}
STATUS_WORDS = {
    "发现": "found", "派单": "dispatched", "联动": "in_hand", "办理中": "in_hand",
    "反馈": "answered", "评价": "rated", "办结": "rated",
}  # fmt: skip


def _words(zh: Mapping[str, str], *known: str) -> dict[str, str]:
    return {**dict(zh), **{word: word for word in (*known, *zh.values())}}


# -- fields that several kinds share -------------------------------------------------------------

AREA = Field(
    "area_code", "村（社区）编码", "Village code", "code", True,
    ("所属村", "所属社区", "村编码", "村代码", "villagecode", "parent", "上级编码", "所属区划"),
    to="area", example="990101101001",
)  # fmt: skip
GRID = Field(
    "grid_code", "网格编码", "Grid code", "code", False,
    ("所属网格", "登记网格", "网格代码", "grid", "recordedgrid"), to="grid",
    example="990101101001001",
)  # fmt: skip
UNIT = Field(
    "unit_code", "十户单元编码", "Unit code", "code", False, ("所属单元", "单元编码", "unit"),
    to="household_unit", example="990101101001001-01",
)  # fmt: skip
HOUSEHOLD = Field(
    "household_code", "住户编码", "Household code", "code", False,
    ("户编码", "户号", "household"), to="household", example="99010110100100001",
)  # fmt: skip
PERSON = Field(
    "person_code", "人员编码", "Person code", "code", True, ("人员编号", "person"),
    to="person", example="P0000001",
)  # fmt: skip
BRANCH = Field(
    "branch_code", "党支部编码", "Branch code", "code", False, ("支部编码", "所属支部", "branch"),
    to="party_branch", example="B990101101001001",
)  # fmt: skip


def _required(field: Field) -> Field:
    return replace(field, required=True)


def _optional(field: Field) -> Field:
    return replace(field, required=False)


def _name(zh: str, example: str, *headers: str, required: bool = True) -> Field:
    return Field("name", zh, "Name", "text", required, ("名称", *headers), example=example)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "areas", "area", "行政区划", "Areas",
            (
                _code("990101101001", "行政区划代码", "区划代码", "代码", "village_code", "code12"),
                _name("名称", "柳河村", "村名", "社区名称", "区划名称", "village_name"),
                Field("name_en", "英文名", "English name", example="Liuhe"),
                Field("level", "级别", "Level", "choice", True, ("层级",),
                      _words(LEVELS), example="村"),
                Field("kind", "类型", "Kind", "choice", False, ("村社类型", "type"),
                      _words(VILLAGES), example="村"),
                replace(_optional(AREA), name="parent_code", zh="上级编码", en="Parent code",
                        headers=("所属乡镇", "乡镇编码", "town_code", "parent", "上级代码"),
                        example="990101101"),
            ),
            "polygons", partial=False,
        ),
        Kind(
            "grids", "grid", "网格", "Grids",
            (
                _code("990101101001001", "网格编码", "网格代码", "gridcode", "代码", "编号"),
                _name("网格名称", "柳河村第1网格", "gridname"),
                Field("name_en", "英文名", "English name", example="Liuhe grid 1"),
                AREA,
                Field("kind", "网格类型", "Kind", "choice", True, ("类型", "type"),
                      _words(GRIDS), example="农村网格"),
                Field("coverage", "覆盖方式", "Coverage", "choice", True, ("专属策略",),
                      _words(COVERAGES), example="独占", default="exclusive"),
                Field("locked", "锁定", "Locked", "boolean", True, ("是否锁定",), example="否",
                      default="false"),
            ),
            "polygons", located=True, partial=False,
        ),
        Kind(
            "units", "household_unit", "十户单元", "Ten-household units",
            (
                _code("990101101001001-01", "十户单元编码", "单元编码", "unitcode"),
                _name("单元名称", "第1十户", "unitname", required=False),
                _required(GRID),
            ),
            "polygons",
        ),
        Kind(
            "households", "household", "住户", "Households",
            (
                _code("99010110100100001", "住户编码", "户编码", "户号", "householdcode", "编号"),
                Field("address", "住址", "Address", "text", True,
                      ("地址", "家庭住址", "详细地址"), example="柳河村 12 号", personal=True),
                AREA, GRID, UNIT,
                Field("people", "人口", "People", "integer", False,
                      ("人数", "家庭人口", "population"), example="4"),
                Field("need_tags", "需求标签", "Needs", "tags", True,
                      ("需求", "困难情况", "needs", "tags"), example="独居老人；慢性病",
                      personal=True, default="{}"),
            ),
            "points",
        ),
        Kind(
            "people", "person", "人员", "People",
            (
                _code("P0000001", "人员编码", "人员编号"),
                Field("name", "姓名", "Name", "text", True, ("名字",), example="王小禾",
                      personal=True),
                Field("phone", "电话", "Phone", "text", False,
                      ("手机", "手机号", "联系电话", "mobile"), example="10000000001",
                      personal=True),
                HOUSEHOLD,
            ),
        ),
        Kind(
            "branches", "party_branch", "党支部", "Party branches",
            (_code("B990101101001001", "党支部编码", "支部编码"),
             _name("支部名称", "柳河村第1网格党支部", "党支部名称", "党支部"), AREA, GRID),
            "points",
        ),
        Kind(
            "members", "party_member", "党员", "Party members",
            (
                _code("M0000001", "党员编码", "党员编号"), PERSON, HOUSEHOLD, BRANCH,
                Field("joined_on", "入党日期", "Joined on", "date", False, ("入党时间",),
                      example="1998-07-01", personal=True),
            ),
        ),
        Kind(
            "appointments", "appointment", "任职", "Appointments",
            (
                _code("A0000001", "任职编码"), PERSON,
                Field("role", "职务", "Role", "choice", True, ("岗位", "身份"),
                      _words(ROLES, *APPOINTMENT_ROLES), example="网格员"),
                Field("full_time", "专职", "Full time", "boolean", False, ("是否专职",),
                      example="是"),
                _optional(AREA), GRID, UNIT, BRANCH,
                Field("starts_on", "任职日期", "Starts on", "date", True,
                      ("开始日期", "任职时间"), example="2025-01-01"),
                Field("ends_on", "离任日期", "Ends on", "date", False, ("结束日期",), example=""),
            ),
            natural=("person_code", "role", "grid_code", "unit_code", "branch_code", "starts_on"),
        ),
        Kind(
            "links", "contact_link", "党员联系户", "Contact links",
            (
                _code("L0000001", "联系编码"),
                Field("member_code", "党员编码", "Member code", "code", True,
                      ("党员编号", "member"), to="party_member", example="M0000001"),
                _required(HOUSEHOLD),
                Field("since", "联系日期", "Since", "date", False, ("开始日期",),
                      example="2025-03-01"),
            ),
            natural=("member_code", "household_code"),
        ),
        Kind(
            "visits", "visit", "走访", "Visits",
            (
                _code("V0000001", "走访编码"), _required(HOUSEHOLD), PERSON,
                Field("visited_at", "走访时间", "Visited at", "moment", True, ("走访日期", "时间"),
                      example="2026-01-05 09:30"),
                Field("note", "备注", "Note", "text", False, ("走访记录",), example="一切正常",
                      personal=True),
            ),
            natural=("household_code", "person_code", "visited_at"),
        ),
        Kind(
            "incidents", "incident", "事件", "Incidents",
            (
                _code("I2026000001", "事件编码", "事件编号", "工单号"),
                Field("kind", "事件类型", "Kind", "text", True, ("类型", "类别", "category"),
                      example="safety"),
                Field("title", "标题", "Title", "text", True, ("事件标题", "名称"),
                      example="路灯不亮"),
                Field("tier", "办理层级", "Tier", "choice", True, ("处置方式",),
                      _words(TIER_WORDS, *TIERS), example="就地办", default="local"),
                # Other counties have other colours: the palette is data.
                Field("alert", "预警颜色", "Alert", "text", True, ("预警", "颜色"),
                      _words({"蓝": "blue", "蓝色": "blue", "黄": "yellow", "黄色": "yellow",
                              "红": "red", "红色": "red"}), example="蓝色",
                      default="blue"),
                Field("status", "状态", "Status", "choice", True, ("办理状态",),
                      _words(STATUS_WORDS, *STATUSES), example="评价", default="found"),
                Field("reported_at", "上报时间", "Reported at", "moment", True,
                      ("发生时间", "上报日期", "时间", "日期", "date", "datetime", "month"),
                      example="2026-01-05 09:30"),
                Field("closed_at", "办结时间", "Closed at", "moment", False, ("完成时间",)),
                Field("rating", "评分", "Rating", "integer", False, ("满意度",), example="5"),
                Field("satisfied", "是否满意", "Satisfied", "boolean", False, ("满意",),
                      example="是"),
                GRID, HOUSEHOLD,
                Field("description", "描述", "Description", "text", False,
                      ("事件描述", "内容", "location"), personal=True),
            ),
            "points",
            natural=("kind", "title", "reported_at", "grid_code", "household_code",
                     "description", "geom"),
            repeats=True,
        ),
        Kind(
            "reference", "reference_feature", "参考图层", "Reference layer",
            (
                _code("R00001", "代码"), _name("名称", "柳河", required=False),
                Field("class", "类别", "Class", "text", False, ("等级", "类型", "type", "kind"),
                      example="hamlet"),
            ),
            "any", located=True, natural=("name", "class", "geom"), fixed="layer",
        ),
        Kind(
            "network", "department_network", "部门网格", "Department network",
            (
                _code("D00001", "网格编码", "代码", "编号"),
                _name("网格名称", "城关警务区", "name_zh", "title"),
                Field("responsible", "负责人", "Responsible", "text", False, ("责任人",),
                      example="李四", personal=True),
            ),
            "polygons", located=True, natural=("name", "geom"), fixed="department",
        ),
    )
}  # fmt: skip


def kind_of(words: str) -> Kind:
    """Return the kind that is written ``grids``, or ``reference:roads`` with a name.

    Raises
    ------
    TransferError
        If there is no such kind, or its name is missing, too many, or not a name.

    Examples
    --------
    >>> kind_of("reference:roads").named
    'roads'
    """
    name, colon, named = words.partition(":")
    kind = KINDS.get(name)
    if kind is None:
        known = ", ".join(f"{k.name}:NAME" if k.fixed else k.name for k in KINDS.values())
        raise TransferError(
            f"“{words}” is no kind of data.",
            cure=f"There are: {known}.",
            zh=f"没有“{words}”这类数据；有：{known}。",
        )
    if bool(kind.fixed) != bool(colon) or (kind.fixed and not re.fullmatch(r"[\w-]{1,40}", named)):
        raise TransferError(
            f"“{words}” lacks a name, or has one that it cannot have.",
            cure=f"Write {kind.name}:NAME, letters and digits." if kind.fixed else
            f"Write {kind.name} alone.",
            zh=f"“{words}”缺少名称，或名称不合规。"
            + (f"请写 {kind.name}:名称，用文字和数字。" if kind.fixed else f"请只写 {kind.name}。"),
        )  # fmt: skip
    return replace(kind, named=named)
