"""Picture tiles from the running service: what is on them, for whom, and how they are cached."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import mapbox_vector_tile
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import URL, func, update

from api.auth import ROLES, SENSITIVE
from api.db import engine, session_scope
from api.maps import pictures
from api.maps.cache import TileCache
from layers import raster
from layers.catalog import CATALOG, MOST_PICTURE_ZOOM
from layers.map_style import STYLES
from layers.style import PALETTE
from layers.tables import setting
from layers.tiles import Scope, Tile
from tests.postgis.test_service_tiles import FIRST, GAP, MIDDLE, OTHER, OWN, tile_at

Client = Callable[[str], httpx.Client]
Pixels = NDArray[np.int64]
FAR = (100.0, 20.0)
# In the first grid of the first village; in a village of the other town.
OWN_PLACE, OTHER_PLACE = (115.205, 33.505), (115.265, 33.565)
# A zoom at which each layer shows something.
ZOOM = {layer: max(12, entry.minzoom + 1) for layer, entry in CATALOG.items()}


def path(layer: str, zoom: int, place: Any = MIDDLE) -> str:
    return f"/tiles/{layer}/{tile_at(zoom, place)}.png"


def read(answer: httpx.Response) -> Pixels:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.array(Image.open(io.BytesIO(answer.content)).convert("RGBA")).astype(np.int64)


def painted(answer: httpx.Response) -> int:
    return int(np.count_nonzero(read(answer)[..., 3]))


# --- what is on them ----------------------------------------------------------------------------


@pytest.mark.parametrize("layer", CATALOG)
def test_every_layer_is_a_picture_on_a_clear_ground(layer: str, signed_in: Client) -> None:
    everyone = signed_in("administrator")
    place = {"units": (115.202, 33.502), "findings": GAP}.get(layer, FIRST)
    shown = read(everyone.get(path(layer, ZOOM[layer], place)))
    assert shown.shape == (256, 256, 4)
    assert np.count_nonzero(shown[..., 3]) > 0
    assert read(everyone.get(path(layer, ZOOM[layer], place) + "?scale=2")).shape == (512, 512, 4)
    if layer != "ground":
        assert painted(everyone.get(path(layer, ZOOM[layer], FAR))) == 0


@pytest.mark.parametrize("layer", CATALOG)
@pytest.mark.parametrize("role", ROLES)
def test_a_picture_shows_something_where_the_vector_tile_holds_something(
    layer: str, role: str, signed_in: Client
) -> None:
    """Asked of the same ground in the same detail: a picture's zoom is the vector tile's plus 1."""
    client = signed_in(role)
    if CATALOG[layer].is_sensitive and role not in SENSITIVE:
        assert client.get(path(layer, ZOOM[layer], OWN_PLACE)).status_code == 403
        return
    for place in (OWN_PLACE, OTHER_PLACE):
        zoom = max(CATALOG[layer].minzoom, 14)
        z, x, y = map(int, tile_at(zoom, place).split("/"))
        held = mapbox_vector_tile.decode(client.get(f"/tiles/{layer}/{z}/{x}/{y}.mvt").content)
        inside = [
            feature for feature in (held[layer]["features"] if held else [])
            if feature["geometry"]["type"] != "Point"
            or all(0 < at < 4096 for at in feature["geometry"]["coordinates"])
        ]  # fmt: skip
        quarters = [f"/tiles/{layer}/{z + 1}/{2 * x + i}/{2 * y + j}.png"
                    for i in (0, 1) for j in (0, 1)]  # fmt: skip
        total = sum(painted(client.get(each)) for each in quarters)
        # Of an area only the border is drawn, and none runs through either place.
        assert (total > 0) == (bool(inside) and layer != "areas"), (place, total, len(inside))


def test_a_grid_is_painted_in_its_colour_and_the_gap_is_not(signed_in: Client) -> None:
    image = read(signed_in("planner").get(path("grids", 17, OWN_PLACE)))
    kind = PALETTE["community"]
    assert image[128, 128, :3] == pytest.approx(
        [int(kind[i : i + 2], 16) for i in (1, 3, 5)], abs=1
    )
    hole = read(signed_in("planner").get(path("grids", 18, GAP)))
    assert np.count_nonzero(hole[..., 3]) == 0


def test_the_gap_is_hatched(signed_in: Client) -> None:
    image = read(signed_in("planner").get(path("findings", 18, GAP)))
    magenta = [int(PALETTE["gap"][i : i + 2], 16) for i in (1, 3, 5)]
    near = (np.abs(image[..., :3] - magenta).max(axis=2) < 30) & (image[..., 3] > 200)
    assert 0.05 < near.mean() < 0.5


# --- a whole map --------------------------------------------------------------------------------


# Where a layer has a style's name, the layer's own tiles are there.
@pytest.mark.parametrize("style", [name for name in STYLES if name not in CATALOG])
def test_a_whole_map_is_one_picture(style: str, signed_in: Client) -> None:
    planner = signed_in("planner")
    whole = painted(planner.get(path(style, 12)))
    # Of the grids the plain map shows the borders alone.
    same = [each for each in raster.sources_of(style) if (each, style) != ("grids", "plain")]
    assert whole >= max(painted(planner.get(path(source, 12))) for source in same) > 0


def test_a_whole_map_shows_the_layers_that_are_asked_for(signed_in: Client) -> None:
    planner = signed_in("planner")
    address = path("coverage", 12)
    alone = read(planner.get(f"{address}?only=grids"))
    assert np.array_equal(alone, read(planner.get(path("grids", 12))))
    two = planner.get(f"{address}?only=grids,labels")
    assert painted(two) >= np.count_nonzero(alone[..., 3])
    assert two.content != planner.get(f"{address}?only=grids").content
    assert two.content == planner.get(f"{address}?only=labels,grids").content
    assert planner.get(f"{address}?only=grids,secrets").status_code == 404
    # A layer by itself has nothing to choose from.
    assert (
        planner.get(path("grids", 12) + "?only=areas").content
        == planner.get(path("grids", 12)).content
    )


def test_a_whole_map_ends_where_the_reader_s_area_does(signed_in: Client) -> None:
    address = path("coverage", 17, OTHER_PLACE) + "?only=grids,households,findings"
    assert painted(signed_in("planner").get(address)) > 0
    assert painted(signed_in("party_officer").get(address)) == 0


# --- for whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["leader", "auditor"])
def test_who_gets_counts_sees_no_single_household(role: str, signed_in: Client) -> None:
    """His picture close by is made of the groups, and no dot stands where a household does."""
    few, many = signed_in(role), signed_in("planner")
    address = path("households", 17, OWN_PLACE)
    z, x, y = map(int, address.removesuffix(".png").split("/")[3:])
    counted = mapbox_vector_tile.decode(
        few.get(f"/tiles/households/{z - 1}/{x // 2}/{y // 2}.mvt").content
    )
    groups = counted["households"]["features"] if counted else []
    assert all(set(each["properties"]) == {"n"} for each in groups)
    dots = read(many.get(address))[..., 3] > 128
    seen = read(few.get(address))[..., 3] > 0
    assert dots.any()
    assert not np.array_equal(dots, seen)
    # At most the circles of the groups: each is no more than 14 pixels wide.
    assert seen.sum() <= len(groups) * 14 * 14


def test_an_officer_s_pictures_end_at_his_village(signed_in: Client) -> None:
    planner, officer, worker = (
        signed_in(role) for role in ("planner", "party_officer", "grid_worker")
    )
    for layer in ("grids", "households"):
        address = path(layer, 17, OTHER_PLACE)
        assert painted(planner.get(address)) > 0
        assert painted(officer.get(address)) == painted(worker.get(address)) == 0
        assert painted(officer.get(path(layer, 17, OWN_PLACE))) > 0
    findings = path("findings", 11)
    assert painted(planner.get(findings)) > painted(officer.get(findings)) > 0
    names = path("labels", 12)
    assert painted(planner.get(names)) > painted(officer.get(names)) > 0


def test_readers_of_one_scope_get_the_same_bytes(signed_in: Client) -> None:
    one, other = (signed_in(role).get(path("grids", 12)) for role in ("leader", "auditor"))
    assert one.content == other.content
    assert one.headers["etag"] == other.headers["etag"]


def test_without_a_session_there_is_no_picture(signed_in: Client) -> None:
    for address in (path("grids", 12), "/legends/grids.png"):
        answer = signed_in("").get(address)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


# --- how they are asked for ---------------------------------------------------------------------


def test_a_picture_is_tagged_and_told_unchanged(signed_in: Client) -> None:
    planner, officer = signed_in("planner"), signed_in("party_officer")
    first = planner.get(path("grids", 11))
    assert first.headers["cache-control"] == "private, no-cache"
    assert "content-encoding" not in first.headers
    assert "Cookie" in first.headers["vary"]
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = planner.get(path("grids", 11), headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = officer.get(path("grids", 11), headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


def test_a_change_makes_other_pictures_at_once(county: URL, signed_in: Client) -> None:
    planner = signed_in("planner")
    before = planner.get(path("grids", 11)).headers["etag"]
    with session_scope(engine(county)) as session:
        asked = pictures.Asked("grids", Tile(11, 0, 0), Scope())
        key = pictures.MAKERS["grids"].version(session, asked)
        now = func.to_jsonb(func.clock_timestamp())
        session.execute(update(setting).where(setting.c.key == "shapes_stamp").values(value=now))
    with session_scope(engine(county)) as session:
        assert pictures.MAKERS["grids"].version(session, asked) != key
    # The same rows make the same bytes, so the reader's copy is still right.
    assert planner.get(path("grids", 11)).headers["etag"] == before


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/tiles/secrets/10/839/410.png", 404), ("/tiles/grids/10/1024/410.png", 404),
        ("/tiles/grids/0/0/1.png", 404), ("/tiles/grids/10/839.png", 404),
        ("/legends/secrets.png", 404), ("/tiles/grids/10/839/410.jpg", 404),
        ("/tiles/grids/23/0/0.png", 422), ("/tiles/grids/10/-1/410.png", 422),
        ("/tiles/grids/10/839/410.png?scale=3", 422), ("/tiles/grids/10/839/410.png?scale=0", 422),
        ("/tiles/labels/10/839/410.png?lang=fr", 422), ("/tiles/grids.json?format=gif", 422),
    ],
)  # fmt: skip
def test_a_wrong_address_is_a_problem(address: str, status: int, signed_in: Client) -> None:
    answer = signed_in("planner").get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_names_follow_the_language_and_nothing_else_does(signed_in: Client) -> None:
    planner = signed_in("planner")
    zh, en = (planner.get(f"{path('labels', 12)}?lang={lang}").content for lang in ("zh", "en"))
    assert zh != en
    one, other = (planner.get(f"{path('grids', 12)}?lang={lang}").content for lang in ("zh", "en"))
    assert one == other


@pytest.mark.parametrize("zoom", [20, 22])
def test_the_nearest_zooms_are_drawn_too(zoom: int, signed_in: Client) -> None:
    image = read(signed_in("planner").get(path("grids", zoom, OWN_PLACE)))
    assert (image[..., 3] > 0).all()


def test_many_at_once_make_one_picture(county: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    draw = raster.tile_picture

    def counted(*arguments: Any, **options: Any) -> bytes:
        made.append(arguments[0])
        return draw(*arguments, **options)

    monkeypatch.setattr(raster, "tile_picture", counted)
    cache = TileCache()
    asked = pictures.Asked("grids", Tile(*map(int, tile_at(12, MIDDLE).split("/"))), Scope())

    def ask(_: int) -> bytes:
        with session_scope(engine(county)) as session:
            return pictures.tile(cache, session, asked)[0].body

    with ThreadPoolExecutor(8) as pool:
        bodies = set(pool.map(ask, range(24)))
    assert made == ["grids"]
    assert len(bodies) == 1


def test_tilejson_describes_pictures_where_asked(signed_in: Client) -> None:
    everyone = signed_in("administrator")
    for layer, entry in CATALOG.items():
        told = everyone.get(f"/tiles/{layer}.json?format=png").json()
        assert told["tilejson"] == "3.0.0"
        (template,) = told["tiles"]
        assert template.endswith(f"/tiles/{layer}/{{z}}/{{x}}/{{y}}.png")
        assert (told["minzoom"], told["maxzoom"]) == (entry.minzoom + 1, MOST_PICTURE_ZOOM)
        assert told["vector_layers"] == []
        z, x, y = tile_at(told["maxzoom"], OWN_PLACE).split("/")
        address = template.format(z=z, x=x, y=y)
        assert everyone.get(address).status_code == 200
    assert everyone.get("/tiles/grids.json").json()["tiles"][0].endswith(".mvt")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_legend_is_a_picture_with_its_words(lang: str, signed_in: Client) -> None:
    planner = signed_in("planner")
    small = read(planner.get(f"/legends/findings.png?lang={lang}"))
    large = read(planner.get(f"/legends/findings.png?lang={lang}&scale=2"))
    assert large.shape[0] == 2 * small.shape[0]
    assert (small[..., 3] == 255).all()
    gap = [int(PALETTE["gap"][i : i + 2], 16) for i in (1, 3, 5)]
    assert (np.abs(large[..., :3] - gap).max(axis=2) < 12).sum() > 20
    # A letter that the font lacks is drawn as a box, and all boxes are alike.
    zh, en = (planner.get(f"/legends/grids.png?lang={each}").content for each in ("zh", "en"))
    assert zh != en


def test_the_metrics_count_pictures(signed_in: Client) -> None:
    planner = signed_in("planner")
    planner.get(path("areas", 9))
    text = planner.get("/metrics").text
    assert 'layer="areas"' in text


def test_nothing_personal_is_in_a_cache_key_of_another(county: URL) -> None:
    """What one scope was shown is never another's answer, whatever else is alike."""
    cache = TileCache()
    at = Tile(*map(int, tile_at(17, OWN_PLACE).split("/")))
    bodies = []
    with session_scope(engine(county)) as session:
        for prefix, individual in (("", True), ("", False), (OWN, True), (OTHER, True)):
            asked = pictures.Asked("households", at, Scope(prefix, individual))
            packed, how = pictures.tile(cache, session, asked)
            assert how == "miss"
            bodies.append(packed.body)
    assert bodies[0] == bodies[2]
    assert bodies[0] not in (bodies[1], bodies[3])
