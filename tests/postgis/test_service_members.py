"""The party-member household map from the running service: right to the last link, and for whom."""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import mapbox_vector_tile
import numpy as np
import pytest
from sqlalchemy import URL, delete, insert, select, update

from api.auth import ROLES, SENSITIVE
from api.db import engine, session_scope
from api.people.masking import mask_name
from geo.anonymity import guarded_count
from layers.catalog import K_ANONYMITY
from layers.style import NEED_CLASSES, need_class
from layers.tables import (
    area,
    audit_entry,
    contact_link,
    grid,
    household,
    party_branch,
    party_member,
    person,
    setting,
    visit,
)
from tests.postgis.conftest import COUNTY, OTHER, OWN, VILLAGES
from tests.postgis.test_service_tiles import FIRST, tile_at
from tests.serving import Service

Client = Callable[[str], httpx.Client]
Row = dict[str, Any]
TAGS = ["低保", "残疾", "慢性病", "独居老人", "五保", "等候安装电话"]
SURNAMES = "赵钱孙李周吴郑王冯陈"
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


@pytest.fixture(scope="module", autouse=True)
def party(county: URL) -> None:
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


@pytest.fixture(scope="module")
def truth(county: URL, party: None) -> Callable[[str], Row]:
    """Reckon the map of an area from the tables, row by row: the definition, and no SQL."""
    del party
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


# --- what it says -------------------------------------------------------------------------------

AREAS = [*VILLAGES, f"{OWN}001", f"{OWN}004", f"{OTHER}002"]


@pytest.mark.parametrize("code", AREAS)
def test_the_numbers_are_those_of_the_tables(code: str, signed_in: Client, truth: Any) -> None:
    found, true = read_map(signed_in("administrator"), code), truth(code)
    assert found["counts"] == true["counts"]
    assert all(true["counts"].values()) or len(code) == 15
    assert {each["id"]: each["n"] for each in found["needs"]} == {
        need.id: true["needs"][need.id] for need in NEED_CLASSES
    }
    legend = {item["id"]: item["n"] for item in found["legend"]["items"]}
    assert found["legend"]["n"] == true["counts"]["households"]
    assert legend["needy-alone"] == (true["counts"]["needy"] - true["counts"]["needy_contacted"])
    assert legend["chronic"] == true["needs"]["chronic"]
    assert (found["least"], found["most"]) == (5, 8)


@pytest.mark.parametrize("code", AREAS)
def test_no_household_member_or_link_is_lost(code: str, signed_in: Client, truth: Any) -> None:
    found, true = read_map(signed_in("administrator"), code), truth(code)
    homes = {each["code"]: each for each in found["households"]}
    people = {each["code"]: each for each in found["members"]}
    assert set(homes) == set(true["homes"])
    assert set(people) == set(true["members"])
    told = {(key, home) for key, each in people.items() for home in each.get("contacts", [])}
    assert told == true["links"]
    for key, row in true["homes"].items():
        classes = {need_class(tag).id for tag in row["need_tags"]}
        assert set(homes[key].get("needs", [])) == classes
    # Every contact of the table is either a link of the map, or in a count of what leads out.
    counts = found["counts"]
    assert sum(each.get("outside", 0) for each in people.values()) == counts["links_out"]
    assert sum(each.get("others", 0) for each in homes.values()) == counts["links_in"]
    assert len(told) + counts["links_out"] == counts["links"]
    assert sum("at" not in each for each in homes.values()) == counts["unlocated"]
    for key, row in true["members"].items():
        home = row["household_code"]
        assert people[key].get("home") == (home if home in homes else None)
        assert people[key].get("elsewhere", False) == (home is not None and home not in homes)


def test_names_are_masked_and_nobody_of_another_area_is_named(
    county: URL, signed_in: Client, truth: Any
) -> None:
    answer = signed_in("party_officer").get(f"/api/members/{OWN}")
    with engine(county).connect() as connection:
        names = dict(connection.execute(select(person.c.code, person.c.name)).all())
        phones = set(connection.scalars(select(person.c.phone))) - {None}
    people = truth(OWN)["members"]
    for each in answer.json()["members"]:
        code = each["code"].replace("M", "q")
        assert each["name"] == mask_name(names[code]) != names[code]
    assert not any(phone in answer.text for phone in phones)
    strangers = {f"M{n:03}" for n in range(160)} - set(people)
    assert strangers
    codes = set(re.findall(r"M\d{3}\b|\d{12}-\d{4}", answer.text))
    assert codes == set(people) | set(truth(OWN)["homes"])


