"""How much of everything a sample county has: one table of counts per size.

The counts of ``county`` are those of a newspaper's account of a real county's grids; the land,
the names and the people are invented.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Size = Literal["county", "small"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Strings = NDArray[np.object_]

COUNTY_CODE = "990101"
COUNTY_NAME = ("澜禾县", "Lanhe County")
# The sample's today: nothing in it depends on the clock.
REFERENCE_DATE = date(2026, 11, 15)
# Planar work is done in metres; each vertex is turned into lon/lat once.
PLANE = "EPSG:4547"
# The county's middle on that plane: about 115.33°E, 33.60°N, so that it crosses 115.5°E.
CENTRE = (623_200.0, 3_719_300.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """The counts of one size; areas in km², populations in heads."""

    area_km2: float
    streets: int
    towns: int
    townships: int
    villages: int
    communities: int
    urban_communities: int
    town_of: int
    repeated_names: int
    rural_grids: int
    community_grids: int
    exclusive_grids: int
    overlay_grids: int
    special_grids: int
    special_units: int
    units: int
    households: int
    people: int
    members: int
    heads: int
    workers: int
    full_time: int
    visits: int
    closed_incidents: int
    open_incidents: int
    fields: int

    @property
    def seats(self) -> int:
        """Number of streets, towns and townships together."""
        return self.streets + self.towns + self.townships

    @property
    def rural_villages(self) -> int:
        """Number of villages that are no communities."""
        return self.villages - self.communities


PLANS: dict[Size, Plan] = {
    "county": Plan(
        area_km2=1450.0, streets=3, towns=9, townships=10, villages=531, communities=50,
        urban_communities=27, town_of=25, repeated_names=50, rural_grids=3145,
        community_grids=282, exclusive_grids=262, overlay_grids=120, special_grids=13,
        special_units=127, units=37_300, households=373_000, people=1_300_000, members=50_000,
        heads=915, workers=4020, full_time=3420, visits=340_000, closed_incidents=6582,
        open_incidents=418, fields=30_000,
    ),
    "small": Plan(
        area_km2=33.0, streets=1, towns=1, townships=0, villages=12, communities=3,
        urban_communities=2, town_of=5, repeated_names=1, rural_grids=60,
        community_grids=20, exclusive_grids=7, overlay_grids=3, special_grids=8,
        special_units=70, units=840, households=8_400, people=29_000, members=1_100,
        heads=22, workers=96, full_time=80, visits=7_600, closed_incidents=150,
        open_incidents=12, fields=700,
    ),
}  # fmt: skip
