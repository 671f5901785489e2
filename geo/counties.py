"""Borders between counties: what each county's grids leave open, added up without the counties.

A county is checked by itself (:mod:`geo.coverage`). What its grids do not cancel among themselves
(:mod:`geo.certificate`) is its *border*: the outline it walks, and the outlines of its own faults.
That is some hundredths of the county. Borders are additive: those of two neighbours cancel along
the line between them, vertex for vertex, and **if nothing is left there, the two meet exactly**,
as surely as if all of their grids had been looked at together.

What is left is the *seam*. How many grids lie on a spot is how often the borders wind about it, so
gaps and overlaps are told from the borders alone; only the grids that lie there, or own a segment
there, are then asked for, and explained by the rules of the check (:mod:`geo.seams`).

Known limits: all counties are in one CRS. Without an outline of them all, land between counties
is a gap only where grids enclose it, or where it is narrow (C107).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from geo.arrangement import cut, lines_of
from geo.borders import shared_lengths
from geo.certificate import Flags, Floats, Ints, Segments, open_segments, residue
from geo.errors import CrsError
from geo.faults import NEAR_SHARE
from geo.gate import Layer, admit
from geo.measure import Geometries, Ruler
from geo.weld import Welded, weld
from geo.winding import concerning, winding

# Two pieces of border run back along one another if they turn by more than 135 degrees.
TURN = -0.7
# The owner of what belongs to the outline of all counties.
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Border:
    """What the exclusive grids of one county leave open.

    ``ends`` has shape (n, 4): directed segments with the inside on the left, in ``crs``. ``row``
    (n,) is each one's grid, by its position in the county's frame, which has ``count`` rows.
    """

    county: str
    crs: CRS
    ends: Floats
    row: Ints
    count: int

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in its CRS; a border of nothing is nowhere."""
        if not len(self.ends):
            return math.inf, math.inf, -math.inf, -math.inf
        (west, south), (east, north) = (
            pick(self.ends.reshape(-1, 2), axis=0).tolist() for pick in (np.min, np.max)
        )
        return west, south, east, north


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a county: the grids at ``rows``, and all that touch one of ``places``."""

    rows: Ints
    places: Geometries


@dataclass(frozen=True)
class Seam:
    """Where the borders of counties do not cancel.

    ``welded`` is the residue of all; its owners count the rows of one county after those of
    another, ``starts`` (n + 1,) says from where, and what comes after are parts of ``outline``.
    ``places`` are the faces that concern more than one county, ``owners`` whose border bounds them;
    ``strips`` the ground along borders
    that run back along another county's closer than ``width_m``. ``all_ends`` are the borders as
    they came, ``anchor`` is a grid of the first county.
    """

    counties: tuple[str, ...]
    bounds: Floats
    starts: Ints
    welded: Welded
    places: Geometries
    owners: Ints
    strips: Geometries
    outline: Layer
    all_ends: Floats
    anchor: Ints
    crs: CRS
    tolerance_m: float
    width_m: float

    def wanted(self) -> dict[str, Wanted]:
        """Return what must be known of each county to explain the seam; empty where it is sound."""
        matched, shrunk = self.welded.matched.owner, self.welded.shrunk.owner
        owners = np.unique(np.concatenate((matched, shrunk, self.owners)))
        places = np.concatenate((self.places, self.strips))
        home = self.county_of(owners)
        boxes, out = shapely.bounds(places), {}
        for number, county in enumerate(self.counties):
            rows = owners[home == number] - self.starts[number]
            west, south, east, north = self.bounds[number]
            near = (boxes[:, :2] <= (east, north)).all(axis=1)
            near &= (boxes[:, 2:] >= (west, south)).all(axis=1)
            if len(rows) or near.any():
                out[county] = Wanted(rows, places[near])
        if len(places) and not out:
            # What is missing lies far from all of them; it is told by the check of some grid.
            out[self.counties[0]] = Wanted(self.anchor, places[:0])
        return out

    def county_of(self, owner: Ints) -> Ints:
        """Return the position of each owner's county; :data:`NOBODY` for the outline."""
        found = np.searchsorted(self.starts, owner, side="right") - 1
        return np.where(found < len(self.counties), found, NOBODY)


def border_of(county: str, grids: gpd.GeoDataFrame) -> Border:
    """Return the border of a county.

    Parameters
    ----------
    county
        Its code.
    grids
        As for :func:`geo.coverage.check_coverage`, with a CRS.
    """
    layer = admit(grids)
    rows = np.flatnonzero(layer.exclusive)
    rest = open_segments(layer.shapes[rows], np.zeros(len(rows), dtype=np.int64))
    crs = CRS.from_user_input(grids.crs)
    return Border(county, crs, rest.ends, rows[rest.owner], len(layer))


