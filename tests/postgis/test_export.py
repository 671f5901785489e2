"""Out of PostGIS and in again changes nothing, in every format and coordinate system."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from api.exports import Request, export_layer
from api.postgis import Cluster
from layers.tables import household
from layers.transfer.outgoing import LANGS
from layers.transfer.writing import WRITERS
from tests.postgis.export_files import (
    DUE,
    RARE,
    REASON,
    SHAPED,
    again,
    export,
    exported_county,
    nothing,
    table,
)
from tests.postgis.import_files import A, Office


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A county of every kind, of the module's own."""
    with exported_county(cluster, "exported_county", tmp_path_factory.mktemp("office")) as made:
        yield made


# -- round trips ---------------------------------------------------------------------------------


ENDINGS = [ending for ending in WRITERS if ending != ".shp.zip"]


def there_and_back(office: Office, path: Path, kind: str, **options: Any) -> None:
    assert export(office, kind, path, **options).counts["rows"] == DUE[kind]
    assert again(office, kind, path) == nothing(DUE[kind]), (path.name, options)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", DUE)
def test_what_leaves_and_comes_back_changes_nothing(
    office: Office, tmp_path: Path, kind: str, ending: str
) -> None:
    """In clear and masked; each kind and each format has met every language at the end."""
    turn = (list(DUE).index(kind) + ENDINGS.index(ending)) % len(LANGS)
    there_and_back(office, tmp_path / f"x{ending}", kind, lang=LANGS[turn], reveal=REASON)
    there_and_back(office, tmp_path / f"x{ending}", kind, lang=LANGS[turn - 1])


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", DUE)
def test_in_every_language(office: Office, tmp_path: Path, kind: str, ending: str) -> None:
    for lang in LANGS:
        for reveal in (REASON, None):
            there_and_back(office, tmp_path / f"x{ending}", kind, lang=lang, reveal=reveal)


@pytest.mark.parametrize("kind", SHAPED)
def test_a_shapefile_turns_rings_and_changes_nothing(
    office: Office, tmp_path: Path, kind: str
) -> None:
    for reveal in (REASON, None):
        path = tmp_path / "x.shp.zip"
        outcome = export(office, kind, path, reveal=reveal)
        assert outcome.counts["rows"] == DUE[kind]
        assert again(office, kind, path) == nothing(DUE[kind])


# A file says which registered system it is in; a hidden datum must be told.
SYSTEMS = ["EPSG:4490", "EPSG:4547", "EPSG:4526", "EPSG:3857", "GCJ-02", "BD-09"]


PLANES = [".gpkg", ".shp.zip", ".parquet", ".csv", ".xlsx"]


def moved_and_back(office: Office, path: Path, crs: str, kinds: list[str]) -> None:
    says = crs.startswith("EPSG") and path.suffix not in (".csv", ".xlsx")
    for kind in kinds:
        assert export(office, kind, path, crs=crs, reveal=REASON).crs == crs
        tried = office.give(kind, path, crs=None if says else crs, dry_run=True, outline=True)
        assert (tried.rejects, tried.doubts, tried.state) == ([], [], "tried"), kind
        counts = {name: tried.counts[name] for name in nothing(0)}
        assert counts == nothing(DUE[kind]), kind


@pytest.mark.parametrize("crs", SYSTEMS)
@pytest.mark.parametrize("ending", PLANES)
def test_another_system_and_back_changes_nothing(
    office: Office, tmp_path: Path, ending: str, crs: str
) -> None:
    """Points, outlines and lines; what else there is takes the same way."""
    kinds = ["households", "grids", "reference:roads"]
    moved_and_back(office, tmp_path / f"x{ending}", crs, kinds)


@pytest.mark.slow
@pytest.mark.parametrize("crs", SYSTEMS)
@pytest.mark.parametrize("ending", PLANES)
def test_another_system_and_back_for_every_kind(
    office: Office, tmp_path: Path, ending: str, crs: str
) -> None:
    moved_and_back(office, tmp_path / f"x{ending}", crs, SHAPED)


@pytest.mark.parametrize(("crs", "step"), [("EPSG:4490", 2e-14), ("EPSG:4547", 2e-7)])
def test_a_vertex_that_was_moved_is_not_taken_for_the_old_one(
    office: Office, tmp_path: Path, crs: str, step: float
) -> None:
    """By one bit where a file has the stored system, else by more than a journey costs."""
    export(office, "grids", tmp_path / "x.gpkg", crs=crs)
    frame = gpd.read_file(tmp_path / "x.gpkg")
    corners = shapely.get_coordinates(frame.geometry.iloc[0])
    corners[1, 0] += step
    frame.loc[0, "geometry"] = shapely.MultiPolygon([shapely.Polygon(corners)])
    frame.to_file(tmp_path / "moved.gpkg")
    found = again(office, "grids", tmp_path / "moved.gpkg")
    assert found == nothing(DUE["grids"] - 1) | {"changed": 1}


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=4,
    )
)
@example(RARE)
def test_any_address_comes_back(office: Office, tmp_path: Path, addresses: list[str]) -> None:
    with office.engine.connect() as connection, connection.begin() as transaction:
        for row, address in enumerate(addresses):
            values = {"code": f"H-{row:04}", "address": address, "area_code": A}
            connection.execute(insert(household).values(**values))
        for ending in WRITERS:
            path = tmp_path / f"x{ending}"
            export_layer(connection, Request("households", reveal=REASON), path)
            frame = stored(path)
            for row, address in enumerate(addresses):
                assert frame[f"H-{row:04}"] in (address, f"'{address}"), ending
        transaction.rollback()


def stored(path: Path) -> dict[str, str]:
    """Code to address, as readers of other people have it; a CSV is read by Python's."""
    if path.suffix == ".csv":
        return {row["编码"]: row["住址"] for row in table(path)}
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        rows = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        return {row[0]: openpyxl.utils.escape.unescape(row[1]) for row in rows}
    if path.suffix == ".geojson":
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return {each["properties"]["编码"]: each["properties"]["住址"] for each in features}
    if path.suffix == ".parquet":
        frame = gpd.read_parquet(path)
    else:
        frame = pyogrio.read_dataframe(f"/vsizip/{path}" if path.suffix == ".zip" else path)
        if path.suffix in (".kml", ".kmz"):
            return dict(zip(frame["编码"], frame["住址"], strict=True))
    return dict(zip(frame.iloc[:, 0], frame.iloc[:, 1], strict=True))
