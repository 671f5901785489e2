"""The Party in the tiny county: members, branches, contacts, needs, and what is true of them."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
from sqlalchemy import URL, insert, select, update

from api.db import engine, session_scope
from layers.style import need_class
from layers.tables import (
    contact_link,
    household,
    party_branch,
    party_member,
    person,
    visit,
)
from tests.postgis.conftest import OTHER, OWN, VILLAGES

Row = dict[str, Any]
TAGS = ["低保", "残疾", "慢性病", "独居老人", "五保", "等候安装电话"]
SURNAMES = "赵钱孙李周吴郑王冯陈"
# In the first grid of the first village; in a village of the other town.
OWN_PLACE, OTHER_PLACE = (115.205, 33.505), (115.265, 33.565)


def branches() -> Iterator[Row]:
    for village in VILLAGES:
        yield {"code": f"B{village}", "name": f"{village}总支", "area_code": village,
               "grid_code": None, "geom": None}  # fmt: skip
        yield {"code": f"B{village}1", "name": f"{village}第1支部", "area_code": village,
               "grid_code": f"{village}001", "geom": "SRID=4326;POINT(115.205 33.505)"}  # fmt: skip


def members(rng: np.random.Generator, homes: list[str]) -> Iterator[Row]:
    """Members at home here, elsewhere and nowhere, of a branch of any village or of none."""
    held = [row["code"] for row in branches()]
    for number in range(160):
        where = rng.integers(10)
        home = None if where == 0 else str(rng.choice(homes))
        if number < 4:
            home = f"{VILLAGES[number]}-0007"  # on the list without coordinates
        branch = None if where == 1 else str(rng.choice(held))
        if home is not None and where > 3:
            branch = f"B{home[:12]}" + ("1" if where > 7 else "")
        yield {"code": f"M{number:03}", "person_code": f"q{number:03}", "household_code": home,
               "branch_code": branch, "joined_on": dt.date(2001, 7, 1)}  # fmt: skip


def links(rng: np.random.Generator, homes: list[str], held: list[Row]) -> Iterator[Row]:
    for member in held:
        village = (member["household_code"] or OWN)[:12]
        near = [code for code in homes if code.startswith(village)]
        chosen = {str(rng.choice(near if rng.random() < 0.85 else homes))
                  for _ in range(rng.integers(0, 11))}  # fmt: skip
        for home in sorted(chosen):
            yield {"code": f"L{member['code']}{home}", "member_code": member["code"],
                   "household_code": home, "since": dt.date(2025, 3, 1)}  # fmt: skip


def fill_party(county: URL) -> None:
    """Members, branches, contacts and needs over the tiny county, a few households without any."""
    rng = np.random.default_rng(11)
    with session_scope(engine(county)) as session:
        homes = list(session.scalars(select(household.c.code).order_by(household.c.code)))
        for code in homes:
            if rng.random() < 0.4:
                tags = [str(tag) for tag in rng.choice(TAGS, rng.integers(1, 4), replace=False)]
                session.execute(
                    update(household).where(household.c.code == code).values(need_tags=tags)
                )
        # Recorded in a grid of another village than its own: on the list of both.
        session.execute(
            update(household)
            .where(household.c.code == f"{OTHER}-0001")
            .values(grid_code=f"{OWN}001")
        )
        session.execute(insert(party_branch), list(branches()))
        session.execute(
            insert(person),
            [{"code": f"q{n:03}", "name": f"{SURNAMES[n % 10]}某{'某' * (n % 2)}",
              "phone": f"139{n:08}"} for n in range(160)],
        )  # fmt: skip
        held = list(members(rng, homes))
        session.execute(insert(party_member), held)
        session.execute(insert(contact_link), list(links(rng, homes, held)))
        session.execute(
            insert(visit),
            [{"code": f"v{day}", "household_code": f"{OWN}-0004", "person_code": "p1",
              "visited_at": dt.datetime(2026, 11, day, 9, tzinfo=dt.UTC)} for day in (2, 9, 5)],
        )  # fmt: skip


def reckon(county: URL) -> Callable[[str], Row]:
    """Reckon the map of an area from the tables, row by row: the definition, and no SQL."""
    with engine(county).connect() as connection:

        def read(table: Any, *names: str) -> list[Row]:
            columns = [table.c[name] for name in names]
            return [dict(row._mapping) for row in connection.execute(select(*columns))]

        homes = read(household, "code", "area_code", "grid_code", "need_tags")
        located = set(connection.scalars(
            select(household.c.code).where(household.c.geom.is_not(None))))  # fmt: skip
        held = read(party_branch, "code", "area_code", "grid_code")
        people = read(party_member, "code", "household_code", "branch_code")
        kept = read(contact_link, "member_code", "household_code")

    def of(code: str) -> Row:
        def filed(row: Row) -> bool:
            return any((row[key] or "").startswith(code) for key in ("area_code", "grid_code"))

        here = {row["code"]: row for row in homes if filed(row)}
        seats = {row["code"] for row in held if filed(row)}
        mine = {row["code"]: row for row in people
                if row["household_code"] in here or row["branch_code"] in seats}  # fmt: skip
        needy = {key for key, row in here.items() if row["need_tags"]}
        contacted = {link["household_code"] for link in kept} & set(here)
        n = Counter(link["member_code"] for link in kept)
        live = {row["household_code"] for row in people} & set(here)
        away = [row for row in mine.values() if row["household_code"] not in here]
        return {
            "homes": here, "members": mine,
            "links": {(link["member_code"], link["household_code"]) for link in kept
                      if link["member_code"] in mine and link["household_code"] in here},
            "counts": {
                "households": len(here), "unlocated": len(set(here) - located),
                "member_households": len(live), "needy": len(needy),
                "needy_contacted": len(needy & contacted), "alone": len(set(here) - contacted),
                "members": len(mine),
                "members_unlocated": sum(row["household_code"] in set(here) - located
                                         for row in mine.values()),
                "members_elsewhere": sum(row["household_code"] is not None for row in away),
                "members_no_home": sum(row["household_code"] is None for row in away),
                "few": sum(n[key] < 5 for key in mine), "many": sum(n[key] > 8 for key in mine),
                "links": sum(n[key] for key in mine),
                "links_out": sum(link["member_code"] in mine and link["household_code"] not in here
                                 for link in kept),
                "links_in": sum(link["member_code"] not in mine and link["household_code"] in here
                                for link in kept),
            },
            "needs": Counter(name for row in here.values()
                             for name in {need_class(tag).id for tag in row["need_tags"]}),
        }  # fmt: skip

    return of


def read_map(client: httpx.Client, code: str) -> Row:
    answer = client.get(f"/api/members/{code}")
    assert answer.status_code == 200, answer.text
    found: Row = answer.json()
    return found
