"""The sketch: the reader's own area in one picture, its edges where the live map's would be."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import httpx
import pytest

from layers.sketch import mercator
from layers.style import PALETTE

Client = Callable[[str], httpx.Client]
SVG = "{http://www.w3.org/2000/svg}"


def sketch(client: httpx.Client, **query: object) -> ET.Element:
    answer = client.get("/sketches/coverage.svg", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    return ET.fromstring(answer.text)  # noqa: S314 - our own service made it


def names(root: ET.Element) -> set[str]:
    return {text.text or "" for text in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("width", [300, 1000])
def test_the_edges_are_the_area_s_bounds(width: int, signed_in: Client) -> None:
    client = signed_in("planner")
    west, south, east, north = mercator(tuple(client.get("/api/session").json()["bbox"]))
    root = sketch(client, width=width)
    _, _, across, down = map(float, root.attrib["viewBox"].split())
    assert across == width
    assert down == pytest.approx(width * (north - south) / (east - west), abs=0.1)
    county = [path for path in root.iter(f"{SVG}path") if path.get("stroke") == PALETTE["county"]]
    first = county[0].attrib["d"].split()
    # The tiny county is a rectangle: its first corner is one of the picture's.
    x, y = float(first[1]), float(first[2])
    assert min(x, width - x) < 1.5
    assert min(y, down - y) < 1.5


def test_it_shows_errors_and_names_in_the_reader_s_language(signed_in: Client) -> None:
    client = signed_in("planner")
    zh, en = sketch(client, lang="zh"), sketch(client, lang="en")
    assert any("镇" in name or "村" in name for name in names(zh))
    assert names(zh) != names(en)
    markers = [group for group in zh.iter(f"{SVG}g") if "translate" in group.get("transform", "")]
    errors = client.get("/api/coverage/findings", params={"severity": "error"}).json()
    assert len(markers) == errors["numberMatched"] > 0


def test_a_village_s_officer_is_shown_his_village_only(signed_in: Client) -> None:
    officer, planner = sketch(signed_in("party_officer")), sketch(signed_in("planner"))
    own = {path.get("stroke") for path in officer.iter(f"{SVG}path")} - {None}
    assert PALETTE["county"] not in own
    assert PALETTE["county"] in {path.get("stroke") for path in planner.iter(f"{SVG}path")}


def test_it_refers_to_nothing_outside_itself(signed_in: Client) -> None:
    text = signed_in("planner").get("/sketches/coverage.svg").text
    assert text.count("http") == 1  # the namespace
    assert "href" not in text


def test_an_unchanged_sketch_is_not_sent_again(signed_in: Client) -> None:
    client = signed_in("planner")
    tag = client.get("/sketches/coverage.svg").headers["etag"]
    again = client.get("/sketches/coverage.svg", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "private, no-cache"


def test_without_a_session_there_is_none(signed_in: Client) -> None:
    assert signed_in("").get("/sketches/coverage.svg").status_code == 401


@pytest.mark.parametrize("width", [10, 9000, "wide"])
def test_an_unusable_width_is_refused(width: object, signed_in: Client) -> None:
    answer = signed_in("planner").get("/sketches/coverage.svg", params={"width": str(width)})
    assert answer.status_code == 422
