"""Chains of faces: which faces of the arrangement are one digitising fault.

An edge drawn twice leaves a chain of a hundred gaps and overlaps: faces that touch and concern the
same grids are one fault. Where two such lines cross they are no land for a short way; there the
chain goes on.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from geo.arrangement import Face
from geo.certificate import Geometries, Ints

# What a face is said to be: the rule, the polygons concerned, and which face.
Claim = tuple[str, tuple[int, ...], int]


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule broken by faces that belong together.

    ``who`` are the polygons concerned, ``faces`` those that break this rule, and ``chain`` all of
    the fault: the overlaps between the gaps of a border that was drawn twice.
    """

    rule: str
    who: tuple[int, ...]
    faces: tuple[int, ...]
    chain: tuple[int, ...]


# What is no land, by the polygons on its sides.
Links = dict[frozenset[int], list[BaseGeometry]]

# Two faces are in one chain if what is no land between them is no longer than so many tolerances.
LINK_SHARE = 1000.0


def chains(
    claims: Sequence[Claim], faces: Sequence[Face], links: Links, tolerance: float
) -> Iterator[Fault]:
    """Join the claims of faces that touch, concern the same polygons and lie in one parent.

    Parameters
    ----------
    claims
        Of some of the faces; several of a face.
    faces
        In the CRS of the layer.
    links
        Thin faces and borders that only the weld made one, which join faces beside them.
    tolerance
        In the layer's units.

    Yields
    ------
    Fault
        One for each chain and rule.
    """
    if len(claims) == 1:
        ((rule, who_alone, alone),) = claims
        yield Fault(rule, who_alone, (alone,), (alone,))
        return
    keys = [(frozenset(who), faces[at].parent) for _, who, at in claims]
    places = [at for *_, at in claims]
    shapes = [face.geometry for face in faces]
    parents: dict[frozenset[int], list[int]] = defaultdict(list)
    for who, parent in dict.fromkeys(keys):
        parents[who].append(parent)
    for who, found in parents.items():
        for link in _short(np.array(links.get(who, ()), dtype=object), tolerance):
            keys += [(who, parent) for parent in found]
            places += [len(shapes)] * len(found)
            shapes.append(link)
    number = {key: position for position, key in enumerate(dict.fromkeys(keys))}
    label = np.array([number[key] for key in keys], dtype=np.int64)
    places_, shapes_ = np.array(places, dtype=np.int64), np.array(shapes, dtype=object)
    one, two = _side_by_side(label, places_, shapes_, tolerance)
    component = _components(one, two, len(keys))
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    chain: dict[int, set[int]] = defaultdict(set)
    for position, (rule, _, at) in enumerate(claims):
        groups[int(component[position]), rule].append(position)
        chain[int(component[position])].add(at)
    for (where, rule), positions in groups.items():
        members = tuple(claims[position][2] for position in positions)
        yield Fault(rule, claims[positions[0]][1], members, tuple(sorted(chain[where])))


def _short(links: Geometries, tolerance: float) -> Geometries:
    """Return the links that, with those they touch, reach no further than a link may."""
    if not len(links):
        return links
    one, two = shapely.STRtree(links).query(links, "dwithin", tolerance)
    group = _components(one, two, len(links))
    bounds = shapely.bounds(links)
    low, high = np.full((len(links), 2), np.inf), np.full((len(links), 2), -np.inf)
    np.minimum.at(low, group, bounds[:, :2])
    np.maximum.at(high, group, bounds[:, 2:])
    far = np.hypot(*(high - low)[group].T)
    return np.asarray(links[far <= LINK_SHARE * tolerance], dtype=object)


def _components(one: Ints, two: Ints, count: int) -> Ints:
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _side_by_side(
    label: Ints, place: Ints, shapes: Geometries, tolerance: float
) -> tuple[Ints, Ints]:
    """Return pairs of claims of one label on shapes that touch.

    A face has as many claims as owners, or more, and is compared with its neighbours once.
    """
    used, at = np.unique(place, return_inverse=True)
    near, beside = shapely.STRtree(shapes[used]).query(
        shapes[used], predicate="dwithin", distance=tolerance
    )
    order = np.argsort(near, kind="stable")
    start = np.searchsorted(near[order], np.arange(len(used) + 1))
    count = (start[1:] - start[:-1])[at]
    one = np.repeat(np.arange(len(place)), count)
    step = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    wanted = label[one] * len(used) + beside[order[start[:-1][at][one] + step]]
    key = label * len(used) + at
    by_key = np.argsort(key, kind="stable")
    two = by_key[np.minimum(np.searchsorted(key[by_key], wanted), len(key) - 1)]
    same = key[two] == wanted
    return one[same], two[same]
