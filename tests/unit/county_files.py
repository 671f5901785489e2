"""Small real files for tests of ``wangge check``: squares of a hundredth of a degree."""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

Ring = list[list[float]]
LON, LAT, SIDE = 115.0, 33.0, 0.01


def square(column: float = 0, row: float = 0) -> Ring:
    """The closed ring of a cell; neighbours share their corners bit for bit."""
    left, right = LON + column * SIDE, LON + (column + 1) * SIDE
    low, high = LAT + row * SIDE, LAT + (row + 1) * SIDE
    return [[left, low], [right, low], [right, high], [left, high], [left, low]]


def feature(code: str, *rings: Any, kind: str = "Polygon", **columns: Any) -> dict[str, Any]:
    """A GeoJSON feature; without rings, one without a geometry."""
    coordinates = rings[0] if kind != "Polygon" and rings else list(rings)
    geometry = {"type": kind, "coordinates": coordinates} if rings else None
    return {"type": "Feature", "properties": {"code": code, **columns}, "geometry": geometry}


def cell(code: str, column: float, row: float = 0, **columns: Any) -> dict[str, Any]:
    return feature(code, square(column, row), **columns)


def geojson(path: Path, *features: Any, **members: Any) -> Path:
    document = {"type": "FeatureCollection", **members, "features": list(features)}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def points(path: Path, *places: tuple[str, float, float] | tuple[str, None, None]) -> Path:
    """Households: code, and column and row of a place counted in cells."""
    return geojson(
        path,
        *(
            feature(code)
            if column is None or row is None
            else feature(code, [LON + column * SIDE, LAT + row * SIDE], kind="Point")
            for code, column, row in places
        ),
    )


def polygon_wkb(*rings: Sequence[Sequence[float]]) -> bytes:
    """WKB as it stands, closed or not."""
    parts = [struct.pack("<BII", 1, 3, len(rings))]
    for ring in rings:
        parts.append(struct.pack("<I", len(ring)))
        parts += [struct.pack("<2d", *vertex) for vertex in ring]
    return b"".join(parts)


def write_raw(path: Path, codes: Sequence[str], blobs: Sequence[bytes | None]) -> Path:
    """Write geometries without anybody looking at them."""
    pyogrio.raw.write(
        path,
        np.array(blobs, dtype=object),
        [np.array(codes, dtype=object)],
        ["code"],
        driver={".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".kml": "KML"}[path.suffix],
        geometry_type="Polygon",
        crs="EPSG:4326",
    )
    return path


def villages(crs: int | None = 4326) -> gpd.GeoDataFrame:
    """Two neighbours with Chinese headers and names."""
    return gpd.GeoDataFrame(
        {"编码": ["a", "b"], "名称": ["澜禾村", "禾塘社区"]},
        geometry=[shapely.Polygon(square(0)), shapely.Polygon(square(1))],
        crs=crs,
    )


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@dataclass
class Ran:
    status: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, Any]]:
        return list(self.document["findings"])

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))

    def only(self, rule: str) -> dict[str, Any]:
        found = [finding for finding in self.findings if finding["rule"] == rule]
        assert len(found) == 1, [finding["rule"] for finding in self.findings]
        return found[0]


Check = Callable[..., Ran]


def refused(ran: Ran, *words: str) -> None:
    """Status 2, nothing on stdout, and one line on stderr that holds these words."""
    assert ran.status == 2, (ran.status, ran.out, ran.err)
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("wangge: ")
    assert "Traceback" not in ran.err
    for word in words:
        assert word in lines[0], lines[0]
