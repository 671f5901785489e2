"""Style documents for MapLibre: the tables of ``layers.style`` in the renderer's own language.

Order from below: grid kinds, ground, borders by level, shapes of findings, households, markers of
findings, labels. No glyphs and no sprite are named: text is drawn in the reader's own fonts, and
the symbols travel as data in the document's metadata (``wangge:images``), for the page to draw
once on a canvas. The sources stand in the document itself, so that a map need not ask for them.
"""

from collections.abc import Mapping
from typing import Literal

from layers.catalog import (
    CATALOG,
    COMPUTED,
    EXACT_ZOOM,
    FINDING_SHAPE_ZOOM,
    HOUSEHOLD_ZOOM,
    Layer,
    tile_path,
)
from layers.incident_style import heat_layers, incident_layers
from layers.legend import legend
from layers.maplibre import Json, by_zoom, match, style_layer
from layers.member_style import member_layers
from layers.style import BORDERS, FINDING_CLASSES, GRID_KINDS, HOUSEHOLD_BREAKS, PALETTE, images

Language = Literal["zh", "en"]
STYLES: tuple[str, ...] = ("coverage", "members", "incidents", "plain")

_BACKGROUND: dict[str, Json] = {
    "id": "ground",
    "type": "background",
    "paint": {"background-color": PALETTE["ground"]},
}


def _ground() -> list[dict[str, Json]]:
    def ground(key: str, kind: str, layer: str, geometry: str, **paint: Json) -> dict[str, Json]:
        test = ["all", ["==", ["get", "layer"], layer], ["==", ["geometry-type"], geometry]]
        return style_layer(key, kind, "ground", filter=test, paint=paint)

    casing, road = by_zoom(8, 0.6, 12, 2.4, 16, 11.0), by_zoom(8, 0.3, 12, 1.6, 16, 9.0)
    water: dict[str, Json] = {"fill-color": PALETTE["water"]}
    # Translucent, so that the grid's kind is seen through it.
    built: dict[str, Json] = {"fill-color": PALETTE["settlement"], "fill-opacity": 0.55}
    return [
        ground("settlements", "fill", "settlements", "Polygon", **built),
        ground("water", "fill", "rivers", "Polygon", **water),
        ground(
            "rivers",
            "line",
            "rivers",
            "LineString",
            **{"line-color": PALETTE["water"], "line-width": by_zoom(8, 0.8, 12, 2.2, 16, 9.0)},
        ),
        ground(
            "road-casing",
            "line",
            "roads",
            "LineString",
            **{"line-color": PALETTE["road-casing"], "line-width": casing},
        ),
        ground(
            "roads",
            "line",
            "roads",
            "LineString",
            **{"line-color": PALETTE["road"], "line-width": road},
        ),
    ]


def _grids() -> list[dict[str, Json]]:
    kinds = match("kind", ((kind, PALETTE[kind]) for kind in GRID_KINDS), PALETTE["rural"])
    # An overlay lies on other grids: shown by its outline, so that what lies below stays visible.
    opacity = ["match", ["get", "coverage"], "overlay", 0.25, 0.62]
    fill = {"fill-color": kinds, "fill-opacity": opacity, "fill-antialias": False}
    return [style_layer("grids", "fill", "grids", paint=fill)]


def _border(level: str, source: str, minzoom: float) -> dict[str, Json]:
    _, _, width, dash = BORDERS[level]
    fade: list[Json] = ["interpolate", ["linear"], ["zoom"], minzoom, 0.25, minzoom + 1.5, 1.0]
    paint: dict[str, Json] = {
        "line-color": PALETTE[level],
        "line-width": by_zoom(8, width * 0.5, 12, width, 16, width * 2.0),
        # A border comes in quietly, where there is room for it.
        "line-opacity": fade,
    }
    if dash:
        paint["line-dasharray"] = list(dash)
    layer = style_layer(f"{level}-border", "line", source, minzoom=minzoom, paint=paint)
    layer["layout"] = {"line-join": "round", "line-cap": "butt" if dash else "round"}
    if source == "areas":
        layer["filter"] = ["==", ["get", "level"], level]
    return layer


def _borders() -> list[dict[str, Json]]:
    lowest = {"unit": 14.0, "grid": 10.5, "village": 9.0, "town": 7.0, "county": 4.0}
    sources = {"grid": "grids", "unit": "units"}
    return [_border(level, sources.get(level, "areas"), zoom) for level, zoom in lowest.items()]


