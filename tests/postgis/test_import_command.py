"""``wangge import`` on the command line: what it says, what it writes, and its exit status."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import URL

from api.cli import run
from api.settings import settings
from tests.postgis.import_files import GRIDS, LISTS, A, Office, areas, grids, household
from tests.postgis.test_import_datums import homes, in_datum


class Ran(NamedTuple):
    """What a command left: its exit status and what it said."""

    status: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.fixture
def wangge(
    database: URL, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Run ``wangge import`` on the test's own database, as the console script does."""
    monkeypatch.setenv("WANGGE_DATABASE_URL", database.render_as_string(hide_password=False))
    settings.cache_clear()

    def imported(*arguments: object) -> Ran:
        capfd.readouterr()
        return Ran(run(["import", *map(str, arguments)]), *capfd.readouterr())

    yield imported
    monkeypatch.undo()
    settings.cache_clear()


def as_json(ran: Ran) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_a_county_comes_in_by_the_command_line(office: Office, wangge: Command) -> None:
    path = office.write("areas", areas())
    first = wangge("areas", path, "--crs", "EPSG:4490")
    assert (first.status, first.err) == (0, "")
    assert "已导入" in first.out
    assert "imported 1" in first.out
    assert "code ← 编码" in first.out
    assert "wangge import --undo 1" in first.out
    again = wangge("areas", path, "--crs", "EPSG:4490", "--format", "json")
    assert again.status == 0
    said = as_json(again)
    assert (said["state"], said["import"], said["counts"]["unchanged"]) == ("unchanged", None, 4)
    assert wangge("grids", office.write("grids", grids(), ".gpkg")).status == 0
    # What tiles are made from is drawn with it.
    assert office.count("coverage_shape") > 0
    undone = wangge("--undo", 2)
    assert undone.status == 0
    assert "8 removed, 0 restored, 0 put back" in undone.out
    assert office.count("grid") == 0


def test_a_dry_run_writes_a_map_and_nothing_else(
    office: Office, wangge: Command, tmp_path: Path
) -> None:
    office.fill("grids")
    held = office.fingerprint()
    path, drawn = office.write("households", [household(1)]), tmp_path / "new.geojson"
    ran = wangge("households", path, "--crs", "EPSG:4326", "--dry-run", "--map", drawn)
    assert ran.status == 0
    assert "nothing was imported" in ran.out
    document = json.loads(drawn.read_text(encoding="utf-8"))
    assert [each["properties"] for each in document["features"]] == [
        {"state": "new", "code": f"{GRIDS[0]}001"}
    ]
    assert office.fingerprint() == held


def test_bad_rows_are_listed_or_written(office: Office, wangge: Command, tmp_path: Path) -> None:
    office.fill("grids")
    path = office.write("households", [household(1), household(2, 人口="三口")])
    held = office.fingerprint()
    ran = wangge("households", path, "--crs", "EPSG:4326")
    assert ran.status == 1
    assert "people 不是整数" in ran.err
    assert f"row 2 {GRIDS[0]}002 “三口”" in ran.err
    assert office.fingerprint() == held
    bad = tmp_path / "bad.csv"
    ran = wangge("households", path, "--crs", "EPSG:4326", "--rejects", bad)
    assert ran.status == 1
    assert office.codes("household") == [f"{GRIDS[0]}001"]
    with bad.open(encoding="utf-8-sig", newline="") as source:
        (line,) = csv.DictReader(source)
    assert (line["row"], line["code"], line["field"], line["value"]) == (
        "2", f"{GRIDS[0]}002", "people", "三口",
    )  # fmt: skip
    # Put right, the file of the bad rows alone comes in as well.
    assert wangge("households", office.write("households", [household(2)]), "--crs",
                  "EPSG:4326").status == 0  # fmt: skip


def test_a_layer_that_looks_shifted_is_a_question(office: Office, wangge: Command) -> None:
    office.fill("grids")
    path = office.write("households", in_datum(homes(), "GCJ-02"))
    ran = wangge("households", path, "--crs", "EPSG:4326")
    assert ran.status == 1
    assert "--crs GCJ-02" in ran.err
    assert "--as-is" in ran.err
    assert "坐标疑为 GCJ-02" in ran.err
    assert office.count("household") == 0
    assert wangge("households", path, "--crs", "gcj02").status == 0
    assert office.count("household") == len(homes())


def test_columns_constants_and_replacing(office: Office, wangge: Command) -> None:
    office.fill("grids")
    office.give("households", [household(1), household(2)])
    path = office.write("households", [{"甲": f"{GRIDS[0]}001", "乙": "新 1 号"}])
    ran = wangge("households", path, "--columns", "code=甲,address=乙", "--columns", "people==4",
                 "--replace", A)  # fmt: skip
    assert ran.status == 0
    (row,) = office.content("household").values()
    assert (row["address"], row["people"]) == ("新 1 号", 4)
    # Remembered, the constant with them.
    again = as_json(wangge("households", path, "--format", "json"))
    assert again["columns"] == {"code": "甲", "address": "乙", "people": "=4"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("houses", "FILE"), "“houses” is no kind of data"),
        (("reference", "FILE"), "reference:NAME"),
        (("people", "missing.csv"), "missing.csv"),
        (("people", "FILE", "--columns", "code"), "field=COLUMN"),
        (("people", "FILE", "--columns", "colour=甲"), "no field “colour”"),
        (("people", "FILE", "--columns", "code=甲"), "There is no column “甲”"),
        (("people", "FILE", "--replace", A), "cannot be replaced by area"),
        (("households", "FILE", "--replace", A), f"no area “{A}”"),
        (("people",), "KIND and FILE"),
        (("--undo", "4711"), "no import 4711"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    office: Office, wangge: Command, arguments: tuple[str, ...], says: str
) -> None:
    path = office.write("people", LISTS["people"])
    held = office.fingerprint()
    ran = wangge(*(path if each == "FILE" else each for each in arguments))
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert office.fingerprint() == held


def test_a_datum_that_nobody_says_is_demanded(office: Office, wangge: Command) -> None:
    office.fill("grids")
    ran = wangge("households", office.write("households", [household(1)]))
    assert (ran.status, ran.out) == (2, "")
    assert "--crs" in ran.err
    assert office.count("household") == 0


def test_an_undo_that_is_refused_is_one_line(office: Office, wangge: Command) -> None:
    office.give("areas", areas())
    number = office.give("grids", grids()).number
    office.give("households", [household(1)])
    ran = wangge("--undo", number)
    assert (ran.status, ran.out) == (2, "")
    assert "household.grid_code" in ran.err
    assert office.count("grid") == 8
