"""Density surfaces: how many events a km² has around each place, by a Gaussian kernel.

A surface is asked for once and drawn at every zoom: its bandwidth is in metres and its unit is
events per km², so that a place has one value whatever the picture. The **bandwidth** h is the
standard deviation of the kernel, K(d) = exp(-d²/2h²) / 2πh².

How it is computed. A sum of kernels over n points and m cells is n·m terms. Instead:

1. Each point is spread over 6 × 6 cells by quintic B-splines, which are positive and sum to 1.
2. The lattice is convolved with the taps that interpolate K by just these splines, along one axis
   and then the other, out to :data:`REACH` bandwidths.

Because K is smooth against the cell (h is eight cells, never under four), the spline that
interpolates it *is* it: measured against the direct sum, the error is 6e-9 of a kernel's height at
eight cells and 3e-7 at four (Thévenaz, Blu and Unser 2000 say why). So this is the kernel sum over
the true points, not over binned ones. Above :data:`EXACT_POINTS`, points count at the middle of
their cell, and the kernel is narrowed by the variance of that rounding, c²/12 (Sheppard's
correction); what is left is each point's own rounding, 0.29 c along either axis, which averages out
to 0.1 % of the greatest value with a million clustered points, 0.4 % with a hundred thousand.

Edge correction (Jones 1993, Diggle 1985): a kernel near the border reaches over it, where nothing
can be reported, so each event is divided by the share of its kernel that lies inside. The share is
gathered by the adjoint of the very operators above, hence the invariant: the cells inside, times
their size, sum to the number of events, to rounding.

Known limits: the area is made of whole cells (those whose centre is inside), so a strip narrower
than a cell can count for nothing or for too much. What keeps the mass is not flat: an even
scatter falls to ln 2 = 69 % at a straight border (uncorrected: 50 %). A density is no risk, so
beside it belongs :func:`ratio`. Many events on one coordinate are often a geocoder's default
(:func:`stacked_points`), and no kernel can tell.

References
----------
Silverman, B. W. (1986), *Density Estimation for Statistics and Data Analysis*,
doi:10.1201/9781315140919. Diggle, P. J. (1985), doi:10.2307/2347366. Jones, M. C. (1993),
doi:10.1007/BF00147776. Thévenaz, P., Blu, T. and Unser, M. (2000), doi:10.1109/42.875199.
Sheppard, W. F. (1898), doi:10.1112/plms/s1-29.1.353.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import ndimage

from geo.errors import CoordinateError
from geo.lattice import Floats, Frame, Ints, frame_of

__all__ = ["Frame", "Surface", "frame_of", "kernel_surface", "ratio", "stacked_points"]

Unit = Literal["km2", "households"]

# Up to so many points are summed where they are; more are counted at the middle of their cell.
EXACT_POINTS = 400_000
# A rate is undefined where fewer households than this lie under the kernel. It is the k below
# which nothing is said of people, for a rate of a few is theirs.
LEAST_HOUSEHOLDS = 10.0
PER_HOUSEHOLDS = 1_000.0

_M2_PER_KM2 = 1e6


@dataclass(frozen=True, eq=False)
class Surface:
    """A density, or a rate, over an area.

    Attributes
    ----------
    frame
        Where the cells are, and the bandwidth.
    values
        rows × columns as ``frame.inside``: events per km² (unit ``km2``), or per 1,000 households
        (unit ``households``). Defined outside of the area too, where the kernels reach, so that a
        picture can be interpolated up to the border; NaN where a rate is undefined.
    unit
        What ``values`` are in.
    n
        Events inside, or the sum of their weights.
    left_out
        Those outside of the area, which count for nothing.
    is_exact
        Whether points were summed where they are, and not at the middle of their cell.
    events, households, least
        Of a rate: the two densities, and the households that it needs (:func:`ratio`).
    """

    frame: Frame
    values: Floats
    unit: Unit
    n: float
    left_out: float
    is_exact: bool
    events: "Surface | None" = None
    households: "Surface | None" = None
    least: float = 0.0

    def at(self, xy: Floats) -> Floats:
        """Return the values at places.

        Parameters
        ----------
        xy
            n × 2, metres of the frame's CRS.

        Returns
        -------
        array
            Interpolated by cubic splines, within 1e-5 of the direct sum (relative to the height
            of the surface around); NaN beyond the cells, and where a rate is undefined. The area's
            border is not looked at.
        """
        if self.events is not None and self.households is not None:
            return _rate(self.events.at(xy), self.households.at(xy), self.frame, self.least)
        column, row = self.frame.position(xy).T
        found = ndimage.map_coordinates(
            self._spline, [row, column], order=3, prefilter=False, cval=np.nan
        )
        return np.asarray(np.maximum(found, 0.0))

    @cached_property
    def _spline(self) -> Floats:
        return np.asarray(ndimage.spline_filter(self.values, order=3, mode="mirror"))


def kernel_surface(
    xy: Floats, frame: Frame, *, weights: Floats | None = None, exact_points: int = EXACT_POINTS
) -> Surface:
    """Sum a Gaussian kernel over points, corrected at the area's edge.

    Parameters
    ----------
    xy
        n × 2, finite, metres of the frame's CRS; any order, any number, none too.
    frame
        What :func:`frame_of` made.
    weights
        How many events each point stands for, ≥ 0; null: one each. Points that share a
        coordinate may be merged into one with their number as its weight.
    exact_points
        Up to so many are summed where they are; more, at the middle of their cell.

    Returns
    -------
    Surface
        Events per km²; ``values[inside].sum() * cell_m**2 / 1e6`` is ``n``. All 0 for no points.

    Raises
    ------
    CoordinateError
        If a coordinate is NaN or infinite; carries ``row``, from 1.

    Examples
    --------
    >>> import pyproj, shapely
    >>> frame = frame_of(shapely.box(0, 0, 8000, 8000), pyproj.CRS(4547), 500)
    >>> surface = kernel_surface(np.array([[4000.0, 4000.0]] * 3), frame)
    >>> round(float(surface.values[frame.inside].sum() * frame.cell_m**2 / 1e6), 9)
    3.0
    >>> round(float(surface.at(np.array([[4000.0, 4000.0]]))[0] * frame.kernel_m2 / 1e6), 4)
    3.0
    """
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    _check_finite(xy)
    total = float(len(xy) if weights is None else weights.sum())
    cell = frame.cell_of(xy)
    held = frame.holds(xy, cell)
    if not held.all():
        xy, cell, weights = xy[held], cell[held], None if weights is None else weights[held]
    is_exact = len(xy) <= exact_points
    kernel = frame.exact if is_exact else frame.binned
    if is_exact:
        lattice = kernel.spread(xy, np.ones(len(xy)) if weights is None else weights)
    else:
        lattice = kernel.count(cell, weights)
    n = float(len(xy) if weights is None else weights.sum())
    values = kernel.blur(lattice) * _M2_PER_KM2
    return Surface(frame, values, "km2", n, total - n, is_exact)


def ratio(events: Surface, households: Surface, *, least: float = LEAST_HOUSEHOLDS) -> Surface:
    """Divide events by households: how many for 1,000 households around each place.

    Parameters
    ----------
    events, households
        Surfaces of one frame.
    least
        Households that must lie under the kernel, each weighed by exp(-d²/2h²).

    Returns
    -------
    Surface
        Events per 1,000 households; NaN where fewer than ``least`` households are around. ``n`` is
        that of the events.

    Raises
    ------
    ValueError
        If the two are of different frames.
    """
    frame = events.frame
    if not households.frame.is_like(frame):
        raise ValueError("A ratio needs two surfaces of one frame.")
    return Surface(
        frame, _rate(events.values, households.values, frame, least), "households",
        events.n, events.left_out, events.is_exact and households.is_exact,
        events, households, least,
    )  # fmt: skip


def stacked_points(xy: Floats, least: int) -> tuple[Floats, Ints]:
    """Find coordinates that many points share: mostly a geocoder's answer to what it cannot find.

    Parameters
    ----------
    xy
        n × 2, any one plane; shared means equal in every bit.
    least
        The least number on one coordinate, ≥ 1.

    Returns
    -------
    points : array, m × 2
        The coordinates, the most shared first.
    counts : array of int, m
        How many points each has.

    Examples
    --------
    >>> points, counts = stacked_points(np.array([[1.0, 2.0], [0, 0], [1, 2], [1, 2]]), 2)
    >>> points.tolist(), counts.tolist()
    ([[1.0, 2.0]], [3])
    """
    # As complex numbers, pairs sort and compare as one value each.
    pairs = np.ascontiguousarray(xy, dtype=float).reshape(-1, 2).view(np.complex128).ravel()
    found, counts = np.unique(pairs, return_counts=True)
    many = np.flatnonzero(counts >= least)
    order = many[np.argsort(-counts[many], kind="stable")]
    return np.column_stack([found[order].real, found[order].imag]), counts[order]


def _check_finite(xy: Floats) -> None:
    finite = np.isfinite(xy)
    if not finite.all():
        raise CoordinateError(
            "A coordinate is NaN or infinite.",
            cure="Leave out what has no place.",
            zh="坐标不是有限数值。",
            row=int(np.flatnonzero(~finite)[0]) // 2 + 1,
        )


def _rate(events: Floats, households: Floats, frame: Frame, least: float) -> Floats:
    enough = households * (frame.kernel_m2 / _M2_PER_KM2) >= max(least, np.finfo(float).tiny)
    result = np.full(events.shape, np.nan)
    np.divide(events * PER_HOUSEHOLDS, households, out=result, where=enough)
    return result
