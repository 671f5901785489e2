"""The layers a map can show: where each comes from, from which zoom, and who may see what of it.

A column has a privacy class. ``public`` columns go to every signed-in reader within his area;
``personal`` ones only where the reader's role and area allow the individual record; ``sensitive``
ones (membership, needs, who keeps contact with whom: PIPL art. 28) only to who works with them, in
his area; ``secret`` ones never leave through a map.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Privacy = Literal["public", "personal", "sensitive", "secret"]

# The least number of households in anything that is counted for a reader who may not see them
# singly. Ten is the project's default; under five is never allowed.
K_ANONYMITY = 10


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its name in a URL and inside a tile, its zooms, its columns by privacy class."""

    name: str
    zh: str
    en: str
    geometry: Literal["polygon", "line", "point", "mixed"]
    minzoom: int
    maxzoom: int
    columns: Mapping[str, Privacy]
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_sensitive(self) -> bool:
        """Whether nothing of it may go to who may not see what is sensitive."""
        return "sensitive" in self.columns.values()

    def fields(self) -> dict[str, str]:
        """Return TileJSON's ``fields``: column to ``String``, ``Number`` or ``Boolean``."""
        return {name: self.types.get(name, "String") for name in self.columns}


def _public(*names: str) -> dict[str, Privacy]:
    return dict.fromkeys(names, "public")


# From this zoom on, tiles hold the stored shapes; below it the simplified coverage.
EXACT_ZOOM = 13
# From this zoom on, a household is a point for those who may see it; below it a count.
HOUSEHOLD_ZOOM = 14
# From this zoom on, the party-member household map is drawn: a village then fills a phone.
MEMBER_ZOOM = 13
# From this zoom on, an incident is a point for those who may see it; below it a count.
INCIDENT_ZOOM = 12
# So many incidents on one coordinate are marked: mostly a geocoder's answer to what it cannot find.
STACKED = 20
# Below this zoom a finding is a point: its shape would be smaller than its outline.
FINDING_SHAPE_ZOOM = 12
# Classes of the ground that are specks from afar, and the zoom from which they are shown; a class
# that is not named is shown at every zoom.
GROUND_FROM: Mapping[str, int] = {"village": 10, "hamlet": 11, "pond": 11, "street": 13}

CATALOG: Mapping[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer(
            "areas", "行政区", "Areas", "polygon", 4, 16,
            _public("code", "name", "name_en", "level", "kind"),
        ),
        Layer(
            "grids", "网格", "Grids", "polygon", 8, 16,
            _public("code", "name", "name_en", "kind", "coverage", "area_code"),
        ),
        Layer("units", "十户单元", "Ten-household units", "polygon", 14, 16,
              _public("code", "grid_code")),
        Layer(
            "labels", "注记", "Labels", "point", 4, 16,
            _public("code", "name", "name_en", "level", "rank"),
            {"rank": "Number"},
        ),
        Layer("findings", "问题", "Findings", "mixed", 4, 16,
              _public("id", "rule", "severity", "accepted", "shape"), {"accepted": "Boolean"}),
        Layer(
            "households", "住户", "Households", "point", 8, 16,
            {"n": "public", "code": "personal", "covered": "personal", "located": "personal"},
            {"n": "Number", "covered": "Boolean", "located": "Boolean"},
        ),
        Layer(
            "members", "党员户图", "Party-member households", "point", MEMBER_ZOOM, 16,
            dict.fromkeys(
                ("kind", "code", "members", "contacts", "alone", "need", "slot"),
                "sensitive",
            ),
            {"members": "Number", "contacts": "Number", "alone": "Boolean", "slot": "Number"},
        ),
        Layer(
            "incidents", "事件", "Incidents", "point", 8, 16,
            {"n": "public", "code": "personal", "kind": "personal", "alert": "personal",
             "symbol": "personal", "status": "personal", "title": "personal",
             "stacked": "personal"},
            {"n": "Number", "stacked": "Number"},
        ),
        Layer("ground", "底图", "Ground", "mixed", 4, 16, _public("layer", "class", "name")),
    )
}  # fmt: skip


# What no table holds and is computed: the density of incidents, as contours or as pictures.
COMPUTED: Mapping[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer(
            "heat", "事件密度", "Incident density", "polygon", 4, 16,
            _public("step", "lower", "upper"),
            {"step": "Number", "lower": "Number", "upper": "Number"},
        ),
    )
}  # fmt: skip

# A vector tile, or a picture of 256 pixels.
TileFormat = Literal["mvt", "png"]
# The nearest zoom that is drawn as pictures; further in, a map enlarges them.
MOST_PICTURE_ZOOM = 20


def tile_path(layer: str, ending: TileFormat = "mvt", query: str = "") -> str:
    """Return where a layer's tiles are, with ``{z}``, ``{x}`` and ``{y}`` to be filled.

    Examples
    --------
    >>> tile_path("grids")
    '/tiles/grids/{z}/{x}/{y}.mvt'
    >>> tile_path("heat", "png", "kind=road")
    '/tiles/heat/{z}/{x}/{y}.png?kind=road'
    """
    return f"/tiles/{layer}/{{z}}/{{x}}/{{y}}.{ending}{f'?{query}' if query else ''}"


def tilejson(
    layer: str,
    bounds: tuple[float, float, float, float],
    base_url: str = "",
    ending: TileFormat = "mvt",
    query: str = "",
) -> dict[str, object]:
    """Return TileJSON 3.0.0 for a layer.

    Parameters
    ----------
    layer
        A layer of the catalogue.
    bounds
        West, south, east, north of what the reader may see, degrees.
    base_url
        Put before the tiles' path: a worker resolves no relative address.
    ending
        ``png``: the same layer as pictures, which show at each zoom what vector tiles show one
        zoom further out.
    query
        What follows the tiles' path after a question mark: which of the layer is asked for.

    Raises
    ------
    KeyError
        If there is no such layer.
    """
    entry = CATALOG[layer] if layer in CATALOG else COMPUTED[layer]
    is_picture = ending == "png"
    return {
        "tilejson": "3.0.0",
        "name": entry.en,
        "name_zh": entry.zh,
        "tiles": [f"{base_url}{tile_path(layer, ending, query)}"],
        "minzoom": entry.minzoom + is_picture,
        "maxzoom": MOST_PICTURE_ZOOM if is_picture else entry.maxzoom,
        "bounds": list(bounds),
        "vector_layers": []
        if is_picture
        else [
            {
                "id": layer,
                "description": entry.en,
                "minzoom": entry.minzoom,
                "maxzoom": entry.maxzoom,
                "fields": entry.fields(),
            }
        ],
    }
