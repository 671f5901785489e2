"""A repair of a finding, proposed by the service: of whom, to whom, and nothing is changed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import shapely
from sqlalchemy import func, select

from layers.tables import grid

Client = Callable[[str], httpx.Client]
OWN = "990101001001"


@pytest.fixture
def gap(service: Any, signed_in: Client) -> str:
    """The gap along the border of the tiny county's first village, checked anew."""
    planner = signed_in("planner")
    service.finished(planner, planner.post("/api/coverage/check"))
    (found,) = planner.get("/api/coverage/findings?rule=C102").json()["findings"]
    return str(found["id"])


def shapes(service: Any) -> list[str]:
    with service.engine.connect() as connection:
        return list(connection.scalars(select(func.ST_AsText(grid.c.geom)).order_by(grid.c.code)))


def test_a_gap_is_proposed_to_a_neighbour(service: Any, signed_in: Client, gap: str) -> None:
    before = shapes(service)
    answer = signed_in("planner").get(
        f"/api/coverage/findings/{gap}/proposal", params={"fill": "longest-border"}
    )
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["finding"] == gap
    (change,) = [each for each in made["changes"] if each["rule"] == "C102"]
    assert change["to"].startswith(OWN)
    assert change["message"]
    assert change["message_zh"]
    grown = next(each for each in made["grids"] if each["code"] == change["to"])
    assert grown["after_m2"] == pytest.approx(grown["before_m2"] + change["area_m2"], rel=1e-6)
    was, now = (shapely.geometry.shape(grown[key]) for key in ("before", "after"))
    # What it gains is the strip that the check found.
    strip = shapely.box(115.236, 33.52, 115.24, 33.54)
    assert now.difference(was).symmetric_difference(strip).area < 1e-12
    assert made["households_moved"] == 1, "the household in the gap gets a grid"
    assert shapes(service) == before, "nothing is changed"


def test_where_nothing_is_to_be_filled_the_reason_is_said(signed_in: Client, gap: str) -> None:
    made = signed_in("planner").get(f"/api/coverage/findings/{gap}/proposal?fill=none").json()
    assert made["why"]
    assert made["why_zh"]
    assert [each for each in made["changes"] if each["area_m2"] > 0] == []


@pytest.mark.parametrize(
    ("role", "status"),
    [("planner", 200), ("administrator", 200), ("leader", 403), ("grid_worker", 403)],
)
def test_who_may_redraw_grids_is_told_how(
    signed_in: Client, gap: str, role: str, status: int
) -> None:
    answer = signed_in(role).get(f"/api/coverage/findings/{gap}/proposal")
    assert answer.status_code == status


def test_what_is_no_finding_has_no_proposal(signed_in: Client) -> None:
    answer = signed_in("planner").get("/api/coverage/findings/none/proposal")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    refused = signed_in("planner").get("/api/coverage/findings/none/proposal?fill=some")
    assert refused.status_code == 422
