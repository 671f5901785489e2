"""Any sequence of decisions, days and checks leaves the register as a small model has it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import update

from api.coverage.service import run_check
from api.db import session_scope
from layers.tables import grid
from tests.postgis.conftest import OTHER, square, wkt
from tests.postgis.test_service_accepted import REGISTER, pass_days, register, today

Client = Callable[[str], httpx.Client]
STEPS = ("accept", "accept", "revoke", "day", "redraw")


@dataclass
class Model:
    """What should be so: the last word on each finding, and which findings there are."""

    found: dict[str, str]
    open: dict[str, dt.date | None] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    def accept(self, each: str, until: dt.date | None) -> int:
        if each not in self.found and each not in self.open:
            return 404
        self.open[each] = until
        self.revoked.discard(each)
        return 200

    def revoke(self, each: str) -> int:
        if each in self.open:
            del self.open[each]
            self.revoked.add(each)
            return 200
        return 409 if each in self.revoked else 404

    def pass_day(self) -> None:
        self.open = {each: until and until - dt.timedelta(1) for each, until in self.open.items()}

    def state(self, each: str, day: dt.date) -> str | None:
        if each in self.revoked:
            return "revoked"
        if each not in self.open:
            return None
        until = self.open[each]
        if each not in self.found:
            return "gone"
        return "expired" if until is not None and until < day else "in_force"

    def states(self, day: dt.date) -> dict[str, str | None]:
        return {each: self.state(each, day) for each in {*self.open, *self.revoked}}


def found(client: httpx.Client) -> dict[str, dict[str, Any]]:
    answer = client.get("/api/coverage/findings?limit=1000").json()
    return {each["id"]: each for each in answer["findings"]}


def redraw(service: Any, rng: np.random.Generator) -> None:
    """One grid of the last village gets one of three widths."""
    wide = square(2, 2, float(rng.choice([0.9, 1.0, 1.1])), 1)
    with session_scope(service.engine) as session:
        session.execute(update(grid).where(grid.c.code == f"{OTHER}001").values(geom=wkt(wide)))
    run_check(service.engine, "operator")


@pytest.mark.parametrize("seed", range(2))
def test_a_sequence_is_as_the_model_has_it(seed: int, service: Any, signed_in: Client) -> None:
    rng = np.random.default_rng(seed)
    planner = signed_in("planner")
    redraw(service, rng)
    known = found(planner)
    model = Model({each: row["severity"] for each, row in known.items()})
    begun = register(planner)
    day = today(service)
    for _ in range(25):
        step = rng.choice(STEPS)
        # Those of former seeds are no longer spoken of; a stranger now and then is.
        each = str(rng.choice([*(set(known) - set(begun)), "nosuch"]))
        if step == "accept":
            until = (None, day, day + dt.timedelta(2))[rng.integers(3)]
            body = {"reason": f"reason {rng.integers(3)}", "until": until and str(until)}
            answer = planner.put(f"{REGISTER}/{each}", json=body)
            assert answer.status_code == model.accept(each, until), (each, answer.text)
        elif step == "revoke":
            assert planner.delete(f"{REGISTER}/{each}").status_code == model.revoke(each)
        elif step == "day":
            pass_days(service, 1)
            model.pass_day()
        else:
            redraw(service, rng)
            model.found = {one: row["severity"] for one, row in found(planner).items()}
            known |= found(planner)
        states = model.states(day)
        told = {one: row["state"] for one, row in register(planner, limit=1000).items()}
        assert {one: told.get(one) for one in states} == states
        standing = [one for one in model.found if told.get(one) != "in_force"]
        summary = planner.get("/api/coverage").json()["summary"]
        assert summary["errors"] == sum(model.found[one] == "error" for one in standing)
        assert summary["accepted"] == len(model.found) - len(standing)
        flags = {one for one, row in found(planner).items() if row["accepted"]}
        assert flags == {one for one in model.found if told.get(one) == "in_force"}
