"""Chains: the faces of one digitising fault are one finding, and each finding has its own name."""

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import Polygon, box

from geo.arrangement import lines_along
from geo.certificate import open_segments
from geo.coverage import CoverageReport, check_coverage

E0, N0 = 530_000.0, 3_720_000.0
PITCH, HIGH = 2.0, 600.0


def check(*shapes: shapely.Geometry) -> CoverageReport:
    moved = shapely.transform(np.array(shapes), lambda points: np.add(points, (E0, N0)))
    codes = [f"g{n}" for n in range(len(moved))]
    whole = gpd.GeoDataFrame(
        {"code": ["v"]}, geometry=[box(E0, N0, E0 + 600, N0 + HIGH)], crs="EPSG:4547"
    )
    grids = gpd.GeoDataFrame({"code": codes}, geometry=list(moved), crs="EPSG:4547")
    return check_coverage(grids, whole)


def border(rng: np.random.Generator, shake_m: float) -> np.ndarray:
    up = np.arange(0, HIGH + PITCH, PITCH)
    line = np.column_stack((300 + np.round(5 * np.sin(up / 40), 2), up))
    line[1:-1] += rng.uniform(-shake_m, shake_m, (len(up) - 2, 2))
    return line


def test_an_edge_drawn_twice_is_one_gap_and_one_overlap() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        left = Polygon([(0, 0), *border(rng, 0.0), (0, HIGH)])
        right = Polygon([*border(rng, 0.5)[::-1], (600, 0), (600, HIGH)])
        found = check(left, right).findings
        land = [f for f in found if f.rule in ("C101", "C103")]
        assert sorted(f.rule for f in land) == ["C101", "C103"]
        for each in land:
            assert "two sources" in each.message
            assert "不同来源" in each.message_zh
        # A hundred faces: the lines cross again and again.
        assert sum(len(shapely.get_parts([f.geometry])) for f in land) > 60


def test_faults_a_hundred_metres_apart_are_two() -> None:
    left = box(0, 0, 300, HIGH)
    right = box(300, 0, 600, HIGH).difference(
        shapely.union(box(0, 9, 301, 12), box(0, 99, 301, 102))
    )
    gaps = [f for f in check(left, right).findings if f.rule == "C101"]
    assert [round(f.area_m2) for f in gaps] == [3, 3]
    assert not any("two sources" in f.message for f in gaps)


def test_how_far_two_sources_part_is_said() -> None:
    """A saw: triangles of 15 m by 1 m to either side, so half a metre on the mean."""
    up = np.arange(0, 801.0, 10)
    across = np.where(np.arange(81) % 2 == 1, np.where(np.arange(81) % 4 == 1, 1.0, -1.0), 0.0)
    saw = np.column_stack((300 + across, up * 0.75))
    left = Polygon([(0, 0), *saw, (0, HIGH)])
    found = check(left, box(300, 0, 600, HIGH)).findings
    assert sorted(f.rule for f in found if f.rule != "C105") == ["C101", "C103"]
    for each in found:
        if each.rule != "C105":
            assert "in 40 places" in each.message
            assert "49.8 cm on the mean" in each.message
            assert "平均相差 49.8 厘米" in each.message_zh
            assert each.fix == "Decide which of the two lines holds, and take it for both sides."


def test_no_two_findings_have_one_name() -> None:
    """Two gaps between the same grids within some metres: a name says where only roughly."""
    holes = [box(299, up, 301, up + 0.5) for up in (300.0, 302.0, 304.0)]
    left, right = (
        side.difference(shapely.union_all(holes))
        for side in (box(0, 0, 300, HIGH), box(300, 0, 600, HIGH))
    )
    first, again = check(left, right).findings, check(right, left).findings
    gaps = [f for f in first if f.rule == "C101"]
    assert len(gaps) == 3
    assert len({f.id for f in first}) == len(first)
    # Named by where they lie, not by the order in which they came.
    there = {f.geometry.bounds: f.geometry for f in again if f.rule == "C101"}
    assert set(there) == {f.geometry.bounds for f in gaps}


def test_what_is_left_of_a_ring_is_one_line_either_way() -> None:
    ring = box(0, 0, 9, 9).segmentize(1.0)
    other = box(9, 0, 18, 9).segmentize(1.0)
    for one in (ring, ring.reverse()):
        rest = open_segments(np.array([one, other]), np.zeros(2, dtype=np.int64))
        lines = lines_along(rest.ends)
        assert shapely.length(lines).sum() == 54
        assert len(lines) <= 4
        # As the segments go: the inside is on the left.
        outline = shapely.line_merge(shapely.MultiLineString(list(lines)), directed=True)
        assert Polygon(outline.coords).exterior.is_ccw
    assert len(lines_along(np.empty((0, 4)))) == 0


def test_lines_that_go_back_and_forth_lose_no_segment() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        points = rng.integers(0, 3, (rng.integers(1, 9), 4)).astype(float)
        ends = points[(points[:, :2] != points[:, 2:]).any(axis=1)]
        lines = lines_along(ends)
        coordinates, line = shapely.get_coordinates(lines, return_index=True)
        goes_on = line[1:] == line[:-1]
        back = np.hstack((coordinates[:-1], coordinates[1:]))[goes_on]
        assert sorted(map(tuple, back)) == sorted(map(tuple, ends))


def test_a_border_that_does_not_match_names_its_two_sides() -> None:
    slit = Polygon([(100, 100), (200, 100), (200, 100.004), (100, 100.004)])
    left, right = box(0, 0, 300, HIGH), box(300, 0, 600, HIGH)
    told = [f for f in check(left.difference(slit), right).findings if f.rule == "C105"]
    (alone,) = (f for f in told if f.length_m < 300)
    assert alone.grids == ("g0",)
    assert alone.message.startswith("The borders of g0 on two sides meet")
    assert alone.message_zh.startswith("g0自身两侧的边界")
    # The parent is one box: both grids' corners are on its edges, where it has no vertex.
    starts = {f.message.split(" meet")[0] for f in told if f is not alone}
    assert starts == {f"The borders of g{n} and the boundary" for n in (0, 1)}