def test_a_village_is_told_with_its_place_grids_and_officials(signed_in: Client) -> None:
    found = read_map(signed_in("party_officer"), OWN)
    assert found["area"] == {"code": OWN, "name": "押岭村", "name_en": "Yaling",
                             "level": "village"}  # fmt: skip
    assert [each["level"] for each in found["within"]] == ["county", "town"]
    assert found["bbox"] == pytest.approx([115.2, 33.5, 115.24, 33.54])
    assert found["boundary"]["type"] == "MultiPolygon"
    assert found["synthetic"] is True
    assert [each["code"] for each in found["grids"]] == [f"{OWN}{n:03}" for n in range(1, 5)]
    assert found["grids"][0]["heads"] == ["李大山"]
    assert found["grids"][0]["workers"] == ["王小明"]
    assert [each["code"] for each in found["units"]] == [f"{OWN}001-01"]
    assert [each.get("at") for each in found["branches"]] == [None, [115.205, 33.505]]


def test_thresholds_are_the_county_s_own(county: URL, signed_in: Client) -> None:
    before = read_map(signed_in("administrator"), OTHER)["counts"]
    with session_scope(engine(county)) as session:
        said = {"key": "contacts_per_member", "value": {"least": 3, "most": 6}, "updated_by": "x"}
        session.execute(insert(setting).values(**said))
    found = read_map(signed_in("administrator"), OTHER)
    assert (found["least"], found["most"]) == (3, 6)
    assert found["counts"]["few"] < before["few"]
    assert found["counts"]["many"] > before["many"]
    with session_scope(engine(county)) as session:
        session.execute(delete(setting).where(setting.c.key == "contacts_per_member"))


# --- a household's card -------------------------------------------------------------------------


def test_a_card_tells_who_keeps_contact_and_when_somebody_was_there(
    county: URL, signed_in: Client, truth: Any
) -> None:
    code = f"{OWN}-0004"
    card = signed_in("party_officer").get(f"/api/members/{OWN}/households/{code}").json()
    assert card["address"] == "4号"
    assert card["people"] == 3
    assert card["grid"]["code"] == f"{OWN}001"
    keepers = {member for member, home in truth(OWN)["links"] if home == code}
    assert {each["code"] for each in card["contacts"]} == keepers
    assert all(re.fullmatch(r".\*+", each["name"]) for each in card["contacts"])
    assert all(each["since"] == "2025-03-01" for each in card["contacts"])
    with engine(county).connect() as connection:
        keeper, home = contact_link.c.member_code, contact_link.c.household_code
        every = set(connection.scalars(select(keeper).where(home == code)))
    assert card["others"] == len(every - keepers)
    assert card["last_visit"]["name"] == "王**"
    assert card["last_visit"]["at"].startswith("2026-11-09T")
    assert [each["role"] for each in card["officials"]] == ["grid_head", "grid_worker"]
    assert card["officials"][1]["phone"] == "138******78"


def test_a_member_of_the_card_is_revealed_for_a_reason(signed_in: Client, truth: Any) -> None:
    why = {"reason": "请他去看望独居老人"}
    for role, code in (("party_officer", OWN), ("grid_worker", f"{OWN}001")):
        true = truth(code)
        home = next(home for _, home in sorted(true["links"]))
        card = signed_in(role).get(f"/api/members/{code}/households/{home}").json()
        assert card["contacts"]
        for each in card["contacts"]:
            answer = signed_in(role).post(f"/api/people/{each['person']}/reveal", json=why)
            assert answer.status_code == 200, (role, each)
            assert mask_name(answer.json()["name"]) == each["name"]


def test_a_card_is_of_a_household_on_that_list(signed_in: Client) -> None:
    client = signed_in("administrator")
    assert client.get(f"/api/members/{OWN}/households/{OTHER}-0000").status_code == 404
    assert client.get(f"/api/members/{OWN}/households/{OTHER}-0001").status_code == 200
    assert client.get(f"/api/members/{OWN}001/households/{OWN}-0001").status_code == 404
    assert client.get(f"/api/members/{OWN}/households/nobody").status_code == 404


# --- for whom -----------------------------------------------------------------------------------

WORDS = re.compile(r"Memberships, needs and contacts are shown")


