"""Tiles read with somebody else's reader: what is in them, for whom, and how they are cached."""

import gzip
import math
from collections.abc import Callable
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
import shapely
from sqlalchemy import URL, delete, func, insert, select

from api.db import engine, session_scope
from api.maps.shapes import build_shapes
from api.maps.store import layer_version
from geo.generalize import ZOOMS
from layers.catalog import CATALOG, EXACT_ZOOM, K_ANONYMITY
from layers.tables import coverage_shape, grid, household, household_group
from layers.tiles import Scope, Tile
from layers.vector import tile_statement

Client = Callable[[str], httpx.Client]
OWN, OTHER = "990101001001", "990101002002"
# The middle of the county, of the first village, and of the gap in it.
MIDDLE, FIRST, GAP = (115.24, 33.54), (115.2199, 33.5199), (115.238, 33.53)


def tile_at(zoom: int, place: tuple[float, float]) -> str:
    lon, lat = place
    n = 2**zoom
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return f"{zoom}/{x}/{y}"


def read(client: httpx.Client, layer: str, zoom: int, place: Any = MIDDLE) -> list[dict[str, Any]]:
    answer = client.get(f"/tiles/{layer}/{tile_at(zoom, place)}.mvt")
    assert answer.status_code == 200, answer.text
    found = mapbox_vector_tile.decode(answer.content)
    assert set(found) <= {layer}
    return list(found[layer]["features"]) if found else []


def codes(features: list[dict[str, Any]]) -> set[str]:
    return {feature["properties"]["code"] for feature in features}


@pytest.mark.parametrize("layer", CATALOG)
def test_a_tile_holds_the_columns_of_the_catalogue(layer: str, signed_in: Client) -> None:
    entry = CATALOG[layer]
    zoom = max(entry.minzoom, 9)
    features = read(signed_in("administrator"), layer, zoom, FIRST)
    assert features
    for feature in features:
        assert set(feature["properties"]) <= set(entry.columns)


def test_areas_come_by_level_as_the_reader_comes_closer(signed_in: Client) -> None:
    client = signed_in("planner")

    def levels(zoom: int) -> set[str]:
        return {each["properties"]["level"] for each in read(client, "areas", zoom)}

    assert levels(5) == {"county"}
    assert levels(7) == {"county", "town"}
    assert levels(9) == {"county", "town", "village"}


@pytest.mark.parametrize("zoom", [8, 10, 12, EXACT_ZOOM, 14])
def test_the_same_grid_is_there_at_every_zoom(zoom: int, signed_in: Client) -> None:
    assert f"{OWN}001" in codes(read(signed_in("planner"), "grids", zoom, (115.205, 33.505)))


def test_an_officers_tiles_hold_his_village_and_what_it_lies_in(signed_in: Client) -> None:
    officer, worker, leader = (signed_in(r) for r in ("party_officer", "grid_worker", "leader"))
    assert codes(read(leader, "grids", 9)) == {
        f"{village}{part:03}"
        for village in ("990101001001", "990101001002", "990101002001", "990101002002")
        for part in range(1, 5)
    }
    assert codes(read(officer, "grids", 9)) == {f"{OWN}{part:03}" for part in range(1, 5)}
    assert codes(read(worker, "grids", 9)) == {f"{OWN}001"}
    assert codes(read(officer, "areas", 9)) == {"990101", "990101001", OWN}
    assert OTHER not in codes(read(officer, "labels", 11))
    found = {each["properties"]["id"] for each in read(officer, "findings", 9)}
    assert found == {"aaaaaaaaaaa1", "aaaaaaaaaaa3", "aaaaaaaaaaa5"}
    assert len(read(leader, "findings", 9)) == 5


def test_units_are_the_readers_own(signed_in: Client) -> None:
    assert codes(read(signed_in("party_officer"), "units", 14, (115.202, 33.502)))
    assert read(signed_in("planner"), "units", 13, (115.202, 33.502)) == []


