"""A map as one HTML file: interactive, drawn by folium and Leaflet, and opened from a USB stick.

Nothing in the file refers to anything outside of it: scripts, style sheets, pictures and symbols
stand inside, so it works on a network without internet and years from now. The libraries come
from the browser app's lock, by ``make assets``. The same map gives the same bytes.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Literal

import branca.element
import folium
from folium.template import Template

from layers.legend_svg import legend_svg, pattern_defs, symbol_paths
from layers.sheet import FONT, SYNTHETIC
from layers.style import IMAGES, PALETTE

Lang = Literal["zh", "en"]
# West, south, east, north, degrees.
Bbox = tuple[float, float, float, float]
Feature = dict[str, Any]

ASSETS = Path(__file__).parent / "assets"
CSS = Path(__file__).parent / "templates" / "folium_map.css"
SCRIPTS, STYLES = ("leaflet.js", "jquery.min.js"), ("leaflet.css",)
# Nearer than this nothing more is to be seen.
MAX_ZOOM = 19
WORDS = {
    "zh": {"legend": "图例", "lang": "zh-CN"},
    "en": {"legend": "Legend", "lang": "en"},
}


@dataclass(frozen=True, slots=True)
class Overlay:
    """One layer of features that the reader can switch.

    ``features`` are GeoJSON features in EPSG:4326. Of their properties, ``tip`` is shown beside
    the pointer, ``card`` (pairs of a name and a value) where one is clicked, and ``style`` are
    Leaflet's path options, over those of the overlay. Points are drawn as ``symbol``, an image of
    :mod:`layers.style`, else as circles.
    """

    name: str
    features: Sequence[Feature]
    style: Mapping[str, object] = field(default_factory=dict)
    symbol: str | None = None
    size: int = 16
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn layer: a PNG whose edges are ``bbox``, linear in EPSG:3857."""

    name: str
    image: bytes
    bbox: Bbox
    opacity: float = 1.0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """What a file shows: layers from below to above, names, and the words around them.

    ``names`` are (longitude, latitude, text, level), the level being one of
    :data:`layers.style.BORDERS`.
    """

    title: str
    subtitle: str
    bbox: Bbox
    layers: Sequence[Overlay | Picture]
    names: Sequence[tuple[float, float, str, str]] = ()
    legends: Sequence[Mapping[str, Any]] = ()
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    lang: Lang = "zh"
    synthetic: bool = False


class AssetsMissingError(RuntimeError):
    """The libraries that a file needs are not there."""

    def __init__(self) -> None:
        super().__init__("layers/assets is empty: run `make assets`.")


def page_html(page: Page) -> str:
    """Return the file.

    Raises
    ------
    AssetsMissingError
        If ``make assets`` has not been run.
    """
    made = folium.Map(
        tiles=None, zoom_control="bottomright", max_zoom=MAX_ZOOM,
        zoom_snap=0.25, attribution_control=False,
    )  # fmt: skip
    made.default_js, made.default_css = [], []
    for layer in page.layers:
        if isinstance(layer, Picture):
            _add_picture(made, layer)
        else:
            _add_overlay(made, layer)
    if page.names:
        _add_names(made, page.names)
    if len(page.layers) > 1:
        folium.LayerControl(position="topright", collapsed=True).add_to(made)
    made.add_child(_Framed(page.bbox))
    root: Any = made.get_root()
    root.title = escape(page.title)
    root.html.add_child(branca.element.Element(_around(page)))
    _name_elements(root)
    return _inlined(root.render(), page.lang)


class _Framed(folium.MacroElement):
    """The map's first view, beside the words and not behind them; and a scale bar in metres."""

    _template = Template("""
        {% macro script(this, kwargs) %}
            (function (map) {
                var wide = innerWidth > 800;
                map.fitBounds({{ this.box | tojson }}, {
                    paddingTopLeft: wide ? [400, 24] : [12, 120],
                    paddingBottomRight: wide ? [24, 24] : [12, 24],
                });
                // Folium's own has feet below the metres.
                L.control.scale({imperial: false, position: "bottomright"}).addTo(map);
                // Of names that would lie on each other the first is shown.
                function thin() {
                    var kept = [];
                    document.querySelectorAll(".name span").forEach(function (name) {
                        var own = name.getBoundingClientRect();
                        var meets = kept.some(function (other) {
                            return own.left < other.right && other.left < own.right
                                && own.top < other.bottom && other.top < own.bottom;
                        });
                        name.style.visibility = meets ? "hidden" : "";
                        if (!meets) kept.push(own);
                    });
                }
                map.on("zoomend", thin);
                setTimeout(thin);
            })({{ this._parent.get_name() }});
        {% endmacro %}
    """)

    def __init__(self, bbox: Bbox) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # branca has no types
        west, south, east, north = bbox
        self.box = [[south, west], [north, east]]


# -- layers --------------------------------------------------------------------------------------


def _add_picture(made: folium.Map, layer: Picture) -> None:
    west, south, east, north = layer.bbox
    url = f"data:image/png;base64,{base64.b64encode(layer.image).decode()}"
    folium.raster_layers.ImageOverlay(
        url, [[south, west], [north, east]], name=layer.name, opacity=layer.opacity,
        show=layer.shown, zindex=1,
    ).add_to(made)  # fmt: skip


