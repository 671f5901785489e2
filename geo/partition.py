"""The partition rules on a layer: certificate, weld, faces, faults, and the area identity.

For a clean coverage the certificate ends the matter. Otherwise what it leaves is explained, and
``Σ grids − parents = Σ (depth − inParent) · area`` is asserted on every run: an overlay that lost
land would otherwise lose it silently.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum

import numpy as np
import shapely

from geo.arrangement import Territory, defects, is_outside
from geo.certificate import Ints, Segments, open_segments
from geo.errors import GeoError
from geo.explain import Explainer
from geo.faults import measure_faults
from geo.findings import Finding
from geo.gate import Layer
from geo.measure import Geometries
from geo.weld import weld

# What the area identity may be off by: rounding, as a share of all the area that was added up,
# and the weld's movement of borders.
IDENTITY_SHARE = 1e-9


class AreaIdentityError(GeoError):
    """The areas of the findings do not add up: a defect of this program, never of the data."""


def is_exact_coverage(grids: Geometries, parents: Geometries | None = None) -> bool:
    """Tell whether valid polygons tile a parent exactly: the certificate alone.

    Parameters
    ----------
    grids
        Valid polygons, shape (n,).
    parents
        Valid polygons that do not overlap. Without them, whether the borders inside match: every
        residue lies on the outside.

    Returns
    -------
    bool

    Examples
    --------
    >>> left, right = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)
    >>> both = shapely.box(0, 0, 2, 1)
    >>> is_exact_coverage(np.array([left, right]), np.array([both]))  # a T-junction
    False
    >>> is_exact_coverage(np.array([left, right]), np.array([shapely.union(left, right)]))
    True
    """
    rest = open_segments(grids, np.zeros(len(grids), dtype=np.int64), parents)
    if parents is not None:
        return not len(rest)
    faces = defects(rest, Territory(grids, np.full(len(grids), -1), _none()))
    return not faces and not shapely.is_empty(grids).all()


@dataclass(frozen=True)
class Partition:
    """What the partition rules found, and the areas (m²) that the summary adds up, one by one.

    ``surplus`` is what the faces explain of ``Σ grids − parents``, and ``slack`` what the weld may
    have moved of it; both in the square units of the layer.
    """

    found: list[Finding]
    uncovered: tuple[float, ...] = ()
    overlap: tuple[float, ...] = ()
    outside: tuple[float, ...] = ()
    surplus: float = 0.0
    slack: float = 0.0

    @property
    def uncovered_m2(self) -> float:
        """Land in no grid."""
        return fsum(self.uncovered)

    @property
    def overlap_m2(self) -> float:
        """Land in several, each place once."""
        return fsum(self.overlap)

    @property
    def outside_m2(self) -> float:
        """Land beyond the parents of its grids, once for each."""
        return fsum(self.outside)


def joined(parts: Iterable[Partition]) -> Partition:
    """Put together what was found in several places; the sums do not depend on the order."""
    listed = list(parts)
    return Partition(
        [finding for part in listed for finding in part.found],
        tuple(area for part in listed for area in part.uncovered),
        tuple(area for part in listed for area in part.overlap),
        tuple(area for part in listed for area in part.outside),
        fsum(part.surplus for part in listed),
        fsum(part.slack for part in listed),
    )


@dataclass(frozen=True)
class Tiling:
    """The exclusive rows of a layer, and the parents that they must tile.

    ``rows`` gives for each polygon of the territory its row in the layer, ``codes`` are the
    parents'.
    """

    layer: Layer
    rows: Ints
    territory: Territory
    codes: tuple[str, ...]

    @classmethod
    def of(cls, layer: Layer, parents: Layer | None) -> "Tiling":
        """Take the rows that take part, and find each one's parent."""
        rows, shapes = np.flatnonzero(layer.exclusive), _none()
        codes: tuple[str, ...] = ()
        if parents is not None:
            there = np.flatnonzero(parents.exclusive)
            shapes, codes = parents.shapes[there], tuple(parents.codes[row] for row in there)
        own = parent_positions([layer.parent[row] for row in rows], codes)
        return cls(layer, rows, Territory(layer.shapes[rows], own, shapes), codes)

    @property
    def sums(self) -> Ints:
        """Which sum each parent belongs to.

        With no known parents the parents are tiled together, and their own borders are nobody's.
        """
        count = len(self.territory.parents)
        apart = bool((self.territory.parent >= 0).any())
        return np.arange(count) if apart else np.full(count, -1)


