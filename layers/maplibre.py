"""The grammar of a MapLibre style: how a layer and the commonest expressions are written down."""

from collections.abc import Iterable

# A MapLibre expression or layer is plain JSON.
Json = object


def style_layer(key: str, kind: str, source: str, **rest: Json) -> dict[str, Json]:
    """Return a layer that draws the source of a vector tile's layer of the same name."""
    return {"id": key, "type": kind, "source": source, "source-layer": source, **rest}


def by_zoom(*stops: float) -> list[Json]:
    """Return a size that grows with the map: zoom, size, zoom, size."""
    return ["interpolate", ["exponential", 1.5], ["zoom"], *stops]


def match(prop: str, pairs: Iterable[tuple[Json, Json]], default: Json) -> list[Json]:
    """Return a choice by a feature's property."""
    return ["match", ["get", prop], *(part for pair in pairs for part in pair), default]
