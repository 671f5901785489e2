"""An area cut into cells, and how points are spread over them and blurred: under a density.

The lattice is anchored at the south-west corner of the area's box. Everything is linear: a
:class:`Kernel` is two operators, **spread** (points to cells) and **blur** (cells to cells), and
the share of a point's kernel that lies inside the area is their adjoint applied to the area.
:mod:`geo.density` says what is made of it, how exact that is, and who found it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from geo.errors import BandwidthError, EmptyLayerError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

# A cell is this part of the bandwidth; where that were too many cells, up to the second.
CELLS_PER_BANDWIDTH, LEAST_CELLS_PER_BANDWIDTH = 8.0, 4.0
MOST_CELLS = 4_000_000
# However wide the kernel, the area's longer side has so many cells, or its border were coarse.
LEAST_CELLS = 256
# A kernel ends after so many bandwidths, at 2e-16 of its height.
REACH = 8.5
# Cells around the area's box: room for the splines of a point on the border, and of a picture.
MARGIN = 8

DEGREE = 5
_CHUNK = 20_000
# Rows of a product of matrices, and its terms: so few that no library of linear algebra spreads it
# over threads, which would wait for each other wherever other work has the processors.
_BLOCK, _PRODUCT = 32, 250_000
_IN, _DOUBTFUL = 1, 2


@dataclass(frozen=True, eq=False)
class Frame:
    """An area cut into cells for a bandwidth: made once, used for every surface over it.

    Attributes
    ----------
    area
        Polygon or multipolygon, metres of ``crs``.
    crs
        A metric CRS (:func:`geo.crs.metric_crs`).
    bandwidth_m
        Standard deviation of the kernel, metres.
    cell_m
        Side of a cell, metres.
    left, bottom
        Outer corner of the first cell, metres of ``crs``.
    inside
        rows × columns, row 0 in the south, column 0 in the west: whether a cell's centre is in the
        area. A part of the area that holds no centre has the cell that it lies in.
    """

    area: BaseGeometry
    crs: pyproj.CRS
    bandwidth_m: float
    cell_m: float
    left: float
    bottom: float
    inside: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.inside.shape[0], self.inside.shape[1]

    @property
    def kernel_m2(self) -> float:
        """The kernel's size: a density times this counts events, each weighed by K(d) / K(0)."""
        return float(2 * np.pi * self.bandwidth_m**2)

    def is_like(self, other: "Frame") -> bool:
        """Tell whether another frame has the same cells for the same kernel."""
        own, its = ((f.crs, f.bandwidth_m, f.cell_m, f.left, f.bottom, f.shape)
                    for f in (self, other))  # fmt: skip
        return self is other or (own == its and bool((self.inside == other.inside).all()))

    def position(self, xy: Floats) -> Floats:
        """Return points (n × 2, metres) as fractional column and row; a cell's centre is whole."""
        return (xy - (self.left, self.bottom)) / self.cell_m - 0.5

    def cell_of(self, xy: Floats) -> Ints:
        """Return the cell of each point (n × 2, metres), counted row by row.

        What lies beyond is in the nearest cell of the margin, which is not in the area.
        """
        rows, columns = self.shape
        column = np.clip((xy[:, 0] - self.left) / self.cell_m, 0, columns - 1).astype(np.intp)
        row = np.clip((xy[:, 1] - self.bottom) / self.cell_m, 0, rows - 1).astype(np.intp)
        return np.asarray(row * columns + column)

    def holds(self, xy: Floats, cell: Ints | None = None) -> Bools:
        """Tell which points (n × 2, metres) are in the area; its border belongs to it."""
        ground = self._ground[self.cell_of(xy) if cell is None else cell]
        held = ground == _IN
        doubtful = np.flatnonzero(ground == _DOUBTFUL)
        held[doubtful] = shapely.intersects_xy(self.area, xy[doubtful])
        return np.asarray(held)

    @cached_property
    def _ground(self) -> NDArray[np.int8]:
        """Whether a cell is in the area with all its points, in no part, or crossed by a border."""
        border = shapely.segmentize(self.area.boundary, self.cell_m / 2)
        touched = np.zeros(self.inside.size, dtype=bool)
        touched[self.cell_of(shapely.get_coordinates(border))] = True
        # Between two samples, half a cell apart, the border can only be in a neighbour.
        crossed = ndimage.binary_dilation(touched.reshape(self.shape), np.ones((3, 3)))
        return np.where(crossed, _DOUBTFUL, self.inside).astype(np.int8).ravel()

    @cached_property
    def exact(self) -> "Kernel":
        """What sums points where they are."""
        return Kernel(self, DEGREE)

    @cached_property
    def binned(self) -> "Kernel":
        """What counts points at the middle of their cell."""
        return Kernel(self, 0)


