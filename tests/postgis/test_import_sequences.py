"""Imports and undoings at random against a dictionary: each state, version and refusal."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from api.errors import ConflictError
from api.imports.service import open_version
from layers.tables import rows_at
from layers.transfer import TransferError
from tests.postgis.import_files import LISTS, A, B, Office, table_of

Values = tuple[str | None, ...]
State = dict[str, Values]
Effects = dict[str, tuple[Values | None, Values | None]]

HOMES = [f"{village}001{number:03}" for village in (A, B) for number in (1, 2, 3)]
VISITS = ["V1", "V2", "V3", "V4"]
# Kind: table, codes, and the columns that a file may have or not, with the values it may give.
KINDS: dict[str, tuple[str, Sequence[str], dict[str, tuple[str, Sequence[str]]]]] = {
    "households": ("household", HOMES, {
        "address": ("住址", ["1 号", "2 号", "三号院"]), "people": ("人口", ["", "1", "2"]),
    }),
    "visits": ("visit", VISITS, {"note": ("备注", ["", "甲", "乙"])}),
}  # fmt: skip
NEEDED = {"households": {"address"}, "visits": set()}


def home_of(visit: str) -> str:
    """The household that a visit was to: always the same."""
    return HOMES[int(visit[1]) - 1]


@dataclass
class Done:
    """An import that changed something."""

    number: int
    kind: str
    effects: Effects
    undoes: int | None = None


@dataclass
class Model:
    """What the database should hold, and who wrote each row last."""

    states: dict[str, State] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    writers: dict[tuple[str, str], int] = field(default_factory=dict)
    done: dict[int, Done] = field(default_factory=dict)
    versions: dict[int, State] = field(default_factory=dict)

    def imported(self, kind: str, rows: dict[str, dict[str, str]], area: str | None) -> Effects:
        """The effects of a file: what it gives, over what is there; in an area, no more."""
        state, names = self.states[kind], list(KINDS[kind][2])
        effects: Effects = {}
        for code, given in rows.items():
            old = state.get(code)
            held = dict(zip(names, old or (None,) * len(names), strict=True))
            new = tuple((given[name] or None) if name in given else held[name] for name in names)
            if new != old:
                effects[code] = (old, new)
        if area is not None:
            gone = {code for code in state if code.startswith(area)} - set(rows)
            effects |= {code: (state[code], None) for code in gone}
        return effects

    def names(self, kind: str, effects: Effects) -> bool:
        """Whether a visit names a household that would go."""
        named = {home_of(visit) for visit in self.states["visits"]}
        return kind == "households" and any(
            after is None and code in named for code, (_, after) in effects.items()
        )

    def apply(self, done: Done, version: int) -> None:
        state = self.states[done.kind]
        for code, (_, after) in done.effects.items():
            self.writers[done.kind, code] = done.number
            state.pop(code, None)
            if after is not None:
                state[code] = after
        self.done[done.number] = done
        self.versions[version] = dict(self.states["households"])

    def refusals(self, number: int) -> tuple[bool, bool]:
        """Whether an undoing must be refused as a conflict, and whether it must not be."""
        done = self.done[number]
        state = self.states[done.kind]
        undone = any(each.undoes == number for each in self.done.values())
        final = done.kind == "visits" and done.undoes is not None
        other = any(state.get(code) != after for code, (_, after) in done.effects.items())
        own = all(self.writers[done.kind, code] == number for code in done.effects)
        must = undone or final or other
        return must, not must and own


class Play:
    """A random sequence, in the database and in the model."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.rng, self.model = office, random.Random(seed), Model()
        self.model.versions[open_version(office.engine)] = {}
        self.seen: list[str] = []

    def step(self) -> None:
        if self.model.done and self.rng.random() < 0.45:
            self.undo(self.rng.choice(list(self.model.done)[-6:]))
        else:
            self.give(self.rng.choice(["households", "households", "visits"]))
        self.compare()

    def give(self, kind: str) -> None:
        _, codes, columns = KINDS[kind]
        state = self.model.states[kind]
        area = self.rng.choice([A, B, None]) if kind == "households" else None
        if kind == "visits":
            codes = [code for code in codes if home_of(code) in self.model.states["households"]]
        codes = [code for code in codes if area is None or code.startswith(area)]
        if not codes:
            return
        chosen = self.rng.sample(codes, self.rng.randint(1, len(codes)))
        given = {name for name in columns if self.rng.random() < 0.7}
        if any(code not in state for code in chosen):
            given |= NEEDED[kind]
        rows = {
            code: {name: self.rng.choice(columns[name][1]) for name in columns if name in given}
            for code in chosen
        }
        effects = self.model.imported(kind, rows, area)
        path = self.office.write(kind, [self.row(kind, code, rows[code]) for code in chosen])
        if self.model.names(kind, effects):
            self.seen.append("named")
            with pytest.raises(TransferError, match="still named by"):
                self.office.give(kind, path, crs=None, replace=area)
            return
        outcome = self.office.give(kind, path, crs=None, replace=area)
        assert outcome.state == ("imported" if effects else "unchanged")
        new, gone = ([pair[side] for pair in effects.values()].count(None) for side in (0, 1))
        counts = {"new": new, "closed": gone, "changed": len(effects) - new - gone}
        assert outcome.counts | counts == outcome.counts
        self.seen.append(outcome.state)
        if outcome.number is not None and outcome.version is not None:
            self.model.apply(Done(outcome.number, kind, effects), outcome.version)

    def row(self, kind: str, code: str, values: dict[str, str]) -> dict[str, Any]:
        named = {KINDS[kind][2][name][0]: value for name, value in values.items()}
        if kind == "households":
            return {"住户编码": code, **named}
        return {
            "编码": code,
            "户号": home_of(code),
            "人员编码": "P1",
            "走访时间": "2026-01-05",
            **named,
        }

    def undo(self, number: int) -> None:
        must, must_not = self.model.refusals(number)
        done = self.model.done[number]
        effects = {code: (after, before) for code, (before, after) in done.effects.items()}
        try:
            own, counts = self.office.take_back(number)
        except ConflictError:
            assert not must_not, f"{number} refused"
            self.seen.append("conflict")
            return
        except TransferError:
            assert self.model.names(done.kind, effects)
            self.seen.append("named")
            return
        assert not must, f"{number} not refused"
        assert not self.model.names(done.kind, effects)
        new, gone = ([pair[side] for pair in effects.values()].count(None) for side in (0, 1))
        assert counts == {"new": new, "closed": gone, "changed": len(effects) - new - gone}
        self.model.apply(Done(own, done.kind, effects, number), open_version(self.office.engine))
        self.seen.append("undone")

    def compare(self) -> None:
        for kind, (name, _, columns) in KINDS.items():
            held = {
                code: tuple(None if row[each] is None else str(row[each]) for each in columns)
                for code, row in self.office.content(name).items()
            }
            assert held == self.model.states[kind]

    def compare_versions(self) -> None:
        """What each version held can still be seen."""
        held = self.model.versions.get(0, {})
        with self.office.engine.connect() as connection:
            for version in range(1, open_version(self.office.engine) + 1):
                held = self.model.versions.get(version, held)
                rows = rows_at(table_of("household"), version).subquery().c
                found = connection.execute(select(rows.code, rows.address, rows.people)).all()
                seen = {row[0]: (row[1], None if row[2] is None else str(row[2])) for row in found}
                assert len(seen) == len(found)
                assert seen == held, version


def play(office: Office, seed: int, steps: int) -> list[str]:
    office.fill("grids")
    office.give("people", LISTS["people"])
    running = Play(office, seed)
    for _ in range(steps):
        running.step()
    running.compare_versions()
    return running.seen


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.mark.parametrize("seed", range(24))
def test_a_random_sequence_of_imports_and_undoings(office: Office, seed: int) -> None:
    play(office, seed, 14)


def test_a_long_sequence_meets_every_answer(office: Office) -> None:
    seen = play(office, 1, 90)
    assert set(seen) == {"imported", "unchanged", "undone", "conflict", "named"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_random_sequences(office: Office, seed: int) -> None:
    play(office, seed, 40)