def outline_of(border: Border) -> BaseGeometry:
    """Return the land within a border, to be drawn: it is no measure."""
    lines = shapely.union_all(lines_of(border.ends))  # noded: faults cross one another
    return shapely.build_area(lines)


def join_borders(
    borders: Sequence[Border],
    *,
    tolerance_m: float,
    width_m: float,
    outline: gpd.GeoDataFrame | None = None,
) -> Seam:
    """Add the borders of counties up, and find where they do not cancel.

    Parameters
    ----------
    borders
        One a county, at least one, all in the same CRS.
    tolerance_m
        Borders closer than this are meant to be one, in metres.
    width_m
        Strips narrower than this between counties are corridors, wherever they lead.
    outline
        What all counties together must cover: ``code``, ``name`` and polygons that do not overlap.

    Returns
    -------
    Seam

    Raises
    ------
    CrsError
        If two are not in the same CRS.
    """
    crs = _one_crs(borders, outline)
    known = _no_layer(crs) if outline is None else admit(outline)
    shell = known.shapes[known.exclusive]
    borders = _trimmed(borders, width_m, crs)
    segments, starts = _together(borders, shell)
    rest = segments.take(residue(segments))
    seam = Seam(
        counties=tuple(border.county for border in borders),
        bounds=np.array([border.bounds for border in borders]), starts=starts,
        welded=_nothing(rest), places=_none(), owners=np.empty(0, dtype=np.int64), strips=_none(),
        outline=known, all_ends=segments.ends, anchor=borders[0].row[:1], crs=crs,
        tolerance_m=tolerance_m, width_m=width_m,
    )  # fmt: skip
    if not len(rest):
        return seam
    metres = _metres(segments.ends, crs)
    welded = weld(rest, tolerance_m, metres)
    seam = replace(seam, welded=_between(seam, welded))
    places, owners = _places(seam, borders, tolerance_m / min(metres))
    return replace(
        seam, places=places, owners=owners,
        strips=_none() if len(shell) else _strips(seam, metres),
    )  # fmt: skip


def _one_crs(borders: Sequence[Border], outline: gpd.GeoDataFrame | None) -> CRS:
    first = borders[0]
    others = [(f"County {border.county} is", border.crs) for border in borders[1:]]
    if outline is not None:
        others.append(("The outline is", CRS.from_user_input(outline.crs)))
    for what, crs in others:
        if crs != first.crs:
            raise CrsError(
                f"{what} in {crs.to_string()}, county {first.county} in {first.crs.to_string()}: "
                "their borders cannot be compared.",
                cure="Bring all of them into one CRS, vertex by vertex.",
            )
    return first.crs


def _trimmed(borders: Sequence[Border], width_m: float, crs: CRS) -> list[Border]:
    """Leave out of each border the faults of its own that lie where no other county can be."""
    bounds = np.array([border.bounds for border in borders])
    reach = 4 * width_m / min(_metres(np.vstack([border.ends for border in borders]), crs))
    out = []
    for number, border in enumerate(borders):
        kept = concerning(border.ends, np.delete(bounds, number, axis=0), reach)
        out.append(replace(border, ends=border.ends[kept], row=border.row[kept]))
    return out


def _no_layer(crs: CRS) -> Layer:
    return Layer((), (), (), (), _none(), crs)


def _together(borders: Sequence[Border], outline: Geometries) -> tuple[Segments, Ints]:
    """Put the borders one after another, the outline last and walked backwards."""
    starts = np.cumsum([0, *(border.count for border in borders)], dtype=np.int64)
    ends = [border.ends for border in borders]
    owner = [border.row + start for border, start in zip(borders, starts, strict=False)]
    if len(outline):
        shell = open_segments(_none(), _none_wide(), outline, np.zeros(len(outline), np.int64))
        ends.append(shell.ends)
        owner.append(shell.owner + starts[-1])
    owners = np.concatenate(owner)
    return Segments(np.vstack(ends), owners, np.zeros(len(owners), dtype=np.int64)), starts


def _places(seam: Seam, borders: Sequence[Border], unit: float) -> tuple[Geometries, Ints]:
    """Return the faces with the wrong number of grids that are not one county's own affair.

    Beside them, whose border bounds them.
    """
    welded = seam.welded
    pieces = cut(lines_of(welded.rest.ends))
    spots = shapely.get_coordinates(shapely.point_on_surface(pieces))
    known = len(seam.outline) > 0  # an outline of them all
    depth = winding(spots, welded.rest.ends)
    wrong = depth != (0 if known else 1)
    pieces, depth = pieces[wrong], depth[wrong]
    shares = shared_lengths(pieces, welded.rest, unit * NEAR_SHARE)
    about = [set(seam.county_of(np.array(list(share), dtype=np.int64)).tolist())
             for share in shares]  # fmt: skip
    kept = np.array([len(some - {NOBODY}) > 1 or (known and NOBODY in some) for some in about],
                    dtype=bool)  # fmt: skip
    # Against the outline all that is missing counts: nobody else may have looked there.
    kept |= known & (depth < 0)
    # A mismatch is not told where it belongs to a fault, whoever's.
    lines = lines_of(np.vstack((welded.matched.ends, welded.shrunk.ends)))
    kept[shapely.STRtree(lines).query(pieces, predicate="dwithin", distance=unit)[0]] = True
    left = np.flatnonzero(~kept)
    kept[left] = _held_by_others(borders, pieces[left], [about[at] for at in left.tolist()])
    whose = {owner for at in np.flatnonzero(kept).tolist() for owner in shares[at]}
    return np.asarray(pieces[kept], dtype=object), np.array(sorted(whose), dtype=np.int64)