def _add_overlay(made: folium.Map, layer: Overlay) -> None:
    features = [_ready(each, place) for place, each in enumerate(layer.features)]
    if not features:
        return
    styles = {
        each["id"]: {"fill": True, **layer.style, **own.get("properties", {}).get("style", {})}
        for each, own in zip(features, layer.features, strict=True)
    }
    tips = any(each["properties"]["tip"] for each in features)
    cards = any(each["properties"]["card"] for each in features)
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=layer.name,
        show=layer.shown,
        style_function=lambda each: styles[each["id"]],
        marker=_marker(layer),
        tooltip=folium.GeoJsonTooltip(["tip"], labels=False, sticky=True) if tips else None,
        popup=folium.GeoJsonPopup(["card"], labels=False, max_width=320) if cards else None,
        smooth_factor=0,
        zoom_on_click=False,
    ).add_to(made)


def _ready(feature: Feature, place: int) -> Feature:
    held = feature.get("properties", {})
    own = {
        "tip": escape(held.get("tip") or ""),
        "card": "".join(_card(held.get("tip"), held["card"])) if held.get("card") else "",
    }
    return {"type": "Feature", "id": str(place), "geometry": feature["geometry"], "properties": own}


def _card(title: str | None, facts: Iterable[tuple[str, str]]) -> Iterator[str]:
    if title:
        yield f"<b>{escape(title)}</b>"
    yield "<dl>"
    for name, value in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"


def _marker(layer: Overlay) -> folium.CircleMarker | folium.Marker:
    if layer.symbol is None:
        radius = float(str(layer.style.get("radius", 4)))
        return folium.CircleMarker(radius=radius)
    drawn = symbol_svg(layer.symbol, layer.size)
    half = layer.size // 2
    icon = folium.DivIcon(drawn, icon_size=(layer.size, layer.size), icon_anchor=(half, half),
                          class_name="symbol")  # fmt: skip
    return folium.Marker(icon=icon)


def symbol_svg(name: str, size: int) -> str:
    """Return a symbol of :data:`layers.style.IMAGES` as an SVG element of so many pixels."""
    side = next(image.size for image in IMAGES if image.id == name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        f'viewBox="0 0 {side} {side}" aria-hidden="true">{symbol_paths(name)}</svg>'
    )


def _add_names(made: folium.Map, names: Sequence[tuple[float, float, str, str]]) -> None:
    group = folium.FeatureGroup(name="names", control=False)
    for lon, lat, words, level in names:
        icon = folium.DivIcon(
            f"<span>{escape(words)}</span>", icon_size=(0, 0), class_name=f"name {level}"
        )
        folium.Marker([lat, lon], icon=icon, interactive=False, keyboard=False).add_to(group)
    group.add_to(made)


# -- words around the map ------------------------------------------------------------------------


def _around(page: Page) -> str:
    facts = "".join(
        f"<div><b>{escape(value)}</b> <span>{escape(words)}</span></div>"
        for value, words in page.facts
    )
    legends = "".join(legend_svg(dict(each), page.lang) for each in page.legends)
    said = "".join(f"<li>{escape(note)}</li>" for note in page.notes)
    if page.synthetic:
        said += f'<li class="synthetic">{SYNTHETIC[page.lang]}</li>'
    words = WORDS[page.lang]
    hidden = 'width="0" height="0" style="position:absolute" aria-hidden="true"'
    return (
        f"<svg {hidden}><defs>{pattern_defs()}</defs></svg>"
        f'<header class="about"><h1>{escape(page.title)}</h1><p>{escape(page.subtitle)}</p>'
        f'<div class="facts">{facts}</div><ul class="notes">{said}</ul></header>'
        f'<details class="legend" open><summary>{words["legend"]}</summary>{legends}</details>'
    )


# -- one file ------------------------------------------------------------------------------------


def _name_elements(root: branca.element.Element) -> None:
    """Give the parts numbers for names: folium draws theirs at random."""
    todo, number = [root], 0
    while todo:
        each = todo.pop(0)
        number += 1
        each._id = f"{number}"
        todo += each._children.values()
        todo += [part for part in (getattr(each, "marker", None), getattr(each, "icon", None))
                 if isinstance(part, branca.element.Element)]  # fmt: skip


def _inlined(html: str, lang: Lang) -> str:
    styles = "".join(f"<style>{_style(name)}</style>" for name in STYLES)
    own = CSS.read_text(encoding="utf-8").replace("FONT", FONT)
    for name, color in PALETTE.items():
        own = own.replace(f"var(--{name})", color)
    scripts = "".join(f"<script>{_script(name)}</script>" for name in SCRIPTS)
    head = f"{styles}{scripts}"
    html = html.replace("<html>", f'<html lang="{WORDS[lang]["lang"]}">', 1)
    html = html.replace("<head>", f"<head>{head}", 1)
    # After folium's own, which is written for a page that has nothing else.
    return html.replace("</head>", f"<style>{own}</style></head>", 1)


def _asset(name: str) -> Path:
    path = ASSETS / name
    if not path.exists():
        raise AssetsMissingError
    return path


@cache
def _script(name: str) -> str:
    # Nothing in a script may end its element.
    return _asset(name).read_text(encoding="utf-8").replace("</script", r"<\/script")


@cache
def _style(name: str) -> str:
    text = _asset(name).read_text(encoding="utf-8")
    return re.sub(r"url\((images/[\w.-]+)\)", lambda found: f"url({_data(found[1])})", text)


def _data(name: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(_asset(name).read_bytes()).decode()}"
