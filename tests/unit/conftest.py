"""What unit tests share: the sample county, made once; and running ``wangge check``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shapely

from api.cli import run
from api.sample import SampleCounty, build_county
from api.settings import settings
from tests.unit.county_files import LAT, LON, SIDE, Check, Ran, cell, feature, geojson, points


@pytest.fixture(scope="session")
def county() -> SampleCounty:
    """The whole sample county; nobody changes it."""
    return build_county()


@pytest.fixture(scope="session")
def small() -> SampleCounty:
    return build_county(size="small")


@pytest.fixture
def check(capfd: pytest.CaptureFixture[str]) -> Check:
    """Run ``wangge check`` as the console script does, and see all that the process says."""

    def checked(*arguments: object, form: str | None = "json") -> Ran:
        capfd.readouterr()
        words = [str(argument) for argument in arguments]
        status = run(["check", *(["--format", form] if form else []), *words])
        return Ran(status, *capfd.readouterr())

    return checked


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set settings as an operator does, in the environment."""

    def changed(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield changed
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def village(tmp_path: Path) -> list[object]:
    """A check of a village of 4 × 1 cells with a gap, an overlap and a household in no grid."""
    outer = shapely.box(LON, LAT, LON + 4 * SIDE, LAT + SIDE)
    ring = [[*vertex] for vertex in outer.exterior.coords]
    within = geojson(tmp_path / "within.geojson", feature("V", ring, name="澜禾村"))
    grids = geojson(
        tmp_path / "grids.geojson",
        cell("V1", 0, name="一网格", area_code="V"),
        cell("V2", 0.9, name="二网格", area_code="V"),
        cell("V4", 3, name="四网格", area_code="V"),
    )
    homes = points(
        tmp_path / "homes.geojson", ("h1", 0.5, 0.5), ("h2", 2.5, 0.5), ("h3", None, None)
    )
    return [grids, "--within", within, "--households", homes]


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return geojson(tmp_path / "clean.geojson", cell("a", 0), cell("b", 1))