@pytest.mark.parametrize("role", ["leader", "auditor"])
@pytest.mark.parametrize("zoom", [8, 11, 14, 16])
def test_who_gets_counts_never_gets_a_household(role: str, zoom: int, signed_in: Client) -> None:
    features = read(signed_in(role), "households", zoom, FIRST)
    for feature in features:
        assert set(feature["properties"]) == {"n"}
        assert feature["properties"]["n"] >= K_ANONYMITY


def test_households_are_counts_below_and_points_above(signed_in: Client) -> None:
    planner, officer = signed_in("planner"), signed_in("party_officer")
    counted = read(planner, "households", 8)
    # Every located household of the county is in the sum: groups are never left out.
    assert sum(each["properties"]["n"] for each in counted) == 4 * 119
    own = read(officer, "households", 8)
    assert sum(each["properties"]["n"] for each in own) == 119
    points = [each["properties"] for each in read(planner, "households", 14, FIRST)]
    assert all(set(each) == {"code", "covered", "located"} for each in points)
    lost = [each["code"] for each in points if not each["covered"]]
    assert lost in ([], [f"{OWN}-0003"])
    near = [each["properties"] for each in read(planner, "households", 16, GAP)]
    assert [each["code"] for each in near if not each["covered"]] == [f"{OWN}-0003"]


def test_an_officer_sees_no_household_of_another_village(signed_in: Client) -> None:
    place = (115.265, 33.565)
    assert read(signed_in("planner"), "households", 14, place)
    assert read(signed_in("party_officer"), "households", 14, place) == []
    assert read(signed_in("grid_worker"), "households", 14, place) == []


def test_a_worker_sees_the_households_of_his_grid(signed_in: Client) -> None:
    features = read(signed_in("grid_worker"), "households", 14, (115.205, 33.505))
    assert features
    assert {int(code[-4:]) % 4 for code in codes(features)} == {0}


def test_a_finding_is_a_marker_at_every_zoom_and_a_shape_close_by(signed_in: Client) -> None:
    planner = signed_in("planner")

    def shapes(zoom: int) -> list[str]:
        return sorted(
            each["properties"]["shape"]
            for each in read(planner, "findings", zoom, GAP)
            if each["properties"]["id"] == "aaaaaaaaaaa1"
        )

    assert shapes(11) == ["point"]
    assert shapes(13) == ["point", "polygon"]


def test_names_stand_once_in_the_whole_county(signed_in: Client) -> None:
    seen: list[str] = []
    for x in range(3):
        for y in range(3):
            place = (115.2 + 0.03 * x, 33.5 + 0.03 * y)
            seen.append(tile_at(12, place))
    planner = signed_in("planner")
    inside = []
    for address in set(seen):
        answer = planner.get(f"/tiles/labels/{address}.mvt")
        found = mapbox_vector_tile.decode(answer.content)
        for feature in found["labels"]["features"] if found else []:
            x, y = feature["geometry"]["coordinates"]
            if 0 <= x < 4096 and 0 <= y < 4096:
                inside.append(feature["properties"]["code"])
    assert len(inside) == len(set(inside)) == 7


