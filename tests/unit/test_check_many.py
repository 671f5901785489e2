"""``wangge check`` of many counties: the findings of each as by itself, and those between them."""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import psutil
import pyogrio
import pytest
from distributed import LocalCluster

from api.commands.checking import Asked
from api.commands.files import Request
from api.counties.cluster import Workers, cluster, each_county
from api.counties.service import check_counties
from api.counties.sources import in_folders
from api.counties.work import Failed
from geo.coverage import check_coverage
from tests.unit import many_counties
from tests.unit.county_files import Check, geojson, refused
from tests.unit.many_counties import Counties

THREADS = ["--scheduler", "threads"]
BETWEEN = ("C101", "C102", "C103", "C105", "C106", "C107", "G004")


@pytest.fixture(scope="module")
def counties() -> Counties:
    return many_counties.make(11, 6, 16)


@pytest.fixture(scope="module")
def folder(counties: Counties, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return many_counties.write(counties, tmp_path_factory.mktemp("counties"))


def without_seconds(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "read_seconds": 0, "seconds": 0}


def test_the_same_findings_as_one_by_one(check: Check, folder: Path, counties: Counties) -> None:
    told = ["--within", folder / "within", "--households", folder / "homes"]
    ran = check(folder / "grids", *told, *THREADS)
    assert ran.status == 1
    assert len(re.findall("no folder", ran.err)) == 0
    document = ran.document
    assert [each["county"] for each in document["counties"]] == counties.names
    alone: list[dict[str, Any]] = []
    for county in document["counties"]:
        key = f"county={county['county']}"
        files = {
            name: folder / name / key / "part-0.parquet" for name in ("grids", "within", "homes")
        }
        one = check(files["grids"], "--within", files["within"], "--households", files["homes"])
        assert county["summary"] == one.document["summary"]
        alone += [{**each, "counties": [county["county"]]} for each in one.findings]
    between = [each for each in document["findings"] if len(each["counties"]) > 1]
    assert len(between) == document["summary"]["between_counties"] > 3
    inside = [each for each in document["findings"] if len(each["counties"]) == 1]
    key = lambda each: (each["counties"], each["id"], each["bbox"])  # noqa: E731
    assert sorted(inside, key=key) == sorted(alone, key=key)
    # Those between are what a check of all grids tells of grids of two, and nobody has told.
    joint = {
        f.id: f
        for f in check_coverage(counties.grids).findings
        if len({counties.home[code] for code in f.grids}) > 1 and f.rule in BETWEEN
    }
    assert {each["id"] for each in between} <= set(joint)
    untold = {name for name, f in joint.items() if f.rule not in ("C101", "C102")}
    assert untold <= {each["id"] for each in between}
    order = [
        (("error", "warning", "info").index(f["severity"]), -f["area_m2"])
        for f in document["findings"]
    ]
    assert order == sorted(order)
    for name in ("grids", "households", "errors", "warnings"):
        parts = sum(each["summary"][name] for each in document["counties"])
        own = sum(f["severity"] + "s" == name for f in between)
        assert document["summary"][name] == parts + own
    # A second run, now against an outline and in another order of work, has the same bytes.
    again = check(folder / "grids", *told, *THREADS, "--workers", 3).document
    assert json.dumps(without_seconds(again)) == json.dumps(without_seconds(document))


def test_every_format(check: Check, folder: Path, counties: Counties, tmp_path: Path) -> None:
    outline = ["--outline", folder / "outline.parquet"]
    document = check(folder / "grids", *outline, *THREADS).document
    assert document["summary"]["counties"] == len(counties.names)
    target = tmp_path / "all.gpkg"
    check(folder / "grids", *outline, *THREADS, "-o", target, form=None)
    drawn = pyogrio.read_dataframe(target, layer="counties")
    assert list(drawn["code"]) == counties.names
    for row in drawn.itertuples():
        here = [f for f in document["findings"] if row.code in f["counties"]]
        assert row.findings == len(here)
        land = gpd.GeoSeries([row.geometry], crs=4326).to_crs(4547).area.iloc[0]
        assert land == pytest.approx(counties.part(row.code).union_all().area, rel=0.05)
    crossing = pyogrio.read_dataframe(target, layer="findings")["counties"]
    assert crossing.str.contains(", ").sum() == document["summary"]["between_counties"] > 0
    log = json.loads(check(folder / "grids", *outline, *THREADS, form="sarif").out)
    named = [[at["physicalLocation"]["artifactLocation"]["uri"] for at in each["locations"]]
             for each in log["runs"][0]["results"]]  # fmt: skip
    assert named == [[f"grids/county%3D{name}" for name in f["counties"]] or ["grids"]
                     for f in document["findings"]]  # fmt: skip
    table = check(folder / "grids", *outline, *THREADS, "--lang", "en", form="table").out
    assert re.search(r"Counties +6", table)
    page = check(folder / "grids", *outline, *THREADS, form="html").out
    assert page.count('class="parent"') == len(counties.names)
    # What lies between counties has a picture: the grids there are at hand.
    seen = len([f for f in document["findings"] if len(f["counties"]) != 1])
    assert 0 < seen == page.count('<svg class="picture"') < len(document["findings"])
    summary = document["summary"]
    assert summary["outer_border_checked"] is True
    missing = sum(f["area_m2"] for f in document["findings"] if f["rule"] in ("C101", "C102"))
    assert summary["uncovered_km2"] == pytest.approx(missing / 1e6, rel=1e-4)


def test_what_one_county_spoils_costs_that_county_alone(
    check: Check, folder: Path, counties: Counties, tmp_path: Path
) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    bad = broken / "grids" / "county=v2"
    (bad / "part-0.parquet").write_bytes(b"PAR1 and nothing else")
    whole = check(folder / "grids", *THREADS).document
    ran = check(broken / "grids", *THREADS)
    assert ran.status == 2
    note, line = ran.err.splitlines()
    assert "While a county is missing" in note
    assert line.startswith("wangge: county v2 (grids/county=v2): ")
    assert "part-0.parquet" in line
    document = ran.document
    (failed,) = [each for each in document["counties"] if "error" in each]
    assert (failed["county"], failed["source"]) == ("v2", "grids/county=v2")
    assert "summary" not in failed
    assert document["summary"]["counties_failed"] == 1
    assert document["summary"]["blind_spots"] is None
    kept = [f for f in whole["findings"] if "v2" not in f["counties"]]
    assert [f for f in document["findings"] if len(f["counties"]) == 1] == [
        f for f in kept if len(f["counties"]) == 1
    ]
    # Where a county is not known, nobody can say that land is nobody's.
    unsure = {f["rule"] for f in document["findings"] if len(f["counties"]) > 1}
    assert unsure & {"C101", "C102", "C107"} == set()
    assert (
        "1 county could not be checked"
        in check(broken / "grids", *THREADS, "--lang", "en", form="table").out
    )
    for county in counties.names:
        (broken / "grids" / f"county={county}" / "part-0.parquet").write_bytes(b"no")
    refused(check(broken / "grids", *THREADS), "No county could be checked")


def test_a_county_in_several_files_and_one_in_another_system(
    check: Check, folder: Path, tmp_path: Path
) -> None:
    whole = check(folder / "grids", *THREADS).document
    parted = shutil.copytree(folder, tmp_path / "parted")
    place = parted / "grids" / "county=v1"
    frame = gpd.read_parquet(place / "part-0.parquet")
    frame.iloc[:2].to_parquet(place / "part-0.parquet")
    frame.iloc[2:].to_parquet(place / "part-1.parquet")
    (place / "_SUCCESS").write_text("")
    again = check(parted / "grids", *THREADS).document
    assert json.dumps(without_seconds(again)) == json.dumps(without_seconds(whole))
    frame.to_crs(4548).to_parquet(place / "part-0.parquet")
    refused_part = check(parted / "grids", *THREADS)
    assert refused_part.status == 2
    assert "county v1 (grids/county=v1): The files are in different CRSs" in refused_part.err
    (place / "part-1.parquet").unlink()
    apart = check(parted / "grids", *THREADS)
    assert apart.status == 2
    assert "county v1 (grids/county=v1): It is in EPSG:4548, the others in EPSG:4547" in apart.err
    own = [f for f in apart.findings if f["counties"] == ["v1"]]
    assert {f["rule"] for f in own} == {
        f["rule"] for f in whole["findings"] if f["counties"] == ["v1"]
    }
    assert all("v1" not in f["counties"] for f in apart.findings if len(f["counties"]) > 1)


def test_what_is_wrong_with_the_folders_is_said(check: Check, folder: Path, tmp_path: Path) -> None:
    refused(
        check(folder / "grids", *THREADS, "--county", "prefecture"),
        "no folders prefecture=",
        "partitioned by county",
        "--county",
    )
    file = geojson(tmp_path / "one.geojson")
    refused(check(file, *THREADS), "a layer is a folder, partitioned by county", "--outline")
    refused(
        check(folder / "grids", *THREADS, "--within", folder / "outline.parquet"),
        "outline.parquet",
        "--outline",
    )
    refused(check(folder / "grids", "--scheduler", "slurm"), "processes, threads, or an address")
    for memory in ("plenty", "4", "200MB", "0.5GB"):
        refused(check(folder / "grids", "--worker-memory", memory), memory, "such as 4GB")
    some = shutil.copytree(folder, tmp_path / "some")
    shutil.rmtree(some / "within" / "county=v3")
    ran = check(some / "grids", "--within", some / "within", *THREADS)
    assert "County v3 has no folder in within: its outer border is not checked." in ran.err
    assert ran.document["summary"]["outer_border_checked"] is False


def test_no_scheduler_at_an_address_is_status_3(
    check: Check, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.counties.cluster.PATIENCE", 0.5)
    ran = check(folder / "grids", "--scheduler", "tcp://127.0.0.1:1")
    assert (ran.status, ran.out) == (3, "")
    assert "No Dask scheduler answers at tcp://127.0.0.1:1." in ran.err


def test_workers_at_an_address(check: Check, folder: Path) -> None:
    """A cluster that somebody else has started; the command leaves it running."""
    here = check(folder / "grids", *THREADS).document
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, protocol="tcp",
                      host="127.0.0.1", dashboard_address="127.0.0.1:0",
                      worker_dashboard_address="127.0.0.1:0") as running:  # fmt: skip
        address = running.scheduler_address
        assert address.startswith("tcp://127.0.0.1:")
        for _ in range(2):
            there = check(folder / "grids", "--scheduler", address)
            assert without_seconds(there.document) == without_seconds(here)


def test_what_lies_between_counties_can_be_accepted(
    check: Check, folder: Path, tmp_path: Path
) -> None:
    before = check(folder / "grids", *THREADS).document
    one = next(f for f in before["findings"] if len(f["counties"]) > 1 and f["severity"] == "error")
    accepted = tmp_path / "accepted.txt"
    accepted.write_text(one["id"])
    after = check(folder / "grids", *THREADS, "--accepted", accepted).document
    assert [f["id"] for f in after["findings"] if f["accepted"]] == [one["id"]]
    for name, less in (("errors", 1), ("between_counties", 1), ("accepted", -1)):
        assert after["summary"][name] == before["summary"][name] - less, name


# -- worker processes ----------------------------------------------------------------------------


def worker_processes() -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process().children(recursive=True)
        if "spawn_main" in " ".join(each.cmdline())
        and "resource_tracker" not in " ".join(each.cmdline())
    ]


