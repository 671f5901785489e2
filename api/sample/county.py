"""Build the sample county: one seed in, every table out, the same bytes on each run."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from api.sample.defects import inject
from api.sample.ground import subdivide
from api.sample.households import house_people
from api.sample.incidents import report_incidents
from api.sample.land import area_rows, grid_rows, lay_out, unit_rows
from api.sample.names import name_places
from api.sample.networks import network_rows
from api.sample.people import Homes, appoint, link_contacts, visit_homes
from api.sample.plan import PLANS, REFERENCE_DATE, Size
from api.sample.reference import reference_rows
from api.sample.rivers import river_courses
from api.sample.settle import FIELD, settle
from api.sample.territory import divide_territory

SEED = 20260101
# What a check reads, kept as it was before defects were injected.
CLEAN = ("area", "grid", "household_unit", "household", "appointment", "party_branch")


@dataclass(frozen=True, slots=True)
class SampleCounty:
    """The sample as frames.

    ``frames`` is keyed by table name, with the tables' columns; geometries are the column
    ``geom``, EPSG:4326. ``clean`` holds the frames that ``defects`` (what was injected, one dict
    each) have changed, as they were before. ``reference_date`` is the sample's today.
    """

    seed: int
    size: Size
    frames: dict[str, pd.DataFrame]
    clean: dict[str, pd.DataFrame]
    defects: list[dict[str, object]] = field(default_factory=list)
    reference_date: date = REFERENCE_DATE


def build_county(seed: int = SEED, size: Size = "county") -> SampleCounty:
    """Build a sample county.

    Parameters
    ----------
    seed
        Fixes everything.
    size
        ``county`` for the whole, ``small`` for two towns made by the same rules.
    """
    plan = PLANS[size]

    def rng(stage: int) -> np.random.Generator:
        # A stream per stage, so that a change in one leaves the others alone.
        return np.random.default_rng([seed, stage])

    settlement = settle(plan, rng(1))
    is_built = settlement.kind != FIELD
    ground = subdivide(settlement.xy, settlement.inside, is_built, rng(2))
    rivers = river_courses(ground, is_built[settlement.inside], rng(3))
    territory = divide_territory(plan, settlement, ground, rivers, rng(4))
    names = name_places(plan, territory.village_town, settlement.is_community,
                        settlement.hamlet_village, rng(5))  # fmt: skip
    land = lay_out(plan, settlement, ground, territory, names, rng(6))
    grid, unit = grid_rows(land), unit_rows(land, territory)
    household = house_people(plan, settlement, ground, territory, names, land, rng(7))
    frames: dict[str, pd.DataFrame] = {
        "area": area_rows(plan, settlement, territory, names, land),
        "grid": grid,
        "household_unit": unit,
        "household": household,
    }
    homes = Homes.of(household, grid, unit)
    frames |= appoint(plan, homes, rng(8))
    member = frames["party_member"]
    link = frames["contact_link"] = link_contacts(homes, member, rng(9))
    frames["visit"] = visit_homes(plan, homes, frames["appointment"], link, member, rng(10))
    frames |= report_incidents(plan, homes, rng(11))
    frames["department_network"] = network_rows(plan, ground, territory, names, land, rng(12))
    frames["reference_feature"] = reference_rows(
        settlement, ground, territory, rivers, names, land, rng(13)
    )
    clean = {name: frames[name] for name in CLEAN}
    spoiled, defects = inject(size, frames, rng(14))
    return SampleCounty(seed, size, {**frames, **spoiled}, clean, defects)