def test_a_tile_is_tagged_and_told_unchanged(signed_in: Client) -> None:
    planner, leader = signed_in("planner"), signed_in("party_officer")
    path = f"/tiles/grids/{tile_at(10, MIDDLE)}.mvt"
    first = planner.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    tag = first.headers["etag"]
    again = planner.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == tag
    other = leader.get(path, headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


def test_a_reader_without_gzip_gets_plain_bytes(signed_in: Client) -> None:
    path = f"/tiles/grids/{tile_at(10, MIDDLE)}.mvt"
    plain = signed_in("planner").get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert mapbox_vector_tile.decode(plain.content)["grids"]["features"]


def test_tilejson_names_the_readers_bounds(signed_in: Client) -> None:
    whole = signed_in("planner").get("/tiles/households.json").json()
    own = signed_in("party_officer").get("/tiles/households.json").json()
    worker = signed_in("grid_worker").get("/tiles/grids.json").json()
    assert whole["tilejson"] == "3.0.0"
    assert whole["tiles"][0].endswith("/tiles/households/{z}/{x}/{y}.mvt")
    assert whole["tiles"][0].startswith("http://127.0.0.1")
    assert whole["bounds"] == pytest.approx([115.2, 33.5, 115.28, 33.58])
    assert own["bounds"] == pytest.approx([115.2, 33.5, 115.24, 33.54])
    assert worker["bounds"] == pytest.approx([115.2, 33.5, 115.22, 33.52])
    assert set(whole["vector_layers"][0]["fields"]) == {"n", "code", "covered", "located"}


def test_every_group_holds_at_least_k(county: URL) -> None:
    with session_scope(engine(county)) as session:
        smallest, total = session.execute(
            select(func.min(household_group.c.n), func.sum(household_group.c.n))
        ).one()
        located = session.scalar(select(func.count(household.c.geom)))
    assert smallest >= K_ANONYMITY
    assert total == located


def test_shapes_are_there_for_every_place_and_zoom_and_share_borders(county: URL) -> None:
    with session_scope(engine(county)) as session:
        rows = session.execute(
            select(
                coverage_shape.c.level, coverage_shape.c.zoom,
                func.ST_AsBinary(coverage_shape.c.geom_3857),
                func.ST_Contains(coverage_shape.c.geom_3857, coverage_shape.c.label),
            )
        ).all()  # fmt: skip
    for zoom in ZOOMS:
        polygons = {
            level: shapely.from_wkb([r[2] for r in rows if r.level == level and r.zoom == zoom])
            for level in ("county", "town", "village", "grid")
        }
        assert [len(polygons[level]) for level in polygons] == [1, 2, 4, 16]
        for level in ("town", "village", "grid"):
            assert shapely.coverage_is_valid(polygons[level])
        assert shapely.union_all(polygons["village"]).equals(polygons["county"][0])
        # The gap in the first village is there at every zoom.
        hidden = polygons["county"][0].area - shapely.union_all(polygons["grid"]).area
        assert hidden > 0
    assert all(row[3] for row in rows)


def test_a_change_makes_other_tiles_at_once(county: URL, signed_in: Client) -> None:
    planner = signed_in("planner")
    path = f"/tiles/grids/{tile_at(9, MIDDLE)}.mvt"
    before = planner.get(path).headers["etag"]
    with session_scope(engine(county)) as session:
        version = layer_version(session, "grids")
        row = session.execute(select(grid).where(grid.c.code == f"{OTHER}004")).one()
        shape = session.scalar(select(func.ST_AsEWKT(grid.c.geom)).where(grid.c.code == row.code))
        session.execute(delete(household).where(household.c.grid_code == row.code))
        session.execute(delete(grid).where(grid.c.code == row.code))
    build_shapes(engine(county))
    with session_scope(engine(county)) as session:
        assert layer_version(session, "grids") != version
    assert planner.get(path).headers["etag"] != before
    assert f"{OTHER}004" not in codes(read(planner, "grids", 9))
    with session_scope(engine(county)) as session:
        kept = {key: getattr(row, key) for key in ("code", "name", "area_code", "kind", "coverage")}
        session.execute(insert(grid).values(**kept, geom=shape))
    build_shapes(engine(county))


@pytest.mark.parametrize("layer", CATALOG)
@pytest.mark.parametrize("scope", [Scope(), Scope("990101001"), Scope(OWN, individual=True)])
def test_a_tile_far_away_is_empty_and_no_error(layer: str, scope: Scope, county: URL) -> None:
    with engine(county).connect() as connection:
        data = connection.execute(tile_statement(layer, Tile(14, 0, 0), scope)).scalar_one()
    assert bytes(data) == b""
    assert gzip.compress(bytes(data))