@pytest.mark.parametrize("role", ROLES)
def test_a_map_is_for_who_keeps_contact(role: str, signed_in: Client) -> None:
    client, mine = signed_in(role), f"{OWN}001"
    whole = client.get(f"/api/members/{mine}")
    card = client.get(f"/api/members/{mine}/households/{OWN}-0000")
    tile = client.get(f"/tiles/members/{tile_at(15, OWN_PLACE)}.mvt")
    picture = client.get(f"/tiles/members/{tile_at(16, OWN_PLACE)}.png")
    described = client.get("/tiles/members.json")
    if role in SENSITIVE:
        assert {each.status_code for each in (whole, card, tile, picture, described)} == {200}
        assert whole.json()["households"]
        return
    refused = [card, tile, picture, described, *([] if role == "leader" else [whole])]
    for answer in refused:
        assert answer.status_code == 403
        assert WORDS.match(answer.json()["detail"])
        assert "党务" in answer.json()["detail_zh"]
    assert whole.status_code == (200 if role == "leader" else 403)


def test_a_leader_is_told_numbers_and_nobody(signed_in: Client, truth: Any) -> None:
    answer = signed_in("leader").get(f"/api/members/{OWN}")
    found, true = answer.json(), truth(OWN)["counts"]
    assert set(found) == {"area", "within", "bbox", "boundary", "detail", "k", "least", "most",
                          "synthetic", "date", "counts", "needs", "legend"}  # fmt: skip
    assert (found["detail"], found["k"], found["legend"]) == (False, K_ANONYMITY, None)
    assert found["counts"]["households"] == true["households"]
    for key, whole in (("needy", "households"), ("alone", "households"),
                       ("needy_contacted", "needy"), ("few", "members")):  # fmt: skip
        assert found["counts"].get(key) == guarded_count(true[key], true[whole], K_ANONYMITY)
    # Of few households there are none to be told: two are without coordinates.
    assert 0 < true["unlocated"] < K_ANONYMITY
    assert "unlocated" not in found["counts"]
    text = json.dumps({**found, "boundary": None}, ensure_ascii=False)
    assert not re.search(r"M\d{3}|\d{12}-\d{4}|\*|号", text)


@pytest.mark.parametrize("role", ["party_officer", "grid_worker"])
def test_another_village_s_officer_is_refused(role: str, signed_in: Client) -> None:
    client = signed_in(role)
    # The town and the county hold others' villages; a worker's area is his grid.
    foreign = [OTHER, f"{OTHER}001", OWN[:9], COUNTY, *([OWN] if role == "grid_worker" else [])]
    for code in foreign:
        assert client.get(f"/api/members/{code}").status_code == 403, code
        home = f"/api/members/{code}/households/{OTHER}-0000"
        assert client.get(home).status_code == 403, code
    tile = client.get(f"/tiles/members/{tile_at(14, OTHER_PLACE)}.mvt")
    assert tile.content == b""
    assert signed_in("administrator").get(f"/tiles/members/{tile_at(14, OTHER_PLACE)}.mvt").content


def test_a_worker_s_map_is_his_grid_s(signed_in: Client) -> None:
    found = read_map(signed_in("grid_worker"), f"{OWN}001")
    assert found["area"]["level"] == "grid"
    assert [each["level"] for each in found["within"]] == ["county", "town", "village"]
    assert {each["grid"] for each in found["households"]} == {f"{OWN}001"}


def test_villages_to_choose_from_are_the_reader_s_own(signed_in: Client, truth: Any) -> None:
    def villages(role: str) -> dict[str, Row]:
        listed = signed_in(role).get("/api/members").json()["villages"]
        return {each["code"]: each["counts"] for each in listed}

    whole, leader = villages("administrator"), villages("leader")
    assert set(whole) == set(leader) == set(VILLAGES)
    assert set(villages("party_officer")) == {OWN}
    assert villages("grid_worker") == {}
    for code in VILLAGES:
        # By village a household is counted once, in its own.
        true = {key: row for key, row in truth(code)["homes"].items() if row["area_code"] == code}
        assert whole[code]["households"] == len(true)
        assert whole[code]["needy"] == sum(bool(row["need_tags"]) for row in true.values())
        told = guarded_count(whole[code]["needy"], len(true), K_ANONYMITY)
        assert leader[code].get("needy") == told
    assert signed_in("planner").get("/api/members").status_code == 403


@pytest.mark.parametrize("code", [COUNTY, OWN[:9]])
def test_a_map_is_of_a_village_or_a_grid(code: str, signed_in: Client) -> None:
    answer = signed_in("administrator").get(f"/api/members/{code}")
    assert answer.status_code == 400
    assert "village" in answer.json()["detail"]
    assert signed_in("administrator").get(f"/api/members/{code}999999").status_code == 404


