"""C107: strips that nobody claims, narrower than a given width, wherever they lead."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon, box

from geo.coverage import check_coverage
from geo.findings import Finding

E0, N0 = 530_000.0, 3_720_000.0


def at(*ends: float) -> Polygon:
    left, bottom, right, top = ends
    return box(E0 + left, N0 + bottom, E0 + right, N0 + top)


def frame(*shapes: shapely.Geometry, crs: str = "EPSG:4547") -> gpd.GeoDataFrame:
    codes = [f"g{n}" for n in range(len(shapes))]
    made = gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs="EPSG:4547")
    return made.to_crs(crs)


def narrow(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None = None, **limits: float
) -> list[Finding]:
    return [f for f in check_coverage(grids, parents, limits=limits).findings if f.rule == "C107"]


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4326"])
def test_a_slit_that_opens_to_the_outside(crs: str) -> None:
    """No hole, and no parent: nothing that counts holes can see it."""
    grids = frame(at(0, 0, 100, 100), at(100.4, 0, 200, 100), crs=crs)
    (slit,) = narrow(grids)
    assert slit.severity == "warning"
    assert set(slit.grids) == {"g0", "g1"}
    assert slit.width_m == pytest.approx(0.4, rel=0.02)
    assert slit.length_m == pytest.approx(100, rel=0.02)
    assert slit.area_m2 == pytest.approx(40, rel=0.02)
    assert "40 cm" in slit.message
    assert "厘米" in slit.message_zh
    assert narrow(grids, narrow_gap_m=0.3) == []


def test_a_slit_that_opens_into_a_lake_that_is_rightly_nobodys() -> None:
    lake = at(50, 50, 150, 150)
    slit = at(150, 99.8, 200, 100.2)
    around = at(0, 0, 200, 200).difference(lake)
    upper = around.intersection(at(-1, 100, 300, 300)).difference(slit)
    lower = around.intersection(at(-1, -1, 300, 100)).difference(slit)
    grids = frame(upper, lower)
    parent = frame(around.difference(slit))
    # The parent claims neither the lake nor the slit: for the certificate all is well.
    assert check_coverage(grids, parent).summary["uncovered_km2"] == 0
    (found,) = narrow(grids, parent)
    assert found.geometry.intersection(slit).area == pytest.approx(slit.area, rel=0.02)
    assert found.geometry.intersection(lake).area < 0.2
    # The parent claims the slit: then it is an uncovered edge, and said once.
    claimed = {f.rule for f in check_coverage(grids, frame(around)).findings}
    assert "C102" in claimed
    assert "C107" not in claimed


def test_between_two_villages_that_each_are_exactly_tiled() -> None:
    left, right = at(0, 0, 100, 100), at(100.3, 0, 200, 100)
    parents = frame(left, right)
    grids = frame(left, right).assign(area_code=["g0", "g1"])
    (found,) = narrow(grids, parents)
    assert found.area in ("g0", "g1")
    assert found.length_m == pytest.approx(100, rel=0.02)


def test_without_a_parent_a_hole_is_a_gap_and_nothing_else() -> None:
    whole = at(0, 0, 100, 100).difference(at(20, 50, 80, 50.5))
    report = check_coverage(frame(whole.intersection(at(0, 0, 50, 100)),
                                  whole.intersection(at(50, 0, 100, 100))))  # fmt: skip
    assert {f.rule for f in report.findings} == {"C101"}


@pytest.mark.parametrize(
    "shape",
    [
        at(0, 0, 100, 100),
        at(0, 0, 100, 100).difference(at(40, 40, 60, 60)),
        # A corner that turns in, a wide inlet, a notch as wide as it is deep.
        at(0, 0, 100, 100).difference(at(50, 50, 101, 101)),
        at(0, 0, 100, 100).difference(at(50, 20, 60, 101)),
        at(0, 0, 100, 100).difference(at(50, 99.2, 50.9, 101)),
        Polygon([(E0 + x, N0 + y) for x, y in ((0, 0), (90, 0), (45, 30), (90, 60), (0, 60))]),
    ],
)
def test_wide_inlets_and_corners_are_no_corridors(shape: Polygon) -> None:
    assert narrow(frame(shape)) == []


def test_a_border_that_is_drawn_twice_is_a_mismatch_and_no_corridor() -> None:
    grids = frame(at(0, 0, 100, 100), at(100.004, 0, 200, 100))
    assert narrow(grids) == []


def test_a_round_outline_of_many_vertices_costs_nothing_and_is_none() -> None:
    angle = np.linspace(0, 2 * np.pi, 40_000, endpoint=False)
    ring = np.column_stack((E0 + 5e3 * np.cos(angle), N0 + 5e3 * np.sin(angle)))
    assert narrow(frame(Polygon(ring))) == []


def test_overlaps_hide_no_corridor_and_make_none() -> None:
    grids = frame(at(0, 0, 100, 100), at(99, 0, 200, 100), at(200.5, 0, 300, 100))
    (found,) = narrow(grids)
    assert set(found.grids) == {"g1", "g2"}


def test_a_finely_drawn_border_hides_no_corridor() -> None:
    """Vertices every centimetre, on both sides of a slit and all around."""
    grids = frame(*(side.segmentize(0.01) for side in (at(0, 0, 50, 50), at(50.4, 0, 90, 50))))
    (slit,) = narrow(grids)
    assert slit.width_m == pytest.approx(0.4, rel=0.02)
    assert slit.length_m == pytest.approx(50, rel=0.02)


def test_a_comb_is_how_one_grid_is_drawn() -> None:
    """Four thousand teeth, each a strip that is long for its width: not one is a corridor."""
    angle = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
    far = np.where(np.arange(4_000) % 2, 80.9, 80.0)
    ring = np.column_stack((E0 + far * np.cos(angle), N0 + far * np.sin(angle)))
    comb = gpd.GeoDataFrame({"code": ["g0"]}, geometry=[Polygon(ring)], crs="EPSG:4547")
    assert check_coverage(comb).findings == []
    assert check_coverage(comb, comb).findings == []
