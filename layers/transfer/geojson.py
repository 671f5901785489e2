"""What a GeoJSON document says, looked over first: GDAL passes over what is no feature."""

import json
from typing import Any

import pyproj

from layers.transfer.errors import TransferError

JSON_SHAPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
               "GeometryCollection")  # fmt: skip


def parse(words: str) -> object:
    """Return a JSON document.

    Raises
    ------
    TransferError
        If it is none; says the line.
    """
    try:
        return json.loads(words)
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
    name = said.get("properties", {}).get("name") if isinstance(said, dict) else None
    if name is None:
        return ""
    try:
        pyproj.CRS.from_user_input(str(name))
    except pyproj.exceptions.CRSError:
        return str(name)
    return ""
