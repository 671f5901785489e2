"""A proposal for one finding: what would change, before and after, and nothing else."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import CoverageReport, check_coverage
from geo.findings import Finding
from geo.repair import Options, Proposal, propose, repair
from tests.unit.test_repair import LEFT, PARENT, PLANE, RIGHT, X, Y, frame, reasons, ring, square
from tests.unit.test_repair_county import frames

GAPPED = ring((10, 0), (20, 0), (20, 10), (10, 10), (10, 6), (12, 6), (12, 4), (10, 4))
# Rules of land, whose findings can be looked for again where they were.
LAND = ("C101", "C102", "C103", "C104", "C106")


def only(report: CoverageReport, rule: str) -> Finding:
    (found,) = [finding for finding in report.findings if finding.rule == rule]
    return found


def applied(grids: gpd.GeoDataFrame, proposal: Proposal) -> gpd.GeoDataFrame:
    """The layer as it would be."""
    shapes = grids.geometry.to_numpy().copy()
    for code, shape in proposal.after.items():
        shapes[np.flatnonzero(grids["code"] == code)] = shape
    return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs))


def test_a_gap_is_proposed_to_its_longest_border() -> None:
    grids = frame(LEFT, GAPPED)
    proposal = propose(only(check_coverage(grids, PARENT), "C101"), grids, PARENT)
    assert (proposal.why, proposal.needed, proposal.households_moved) == ("", [], None)
    assert set(proposal.before) == set(proposal.after) == {"b"}
    assert proposal.before["b"].area == pytest.approx(96)
    assert proposal.after["b"].area == pytest.approx(100)
    (grid,) = proposal.grids
    assert (grid.code, grid.gained_m2, grid.lost_m2) == ("b", pytest.approx(4), 0)
    assert check_coverage(applied(grids, proposal), PARENT).findings == []


def test_other_findings_of_the_same_grids_stay() -> None:
    grids = frame(square(0, 0, 9, 10), GAPPED)
    report = check_coverage(grids, PARENT)
    whole = only(report, "C102")
    assert whole.area_m2 == pytest.approx(14)
    parted = frame(LEFT, square(10, 0, 19, 10), square(3, 3, 5, 5))
    report = check_coverage(parted, PARENT)
    edge, nest = only(report, "C102"), only(report, "C106")
    for finding, left in ((edge, "C106"), (nest, "C102")):
        after = check_coverage(applied(parted, propose(finding, parted, PARENT)), PARENT)
        assert [f.rule for f in after.findings] == [left]


def test_an_overlap_is_proposed_as_it_is_said() -> None:
    grids = frame(square(0, 0, 12, 10), square(9, 0, 20, 10))
    overlap = only(check_coverage(grids, PARENT), "C103")
    for declared, areas in ((("a",), (120, 80)), (("b",), (90, 110))):
        after = propose(overlap, grids, PARENT, options=Options(declared=declared)).after
        shapes = [after.get(code, grids.geometry.iloc[at]) for at, code in enumerate("ab")]
        assert [shape.area for shape in shapes] == pytest.approx(areas)


def test_what_cannot_be_done_has_a_reason_and_no_shapes() -> None:
    for grids, rule, options in (
        (frame(LEFT), "C102", Options()),
        (frame(LEFT, RIGHT, RIGHT), "G004", Options()),
        (frame(LEFT, RIGHT, codes="aa"), "G003", Options()),
    ):
        finding = only(check_coverage(grids, PARENT), rule)
        proposal = propose(finding, grids, PARENT, options=options)
        assert (proposal.changes, proposal.before, proposal.after) == ([], {}, {})
        assert proposal.why
        assert proposal.why_zh


def test_an_invalid_outline_is_proposed_by_itself() -> None:
    bow = ring((0, 0), (10, 0), (10, 10), (0, 10), (0, 5), (3, 5), (0, 6), (2, 2))
    grids = frame(bow, RIGHT, parents := square(0, 0, 0.5, 0.5))
    assert parents
    report = check_coverage(grids, None)
    finding = next(f for f in report.findings if f.rule == "G001")
    proposal = propose(finding, grids, None)
    assert proposal.after["a"].is_valid


def test_households_that_would_change_their_grid() -> None:
    grids = frame(LEFT, GAPPED)
    places = shapely.points([(X + 11, Y + 5), (X + 5, Y + 5), (X + 15, Y + 5)])
    homes = gpd.GeoDataFrame({"code": list("xyz")}, geometry=list(places), crs=PLANE)
    finding = only(check_coverage(grids, PARENT, households=homes), "C101")
    assert propose(finding, grids, PARENT, households=homes).households_moved == 1


def test_a_proposal_is_what_the_whole_repair_does_there() -> None:
    grids = frame(LEFT, GAPPED)
    finding = only(check_coverage(grids, PARENT), "C101")
    whole = repair(grids, PARENT)
    assert reasons(whole) == set()
    (after,) = propose(finding, grids, PARENT).after.values()
    assert shapely.normalize(after).equals_exact(shapely.normalize(whole.grids.geometry[1]), 0.0)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["EPSG:4547", "EPSG:4326"]))
def test_what_is_proposed_mends_the_finding_and_nothing_elsewhere(seed: int, crs: str) -> None:
    grids, lands = frames(seed, crs)
    report = check_coverage(grids, lands)
    for finding in [f for f in report.findings if f.rule in LAND][:4]:
        proposal = propose(finding, grids, lands)
        assert proposal.changes or proposal.why
        after = check_coverage(applied(grids, proposal), lands)
        here = [f.geometry for f in after.findings if f.rule == finding.rule]
        left = shapely.union_all(here).intersection(finding.geometry).area
        if not proposal.why:
            assert left < 1e-3 * finding.geometry.area + 1e-12, (finding.rule, finding.grids)
        assert set(proposal.after) == set(proposal.before)
        for shape in proposal.after.values():
            assert shape.is_valid
            assert shape.area > 0
