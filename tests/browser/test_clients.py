"""Our tiles in other people's hands: the README's snippets in Leaflet, OpenLayers, MapLibre, GDAL.

Each page is one that somebody else might write: it stands at the service's address, loads its
library from there, and knows nothing of our page.
"""

import io
import json
import mimetypes
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.windows
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, Route

from api.app import WEB
from layers.sketch import mercator
from layers.style import GRID_KINDS, PALETTE
from tests.browser.conftest import Visit
from tests.browser.test_journeys import wait_for
from tests.serving import Service

Start = Callable[..., Visit]
Pixels = NDArray[np.int64]
ROOT = Path(WEB).parents[2]
MODULES = Path(WEB).parent / "node_modules"
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/clients/{css}">
<style>html, body, #map {{ height: 100%; margin: 0; background: {ground} }}</style>
<div id="map"></div>{head}</html>"""
CLASSIC = '<script src="/clients/{library}"></script><script>{snippet}</script>'
MODULE = """<script type="module">import * as maplibregl from "/clients/{library}";
maplibregl.setWorkerUrl("/clients/maplibre-gl/dist/maplibre-gl-worker.mjs");
{snippet}</script>"""
CLIENTS = {
    "Leaflet": ("leaflet/dist/leaflet.js", "leaflet/dist/leaflet.css", CLASSIC),
    "OpenLayers": ("ol/dist/ol.js", "ol/ol.css", CLASSIC),
    "MapLibre": ("maplibre-gl/dist/maplibre-gl.mjs", "maplibre-gl/dist/maplibre-gl.css", MODULE),
}
# What each is expected to ask for.
ASKED = {
    "Leaflet": {("grids", "png"), ("ground", "png"), ("areas", "png"), ("findings", "png"),
                ("labels", "png")},
    "OpenLayers": {("plain", "png"), ("grids", "mvt")},
    "MapLibre": {("plain", "png"), ("grids", "mvt")},
}  # fmt: skip


# How many pixels of what each shows: our pictures' colours, and vectors in the client's own.
OWN_COLOUR = "#2b5c93"
LEAST = {
    "Leaflet": {"kinds": 10_000, "gap": 20, "town": 20},
    "OpenLayers": {"town": 20, "own": 500},
    "MapLibre": {"town": 20, "own": 500},
}


def snippets(language: str, readme: str = "README.md") -> list[str]:
    """Read the code that the README shows under its heading about tiles."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    heading = {"README.md": "## Use the tiles", "README.zh.md": "## 使用瓦片"}[readme]
    section = text.split(heading)[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)


def page_of(name: str, place: tuple[float, float]) -> str:
    """Put a client's snippet on a page, over the middle of the sample instead of the README's."""
    library, css, script = CLIENTS[name]
    (snippet,) = (each for each in snippets("js") if each.startswith(f"// {name}"))
    for lon, lat in (("115.33", "33.6"),):
        assert lon in snippet
        snippet = snippet.replace(lon, str(place[0])).replace(lat, str(place[1]))
    head = script.format(library=library, snippet=snippet)
    return PAGE.format(name=name, css=css, head=head, ground=PALETTE["ground"])


def opened(visit: Start, name: str, place: tuple[float, float], role: str = "planner") -> Visit:
    at = visit("desktop", "zh", role=role)

    def answer(route: Route) -> None:
        path = route.request.url.split("/clients/")[1]
        if path.endswith(".html"):
            route.fulfill(body=page_of(name, place), content_type="text/html")
        else:
            kind = "text/javascript" if path.endswith("js") else mimetypes.guess_type(path)[0]
            route.fulfill(body=(MODULES / path).read_bytes(), content_type=kind or "")

    at.page.context.route("**/clients/**", answer)
    # Its own page first, so that nothing of it is still under way.
    at.page.goto("about:blank")
    at.requested.clear()
    at.page.goto(f"{at.address}/clients/{name}.html")
    at.page.wait_for_load_state("networkidle")
    return at


def asked_for(at: Visit) -> set[tuple[str, str]]:
    found = (re.search(r"/tiles/(\w+)/\d+/\d+/\d+\.(\w+)", url) for url in at.requested)
    return {match.groups() for match in found if match}  # type: ignore[misc]