def _finding_class(values: dict[str, str], default: str) -> list[Json]:
    rules = ((list(g.rules), values[g.id]) for g in FINDING_CLASSES if g.id in values)
    return match("rule", rules, default)


def _accepted(yes: Json, no: Json) -> Json:
    return ["case", ["==", ["get", "accepted"], True], yes, no]


def _finding_shapes() -> list[dict[str, Json]]:
    hatches = {g.id: f"hatch-{g.id}" for g in FINDING_CLASSES if g.areal}
    colors = {g.id: g.color for g in FINDING_CLASSES}
    color = _finding_class(colors, PALETTE["ink"])
    # A grid without people is a whole grid: a marker says it, a hatch would drown the map.
    areal = [rule for group in FINDING_CLASSES if group.areal for rule in group.rules]
    drawn: Json = ["in", ["get", "rule"], ["literal", areal]]
    area: Json = ["all", ["==", ["get", "shape"], "polygon"], drawn]
    line: Json = ["all", ["in", ["get", "shape"], ["literal", ["polygon", "line"]]], drawn]
    # What is accepted as an exception is still there to be seen, and steps back.
    outline = {
        "line-color": color,
        "line-width": by_zoom(12, 1.0, 16, 2.5),
        "line-opacity": _accepted(0.5, 1.0),
    }
    fill = {
        "fill-pattern": _finding_class(hatches, "hatch-record"),
        "fill-opacity": _accepted(0.35, 1.0),
    }
    least = float(FINDING_SHAPE_ZOOM)
    return [
        style_layer("findings-fill", "fill", "findings", minzoom=least, filter=area, paint=fill),
        style_layer(
            "findings-line",
            "line",
            "findings",
            minzoom=least,
            filter=line,
            paint=outline,
        ),
    ]


def _finding_markers() -> list[dict[str, Json]]:
    markers = {g.id: f"marker-{g.id}" for g in FINDING_CLASSES}
    # The gravest on top; an error's marker is never dropped, for a hidden one is a lie. What is
    # only to be looked into waits until there is room, or hundreds of small matters would cover
    # the few great ones.
    rank: Json = _accepted(-1, ["match", ["get", "severity"], "error", 2, "warning", 1, 0])
    size: Json = [
        "interpolate", ["linear"], ["zoom"],
        8, ["match", ["get", "severity"], "error", 0.5, 0.3],
        14, ["match", ["get", "severity"], "error", 1.0, 0.7],
    ]  # fmt: skip
    marker = {
        "icon-image": _finding_class(markers, "marker-record"),
        "icon-size": size,
        "icon-allow-overlap": True,
        "icon-ignore-placement": True,
        "symbol-sort-key": rank,
    }
    return [
        style_layer(
            key,
            "symbol",
            "findings",
            minzoom=lowest,
            filter=["all", ["==", ["get", "shape"], "point"], [is_, ["get", "severity"], "error"]],
            layout=marker,
            paint={"icon-opacity": _accepted(0.4, opacity)},
        )
        for key, is_, lowest, opacity in (
            ("findings-minor", "!=", 11.5, 0.7),
            ("findings-point", "==", 0.0, 1.0),
        )
    ]


def _households() -> list[dict[str, Json]]:
    steps: list[Json] = [PALETTE["cells-1"]]
    for place, least in enumerate(HOUSEHOLD_BREAKS[1:], 2):
        steps += [least, PALETTE[f"cells-{place}"]]
    cells = {
        "circle-color": ["step", ["get", "n"], *steps],
        "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "n"]], 3, 1.5, 32, 6.0],
        "circle-opacity": 0.7,
    }
    covered: Json = ["get", "covered"]
    points = {
        "circle-color": ["case", covered, PALETTE["covered"], PALETTE["household"]],
        "circle-radius": by_zoom(14, 1.6, 17, 5.0),
        "circle-stroke-color": PALETTE["halo"],
        "circle-stroke-width": ["case", covered, 0.5, 1.5],
    }
    return [
        style_layer(
            "household-cells",
            "circle",
            "households",
            # Above this the whole county would be dots, and hide what is wrong with it.
            minzoom=10.5,
            filter=["has", "n"],
            paint=cells,
        ),
        style_layer(
            "households",
            "circle",
            "households",
            minzoom=float(HOUSEHOLD_ZOOM),
            filter=["has", "code"],
            paint=points,
        ),
    ]


