"""The sample county: its counts, its exactness, and what was done to it."""

import csv
import datetime as dt
import hashlib
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import spearmanr

from api.sample.county import SampleCounty, build_county
from api.sample.plan import PLANS, REFERENCE_DATE
from layers.tables import metadata

REAL_NAMES = Path(__file__).parents[3] / "shared" / "data" / "dancheng_villages.csv"
TODAY = pd.Timestamp(REFERENCE_DATE, tz="Asia/Shanghai")


def digest(sample: SampleCounty) -> str:
    """Every byte of every table, and of the list of defects."""
    told = hashlib.sha256(repr(sample.defects).encode())
    for frames in (sample.frames, sample.clean):
        for name, frame in sorted(frames.items()):
            shape = frame["geom"] if "geom" in frame else gpd.GeoSeries([])
            told.update(name.encode())
            told.update(repr(shapely.to_wkb(shape.to_numpy()).tolist()).encode())
            told.update(pd.DataFrame(frame).drop(columns="geom", errors="ignore").to_csv().encode())
    return told.hexdigest()


# -- the whole county ----------------------------------------------------------------------------


def test_the_county_has_the_counts_of_the_article(county: SampleCounty) -> None:
    area, grid, unit = (county.frames[name] for name in ("area", "grid", "household_unit"))
    assert area["level"].value_counts().to_dict() == {"village": 531, "town": 22, "county": 1}
    assert area["kind"].value_counts().to_dict() == {"village": 481, "community": 50}
    names = area.loc[area["level"] == "village", "name"].value_counts()
    assert (names > 1).sum() == 50
    assert 25 in area[area["level"] == "village"].groupby("parent_code").size().tolist()
    assert grid["kind"].value_counts().to_dict() == {
        "rural": 3145, "dedicated": 382, "community": 282,
    }  # fmt: skip
    assert set(grid.loc[grid["kind"] == "dedicated", "coverage"]) == {"exclusive", "overlay"}
    assert set(grid.loc[grid["kind"] != "dedicated", "coverage"]) == {"exclusive"}
    community = set(area.loc[area["kind"] == "community", "code"])
    grids, units = grid["area_code"].value_counts(), unit["code"].str[:12].value_counts()
    assert any(grids[code] == 13 and units[code] == 127 for code in community)
    household = county.frames["household"]
    assert len(household) == 373_000
    assert len(unit) == 37_300
    assert 1_250_000 < household["people"].sum() < 1_350_000
    posts = county.frames["appointment"]
    people = posts.groupby("role")["person_code"].nunique()
    assert people["grid_head"] == 915
    assert people["grid_worker"] == 4020
    assert posts.loc[posts["role"] == "grid_worker", "full_time"].sum() == 3420
    assert people["unit_head"] == 37_300
    assert len(county.frames["party_member"]) == 50_000
    assert county.frames["incident"]["closed_at"].notna().sum() == 6582
    assert 300 < county.frames["incident"]["closed_at"].isna().sum() < 900


def test_the_county_lies_across_a_zone_line_and_is_exact(county: SampleCounty) -> None:
    area, grid = county.clean["area"], county.clean["grid"]
    west, south, east, north = area.total_bounds
    assert 115.0 < west < 115.5 < east < 115.66
    assert 33.4 < south < north < 33.8
    assert 1400 < area[area["level"] == "county"].to_crs(4547).area.sum() / 1e6 < 1500
    assert_exact(area, grid, county.clean["household_unit"])
    for crs in (4547, 3857):
        assert_exact(*(f.to_crs(crs) for f in (area, grid, county.clean["household_unit"])))


def test_the_countys_defects_are_declared_and_spread(county: SampleCounty) -> None:
    drawn = [defect for defect in county.defects if "at" in defect]
    assert 36 <= len(drawn) <= 99
    assert len({str(defect["area"])[:9] for defect in drawn}) >= 20
    widths = sorted(float(defect["width_m"]) for defect in drawn if defect["width_m"])
    assert widths[0] == 0.001
    assert 20.0 in widths
    before, after = county.clean["grid"], county.frames["grid"]
    assert before["code"].equals(after["code"])
    assert after.geometry.is_valid.all()
    changed = set(after.loc[before["geom"].to_wkb() != after["geom"].to_wkb(), "code"])
    assert changed <= {grid for defect in drawn for grid in defect["grids"]}
    assert all(changed & set(defect["grids"]) for defect in drawn)


