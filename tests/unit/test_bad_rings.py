"""Rings that are not closed: a finding that says which row and where, and the rest is checked."""

from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from tests.unit.county_files import (
    LAT,
    LON,
    SIDE,
    Check,
    feature,
    geojson,
    polygon_wkb,
    square,
    write,
    write_raw,
)

A, B = feature("a", square(0)), feature("b", square(1))

OPEN = square(1)[:-1]


def open_file(path: Path) -> Path:
    """Two neighbours; the ring of the second lacks its last vertex."""
    blobs = [polygon_wkb(square(0)), polygon_wkb(OPEN)]
    if path.suffix == ".geojson":
        return geojson(path, A, feature("b", OPEN))
    if path.suffix == ".csv":
        text = ", ".join(f"{x!r} {y!r}" for x, y in OPEN)
        closed = shapely.Polygon(square(0)).wkt
        return write(path, f'code,wkt\na,"{closed}"\nb,"POLYGON (({text}))"\n')
    if path.suffix == ".parquet":
        frame = gpd.GeoDataFrame(
            {"code": ["a", "b"]}, geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=4326
        )
        frame.to_parquet(path)
        table = pq.read_table(path)
        place = table.schema.get_field_index("geometry")
        pq.write_table(table.set_column(place, table.schema.field(place), pa.array(blobs)), path)
        return path
    return write_raw(path, ["a", "b"], blobs)


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp", "kml", "csv", "parquet"])
def test_an_unclosed_ring_is_a_finding_and_is_checked_closed(
    check: Check, tmp_path: Path, ending: str
) -> None:
    path = open_file(tmp_path / f"open.{ending}")
    within = geojson(tmp_path / "within.geojson", feature("V", square(0)), feature("W", square(1)))
    ran = check(path, *(["--crs", "EPSG:4326"] if ending == "csv" else []), "--within", within)
    assert ran.status == 1, ran.err
    found = ran.only("G001")
    assert ran.findings == [found], "closed, it is the cell that it was meant to be"
    assert found["grids"] == ["b"]
    assert "unclosed ring in row 2" in found["message"]
    assert "第 2 行有环未闭合" in found["message_zh"]
    # The Shapefile driver turns rings around.
    ends = (OPEN[0], OPEN[-1])
    assert any(found["point"] == pytest.approx(end, abs=1e-12) for end in ends)
    assert "repaired copy" in found["fix"]
    assert ran.err == "" or ending == "shp", ran.err


def test_of_several_rings_the_open_one_is_pointed_at(check: Check, tmp_path: Path) -> None:
    hole = [[LON + SIDE * part, LAT + SIDE * other] for part, other in
            ((0.2, 0.2), (0.2, 0.4), (0.4, 0.4))]  # fmt: skip
    ran = check(geojson(tmp_path / "hole.geojson", feature("a", square(0), hole), B))
    assert ran.only("G001")["point"] == pytest.approx(hole[0])
    multi = feature("a", [[square(0)], [square(3)[:-1]]], kind="MultiPolygon")
    ran = check(geojson(tmp_path / "multi.geojson", multi, B))
    assert ran.only("G001")["point"] == pytest.approx(square(3)[0])


def test_an_unclosed_ring_is_pointed_at_where_the_datum_has_moved_it(
    check: Check, tmp_path: Path
) -> None:
    ran = check(geojson(tmp_path / "open.geojson", A, feature("b", OPEN)), "--crs", "GCJ-02")
    found = ran.only("G001")
    assert found["point"] == pytest.approx(found["bbox"][:2], abs=1e-4)
    assert found["point"] != pytest.approx(OPEN[0], abs=1e-4)


def test_a_column_of_the_file_cannot_pretend_to_be_an_unclosed_ring(
    check: Check, tmp_path: Path
) -> None:
    path = geojson(tmp_path / "g.geojson", feature("a", square(), open_ring="x", read_defect="y"))
    assert check(path).findings == []


def test_a_boundary_with_faults_is_used_repaired_and_that_is_said(
    check: Check, tmp_path: Path
) -> None:
    within = geojson(tmp_path / "v.geojson", feature("V", square(0)[:-1]), feature("W"))
    ran = check(geojson(tmp_path / "grids.geojson", A), "--within", within)
    assert ran.status == 0
    lines = ran.err.splitlines()
    assert len(lines) == 2
    assert "v.geojson: row 1 (V) has a ring that is not closed" in lines[0]
    assert "v.geojson: row 2 (W) is no polygon" in lines[1]
