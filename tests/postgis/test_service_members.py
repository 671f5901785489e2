"""The party-member household map from the running service: right to the last link."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
from sqlalchemy import URL, delete, insert, select

from api.db import engine, session_scope
from api.people.masking import mask_name
from layers.style import NEED_CLASSES, need_class
from layers.tables import area, contact_link, grid, person, setting
from tests.postgis.conftest import OTHER, OWN, VILLAGES
from tests.postgis.party import OWN_PLACE, Row, fill_party, read_map, reckon
from tests.postgis.test_service_tiles import FIRST, tile_at

Client = Callable[[str], httpx.Client]


@pytest.fixture(scope="module", autouse=True)
def party(county: URL) -> None:
    fill_party(county)


@pytest.fixture(scope="module")
def truth(county: URL, party: None) -> Callable[[str], Row]:
    del party
    return reckon(county)


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
