"""Which coordinate system a layer is in: told, or said by the file, or demanded; never guessed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import Point

from geo.crs import assert_plausible, implausible_rows
from geo.datum import wgs84_from_bd09, wgs84_from_gcj02
from geo.errors import MissingCrsError
from geo.measure import WGS84, reproject
from layers.transfer.errors import TransferError

if TYPE_CHECKING:
    from layers.transfer.reading import Read

Convert = Callable[[Any, Any], tuple[Any, Any]]
Geometries = NDArray[np.object_]
# Datums that no registry has; they are converted to EPSG:4326 at once.
DATUMS: Mapping[str, Convert] = {"GCJ-02": wgs84_from_gcj02, "BD-09": wgs84_from_bd09}
# Systems whose degrees are taken as they are.
STORED = (4326, 4490, 4979)
SAY_IT = "Say it with --crs: an EPSG code such as EPSG:4490, or GCJ-02 or BD-09."


def hidden_datum(words: str) -> Convert | None:
    """Return the conversion from a datum that no registry has; null for any other.

    Examples
    --------
    >>> hidden_datum("gcj02") is wgs84_from_gcj02, hidden_datum("EPSG:4490")
    (True, None)
    """
    return DATUMS.get(words.upper().replace("GCJ02", "GCJ-02").replace("BD09", "BD-09"))


class Placer:
    """Brings the shapes of a file to longitude and latitude, vertex by vertex.

    Parameters
    ----------
    told
        An EPSG code, or ``GCJ-02`` or ``BD-09``, whatever the file says.
    said
        What the file says; null where it does not.
    unknown
        What the file calls a CRS that nobody knows.

    Raises
    ------
    MissingCrsError
        If nobody says.
    TransferError
        If what is said is no CRS of the Earth's surface.
    """

    def __init__(self, told: str | None, said: str | None, unknown: str = "") -> None:
        self.convert = hidden_datum(told) if told else None
        words = "EPSG:4326" if self.convert else told or said
        if words is None:
            raise _missing(unknown)
        self.crs = parse_crs(words)
        self.name = told.upper() if told and self.convert else self.crs.to_string()
        self.moves = self.convert is not None or not (
            self.crs.is_geographic and self.crs.to_epsg() in STORED
        )
        self.first = True

    def place(self, shapes: Geometries) -> tuple[Geometries, NDArray[np.bool_]]:
        """Return shapes in EPSG:4326, and which of them cannot be where they are said to be.

        CGCS2000 degrees are taken as they are: PROJ's own transformation is the identity.

        Raises
        ------
        CoordinateError, SwappedAxesError
            If no shape of the first batch is in range: then it is the CRS that is wrong.
        """
        flat = _flat(shapes)
        wrong = implausible_rows(flat, self.crs)
        drawn = ~(shapely.is_missing(flat) | shapely.is_empty(flat))
        if self.first and drawn.any() and wrong[drawn].all():
            assert_plausible(gpd.GeoDataFrame(geometry=flat, crs=self.crs))
        self.first = self.first and not drawn.any()
        flat[wrong] = None
        if self.convert:
            return _moved(flat, self.convert), wrong
        if not self.moves:
            return flat, wrong
        return reproject(flat, self.crs, WGS84), wrong


def _flat(shapes: Geometries) -> Geometries:
    """Return a copy without heights and measures."""
    flat, high = shapes.copy(), shapely.has_z(shapes) | shapely.has_m(shapes)
    flat[high] = shapely.force_2d(shapes[high])
    return flat


def _moved(shapes: Geometries, convert: Convert) -> Geometries:
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1]))),
        dtype=object,
    )


def _missing(unknown: str) -> MissingCrsError:
    return MissingCrsError(
        f"The coordinate system that the file names is not known: {unknown}."
        if unknown
        else "Nothing says which coordinate system the layer is in.",
        cure=SAY_IT,
        zh=f"文件所写的坐标系无法识别：{unknown}，请指明。"
        if unknown
        else "文件没有说明坐标系，请指明（--crs）：EPSG 代码、GCJ-02 或 BD-09。",
    )


def set_crs(read: "Read", told: str | None, otherwise: str | None) -> None:
    """Give a layer that was read whole the CRS that it is in; hidden datums are converted.

    Parameters
    ----------
    read
        Changed in place.
    told
        As :class:`Placer`.
    otherwise
        The same, where the file does not say.
    """
    frame = read.frame
    told = told or (otherwise if frame.crs is None else None)
    if told is None:
        if frame.crs is None:
            raise _missing(read.said_crs)
        _require_horizontal(pyproj.CRS(frame.crs), "the file's own")
        return
    convert = hidden_datum(told)
    crs = parse_crs("EPSG:4326" if convert else told)
    if frame.crs is not None and pyproj.CRS(frame.crs) != crs and convert is None:
        read.notes.append(f"The file says {frame.crs.to_string()}; it is read as {told}, as told.")
    frame = frame.set_crs(crs, allow_override=True)
    if convert:
        # Out of range, the conversion would give what nobody wrote.
        assert_plausible(frame)
        moved = _moved(np.asarray(frame.geometry.values, dtype=object), convert)
        frame = frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=frame.crs))
        read.opened = {
            row: Point(*map(float, convert(place.x, place.y))) for row, place in read.opened.items()
        }
    read.frame = frame


def parse_crs(words: str) -> pyproj.CRS:
    """Return the CRS of an EPSG code.

    Raises
    ------
    TransferError
        If PROJ does not know it, or it says nothing of where on Earth a point is.
    """
    try:
        crs = pyproj.CRS.from_user_input(words)
    except pyproj.exceptions.CRSError as error:
        raise TransferError(
            f"“{words}” is not a coordinate system that is known.",
            cure="Give an EPSG code such as EPSG:4547, or GCJ-02 or BD-09, with --crs.",
            zh=f"不认识坐标系“{words}”。请写 EPSG 代码（例如 EPSG:4547）、GCJ-02 或 BD-09。",
        ) from error
    _require_horizontal(crs, words)
    return crs


def _require_horizontal(crs: pyproj.CRS, words: str) -> None:
    if not (crs.is_geographic or crs.is_projected):
        raise TransferError(
            f"The coordinate system {words} ({crs.name}) has no longitude and latitude, and no "
            "easting and northing.",
            cure="Say with --crs which the coordinates are in: an EPSG code such as EPSG:4547.",
            zh=f"坐标系 {words}（{crs.name}）不是地面坐标系。请指明 EPSG 代码，例如 EPSG:4547。",
        )