# -- by the same rules, smaller ------------------------------------------------------------------


def assert_exact(area: gpd.GeoDataFrame, grid: gpd.GeoDataFrame, unit: gpd.GeoDataFrame) -> None:
    """Every level tiles the one above, segment by segment."""
    village, town, whole = (area[area["level"] == n] for n in ("village", "town", "county"))
    base = grid[grid["coverage"] == "exclusive"]
    lived = base[base["code"].isin(unit["grid_code"])]
    for parents, children in ((whole, town), (town, village), (village, base), (lived, unit)):
        assert children.geometry.is_valid.all()
        assert left_over(parents, children) == 0


def left_over(parents: gpd.GeoDataFrame, children: gpd.GeoDataFrame) -> int:
    """Count the border segments that do not cancel between children and their parents."""
    parts = []
    for frame, sign in ((children, 1), (parents, -1)):
        rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(frame.geometry)))
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        inner = ring[1:] == ring[:-1]
        ends = np.hstack([xy[:-1], xy[1:]])[inner]
        swap = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
        ends[swap] = ends[swap][:, [2, 3, 0, 1]]
        parts.append(pd.DataFrame(ends).assign(turn=np.where(swap, -sign, sign)))
    sums = pd.concat(parts).groupby([0, 1, 2, 3], sort=False)["turn"].sum()
    return int((sums != 0).sum())


def test_a_seed_gives_the_same_bytes(small: SampleCounty) -> None:
    assert digest(build_county(size="small")) == digest(small)


def test_another_seed_gives_another_county_by_the_same_rules() -> None:
    plan = PLANS["small"]
    shapes = set()
    for seed in (1, 2, 3):
        sample = build_county(seed, "small")
        grid = sample.frames["grid"]
        assert grid["coverage"].value_counts()["overlay"] == plan.overlay_grids
        assert (grid["kind"] == "rural").sum() == plan.rural_grids
        assert_exact(sample.clean["area"], sample.clean["grid"], sample.clean["household_unit"])
        shapes.add(grid["geom"].iloc[0].wkb)
    assert len(shapes) == 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_any_seed_gives_a_whole_county(seed: int) -> None:
    sample = build_county(seed)
    assert len(sample.frames["grid"]) == 3809
    assert_exact(sample.clean["area"], sample.clean["grid"], sample.clean["household_unit"])


def test_the_columns_are_the_tables_columns(small: SampleCounty) -> None:
    for name, frame in small.frames.items():
        table = metadata.tables[name].columns
        assert set(frame.columns) <= set(table.keys())
        needed = {c.name for c in table if not c.nullable and c.server_default is None}
        assert needed - {"id"} <= set(frame.columns)
        for column in needed & set(frame.columns):
            assert frame[column].notna().all(), (name, column)


def test_codes_are_unique_and_stand_under_their_parents(small: SampleCounty) -> None:
    for frame in small.frames.values():
        if "code" in frame:
            assert frame["code"].is_unique
    area, grid, unit = (small.frames[name] for name in ("area", "grid", "household_unit"))
    lengths = {"county": 6, "town": 9, "village": 12}
    assert (area["code"].str.len() == area["level"].map(lengths)).all()
    assert grid["code"].str.fullmatch(r"\d{15}").all()
    assert (grid["code"].str[:12] == grid["area_code"]).all()
    assert unit["code"].str.fullmatch(r"\d{15}-\d\d").all()
    number = area.loc[area["level"] == "town", "code"].str[6:].astype(int)
    assert (number < 100).sum() == PLANS["small"].streets


def test_grids_are_numbered_from_north_west_to_south_east(small: SampleCounty) -> None:
    grid = small.clean["grid"].to_crs(4547)
    for _, part in grid.groupby("area_code"):
        key = part.centroid.x - part.centroid.y
        # The order is exact in lon/lat; on the plane a near tie may turn.
        assert np.corrcoef(key.to_numpy(), np.arange(len(part)))[0, 1] > 0.9


def test_every_grid_and_unit_is_of_one_piece(small: SampleCounty) -> None:
    for name in ("area", "grid", "household_unit"):
        assert set(small.clean[name].geometry.geom_type) == {"Polygon"}


