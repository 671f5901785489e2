"""Who answers for a point: the chain of responsibility, and on a gap nobody, with the nearest."""

import datetime as dt
from collections.abc import Callable

import httpx
import numpy as np
import pyproj
import pytest
import shapely
from sqlalchemy import URL, insert, select

from api.db import engine, session_scope
from geo.register import locate
from layers.tables import appointment, grid, party_branch, person
from tests.postgis.conftest import COUNTY, OTHER, OWN, SIDE, SOUTH, WEST, square, wkt

Client = Callable[[str], httpx.Client]


@pytest.fixture(scope="module", autouse=True)
def staffed(county: URL) -> None:
    """A unit head, a branch with its secretary, a worker who has left, and an overlay."""
    started = dt.date(2025, 1, 1)
    with session_scope(engine(county)) as session:
        session.execute(
            insert(person),
            [{"code": f"q{n}", "name": name, "phone": "13800001111"}
             for n, name in enumerate(("柴建", "陈小锦", "钱已走"))],
        )  # fmt: skip
        branch = {"code": "b1", "name": "第1网格党支部", "area_code": OWN}
        session.execute(insert(party_branch).values(**branch, grid_code=f"{OWN}001", geom=None))
        session.execute(
            insert(appointment),
            [
                {"code": "w1", "person_code": "q0", "role": "unit_head", "starts_on": started,
                 "unit_code": f"{OWN}001-01", "grid_code": None, "branch_code": None,
                 "ends_on": None},
                {"code": "w2", "person_code": "q1", "role": "branch_secretary",
                 "starts_on": started, "unit_code": None, "grid_code": None, "branch_code": "b1",
                 "ends_on": None},
                {"code": "w3", "person_code": "q2", "role": "grid_worker", "starts_on": started,
                 "unit_code": None, "grid_code": f"{OWN}001", "branch_code": None,
                 "ends_on": dt.date(2025, 6, 1)},
            ],
        )  # fmt: skip
        session.execute(
            insert(grid).values(
                code=f"{OTHER}009", name="市场", area_code=OTHER, kind="dedicated",
                coverage="overlay", geom=wkt(square(2.2, 2.2, 0.2, 0.2)),
            )
        )  # fmt: skip


def ask(client: httpx.Client, column: float, row: float) -> dict:
    at = {"lon": WEST + column * SIDE, "lat": SOUTH + row * SIDE}
    answer = client.get("/api/locate", params=at)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(officials: list[dict]) -> list[tuple[str, str]]:
    return [(each["role"], each["name"]) for each in officials]


def test_the_whole_chain_at_a_point(signed_in: Client) -> None:
    found = ask(signed_in("planner"), 0.1, 0.1)
    assert found["answer"] == "covered"
    assert [place["level"] for place in found["areas"]] == ["county", "town", "village"]
    assert [place["code"] for place in found["areas"]] == [COUNTY, OWN[:9], OWN]
    assert found["grid"]["code"] == f"{OWN}001"
    # Who has left answers for nothing.
    assert names(found["grid"]["officials"]) == [("grid_head", "李大山"), ("grid_worker", "王小明")]
    assert found["unit"]["code"] == f"{OWN}001-01"
    assert names(found["unit"]["officials"]) == [("unit_head", "柴建")]
    assert names(found["branch"]["officials"]) == [("branch_secretary", "陈小锦")]
    assert (found["also"], found["nearest"]) == ([], [])


def test_phones_are_masked_for_everybody(signed_in: Client) -> None:
    for role in ("administrator", "planner", "leader", "party_officer"):
        answer = ask(signed_in(role), 0.1, 0.1)
        assert answer["unit"]["officials"][0]["phone"] == "138******11"


def test_a_point_in_a_grid_but_in_no_unit(signed_in: Client) -> None:
    found = ask(signed_in("planner"), 0.7, 0.7)
    assert found["grid"]["code"] == f"{OWN}001"
    assert found["unit"] is None


def test_a_gap_belongs_to_nobody_and_names_the_three_nearest(signed_in: Client) -> None:
    found = ask(signed_in("planner"), 1.9, 1.5)
    assert found["answer"] == "nobody"
    assert found["grid"] is None
    assert found["findings"] == [{"id": "aaaaaaaaaaa1", "rule": "C101"}]
    near = found["nearest"]
    assert len(near) == 3
    assert [each["distance_m"] for each in near] == sorted(each["distance_m"] for each in near)
    # Grid 4 ends a tenth of a square to the west, along the parallel.
    geod = pyproj.Geod(ellps="WGS84")
    lat = SOUTH + 1.5 * SIDE
    *_, west = geod.inv(WEST + 1.9 * SIDE, lat, WEST + 1.8 * SIDE, lat)
    distance = {each["code"]: each["distance_m"] for each in near}
    assert distance[f"{OWN}004"] == pytest.approx(west, rel=1e-5)


