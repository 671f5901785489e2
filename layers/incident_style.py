"""Incidents in MapLibre's language: the density under the borders, marks of alerts over them.

From below: the density's classes; counts as discs; a broken ring around a coordinate that many
share; each incident as the mark of its alert, the highest on top and none left out for want of
room.
"""

from layers.catalog import INCIDENT_ZOOM, STACKED
from layers.maplibre import Json, by_zoom, match, style_layer
from layers.style import HEAT_OPACITY, HEAT_STEPS, PALETTE

# What lies on top of what else.
_RANK = {"alert-red": 4, "alert-orange": 3, "alert-yellow": 2, "alert-blue": 1, "alert-green": 1}
_SIZE: Json = ["interpolate", ["linear"], ["zoom"], 12, 0.5, 14, 0.75, 16, 1.0]
_FREELY = {"icon-allow-overlap": True, "icon-ignore-placement": True}


def heat_layers() -> list[dict[str, Json]]:
    """Return the layer that draws the source ``heat``."""
    steps = ((step, PALETTE[f"heat-{step}"]) for step in range(1, HEAT_STEPS + 1))
    fill = {
        "fill-color": match("step", steps, PALETTE["heat-1"]),
        "fill-opacity": HEAT_OPACITY,
        # Neighbours each smooth their own half of an edge, and the ground would shine through.
        "fill-antialias": False,
    }
    return [style_layer("heat", "fill", "heat", paint=fill)]


def incident_layers() -> list[dict[str, Json]]:
    """Return the layers that draw the source ``incidents``, the lowest first."""
    least = float(INCIDENT_ZOOM)
    discs = {
        "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "n"]], 1, 2.5, 10, 9.0],
        "circle-color": PALETTE["halo"],
        "circle-opacity": 0.85,
        "circle-stroke-color": PALETTE["ink"],
        "circle-stroke-width": 1.2,
    }
    rank = match("symbol", _RANK.items(), 0)
    return [
        style_layer(
            "incident-counts",
            "circle",
            "incidents",
            # Further out the density says it.
            minzoom=10.5,
            filter=["has", "n"],
            paint=discs,
        ),
        style_layer(
            "incident-stacks",
            "symbol",
            "incidents",
            minzoom=least,
            filter=["all", ["has", "code"], [">=", ["get", "stacked"], STACKED]],
            layout={"icon-image": "incident-stack", "icon-size": _SIZE, **_FREELY},
        ),
        style_layer(
            "incidents",
            "symbol",
            "incidents",
            minzoom=least,
            filter=["has", "code"],
            layout={
                "icon-image": ["get", "symbol"],
                "icon-size": by_zoom(12, 0.45, 14, 0.7, 16, 1.0),
                "symbol-sort-key": rank,
                **_FREELY,
            },
        ),
    ]
