"""The party-member household map of a village of 3,000 households: as a file, as a sheet, as rows.

In a database of its own, gone afterwards. The peer makes what an office makes with the same
libraries: the rows read as a frame, and one folium marker, popup and line after another.
"""

import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, insert, select

from api.db import engine, migrate, session_scope
from api.finished.frame import Order
from api.finished.service import finished_map
from api.maps.shapes import build_shapes
from api.members.service import member_map
from api.postgis import Cluster
from layers.tables import area, contact_link, grid, household, party_branch, party_member, person
from layers.tiles import Scope
from tests.postgis.conftest import OWN, SIDE, SOUTH, WEST, areas, grids

HOMES, MEMBERS, LINKS, ROUNDS = 3_000, 400, 7, 5
NEEDS = ("低保", "残疾", "慢性病", "独居老人", "留守儿童")


@contextmanager
def village() -> Iterator[Engine]:
    """A cluster with one populous village; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as name:
        home = Path(name)
        home.chmod(0o755)  # open to the account that the database runs under
        cluster = Cluster(home)
        cluster.up()
        try:
            with cluster.connect("postgres") as connection:
                connection.execute('CREATE DATABASE "bench_members"')
            migrate(cluster.url("bench_members"))
            bind = engine(cluster.url("bench_members"))
            _fill(bind)
            yield bind
            bind.dispose()
        finally:
            cluster.down()


def _fill(bind: Engine) -> None:
    rng = np.random.default_rng(3)
    at = rng.uniform(0.02, 1.98, (HOMES, 2)) * SIDE + (WEST, SOUTH)
    homes = [
        {"code": f"{OWN}-{number:04}", "address": f"{number}号", "people": 3, "area_code": OWN,
         "grid_code": f"{OWN}001", "geom": f"SRID=4326;POINT({x!r} {y!r})",
         "need_tags": [str(rng.choice(NEEDS))] if rng.random() < 0.15 else []}
        for number, (x, y) in enumerate(at.tolist())
    ]  # fmt: skip
    held = [
        {"code": f"M{number:03}", "person_code": f"q{number:03}", "branch_code": "B1",
         "household_code": homes[place]["code"], "joined_on": dt.date(2001, 7, 1)}
        for number, place in enumerate(rng.choice(HOMES, MEMBERS, replace=False))
    ]  # fmt: skip
    links = [
        {"code": f"L{member['code']}{place}", "member_code": member["code"],
         "household_code": homes[place]["code"], "since": dt.date(2025, 3, 1)}
        for member in held for place in rng.choice(HOMES, LINKS, replace=False)
    ]  # fmt: skip
    branch = {"code": "B1", "name": "第1支部", "area_code": OWN, "grid_code": None}
    people = [{"code": member["person_code"], "name": "王小明", "phone": None} for member in held]
    with session_scope(bind) as session:
        for table, rows in (
            (area, list(areas())), (grid, list(grids())), (household, homes), (person, people),
            (party_branch, [branch]), (party_member, held), (contact_link, links),
        ):  # fmt: skip
            session.execute(insert(table), rows)
    build_shapes(bind)


def _order() -> Order:
    scope = Scope(OWN, individual=True, sensitive=True)
    return Order(OWN, scope, account="bench", role="party_officer")


def _finished(bind: Engine, form: str) -> bytes:
    with session_scope(bind) as session:
        return finished_map(session, "members", _order(), form)  # type: ignore[arg-type]


def _rows(bind: Engine) -> bytes:
    with session_scope(bind) as session:
        return member_map(session, _order().scope).model_dump_json().encode()


def _usual(bind: Engine) -> bytes:
    """One marker, one popup, one line after another."""
    with bind.connect() as connection:
        homes = gpd.read_postgis(
            select(household.c.code, household.c.address, household.c.need_tags, household.c.geom),
            connection, geom_col="geom",
        )  # fmt: skip
        held, link = party_member.c, contact_link.c
        members = pd.read_sql(select(held.code, held.household_code), connection)
        links = pd.read_sql(select(link.member_code, link.household_code), connection)
    at = {code: (point.y, point.x) for code, point in zip(homes.code, homes.geom, strict=True)}
    home_of = dict(zip(members.code, members.household_code, strict=True))
    stars = set(members.household_code)
    drawn = folium.Map(location=(SOUTH + SIDE, WEST + SIDE), zoom_start=15, tiles=None)
    for member, home in zip(links.member_code, links.household_code, strict=True):
        folium.PolyLine([at[home_of[member]], at[home]], weight=1).add_to(drawn)
    for code, address, tags in zip(homes.code, homes.address, homes.need_tags, strict=True):
        folium.CircleMarker(
            at[code], radius=5 if code in stars else 3, color="#23272b",
            popup=f"{address} {'、'.join(tags or [])}",
        ).add_to(drawn)  # fmt: skip
    return str(drawn.get_root().render()).encode()


def _seconds(work: Callable[[], bytes]) -> tuple[float, int]:
    best = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        made = work()
        best.append(time.perf_counter() - start)
    return min(best), len(made)


def measure(console: Console) -> list[dict[str, object]]:
    """Time each form of the map, and the usual way, in one run."""
    sides = (
        ("rows", "GET /api/members: the rows of the page", _rows),
        ("file", "one file that needs nothing else", lambda bind: _finished(bind, "html")),
        ("sheet", "a sheet as PNG, with legend and scale bar", lambda bind: _finished(bind, "png")),
        ("usual", "folium, one marker, popup and line after another", _usual),
    )
    before = os.environ.pop("WANGGE_DATA_DIR", None)
    with village() as bind:
        found = {name: _seconds(lambda work=work: work(bind)) for name, _, work in sides}
    if before is not None:
        os.environ["WANGGE_DATA_DIR"] = before
    title = f"members, {HOMES:,} households, {MEMBERS} members, {MEMBERS * LINKS:,} contacts"
    table = Table("form", "s", "kB", title=title, title_justify="left")
    for name, words, _ in sides:
        seconds, size = found[name]
        table.add_row(words, f"{seconds:.2f}", f"{size / 1000:,.0f}")
    console.print(table)
    ratio = found["file"][0] / found["usual"][0]
    console.print(f"  ratio {ratio:.3f} (file to the usual way), no aim, best of {ROUNDS}\n")
    return [{"name": "members", **{name: each[0] for name, each in found.items()}, "ratio": ratio,
             "aim": None}]  # fmt: skip
