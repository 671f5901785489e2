"""The finished party-member household map: whole for who works with it, numbers for a leader."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import URL, select

from api.cli import run
from api.db import engine
from api.settings import settings
from layers.tables import audit_entry, household, person
from tests.postgis.conftest import COUNTY, OTHER, OWN
from tests.postgis.party import fill_party, read_map

Client = Callable[[str], httpx.Client]


@pytest.fixture(scope="module", autouse=True)
def party(county: URL) -> None:
    fill_party(county)


def fetch(client: httpx.Client, form: str = "html", code: str = OWN) -> httpx.Response:
    return client.get(f"/maps/members/{code}.{form}")


def own_words(html: str) -> str:
    """Leave the libraries out, and read what a script writes in escapes: the map's own words."""
    own = html[html.index("</head>") :]
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), own)


def test_every_member_s_home_has_a_star_and_every_contact_a_line(signed_in: Client) -> None:
    held = read_map(signed_in("party_officer"), OWN)
    html = own_words(fetch(signed_in("party_officer")).text)
    homes = {each["code"]: each for each in held["households"] if "at" in each}
    lines = {
        (member["home"], code)
        for member in held["members"]
        for code in member.get("contacts", ())
        if member.get("home") in homes and code in homes and code != member["home"]
    }
    assert lines
    assert html.count('"type": "LineString"') == sum(
        code in homes and code != member.get("home")
        for member in held["members"] if member.get("home") in homes
        for code in member.get("contacts", ())
    )  # fmt: skip
    for each in homes.values():
        assert each["address"] in html
    for member in held["members"]:
        if member.get("home") in homes:
            assert f"{member['name']}，联系" in html
    assert len(html) < 3_000_000


def test_names_are_masked_and_phones_are_not_there(county: URL, signed_in: Client) -> None:
    html = own_words(fetch(signed_in("party_officer")).text)
    with engine(county).connect() as connection:
        rows = connection.execute(select(person.c.code, person.c.name, person.c.phone)).all()
    office = {"王小明", "李大山"}
    for row in rows:
        assert not row.phone or row.phone not in html
        if len(row.name) > 2 and row.name not in office and row.code.startswith("q"):
            assert row.name not in html


def test_a_leader_gets_no_name_need_or_link_in_any_form(county: URL, signed_in: Client) -> None:
    answer = fetch(signed_in("leader"))
    assert answer.status_code == 200
    html = own_words(answer.text)
    assert "LineString" not in html
    assert "member-home" not in html
    with engine(county).connect() as connection:
        homes = connection.execute(select(household.c.code, household.c.address)).all()
    assert not any(row.code in html or f'"{row.address}"' in html for row in homes)
    assert "*" not in re.sub(r"<svg.*?</svg>|<script.*?</script>", "", html, flags=re.DOTALL)
    assert fetch(signed_in("leader"), "png").status_code == 200


@pytest.mark.parametrize("role", ["planner", "auditor"])
@pytest.mark.parametrize("form", ["html", "png"])
def test_who_has_no_business_with_it_is_refused(signed_in: Client, role: str, form: str) -> None:
    answer = fetch(signed_in(role), form)
    assert answer.status_code == 403
    assert "党员" in answer.json()["detail_zh"]


def test_anothers_village_is_refused(signed_in: Client) -> None:
    assert fetch(signed_in("party_officer"), code=OTHER).status_code == 403
    assert fetch(signed_in("administrator"), code=OTHER).status_code == 200


def test_a_county_is_too_much_for_one_map(signed_in: Client) -> None:
    answer = fetch(signed_in("administrator"), code=COUNTY)
    assert answer.status_code == 400
    assert "选一个村" in answer.json()["detail_zh"]


def test_who_took_it_away_is_in_the_log(county: URL, signed_in: Client) -> None:
    def entries() -> int:
        with engine(county).connect() as connection:
            held = select(audit_entry).where(audit_entry.c.target == f"area {OWN}")
            return len(connection.execute(held).all())

    before = entries()
    fetch(signed_in("party_officer"), "png")
    assert entries() == before + 1


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture
def here(county: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WANGGE_DATABASE_URL", county.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("here")
def test_addresses_are_shown_for_a_reason_which_is_logged(county: URL, tmp_path: Path) -> None:
    with engine(county).connect() as connection:
        statement = select(household.c.address).where(household.c.area_code == OWN)
        addresses = [a for a in connection.scalars(statement) if len(a) > 6]
    plain, revealed = tmp_path / "a.html", tmp_path / "b.html"
    assert run(["map", "members", "--area", OWN, "-o", str(plain)]) == 0
    arguments = ["map", "members", "--area", OWN, "--reveal", "上墙张贴", "-o", str(revealed)]
    assert run(arguments) == 0
    masked, clear = own_words(plain.read_text()), own_words(revealed.read_text())
    assert not any(f'"{address}"' in masked for address in addresses)
    assert all(address in clear for address in addresses)
    with engine(county).connect() as connection:
        reasons = connection.scalars(select(audit_entry.c.reason)).all()
    assert "上墙张贴" in reasons
