"""What a report says in each language, its verdict first."""

from collections.abc import Mapping
from typing import Any

from geo.measure import MU_M2

LABELS: Mapping[str, tuple[str, str]] = {
    "title": ("覆盖检查报告", "Coverage report"),
    "counties": ("县", "Counties"),
    "between_counties": ("县界上的问题", "Between counties"),
    "grids": ("网格", "Grids"),
    "uncovered": ("空白", "Uncovered land"),
    "overlap": ("重叠", "Overlapping land"),
    "outside": ("越界", "Land beyond the boundary"),
    "households_uncovered": ("无人负责的住户", "Households in no grid"),
    "errors": ("错误", "Errors"),
    "warnings": ("警告", "Warnings"),
    "info": ("提示", "Notes"),
    "accepted": ("已登记例外", "Accepted"),
    "rule": ("规则", "Rule"),
    "count": ("数量", "Count"),
    "where": ("位置", "Where"),
    "fix": ("怎么办", "What to do"),
    "findings": ("问题清单", "Findings"),
    "legend": ("图例", "Legend"),
    "grid_border": ("网格边界", "Grid border"),
    "parent_border": ("辖区边界", "Authority boundary"),
    "source": ("来源", "Source"),
    "crs": ("量算坐标系", "Measured in"),
    "tolerance": ("容差", "Tolerance"),
    "synthetic": ("合成数据", "Synthetic data"),
    "whole": ("看全图", "Whole map"),
    "nothing": ("没有发现问题。", "Nothing was found."),
    "listed": ("在册", "listed"),
    "of": ("共", "of"),

    "pictured": ("{shown} 条附图；其余 {rest} 条点击可在总图上查看。",
                 "{shown} have a picture; the other {rest} are shown on the map by a click."),
    "more": ("只列出前 {shown} 条，其余 {rest} 条请用 --format json 查看。",
             "The first {shown} are listed; for the other {rest} use --format json."),
}  # fmt: skip


def label(key: str, lang: str) -> str:
    """Return a word in a language."""
    return LABELS[key][lang == "en"]


def verdict(summary: Mapping[str, Any], lang: str) -> str:
    """Say in one sentence whether the claim holds; in another what counties are not in it."""
    failed = summary.get("counties_failed", 0)
    said = _verdict(summary, lang)
    if not failed:
        return said
    if lang == "en":
        return f"{said} {failed:,} count{'y' if failed == 1 else 'ies'} could not be checked."
    return f"{said}另有 {failed:,} 个县未能检查。"


def _verdict(summary: Mapping[str, Any], lang: str) -> str:
    english = lang == "en"
    if summary["blind_spots"] is None:
        lacks = not summary["outer_border_checked"]
        given = summary["households"] and not lacks
        if summary["errors"]:
            first = (
                f"{summary['errors']:,} error{_were(summary['errors'])} found"
                if english
                else f"发现 {summary['errors']:,} 处错误"
            )
        else:
            first = "No error was found" if english else "未发现错误"
        if english:
            if given:
                return f"{first}."
            rest = "the outer border" if lacks else "households"
            return f"{first}; {rest} could not be checked, for none was given."
        if given:
            return f"{first}。"
        return f"{first}；未提供{'辖区边界，外缘' if lacks else '住户名单，住户'}未检查。"
    if summary["blind_spots"]:
        km2, homes = summary["uncovered_km2"], summary["households_uncovered"]
        if english:
            return (
                f"There are blind spots: {area(km2, lang)} lie in no grid, "
                f"and {homes:,} households."
            )
        return f"“全域无盲区”不成立：{area(km2, lang)} 土地、{homes:,} 户不在任何网格内。"
    return (
        "No blind spot: every place and every located household is in a grid."
        if english
        else "“全域无盲区”成立：每一块地、每一户有坐标的住户都在网格内。"
    )


def _were(count: int) -> str:
    return " was" if count == 1 else "s were"


def area_parts(km2: float | None, lang: str) -> tuple[str, str]:
    """Word an area in the reader's unit, and in the other: 亩, and m² or km²."""
    if km2 is None:
        return "—", ""
    m2 = km2 * 1e6
    mu = f"{m2 / MU_M2:,.1f} {'mu' if lang == 'en' else '亩'}"
    metric = f"{km2:,.3f} km²" if m2 >= 1e5 else f"{m2:,.0f} m²"
    return (metric, mu) if lang == "en" else (mu, metric)


def area(km2: float | None, lang: str) -> str:
    """Word an area in both units."""
    first, second = area_parts(km2, lang)
    if not second:
        return first
    return f"{first} ({second})" if lang == "en" else f"{first}（{second}）"
