"""The live map's style in Mapnik's language: one layer and its rows, made ready to be drawn.

A layer of the MapLibre style is evaluated for each row at the picture's zoom; rows that come out
alike share a rule. So there is no second table of colours and widths: what the style says is what
both draw.

Known limits: a symbol is never left out for want of room, and text is :mod:`layers.labels`' work.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from layers.expressions import Json, Place, evaluate, questions
from layers.mapnik_engine import Ready, symbol_file

Row = Mapping[str, Any]
Values = Mapping[str, Any]
# What a style may say of anything but names that is followed here.
FOLLOWED = frozenset({
    "fill-color", "fill-opacity", "fill-pattern", "fill-antialias",
    "line-color", "line-width", "line-opacity", "line-dasharray", "line-join", "line-cap",
    "circle-color", "circle-radius", "circle-opacity", "circle-sort-key",
    "circle-stroke-color", "circle-stroke-width", "circle-stroke-opacity",
    "icon-image", "icon-size", "icon-opacity", "icon-offset", "symbol-sort-key",
})  # fmt: skip
# What is so in every picture, whatever a style says.
GIVEN = frozenset({"icon-allow-overlap", "icon-ignore-placement", "text-font"})
_KINDS = {1: "Point", 2: "LineString", 3: "Polygon", 4: "Point", 5: "LineString", 6: "Polygon"}


def ready(
    layer: Mapping[str, Json], rows: Iterable[Row], zoom: float, scale: float = 1.0
) -> list[Ready]:
    """Make a layer ready to be drawn.

    Parameters
    ----------
    layer
        Of a MapLibre style; a background, and a symbol that is nothing but text, draw nothing.
    rows
        Features, with ``geom`` as WKB in EPSG:3857.
    zoom
        The style's zoom.
    scale
        Pixels of the picture for one pixel of the style.

    Returns
    -------
    list of Ready
        The lowest first; empty where there is nothing to draw.
    """
    if layer["type"] not in _RULES or not in_view(layer, zoom):
        return []
    said = {**layer.get("layout", {}), **layer.get("paint", {})}
    says = {key: each for key, each in said.items() if key in FOLLOWED}
    if layer["type"] == "symbol" and "icon-image" not in says:
        return []
    groups: list[Values] = []
    found = [
        (number, _order(groups[number], geom), geom)
        for number, geom in _grouped(layer, says, rows, zoom, groups)
    ]
    if layer["type"] in ("symbol", "circle"):
        # One order in every tile, or two halves of what overlaps would not agree.
        found.sort(key=lambda each: each[1])
    make = _RULES[layer["type"]]
    rules = [
        f"<Rule><Filter>[rule]={number}</Filter>{make(values, scale)}</Rule>"
        for number, values in enumerate(groups)
    ]
    return [
        Ready(
            "".join(rules[number] for number in chosen),
            [(number, geom, "") for number, _, geom in found if number in chosen],
            opacity=opacity,
        )
        for opacity, chosen in _together(groups).items()
    ]


def _together(groups: Sequence[Values]) -> dict[float, list[int]]:
    """Part the rules by the opacity of the whole that they belong to.

    Where two neighbours each cover half a pixel, the ground would shine through: what asks for no
    smoothing is drawn opaque, and its layer is made transparent as a whole.
    """
    found: dict[float, list[int]] = {}
    for number, values in enumerate(groups):
        whole = 1.0 if values.get("fill-antialias", True) else values.get("fill-opacity", 1.0)
        found.setdefault(float(whole), []).append(number)
    return found


def in_view(layer: Mapping[str, Json], zoom: float) -> bool:
    """Tell whether a layer is shown at a zoom."""
    return bool(layer.get("minzoom", 0) <= zoom < layer.get("maxzoom", 99))


def _order(values: Values, geom: bytes) -> tuple[float, bytes]:
    return float(values.get("symbol-sort-key") or values.get("circle-sort-key") or 0), geom


def _grouped(
    layer: Mapping[str, Json],
    says: Mapping[str, Json],
    rows: Iterable[Row],
    zoom: float,
    groups: list[Values],
) -> Iterable[tuple[int, bytes]]:
    """Give each row that the layer shows, and its group; what is new goes to ``groups``."""
    asked = {*questions(says), *questions(layer.get("filter"))}
    used = sorted(name for how, name in asked if how == "get")
    # Whether there is a code is asked of each household, and is no reason to keep them apart.
    there = sorted({name for how, name in asked if how == "has"} - set(used))
    known: dict[tuple[Any, ...], int | None] = {}
    looks: dict[str, int] = {}
    for row in rows:
        geom = bytes(row["geom"])
        kind = _KINDS.get(geom[1 if geom[0] == 1 else 4], "")
        key = (kind, *(row.get(n) for n in used), *(row.get(n) is not None for n in there))
        if key not in known:
            known[key] = None
            at = Place(zoom, kind, row)
            if evaluate(layer.get("filter", True), at):
                values = {name: evaluate(each, at) for name, each in says.items()}
                known[key] = looks.setdefault(repr(values), len(groups))
                if known[key] == len(groups):
                    groups.append(values)
        number = known[key]
        if number is not None:
            yield number, geom


def _element(name: str, says: Mapping[str, object]) -> str:
    given = " ".join(
        f"{key}={quoteattr(str(value))}" for key, value in says.items() if value is not None
    )
    return f"<{name} {given}/>"


def _fill(values: Values, scale: float) -> str:
    opacity = values.get("fill-opacity", 1.0)
    pattern = values.get("fill-pattern")
    if pattern:
        file = symbol_file(pattern, scale)
        # From the world's middle on, so that it runs through from one shape to the next.
        return _element(
            "PolygonPatternSymbolizer", {"file": file, "opacity": opacity, "alignment": "global"}
        )
    fill = {"fill": values.get("fill-color", "#000000"), "fill-opacity": opacity}
    if not values.get("fill-antialias", True):
        # Two halves of a pixel cover it nearly whole.
        fill |= {"fill-opacity": 1.0, "gamma": 0.3}
    return _element("PolygonSymbolizer", fill)


def _line(values: Values, scale: float) -> str:
    del scale
    width = float(values.get("line-width", 1.0))
    dash = values.get("line-dasharray")
    return _element(
        "LineSymbolizer",
        {
            "stroke": values.get("line-color", "#000000"),
            "stroke-width": round(width, 4),
            "stroke-opacity": values.get("line-opacity", 1.0),
            "stroke-linejoin": values.get("line-join", "miter"),
            "stroke-linecap": values.get("line-cap", "butt"),
            "stroke-dasharray": ",".join(f"{part * width:.4f}" for part in dash) if dash else None,
        },
    )


_FREELY = {"allow-overlap": "true", "ignore-placement": "true"}


def _circle(values: Values, scale: float) -> str:
    del scale
    stroke = float(values.get("circle-stroke-width", 0.0))
    # MapLibre's stroke lies outside the circle, Mapnik's on its edge.
    across = 2 * float(values.get("circle-radius", 5.0)) + stroke
    opacity = values.get("circle-opacity", 1.0)
    return _element(
        "MarkersSymbolizer",
        {
            "marker-type": "ellipse",
            "width": round(across, 4),
            "height": round(across, 4),
            "fill": values.get("circle-color", "#000000"),
            "fill-opacity": opacity,
            "stroke": values.get("circle-stroke-color", "#000000"),
            "stroke-width": stroke,
            "stroke-opacity": values.get("circle-stroke-opacity", 1.0) if stroke else 0,
            **_FREELY,
        },
    )


def _icon(values: Values, scale: float) -> str:
    name = values.get("icon-image")
    if not name:
        return ""
    size = float(values.get("icon-size", 1.0))
    right, down = (part * size for part in values.get("icon-offset", (0.0, 0.0)))
    return _element(
        "MarkersSymbolizer",
        {
            "file": symbol_file(name, scale),
            "transform": f"translate({right:g},{down:g}) scale({size:g})",
            "opacity": values.get("icon-opacity", 1.0),
            **_FREELY,
        },
    )


_RULES: Mapping[str, Callable[[Values, float], str]] = {
    "fill": _fill,
    "line": _line,
    "circle": _circle,
    "symbol": _icon,
}


def text_layers(layers: Iterable[Mapping[str, Json]]) -> Sequence[Mapping[str, Json]]:
    """Pick the layers that say text, in the style's order."""
    return [
        each for each in layers
        if each["type"] == "symbol" and "text-field" in each.get("layout", {})
    ]  # fmt: skip
