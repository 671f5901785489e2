"""The finished incident map: the tiles' own colours, honest when empty, nobody's home in it."""

import base64
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest
import shapely
from PIL import Image
from pyproj import Transformer
from sqlalchemy import URL, delete, insert

from api.db import engine, session_scope
from layers.tables import incident
from layers.tiles import Tile
from tests.postgis.conftest import COUNTY, OTHER, OWN, SIDE, SOUTH, WEST, wkt
from tests.postgis.test_service_tiles import tile_at

Client = Callable[[str], httpx.Client]
DAY = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
CROWD = (WEST + 0.5 * SIDE, SOUTH + 0.5 * SIDE)


def rows() -> Iterator[dict[str, object]]:
    rng = np.random.default_rng(5)
    for number in range(60):
        spot = rng.normal(CROWD, 0.0015)
        # Thirty lie on one coordinate, as a geocoder's default does.
        at = shapely.Point(CROWD) if number % 2 else shapely.Point(spot)
        yield {"code": f"i{number}", "kind": "road", "title": f"路灯{number}", "tier": "local",
               "alert": "blue", "status": "found", "reported_at": DAY + dt.timedelta(days=number),
               "grid_code": f"{OWN}001", "geom": wkt(at)}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def reported(county: URL) -> None:
    with session_scope(engine(county)) as session:
        session.execute(delete(incident))
        session.execute(insert(incident), list(rows()))


def fetch(client: httpx.Client, form: str, code: str = COUNTY, query: str = "") -> httpx.Response:
    answer = client.get(f"/maps/incidents/{code}.{form}?{query}")
    assert answer.status_code == 200, answer.text
    return answer


def words(answer: httpx.Response) -> str:
    return answer.text[answer.text.index("</head>") :]


def density(answer: httpx.Response) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return the picture of the density in a file, and its box in EPSG:3857."""
    found = re.findall(
        r'L\.imageOverlay\(\s*"data:image/png;base64,([^"]+)",\s*(\[\[.*?\]\])', answer.text
    )
    image = Image.open(io.BytesIO(base64.b64decode(found[1][0]))).convert("RGBA")
    (south, west), (north, east) = (
        tuple(map(float, part.split(","))) for part in re.findall(r"\[([-\d., ]+)\]", found[1][1])
    )
    web = Transformer.from_crs(4326, 3857, always_xy=True)
    return np.asarray(image), (*web.transform(west, south), *web.transform(east, north))


def test_a_place_has_the_colour_of_its_tile(signed_in: Client) -> None:
    client = signed_in("planner")
    image, (left, bottom, right, top) = density(fetch(client, "html"))
    _, column, row = map(int, tile_at(13, CROWD).split("/"))
    sent = client.get(f"/tiles/heat/13/{column}/{row}.png")
    tile = np.asarray(Image.open(io.BytesIO(sent.content)).convert("RGBA"))
    west, south, east, north = Tile(13, column, row).window(0).bounds
    compared = 0
    for y in range(4, 256, 9):
        for x in range(4, 256, 9):
            at_x = west + (x + 0.5) / 256 * (east - west)
            at_y = north - (y + 0.5) / 256 * (north - south)
            i = int((at_x - left) / (right - left) * image.shape[1])
            j = int((top - at_y) / (top - bottom) * image.shape[0])
            if not (1 <= i < image.shape[1] - 1 and 1 <= j < image.shape[0] - 1):
                continue
            around = image[j - 1 : j + 2, i - 1 : i + 2].reshape(-1, 4)
            near = tile[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].reshape(-1, 4)
            # Inside of a class on both pictures: along its edge the two mix over their own pixels.
            if len(np.unique(around, axis=0)) == 1 and len(np.unique(near, axis=0)) == 1:
                assert np.abs(image[j, i].astype(int) - tile[y, x].astype(int)).max() <= 1
                compared += tile[y, x][3] > 0
    assert compared > 50


def test_the_legend_says_unit_number_period_and_kernel(signed_in: Client) -> None:
    text = words(fetch(signed_in("planner"), "html", query="from=2026-03-01&to=2026-03-10"))
    assert "件/平方公里" in text
    assert "n = 10 件" in text
    assert "2026-03-01 至 2026-03-10" in text
    assert "500 米" in text


def test_a_shared_coordinate_is_marked_for_who_may_see_it(signed_in: Client) -> None:
    said = "件事件在同一坐标"
    escaped = said.encode("unicode_escape").decode()
    assert escaped in words(fetch(signed_in("planner"), "html"))
    assert escaped not in words(fetch(signed_in("leader"), "html"))


def test_a_leader_finds_no_incident_in_the_source(signed_in: Client) -> None:
    title = "路灯".encode("unicode_escape").decode()
    assert title in words(fetch(signed_in("planner"), "html", OWN))
    assert title not in words(fetch(signed_in("leader"), "html", OWN))


def test_a_period_without_incidents_is_an_honest_empty_map(signed_in: Client) -> None:
    answer = fetch(signed_in("planner"), "html", query="from=2020-01-01&to=2020-12-31")
    image, _ = density(answer)
    assert not image[..., 3].any()
    assert "n = 0 件" in words(answer)
    assert "2020-01-01 至 2020-12-31" in words(answer)
    assert fetch(signed_in("planner"), "png", query="from=2020-01-01&to=2020-12-31").content


def test_nothing_of_another_area_is_drawn(signed_in: Client) -> None:
    image, _ = density(fetch(signed_in("planner"), "html", OTHER))
    assert not image[..., 3].any()
    assert signed_in("party_officer").get(f"/maps/incidents/{OTHER}.png").status_code == 403
    assert signed_in("").get(f"/maps/incidents/{OWN}.png").status_code == 401


@pytest.mark.parametrize(
    "query", ["from=2026-05-01&to=2026-04-01", "bandwidth_m=0", "bandwidth_m=900000", "kind=nix"]
)
def test_what_makes_no_sense_is_said(signed_in: Client, query: str) -> None:
    answer = signed_in("planner").get(f"/maps/incidents/{COUNTY}.png?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json()["detail_zh"]