class Kernel:
    """How points of a frame become a surface: spread by splines of a degree, then blurred."""

    def __init__(self, frame: Frame, degree: int) -> None:
        self.frame, self.degree = frame, degree
        self.taps = _taps(frame.bandwidth_m / frame.cell_m, degree) / frame.cell_m
        # The share of the kernel of a unit at each cell that lies inside.
        self.mass = self.blur(frame.inside.astype(float)) * frame.cell_m**2

    def blur(self, lattice: Floats) -> Floats:
        """Convolve with the kernel, per m²."""
        return np.asarray(_convolved(_convolved(lattice, self.taps).T, self.taps).T)

    def spread(self, xy: Floats, weight: Floats) -> Floats:
        """Sum points (n × 2, metres) onto the cells, each divided by its mass inside."""
        lattice, mass = np.zeros(self.frame.inside.size), self.mass.ravel()
        for start in range(0, len(xy), _CHUNK):
            part = slice(start, start + _CHUNK)
            cell, share = self._shares(xy[part])
            own = weight[part] / (mass[cell] * share).sum(axis=1)
            lattice += np.bincount(cell.ravel(), (share * own[:, None]).ravel(), lattice.size)
        return lattice.reshape(self.frame.shape)

    def count(self, cell: Ints, weight: Floats | None) -> Floats:
        """Count points at the middle of their cell, divided by the mass there."""
        lattice = np.bincount(cell, weight, self.frame.inside.size)
        # Where nothing is counted there may be no mass either.
        mass = np.where(lattice > 0, self.mass.ravel(), 1.0)
        return np.asarray(lattice / mass).reshape(self.frame.shape)

    def _shares(self, xy: Floats) -> tuple[Ints, Floats]:
        """Return for each point the cells that it is spread over, and how much each gets."""
        place = self.frame.position(xy)
        first = np.floor(place)
        across, up = (_spline_weights(place[:, axis] - first[:, axis]) for axis in (0, 1))
        near = np.arange(DEGREE + 1) - DEGREE // 2
        column, row = (first[:, axis, None].astype(np.intp) + near for axis in (0, 1))
        cell = row[:, :, None] * self.frame.shape[1] + column[:, None, :]
        share = up[:, :, None] * across[:, None, :]
        return cell.reshape(len(xy), -1), share.reshape(len(xy), -1)


def frame_of(
    area: BaseGeometry, crs: pyproj.CRS, bandwidth_m: float, *, most_cells: int = MOST_CELLS
) -> Frame:
    """Cut an area into cells for a bandwidth.

    Parameters
    ----------
    area
        Polygon or multipolygon, valid, metres of ``crs``.
    crs
        A metric CRS.
    bandwidth_m
        Standard deviation of the kernel, metres.
    most_cells
        Bound on the number of cells, ≥ 1.

    Raises
    ------
    EmptyLayerError
        If the area is empty.
    BandwidthError
        If the bandwidth is no positive number, if a cell of a quarter of it were too small
        (carries ``least_m``), or if it is larger than the area (carries ``most_m``).

    Examples
    --------
    >>> frame = frame_of(shapely.box(0, 0, 8000, 4000), pyproj.CRS(4547), 500)
    >>> frame.cell_m, int(frame.inside.sum())
    (31.25, 32768)
    """
    if area.is_empty:
        raise EmptyLayerError(
            "There is no area to draw over.",
            cure="Import areas first.",
            zh="没有范围，请先导入行政区。",
        )
    left, bottom, right, top = area.bounds
    width, height = right - left, top - bottom
    least = float(np.sqrt(width * height / most_cells))
    _check_bandwidth(bandwidth_m, LEAST_CELLS_PER_BANDWIDTH * least, max(width, height))
    fine = min(bandwidth_m / CELLS_PER_BANDWIDTH, max(width, height) / LEAST_CELLS)
    cell = max(fine, least)
    columns, rows = (int(np.ceil(side / cell)) + 2 * MARGIN for side in (width, height))
    west, south = left - MARGIN * cell, bottom - MARGIN * cell
    inside = _centres_inside(area, west, south, cell, (rows, columns))
    return Frame(area, crs, float(bandwidth_m), cell, west, south, inside)


