"""``wangge repair FILE``: what it writes, what it says, and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from api.cli import run
from geo.repair_words import WHY
from layers.transfer import read_layer
from tests.unit.county_files import (
    LAT,
    LON,
    SIDE,
    Check,
    Ran,
    cell,
    feature,
    geojson,
    points,
    refused,
    square,
    write,
)

DATA = Path(__file__).parents[3] / "shared" / "data"
Repair = Callable[..., Ran]


@pytest.fixture
def repair(capfd: pytest.CaptureFixture[str]) -> Repair:
    """Run ``wangge repair`` as the console script does, and see all that the process says."""

    def repaired(*arguments: object) -> Ran:
        capfd.readouterr()
        status = run(["repair", *(str(argument) for argument in arguments)])
        return Ran(status, *capfd.readouterr())

    return repaired


def village(path: Path, *columns: float) -> Path:
    """A village of one row of cells, with vertices at some columns."""
    low = [[LON + column * SIDE, LAT] for column in columns]
    ring = [*low, *[[x, LAT + SIDE] for x, _ in reversed(low)], low[0]]
    return geojson(path, feature("V", ring, name="澜禾村"))


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """A village of 4 × 1 cells, with a vertex wherever two grids may meet."""
    return village(tmp_path / "within.geojson", 0, 0.9, 1, 2, 2.1, 3, 4)


@pytest.fixture
def grids(tmp_path: Path) -> Path:
    """Four cells: one reaches into its neighbour, between two there is a gap."""
    rows = [
        cell("V1", 0, name="一网格", area_code="V", 户数=12, share=0.1 + 0.2),
        feature("V2", ring(0.9, 2), name="二网格", area_code="V", 户数=None, share=None),
        feature("V3", ring(2.1, 3), name="三网格", area_code="V", 户数=30, share=1e-9),
        cell("V4", 3, name="四网格", area_code="V", 户数=40, share=5.0),
    ]
    return geojson(tmp_path / "grids.geojson", *rows)


def ring(left: float, right: float) -> list[list[float]]:
    points = square(left)
    for point, column in zip(points, (left, right, right, left, left), strict=True):
        point[0] = LON + column * SIDE
    return points


def document(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_it_ends_clean_and_keeps_every_column(
    repair: Repair, check: Check, tmp_path: Path, grids: Path, outer: Path
) -> None:
    out, account = tmp_path / "out.geojson", tmp_path / "account.json"
    ran = repair(grids, "--within", outer, "-o", out, "--report", account, "--lang", "zh")
    assert (ran.status, ran.err) == (0, "")
    assert "错误 2 → 0" in ran.out
    assert "三网格得到原先空白的" in ran.out or "二网格得到原先空白的" in ran.out
    assert check(out, "--within", outer).findings == []
    before, after = (read_layer(path).frame for path in (grids, out))
    assert list(after.columns) == list(before.columns)
    assert after.drop(columns="geometry").equals(before.drop(columns="geometry"))
    told = document(account)
    assert told["summary"]["before"]["errors"] == 2
    assert told["summary"]["after"]["errors"] == 0
    assert {change["rule"] for change in told["changes"]} == {"C102", "C103"}
    assert told["left"] == told["vertices_needed"] == []
    untouched = before["code"] == "V4"
    assert after[untouched].geometry.to_wkb().equals(before[untouched].geometry.to_wkb())


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp.zip", "parquet", "csv"])
def test_every_format_gives_the_same_doubles_back(
    repair: Repair, check: Check, tmp_path: Path, ending: str
) -> None:
    columns = [k + 1 / 7 for k in range(4)]
    outer = village(tmp_path / "within.geojson", *columns)
    rows = [feature(f"V{k}", ring(columns[k], columns[k + 1] - 0.1 / 3), w=k) for k in range(3)]
    path, out = geojson(tmp_path / "g.geojson", *rows), tmp_path / f"网格.{ending}"
    assert repair(path, "--within", outer, "-o", out).status == 0
    assert check(out, "--within", outer, "--crs", "EPSG:4326").findings == []
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_file_in_metres_comes_out_in_metres(
    repair: Repair, check: Check, tmp_path: Path, grids: Path
) -> None:
    metric = gpd.read_file(grids).to_crs(4547)
    source, out = tmp_path / "metric.gpkg", tmp_path / "out.gpkg"
    pyogrio.write_dataframe(metric, source)
    assert repair(source, "-o", out, "--widest", 2000).status == 0
    assert pyogrio.read_info(out)["crs"] == "EPSG:4547"
    assert check(out).status == 0
    refused(repair(source, "-o", tmp_path / "out.geojson"), "GeoJSON", "EPSG:4547", ".gpkg")


def test_what_is_left_is_said_with_why_and_the_status_is_1(
    repair: Repair, tmp_path: Path, grids: Path, outer: Path
) -> None:
    out, account = tmp_path / "out.gpkg", tmp_path / "account.json"
    ran = repair(
        grids, "--within", outer, "-o", out, "--report", account,
        "--fill", "none", "--winner", "none", "--lang", "en",
    )  # fmt: skip
    assert ran.status == 1
    assert out.exists()
    left = document(account)["left"]
    assert {each["rule"]: each["why"] for each in left} == {
        "C102": WHY["unfilled"][0], "C103": WHY["undecided"][0],
    }  # fmt: skip
    for words in ("Errors 2 → 2", WHY["unfilled"][0], WHY["undecided"][0]):
        assert words in ran.out


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (("--winner", "V2"), "V2"),
        (("--winner", "V1,V2"), "V1"),
        (("--winner", "first"), "V1"),
        (("--locked", "V2"), "V2"),
        (("--locked", "V1"), "V1"),
    ],
)
def test_who_keeps_an_overlap(
    repair: Repair, tmp_path: Path, grids: Path, outer: Path, options: tuple[str, str], kept: str
) -> None:
    account = tmp_path / "account.json"
    args = (grids, "--within", outer, "-o", tmp_path / "o.gpkg", "--report", account)
    repair(*args, *options)
    (change,) = [each for each in document(account)["changes"] if each["rule"] == "C103"]
    assert change["to"] == kept


def test_locked_grids_are_told_by_a_file_or_by_their_rows(
    repair: Repair, tmp_path: Path, outer: Path
) -> None:
    rows = [cell("V1", 0, 锁定="否"), feature("V2", ring(0.9, 4), 锁定="是")]
    path, account = geojson(tmp_path / "g.geojson", *rows), tmp_path / "account.json"
    args = ("--within", outer, "-o", tmp_path / "o.gpkg", "--report", account)
    repair(path, *args)
    assert document(account)["changes"][0]["to"] == "V2"
    listed = write(tmp_path / "locked.txt", "V1\nV2\n")
    assert repair(path, *args, "--locked", listed).status == 1
    assert document(account)["left"][0]["why"] == WHY["locked"][0]


def test_households_that_change_their_grid(
    repair: Repair, tmp_path: Path, grids: Path, outer: Path
) -> None:
    homes = points(
        tmp_path / "homes.geojson", ("in the gap", 2.05, 0.5), ("at home", 0.5, 0.5),
        ("nowhere", None, None),
    )  # fmt: skip
    account = tmp_path / "account.json"
    ran = repair(
        grids, "--within", outer, "--households", homes, "-o", tmp_path / "o.gpkg",
        "--report", account, "--lang", "en",
    )  # fmt: skip
    assert "1 households changed" in ran.out
    told = document(account)
    assert told["summary"]["households_moved"] == 1
    assert [c["households"] for c in told["changes"] if c["rule"] == "C102"] == [1]
    assert told["summary"]["before"]["households_uncovered"] == 1
    assert told["summary"]["after"]["households_uncovered"] == 0


# -- Nothing is written that should not be -------------------------------------------------------


def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    repair: Repair, tmp_path: Path, grids: Path, outer: Path
) -> None:
    out = tmp_path / "out.gpkg"
    for arguments, words in (
        ((grids, "-o", grids), ("to be repaired", "-o")),
        ((grids, "-o", tmp_path / "out.docx"), ("format", ".gpkg")),
        ((grids, "-o", tmp_path / "none" / "out.gpkg"), ("folder",)),
        ((grids, "-o", out, "--report", tmp_path / "r.txt"), (".json",)),
        ((grids, "-o", out, "--report", grids), ("to be repaired",)),
        ((grids, "-o", out, "--fill", "some"), ("--fill", "longest-border")),
        ((grids, "-o", out, "--winner", "V9"), ("--winner", "V9")),
        ((grids, "-o", out, "--locked", "V1,V9"), ("--locked", "V9")),
        ((grids, "-o", out, "--code", "nothing"), ("nothing",)),
        ((tmp_path / "none.gpkg", "-o", out), ("none.gpkg",)),
        ((grids,), ("--output",)),
    ):
        before = grids.read_bytes()
        refused(repair(*arguments), *words)
        assert not out.exists()
        assert grids.read_bytes() == before


def test_an_old_file_stays_whole_when_the_new_one_fails(
    repair: Repair, tmp_path: Path, outer: Path
) -> None:
    path = geojson(tmp_path / "g.geojson", cell("V1", 0, a_name_too_long_for_dbase=1))
    out = write(tmp_path / "old.shp.zip", "old")
    refused(repair(path, "-o", out), "a_name_too_long_for_dbase", ".gpkg")
    assert out.read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "g.geojson", "old.shp.zip", "within.geojson",
    ]  # fmt: skip


def test_help_has_an_example(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["repair", "--help"]) == 0
    assert "Example: wangge repair grids.gpkg" in capfd.readouterr().out


# -- Files that nobody here has drawn ------------------------------------------------------------


@pytest.mark.skipif(
    not DATA.exists(), reason="no ../shared/data here: put the real files beside the repository"
)
def test_the_wards_of_vijayawada_end_without_a_finding(
    repair: Repair, check: Check, tmp_path: Path
) -> None:
    wards, city = (DATA / "vijayawada" / f"Vijayawada_{n}.geojson" for n in ("Wards", "Boundary"))
    out = tmp_path / "wards.gpkg"
    assert repair(wards, "--within", city, "--code", "WARD_NO", "-o", out).status == 0
    assert check(out, "--within", city, "--code", "WARD_NO").findings == []


@pytest.mark.slow
@pytest.mark.skipif(
    not DATA.exists(), reason="no ../shared/data here: put the real files beside the repository"
)
def test_the_precincts_of_franklin_end_without_an_error_of_land(
    repair: Repair, check: Check, tmp_path: Path
) -> None:
    source = DATA / "franklin_precincts" / "Franklin_2015pPrecs.shp"
    out, account = tmp_path / "precincts.parquet", tmp_path / "account.json"
    ran = repair(source, "--code", "PRECCODE", "-o", out, "--report", account)
    assert ran.status == 1, "two codes stand several times, which only people can decide"
    told = document(account)
    assert {each["rule"] for each in told["left"] if each["severity"] == "error"} == {"G003"}
    assert WHY["unsafe"][0] not in {each["why"] for each in told["left"]}
    assert told["summary"]["after"]["overlap_km2"] == 0
    before, after = (read_layer(path).frame.geometry.to_numpy() for path in (source, out))
    assert (shapely.area(after) > 0).all()
    changed = {grid["code"] for grid in told["grids"]}
    same = shapely.to_wkb(before) == shapely.to_wkb(after)
    assert 0 < np.count_nonzero(~same) == len(told["grids"]) >= len(changed)
    # All land that was held is held: what was lost is within the tolerance of an outline.
    lost = shapely.union_all(shapely.make_valid(before)).difference(shapely.union_all(after))
    assert lost.area < 1e-6 * shapely.area(after).sum()
