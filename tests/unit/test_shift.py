"""G007: one village in another datum is found, and nothing else is called shifted."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.crs import bd09_from_wgs84, gcj02_from_wgs84
from geo.shift import ERRORS, detect_shift, shift_findings

SIDE = 0.02  # a village's side, degrees: two kilometres
CUTS = 3  # grids a side


def county(villages: int = 4) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Villages in a square, 3 × 3 grids each, 40 households a grid."""
    rng = np.random.default_rng(7)
    grids, parents, households = [], [], []
    step = SIDE / CUTS
    for i in range(villages):
        for j in range(villages):
            x, y, area = 115.4 + i * SIDE, 33.5 + j * SIDE, f"v{i}{j}"
            parents.append((area, shapely.box(x, y, x + SIDE, y + SIDE)))
            for cell in range(CUTS * CUTS):
                left, low = x + cell % CUTS * step, y + cell // CUTS * step
                code = f"{area}{cell}"
                grids.append((code, area, shapely.box(left, low, left + step, low + step)))
                homes = rng.uniform((left, low), (left + step, low + step), (40, 2))
                households += [(code, shapely.Point(home)) for home in homes]
    return (
        frame(grids, "code", "area_code"),
        frame(parents, "code"),
        frame(households, "grid_code"),
    )


def frame(rows: list, *columns: str) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows, columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


def moved(layer: gpd.GeoDataFrame, how, rows=slice(None)) -> gpd.GeoDataFrame:  # noqa: ANN001
    layer = layer.copy()
    geometry = np.array(layer.geometry.array, dtype=object)
    geometry[rows] = shapely.transform(geometry[rows], how, interleaved=False)
    return layer.set_geometry(gpd.GeoSeries(geometry, layer.index, crs=layer.crs))


def village(grids: gpd.GeoDataFrame, area: str) -> np.ndarray:
    return (grids["area_code"] == area).to_numpy()


@pytest.mark.parametrize(
    ("kind", "how", "metres"),
    [
        ("gcj02", gcj02_from_wgs84, (520, 570)),
        ("bd09", bd09_from_wgs84, (600, 1600)),
        ("swapped-axes", lambda x, y: (y, x), (0, 2e7)),
        ("zone+3", lambda x, y: (x + 3, y), (2.7e5, 2.8e5)),
        ("zone-6", lambda x, y: (x - 6, y), (5.4e5, 5.7e5)),
    ],
)
@pytest.mark.parametrize("plane", ["EPSG:4326", "EPSG:4547"])
def test_one_village_is_found_among_those_that_are_fine(kind, how, metres, plane) -> None:  # noqa: ANN001
    grids, parents, _ = county()
    grids, parents = grids.to_crs(plane), parents.to_crs(plane)
    if kind == "swapped-axes" or plane == "EPSG:4326":
        grids = moved(grids, how, village(grids, "v12"))
    else:
        grids = moved(grids.to_crs(4326), how, village(grids, "v12")).to_crs(plane)
    (shift,) = detect_shift(grids, parents)
    assert (shift.kind, shift.area, shift.reference) == (kind, "v12", "parent")
    assert shift.codes == tuple(f"v12{i}" for i in range(9))
    assert metres[0] <= shift.distance_m <= metres[1]
    assert shift.confidence > 0.95


def test_found_beside_a_missing_and_a_doubled_grid() -> None:
    grids, parents, _ = county()
    grids = moved(grids, gcj02_from_wgs84, village(grids, "v12"))
    grids = grids[grids["code"] != "v124"]
    double = grids[grids["code"] == "v121"].assign(code="v129")
    (shift,) = detect_shift(pd.concat([grids, double]), parents)
    assert (shift.kind, shift.area) == ("gcj02", "v12")


def test_found_by_households_where_there_is_no_parent() -> None:
    grids, _, households = county()
    grids = moved(grids, gcj02_from_wgs84, village(grids, "v12"))
    (shift,) = detect_shift(grids, None, households)
    assert (shift.kind, shift.area, shift.reference) == ("gcj02", "v12", "households")


def test_a_whole_layer_is_one_finding() -> None:
    grids, parents, households = county()
    (shift,) = detect_shift(moved(grids, gcj02_from_wgs84), parents, households)
    assert (shift.kind, shift.area, len(shift.codes)) == ("gcj02", None, len(grids))
    (shift,) = detect_shift(moved(grids, gcj02_from_wgs84).drop(columns="area_code"), parents)
    assert (shift.kind, shift.area) == ("gcj02", None)


def test_the_other_layer_may_be_the_shifted_one() -> None:
    grids, parents, households = county()
    (shift,) = detect_shift(grids, moved(parents, gcj02_from_wgs84))
    assert (shift.kind, shift.area) == ("reference-gcj02", None)
    (shift,) = detect_shift(grids, parents, moved(households, gcj02_from_wgs84))
    assert (shift.kind, shift.area, shift.reference) == ("reference-gcj02", None, "households")


def test_the_finding_says_which_how_far_and_what_to_do() -> None:
    grids, parents, households = county()
    grids = moved(grids, gcj02_from_wgs84, village(grids, "v12"))
    (finding,) = shift_findings(grids, parents, households)
    assert (finding.rule, finding.severity, finding.area) == ("G007", "warning", "v12")
    assert 520 < finding.length_m < 570
    assert "GCJ-02" in finding.message
    assert "GCJ-02" in finding.message_zh
    assert "--crs GCJ-02" in finding.fix
    assert parents.geometry[parents["code"] == "v12"].iloc[0].contains(finding.point)
    assert finding.geometry.equals(shapely.union_all(grids.geometry[village(grids, "v12")]))


# --- what is no shift -------------------------------------------------------------------------


def test_clean_data_raises_nothing_in_any_plane() -> None:
    grids, parents, households = county()
    assert detect_shift(grids, parents, households) == []
    for plane in ("EPSG:4547", "EPSG:3857"):
        assert detect_shift(*(layer.to_crs(plane) for layer in (grids, parents, households))) == []
    assert detect_shift(grids) == []
    assert detect_shift(grids.drop(columns="area_code"), parents, households) == []


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_no_shift(seed: int) -> None:
    """Missing cells, wrong parents, grids pushed about, strangers' households, nulls."""
    rng = np.random.default_rng(seed)
    grids, parents, households = county()
    grids = grids[rng.random(len(grids)) > 0.15].reset_index(drop=True)
    pushed = rng.random(len(grids)) < 0.2
    for row in np.flatnonzero(pushed):
        dx, dy = rng.normal(0, 0.002, 2)
        grids = moved(grids, lambda x, y, dx=dx, dy=dy: (x + dx, y + dy), [row])
    strangers = rng.random(len(grids)) < 0.1
    grids.loc[strangers, "area_code"] = rng.choice(parents["code"], strangers.sum())
    grids.loc[rng.integers(len(grids)), "geometry"] = None
    wrong = rng.random(len(households)) < 0.3
    households.loc[wrong, "grid_code"] = rng.choice(grids["code"], wrong.sum())
    households.loc[rng.integers(len(households), size=50), "geometry"] = None
    assert detect_shift(grids, parents, households) == []


def test_a_far_shift_that_is_no_known_error_is_not_named() -> None:
    grids, parents, _ = county()
    grids = moved(grids, lambda x, y: (x + 0.05, y - 0.03), village(grids, "v12"))
    assert detect_shift(grids, parents) == []


def test_every_error_speaks_both_languages() -> None:
    for error in ERRORS.values():
        assert all((error.en, error.zh, error.fix, error.fix_zh))
