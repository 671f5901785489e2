"""Where the rows of a file are: datums, zones, Shapefiles in GBK, and layers that look shifted."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from sqlalchemy import URL

from geo.datum import bd09_from_wgs84, gcj02_from_wgs84
from geo.errors import CoordinateError, MissingCrsError
from layers.transfer import TransferError
from tests.postgis.import_files import (
    GRIDS,
    LISTS,
    SOUTH,
    Office,
    Row,
    areas,
    cell,
    grids,
    household,
    point,
    shape_of,
    square,
)

DATUMS = {"GCJ-02": gcj02_from_wgs84, "BD-09": bd09_from_wgs84}
PER_GRID = 40


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


def moved(shape: Any, datum: str) -> Any:
    """A true shape as a layer in a hidden datum shows it."""
    convert = DATUMS[datum]
    return shapely.transform(shape, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))


def homes() -> list[dict[str, Any]]:
    """Forty households in each grid, all over it."""
    rng = np.random.default_rng(7)
    rows = []
    for grid in GRIDS:
        column, row = cell(grid)
        for number, (across, up) in enumerate(rng.uniform(0.01, 0.99, (PER_GRID, 2)), 1):
            rows.append(household(number, grid, geometry=point(column + across, row + up)))
    return rows


def in_datum(rows: Sequence[Row], datum: str) -> list[Row]:
    return [{**row, "geometry": moved(row["geometry"], datum)} for row in rows]


def distances(office: Office, name: str, rows: Sequence[Row], code: str) -> np.ndarray:
    """How far each stored vertex is from the truth, in degrees of the worse axis."""
    content = office.content(name)
    stored = [shape_of(content[row[code]]) for row in rows]
    return np.array(
        [
            shapely.hausdorff_distance(a, b)
            for a, b in zip(stored, (row["geometry"] for row in rows), strict=True)
        ]
    )


# -- what is said of the coordinates -------------------------------------------------------------


def test_a_file_that_does_not_say_its_datum_is_refused(office: Office) -> None:
    office.fill("grids")
    with pytest.raises(MissingCrsError) as raised:
        office.give("households", [household(1)], crs=None)
    assert "households-" in str(raised.value)
    assert office.count("household") == 0


def test_coordinates_of_another_system_are_refused(office: Office) -> None:
    office.fill("grids")
    metres = [household(1, geometry=shapely.Point(38_500_000, 3_700_000))]
    with pytest.raises(CoordinateError):
        office.give("households", metres)
    assert office.count("household") == 0


def test_one_coordinate_out_of_range_is_one_row(office: Office) -> None:
    office.fill("grids")
    wrong = household(2, geometry=shapely.Point(1152, 33.5))
    outcome = office.give("households", [household(1), wrong], partial=True)
    assert [tuple(reject)[2:] for reject in outcome.rejects] == [
        ("geom", "1152.0 33.5", "coordinate")
    ]
    assert office.codes("household") == [f"{GRIDS[0]}001"]


# Gauss-Krüger, 3 degrees about 114° E: without and with the zone's prefix, and 6 degrees.
@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4526", "EPSG:4508", "EPSG:4490", "EPSG:32650"])
def test_metres_of_any_zone_land_where_they_should(office: Office, crs: str) -> None:
    office.fill("grids")
    rows = homes()[:5]
    plane = gpd.GeoSeries([row["geometry"] for row in rows], crs="EPSG:4490").to_crs(crs)
    given = [{**row, "geometry": shape} for row, shape in zip(rows, plane, strict=True)]
    outcome = office.give("households", given, crs=crs)
    assert (outcome.state, outcome.crs) == ("imported", crs)
    assert distances(office, "household", rows, "住户编码").max() < 1e-9


@pytest.mark.parametrize("datum", DATUMS)
def test_hidden_datums_land_where_they_should(office: Office, datum: str) -> None:
    office.fill("grids")
    rows = homes()
    outcome = office.give("households", in_datum(rows, datum), crs=datum)
    assert (outcome.state, outcome.doubts, outcome.crs) == ("imported", [], datum)
    off = distances(office, "household", rows, "住户编码")
    assert off.max() < 1e-6
    # The same file again is converted to the same bits.
    assert office.give("households", in_datum(rows, datum), crs=datum).state == "unchanged"


def test_neighbours_stay_neighbours_in_a_hidden_datum(office: Office) -> None:
    office.give("areas", in_datum(areas(), "GCJ-02"), crs="GCJ-02")
    office.give("grids", in_datum(grids(), "GCJ-02"), crs="GCJ-02")
    shapes = [shape_of(row) for row in office.content("grid").values()]
    assert shapely.coverage_is_valid(shapes)
    assert distances(office, "grid", grids(), "网格编码").max() < 1e-6


# -- the shift test ------------------------------------------------------------------------------


@pytest.mark.parametrize(("datum", "kind"), [("GCJ-02", "gcj02"), ("BD-09", "bd09")])
def test_households_that_look_shifted_are_doubted(office: Office, datum: str, kind: str) -> None:
    office.fill("grids")
    rows = in_datum(homes(), datum)
    held = office.fingerprint()
    outcome = office.give("households", rows)
    assert outcome.state == "doubted"
    assert {doubt["kind"] for doubt in outcome.doubts} == {kind}
    true, shown = homes()[0]["geometry"], rows[0]["geometry"]
    metres = np.hypot((true.x - shown.x) * np.cos(np.radians(SOUTH)), true.y - shown.y) * 111_320
    for doubt in outcome.doubts:
        assert doubt["distance_m"] == pytest.approx(metres, rel=0.15)
        assert doubt["confidence"] >= 0.5
        assert datum in doubt["message"]
        assert datum in doubt["message_zh"]
        assert f"--crs {datum}" in doubt["fix"]
        assert f"--crs {datum}" in doubt["fix_zh"]
    assert office.fingerprint() == held


def test_a_doubted_file_comes_in_as_it_is_when_somebody_says_so(office: Office) -> None:
    office.fill("grids")
    rows = in_datum(homes(), "GCJ-02")
    outcome = office.give("households", rows, as_is=True)
    assert outcome.state == "imported"
    assert outcome.doubts
    assert distances(office, "household", rows, "住户编码").max() == 0.0


def test_a_dry_run_doubts_too(office: Office) -> None:
    office.fill("grids")
    outcome = office.give("households", in_datum(homes(), "GCJ-02"), dry_run=True)
    assert (outcome.state, outcome.counts["new"]) == ("tried", len(GRIDS) * PER_GRID)
    assert {doubt["kind"] for doubt in outcome.doubts} == {"gcj02"}


def test_true_coordinates_are_not_doubted(office: Office) -> None:
    office.fill("grids")
    outcome = office.give("households", homes())
    assert (outcome.state, outcome.doubts) == ("imported", [])


def network() -> list[Row]:
    return [{**LISTS["network:police"][0], "geometry": square(0, 0, 4, 2)}]


@pytest.mark.parametrize(
    ("kind", "rows", "last"),
    [("grids", grids(), "areas"), ("areas", areas()[2:], "areas"),
     ("network:police", network(), "areas")],
)  # fmt: skip
def test_polygons_that_look_shifted_are_doubted(
    office: Office, kind: str, rows: list[Row], last: str
) -> None:
    office.fill(last)
    held = office.fingerprint()
    outcome = office.give(kind, in_datum(rows, "GCJ-02"))
    assert outcome.state == "doubted"
    assert {doubt["kind"] for doubt in outcome.doubts} == {"gcj02"}
    assert office.fingerprint() == held
    told = office.give(kind, in_datum(rows, "GCJ-02"), crs="GCJ-02")
    assert (told.doubts, told.rejects) == ([], [])
    # What is there already may come back bit for bit.
    assert told.state in ("imported", "unchanged")


def test_incidents_recorded_nowhere_are_compared_with_the_county(office: Office) -> None:
    office.fill("areas")
    # Along the county's border, so that a shift drives them out.
    rng = np.random.default_rng(7)
    rows = [
        {"工单号": f"I{number}", "类型": "noise", "标题": "扰民", "上报时间": "2026-01-05",
         "geometry": moved(point(across, up), "GCJ-02")}
        for number, (across, up) in enumerate(rng.uniform((0, 0), (4, 2), (2000, 2)))
    ]  # fmt: skip
    outcome = office.give("incidents", rows)
    assert outcome.state == "doubted"
    assert {doubt["kind"] for doubt in outcome.doubts} == {"gcj02"}
    assert office.give("incidents", rows, crs="GCJ-02").state == "imported"


# -- Shapefiles as offices pack them -------------------------------------------------------------


def shapefile(folder: Path, crs: str | None, said: str | None) -> Path:
    """Grids in a Shapefile of GBK, zipped, with a ``.cpg`` that says ``said``, or none."""
    rows = grids()
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4490")
    if crs:
        frame = frame.to_crs(crs)
    inner = folder / "网格"
    inner.mkdir()
    pyogrio.write_dataframe(frame, inner / "grids.shp", encoding="GBK")
    page = inner / "grids.cpg"
    page.unlink()
    if said:
        page.write_text(said)
    if crs is None:
        (inner / "grids.prj").unlink()
    packed = folder / "网格.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(inner.iterdir()):
            archive.write(part, part.name)
    return packed


@pytest.mark.parametrize("said", [None, "GBK", "UTF-8"])
@pytest.mark.parametrize("crs", ["EPSG:4547", None])
def test_grids_from_a_zipped_shapefile_in_gbk(
    office: Office, tmp_path: Path, crs: str | None, said: str | None
) -> None:
    office.give("areas", areas())
    packed = shapefile(tmp_path, crs, said)
    if crs is None:
        with pytest.raises(MissingCrsError):
            office.give("grids", packed, crs=None)
    outcome = office.give("grids", packed, crs=None if crs else "EPSG:4490")
    assert (outcome.state, outcome.rejects, outcome.doubts) == ("imported", [], [])
    assert outcome.file == "网格.zip"
    assert office.content("grid")[GRIDS[7]]["name"] == "第4网格"
    assert {row["kind"] for row in office.content("grid").values()} == {"rural"}
    assert distances(office, "grid", grids(), "网格编码").max() < 1e-9
    assert office.give("grids", packed, crs=None if crs else "EPSG:4490").state == "unchanged"


def test_a_shapefile_in_an_encoding_that_is_not_its_own(office: Office, tmp_path: Path) -> None:
    office.give("areas", areas())
    held = office.fingerprint()
    with pytest.raises(TransferError, match="The text is not"):
        office.give("grids", shapefile(tmp_path, "EPSG:4547", None), crs=None, encoding="UTF-8")
    assert office.fingerprint() == held