def _check_bandwidth(bandwidth_m: float, least: float, most: float) -> None:
    where: dict[str, object] = {"bandwidth_m": bandwidth_m}
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise BandwidthError(
            "A bandwidth is a positive number of metres.", cure="Try 500.",
            zh="带宽应为正数（米），例如 500。", **where,
        )  # fmt: skip
    if bandwidth_m < least:
        least_m = int(np.ceil(least))
        raise BandwidthError(
            "The bandwidth is smaller than can be drawn over this area.",
            cure=f"Ask for {least_m} m or more, or for a smaller area.",
            zh=f"带宽小于此范围可绘制的最小值，请用 {least_m} 米以上，或缩小范围",
            least_m=least_m, **where,
        )  # fmt: skip
    if bandwidth_m > most:
        most_m = int(most)
        raise BandwidthError(
            "The bandwidth is larger than the area.",
            cure=f"Ask for {most_m} m or less; a tenth of it shows more.",
            zh=f"带宽大于范围本身，请用 {most_m} 米以下", most_m=most_m, **where,
        )  # fmt: skip


def _centres_inside(
    area: BaseGeometry, left: float, bottom: float, cell: float, shape: tuple[int, int]
) -> Bools:
    """Fill an area by its rows: along each, every crossing of the border turns in into out."""
    rows, columns = shape
    vertices, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(area)),
                                             return_index=True)  # fmt: skip
    vertices = (vertices - (left, bottom)) / cell - 0.5
    edge = ring[1:] == ring[:-1]
    start, end = vertices[:-1][edge], vertices[1:][edge]
    down = start[:, 1] > end[:, 1]
    start[down], end[down] = end[down], start[down].copy()
    # Rows from the lower end's up to below the upper end's: a vertex on a row is crossed once.
    first, last = np.ceil(start[:, 1]).astype(np.intp), np.ceil(end[:, 1]).astype(np.intp)
    which = np.repeat(np.arange(len(start)), last - first)
    row = np.arange(len(which)) - np.repeat(np.cumsum(last - first) - last, last - first)
    along = (row - start[which, 1]) / (end[which, 1] - start[which, 1])
    x = start[which, 0] + along * (end[which, 0] - start[which, 0])
    column = np.ceil(x).astype(np.intp)
    turns = np.bincount(row * columns + column, minlength=rows * columns).reshape(shape)
    inside = np.cumsum(turns, axis=1) % 2 == 1
    for part in shapely.get_parts(area):
        if part.area < 4 * cell**2:
            x, y = shapely.get_coordinates(shapely.point_on_surface(part))[0]
            inside[int((y - bottom) // cell), int((x - left) // cell)] = True
    return np.asarray(inside)


def _spline_weights(t: Floats) -> Floats:
    """Return the six quintic B-splines that are not 0 at ``t`` in [0, 1), from left to right."""
    weights = [np.ones_like(t)]
    for degree in range(1, DEGREE + 1):
        before = [np.zeros_like(t), *weights, np.zeros_like(t)]
        weights = [
            ((t + degree - j) * before[j] + (1 - t + j) * before[j + 1]) / degree
            for j in range(degree + 1)
        ]
    return np.stack(weights, axis=-1)


def _taps(sigma: float, degree: int) -> Floats:
    """Return the kernel along one axis from its middle on, in cells, for splines of a degree."""
    reach = int(np.ceil(REACH * sigma))
    variance = sigma**2 - (1 / 12 if degree == 0 else 0.0)
    # The spline's coefficients are found over a wider stretch, for they depend on both sides.
    at = np.arange(-reach - 32, reach + 33)
    height = np.exp(-0.5 * at**2 / variance) / np.sqrt(2 * np.pi * variance)
    taps = height if degree == 0 else ndimage.spline_filter1d(height, degree, mode="mirror")
    return np.asarray(np.maximum(taps[reach + 32 : 2 * reach + 33], 0.0))


def _convolved(lattice: Floats, taps: Floats) -> Floats:
    """Convolve along the first axis with symmetric taps; beyond the lattice is nothing.

    In blocks, each a product of matrices: positive terms alone, so that a small value far from
    every point keeps its relative accuracy, which a Fourier transform would lose.
    """
    lattice = np.ascontiguousarray(lattice)
    (n, across), reach = lattice.shape, len(taps) - 1
    result = np.empty_like(lattice)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        low, high = max(0, start - reach), min(n, stop + reach)
        apart = np.abs(np.arange(start, stop)[:, None] - np.arange(low, high))
        band = np.where(apart <= reach, taps[np.minimum(apart, reach)], 0.0)
        wide = max(1, _PRODUCT // band.size)
        for left in range(0, across, wide):
            part = slice(left, left + wide)
            np.matmul(band, lattice[low:high, part], out=result[start:stop, part])
    return np.asarray(result)
