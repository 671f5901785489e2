"""A layer that came from a file, written again: its own columns, its own CRS, other shapes.

Exports (:mod:`layers.transfer.writing`) write what the catalogue knows; here a file that nobody
knows goes out as it came. Coordinates are written so that the same doubles are read again.
"""

import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from layers.transfer.cells import wkt
from layers.transfer.drivers import pyogrio
from layers.transfer.errors import TransferError
from layers.transfer.writing import OGR_ERRORS, ending_of

Write = Callable[[Path, gpd.GeoDataFrame, str], None]
# The name that GDAL gives a shape, beside which no column can be called so.
LONGEST_SHORT_NAME = 10


def write_frame(path: Path, frame: gpd.GeoDataFrame) -> None:
    """Write a frame to a file, which is there when it is whole and not before.

    Parameters
    ----------
    path
        Its ending picks the format. What is there is replaced.
    frame
        Polygons, with any columns; its CRS is written.

    Raises
    ------
    TransferError
        If the format cannot hold the layer, or the file cannot be written.
    """
    ending = ending_of(path, WRITERS)
    stem = path.name[: -len(ending)]
    try:
        with tempfile.TemporaryDirectory(prefix=".wangge-", dir=path.parent) as folder:
            part = Path(folder) / f"{stem}{ending}"
            WRITERS[ending](part, frame, stem)
            part.replace(path)
    except (OSError, ValueError, *OGR_ERRORS) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise TransferError(
            f"The file cannot be written: {why or error}.", cure="Name another.",
            zh=f"文件写不成：{why or error}。", file=path.name,
        ) from error  # fmt: skip


def _geopackage(path: Path, frame: gpd.GeoDataFrame, name: str) -> None:
    pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG")


def _shapefile(path: Path, frame: gpd.GeoDataFrame, name: str) -> None:
    long = [str(column) for column in frame.columns if len(str(column).encode()) > 10]
    long = [column for column in long if column != frame.geometry.name]
    if long:
        raise TransferError(
            f"A Shapefile's columns have names of {LONGEST_SHORT_NAME} bytes, and “{long[0]}” is "
            "longer.",
            cure="Choose .gpkg.",
            zh=f"Shapefile 的字段名最多 {LONGEST_SHORT_NAME} 字节，“{long[0]}”太长，请选 .gpkg。",
        )
    folder = path.parent / "shape"
    folder.mkdir()
    pyogrio.write_dataframe(
        frame, folder / f"{name}.shp", driver="ESRI Shapefile", encoding="UTF-8"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, each.name)
    shutil.rmtree(folder)


def _parquet(path: Path, frame: gpd.GeoDataFrame, _name: str) -> None:
    frame.to_parquet(path, compression="zstd", index=False)


def _geojson(path: Path, frame: gpd.GeoDataFrame, _name: str) -> None:
    crs = CRS.from_user_input(frame.crs)
    if crs.to_epsg() != 4326 and crs.to_authority() != ("OGC", "CRS84"):
        raise TransferError(
            f"GeoJSON is always in WGS 84 (RFC 7946), and the grids are in {crs.to_string()}.",
            cure="Choose .gpkg: moved to another coordinate system, borders would open again.",
            zh=f"GeoJSON 规定只用 WGS 84，而网格是 {crs.to_string()}。请选 .gpkg。",
            file=path.name,
        )
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    shapes = shapely.to_geojson(np.asarray(frame.geometry.values, dtype=object))
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        sink.write('{"type":"FeatureCollection","features":[')
        comma = "\n"
        for row, shape in zip(table.to_dict("records"), shapes, strict=True):
            words = json.dumps(
                {str(key): _plain(value) for key, value in row.items()}, ensure_ascii=False
            )
            sink.write(
                f'{comma}{{"type":"Feature","properties":{words},"geometry":{shape or "null"}}}'
            )
            comma = ",\n"
        sink.write("\n]}\n")


def _plain(value: object) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return [_plain(each) for each in value.tolist()]
    if isinstance(value, list | dict | str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    return str(value)


def _csv(path: Path, frame: gpd.GeoDataFrame, _name: str) -> None:
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    table["WKT"] = wkt(np.asarray(frame.geometry.values, dtype=object)).to_pylist()
    # Without a mark of its encoding Excel takes the text for GBK.
    table.to_csv(path, index=False, encoding="utf-8-sig")


WRITERS: Mapping[str, Write] = {
    ".gpkg": _geopackage,
    ".geojson": _geojson,
    ".shp.zip": _shapefile,
    ".parquet": _parquet,
    ".csv": _csv,
}