def find_faults(
    layer: Layer, parents: Layer | None, explain: Explainer, tolerance_m: float
) -> Partition:
    """Run the partition rules: certificate, weld, faces, faults, identity."""
    tiling = Tiling.of(layer, parents)
    ground = tiling.territory
    rest = open_segments(ground.polygons, ground.parent, ground.parents, tiling.sums)
    found = explain_rest(tiling, rest, explain, tolerance_m)
    if len(rest) and len(ground.parents):
        grids, areas = shapely.area(ground.polygons).sum(), shapely.area(ground.parents).sum()
        assert_identity(float(grids), float(areas), found)
    return joined([overlays_outside(layer, parents, explain, tolerance_m), found])


def explain_rest(
    tiling: Tiling, rest: Segments, explain: Explainer, tolerance_m: float
) -> Partition:
    """Explain what does not cancel: weld, faces, faults.

    Parameters
    ----------
    tiling
        At least every polygon and parent that comes near to the residue.
    rest
        The residue; ``owner`` by the tiling's polygons, then its parents.
    explain, tolerance_m
        As the check has them.
    """
    if not len(rest):
        return Partition([])
    ground, metres = tiling.territory, explain.ruler.metres(tiling.territory.polygons)
    welded, unit = weld(rest, tolerance_m, metres), tolerance_m / min(metres)
    faces = defects(welded.rest, ground, unit)
    faults = measure_faults(
        tiling.layer, ground, tiling.rows, tiling.codes, faces, welded.rest, explain, tolerance_m
    )
    lengths = np.hypot(*(rest.ends[:, 2:] - rest.ends[:, :2]).T)
    sized = list(zip(faces, faults.areas.tolist(), strict=True))
    return Partition(
        list(faults.findings(welded)),
        tuple(area for face, area in sized if not face.owners),
        tuple(area for face, area in sized if face.depth > 1),
        tuple(area for face, area in sized for owner in face.owners
              if len(ground.parents) and is_outside(ground, face, owner)),
        fsum((face.depth - (face.parent >= 0)) * face.geometry.area for face in faces),
        2 * unit * float(lengths.sum()),
    )  # fmt: skip


def assert_identity(grids: float, parents: float, found: Partition) -> None:
    """Assert ``Σ grids − parents = Σ (depth − inParent) · area``, in the layer's own units.

    Raises
    ------
    AreaIdentityError
        If they differ by more than rounding and the weld can explain: the overlay lost area.
    """
    slack = IDENTITY_SHARE * (grids + parents) + found.slack
    if abs(grids - parents - found.surplus) > slack:
        raise AreaIdentityError(
            f"The areas do not add up: grids minus parents is {grids - parents:.9g}, the findings "
            f"explain {found.surplus:.9g} (square units of the layer).",
            cure="Please report this with the file: the result cannot be trusted.",
        )


def parent_positions(wanted: list[str], codes: tuple[str, ...]) -> Ints:
    """Find each grid's parent; a single parent takes every grid, an unknown code gives -1."""
    if len(codes) == 1:
        return np.zeros(len(wanted), dtype=np.int64)
    position = {code: number for number, code in enumerate(codes)}
    return np.array([position.get(code, -1) for code in wanted], dtype=np.int64)


def overlays_outside(
    layer: Layer, parents: Layer | None, explain: Explainer, tolerance_m: float
) -> Partition:
    """Find overlay grids that reach beyond their area."""
    if parents is None:
        return Partition([])
    where = parent_positions(list(layer.parent), parents.codes)
    out = []
    for row in np.flatnonzero(np.array(layer.coverage) == "overlay").tolist():
        if layer.shapes[row] is None or where[row] < 0:
            continue
        beyond = shapely.difference(layer.shapes[row], parents.shapes[where[row]])
        flat = explain.ruler.project(np.array([beyond], dtype=object))[0]
        if 2 * flat.area > tolerance_m * flat.length:
            grid = (layer.codes[row], layer.names[row])
            out.append(explain.finding("C104", beyond, [grid], area=layer.parent[row], depth=1))
    return Partition(out, outside=tuple(finding.area_m2 for finding in out))


def _none() -> Geometries:
    return np.empty(0, dtype=object)
