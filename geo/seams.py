"""A seam explained: what is wrong between counties, by the rules and in the words of the check.

Of each county only the grids that the seam asks for (:meth:`geo.counties.Seam.wanted`) are here. A
finding is told if it concerns grids of two counties; against an outline of them all land that is
missing or too much is told of one county as well. What a county's own check has told is not told
again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.arrangement import Face, Territory, defects, lines_of
from geo.certificate import Floats, Ints, Segments
from geo.corridors import corridor_findings
from geo.counties import Seam, Wanted
from geo.explain import Explainer, Households
from geo.faults import NEAR_SHARE, measure_faults
from geo.findings import Finding, sort_findings
from geo.gate import Layer, admit
from geo.measure import Geometries, Ruler
from geo.weld import Welded
from geo.winding import winding

# What lies in no grid, and what lies beyond a boundary: told once, whoever tells it.
MISSING, BEYOND = ("C101", "C102"), ("C104",)
KEPT = ("code", "name", "name_en", "area_code", "coverage")

# A finding, and the counties whose grids it names.
Crossing = tuple[Finding, tuple[str, ...]]


@dataclass(frozen=True)
class Near:
    """What a county has at the seam: its grids, ``row`` by row, and its households there."""

    grids: gpd.GeoDataFrame
    homes: Geometries


@dataclass(frozen=True)
class Told:
    """Where a county's own check has found land in no grid, and land beyond its boundary."""

    missing: Geometries
    beyond: Geometries

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "Told":
        """Take the shapes of the findings that an outline could tell again."""
        listed = list(findings)
        return cls(*(_shapes(each.geometry for each in listed if each.rule in rules)
                     for rules in (MISSING, BEYOND)))  # fmt: skip


def near_seam(
    grids: gpd.GeoDataFrame, wanted: Wanted, households: gpd.GeoDataFrame | None = None
) -> Near:
    """Return what a county has at the seam.

    Parameters
    ----------
    grids
        All of the county's, as its border was made from.
    wanted
        What the seam asks of it.
    households
        Points in the CRS of the grids.

    Returns
    -------
    Near
        A column ``row`` says where each grid stands in ``grids``.
    """
    layer = admit(grids)
    exclusive = np.flatnonzero(layer.exclusive)
    shapes = np.asarray(layer.shapes[exclusive], dtype=object)
    touching = shapely.STRtree(shapes).query(wanted.places, predicate="intersects")[1]
    rows = np.union1d(wanted.rows, exclusive[np.unique(touching)])
    kept = grids.iloc[rows]
    frame = gpd.GeoDataFrame(
        {name: kept[name].to_numpy() for name in KEPT if name in kept} | {"row": rows},
        geometry=layer.shapes[rows], crs=grids.crs,
    )  # fmt: skip
    points = _shapes(()) if households is None else _shapes(households.geometry.dropna())
    inside = shapely.STRtree(points).query(wanted.places, predicate="intersects")[1]
    return Near(frame, points[np.unique(inside)])


def explain_seam(seam: Seam, near: Mapping[str, Near], told: Sequence[Told] = ()) -> list[Crossing]:
    """Return what is wrong between counties.

    Parameters
    ----------
    seam
        What :func:`geo.counties.join_borders` returned.
    near
        County to what :func:`near_seam` returned, of every county that the seam asks.
    told
        What the counties' own checks have found.

    Returns
    -------
    list of (Finding, tuple of str)
        By severity, then area; with each the counties whose grids it names. Households are those
        that the counties have at the seam.
    """
    listed = [(county, each) for county, each in near.items() if len(each.grids)]
    if not listed:
        return []
    frame, home = seam_grids(seam, near)
    homes = np.concatenate([each.homes for _, each in listed])
    ruler = Ruler.of(np.asarray(frame.geometry.values, dtype=object), frame.crs)
    names: dict[str, str] = dict(zip(seam.outline.codes, seam.outline.names, strict=True))
    explain = Explainer(ruler, names, Households.of(homes))
    layer = admit(frame)
    found = [*_faults(seam, layer, frame["owner"].to_numpy(np.int64), explain),
             *_corridors(seam, layer, explain)]  # fmt: skip
    kept = [each for each in found if _is_between(seam, each, home, told, ruler)]
    return [
        (each, tuple(sorted({home[code] for code in each.grids}))) for each in sort_findings(kept)
    ]


def seam_grids(seam: Seam, near: Mapping[str, Near]) -> tuple[gpd.GeoDataFrame, dict[str, str]]:
    """Put the grids of counties into one frame, and say which county each code is of.

    A code that several counties use stands after its county's.
    """
    start = dict(zip(seam.counties, seam.starts.tolist(), strict=False))
    codes_of = {county: each.grids["code"].astype(str) for county, each in near.items()}
    times = Counter(code for codes in codes_of.values() for code in {*codes})
    frames, home = [], {}
    for county, each in near.items():
        codes = [code if times[code] == 1 else f"{county}/{code}"
                 for code in codes_of[county]]  # fmt: skip
        home.update(dict.fromkeys(codes, county))
        frames.append(each.grids.assign(code=codes, owner=each.grids["row"] + start[county]))
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=seam.crs), home


