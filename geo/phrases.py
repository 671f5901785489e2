"""Sentences for findings, Chinese and English, as a colleague would say them.

Each rule has its sentences in each language, with gaps to fill in (:data:`geo.rules.RULES`);
measures are worded in 亩 and m², distances in m, and a code never comes without its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from geo.findings import Finding
from geo.measure import MU_M2
from geo.rules import RULES

MOST_NAMES = 4
# Of lines that part by less than this it is said so, in millimetres.
LEAST_MM = 0.01


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
        A code of the catalogue.
    names
        What the grids are called, the most concerned first; a :class:`Name` knows its English.
    where
        What the parent is called, likewise.
    measures
        ``area_m2``, ``width_m``, ``length_m``, ``households``, and what else the template takes.
    """
    english = _words(list(map(in_english, names)), in_english(where), measures, english=True)
    chinese = _words(names, where, measures, english=False)
    return filled(rule, english, chinese)


def filled(rule: str, english: Mapping[str, object], chinese: Mapping[str, object]) -> Wording:
    """Fill in the gaps of a rule's sentences, in each language with its own words."""
    row = RULES[rule]
    return {
        "message": row.message.format_map(english),
        "message_zh": row.message_zh.format_map(chinese),
        "fix": row.fix.format_map(english),
        "fix_zh": row.fix_zh.format_map(chinese),
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
        "both": _both(names, where, alone=bool(measures.get("alone")), english=english),
        "beside": "within" if len(names) == 1 else "between",
        "beside_zh": "内" if len(names) == 1 else "之间",
        "where_own": where or "辖区边界",
        "where_own_en": f" {where}" if where else " the boundary",
        "area": f"{_area(area)} ({_mu(area)} mu)",
        "area_zh": f"{_mu(area)} 亩（{_area(area)}）",
        "width": distance(width),
        "width_zh": distance(width, english=False),
        "apart": apart(width)[0],
        "apart_zh": apart(width)[1],
        "length": distance(number(measures.get("length_m"))),
        "length_zh": distance(number(measures.get("length_m")), english=False),
        "households": (
            "no household is touched"
            if not households
            else f"{households} household{'s are' if households > 1 else ' is'} touched"
        ),
        "households_zh": f"涉及 {households} 户" if households else "未涉及住户",
    }


def _both(names: Sequence[str], where: str, *, alone: bool, english: bool) -> str:
    """Name the two sides of a border: two grids, a grid and its area, or one grid twice."""
    if alone and names:
        return f"{names[0]} on two sides" if english else f"{names[0]}自身两侧"
    boundary = where or ("the boundary" if english else "辖区边界")
    return listing([*names, boundary] if len(names) == 1 else names, english=english)


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


def apart(metres: float) -> tuple[str, str]:
    """Word how far two lines part at most, in English and Chinese; what nobody can measure is less.

    Examples
    --------
    >>> apart(0.004), apart(1e-8)
    (('up to 4 mm', '最多相差 4 毫米'), ('less than 0.01 mm', '相差不到 0.01 毫米'))
    """
    mm = metres * 1000
    if mm < LEAST_MM:
        return f"less than {LEAST_MM:g} mm", f"相差不到 {LEAST_MM:g} 毫米"
    return f"up to {mm:.2g} mm", f"最多相差 {mm:.2g} 毫米"


def another_source(
    found: Finding, places: int, length_m: float, mean_m: float, most_m: float
) -> Finding:
    """Say of a finding that two lines describe one border, and how far they part.

    Parameters
    ----------
    places
        How many pieces of land lie between the lines.
    length_m, mean_m, most_m
        Of the border; how far the lines part on the mean, and over most of the way at most.
    """
    said = (
        f" The border comes from two sources: over {distance(length_m)} its two lines part in "
        f"{places} places, by {distance(mean_m)} on the mean and by no more than "
        f"{distance(most_m)} over 95 % of the way."
    )
    said_zh = (
        f"两侧边界来自不同来源：在 {distance(length_m, english=False)}内有 {places} 处不重合，"
        f"平均相差 {distance(mean_m, english=False)}，95% 的长度上相差不超过 "
        f"{distance(most_m, english=False)}。"
    )
    return replace(
        found,
        message=found.message + said,
        message_zh=found.message_zh + said_zh,
        fix="Decide which of the two lines holds, and take it for both sides.",
        fix_zh="先确定以哪条线为准，两侧都采用它。",
    )


# No smaller count of households is told of a grid to whoever gets counts only.
LEAST_TOLD = 10


def homes_told(count: int) -> tuple[str, str]:
    """Word how many households, in English and Chinese; few are not counted out.

    Examples
    --------
    >>> homes_told(3), homes_told(98)
    (('fewer than 10 households', '不足 10 户'), ('98 households', '98 户'))
    """
    if 0 < count < LEAST_TOLD:
        return f"fewer than {LEAST_TOLD} households", f"不足 {LEAST_TOLD} 户"
    return (f"{count:,} households" if count else "no household"), f"{count:,} 户"


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


def land(area_m2: float, *, english: bool = True) -> str:
    """Word an area: m² or km², and mu."""
    mu, area = _mu(area_m2), _area(area_m2)
    return f"{area} ({mu} mu)" if english else f"{mu} 亩（{area}）"


def _area(area_m2: float) -> str:
    if area_m2 >= 1e5:
        return f"{area_m2 / 1e6:.3g} km²"
    return f"{area_m2:,.0f} m²" if area_m2 >= 10 else f"{area_m2:.2g} m²"


def _mu(area_m2: float) -> str:
    mu = area_m2 / MU_M2
    return f"{mu:,.0f}" if mu >= 100 else f"{mu:.3g}" if mu >= 0.01 else "<0.01"
