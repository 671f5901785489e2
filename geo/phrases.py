"""Sentences for findings, Chinese and English, as a colleague would say them.

Each rule has a template in each language; measures are worded in 亩 and m², distances in m, and a
code never comes without its name.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from geo.measure import MU_M2

MOST_NAMES = 4

# rule: (English, Chinese, fix, fix in Chinese); {who} names the grids, {where} the parent.
TEMPLATES: Mapping[str, tuple[str, str, str, str]] = {
    "G001": (
        "The outline of {who} is invalid: {detail}.",
        "{who}的边界无效：{detail_zh}。",
        "Redraw the outline there; the rest was checked with a repaired copy.",
        "在标出的位置重画边界；其余检查用的是修补后的副本。",
    ),
    "G002": (
        "{who} has no polygon.",
        "{who}没有面图形。",
        "Draw the grid, or remove its row.",
        "补画网格，或删去这一行。",
    ),
    "G003": (
        "The code {code} stands {count} times.",
        "编码 {code} 出现了 {count} 次。",
        "Give each grid a code of its own.",
        "为每个网格编一个唯一的编码。",
    ),
    "G004": (
        "{who} hold the same land, {area}.",
        "{who}占着同一块地，{area_zh}。",
        "Keep one of them, or redraw the other.",
        "保留一个，或重画另一个。",
    ),
    "G005": (
        "{who} is in {count} pieces.",
        "{who}分成了 {count} 块。",
        "Join the pieces, or accept the enclave.",
        "合并各块；确为飞地的，登记为例外。",
    ),
    "G006": (
        "The code of {who} does not stand under its village's code, {area_code}.",
        "{who}的编码不在所属村（社区）编码 {area_code} 之下。",
        "Correct the code, or the village that the grid is filed under.",
        "更正编码，或更正所属村（社区）。",
    ),
    "C101": (
        "{area}{where_en} lie in no grid, {beside} {who}; {households}.",
        "{who}{beside_zh}有 {area_zh}空白，{households_zh}。",
        "Give the land to a neighbour: {first} has the longest border with it.",
        "把这块地划给邻格：{first}与它的共同边界最长。",
    ),
    "C102": (
        "{area} along the border{of_where_en} lie in no grid, beside {who}; {households}.",
        "{where}边缘、{who}旁有 {area_zh}空白，{households_zh}。",
        "Move the border of {first} out to the boundary.",
        "把{first}的边界移到辖区边界。",
    ),
    "C103": (
        "{who} overlap on {area}, {width} wide at most; {households}.",
        "{who}重叠 {area_zh}，最宽 {width_zh}，{households_zh}。",
        "Decide which of them the land belongs to, and cut it from the others.",
        "确定归谁，再从其余网格中切去。",
    ),
    "C104": (
        "{who} reaches {area} beyond{where_own_en}; {households}.",
        "{who}越出{where_own} {area_zh}，{households_zh}。",
        "Cut the grid back to the boundary.",
        "把网格裁到辖区边界以内。",
    ),
    "C105": (
        "The borders of {who} meet over {length} but not vertex by vertex "
        "(up to {width_mm} apart).",
        "{who}的边界有 {length_zh} 相接但顶点不一致（最多相差 {width_mm_zh}）。",
        "Give both the same vertices along the border.",
        "让两边在这段边界上使用相同的顶点。",
    ),
    "C106": (
        "{first} lies wholly inside {second}, {area}; {households}.",
        "{first}整个落在{second}之内，{area_zh}，{households_zh}。",
        "Cut {first} out of {second}, or make it an overlay.",
        "从{second}中切出{first}，或把它设为叠加网格。",
    ),
}


class Name(str):
    """What a place is called; ``en`` in English, the same where it has no English name.

    Examples
    --------
    >>> Name("苇陂镇", "Weibei Town").en, Name("苇陂镇").en
    ('Weibei Town', '苇陂镇')
    """

    en: str

    def __new__(cls, zh: str, en: str = "") -> "Name":
        """Take a name, and its English if there is one."""
        name = super().__new__(cls, zh)
        name.en = en or zh
        return name


def in_english(name: str) -> str:
    """Return a name's English, or the name itself if it knows none."""
    return name.en if isinstance(name, Name) else name