# --- the layer ----------------------------------------------------------------------------------


def features(client: httpx.Client, zoom: int, place: Any = FIRST) -> list[Row]:
    answer = client.get(f"/tiles/members/{tile_at(zoom, place)}.mvt")
    assert answer.status_code == 200
    found = mapbox_vector_tile.decode(answer.content)
    return [each["properties"] for each in (found["members"]["features"] if found else [])]


def test_a_tile_says_what_the_map_says(signed_in: Client) -> None:
    found = read_map(signed_in("party_officer"), OWN)
    homes = {each["code"]: each for each in found["households"]}
    keepers = Counter(home for each in found["members"] for home in each.get("contacts", []))
    drawn = features(signed_in("party_officer"), 13, OWN_PLACE)
    shown = {each["code"]: each for each in drawn if each["kind"] == "home"}
    assert len(shown) > 20
    for code, each in shown.items():
        home = homes[code]
        contacts = keepers[code] + home.get("others", 0)
        assert each["members"] == home.get("members", 0)
        assert each["contacts"] == contacts
        assert each["alone"] == (bool(home.get("needs")) and not contacts)
        slots = [(need["slot"], need["need"]) for need in drawn
                 if need["kind"] == "need" and need["code"] == code]  # fmt: skip
        first = 1 if home.get("members") else 0
        assert sorted(slots) == list(enumerate(home.get("needs", []), first))
    assert {each["code"] for each in drawn if each["kind"] == "seat"} == {f"B{OWN}1"}


def test_far_out_nothing_is_drawn(signed_in: Client) -> None:
    assert features(signed_in("administrator"), 12) == []


def test_the_legend_counts_for_who_may_know(signed_in: Client) -> None:
    own = signed_in("party_officer").get("/legends/members.json").json()
    assert own["n"] == read_map(signed_in("party_officer"), OWN)["counts"]["households"]
    for role in ("planner", "leader", "administrator"):
        told = signed_in(role).get("/legends/members.json").json()
        assert told["n"] is None
        assert all(item["n"] is None for item in told["items"])


# --- the log, and copies ------------------------------------------------------------------------


def test_who_was_shown_households_is_kept(service: Service, signed_in: Client) -> None:
    def lines() -> list[tuple[str, str]]:
        with session_scope(service.engine) as session:
            entry = audit_entry.c
            rows = select(entry.account, entry.target).where(entry.action == "read the member map")
            return [tuple(row) for row in session.execute(rows.order_by(entry.id)).all()]

    before = len(lines())
    read_map(signed_in("party_officer"), OWN)
    signed_in("party_officer").get(f"/api/members/{OWN}/households/{OWN}-0004")
    # Not shown: a leader's numbers, and what was refused.
    read_map(signed_in("leader"), OWN)
    signed_in("party_officer").get(f"/api/members/{OTHER}")
    signed_in("planner").get(f"/api/members/{OWN}")
    assert lines()[before:] == [("party-officer", f"area {OWN}"),
                                ("party-officer", f"household {OWN}-0004")]  # fmt: skip


def test_a_copy_is_the_reader_s_own_and_told_unchanged(signed_in: Client) -> None:
    officer, leader = signed_in("party_officer"), signed_in("leader")
    first = officer.get(f"/api/members/{OWN}")
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["content-encoding"] == "gzip"
    tag = {"If-None-Match": first.headers["etag"]}
    assert officer.get(f"/api/members/{OWN}", headers=tag).status_code == 304
    other = leader.get(f"/api/members/{OWN}", headers=tag)
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]
    card = officer.get(f"/api/members/{OWN}/households/{OWN}-0004")
    assert card.headers["cache-control"] == "private, no-store"


def test_an_area_without_boundary_households_or_members_is_a_map_too(
    county: URL, signed_in: Client
) -> None:
    bare = {"code": f"{OWN[:9]}900", "name": "新村", "name_en": None, "level": "village",
            "kind": "village", "parent_code": OWN[:9], "geom": None}  # fmt: skip
    with session_scope(engine(county)) as session:
        session.execute(insert(area).values(**bare))
    found = read_map(signed_in("administrator"), bare["code"])
    assert found["bbox"] is None
    assert found["boundary"] is None
    assert found["counts"]["households"] == found["counts"]["members"] == 0
    assert "households" not in found
    with session_scope(engine(county)) as session:
        session.execute(delete(area).where(area.c.code == bare["code"]))
        assert session.scalar(select(grid.c.code).where(grid.c.area_code == bare["code"])) is None