def test_overlays_lie_inside_their_village_on_other_grids(small: SampleCounty) -> None:
    grid = small.frames["grid"]
    village = small.frames["area"].set_index("code").geometry
    over = grid[grid["coverage"] == "overlay"]
    assert len(over) == PLANS["small"].overlay_grids
    for home, shape in zip(over["area_code"], over.geometry, strict=True):
        assert village[home].contains_properly(shape)


def test_households_stand_apart_inside_their_unit_and_grid(small: SampleCounty) -> None:
    household = small.clean["household"]
    for table, column in (("household_unit", "unit_code"), ("grid", "grid_code")):
        shape = small.clean[table].set_index("code").geometry
        home = shape.loc[household[column]].to_numpy()
        assert shapely.contains_properly(home, household.geometry.to_numpy()).all()
    plane = household.geometry.to_crs(4547)
    assert shapely.STRtree(plane).query(plane, "dwithin", 3.0).shape[1] == len(plane)
    assert household.groupby("unit_code").size().between(7, 14).all()


def test_borders_wind(small: SampleCounty) -> None:
    village = small.clean["area"].query("level == 'village'").to_crs(4547)
    straight = village.simplify(150).length
    assert (village.length / straight).median() > 1.05
    assert village.geometry.count_coordinates().median() > 100


def test_everyone_answers_for_something(small: SampleCounty) -> None:
    posts, grid = small.clean["appointment"], small.frames["grid"]
    for role in ("grid_head", "grid_worker", "branch_secretary"):
        assert set(posts.loc[posts["role"] == role, "grid_code"]) == set(grid["code"])
    heads = posts[posts["role"] == "grid_head"]
    village = heads["grid_code"].str[:12]
    pairs = pd.DataFrame({"person": heads["person_code"], "village": village}).value_counts()
    assert pairs.index.get_level_values("person").is_unique
    assert pairs.max() > 1
    assert set(small.clean["party_branch"]["grid_code"]) == set(grid["code"])
    units = posts.loc[posts["role"] == "unit_head", "unit_code"]
    assert sorted(units) == sorted(small.frames["household_unit"]["code"])
    assert small.frames["person"]["phone"].str.fullmatch(r"10000\d{6}").all()


def test_members_keep_contact_with_five_to_eight_households_near_by(small: SampleCounty) -> None:
    link = small.frames["contact_link"]
    member = small.frames["party_member"].set_index("code")["household_code"]
    assert link.groupby("member_code").size().between(5, 8).all()
    assert set(link["member_code"]) == set(member.index)
    own = member[link["member_code"]].to_numpy()
    assert not link.duplicated(["member_code", "household_code"]).any()
    assert (own != link["household_code"].to_numpy()).all()
    point = small.clean["household"].to_crs(4547).set_index("code").geometry
    apart = shapely.distance(point[own].to_numpy(), point[link["household_code"]].to_numpy())
    assert np.mean(apart < 500) > 0.85
    assert apart.max() > 500


def test_visits_are_of_the_last_eight_weeks(small: SampleCounty) -> None:
    visit = small.frames["visit"]
    assert visit["visited_at"].min() >= TODAY - dt.timedelta(weeks=8)
    assert visit["visited_at"].max() < TODAY
    assert visit["visited_at"].dt.hour.between(8, 18).all()
    seen = visit["household_code"].nunique() / len(small.frames["household"])
    assert 0.3 < seen < 0.9


def test_an_incidents_log_tells_how_it_came_to_its_status(small: SampleCounty) -> None:
    incident = small.frames["incident"].set_index("code")
    log = small.frames["incident_log"]
    assert log["at"].is_monotonic_increasing
    assert log["at"].max() < TODAY
    order = {("found", "dispatched"), ("dispatched", "in_hand"), ("in_hand", "answered"),
             ("answered", "rated"), ("rated", "dispatched")}  # fmt: skip
    for code, steps in log.groupby("incident_code"):
        told = incident.loc[code]
        moves = [(a, b) for a, b in zip(steps["from_status"], steps["to_status"], strict=True)]
        assert pd.isna(moves[0][0])
        assert moves[0][1] == "found"
        assert set(moves[1:]) <= order
        assert all(b[0] == a[1] for a, b in pairwise(moves))
        assert steps["at"].iloc[0] == told["reported_at"]
        assert moves[-1][1] == told["status"]
        assert (told["status"] == "rated") == pd.notna(told["closed_at"])
        if told["status"] == "rated":
            assert steps["at"].iloc[-1] == told["closed_at"]
    assert set(incident.index) == set(log["incident_code"])
    assert (log["from_status"] == "rated").any()


