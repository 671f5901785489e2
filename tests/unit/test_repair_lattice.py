"""The repair of polygons drawn at random on a few points: corners, collinear edges, holes, twins.

Nearly everything touches or coincides, which is where arithmetic fails if it can.
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.repair import Options, repair
from geo.repair_fill import FILLS
from tests.unit.test_repair_county import PLANE, UNSAFE, assert_nothing_new_is_wrong

SIDE = 6
HOLE = shapely.box(2, 2, 3, 3)
# Metres a step, and where 0 0 lies: round numbers, and numbers that are not.
PLACES = [(1.0, 500_000.0, 3_700_000.0), (0.1, 500_000.1, 3_700_000.3), (100 / 3, 5e5 + 0.7, 37e5)]
CORNER = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))


def holed(shape: BaseGeometry) -> BaseGeometry:
    return shape.difference(HOLE) if shape.is_valid else shape


POLYGON = st.one_of(
    st.lists(CORNER, min_size=3, max_size=6, unique=True).map(shapely.Polygon),
    st.tuples(CORNER, CORNER).map(lambda two: shapely.MultiPoint(two).envelope),
    st.lists(CORNER, min_size=3, max_size=4, unique=True).map(shapely.Polygon).map(holed),
).filter(lambda shape: shape.area > 0)


def layers(
    shapes: list[BaseGeometry], place: tuple[float, float, float]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    step, x, y = place
    moved = shapely.transform(
        np.array([*shapes, shapely.box(0, 0, SIDE, SIDE)], dtype=object),
        lambda xy: xy * step + np.array([x, y]),
    )
    codes = [f"g{number}" for number in range(len(shapes))]
    grids = gpd.GeoDataFrame(
        {"code": codes, "area_code": "V", "coverage": "exclusive"}, geometry=list(moved[:-1])
    )
    return grids.set_crs(PLANE), gpd.GeoDataFrame({"code": ["V"]}, geometry=[moved[-1]], crs=PLANE)


def hold(
    shapes: list[BaseGeometry], place: tuple[float, float, float], fill: str, *, within: bool
) -> None:
    grids, lands = layers(shapes, place)
    parents = lands if within else None
    options = Options(fill=fill, largest_gap=5.0)  # type: ignore[arg-type]
    result = repair(grids, parents, options=options)
    after = result.grids.geometry.to_numpy()
    assert shapely.is_valid(after).all()
    assert (shapely.area(after) > 0).all()
    assert UNSAFE not in {left.why for left in result.left}
    if within:
        assert_nothing_new_is_wrong(grids, lands, result, options)
    assert repair(result.grids, parents, options=options).changed == []


SHAPES = st.lists(POLYGON, min_size=2, max_size=6)


@settings(max_examples=15, deadline=None)
@given(SHAPES, st.sampled_from(PLACES), st.sampled_from(FILLS), st.booleans())
def test_of_polygons_on_a_lattice(
    shapes: list[BaseGeometry], place: tuple[float, float, float], fill: str, within: bool
) -> None:
    hold(shapes, place, fill, within=within)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(SHAPES, st.sampled_from(PLACES), st.sampled_from(FILLS), st.booleans())
def test_of_many_polygons_on_a_lattice(
    shapes: list[BaseGeometry], place: tuple[float, float, float], fill: str, within: bool
) -> None:
    hold(shapes, place, fill, within=within)
