"""The layers of a check, read from files and brought together in the CRS of the grids."""

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from api.settings import settings
from geo.errors import MissingCrsError
from geo.gate import POLYGONAL
from geo.measure import reproject
from geo.registers import Registers
from geo.rules import RULES, Ruling
from layers.transfer import Read, read_layer
from layers.transfer.columns import name_columns
from layers.transfer.errors import TransferError, about
from layers.transfer.parquet import PARQUET

GRID_FIELDS = ("code", "name", "area_code", "kind", "coverage")
POINT, MULTIPOINT = 0, 4


@dataclass
class Data:
    """What is checked, all in the CRS of the grids, and what was noticed on the way.

    ``accepted`` are the findings that the county's register excepts; ``whole`` has the rows of the
    grids with every column that their file has.
    """

    source: str
    grids: gpd.GeoDataFrame
    parents: gpd.GeoDataFrame | None = None
    households: gpd.GeoDataFrame | None = None
    registers: Registers = field(default_factory=Registers)
    ruling: Ruling = field(default_factory=lambda: Ruling.of({}, RULES))
    notes: list[str] = field(default_factory=list)
    accepted: frozenset[str] = frozenset()
    synthetic: bool = False
    whole: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class Request:
    """Which files to read, and how.

    ``crs`` is that of the grids, whatever their file says, and of the other files where they do
    not say. ``told`` is field to column, where somebody said which.
    """

    grids: Path
    within: Path | None = None
    households: Path | None = None
    crs: str | None = None
    households_crs: str | None = None
    layer: str | None = None
    encoding: str | None = None
    told: dict[str, str | None] = field(default_factory=dict)
    within_code: str | None = None


def read_files(request: Request) -> Data:
    """Read the layers of a check.

    Raises
    ------
    TransferError, CrsError, CoordinateError
        If a file cannot be used; names it.
    """
    path = request.grids
    read = _read(path, crs=request.crs, layer=request.layer, encoding=request.encoding)
    with about(path):
        frame, notes = name_columns(read.frame, GRID_FIELDS, request.told)
        _require_polygons(frame)
    if read.opened:
        frame["open_ring"] = pd.Series(
            [read.opened.get(row) for row in range(len(frame))], index=frame.index, dtype=object
        )
    data = Data(path.name, frame, notes=read.notes + notes, whole=read.frame)
    if request.within is not None:
        data.parents = _parents(request, data, request.within)
    if request.households is not None:
        data.households = _households(request, data, request.households)
    return data


def _read(
    path: Path,
    *,
    crs: str | None = None,
    default_crs: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
) -> Read:
    given = settings()
    parts = [
        read_layer(
            part, crs=crs, default_crs=default_crs, layer=layer, encoding=encoding,
            max_vertices=given.max_vertices, max_unzipped_mb=given.max_unzipped_mb,
        )
        for part in part_files(path)
    ]  # fmt: skip
    return parts[0] if len(parts) == 1 else _joined(parts, path)


def part_files(path: Path) -> list[Path]:
    """Return the files that a layer is in: the path, or the GeoParquet in a partition's folder.

    Raises
    ------
    TransferError
        If there is none in the folder.
    """
    if "=" not in path.name or not path.is_dir():
        return [path]
    parts = sorted(part for part in path.iterdir()
                   if part.suffix.lower() in PARQUET and part.name[0] not in "._")  # fmt: skip
    if not parts:
        raise TransferError(
            "The folder has no GeoParquet in it.", cure="Put part.parquet there.", file=path.name
        )
    return parts


def _joined(parts: list[Read], path: Path) -> Read:
    """Put the parts of a partition together, rows in the order of the files' names."""
    systems = {CRS(part.frame.crs).to_string() for part in parts}
    if len(systems) > 1:
        raise TransferError(
            f"The files are in different CRSs: {', '.join(sorted(systems))}.",
            cure="Write them in one.",
            file=path.name,
        )
    opened: dict[int, shapely.Point] = {}
    notes: list[str] = []
    start = 0
    for part in parts:
        opened |= {row + start: at for row, at in part.opened.items()}
        notes += part.notes
        start += len(part.frame)
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    return Read(gpd.GeoDataFrame(frame, crs=parts[0].frame.crs), opened, notes)


