"""The legend of a density: what each colour is in numbers, and all that a reader must know of it.

It is the legend of one selection, the same at every zoom and in every picture of it. A map on
which nothing is says why.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from geo.density import LEAST_HOUSEHOLDS, Unit
from layers.catalog import K_ANONYMITY, STACKED
from layers.heat import Scale
from layers.style import HEAT_OPACITY, PALETTE

Words = tuple[str, str]
TITLES: Mapping[Unit, Words] = {
    "km2": ("事件密度", "Incident density"),
    "households": ("事件发生率", "Incident rate"),
}
UNITS: Mapping[Unit, Words] = {
    "km2": ("件/平方公里", "incidents per km²"),
    "households": ("件/千户", "incidents per 1,000 households"),
}


@dataclass(frozen=True, slots=True)
class HeatFacts:
    """What a density's legend says beside its colours.

    Attributes
    ----------
    per, bandwidth_m
        Unit and kernel.
    n
        Incidents that belong to the area; null: too few to be told.
    located
        Those of them with a place.
    from_, to
        First and last day, null: open.
    chosen
        What was picked of kinds, tiers, alerts and statuses, in words of both languages.
    stacks
        The numbers of incidents on each coordinate that many share.
    """

    per: Unit
    bandwidth_m: float
    n: int | None
    located: int
    from_: date | None = None
    to: date | None = None
    chosen: Sequence[Words] = ()
    stacks: Sequence[int] = ()


def heat_legend(scale: Scale | None, facts: HeatFacts) -> dict[str, object]:
    """Return a density's legend in the shape of :func:`layers.legend.legend`, with ``notes``.

    Parameters
    ----------
    scale
        The classes; null where nothing may be shown.
    facts
        What is said beside them.
    """
    breaks = scale.breaks if scale is not None else ()
    notes = [_period(facts), *facts.chosen, _kernel(facts), *_remarks(facts, breaks)]
    zh, en = TITLES[facts.per]
    unit_zh, unit_en = UNITS[facts.per]
    return {
        "layer": "heat",
        "title": {"zh": f"{zh}（{unit_zh}）", "en": f"{en}, {unit_en}"},
        "unit": {"zh": "件", "en": "incidents"},
        "value_unit": {"zh": unit_zh, "en": unit_en},
        "n": facts.n,
        "date": None,
        "from": facts.from_ and facts.from_.isoformat(),
        "to": facts.to and facts.to.isoformat(),
        "per": facts.per,
        "bandwidth_m": facts.bandwidth_m,
        "suppressed": facts.n is None,
        "breaks": list(breaks),
        "items": list(_items(scale)) if scale is not None and breaks else [],
        "notes": [{"zh": zh, "en": en} for zh, en in notes],
    }


def _items(scale: Scale) -> Iterable[dict[str, object]]:
    first = _number(scale.breaks[0])
    yield _item("heat-0", f"不足 {first}（不着色）", f"under {first} (clear)", None)
    for place, (lower, color) in enumerate(zip(scale.breaks, scale.colors, strict=True)):
        last = place + 1 == len(scale.breaks)
        upper = None if last else _number(scale.breaks[place + 1])
        words = f"≥ {_number(lower)}" if upper is None else f"{_number(lower)} – {upper}"
        item = _item(f"heat-{scale.steps[place]}", words, words, color)
        yield {**item, "lower": lower, "upper": None if last else scale.breaks[place + 1]}


def _item(key: str, zh: str, en: str, color: str | None) -> dict[str, object]:
    symbol: dict[str, object] = {
        "shape": "fill", "color": color or PALETTE["ground"], "outline": PALETTE["road-casing"],
    }  # fmt: skip
    if color is not None:
        symbol["opacity"] = HEAT_OPACITY
    return {"id": key, "label": {"zh": zh, "en": en}, "symbol": symbol, "n": None}


def _number(value: float) -> str:
    return f"{value:,.6g}" if value < 1 else f"{value:,.10g}"


def _period(facts: HeatFacts) -> Words:
    first, last = facts.from_, facts.to
    if first is None and last is None:
        return "全部日期", "All dates"
    if last is None:
        return f"{first} 起", f"From {first}"
    if first is None:
        return f"截至 {last}", f"Until {last}"
    return f"{first} 至 {last}", f"{first} to {last}"


def _kernel(facts: HeatFacts) -> Words:
    metres = f"{facts.bandwidth_m:,.6g}"
    return f"高斯核，带宽 {metres} 米，边界已校正", f"Gaussian kernel, bandwidth {metres} m"


def _remarks(facts: HeatFacts, breaks: Sequence[float]) -> Iterable[Words]:
    if facts.n is None:
        yield (f"少于 {K_ANONYMITY} 件，为保护个人不予显示",
               f"Fewer than {K_ANONYMITY}: not shown, to protect persons")  # fmt: skip
        return
    if facts.n == 0:
        yield "该条件下没有事件", "There are no such incidents"
        return
    if facts.located < facts.n:
        missing = facts.n - facts.located
        yield f"其中 {missing:,} 件没有坐标，未计入图中", f"{missing:,} of them have no place"
    if facts.per == "households":
        least = int(LEAST_HOUSEHOLDS)
        yield f"周围住户不足 {least} 户处不计算", f"No rate where fewer than {least} households are"
        if not breaks:
            yield "没有可计算的住户", "There are no households to compare with"
    if facts.stacks:
        places, total = len(facts.stacks), sum(facts.stacks)
        yield (
            f"{places} 处坐标各有 {STACKED} 件以上（共 {total:,} 件），可能是默认定位",
            f"{total:,} on {places} coordinates with {STACKED} or more: maybe defaults",
        )
