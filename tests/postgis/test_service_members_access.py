"""The party-member household map: for whom, who was shown it, and whose copy it is."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import URL, select

from api.auth import ROLES, SENSITIVE
from api.db import session_scope
from geo.anonymity import guarded_count
from layers.catalog import K_ANONYMITY
from layers.tables import audit_entry
from tests.postgis.conftest import COUNTY, OTHER, OWN, VILLAGES
from tests.postgis.party import OTHER_PLACE, OWN_PLACE, Row, fill_party, read_map, reckon
from tests.postgis.test_service_tiles import tile_at
from tests.serving import Service

Client = Callable[[str], httpx.Client]


@pytest.fixture(scope="module", autouse=True)
def party(county: URL) -> None:
    fill_party(county)


@pytest.fixture(scope="module")
def truth(county: URL, party: None) -> Callable[[str], Row]:
    del party
    return reckon(county)


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
    # Numbers of a grid, taken from the village's, would speak of the others.
    assert whole.status_code == 403
    for answer in refused:
        assert answer.status_code == 403
        assert WORDS.match(answer.json()["detail"])
        assert "党务" in answer.json()["detail_zh"]
    village = client.get(f"/api/members/{OWN}")
    assert village.status_code == (200 if role == "leader" else 403)


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
        # The list and the map say the same: else their difference would be a household.
        true = truth(code)["counts"]
        assert whole[code] == {key: true[key] for key in whole[code]}
        assert {"households", "unlocated", "member_households", "needy"} <= set(whole[code])
        told = read_map(signed_in("leader"), code)["counts"]
        assert leader[code] == {key: n for key, n in told.items() if key in whole[code]}
    assert signed_in("planner").get("/api/members").status_code == 403


@pytest.mark.parametrize("code", [COUNTY, OWN[:9]])
def test_a_map_is_of_a_village_or_a_grid(code: str, signed_in: Client) -> None:
    answer = signed_in("administrator").get(f"/api/members/{code}")
    assert answer.status_code == 400
    assert "village" in answer.json()["detail"]
    assert signed_in("administrator").get(f"/api/members/{code}999999").status_code == 404


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
