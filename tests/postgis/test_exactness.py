"""What is clean in the file is clean from the database: 40,000 polygons there and back."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import URL, select, text

from api.coverage.service import read_county
from api.db import engine
from api.sample import SampleCounty, build_county, load_sample
from geo.partition import is_exact_coverage
from layers.tables import grid

COLUMNS, ROWS = 200, 200
WEST, SOUTH, STEP = 115.0, 33.4, 0.003


def winding(seed: int) -> np.ndarray:
    """An exact coverage of 40,000 quadrangles with bent sides, in degrees of full length."""
    rng = np.random.default_rng(seed)
    across, up = np.meshgrid(np.arange(COLUMNS + 1), np.arange(ROWS + 1))
    corner = np.dstack((across, up)) * STEP + (WEST, SOUTH)
    corner[1:-1, 1:-1] += rng.uniform(-0.2, 0.2, (ROWS - 1, COLUMNS - 1, 2)) * STEP
    # One bend in the middle of each side, the same for both who share it.
    flat = (corner[:, :-1] + corner[:, 1:]) / 2 + rng.uniform(
        -0.1, 0.1, (ROWS + 1, COLUMNS, 2)
    ) * STEP
    steep = (corner[:-1] + corner[1:]) / 2 + rng.uniform(-0.1, 0.1, (ROWS, COLUMNS + 1, 2)) * STEP
    rings = np.stack(
        [corner[:-1, :-1], flat[:-1], corner[:-1, 1:], steep[:, 1:], corner[1:, 1:], flat[1:],
         corner[1:, :-1], steep[:, :-1], corner[:-1, :-1]], axis=2,
    )  # fmt: skip
    return np.asarray(shapely.polygons(rings.reshape(-1, 9, 2)))


def ewkb(shape: shapely.Geometry) -> str:
    return str(shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True))


@pytest.fixture(scope="module")
def coverage() -> np.ndarray:
    return winding(7)


@pytest.fixture(scope="module")
def frames(coverage: np.ndarray) -> SampleCounty:
    """A county of one village with 40,000 grids, in the shape that the product loads."""
    small = build_county(size="small")
    whole = shapely.coverage_union_all(coverage)
    areas = small.frames["area"]
    county, town = areas.iloc[0]["code"], areas[areas["level"] == "town"].iloc[0]["code"]
    village = f"{town}001"
    area = gpd.GeoDataFrame(
        {"code": [county, town, village], "name": ["县", "镇", "村"], "name_en": None,
         "level": ["county", "town", "village"], "kind": [None, None, "village"],
         "parent_code": [None, county, town]},
        geometry=gpd.GeoSeries([whole] * 3), crs=4326,
    ).rename_geometry("geom")  # fmt: skip
    grids = gpd.GeoDataFrame(
        {"code": [f"{village}{n:05d}" for n in range(len(coverage))], "name": "网格",
         "name_en": None, "area_code": village, "kind": "rural", "coverage": "exclusive",
         "locked": False},
        geometry=coverage, crs=4326,
    ).rename_geometry("geom")  # fmt: skip
    empty = {name: frame.iloc[:0] for name, frame in small.frames.items()}
    made = {**empty, "area": area, "grid": grids}
    return replace(small, frames=made, clean=made)


def test_forty_thousand_polygons_come_back_bit_for_bit(
    database: URL, coverage: np.ndarray, frames: SampleCounty
) -> None:
    assert is_exact_coverage(coverage, np.array([shapely.coverage_union_all(coverage)]))
    load_sample(engine(database), frames)
    with engine(database).connect() as connection:
        stored, villages, *_ = read_county(connection)
    back = np.asarray(stored.geometry.array, dtype=object)
    parts, owner = shapely.get_parts(back, return_index=True)
    assert np.array_equal(owner, np.arange(len(coverage)))
    assert shapely.to_wkb(parts).tolist() == shapely.to_wkb(coverage).tolist()
    whole = np.asarray(villages.geometry.array, dtype=object)
    assert is_exact_coverage(back, whole)
    # A vertex a centimetre away, and it is clean no more: not here, and not from there.
    bent = shapely.get_coordinates(coverage[20_100])
    bent[1] += 1e-7
    spoiled = coverage.copy()
    spoiled[20_100] = shapely.Polygon(bent)
    assert not is_exact_coverage(spoiled, whole)
    with engine(database).begin() as connection:
        connection.execute(
            grid.update()
            .where(grid.c.code == stored["code"].iloc[20_100])
            .values(geom=ewkb(shapely.multipolygons([spoiled[20_100]])))
        )
        again, *_ = read_county(connection)
    assert not is_exact_coverage(np.asarray(again.geometry.array, dtype=object), whole)


def test_neighbours_share_their_vertices_in_tiles_too(database: URL, frames: SampleCounty) -> None:
    """The generated EPSG:3857 column moves each vertex alone, so that what was shared stays so."""
    load_sample(engine(database), frames)
    flat = select(text("geom_3857 AS geom")).select_from(grid).order_by(grid.c.code)
    shapes = gpd.read_postgis(flat, engine(database)).geometry
    assert shapes.crs.to_epsg() == 3857
    assert shapely.coverage_is_valid(np.asarray(shapes.array, dtype=object))
