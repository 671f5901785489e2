"""Many counties in one database: each is checked by itself, and the borders between them."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from api.cli import run
from api.coverage.lists import read_registers
from api.coverage.service import read_county
from api.db import engine
from api.settings import settings
from tests.postgis.import_files import COUNTY, GRIDS, LISTS, Office, areas, cell, grids, square

OTHER = "990102"


def moved(code: str) -> str:
    return code.replace(COUNTY, OTHER, 1)


def other_areas() -> list[dict[str, Any]]:
    """The next county to the east, of the same shape."""
    at = {row["编码"]: row["geometry"].bounds for row in areas()}
    west = at[COUNTY][0]
    columns = {code: round((bounds[0] - west) / 0.02) for code, bounds in at.items()}
    wide = {code: round((bounds[2] - bounds[0]) / 0.02) for code, bounds in at.items()}
    return [{**row, "编码": moved(row["编码"]),
             "geometry": square(4 + columns[row["编码"]], 0, wide[row["编码"]], 2)}
            for row in areas()]  # fmt: skip


def other_grids() -> list[dict[str, Any]]:
    """Its grids: one reaches half a cell into the first county."""
    rows = []
    for row in grids():
        column, low = cell(row["网格编码"])
        back = 0.5 if (column, low) == (0, 0) else 0
        rows.append(
            {
                **row,
                "网格编码": moved(row["网格编码"]),
                "geometry": square(4 + column - back, low, 1 + back, 1),
            }
        )
    return rows


@pytest.fixture
def two(database: URL, tmp_path: Path) -> URL:
    office = Office(database, tmp_path)
    for kind, rows in {"areas": areas(), "grids": grids(), **LISTS}.items():
        assert office.give(kind, rows).state == "imported", kind
    assert office.give("areas", other_areas()).state == "imported"
    assert office.give("grids", other_grids()).state == "imported"
    return database


def test_each_county_is_read_by_itself(two: URL) -> None:
    """Nothing of the other is in it, and nothing is in neither."""
    with engine(two).connect() as connection:
        whole = read_county(connection)
        all_lists = read_registers(connection, whole[3])
        first = read_county(connection, COUNTY)
        second = read_county(connection, OTHER)
        lists = read_registers(connection, first[3], county=COUNTY)
        none = read_registers(connection, second[3], county=OTHER)
    for every, one, two_ in zip(whole, first, second, strict=True):
        assert len(one) + len(two_) == len(every)
        for column in {"code", "grid_code", "area_code"} & set(every):
            assert one[column].dropna().str.startswith(COUNTY).all() or column == "code"
            assert not two_[column].dropna().str.startswith(COUNTY).any()
    for name in ("units", "members", "links", "visits", "branches"):
        assert len(getattr(lists, name)) == len(getattr(all_lists, name)) > 0, name
        held = getattr(none, name)
        assert held is None or len(held) == 0, name
    assert len(second[3]) == 0


def test_counties_of_a_database_in_one_run(
    two: URL, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", two.render_as_string(hide_password=False))
    settings.cache_clear()
    rules = ["--format", "json", "--rules", "C,G,-C105"]
    capfd.readouterr()
    assert run(["check", "--scheduler", "threads", *rules]) == 1
    document = json.loads(capfd.readouterr().out)
    settings.cache_clear()
    assert [each["county"] for each in document["counties"]] == [COUNTY, OTHER]
    assert [each["summary"]["grids"] for each in document["counties"]] == [8, 8]
    found = {(f["rule"], tuple(f["counties"])): f for f in document["findings"]}
    assert set(found) == {("C104", (OTHER,)), ("C103", (COUNTY, OTHER))}
    overlap = found["C103", (COUNTY, OTHER)]
    assert set(overlap["grids"]) == {GRIDS[5], moved(GRIDS[0])}
    assert overlap["area_m2"] == pytest.approx(found["C104", (OTHER,)]["area_m2"], rel=1e-9)
