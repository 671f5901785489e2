"""The party-member household map in MapLibre's language: dots, symbols beside them, flags.

From below: a dot for each household (hollow where nobody keeps contact), a ring around a house in
need that nobody keeps contact with, its needs, a star where a member lives, a flag at each branch.
No symbol is ever left out for want of room: a missing star would say that there is no member. Names
lie below and make way for symbols.
"""

from typing import Any

from layers.catalog import MEMBER_ZOOM
from layers.maplibre import Json, by_zoom, match, style_layer
from layers.style import NEED_CLASSES, PALETTE

# Width and height of a symbol and a gap, in its own pixels: two stand beside each other.
_STEP = 18
# Where the symbols of one house stand: the first on it, then right, below, and across.
_SLOTS: tuple[tuple[int, int], ...] = ((0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (-1, 1))
# The foot of a flag's pole stands at the seat.
_FOOT: Json = ["literal", [5.5, -8]]
_SIZE: Json = ["interpolate", ["linear"], ["zoom"], 13, 0.32, 14, 0.42, 15, 0.6, 16, 0.8, 17, 1.0]


def _is(kind: str, *tests: Json) -> Json:
    return ["all", ["==", ["get", "kind"], kind], *tests]


def _symbols(key: str, test: Json, image: Json, **layout: Json) -> dict[str, Json]:
    always: dict[str, Json] = {"icon-allow-overlap": True}
    drawn: dict[str, Any] = {"icon-image": image, "icon-size": _SIZE, **always, **layout}
    return style_layer(key, "symbol", "members", minzoom=MEMBER_ZOOM, filter=test, layout=drawn)


def member_layers() -> list[dict[str, Json]]:
    """Return the layers that draw the source ``members``, the lowest first."""
    kept: Json = [">", ["get", "contacts"], 0]
    homes = {
        "circle-radius": by_zoom(13, 1.3, 15, 2.3, 16, 3.0, 18, 6.0),
        "circle-color": ["case", kept, PALETTE["home"], PALETTE["halo"]],
        "circle-stroke-color": PALETTE["home"],
        "circle-stroke-width": by_zoom(13, 0.5, 15, 0.9, 17, 1.5),
    }
    slots = [(n, ["literal", [x * _STEP, y * _STEP]]) for n, (x, y) in enumerate(_SLOTS)]
    needs = match("need", ((group.id, group.image) for group in NEED_CLASSES), "need-other")
    return [
        style_layer(
            "member-homes", "circle", "members",
            minzoom=MEMBER_ZOOM, filter=_is("home"), paint=homes,
        ),
        _symbols("member-alone", _is("home", ["get", "alone"]), "need-alone"),
        _symbols(
            "member-needs", _is("need"), needs,
            **{"icon-offset": match("slot", slots, slots[-1][1]),
               "symbol-sort-key": ["get", "slot"]},
        ),
        _symbols("member-stars", _is("home", [">", ["get", "members"], 0]), "member-home"),
        _symbols("member-seats", _is("seat"), "member-seat", **{"icon-offset": _FOOT}),
    ]  # fmt: skip