def test_incidents_have_three_tiers_three_alerts_and_two_answers(county: SampleCounty) -> None:
    incident = county.frames["incident"]
    assert set(incident["tier"]) == {"auto", "local", "escalated"}
    assert set(incident["alert"]) == {"blue", "yellow", "red"}
    assert set(incident["satisfied"].dropna()) == {True, False}
    reopened = county.frames["incident_log"]["from_status"] == "rated"
    assert 0.03 < reopened.sum() / len(incident) < 0.12


def test_incidents_follow_people_with_hot_spots_true_and_false(county: SampleCounty) -> None:
    incident, household = county.frames["incident"], county.frames["household"]
    stacked = incident["geom"].to_wkb().value_counts()
    assert (stacked > 20).sum() == 3
    alone = incident[~incident["geom"].to_wkb().isin(stacked.index[stacked > 20])]
    people = household.groupby("area_code").size()
    reports = alone.groupby(alone["grid_code"].str[:12]).size().reindex(people.index, fill_value=0)
    assert spearmanr(people, reports).statistic > 0.3
    rate = reports / people
    assert rate.max() > 5 * rate.median()


def test_the_small_countys_households_are_spoilt_as_declared(small: SampleCounty) -> None:
    told = {str(d["kind"]): d for d in small.defects}
    before, after = small.clean["household"], small.frames["household"]
    lost = after.loc[after["geom"].isna(), "code"]
    assert sorted(lost) == told["unlocated"]["households"]
    assert not before["geom"].isna().any()
    moved = after.loc[before["grid_code"] != after["grid_code"], "code"]
    assert sorted(moved) == told["misfiled"]["households"]
    points = after["geom"].dropna().to_wkb().value_counts()
    assert (points > 10).sum() == sum(d["kind"] == "stacked" for d in small.defects)
    posts = small.frames["appointment"]
    for role, kind in (
        ("grid_worker", "without_worker"),
        ("grid_head", "without_head"),
        ("branch_secretary", "without_branch"),
    ):
        manned = set(posts.loc[posts["role"] == role, "grid_code"])
        assert sorted(set(small.frames["grid"]["code"]) - manned) == told[kind]["grids"]
    branches = set(small.frames["party_branch"]["grid_code"])
    assert not branches & set(told["without_branch"]["grids"])


def test_rivers_run_along_borders_and_roads_join_settlements(small: SampleCounty) -> None:
    ground = small.frames["reference_feature"]
    assert set(ground["layer"]) == {"rivers", "roads", "settlements"}
    assert ground.geometry.is_valid.all()
    corners = {tuple(p) for p in shapely.get_coordinates(small.clean["household_unit"].geometry)}
    for river in ground.loc[ground["class"] == "river", "geom"]:
        path = [tuple(p) in corners for p in shapely.get_coordinates(river)]
        assert river.is_simple
        # A river between two fields of one unit is no unit's border.
        assert np.mean(path) > 0.5
    settled = ground.loc[ground["layer"] == "settlements", "geom"].union_all()
    assert shapely.contains(settled, small.clean["household"].geometry.to_numpy()).mean() > 0.99


def test_departments_each_divide_the_county_their_own_way(small: SampleCounty) -> None:
    network = small.frames["department_network"]
    whole = small.frames["area"].query("level == 'county'")
    assert network["department"].nunique() == 4
    for _, part in network.groupby("department"):
        assert left_over(whole, part) == 0


def test_no_name_is_of_the_real_county(county: SampleCounty) -> None:
    if not REAL_NAMES.exists():
        pytest.skip("the real names to compare with are in ../shared/data, which is not here")
    with REAL_NAMES.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    real = {row["town_name"] for row in rows}
    real |= {row["village_name"].removesuffix("民委员会").removesuffix("居") for row in rows}
    assert set(county.frames["area"]["name"]) & real == set()
