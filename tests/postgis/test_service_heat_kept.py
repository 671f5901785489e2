"""The heat map as it is kept and described: no longer than right, and always the same question."""

import datetime as dt
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import shapely
from PIL import Image
from sqlalchemy import URL, delete, insert

from api.db import engine, session_scope
from api.incidents import service, store
from api.incidents.service import Selection, heat_map, surfaces
from layers.heat import heat_scale
from layers.incidents import IncidentFilter
from layers.tables import incident
from layers.tiles import Scope
from tests.postgis.conftest import OWN, wkt
from tests.postgis.test_service_heat import (
    CROWD,
    NOWHERE,
    legend,
    pixel,
    step_of,
)
from tests.postgis.test_service_tiles import tile_at

Client = Callable[[str], httpx.Client]


# -- kept, and no longer than right --------------------------------------------------------------


def test_a_tile_and_a_legend_are_tagged_and_private(signed_in: Client) -> None:
    planner = signed_in("planner")
    for path in (f"/tiles/heat/{tile_at(10, CROWD)}.png", f"/tiles/heat/{tile_at(10, CROWD)}.mvt",
                 "/legends/heat.json", "/legends/heat.svg", "/legends/heat.png",
                 "/legends/incidents.json"):  # fmt: skip
        first = planner.get(path)
        assert first.headers["cache-control"] == "private, no-cache"
        again = planner.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = planner.get(f"{path}?kind=noise", headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200
        # He sees less of it.
        own = signed_in("party_officer").get(path)
        assert own.headers["etag"] != first.headers["etag"]


def test_a_changed_incident_makes_another_map_at_once(county: URL, signed_in: Client) -> None:
    planner, path = signed_in("planner"), f"/tiles/heat/{tile_at(13, NOWHERE)}.png"
    before, n = planner.get(path).headers["etag"], legend(planner)["n"]
    rows = [
        {"code": f"N{i}", "kind": "road", "title": "t", "tier": "auto", "alert": "red",
         "status": "found", "reported_at": dt.datetime(2026, 2, 2, tzinfo=dt.UTC),
         "geom": wkt(shapely.Point(*NOWHERE))}
        for i in range(60)
    ]  # fmt: skip
    with session_scope(engine(county)) as session:
        session.execute(insert(incident), rows)
    assert legend(planner)["n"] == n + 60
    assert planner.get(path).headers["etag"] != before
    assert step_of(pixel(planner, 14, NOWHERE)) == 6
    with session_scope(engine(county)) as session:
        session.execute(delete(incident).where(incident.c.code.like("N%")))
    assert planner.get(path).headers["etag"] == before


def test_many_at_once_make_one_surface(county: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[IncidentFilter] = []
    places = store.places

    def counted(session: Any, asked: IncidentFilter) -> Any:
        made.append(asked)
        return places(session, asked)

    monkeypatch.setattr(service.store, "places", counted)
    kept = surfaces()

    def ask(number: int) -> int:
        scope = Scope("" if number % 2 else OWN, individual=True)
        with session_scope(engine(county)) as session:
            found = heat_map(kept, session, Selection(), scope)
        assert found.density is not None
        return id(found.density)

    with ThreadPoolExecutor(8) as pool:
        densities = set(pool.map(ask, range(24)))
    assert len(densities) == 1
    assert len(made) == 1


def test_the_store_of_surfaces_stays_within_its_bound(county: URL) -> None:
    kept = surfaces(limit_bytes=6_000_000)
    with session_scope(engine(county)) as session:
        for bandwidth in range(400, 1200, 100):
            heat_map(kept, session, Selection(bandwidth_m=bandwidth), Scope("", individual=True))
    assert kept._size <= 6_000_000
    assert len(kept._kept) < 20


# -- described -----------------------------------------------------------------------------------


def test_tilejson_carries_the_question_to_the_tiles(signed_in: Client) -> None:
    planner = signed_in("planner")
    query = "kind=noise&bandwidth_m=800&per=households&from=2026-01-01"
    for path, form in (
        ("heat", "png"),
        ("heat", "mvt"),
        ("incidents", "mvt"),
        ("incidents", "png"),
    ):
        told = planner.get(f"/tiles/{path}.json?{query}&format={form}").json()
        assert told["tilejson"] == "3.0.0"
        (template,) = told["tiles"]
        assert f"/tiles/{path}/{{z}}/{{x}}/{{y}}.{form}?" in template
        assert "kind=noise" in template
        z, x, y = tile_at(13, CROWD).split("/")
        assert planner.get(template.format(z=z, x=x, y=y)).status_code == 200
        assert told["bounds"] == pytest.approx([115.2, 33.5, 115.28, 33.58])
    own = signed_in("party_officer").get(f"/tiles/heat.json?area={OWN}001").json()
    assert own["bounds"] == pytest.approx([115.2, 33.5, 115.22, 33.52])
    assert f"area={OWN}001" in own["tiles"][0]


def test_a_style_asks_for_the_same(signed_in: Client) -> None:
    told = signed_in("planner").get("/styles/incidents.json?alert=red&bandwidth_m=900").json()
    assert "alert=red&bandwidth_m=900" in told["sources"]["heat"]["tiles"][0]
    assert told["sources"]["incidents"]["tiles"][0].endswith("?alert=red")
    assert "?" not in told["sources"]["areas"]["tiles"][0]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_legend_is_drawn_with_every_class_and_note(lang: str, signed_in: Client) -> None:
    told = legend(signed_in("planner"))
    drawn = signed_in("planner").get(f"/legends/heat.svg?lang={lang}").text
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own document
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for item in told["items"]:
        assert item["label"][lang] in words
    for note in told["notes"]:
        assert note[lang] in words
    assert any("n = 60" in word for word in words)
    small, large = (
        Image.open(io.BytesIO(signed_in("planner").get(f"/legends/heat.png?scale={n}").content))
        for n in (1, 2)
    )
    assert large.height == 2 * small.height


def test_the_legend_of_incidents_counts_each_alert(signed_in: Client) -> None:
    told = signed_in("planner").get("/legends/incidents.json").json()
    counts = {item["id"]: item["n"] for item in told["items"]}
    assert told["n"] == 60 == counts["blue"] + counts["yellow"] + counts["red"]
    leaders = signed_in("leader").get("/legends/incidents.json").json()
    assert all(item["n"] is None or item["n"] >= 10 or item["n"] == 0 for item in leaders["items"])
    assert signed_in("leader").get("/legends/incidents.svg").status_code == 200


def test_classes_are_those_of_the_whole_selection(county: URL) -> None:
    with session_scope(engine(county)) as session:
        found = heat_map(surfaces(), session, Selection(), Scope(OWN, individual=True))
    assert found.density is not None
    assert found.density.scale == heat_scale(found.density.surface)
