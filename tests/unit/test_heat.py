"""One place has one value in every picture: tiles of any zoom, files and contours alike."""

import io
import itertools

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy.dialects import postgresql

from geo.density import Surface, frame_of, kernel_surface, ratio
from layers.contours import contour_statement, contours
from layers.heat import (
    Scale,
    heat_image,
    heat_scale,
    heat_tile,
    in_web,
    pixel_places,
    readable,
    web_area,
)
from layers.style import HEAT_OPACITY, HEAT_STEPS, PALETTE
from layers.tiles import Tile
from tests.unit.test_style import BLINDNESS, lab, linear

CRS = pyproj.CRS(4547)
# A dented county of 12 × 10 km at 115.2°E, 33.5°N, in metres of EPSG:4547.
ORIGIN = np.array([611_000.0, 3_708_000.0])
AREA = shapely.transform(
    shapely.Polygon([(0, 0), (12_000, 1000), (10_000, 9000), (6000, 6500), (1000, 10_000)]),
    lambda vertices: vertices + ORIGIN,
)
ALPHA = round(HEAT_OPACITY * 255)


def crowd(n: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middles = rng.uniform((1500, 2500), (9000, 6000), (6, 2))
    near = middles[rng.integers(0, 6, n)] + rng.normal(0, 700, (n, 2))
    return ORIGIN + np.vstack([near, rng.uniform((0, 0), (12_000, 10_000), (n, 2))])


@pytest.fixture(scope="module")
def surface() -> Surface:
    return kernel_surface(crowd(400), frame_of(AREA, CRS, 500))


@pytest.fixture(scope="module")
def scale(surface: Surface) -> Scale:
    return heat_scale(surface)


@pytest.fixture(scope="module")
def clip(surface: Surface) -> shapely.Geometry:
    return web_area(surface)


def tile_of(place: shapely.Point, zoom: int) -> Tile:
    world = 2 * np.pi * 6378137.0
    side = world / 2**zoom
    return Tile(zoom, int((place.x + world / 2) // side), int((world / 2 - place.y) // side))


def tiles_over(clip: shapely.Geometry, zoom: int, n: int = 3) -> list[Tile]:
    """Tiles of a zoom that the area reaches into, of its middle and of some corners."""
    corners = shapely.get_coordinates(clip)[:-1]
    places = [clip.representative_point(), *(shapely.Point(at) for at in corners)]
    return list(dict.fromkeys(tile_of(place, zoom) for place in places))[:n]


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def true_values(surface: Surface, bounds: tuple[float, ...], side: int) -> np.ndarray:
    """The surface at the middle of each pixel, every one of them projected exactly."""
    left, _, right, top = bounds
    pixel = (right - left) / side
    x, y = np.meshgrid(
        left + (np.arange(side) + 0.5) * pixel, top - (np.arange(side) + 0.5) * pixel
    )
    there = pyproj.Transformer.from_crs(3857, CRS, always_xy=True).transform(x, y)
    return surface.at(np.dstack(there).reshape(-1, 2)).reshape(side, side)


def expected_class(values: np.ndarray, scale: Scale) -> np.ndarray:
    return np.searchsorted(scale.breaks, values, side="right")


def shown_class(pixels: np.ndarray, scale: Scale) -> np.ndarray:
    """The class of each pixel by its colour; -1 where it is a mixture."""
    found = np.where(pixels[..., 3] == 0, 0, -1)
    for number, color in enumerate(scale.colors, 1):
        rgb = np.array([*bytes.fromhex(color[1:])])
        found[(pixels[..., :3] == rgb).all(axis=-1) & (pixels[..., 3] == ALPHA)] = number
    return found


# -- one value everywhere -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zoom", "side"), [(8, 256), (10, 256), (11, 512), (12, 256), (14, 512), (17, 256)]
)
def test_a_pixel_has_the_colour_of_the_value_at_its_middle(
    zoom: int, side: int, surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    judged = 0
    for tile in tiles_over(clip, zoom):
        left, bottom, right, top = tile.window(0).bounds
        pixel = (right - left) / side
        shown = shown_class(decoded(heat_tile(surface, tile, scale, clip, side=side)), scale)
        expected = expected_class(true_values(surface, (left, bottom, right, top), side), scale)
        x = left + (np.arange(side) + 0.5) * pixel
        y = top - (np.arange(side) + 0.5) * pixel
        within, about = (
            shapely.contains_xy(clip.buffer(far * pixel, join_style="mitre"), *np.meshgrid(x, y))
            for far in (-1.5, 1.5)
        )
        assert (shown[~about] == 0).all()
        clear = within & (shown >= 0)
        assert (shown[clear] == expected[clear]).all()
        # A mixture stands only where a break runs through the pixel.
        mixed = within & (shown < 0)
        levels = [np.roll(expected, (down, over), (0, 1)) for down, over in
                  itertools.product((-1, 0, 1), repeat=2)]  # fmt: skip
        uneven = np.ptp(levels, axis=0) > 0
        uneven[[0, -1]] = uneven[:, [0, -1]] = True
        assert uneven[mixed].all()
        judged += int(clear.sum())
    assert judged > (20 if zoom == 8 else 500)


def test_a_file_and_a_tile_agree_at_every_place(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    left, bottom, right, top = clip.bounds
    picture = shown_class(heat_image(surface, clip.bounds, 900, 700, scale, clip), scale)
    seen = 0
    for tile in tiles_over(clip, 12):
        tile_left, _, tile_right, tile_top = tile.window(0).bounds
        pixel = (tile_right - tile_left) / 256
        shown = shown_class(decoded(heat_tile(surface, tile, scale, clip)), scale)
        for row, column in itertools.product(range(3, 256, 23), repeat=2):
            x, y = tile_left + (column + 0.5) * pixel, tile_top - (row + 0.5) * pixel
            across, down = (x - left) / (right - left) * 900, (top - y) / (top - bottom) * 700
            if not (3 < across < 897 and 3 < down < 697) or shown[row, column] < 0:
                continue
            around = picture[int(down) - 1 : int(down) + 2, int(across) - 1 : int(across) + 2]
            seen += 1
            assert shown[row, column] in around or -1 in around
    assert seen > 100


def test_a_picture_and_its_png_are_the_same(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    for tile in tiles_over(clip, 11):
        picture = heat_image(surface, tile.window(0).bounds, 256, 256, scale, clip)
        shown = decoded(heat_tile(surface, tile, scale, clip))
        assert (picture[..., 3] == shown[..., 3]).all()
        visible = picture[..., 3] > 0
        assert (picture[visible] == shown[visible]).all()


@pytest.mark.parametrize("zoom", [3, 6, 8, 10, 13, 18])
def test_places_between_the_lattice_are_projected_to_a_tenth_of_a_cell(zoom: int) -> None:
    tile = Tile(zoom, int(2**zoom * (115.2 + 180) / 360), int(2**zoom * 0.4005))
    left, bottom, right, top = tile.window(0).bounds
    x, y = np.meshgrid(
        left + (np.arange(256) + 0.5) / 256 * (right - left),
        top - (np.arange(256) + 0.5) / 256 * (top - bottom),
    )
    exact = np.dstack(pyproj.Transformer.from_crs(3857, CRS, always_xy=True).transform(x, y))
    found = pixel_places(tile.window(0).bounds, 256, 256, CRS)
    # The smallest cell of a county is some 25 m.
    assert np.abs(found - exact)[np.isfinite(exact)].max() < 0.5


# -- no seam ------------------------------------------------------------------------------------


@pytest.mark.parametrize("zoom", [10, 12, 14])
def test_no_step_at_a_tiles_edge_is_larger_than_the_largest_inside(
    zoom: int, surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    rng = np.random.default_rng(zoom)
    left, bottom, right, top = clip.bounds
    for x, y in rng.uniform((left, bottom), (right, top), (4, 2)):
        tile = tile_of(shapely.Point(x, y), zoom)
        for beside, axis in (
            (Tile(zoom, tile.x + 1, tile.y), 1),
            (Tile(zoom, tile.x, tile.y + 1), 0),
        ):
            one, other = (
                decoded(heat_tile(surface, each, scale, clip)).astype(int)
                for each in (tile, beside)
            )
            both = np.concatenate([one, other], axis=axis)
            both[both[..., 3] == 0] = 0
            step = np.abs(np.diff(both, axis=axis)).max(axis=-1)
            at_edge = step.take(255, axis=axis)
            assert at_edge.max() <= np.delete(step, 255, axis=axis).max()


def test_two_tiles_are_one_picture_cut_in_two(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    for tile in tiles_over(clip, 12):
        beside = Tile(12, tile.x + 1, tile.y)
        left, bottom, _, top = tile.window(0).bounds
        whole = heat_image(surface, (left, bottom, beside.window(0).bounds[2], top), 512, 256,
                           scale, clip)  # fmt: skip
        halves = [
            heat_image(surface, each.window(0).bounds, 256, 256, scale, clip)
            for each in (tile, beside)
        ]
        # The lattice of the projection lies elsewhere: some decimetres, so hardly ever a shade.
        differing = (whole != np.concatenate(halves, axis=1)).any(axis=-1)
        assert differing.mean() < 0.002


# -- classes ------------------------------------------------------------------------------------


def test_classes_rise_from_clear_to_the_darkest(surface: Surface, scale: Scale) -> None:
    values = surface.values[surface.frame.inside]
    assert 3 <= len(scale.breaks) <= HEAT_STEPS
    assert list(scale.breaks) == sorted(set(scale.breaks))
    assert scale.breaks[-1] < values.max()
    assert scale.colors[-1] == PALETTE[f"heat-{HEAT_STEPS}"]
    shares = np.bincount(expected_class(values, scale)) / len(values)
    assert 0.25 < shares[0] < 0.75
    assert (shares > 0).all()


@given(st.floats(1e-9, 1e9))
def test_a_readable_number_is_near_and_stays(value: float) -> None:
    found = readable(value)
    assert readable(found) == found
    assert abs(found / value - 1) < 0.25
    assert len(f"{found:.6g}".replace(".", "").strip("0").split("e")[0]) <= 2


@pytest.mark.parametrize("n", [1, 2, 100_000])
def test_one_place_alone_has_a_map(n: int, clip: shapely.Geometry) -> None:
    at = np.repeat(ORIGIN[None] + 5000, n, axis=0)
    surface = kernel_surface(at, frame_of(AREA, CRS, 500))
    scale = heat_scale(surface)
    assert len(scale.breaks) >= 3
    left, bottom, right, top = clip.bounds
    picture = heat_image(surface, clip.bounds, 240, 200, scale, clip)
    row, column = np.unravel_index(np.argmax(picture[..., 3] > 0), (200, 240))
    assert picture[row, column, 3] > 0
    middle = np.array(shapely.get_coordinates(in_web(shapely.Point(at[0]), CRS))[0])
    x, y = ((middle - (left, top)) / ((right - left) / 240, (bottom - top) / 200)).astype(int)
    assert shown_class(picture, scale)[y, x] == len(scale.breaks)


def test_no_incident_is_an_empty_map(clip: shapely.Geometry) -> None:
    surface = kernel_surface(np.empty((0, 2)), frame_of(AREA, CRS, 500))
    scale = heat_scale(surface)
    assert scale.breaks == ()
    assert not heat_image(surface, clip.bounds, 50, 40, scale, clip).any()
    assert not decoded(heat_tile(surface, tiles_over(clip, 11)[0], scale, clip))[..., 3].any()
    assert contours(surface, scale, clip) == []


def test_an_even_rate_is_still_drawn(clip: shapely.Geometry) -> None:
    households = kernel_surface(crowd(3000), frame_of(AREA, CRS, 500))
    scale = heat_scale(ratio(households, households))
    assert len(scale.breaks) == 1
    assert scale.breaks[0] < 1000


def test_where_nobody_lives_no_rate_is_drawn(clip: shapely.Geometry) -> None:
    frame = frame_of(AREA, CRS, 500)
    homes = crowd(3000)
    homes = homes[homes[:, 0] < ORIGIN[0] + 4000]
    rate = ratio(kernel_surface(crowd(200), frame), kernel_surface(homes, frame))
    scale = heat_scale(rate)
    east = shapely.box(ORIGIN[0] + 8000, ORIGIN[1] + 2000, ORIGIN[0] + 9000, ORIGIN[1] + 4000)
    picture = heat_image(rate, in_web(east, CRS).bounds, 64, 64, scale, clip)
    assert not picture[..., 3].any()
    for band in contours(rate, scale, clip):
        assert not band.shape.intersects(in_web(east, CRS))


def test_a_readers_area_ends_the_picture(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    left, bottom, right, top = clip.bounds
    own = shapely.box(left, bottom, (left + right) / 2, (bottom + top) / 2)
    whole = heat_image(surface, clip.bounds, 256, 256, scale, clip)
    part = heat_image(surface, clip.bounds, 256, 256, scale, own.intersection(clip))
    assert not part[:127, :, 3].any()
    assert not part[:, 129:, 3].any()
    inner = (slice(129, None), slice(None, 127))
    assert (part[inner] == whole[inner]).all()
    far = heat_image(surface, (0.0, 0.0, 1000.0, 1000.0), 16, 16, scale, clip)
    assert not far.any()


# -- contours -----------------------------------------------------------------------------------


def test_a_place_lies_in_the_contour_of_its_class(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    bands = contours(surface, scale, clip)
    xy = crowd(2000, seed=4)
    xy = xy[surface.frame.holds(xy)]
    places = shapely.get_coordinates(in_web(shapely.MultiPoint(xy), CRS))
    values = surface.at(xy)
    for band in bands:
        upper = np.inf if band.upper is None else band.upper
        # Lines run straight from cell to cell, so a place right beside one may be on either side.
        sure = (values > band.lower * 1.01) & (values < upper * 0.99)
        assert shapely.contains_xy(band.shape, places[sure]).all()
        sure = (values < band.lower * 0.99) | (values > upper * 1.01)
        assert not shapely.contains_xy(band.shape, places[sure]).any()
    assert [band.lower for band in bands] == list(scale.breaks)
    assert [band.step for band in bands] == list(scale.steps)
    assert bands[-1].upper is None


def test_contours_are_closed_at_the_border_and_do_not_overlap(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    bands = contours(surface, scale, clip)
    shapes = [band.shape for band in bands]
    assert all(shapely.is_valid(shape) for shape in shapes)
    assert shapely.difference(shapely.union_all(shapes), clip.buffer(1e-6)).is_empty
    overlap = sum(a.intersection(b).area for a, b in itertools.combinations(shapes, 2))
    assert overlap < 1e-6 * clip.area
    own = shapely.box(*clip.centroid.buffer(2000).bounds)
    assert all(band.shape.within(own.buffer(1e-6)) for band in contours(surface, scale, own))


def test_contours_of_a_tile_are_bound_and_far_away_there_are_none(
    surface: Surface, scale: Scale, clip: shapely.Geometry
) -> None:
    bands = contours(surface, scale, clip)
    statement = contour_statement(bands, tiles_over(clip, 12)[0])
    assert statement is not None
    assert "ST_AsMVT" in str(statement.compile(dialect=postgresql.dialect()))
    assert contour_statement(bands, Tile(12, 0, 0)) is None
    assert contour_statement([], Tile(0, 0, 0)) is None


# -- colours ------------------------------------------------------------------------------------


def test_the_ramp_is_even_to_the_eye() -> None:
    colors = [lab(linear(PALETTE[f"heat-{step}"])) for step in range(1, HEAT_STEPS + 1)]
    lightness = [color[0] for color in colors]
    steps = -np.diff(lightness)
    assert steps.min() > 12
    assert steps.max() - steps.min() < 1


@pytest.mark.parametrize("eye", BLINDNESS)
def test_neighbouring_classes_differ_to_a_colour_blind_eye(eye: str) -> None:
    seen = [
        lab(np.array(BLINDNESS[eye]) @ linear(PALETTE[f"heat-{step}"]))
        for step in range(1, HEAT_STEPS + 1)
    ]
    for one, other in itertools.pairwise(seen):
        assert np.linalg.norm(one - other) > 12