def seen(page: Page) -> Pixels:
    return np.array(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(np.int64)


def count(image: Pixels, colour: str, opacity: float = 1.0) -> int:
    """Count the pixels of a colour, over the page's ground where it is translucent."""
    over, under = (
        np.array([int(each[at : at + 2], 16) for at in (1, 3, 5)])
        for each in (colour, PALETTE["ground"])
    )
    wanted = over * opacity + under * (1 - opacity)
    return int((np.abs(image - wanted).max(axis=2) <= 4).sum())


@pytest.fixture(scope="module")
def place(sample: Service) -> tuple[float, float]:
    """The gravest gap of the sample."""
    with sample.client("planner") as client:
        found = client.get("/api/coverage/findings?rule=C101&limit=1&sort=area_m2").json()
    lon, lat = found["findings"][0]["point"]
    return lon, lat


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_shows_our_tiles(name: str, visit: Start, place: tuple[float, float]) -> None:
    at = opened(visit, name, place)
    wait_for(at.page, lambda: asked_for(at) == ASKED[name], f"all tiles of {name}")
    at.page.wait_for_load_state("networkidle")
    # The client draws some frames after the last tile has come.
    for _ in range(20):
        image = seen(at.page)
        found = {
            "kinds": sum(count(image, PALETTE[kind], 0.62) for kind in GRID_KINDS),
            "gap": count(image, PALETTE["gap"]),
            "town": count(image, PALETTE["town"]),
            "own": count(image, OWN_COLOUR),
        }
        enough = LEAST[name]
        if all(found[key] >= n for key, n in enough.items()):
            return
        at.page.wait_for_timeout(500)
    pytest.fail(f"{name} shows {found}, at least {enough} was expected")


@pytest.mark.parametrize("name", ["Leaflet", "OpenLayers"])
def test_a_client_shows_a_reader_his_own_area(name: str, visit: Start, sample: Service) -> None:
    with sample.client("party_officer") as client:
        west, south, east, north = client.get("/api/session").json()["bbox"]
    at = opened(visit, name, ((west + east) / 2, (south + north) / 2), role="party_officer")
    wait_for(at.page, lambda: asked_for(at) == ASKED[name], f"all tiles of {name}")
    image = seen(at.page)
    # His village, and clear ground around it.
    assert count(image, PALETTE["ground"]) > 0.5 * image.shape[0] * image.shape[1]


def test_both_readmes_show_the_same_snippets() -> None:
    for language in ("js", "python", "xml"):
        assert snippets(language) == snippets(language, "README.zh.md") != []
    assert [each.split(":")[0].removeprefix("// ") for each in snippets("js")] == list(CLIENTS)


# --- GDAL ---------------------------------------------------------------------------------------


# A process of its own, as somebody else's is: the service keeps its GDAL away from the network.
READER = """
import json, sys, pyogrio
address, session, bbox = json.loads(sys.argv[1])
bbox = tuple(bbox)
{snippet}
print(json.dumps([grids.crs.to_epsg(), sorted(set(grids["code"])), sorted(set(grids["kind"]))]))
"""


def session_of(sample: Service, role: str) -> tuple[str, str, tuple[float, ...]]:
    """Return what the README's snippets need: the address, a session, and the reader's box."""
    with sample.client(role) as client:
        west, south, east, north = client.get("/api/session").json()["bbox"]
        bbox = mercator((west, south, east, north))
        return sample.address, client.cookies["wangge_session"], bbox


def read_with_gdal(sample: Service, role: str) -> tuple[int, list[str], list[str]]:
    (snippet,) = snippets("python")
    command = [sys.executable, "-c", READER.format(snippet=snippet)]
    done = subprocess.run(
        [*command, json.dumps(session_of(sample, role))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    crs, codes, kinds = json.loads(done.stdout)
    return crs, codes, kinds


def test_gdal_reads_the_vector_tiles(sample: Service) -> None:
    crs, codes, kinds = read_with_gdal(sample, "planner")
    with sample.client("planner") as client:
        total = client.get("/api/coverage").json()["summary"]["grids"]
    assert crs == 3857
    assert len(codes) == total
    assert set(kinds) == set(GRID_KINDS)
    _, own, _ = read_with_gdal(sample, "party_officer")
    assert 0 < len(own) < total
    assert len({code[:12] for code in own}) == 1


def test_gdal_reads_the_pictures(sample: Service, tmp_path: Path) -> None:
    (snippet,) = snippets("xml")
    file = tmp_path / "wangge.xml"
    file.write_text(snippet.replace("ADDRESS", sample.address), encoding="utf-8")
    _, session, bbox = session_of(sample, "planner")
    cookie = f"wangge_session={session}"
    with rasterio.Env(GDAL_HTTP_COOKIE=cookie), rasterio.open(file) as pictures:
        assert pictures.crs.to_epsg() == 3857
        window = rasterio.windows.from_bounds(*bbox, pictures.transform)
        bands = pictures.read(window=window, out_shape=(4, 400, 600))
    image = np.moveaxis(bands, 0, 2).astype(np.int64)
    kinds = [
        np.abs(image[..., :3] - [int(PALETTE[kind][at : at + 2], 16) for at in (1, 3, 5)])
        .max(axis=2) <= 3
        for kind in GRID_KINDS
    ]  # fmt: skip
    assert sum(each.mean() for each in kinds) > 0.15
    assert 0.2 < (image[..., 3] > 0).mean() <= 1