class Wording(TypedDict):
    """A finding's sentences."""

    message: str
    message_zh: str
    fix: str
    fix_zh: str


def sentences(
    rule: str, names: Sequence[str], where: str, measures: Mapping[str, object]
) -> Wording:
    """Word a finding.

    Parameters
    ----------
    rule
        A code of :data:`TEMPLATES`.
    names
        What the grids are called, the most concerned first; a :class:`Name` knows its English.
    where
        What the parent is called, likewise.
    measures
        ``area_m2``, ``width_m``, ``length_m``, ``households``, and what else the template takes.
    """
    english = _words(list(map(in_english, names)), in_english(where), measures, english=True)
    chinese = _words(names, where, measures, english=False)
    message, message_zh, fix, fix_zh = TEMPLATES[rule]
    return {
        "message": message.format_map(english),
        "message_zh": message_zh.format_map(chinese),
        "fix": fix.format_map(english),
        "fix_zh": fix_zh.format_map(chinese),
    }


def _words(
    names: Sequence[str], where: str, measures: Mapping[str, object], *, english: bool
) -> dict[str, object]:
    area = number(measures.get("area_m2"))
    households = int(number(measures.get("households")))
    width = number(measures.get("width_m"))
    return {
        **measures,
        "who": listing(names, english=english),
        "first": names[0] if names else ("a neighbour" if english else "邻格"),
        "second": names[1] if len(names) > 1 else "",
        "where": where,
        "where_en": f" of {where}" if where else "",
        "of_where_en": f" of {where}" if where else "",
        "beside": "within" if len(names) == 1 else "between",
        "beside_zh": "内" if len(names) == 1 else "之间",
        "where_own": where or "辖区边界",
        "where_own_en": f" {where}" if where else " the boundary",
        "area": f"{_area(area)} ({_mu(area)} mu)",
        "area_zh": f"{_mu(area)} 亩（{_area(area)}）",
        "width": distance(width),
        "width_zh": distance(width, english=False),
        "width_mm": f"{width * 1000:.2g} mm",
        "width_mm_zh": f"{width * 1000:.2g} 毫米",
        "length": distance(number(measures.get("length_m"))),
        "length_zh": distance(number(measures.get("length_m")), english=False),
        "households": (
            "no household is touched"
            if not households
            else f"{households} household{'s are' if households > 1 else ' is'} touched"
        ),
        "households_zh": f"涉及 {households} 户" if households else "未涉及住户",
    }


def number(value: object) -> float:
    """Read a measure; null is zero."""
    return float(value) if isinstance(value, int | float) else 0.0


def listing(names: Sequence[str], *, english: bool) -> str:
    """Join names, the first few of many."""
    shown = [in_english(name) if english else name for name in names[:MOST_NAMES]]
    more = len(names) - len(shown)
    if not shown:
        return "no grid" if english else "无网格"
    if english:
        rest = [f"{more} more"] if more else []
        words = shown + rest
        return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
    return "、".join(shown) + (f"等 {len(names)} 个网格" if more else "")


def distance(metres: float, *, english: bool = True) -> str:
    """Word a distance: kilometres, metres, centimetres or millimetres, as fits."""
    for least, unit, zh, factor in (
        (1000, "km", "公里", 1e-3),
        (1, "m", "米", 1),
        (0.01, "cm", "厘米", 100),
        (0, "mm", "毫米", 1000),
    ):
        if metres >= least:
            value = metres * factor
            words = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            return f"{words} {unit if english else zh}"
    return "0"


def _area(area_m2: float) -> str:
    if area_m2 >= 1e5:
        return f"{area_m2 / 1e6:.3g} km²"
    return f"{area_m2:,.0f} m²" if area_m2 >= 10 else f"{area_m2:.2g} m²"


def _mu(area_m2: float) -> str:
    mu = area_m2 / MU_M2
    return f"{mu:,.0f}" if mu >= 100 else f"{mu:.3g}" if mu >= 0.01 else "<0.01"