def _faults(seam: Seam, layer: Layer, owner: Ints, explain: Explainer) -> Iterable[Finding]:
    """Explain the faces and mismatches of the seam with the grids that are here."""
    shapes, count = layer.shapes, len(layer)
    there = np.flatnonzero(seam.outline.exclusive)
    territory = Territory(shapes, np.full(count, -1), seam.outline.shapes[there])
    place = np.full(int(seam.starts[-1]) + len(there), -1)
    place[owner] = np.arange(count)
    place[seam.starts[-1] :] = count + np.arange(len(there))
    welded = _known(seam.welded, place)
    faults = measure_faults(
        layer, territory, np.arange(count), tuple(seam.outline.codes[at] for at in there),
        _of_several(seam, _faces(seam, territory, explain.ruler), owner, explain.ruler),
        welded.rest, explain, seam.tolerance_m,
    )  # fmt: skip
    return faults.findings(welded)


def _known(welded: Welded, place: Ints) -> Welded:
    """Say by position in the layer whose segments are whose; those of absent grids go."""

    def known(segments: Segments) -> tuple[Segments, Ints]:
        at = place[segments.owner]
        kept = np.flatnonzero(at >= 0)
        return Segments(segments.ends[kept], at[kept], segments.group[kept]), kept

    rest, _ = known(welded.rest)
    (matched, one), (shrunk, two) = known(welded.matched), known(welded.shrunk)
    return Welded(
        rest, matched, welded.moved_m[one], shrunk, welded.spots[two], welded.shrunk_m[two]
    )


def _faces(seam: Seam, territory: Territory, ruler: Ruler) -> list[Face]:
    """Return the faces of the seam's places, cut where another grid begins."""
    if not len(seam.places):
        return []
    unit = seam.tolerance_m / min(ruler.metres(territory.polygons))
    points, ring = shapely.get_coordinates(shapely.get_rings(seam.places), return_index=True)
    ends = np.hstack((points[:-1], points[1:]))[ring[1:] == ring[:-1]]
    none = np.zeros(len(ends), dtype=np.int64)
    faces = defects(Segments(ends, none, none), territory, unit)
    # What the places enclose is none of them: most of its grids are not here.
    spots = shapely.point_on_surface(_shapes(face.geometry for face in faces))
    inside = shapely.STRtree(seam.places).query(
        spots, predicate="dwithin", distance=unit * NEAR_SHARE
    )[0]
    return [faces[at] for at in np.unique(inside).tolist()]


def _of_several(seam: Seam, faces: list[Face], owner: Ints, ruler: Ruler) -> list[Face]:
    """Leave out what one county's grids do among themselves, far from any mismatch of two."""
    if len(seam.outline) or not faces:
        return faces
    home = seam.county_of(owner)
    several = np.array([not face.owners or len(set(home[list(face.owners)].tolist())) > 1
                        for face in faces])  # fmt: skip
    shapes = _shapes(face.geometry for face in faces)
    # A sliver is told of whoever's border it lies at.
    several |= 2 * ruler.area_m2(shapes) <= seam.tolerance_m * ruler.length_m(shapes)
    unit = seam.tolerance_m / min(ruler.metres(shapes))
    lines = lines_of(np.vstack((seam.welded.matched.ends, seam.welded.shrunk.ends)))
    several[shapely.STRtree(lines).query(shapes, predicate="dwithin", distance=unit)[0]] = True
    return [face for face, kept in zip(faces, several.tolist(), strict=True) if kept]


def _corridors(seam: Seam, layer: Layer, explain: Explainer) -> list[Finding]:
    """Return narrow strips between counties that lead out of all of them."""
    if not len(seam.strips):
        return []
    found = list(corridor_findings(layer, None, explain, seam.width_m, seam.tolerance_m))
    spots: Floats = shapely.get_coordinates([each.point for each in found]).reshape(-1, 2)
    # A grid that is not here may lie there.
    free = winding(spots, seam.all_ends) == 0
    return [each for each, is_free in zip(found, free.tolist(), strict=True) if is_free]


def _is_between(
    seam: Seam, found: Finding, home: Mapping[str, str], told: Sequence[Told], ruler: Ruler
) -> bool:
    """Tell whether a finding is one between counties, or of the outline, and told by none yet."""
    several = len({home[code] for code in found.grids}) > 1
    if found.rule not in (*MISSING, *BEYOND):
        return several
    if not several and not len(seam.outline):
        return False
    unit = seam.tolerance_m / min(ruler.metres(_shapes([found.geometry])))
    shapes = (each.missing if found.rule in MISSING else each.beyond for each in told)
    return not any(shapely.dwithin(own, found.point, unit).any() for own in shapes)


def _shapes(shapes: Iterable[shapely.Geometry]) -> Geometries:
    listed = list(shapes)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


__all__ = ["Crossing", "Near", "Told", "explain_seam", "near_seam", "seam_grids"]
