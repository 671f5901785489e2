"""The heat map as it is served: one value a place, for whom, kept until incidents change."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from sqlalchemy import URL, delete, func, insert, select

from api.db import engine, session_scope
from api.incidents.service import Selection, heat_map, surfaces
from layers.catalog import K_ANONYMITY
from layers.style import HEAT_OPACITY, PALETTE
from layers.tables import household, household_group, incident
from layers.tiles import Scope, Tile
from tests.postgis.conftest import COUNTY, OTHER, SIDE, SOUTH, WEST, wkt
from tests.postgis.test_service_tiles import tile_at

Client = Callable[[str], httpx.Client]
# The middle of the incidents of the first village, and of the last.
CROWD = (WEST + 0.24 * SIDE, SOUTH + 0.34 * SIDE)
FAR_CROWD = (WEST + 2.24 * SIDE, SOUTH + 2.34 * SIDE)
NOWHERE = (WEST + 0.5 * SIDE, SOUTH + 3.7 * SIDE)
MIDDLE = (115.24, 33.54)


def picture(client: httpx.Client, at: str, query: str = "") -> NDArray[np.uint8]:
    answer = client.get(f"/tiles/heat/{at}.png?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.array(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def pixel(client: httpx.Client, zoom: int, place: tuple[float, float], query: str = "") -> Any:
    """The colour at a place, as a tile of a zoom has it."""
    _, column, row = map(int, tile_at(zoom, place).split("/"))
    left, _, right, top = Tile(zoom, column, row).window(0).bounds
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(*place)
    found = picture(client, f"{zoom}/{column}/{row}", query)
    side = len(found)
    return found[int((top - y) / (right - left) * side), int((x - left) / (right - left) * side)]


def legend(client: httpx.Client, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/legends/heat.json?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def step_of(color: Any) -> int:
    """The step of the ramp that a pixel has; 0 is clear, -1 a mixture."""
    if color[3] == 0:
        return 0
    ramp = [list(bytes.fromhex(PALETTE[f"heat-{step}"][1:])) for step in range(1, 7)]
    rgb = color[:3].tolist()
    return ramp.index(rgb) + 1 if rgb in ramp and color[3] == round(HEAT_OPACITY * 255) else -1


def contours(client: httpx.Client, at: str, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/tiles/heat/{at}.mvt?{query}")
    assert answer.status_code == 200, answer.text
    found = mapbox_vector_tile.decode(answer.content)
    return list(found["heat"]["features"]) if found else []


@pytest.fixture
def one_incident(county: URL) -> Iterator[tuple[float, float]]:
    """One incident of a day of its own, at somebody's home."""
    with session_scope(engine(county)) as session:
        home = household.c.geom
        x, y = session.execute(
            select(func.ST_X(home), func.ST_Y(home)).where(household.c.code == f"{OTHER}-0000")
        ).one()
        row = {"code": "L1", "kind": "road", "title": "t", "tier": "auto", "alert": "blue",
               "status": "found", "reported_at": dt.datetime(2020, 5, 5, tzinfo=dt.UTC),
               "household_code": f"{OTHER}-0000", "grid_code": f"{OTHER}001",
               "geom": wkt(shapely.Point(x, y))}  # fmt: skip
        session.execute(insert(incident).values(row))
    yield x, y
    with session_scope(engine(county)) as session:
        session.execute(delete(incident).where(incident.c.code == "L1"))


# -- one value a place --------------------------------------------------------------------------


def test_a_place_has_one_class_at_every_zoom_and_size(signed_in: Client) -> None:
    planner = signed_in("planner")
    for place in (CROWD, FAR_CROWD, NOWHERE):
        seen = {step_of(pixel(planner, zoom, place)) for zoom in (11, 12, 14, 16, 18)}
        seen |= {step_of(pixel(planner, zoom, place, "scale=2")) for zoom in (11, 14)}
        assert len(seen - {-1}) == 1, (place, seen)
    assert step_of(pixel(planner, 14, CROWD)) == 6
    assert step_of(pixel(planner, 14, NOWHERE)) == 0


def test_the_class_is_that_of_the_surface(county: URL, signed_in: Client) -> None:
    with session_scope(engine(county)) as session:
        found = heat_map(surfaces(), session, Selection(), Scope("", individual=True))
    assert found.density is not None
    surface, scale = found.density.surface, found.density.scale
    assert surface.n == 59
    told = legend(signed_in("planner"))
    assert told["breaks"] == list(scale.breaks)
    project = Transformer.from_crs(4326, surface.frame.crs, always_xy=True)
    rng = np.random.default_rng(2)
    for place in rng.uniform((WEST, SOUTH), (WEST + 0.9 * SIDE, SOUTH + 0.9 * SIDE), (12, 2)):
        value = float(surface.at(np.array([project.transform(*place)]))[0])
        number = int(np.searchsorted(scale.breaks, value, side="right"))
        shown = step_of(pixel(signed_in("planner"), 17, tuple(place)))
        assert shown in (-1, (0, *scale.steps)[number])