def _held_by_others(borders: Sequence[Border], pieces: Geometries, own: list[set[int]]) -> Flags:
    """Tell which faces another county may hold as well: its grids reach over its neighbour's."""
    out = np.zeros(len(pieces), dtype=bool)
    spots, boxes = shapely.get_coordinates(shapely.point_on_surface(pieces)), shapely.bounds(pieces)
    for number, border in enumerate(borders):
        west, south, east, north = border.bounds
        near = (boxes[:, 2:] >= (west, south)).all(axis=1)
        near &= (boxes[:, :2] <= (east, north)).all(axis=1)
        near &= np.array([number not in some for some in own], dtype=bool)
        at = np.flatnonzero(near)
        # A face has as many grids all over, but not everywhere the same: the other's border may
        # run through it.
        lines = shapely.STRtree(lines_of(border.ends))
        for runs_through in ("crosses", "contains"):
            out[at[lines.query(pieces[at], predicate=runs_through)[0]]] = True
        out[at] |= winding(spots[at], border.ends) != 0
    return out


def _strips(seam: Seam, metres: tuple[float, float]) -> Geometries:
    """Return the ground along borders that run back along one another closer than the width.

    A strip between two counties goes on inside one of them, so each run is taken as a whole.
    """
    rest, width_m = seam.welded.rest, seam.width_m
    lines = lines_of(rest.ends * np.tile(metres, 2))
    one, two = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=width_m)
    way = (rest.ends[:, 2:] - rest.ends[:, :2]) * metres
    length = np.hypot(*way.T)
    back = (way[one] * way[two]).sum(axis=1) < TURN * length[one] * length[two]
    facing, at = np.unique(one[back], return_inverse=True)
    # Along a strip the next pair touches this one.
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(len(lines),) * 2).tocsr()
    run = connected_components(graph[facing][:, facing], directed=False)[1]
    home = seam.county_of(rest.owner)
    several = np.unique(run[at[home[one[back]] != home[two[back]]]])
    along = lines_of(rest.ends[facing[np.isin(run, several)]])
    return np.asarray(shapely.buffer(along, 2 * width_m / min(metres), quad_segs=2))


def _between(seam: Seam, welded: Welded) -> Welded:
    """Leave of what the weld matched or shrank only what lies between counties."""

    def several(place: Ints, owner: Ints) -> Flags:
        home, count = seam.county_of(owner), int(place.max(initial=-1)) + 1
        least, most = np.full(count, len(seam.counties)), np.full(count, NOBODY)
        # What a county and the outline of all disagree about, its own check has told.
        np.minimum.at(least, place[home != NOBODY], home[home != NOBODY])
        np.maximum.at(most, place, home)
        return np.asarray((least < most)[place])

    matched = several(_undirected(welded.matched.ends), welded.matched.owner)
    spots = np.unique(welded.spots, axis=0, return_inverse=True)[1].ravel()
    shrunk = several(spots, welded.shrunk.owner)
    return Welded(
        welded.rest, welded.matched.take(matched), welded.moved_m[matched],
        welded.shrunk.take(shrunk), welded.spots[shrunk], welded.shrunk_m[shrunk],
    )  # fmt: skip


def _undirected(ends: Floats) -> Ints:
    """Give segments numbers: both ways along the same two points are one."""
    flip = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    same = np.where(flip[:, None], ends[:, [2, 3, 0, 1]], ends)
    return np.asarray(np.unique(same, axis=0, return_inverse=True)[1].ravel())


def _metres(ends: Floats, crs: CRS) -> tuple[float, float]:
    points = ends.reshape(-1, 2)
    where = np.array([shapely.box(*points.min(axis=0), *points.max(axis=0))], dtype=object)
    return Ruler.of(where, crs).metres(where)


def _nothing(rest: Segments) -> Welded:
    none, zero = rest.take(np.zeros(len(rest), dtype=bool)), np.empty(0)
    return Welded(none, none, zero, none, np.empty((0, 2)), zero)


def _none() -> Geometries:
    return np.empty(0, dtype=object)


def _none_wide() -> Ints:
    return np.empty(0, dtype=np.int64)