def test_the_county_of_a_killed_worker_is_done_again(check: Check, folder: Path) -> None:
    """The worker is killed when the first county is done: one is in its hands, others wait."""
    expected = check(folder / "grids", "--within", folder / "within", *THREADS).document
    killed: list[int] = []

    def kill(step: str, done: int, _all: int) -> None:
        if step == "check" and done == 1 and not killed:
            for process in worker_processes():
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)

    sources, _ = in_folders(Request(folder / "grids", folder / "within"), "county")
    found = check_counties(
        sources, Asked(), Workers(count=1, memory="2GB"), source="grids", progress=kill
    )
    assert len(killed) == 1
    assert found.failed == {}
    document = json.loads(json.dumps(found.document))
    assert without_seconds(document) == without_seconds(expected)
    assert set(found.peaks_mib) == {each.code for each in sources}
    assert worker_processes() == []


def deadly(county: str) -> str:
    if county == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    return county


def hungry(county: str) -> str:
    held = []
    while county == "b":
        held.append(b"x" * 20_000_000)
        time.sleep(0.02)
    return county


@pytest.mark.slow
@pytest.mark.parametrize("work", [deadly, hungry])
def test_a_county_that_costs_a_worker_each_time_is_given_up(work: Callable[[str], str]) -> None:
    """Killed by hand, or because it takes more memory than a worker may have."""
    with cluster(Workers(count=1, memory="1GB")) as client:
        results = each_county(client, work, {name: (name,) for name in "abc"})
    assert (results["a"], results["c"]) == ("a", "c")
    assert isinstance(results["b"], Failed)
    assert "Each worker that took it was killed, or ran out of memory" in results["b"].why
