"""A county of every kind that is exported, and what an export and an import of it say."""

import csv
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from api.exports import Outcome, Request, export_layer
from api.postgis import Cluster
from layers.tables import incident
from layers.transfer import kind_of
from tests.postgis.import_files import TOWN, Office, areas, files, filled
from tests.postgis.import_files import household as home

REASON = "核对住户名单"
RARE = ["𠮷野家", "一行\n两行", "a\tb", 'say "hi"', "007", "=cmd|' /C calc'!A0", "''=1", "'tis",
        "411625001001", "+8610000", "@x", "-1", "_x000D_", "a\rb", "2026-01-05"]  # fmt: skip
SHAPED = [name for name in files() if kind_of(name).shapes != "none"]
DUE = {"areas": 5, "grids": 8, "units": 1, "households": 3 + len(RARE), "people": 2, "branches": 1,
       "members": 1, "appointments": 1, "links": 1, "visits": 1, "incidents": 2,
       "reference:roads": 1, "network:police": 1}  # fmt: skip


@contextmanager
def exported_county(cluster: Cluster, name: str, folder: Path) -> Iterator[Office]:
    """Every kind, with rare text, a village without outline, homes without place."""
    with filled(cluster, name, folder, "network:police") as office:
        village = {"编码": f"{TOWN}003", "名称": "无界村", "级别": "村", "geometry": None}
        assert office.give("areas", [*areas(), village]).state == "imported"
        odd = [home(100 + row, 住址=text, geometry=None) for row, text in enumerate(RARE)]
        assert office.give("households", odd).state == "imported"
        at = dt.datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=dt.UTC)
        with office.engine.begin() as connection:
            connection.execute(
                insert(incident).values(
                    code="I2", kind="safety", title="=1+1", tier="local", alert="橙",
                    status="rated", reported_at=at, satisfied=True, rating=5,
                    description="王小禾报告",
                )
            )  # fmt: skip
        yield office


def export(office: Office, kind: str, path: Path, **options: Any) -> Outcome:
    with office.engine.begin() as connection:
        return export_layer(connection, Request(kind, **options), path)


def again(office: Office, kind: str, path: Path, crs: str | None = None) -> dict[str, int]:
    """What an import of the file would do."""
    told = crs or ("EPSG:4326" if path.suffix in (".csv", ".xlsx") else None)
    outcome = office.give(kind, path, crs=told, dry_run=True)
    assert outcome.rejects == []
    return {name: outcome.counts[name] for name in ("new", "changed", "closed", "unchanged")}


def nothing(rows: int) -> dict[str, int]:
    return {"new": 0, "changed": 0, "closed": 0, "unchanged": rows}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))