def test_a_contour_and_a_pixel_agree(signed_in: Client) -> None:
    planner = signed_in("planner")
    at = tile_at(14, CROWD)
    shown = picture(planner, at)
    shapes = [
        (each["properties"], shapely.geometry.shape(each["geometry"]))
        for each in contours(planner, at)
    ]
    assert {frozenset(told) for told, _ in shapes} <= {
        frozenset({"step", "lower"}), frozenset({"step", "lower", "upper"}),
    }  # fmt: skip
    agreed = 0
    for row in range(4, 256, 9):
        for column in range(4, 256, 9):
            step = step_of(shown[row, column])
            # Some readers count from below.
            here = shapely.Point((column + 0.5) * 16, (256 - row - 0.5) * 16)
            inside = [told["step"] for told, shape in shapes if shape.contains(here)]
            near = any(shape.boundary.distance(here) < 16 for _, shape in shapes)
            if step >= 0 and not near:
                assert inside == ([step] if step else [])
                agreed += 1
    assert agreed > 200


def test_rates_have_another_unit_and_the_same_places(signed_in: Client) -> None:
    planner = signed_in("planner")
    told = legend(planner, "per=households")
    assert told["value_unit"]["en"] == "incidents per 1,000 households"
    assert told["breaks"] != legend(planner)["breaks"]
    assert step_of(pixel(planner, 14, CROWD, "per=households")) == 6


def test_a_filter_makes_its_own_map(signed_in: Client) -> None:
    planner = signed_in("planner")
    whole, noise = legend(planner), legend(planner, "kind=noise&from=2026-01-01&to=2026-12-31")
    assert (whole["n"], noise["n"]) == (60, 13)
    assert noise["breaks"] != whole["breaks"]
    said = [note["en"] for note in noise["notes"]]
    assert "2026-01-01 to 2026-12-31" in said
    assert "Kind: noise" in said
    assert any("20 or more" in note["en"] for note in whole["notes"])


def test_a_wider_kernel_is_lower(signed_in: Client) -> None:
    planner = signed_in("planner")
    narrow, wide = (legend(planner, f"bandwidth_m={h}")["breaks"] for h in (300, 1200))
    assert max(wide) < max(narrow) / 4


# -- what cannot be drawn -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/legends/heat.json", "/tiles/heat/12/3358/1643.mvt",
                                  "/tiles/heat/12/3358/1643.png"])  # fmt: skip
@pytest.mark.parametrize(
    ("bandwidth", "words", "words_zh"),
    [
        ("0", "positive number", "正数"),
        ("-3", "positive number", "正数"),
        ("nan", "positive number", "正数"),
        ("1", "Ask for 17 m or more", "请用 17 米以上"),
        ("90000", "larger than the area", "大于范围"),
    ],
)
def test_a_bandwidth_that_cannot_be_drawn_says_which_could(
    path: str, bandwidth: str, words: str, words_zh: str, signed_in: Client
) -> None:
    answer = signed_in("planner").get(f"{path}?bandwidth_m={bandwidth}")
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert words_zh in answer.json()["detail_zh"]


def test_a_period_without_incidents_is_an_honest_empty_map(signed_in: Client) -> None:
    planner = signed_in("planner")
    query = "from=2031-01-01&to=2031-12-31"
    told = legend(planner, query)
    assert (told["n"], told["items"], told["suppressed"]) == (0, [], False)
    assert {"zh": "该条件下没有事件", "en": "There are no such incidents"} in told["notes"]
    assert not picture(planner, tile_at(12, CROWD), query).any()
    assert contours(planner, tile_at(12, CROWD), query) == []
    drawn = planner.get(f"/legends/heat.svg?{query}").text
    assert "该条件下没有事件" in drawn


def test_one_incident_has_a_map(one_incident: tuple[float, float], signed_in: Client) -> None:
    query = "to=2020-12-31"
    told = legend(signed_in("planner"), query)
    assert told["n"] == 1
    assert len(told["breaks"]) >= 3
    assert step_of(pixel(signed_in("planner"), 16, one_incident, query)) == 6


def test_beyond_the_county_nothing_is_drawn(signed_in: Client) -> None:
    planner = signed_in("planner")
    assert not picture(planner, "12/0/0").any()
    assert not picture(planner, tile_at(14, (WEST - 0.05, SOUTH))).any()
    assert planner.get("/tiles/heat/3/9/0.png").status_code == 404


# -- for whom -----------------------------------------------------------------------------------


def test_a_readers_map_ends_at_his_area_and_counts_what_is_in_it(signed_in: Client) -> None:
    planner, officer, worker = (signed_in(r) for r in ("planner", "party_officer", "grid_worker"))
    assert legend(officer)["n"] == legend(worker)["n"] == 40
    assert legend(officer)["breaks"] == legend(planner)["breaks"]
    for reader in (officer, worker):
        assert step_of(pixel(reader, 14, CROWD)) == step_of(pixel(planner, 14, CROWD))
        assert step_of(pixel(reader, 14, FAR_CROWD)) == 0
        assert contours(reader, tile_at(14, FAR_CROWD)) == []
    assert legend(planner, f"area={OTHER}")["n"] == 14
    assert step_of(pixel(planner, 14, CROWD, f"area={OTHER}")) == 0
    assert step_of(pixel(planner, 14, FAR_CROWD, f"area={OTHER}")) > 0
    # One grid's edge cuts the crowd's hill: half of it is another grid's, and is not his.
    beyond = (WEST + 1.05 * SIDE, SOUTH + 0.3 * SIDE)
    assert step_of(pixel(worker, 15, beyond)) == 0


