"""What a GeoJSON document says, looked over first: GDAL passes over what is no feature.

Feature by feature, so that of a large document no more than its text is held at once.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pyproj

from layers.transfer.errors import TransferError, some

JSON_SHAPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
               "GeometryCollection")  # fmt: skip
# How a file may say its CRS by itself: GDAL fetches what is said by a link, from any address.
SAID_HERE = ("name", "epsg", "ogc")
# In one feature, or beside all features: an object takes a hundred times its four letters.
MOST_OBJECTS = 1_000_000
SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(slots=True)
class Document:
    """What was found: ``meant`` tells of each row whether it says that it has a shape.

    Null where this is not for us to say (TopoJSON). ``said_crs`` is the name of a CRS that the
    document says it is in, if PROJ does not know it.
    """

    meant: list[bool] | None = None
    said_crs: str = ""


def look_over(words: str) -> Document:
    """Look over a document.

    Raises
    ------
    TransferError
        If it is no GeoJSON; says the line, or the row. If it says its CRS by an address.
    """
    try:
        found = _Scanner(words).document()
    except json.JSONDecodeError as error:
        raise TransferError(
            f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            cure="It may have been cut short; export it again.",
            zh=f"这不是 JSON：第 {error.lineno} 行第 {error.colno} 列有误。"
            "文件可能不完整，请重新导出。",
        ) from error
    except (RecursionError, ValueError) as error:
        raise _too_much() from error
    kind = found.members.get("type")
    if kind == "Topology":
        return Document()
    if kind not in ("FeatureCollection", "Feature", *JSON_SHAPES):
        raise TransferError(
            "This is JSON, but no GeoJSON.",
            cure="Give a FeatureCollection; export it again.",
            zh="这是 JSON，但不是 GeoJSON。请提供 FeatureCollection，或重新导出。",
        )
    return Document(_meant(found, str(kind)), _unknown_crs(found.members))


def _meant(found: "_Found", kind: str) -> list[bool]:
    if kind in JSON_SHAPES:
        return [_is_drawn(found.members)]
    if kind == "Feature":
        found.add(found.members)
    elif not found.is_list:
        raise TransferError(
            "The FeatureCollection has no list of features.",
            cure="Export it again.",
            zh="FeatureCollection 里没有要素列表，请重新导出。",
        )
    if found.wrong is not None:
        raise TransferError(
            "A row is no GeoJSON feature with a geometry.",
            cure="Export it again.",
            zh="这一行不是带图形的 GeoJSON 要素，请重新导出。",
            row=found.wrong,
        )
    return found.meant


def _is_drawn(shape: dict[str, Any]) -> bool:
    return bool(shape.get("coordinates") or "geometries" in shape)


def _too_much() -> TransferError:
    return TransferError(
        "The JSON is nested too deep, or holds a number that is too long.",
        cure="Export it again.",
        zh="JSON 嵌套过深，或有过长的数字。请重新导出。",
    )


# -- member by member ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """The members of a document but its features, of which it is kept whether they are drawn.

    ``wrong`` is the first row that is no feature.
    """

    members: dict[str, Any] = field(default_factory=dict)
    is_list: bool = False
    meant: list[bool] = field(default_factory=list)
    wrong: int | None = None

    def add(self, feature: object) -> None:
        """Take one feature in."""
        shape = feature.get("geometry") if isinstance(feature, dict) else ()
        is_shape = isinstance(shape, dict) and shape.get("type") in JSON_SHAPES
        self.meant.append(isinstance(shape, dict) and _is_drawn(shape))
        if not is_shape and shape is not None and self.wrong is None:
            self.wrong = len(self.meant)


class _Scanner:
    """Reads a document as :mod:`json` does, and lets go of each feature."""

    def __init__(self, words: str) -> None:
        self.words, self.at, self.objects = words, 0, 0
        self.decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def document(self) -> _Found:
        found = _Found()
        if self._next() != "{":
            self._value()
        elif self._next(1) != "}":
            while True:
                self._member(found)
                if self._next() != ",":
                    break
                self.at += 1
            if self._next() != "}":
                self._expect("',' delimiter")
            self.at += 1
        else:
            self.at += 1
        if self._next():
            raise json.JSONDecodeError("Extra data", self.words, self.at)
        return found

    def _member(self, found: _Found) -> None:
        if self._next() != '"':
            self._expect("property name enclosed in double quotes")
        name = self._value()
        if self._next() != ":":
            self._expect("':' delimiter")
        if self._next(1) != "[" or name != "features":
            found.members[name] = self._value()
            _require_no_address(name, found.members[name])
            return
        found.is_list = True
        if self._next(1) == "]":
            self.at += 1
            return
        while True:
            found.add(self._value())
            if self._next() != ",":
                break
            self.at += 1
        if self._next() != "]":
            self._expect("',' delimiter")
        self.at += 1

    def _next(self, step: int = 0) -> str:
        """Return the next sign that is no space, some steps on; empty at the end."""
        match = SPACE.match(self.words, self.at + step)
        self.at = match.end() if match else len(self.words)
        return self.words[self.at : self.at + 1]

    def _value(self) -> Any:  # noqa: ANN401 - JSON
        self.objects = 0
        self._next()
        value, self.at = self.decoder.raw_decode(self.words, self.at)
        return value

    def _expect(self, what: str) -> None:
        raise json.JSONDecodeError(f"Expecting {what}", self.words, self.at)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object, if they are not too many, and no member is a CRS at an address."""
        self.objects += 1
        if self.objects > MOST_OBJECTS:
            raise _too_much()
        for name, value in pairs:
            _require_no_address(name, value)
        return dict(pairs)


def _require_no_address(name: str, value: object) -> None:
    if name.lower() != "crs" or not isinstance(value, dict):
        return
    ways = [str(way).lower() for key, way in value.items() if key.lower() == "type"]
    if any(way not in SAID_HERE for way in ways):
        raise TransferError(
            "The file says its coordinate system by an address, which is not asked.",
            cure="Take the member “crs” out, and say it with --crs.",
            zh="文件用网址说明坐标系，不会去读取。请删去 crs 成员，并指明坐标系（--crs）。",
        )


# -- coordinate systems --------------------------------------------------------------------------


def _unknown_crs(members: dict[str, Any]) -> str:
    said = members.get("crs")
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
