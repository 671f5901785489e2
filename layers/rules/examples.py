"""For each rule a case that it speaks of, and the same case put right: drawn, and tested."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from layers.rules.case import LEFT, RIGHT, VILLAGE, WHOLE, Case, Home, cut, outline, row_of

PARENT = {VILLAGE: WHOLE}
SOUND = Case({"01": LEFT, "02": RIGHT}, PARENT)
HOLE = box(130, 70, 190, 130)
GAP = Case({"01": cut(LEFT, HOLE), "02": cut(RIGHT, HOLE)}, PARENT)
OVERLAP = Case({"01": box(0, 0, 185, 200), "02": RIGHT}, PARENT)
LOST = [Home("01", at) for at in ((145, 90), (160, 105), (172, 92))]
SCHOOL = box(200, 60, 260, 130)
LAKE, SLIT = box(120, 60, 200, 140), box(200, 99.6, 300, 100.4)
OWN_LAND = cut(WHOLE, LAKE, SLIT)
# The shift of web maps in this county, to the metre: east by 480, south by 220.
SHIFT = (480.0, -220.0)


@dataclass(frozen=True, slots=True)
class Example:
    """A case that a rule speaks of, and the same put right."""

    broken: Case
    sound: Case


def _staffed(*roles: tuple[str, str]) -> Case:
    every = [(role, grid) for role in ("grid_worker", "grid_head", "branch_secretary")
             for grid in ("01", "02")]  # fmt: skip
    left = [each for each in every if each not in roles]
    missing = {grid for _, grid in roles}
    notes = {
        grid: ("nobody", "无人") if grid in missing else ("staffed", "有人")
        for grid in ("01", "02")
    }
    return replace(SOUND, roles=left, notes=notes)


def _sized(one: int, two: int) -> Case:
    homes = [*row_of(one, "01", 10, 140, 60), *row_of(two, "02", 160, 290, 60)]
    ends = {"rural": {"least": 20, "most": 60}}
    return replace(
        SOUND, homes=homes, kinds={"01": "rural", "02": "rural"},
        limits={"households_per_grid": ends},
        notes={"01": (f"{one} households", f"{one} 户"), "02": (f"{two} households", f"{two} 户")},
    )  # fmt: skip


def _units(n: int) -> Case:
    homes = [
        *row_of(10, "01", 10, 140, 140, per_row=5, rise=26, unit="01-1"),
        *row_of(10, "01", 10, 140, 40, per_row=5, rise=26, unit="01-2"),
        *row_of(10, "02", 160, 290, 140, per_row=5, rise=26, unit="02-1"),
        *row_of(n, "02", 160, 290, 40, per_row=5, rise=26, unit="02-2"),
    ]
    wide = {kind: {"least": 0} for kind in ("rural", "community", "dedicated")}
    return replace(
        SOUND, homes=homes, kinds={"01": "rural", "02": "rural"},
        limits={"households_per_grid": wide},
    )  # fmt: skip


def _contacts(n: int, *, far: float = 0.0, needy: bool = False, twice: bool = False) -> Case:
    """Build one member in the middle of nine houses, who keeps contact with n of the others."""
    homes = row_of(9, "01", 10, 140, 45, per_row=3, rise=42)
    homes += row_of(3, "02", 160, 290, 118, per_row=3)
    homes = [replace(home, needy=needy and at == 11) for at, home in enumerate(homes)]
    others = (0, 1, 2, 5, 8, 7, 6, 3)[:n]
    links = [(0, at) for at in others]
    case = replace(SOUND, homes=homes, members=[4], links=links)
    if far:
        case = replace(_larger(case, 10), links=[*links[:-1], (0, 11)])
    if twice:
        more = [(1, at) for at in others]
        case = replace(case, members=[4, 4], people=["p0", "p0"], links=[*links, *more])
    return case


def _larger(case: Case, factor: float) -> Case:
    def grown(shape: BaseGeometry) -> BaseGeometry:
        return affinity.scale(shape, factor, factor, origin=(0, 0))

    return replace(
        case,
        grids={code: grown(shape) for code, shape in case.grids.items() if shape is not None},
        parents={code: grown(shape) for code, shape in case.parents.items()},
        homes=[
            replace(home, at=home.at and (home.at[0] * factor, home.at[1] * factor))
            for home in case.homes
        ],
    )


def _visits(missed: int) -> Case:
    homes = row_of(8, "01", 10, 140, 60, per_row=4, rise=40, visited=2)
    homes += row_of(8, "02", 160, 290, 60, per_row=4, rise=40, visited=3)
    late = range(16 - missed, 16)
    return replace(
        SOUND,
        homes=[replace(h, visited=12) if at in late else h for at, h in enumerate(homes)],
    )


def _wide() -> Case:
    """Build a territory of six kilometres, for errors of half a kilometre."""
    squares = {f"0{1 + i}": box(2000 * (i % 3), 2000 * (i // 3), 2000 * (i % 3) + 2000,
                                2000 * (i // 3) + 2000) for i in range(6)}  # fmt: skip
    lattice = [(0, 0), (2000, 0), (4000, 0), (6000, 0), (6000, 2000), (6000, 4000), (4000, 4000),
               (2000, 4000), (0, 4000), (0, 2000)]  # fmt: skip
    return Case(squares, {VILLAGE: outline(*lattice)})


def _spread(n: int) -> list[Home]:
    angle = np.linspace(0, 6 * np.pi, n)
    return [Home("02", (225 + (14 + 2.2 * i) * np.cos(a), 100 + (14 + 2.2 * i) * np.sin(a) * 0.9))
            for i, a in enumerate(angle.tolist())]  # fmt: skip


EXAMPLES: Mapping[str, Example] = {
    "G001": Example(
        # Two corners exchanged: the outline crosses itself.
        replace(SOUND, grids={"01": LEFT, "02": outline(
            (150, 0), (300, 0), (240, 200), (300, 150), (150, 200))}),
        SOUND,
    ),
    "G002": Example(replace(SOUND, grids={"01": WHOLE, "02": None}), SOUND),
    "G003": Example(Case({"01": LEFT}, PARENT, twice=[("01", RIGHT)]), SOUND),
    "G004": Example(Case({"01": LEFT, "02": RIGHT, "03": RIGHT}, PARENT), SOUND),
    "G005": Example(
        Case({"01": MultiPolygon([LEFT, box(210, 70, 270, 130)]),
              "02": cut(RIGHT, box(210, 70, 270, 130))}, PARENT),
        SOUND,
    ),
    "G006": Example(
        Case({"01": LEFT, "990101102001002": RIGHT}, PARENT), SOUND
    ),
    "G007": Example(
        replace(_wide(), grids={code: affinity.translate(shape, *SHIFT)
                                for code, shape in _wide().grids.items() if shape is not None}),
        _wide(),
    ),
    "C101": Example(GAP, SOUND),
    "C102": Example(Case({"01": LEFT, "02": box(150, 0, 262, 200)}, PARENT), SOUND),
    "C103": Example(OVERLAP, SOUND),
    "C104": Example(Case({"01": LEFT, "02": box(150, 0, 345, 200)}, PARENT), SOUND),
    "C105": Example(
        replace(SOUND, grids={"01": LEFT, "02": outline(
            (150, 0), (300, 0), (300, 200), (150, 200), (150.004, 100))}),
        replace(SOUND, grids={"01": outline((0, 0), (150, 0), (150.004, 100), (150, 200), (0, 200)),
                              "02": outline((150, 0), (300, 0), (300, 200), (150, 200),
                                            (150.004, 100))}),
    ),
    "C106": Example(
        Case({"01": LEFT, "02": RIGHT, "03": SCHOOL}, PARENT),
        Case({"01": LEFT, "02": cut(RIGHT, SCHOOL), "03": SCHOOL}, PARENT),
    ),
    "C107": Example(
        Case({"01": OWN_LAND.intersection(box(0, 100, 300, 200)),
              "02": OWN_LAND.intersection(box(0, 0, 300, 100))},
             {VILLAGE: OWN_LAND}, lake=LAKE),
        Case({"01": cut(WHOLE, LAKE).intersection(box(0, 100, 300, 200)),
              "02": cut(WHOLE, LAKE).intersection(box(0, 0, 300, 100))},
             {VILLAGE: shapely.union_all([
                 cut(WHOLE, LAKE).intersection(box(0, 100, 300, 200)),
                 cut(WHOLE, LAKE).intersection(box(0, 0, 300, 100))])}, lake=LAKE),
    ),
    "H201": Example(replace(GAP, homes=LOST), replace(SOUND, homes=LOST[:1] + [
        replace(home, grid="02") for home in LOST[1:]])),
    "H202": Example(
        replace(OVERLAP, homes=[Home("02", (162, 90)), Home("02", (170, 120))]),
        replace(SOUND, homes=[Home("02", (162, 90)), Home("02", (170, 120))]),
    ),
    "H203": Example(
        replace(SOUND, homes=[Home("01", (80, 90)), Home("01", (190, 110)), Home("02", (250, 70))]),
        replace(SOUND, homes=[Home("01", (80, 90)), Home("02", (190, 110)), Home("02", (250, 70))]),
    ),
    "H204": Example(
        replace(SOUND, homes=[Home("02", (225, 100)) for _ in range(24)]),
        replace(SOUND, homes=_spread(24)),
    ),
    "H205": Example(
        replace(SOUND, homes=[Home("01", (80, 90)), Home("02", None), Home("02", (230, 110))]),
        replace(SOUND, homes=[Home("01", (80, 90)), Home("02", (200, 60)), Home("02", (230, 110))]),
    ),
    "S301": Example(_staffed(("grid_worker", "02")), _staffed()),
    "S302": Example(_staffed(("grid_head", "02")), _staffed()),
    "S303": Example(_staffed(("branch_secretary", "02")), _staffed()),
    "S304": Example(_sized(36, 8), _sized(22, 22)),
    "S305": Example(_sized(36, 72), _sized(54, 54)),
    "S306": Example(_units(4), _units(10)),
    "P401": Example(_contacts(3), _contacts(5)),
    "P402": Example(_contacts(5, needy=True), replace(
        _contacts(5, needy=True), links=[*_contacts(5).links, (0, 11)])),
    "P403": Example(_contacts(5, far=1), _larger(_contacts(5), 10)),
    "P404": Example(_contacts(5, twice=True), _contacts(5)),
    "V501": Example(_visits(5), _visits(0)),
}  # fmt: skip