@pytest.mark.parametrize("role", ["leader", "auditor"])
def test_too_few_to_tell_are_not_drawn_for_who_gets_counts(
    role: str, one_incident: tuple[float, float], signed_in: Client
) -> None:
    reader, query = signed_in(role), "to=2020-12-31"
    told = legend(reader, query)
    assert (told["n"], told["suppressed"], told["items"]) == (None, True, [])
    assert not picture(reader, tile_at(14, one_incident), query).any()
    assert contours(reader, tile_at(14, one_incident), query) == []
    # In an area with fewer than ten the county's surface is not shown either.
    assert legend(reader, f"area={COUNTY}001002")["n"] is None


def test_no_hill_of_who_gets_counts_stands_on_a_home(county: URL) -> None:
    with session_scope(engine(county)) as session:
        kept = surfaces()
        whole = heat_map(kept, session, Selection(), Scope(""))
        exact = heat_map(kept, session, Selection(), Scope("", individual=True))
        groups = session.execute(
            select(func.ST_X(household_group.c.geom_3857), func.ST_Y(household_group.c.geom_3857))
        ).all()
    assert whole.density is not None
    assert exact.density is not None
    surface = whole.density.surface
    # The sum over the groups' middles, and of nothing else.
    spots = np.array(groups, dtype=float)
    to_metric = Transformer.from_crs(3857, surface.frame.crs, always_xy=True)
    spots = np.column_stack(to_metric.transform(spots[:, 0], spots[:, 1]))
    row, column = np.unravel_index(np.argmax(surface.values), surface.values.shape)
    frame = surface.frame
    peak = np.array([frame.left, frame.bottom]) + (np.array([column, row]) + 0.5) * frame.cell_m
    assert np.hypot(*(spots - peak).T).min() < 2 * frame.cell_m
    assert surface.n == exact.density.surface.n == 59
    assert not np.allclose(surface.values, exact.density.surface.values)


@pytest.mark.parametrize("role", ["leader", "auditor"])
@pytest.mark.parametrize("zoom", [8, 11, 12, 14, 16, 18])
def test_who_gets_counts_never_gets_fewer_than_ten_nor_an_exact_place(
    role: str, zoom: int, signed_in: Client
) -> None:
    reader, found = signed_in(role), []
    for place in (CROWD, FAR_CROWD, (CROWD[0], CROWD[1] + 0.001), MIDDLE):
        answer = reader.get(f"/tiles/incidents/{tile_at(zoom, place)}.mvt")
        tile = mapbox_vector_tile.decode(answer.content)
        found += tile["incidents"]["features"] if tile else []
    for feature in found:
        assert set(feature["properties"]) == {"n"}
        assert feature["properties"]["n"] >= K_ANONYMITY
    if zoom <= 14:
        assert {feature["properties"]["n"] for feature in found} == {14, 39}


def test_whole_cells_are_counted_whatever_tile_they_are_asked_from(signed_in: Client) -> None:
    """Over all tiles of a zoom, each incident with a place is counted once."""
    planner = signed_in("planner")
    for zoom in (8, 9, 10, 11):
        corners = [(WEST + i * SIDE, SOUTH + j * SIDE) for i in range(-1, 6) for j in range(-1, 6)]
        total = 0
        for at in {tile_at(zoom, place) for place in corners}:
            tile = mapbox_vector_tile.decode(planner.get(f"/tiles/incidents/{at}.mvt").content)
            total += sum(
                each["properties"]["n"]
                for each in (tile["incidents"]["features"] if tile else [])
                if all(0 <= c < 4096 for c in each["geometry"]["coordinates"])
            )
        assert total == 59, zoom


def test_who_sees_households_gets_points_with_their_marks(signed_in: Client) -> None:
    at = tile_at(14, CROWD)

    def features(role: str, query: str = "") -> list[dict[str, Any]]:
        answer = signed_in(role).get(f"/tiles/incidents/{at}.mvt?{query}")
        tile = mapbox_vector_tile.decode(answer.content)
        return [each["properties"] for each in tile["incidents"]["features"]] if tile else []

    found = features("planner")
    assert len(found) == 39
    assert {each["symbol"] for each in found} == {"alert-blue", "alert-yellow", "alert-red"}
    assert sorted({each["stacked"] for each in found}) == [1, 20]
    assert all(each["title"].startswith("事件0-") for each in found)
    assert len(features("planner", "kind=noise")) == 8
    assert len(features("grid_worker")) == len(features("party_officer")) == 39
    assert features("planner", f"area={OTHER}") == []
