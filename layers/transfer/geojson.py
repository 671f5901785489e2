"""What a GeoJSON document says, looked over first: GDAL passes over what is no feature."""

import json
import re
from typing import Any

import pyproj

from layers.transfer.errors import TransferError, some

JSON_SHAPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
               "GeometryCollection")  # fmt: skip
# Where a member “crs” may stand, be it written in escapes or in capitals.
MAY_SAY_CRS = re.compile(r"crs\"|\\u00[4-7]", re.IGNORECASE)
# How a file may say its CRS by itself: GDAL fetches what is said by a link, from any address.
SAID_HERE = ("name", "epsg", "ogc")


def parse(words: str) -> object:
    """Return a JSON document.

    Raises
    ------
    TransferError
        If it is none; says the line. If it says its CRS by an address.
    """
    looked_at = _looked_at if MAY_SAY_CRS.search(words) else None
    try:
        return json.loads(words, object_pairs_hook=looked_at)
    except json.JSONDecodeError as error:
        raise TransferError(
            f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            cure="It may have been cut short; export it again.",
            zh=f"这不是 JSON：第 {error.lineno} 行第 {error.colno} 列有误。"
            "文件可能不完整，请重新导出。",
        ) from error
    except (RecursionError, ValueError) as error:
        raise TransferError(
            "The JSON is nested too deep, or holds a number that is too long.",
            cure="Export it again.",
            zh="JSON 嵌套过深，或有过长的数字。请重新导出。",
        ) from error


def _looked_at(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of the document, if no member of it is a CRS at an address."""
    for name, value in pairs:
        if name.lower() == "crs" and isinstance(value, dict):
            ways = [str(way).lower() for key, way in value.items() if key.lower() == "type"]
            if any(way not in SAID_HERE for way in ways):
                raise TransferError(
                    "The file says its coordinate system by an address, which is not asked.",
                    cure="Take the member “crs” out, and say it with --crs.",
                    zh="文件用网址说明坐标系，不会去读取。请删去 crs 成员，并指明坐标系（--crs）。",
                )
    return dict(pairs)


def json_shapes(document: object) -> list[dict[str, Any] | None] | None:
    """Return the geometry of each row, as JSON; null where this is not for us to say (TopoJSON)."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Topology":
        return None
    if not isinstance(document, dict) or kind not in ("FeatureCollection", "Feature", *JSON_SHAPES):
        raise TransferError(
            "This is JSON, but no GeoJSON.",
            cure="Give a FeatureCollection; export it again.",
            zh="这是 JSON，但不是 GeoJSON。请提供 FeatureCollection，或重新导出。",
        )
    if kind in JSON_SHAPES:
        return [document]
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if not isinstance(features, list):
        raise TransferError(
            "The FeatureCollection has no list of features.",
            cure="Export it again.",
            zh="FeatureCollection 里没有要素列表，请重新导出。",
        )
    return [_json_shape(feature, row) for row, feature in enumerate(features, start=1)]


def _json_shape(feature: object, row: int) -> dict[str, Any] | None:
    shape = feature.get("geometry") if isinstance(feature, dict) else ()
    if shape is None or (isinstance(shape, dict) and shape.get("type") in JSON_SHAPES):
        return shape
    raise TransferError(
        "A row is no GeoJSON feature with a geometry.",
        cure="Export it again.",
        zh="这一行不是带图形的 GeoJSON 要素，请重新导出。",
        row=row,
    )


def unknown_crs(document: object) -> str:
    """Return the name of a CRS that the file says it is in, if PROJ does not know it."""
    said = document.get("crs") if isinstance(document, dict) else None
    about = said.get("properties") if isinstance(said, dict) else None
    name = about.get("name") if isinstance(about, dict) else None
    return known_crs(None if name is None else str(name))[1]


def known_crs(said: str | None) -> tuple[str | None, str]:
    """Return what a file says of its CRS, and null instead if PROJ does not know it: with its name.

    Examples
    --------
    >>> known_crs("EPSG:4490"), known_crs("西安80")
    (('EPSG:4490', ''), (None, '西安80'))
    """
    if said is None:
        return None, ""
    try:
        pyproj.CRS.from_user_input(said)
    except (pyproj.exceptions.CRSError, UnicodeError):
        return None, some([said])
    return said, ""