# level: lowest zoom, highest zoom, text size, letter spacing, colour
_LABELS: tuple[tuple[str, float, float, float, float, str], ...] = (
    ("settlement", 14.0, 22.0, 11.0, 0.0, "town"),
    ("grid", float(EXACT_ZOOM), 22.0, 11.0, 0.0, "town"),
    ("village", 11.0, 22.0, 12.0, 0.0, "ink"),
    ("town", 8.5, 14.0, 14.0, 0.05, "ink"),
    ("county", 4.0, 9.0, 17.0, 0.25, "ink"),
)


def _labels(lang: Language) -> list[dict[str, Json]]:
    name: Json = ["get", "name"]
    text = name if lang == "zh" else ["coalesce", ["get", "name_en"], name]
    return [
        style_layer(
            f"{level}-label",
            "symbol",
            "labels",
            minzoom=lowest,
            maxzoom=highest,
            filter=["==", ["get", "level"], level],
            layout={
                "text-field": text,
                "text-font": ["sans-serif"],
                "text-size": size,
                "text-letter-spacing": spacing,
                "text-padding": 4,
                "text-max-width": 8,
                "symbol-sort-key": ["get", "rank"],
            },
            paint={
                "text-color": PALETTE[color],
                "text-halo-color": PALETTE["halo"],
                "text-halo-width": 1.4,
            },
        )
        for level, lowest, highest, size, spacing, color in _LABELS
    ]


def style_document(
    name: str,
    lang: Language = "zh",
    base_url: str = "",
    bounds: tuple[float, float, float, float] = (-180.0, -85.0, 180.0, 85.0),
    query: Mapping[str, str] | None = None,
) -> dict[str, Json]:
    """Return a MapLibre style.

    Parameters
    ----------
    name
        ``coverage`` (ground, grids, findings, households), ``members`` (ground, borders, the
        party-member household map), ``incidents`` (ground, density, borders, incidents) or
        ``plain`` (ground and borders).
    lang
        The language of labels; an English name that is missing falls back to the Chinese one.
    base_url
        Put before the tiles' paths: a worker resolves no relative address.
    bounds
        West, south, east, north of what the reader may see, degrees: no tile is asked for beyond.
    query
        By source, what is asked of it: put behind the tiles' path and a question mark.

    Raises
    ------
    KeyError
        If there is no such style.
    """
    if name not in STYLES:
        raise KeyError(name)
    shapes, (minor, gravest) = _finding_shapes(), _finding_markers()
    data = {
        "coverage": [*shapes, *_households(), minor, gravest],
        "members": member_layers(),
        "incidents": incident_layers(),
    }.get(name, [])
    fills = _grids() if name == "coverage" else []
    heat = heat_layers() if name == "incidents" else []
    # Names lie over the data, but where every symbol must be seen.
    above = [*_labels(lang), *data] if name == "members" else [*data, *_labels(lang)]
    layers = [_BACKGROUND, *fills, *_ground(), *heat, *_borders(), *above]
    used = {layer["source"] for layer in layers if "source" in layer}
    legends = ("findings", "grids", "areas", "units", "households", "members", "incidents",
               "ground")  # fmt: skip
    known = {**CATALOG, **COMPUTED}
    return {
        "version": 8,
        "name": f"wangge {name}",
        "metadata": {
            "wangge:images": images(),
            "wangge:legends": {key: legend(key) for key in legends if key in used},
        },
        "sources": {
            key: _source(known[key], base_url, bounds, (query or {}).get(key, ""))
            for key in known
            if key in used
        },
        "layers": layers,
    }


def _source(
    entry: Layer, base_url: str, bounds: tuple[float, float, float, float], query: str
) -> dict[str, Json]:
    source: dict[str, Json] = {
        "type": "vector",
        "tiles": [f"{base_url}{tile_path(entry.name, query=query)}"],
        "minzoom": entry.minzoom,
        "maxzoom": entry.maxzoom,
        "bounds": list(bounds),
    }
    identity = _identity(entry)
    return source | ({"promoteId": identity} if identity else {})


def _identity(entry: Layer) -> str | None:
    """Return the property that names a feature, for hover and selection states."""
    return next((key for key in ("id", "code") if key in entry.columns), None)
