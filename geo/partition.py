"""The partition rules on a layer: certificate, weld, faces, faults, and the area identity.

For a clean coverage the certificate ends the matter. Otherwise what it leaves is explained, and
``Σ grids − parents = Σ (depth − inParent) · area`` is asserted on every run: an overlay that lost
land would otherwise lose it silently.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrangement import Face, Territory, defects, is_outside
from geo.certificate import Ints, Segments, open_segments
from geo.errors import GeoError
from geo.explain import Explainer
from geo.faults import Faults, measure_faults
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
    """What the partition rules found, with the areas (m²) that the summary adds up."""

    found: list[Finding]
    uncovered_m2: float = 0.0
    overlap_m2: float = 0.0
    outside_m2: float = 0.0


def find_faults(
    layer: Layer, parents: Layer | None, explain: Explainer, tolerance_m: float
) -> Partition:
    """Run the partition rules: certificate, weld, faces, faults, identity."""
    rows = np.flatnonzero(layer.exclusive)
    polygons = layer.shapes[rows]
    shapes = _none()
    codes: tuple[str, ...] = ()
    if parents is not None:
        there = np.flatnonzero(parents.exclusive)
        shapes, codes = parents.shapes[there], tuple(parents.codes[row] for row in there)
    own = parent_positions([layer.parent[row] for row in rows], codes)
    # With no known parents the parents are tiled together, and their own borders are nobody's.
    apart = bool((own >= 0).any())
    group = np.arange(len(shapes)) if apart else np.full(len(shapes), -1)
    rest = open_segments(polygons, own, shapes, group)
    found = list(_overlays_outside(layer, parents, explain, tolerance_m))
    overlays_m2 = sum(finding.area_m2 for finding in found)
    if not len(rest):
        return Partition(found, outside_m2=overlays_m2)
    welded = weld(rest, tolerance_m, explain.ruler.metres(polygons))
    territory = Territory(polygons, own, shapes)
    unit = tolerance_m / min(explain.ruler.metres(polygons))
    faces = defects(welded.rest, territory, unit)
    faults = measure_faults(layer, territory, rows, codes, faces, welded.rest, explain, tolerance_m)
    if len(shapes):
        assert_identity(territory, faces, rest, unit)
    found.extend(faults.findings(welded))
    return _tally(faults, found, overlays_m2)


def _tally(faults: Faults, found: list[Finding], overlays_m2: float) -> Partition:
    sized = list(zip(faults.faces, faults.areas.tolist(), strict=True))
    outside = sum(
        area * sum(is_outside(faults.territory, face, owner) for owner in face.owners)
        for face, area in sized
        if len(faults.territory.parents)
    )
    return Partition(
        found,
        uncovered_m2=sum(area for face, area in sized if not face.owners),
        overlap_m2=sum(area for face, area in sized if face.depth > 1),
        outside_m2=outside + overlays_m2,
    )


def assert_identity(
    territory: Territory, faces: list[Face], rest: Segments, tolerance: float
) -> None:
    """Assert ``Σ grids − parents = Σ (depth − inParent) · area``, in the layer's own units.

    Raises
    ------
    AreaIdentityError
        If they differ by more than rounding and the weld can explain: the overlay lost area.
    """
    grids = float(shapely.area(territory.polygons).sum())
    parents = float(shapely.area(territory.parents).sum())
    explained = sum((face.depth - (face.parent >= 0)) * face.geometry.area for face in faces)
    lengths = np.hypot(*(rest.ends[:, 2:] - rest.ends[:, :2]).T)
    slack = IDENTITY_SHARE * (grids + parents) + 2 * tolerance * float(lengths.sum())
    if abs(grids - parents - explained) > slack:
        raise AreaIdentityError(
            f"The areas do not add up: grids minus parents is {grids - parents:.9g}, the findings "
            f"explain {explained:.9g} (square units of the layer).",
            cure="Please report this with the file: the result cannot be trusted.",
        )


def parent_positions(wanted: list[str], codes: tuple[str, ...]) -> Ints:
    """Find each grid's parent; a single parent takes every grid, an unknown code gives -1."""
    if len(codes) == 1:
        return np.zeros(len(wanted), dtype=np.int64)
    position = {code: number for number, code in enumerate(codes)}
    return np.array([position.get(code, -1) for code in wanted], dtype=np.int64)


def _overlays_outside(
    layer: Layer, parents: Layer | None, explain: Explainer, tolerance_m: float
) -> list[Finding]:
    """Find overlay grids that reach beyond their area."""
    if parents is None:
        return []
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
    return out


def _none() -> Geometries:
    return np.empty(0, dtype=object)