def test_a_marker_near_the_point_is_told_where_asked_for(signed_in: Client) -> None:
    """The household in the gap and the gap itself have their markers at one place."""
    place = {"lon": WEST + 1.75 * SIDE, "lat": SOUTH + 1.5 * SIDE}
    geod = pyproj.Geod(ellps="WGS84")
    *_, far = geod.inv(place["lon"], place["lat"], WEST + 1.9 * SIDE, place["lat"])

    def told(role: str, within_m: float) -> list[str]:
        answer = signed_in(role).get("/api/locate", params={**place, "within_m": within_m})
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["findings"]]

    assert told("planner", 0) == told("planner", far * 0.99) == []
    assert set(told("planner", far * 1.01)) == {"aaaaaaaaaaa1", "aaaaaaaaaaa3"}
    # Errors go first, however near a warning is.
    assert told("planner", 50_000)[-2:] == ["aaaaaaaaaaa5", "aaaaaaaaaaa4"]
    # Who gets counts is told of a household as closely as his map shows it, which is not here.
    place = {"lon": WEST + 1.9 * SIDE, "lat": SOUTH + 1.5 * SIDE}
    assert "aaaaaaaaaaa3" in told("planner", 1)
    assert "aaaaaaaaaaa3" not in told("leader", 1)
    assert "aaaaaaaaaaa3" in told("leader", 500)


def test_an_overlay_is_told_beside_the_grid(signed_in: Client) -> None:
    found = ask(signed_in("planner"), 2.3, 2.3)
    assert found["answer"] == "covered"
    assert found["grid"]["coverage"] == "exclusive"
    assert [each["code"] for each in found["also"]] == [f"{OTHER}009"]


def test_outside_of_the_county(signed_in: Client) -> None:
    found = ask(signed_in("planner"), -3, -3)
    assert found["answer"] == "outside"
    assert (found["areas"], found["nearest"], found["grid"]) == ([], [], None)


def test_every_point_has_the_grid_that_the_check_gives_it(signed_in: Client, county: URL) -> None:
    with session_scope(engine(county)) as session:
        base = select(grid.c.code, grid.c.geom.ST_AsBinary()).where(grid.c.coverage == "exclusive")
        rows = sorted(session.execute(base).all())
    shapes = shapely.from_wkb(np.array([bytes(row[1]) for row in rows], dtype=object))
    # Corners and borders of the lattice among them, where only a rule decides.
    lattice = [(c / 2, r / 2) for c in range(9) for r in range(9)]
    spread = np.random.default_rng(3).uniform(0, 4, (40, 2)).tolist()
    # As the grids' own corners are computed, or they would be points beside the border.
    at = [(WEST + c * SIDE, SOUTH + r * SIDE) for c, r in [*lattice, *spread]]
    expected = locate(shapely.points(at), shapes)
    client = signed_in("planner")
    for (lon, lat), place in zip(at, expected, strict=True):
        found = client.get("/api/locate", params={"lon": lon, "lat": lat}).json()
        code = found["grid"]["code"] if found["grid"] else None
        assert code == (rows[place][0] if place >= 0 else None), (lon, lat)


def test_anothers_area_is_elsewhere_and_nothing_of_it_is_told(signed_in: Client) -> None:
    officer = signed_in("party_officer")
    assert ask(officer, 0.1, 0.1)["answer"] == "covered"
    found = ask(officer, 2.5, 2.5)
    assert found["answer"] == "elsewhere"
    told = {key: value for key, value in found.items() if key not in ("lon", "lat", "answer")}
    assert not any(told.values())


def test_a_gap_names_nobody_of_anothers_area(signed_in: Client) -> None:
    found = ask(signed_in("party_officer"), 1.9, 1.5)
    assert found["answer"] == "nobody"
    assert {each["code"][:12] for each in found["nearest"]} == {OWN}


def test_who_is_not_signed_in_is_refused(signed_in: Client) -> None:
    assert signed_in("").get("/api/locate?lon=115.21&lat=33.51").status_code == 401


@pytest.mark.parametrize("query", ["lon=200&lat=33", "lon=115&lat=-91", "lon=nan&lat=33", "lon=115",
                                   "lon=inf&lat=3"])  # fmt: skip
def test_a_place_that_is_none_is_refused(signed_in: Client, query: str) -> None:
    assert signed_in("planner").get(f"/api/locate?{query}").status_code == 422
