"""The shapes of a batch: one type for each table, bit for bit, or refused with the reason."""

from typing import Any

import numpy as np
import pytest
import shapely
from shapely import Point

from geo.errors import CoordinateError
from layers.transfer import Batch
from layers.transfer.rejects import Faults, Reject
from layers.transfer.rows import Rows
from tests.unit.import_rows import BOWTIE, BOX, G, V, batch, listed, rows_of

GRIDS = [f"{V}{n:03}" for n in range(1, 10)]


def grids(*shapes: Any) -> Batch:
    return batch(list(shapes), code=list(GRIDS[: len(shapes)]))


def ewkb(rows: Rows) -> list[Any]:
    return [None if hexed is None else shapely.from_wkb(hexed)
            for hexed in rows.table.column("geom").to_pylist()]  # fmt: skip


def test_points_are_written_as_geos_writes_them() -> None:
    tiny = np.nextafter(0, 1)
    places: list[Any] = [
        Point(115.1, 33.2),
        None,
        Point(-0.0, tiny),
        Point(346 / 3, -89.999999999999),
    ]
    rows = batch(places, code=[f"{G}{n:02}" for n in range(4)], address=list("abcd"))
    found = rows_of("households", rows)
    marked = shapely.set_srid(np.array(places, dtype=object), 4326)
    expected = shapely.to_wkb(marked, hex=True, include_srid=True)
    assert found.table.column("geom").to_pylist() == expected.tolist()


def test_polygons_become_multipolygons_bit_for_bit() -> None:
    both = shapely.MultiPolygon([BOX, shapely.box(115.3, 33, 115.4, 33.1)])
    found = rows_of("grids", grids(BOX, both))
    assert found.rejects == []
    one, two = ewkb(found)
    assert [shape.geom_type for shape in (one, two)] == ["MultiPolygon"] * 2
    assert shapely.get_srid([one, two]).tolist() == [4326, 4326]
    assert shapely.equals_identical(one, shapely.MultiPolygon([BOX]))
    assert shapely.equals_identical(two, both)


def test_invalid_polygons_are_refused_with_the_reason() -> None:
    given = grids(BOX, BOWTIE, BOX)
    given.opened = {2: Point(115.1, 33.1)}
    found = rows_of("grids", given)
    assert listed(found, "row") == [(1,)]
    assert [(r.row, r.field, r.reason) for r in found.rejects] == [
        (2, "geom", "G001"),
        (3, "geom", "G001"),
    ]
    assert found.rejects[0].value.startswith("Self-intersection")
    assert found.rejects[1].value == "Ring not closed"


@pytest.mark.parametrize(
    ("kind", "shape", "value"),
    [
        ("grids", None, ""),
        ("grids", shapely.Polygon(), ""),
        ("grids", Point(115, 33), "Point"),
        ("grids", shapely.LineString([(115, 33), (116, 33)]), "LineString"),
        ("grids", shapely.GeometryCollection([BOX]), "GeometryCollection"),
        ("households", BOX, "Polygon"),
        ("households", shapely.MultiPoint([(115, 33), (116, 33)]), "MultiPoint"),
        ("reference:roads", None, ""),
    ],
)
def test_shapes_of_another_kind_are_refused(kind: str, shape: Any, value: str) -> None:
    found = rows_of(kind, batch([shape], code=[G], address=["x"]))
    assert found.rejects == [Reject(1, G, "geom", value, "G002")]
    assert len(found.table) == 0


@pytest.mark.parametrize(
    ("kind", "shape", "kept"),
    [
        ("areas", None, None),  # a list of villages often comes before their boundaries
        ("units", shapely.Polygon(), None),
        ("households", None, None),
        ("households", Point(), None),
        ("households", Point(115, 33), Point(115, 33)),
        ("households", Point(115, 33, 120.5), Point(115, 33)),  # heights are left out
        ("households", shapely.MultiPoint([(115, 33)]), Point(115, 33)),
        ("reference:roads", shapely.LineString([(115, 33), (116, 33)]),
         shapely.LineString([(115, 33), (116, 33)])),
    ],
)  # fmt: skip
def test_shapes_that_are_right(kind: str, shape: Any, kept: Any) -> None:
    found = rows_of(kind, batch([shape], code=[V], address=["x"], grid_code=[G], name=["x"]))
    assert found.rejects == []
    assert shapely.equals_identical(ewkb(found)[0], kept) or (ewkb(found)[0] is kept is None)


def test_a_place_out_of_range_is_a_row_unless_all_are() -> None:
    far = Point(500000, 3700000)
    given = batch([Point(115, 33), far], code=[G + "01", G + "02"], address=["x", "y"])
    found = rows_of("households", given)
    assert listed(found, "row") == [(1,)]
    assert found.rejects == [Reject(2, G + "02", "geom", "500000.0 3700000.0", "coordinate")]
    with pytest.raises(CoordinateError):
        rows_of("households", batch([far], code=["H"], address=["x"], area_code=[V]))


def test_coordinates_that_could_not_be_read_are_rows() -> None:
    given = batch([Point(115, 33), None, None], code=[G + str(n) for n in range(3)],
                  address=["x"] * 3)  # fmt: skip
    given.faults = [
        Faults("经度", "not_a_number", (1,), ("abc",)),
        Faults("经度", "half", (2,), ("1",)),
    ]
    found = rows_of("households", given)
    assert found.rejects == [
        Reject(2, G + "1", "经度", "abc", "not_a_number"),
        Reject(3, G + "2", "经度", "1", "half"),
    ]


def test_a_list_has_no_places() -> None:
    found = rows_of("households", batch(code=[G + "01"], address=["x"]))
    assert "geom" not in found.table.column_names
