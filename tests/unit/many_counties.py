"""Counties beside each other, made at random and spoiled, also across the borders between them.

Each village of a random county (:mod:`tests.unit.random_county`) is a county here, its four cells
are its grids; so nearly every defect lies at a border. Synthetic data (合成数据).
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import shapely

from tests.unit.random_county import clean, spoil

PLANE = "EPSG:4547"


@dataclass(frozen=True)
class Counties:
    """Grids and lands, whose each is, and the outline before anything went wrong."""

    grids: gpd.GeoDataFrame
    lands: gpd.GeoDataFrame
    outline: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    home: dict[str, str]

    def part(self, county: str) -> gpd.GeoDataFrame:
        mine = self.grids["code"].map(self.home) == county
        return self.grids[mine].reset_index(drop=True)

    def land(self, county: str) -> gpd.GeoDataFrame:
        return self.lands[self.lands["code"] == county].reset_index(drop=True)

    @property
    def names(self) -> list[str]:
        return sorted(set(self.home.values()))


def make(seed: int, count: int, defects: int = 12, side: int = 2, crs: str = PLANE) -> Counties:
    """Counties in a row, with so many defects among them."""
    made = clean(seed, villages=count, side=side)
    outline = shapely.coverage_union_all(list(made.lands.values()))
    spoil(made, defects)
    homes = made.households(40 * count, crs)
    grids, lands = made.frames(crs)
    # Whose a grid is goes by where it was made, wherever it has been filed since.
    home = {code: code[:2] if code[0] == "v" else made.village[code] for code in grids["code"]}
    shell = gpd.GeoDataFrame({"code": ["all"]}, geometry=[outline], crs=PLANE).to_crs(crs)
    return Counties(grids, lands, shell, homes, home)


def write(counties: Counties, folder: Path) -> Path:
    """Write the counties as partitioned GeoParquet: ``grids``, ``within`` and ``homes``."""
    for county in counties.names:
        near = counties.homes["grid_code"].fillna("").str.startswith(county)
        for name, frame in (
            ("grids", counties.part(county)),
            ("within", counties.land(county)),
            ("homes", counties.homes[near]),
        ):
            place = folder / name / f"county={county}"
            place.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(place / "part-0.parquet")
    counties.outline.to_parquet(folder / "outline.parquet")
    return folder
