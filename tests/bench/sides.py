"""The sides of each comparison: a function makes the input and returns the work to be timed."""

from collections.abc import Callable

import geopandas as gpd
import geoplanar
import numpy as np
import shapely

from geo.coverage import check_coverage
from geo.households import locate
from geo.partition import is_exact_coverage
from tests.bench.coverages import Coverage, spoiled, winding
from tests.bench.damage import damaged

Work = Callable[[], object]
COLUMNS, ROWS, VERTICES = 76, 50, 1200
DEFECTS = 200
# As many and of the kinds that the published comparison of methods had.
MIXED = 120
# The other shape of county: many small polygons.
MANY_COLUMNS, MANY_ROWS, FEW_VERTICES = 230, 176, 200
POINTS = 373_000


def _clean() -> Coverage:
    return winding(COLUMNS, ROWS, VERTICES)


def _many() -> Coverage:
    return winding(MANY_COLUMNS, MANY_ROWS, FEW_VERTICES)


def _shapes(frame: gpd.GeoDataFrame) -> np.ndarray:
    return np.asarray(frame.geometry.array, dtype=object)


def _certificate(coverage: Coverage) -> Work:
    grids, parent = _shapes(coverage.grids), _shapes(coverage.parent)

    def work() -> None:
        assert shapely.is_valid(grids).all()
        assert is_exact_coverage(grids, parent)

    return work


def _is_valid(coverage: Coverage) -> Work:
    grids = _shapes(coverage.grids)

    def work() -> None:
        assert shapely.is_valid(grids).all()
        assert shapely.coverage_is_valid(grids)

    return work


def certificate() -> Work:
    return _certificate(_clean())


def coverage_is_valid() -> Work:
    return _is_valid(_clean())


def certificate_of_many() -> Work:
    return _certificate(_many())


def many_are_valid() -> Work:
    return _is_valid(_many())


def _check(coverage: Coverage, *, clean: bool) -> Work:
    def work() -> None:
        found = check_coverage(coverage.grids, coverage.parent).findings
        assert clean == (not found)

    return work


def check_clean() -> Work:
    return _check(_clean(), clean=True)


def check_spoiled() -> Work:
    return _check(spoiled(_clean(), DEFECTS), clean=False)


def check_mixed() -> Work:
    return _check(damaged(_clean(), COLUMNS, MIXED), clean=False)


def check_mixed_of_many() -> Work:
    return _check(damaged(_many(), MANY_COLUMNS, MIXED), clean=False)


def _union(coverage: Coverage) -> Work:
    grids, parent = _shapes(coverage.grids), coverage.parent.geometry.iloc[0]

    def work() -> None:
        valid = shapely.is_valid(grids)
        shapes = grids.copy()
        shapes[~valid] = shapely.make_valid(shapes[~valid])
        land = shapely.union_all(shapes)
        assert shapely.difference(parent, land).area > 0
        assert shapely.difference(land, parent).area > 0

    return work


def union_of_mixed() -> Work:
    return _union(damaged(_clean(), COLUMNS, MIXED))


def union_of_mixed_many() -> Work:
    return _union(damaged(_many(), MANY_COLUMNS, MIXED))


def geoplanar_mixed() -> Work:
    return _geoplanar(damaged(_clean(), COLUMNS, MIXED))


def _geoplanar(coverage: Coverage) -> Work:
    def work() -> None:
        geoplanar.overlaps(coverage.grids)
        geoplanar.gaps(coverage.grids)

    return work


def geoplanar_clean() -> Work:
    return _geoplanar(_clean())


def geoplanar_spoiled() -> Work:
    return _geoplanar(spoiled(_clean(), DEFECTS))


def _people() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    grids = winding(COLUMNS, ROWS, 200).grids
    west, south, east, north = grids.total_bounds
    rng = np.random.default_rng(3)
    points = shapely.points(rng.uniform(west, east, POINTS), rng.uniform(south, north, POINTS))
    return grids, gpd.GeoDataFrame(geometry=points, crs=grids.crs)


def locating() -> Work:
    grids, people = _people()
    points, polygons = _shapes(people), _shapes(grids)
    return lambda: locate(points, polygons)


def sjoin() -> Work:
    grids, people = _people()

    def work() -> None:
        joined = people.sjoin(grids, how="left", predicate="intersects")
        joined[~joined.index.duplicated()]

    return work