def _parents(request: Request, data: Data, path: Path) -> gpd.GeoDataFrame:
    frame, notes = read_boundary(path, request)
    data.notes += notes
    return _to(frame, data, path)


def read_boundary(path: Path, request: Request) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Read an authority's boundary in its own CRS, and say what is to be noted of it.

    Raises
    ------
    TransferError, CrsError, CoordinateError
        If the file cannot be used; names it.
    """
    read = _read(path, default_crs=request.crs, encoding=request.encoding)
    with about(path):
        frame, _ = name_columns(read.frame, ("code", "name"), {"code": request.within_code})
        _require_polygons(frame)
    return frame, read.notes + _doubts(frame, read, path)


def _doubts(frame: gpd.GeoDataFrame, read: Read, path: Path) -> list[str]:
    """Say which rows of a boundary are not used as they are: nobody gets a finding of them."""
    shapes = np.asarray(frame.geometry.values, dtype=object)
    polygonal = np.isin(shapely.get_type_id(shapes), POLYGONAL) & ~shapely.is_empty(shapes)
    doubts = dict.fromkeys(np.flatnonzero(~polygonal).tolist(), "is no polygon, and left out")
    for row in np.flatnonzero(polygonal & ~shapely.is_valid(shapes)).tolist():
        doubts[row] = f"is invalid ({shapely.is_valid_reason(shapes[row])}), and used repaired"
    doubts |= dict.fromkeys(read.opened, "has a ring that is not closed, and is used closed")
    return [
        f"{path.name}: row {row + 1} ({frame['code'].iloc[row]}) {words}."
        for row, words in sorted(doubts.items())
    ]


def _households(request: Request, data: Data, path: Path) -> gpd.GeoDataFrame:
    try:
        read = _read(
            path, crs=request.households_crs, default_crs=request.crs, encoding=request.encoding
        )
    except MissingCrsError as error:
        error.cure = "Say it with --crs, or with --households-crs where the grids say their own."
        raise
    with about(path):
        frame, _ = name_columns(read.frame, ("code", "grid_code", "address"), {})
        frame = frame.set_geometry(_points(frame))
    data.notes += read.notes
    return _to(frame, data, path)


def _points(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return points: a collection of one is that one."""
    shapes = np.asarray(frame.geometry.values, dtype=object)
    single = (shapely.get_type_id(shapes) == MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    other = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (POINT, -1)))
    if len(other):
        row = int(other[0])
        raise TransferError(
            f"A household is a point, this one is a {shapes[row].geom_type}.",
            cure="Give each household one point, or none where its place is not known.",
            row=row + 1,
            code=frame["code"].iloc[row],
        )
    return gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)


def _require_polygons(frame: gpd.GeoDataFrame) -> None:
    shapes = frame.geometry
    if not (shapes.geom_type.isin(("Polygon", "MultiPolygon")) & ~shapes.is_empty).any():
        kinds = ", ".join(sorted(shapes.geom_type.dropna().unique())) or "nothing drawn"
        raise TransferError(
            f"No row is a polygon: {kinds}.", cure="Is it the right layer, and the right file?"
        )


def _to(frame: gpd.GeoDataFrame, data: Data, path: Path) -> gpd.GeoDataFrame:
    """Bring a layer into the CRS of the grids, vertex by vertex."""
    source, target = CRS(frame.crs), CRS(data.grids.crs)
    if source == target:
        return frame
    name = source.to_string()
    data.notes.append(f"{path.name}: transformed from {name} to the CRS of the grids.")
    moved = reproject(np.asarray(frame.geometry.values, dtype=object), source, target)
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=data.grids.crs))
