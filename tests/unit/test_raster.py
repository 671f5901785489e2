"""Pictures: in the look of the live map, seamless, safe in threads, and nobody else's business."""

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image

from geo.generalize import WORLD_M
from layers import labels, mapnik_style, raster
from layers.catalog import CATALOG
from layers.expressions import Place, UnknownExpressionError, evaluate
from layers.map_style import STYLES, style_document
from layers.mapnik_engine import symbol_file
from layers.style import IMAGES, PALETTE
from layers.svg_png import OutsideReferenceError, svg_png
from layers.tiles import Tile
from tests.unit.pictured_county import ORIGIN, everything, rows_near

Pixels = NDArray[np.int64]
LANGUAGES = ("zh", "en")


def pixels(png: bytes) -> Pixels:
    """Read a picture, its colours multiplied by their opacity: what is clear has none."""
    image = np.array(Image.open(io.BytesIO(png)).convert("RGBA")).astype(np.int64)
    image[..., :3] = image[..., :3] * image[..., 3:] // 255
    return image


def rgb(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def block(z: int, side: int = 2) -> list[list[Tile]]:
    """Tiles around the pictured county's origin, by row: it lies on the corner in their middle."""
    x, y = (round(part * 2**z) for part in ORIGIN)
    half = side // 2
    return [[Tile(z, x + i, y + j) for i in range(-half, half)] for j in range(-half, half)]


def tiles(layer: str, z: int, scale: int = 1) -> Pixels:
    """Draw a block of tiles, each from its own rows, and put them side by side."""

    def drawn(tile: Tile) -> Pixels:
        rows = rows_near(layer, raster.tile_window(tile))
        if layer == "labels":
            placed = raster.place(layer, everything(z)["labels"], raster.tile_zoom(tile), "zh")
            return pixels(raster.label_tile(placed, tile, scale=scale))
        return pixels(raster.tile_picture(layer, rows, tile, scale=scale))

    return np.vstack([np.hstack([drawn(tile) for tile in row]) for row in block(z)])


# --- no seam -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("z", "scale"), [(11, 1), (13, 2), (15, 1), (16, 2)])
@pytest.mark.parametrize("layer", CATALOG)
def test_tiles_are_one_picture_cut(layer: str, z: int, scale: int) -> None:
    """Four tiles, each drawn from its own rows, are the picture drawn in one go."""
    parts = tiles(layer, z, scale)
    first, last = block(z)[0][0], block(z)[1][1]
    (west, _, _, north), (_, south, east, _) = first.window(0).bounds, last.window(0).bounds
    box, size = (west, south, east, north), (2 * raster.SIDE, 2 * raster.SIDE)
    rows = everything(z)[layer] if layer == "labels" else (
        rows_near(layer, raster.window_of(box, size[0])))  # fmt: skip
    style = next(name for name in STYLES if layer in raster.sources_of(name))
    whole = pixels(raster.picture({layer: rows}, box, size, scale=scale, style=style))
    difference = np.abs(whole - parts).max(axis=2)
    assert whole[..., 3].any() == raster.is_shown(layer, first)
    # Coordinates are counted from another corner, so an edge's smoothing may differ by a shade.
    assert (difference > 8).mean() < 0.0005
    assert difference.max() < 80


def test_a_symbol_on_an_edge_is_whole() -> None:
    """A marker in the corner of four tiles shows a quarter in each, and they meet."""
    marker = {"id": "a", "rule": "C101", "severity": "error", "shape": "point",
              "geom": corner_point()}  # fmt: skip
    row = [pixels(raster.tile_picture("findings", [marker], tile)) for tile in chain(*block(15))]
    quarters = [np.count_nonzero(each[..., 3]) for each in row]
    assert min(quarters) > 40
    joined = np.vstack([np.hstack(row[:2]), np.hstack(row[2:])])[246:266, 246:266]
    alone = Image.open(io.BytesIO(svg_png(Path(symbol_file("marker-gap", 1.0)).read_text())))
    drawn = np.array(alone.convert("RGBA")).astype(np.int64)
    drawn[..., :3] = drawn[..., :3] * drawn[..., 3:] // 255
    assert np.abs(joined - drawn)[..., 3].mean() < 12


def corner_point() -> bytes:
    x, y = ORIGIN
    return bytes(shapely.Point((x - 0.5) * WORLD_M, (0.5 - y) * WORLD_M).wkb)


def test_a_hatch_runs_through_from_tile_to_tile() -> None:
    square = shapely.Point(*shapely.get_coordinates(shapely.from_wkb(corner_point()))[0])
    whole = {"id": "a", "rule": "C101", "severity": "error", "shape": "polygon",
             "geom": square.buffer(4000, cap_style="square").wkb}  # fmt: skip
    drawn = [
        np.hstack([pixels(raster.tile_picture("findings", [whole], tile)) for tile in row])
        for row in block(15)
    ]
    picture = np.vstack(drawn)
    # Deep inside, the pattern repeats every twelve pixels, across the edges as well.
    inside = picture[100:-100, 100:-100]
    assert np.array_equal(inside[12:], inside[:-12])
    assert np.array_equal(inside[:, 12:], inside[:, :-12])
    assert len(np.unique(inside[..., 0])) > 2


def test_names_are_the_same_whichever_tile_is_drawn_first() -> None:
    rows = everything(14)["labels"]
    forward = raster.place("labels", rows, 13.0, "zh")
    backward = raster.place("labels", rows[::-1], 13.0, "zh")
    assert forward == backward
    assert 0 < len(forward) < len(rows)


@pytest.mark.parametrize("zoom", [9.0, 12.0, 14.0])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_name_touches_another(zoom: float, lang: Any) -> None:
    placed = raster.place("labels", everything(16)["labels"], zoom, lang)
    assert placed
    boxes = [
        shapely.box(each.x - each.half_width, each.y - each.half_height,
                    each.x + each.half_width, each.y + each.half_height)
        for each in placed
    ]  # fmt: skip
    tree = shapely.STRtree(boxes)
    left, right = tree.query(boxes, predicate="intersects")
    assert (left == right).all()


def test_the_higher_level_s_name_stands() -> None:
    spot = {"geom": corner_point(), "name_en": None}
    rows = [{**spot, "code": "1", "name": "柴堂社区", "level": "village", "rank": 3},
            {**spot, "code": "2", "name": "汲冢镇", "level": "town", "rank": 2}]  # fmt: skip
    assert [each.text for each in raster.place("labels", rows, 12.0, "zh")] == ["汲冢镇"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("柴堂", ["柴堂"]),
        ("禾安社区污水处理厂专属网格", ["禾安社区污水", "处理厂专属网格"]),
        ("澜禾县社区网格（一）", ["澜禾县社区", "网格（一）"]),
        ("Dayanpo Village Grid 1", ["Dayanpo", "Village Grid 1"]),
        ("Chaitang Community Office Park Grid", ["Chaitang", "Community", "Office Park Grid"]),
        ("Llanfairpwllgwyngyllgogerych", ["Llanfairpwllgwyngyllgogerych"]),
        ("", [""]),
    ],
)
def test_a_name_is_broken_into_even_lines(text: str, lines: list[str]) -> None:
    assert labels.lines_of(text, 8) == lines


# --- the live map's look ------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_that_a_style_says_is_followed(style: str, lang: Any) -> None:
    known = mapnik_style.FOLLOWED | mapnik_style.GIVEN | labels.FOLLOWED
    layers: Any = style_document(style, lang)["layers"]
    for layer in layers:
        if layer["type"] not in ("background", "heatmap", "raster"):
            assert layer["type"] in ("fill", "line", "circle", "symbol")
            assert {*layer.get("layout", {}), *layer.get("paint", {})} <= known, layer["id"]


def test_every_layer_has_a_look() -> None:
    for layer in CATALOG:
        assert raster.layers_of(layer, "zh")
    with pytest.raises(KeyError):
        raster.layers_of("secrets", "zh")


def test_a_grid_has_the_colour_of_its_kind() -> None:
    (row, *_), *_ = block(14)
    square = shapely.box(*row.window(0.1).bounds)
    for kind in ("rural", "community", "dedicated"):
        grid = {"code": "1", "kind": kind, "coverage": "exclusive", "geom": square.wkb}
        png = raster.tile_picture("grids", [grid], row)
        image = np.array(Image.open(io.BytesIO(png)))
        assert image.shape == (256, 256, 4)
        assert image[128, 128, 3] == pytest.approx(0.62 * 255, abs=1)
        assert image[128, 128, :3] == pytest.approx(rgb(PALETTE[kind]), abs=1)


def test_neighbours_leave_no_ground_between_them() -> None:
    tile = block(14)[0][0]
    left, bottom, right, top = tile.window(0.1).bounds
    # Their border runs across the pixels at a slant.
    west = shapely.Polygon([(left, bottom), (left, top), (left + (right - left) * 0.7, top),
                            (left + (right - left) * 0.4, bottom)])  # fmt: skip
    east = shapely.box(left, bottom, right, top) - west
    grids = [{"code": str(n), "kind": "rural", "coverage": "exclusive", "geom": shape.wkb}
             for n, shape in enumerate((west, east))]  # fmt: skip
    plain = [
        {**layer, "id": "x"} for layer in raster.layers_of("grids", "zh") if layer["type"] == "fill"
    ]
    (ready,) = mapnik_style.ready(plain[0], grids, 13.0)
    image = pixels(raster.draw([ready], tile.window(0).bounds, (256, 256)))
    assert image[..., 3].min() >= 0.95 * image[..., 3].max()


def test_a_household_in_no_grid_is_ink() -> None:
    tile = block(16)[1][1]
    left, bottom, right, top = tile.window(0).bounds
    spots = [
        shapely.Point(left + (right - left) * part, (bottom + top) / 2) for part in (0.25, 0.75)
    ]
    rows = [{"code": str(n), "covered": n == 0, "located": True, "geom": spot.wkb}
            for n, spot in enumerate(spots)]  # fmt: skip
    image = pixels(raster.tile_picture("households", rows, tile))
    assert image[128, 64, :3] == pytest.approx(rgb(PALETTE["covered"]), abs=2)
    assert image[128, 192, :3] == pytest.approx(rgb(PALETTE["household"]), abs=2)


def test_what_is_too_far_out_is_not_asked_for() -> None:
    assert not raster.is_shown("units", Tile(14, 0, 0))
    assert raster.is_shown("units", Tile(15, 0, 0))
    assert not raster.is_shown("grids", Tile(8, 0, 0))
    assert raster.is_shown("areas", Tile(5, 0, 0))
    assert np.count_nonzero(pixels(raster.tile_picture("units", [], Tile(14, 0, 0)))) == 0


def test_a_tile_shows_what_the_live_map_shows_one_zoom_out() -> None:
    assert raster.tile_zoom(Tile(12, 0, 0)) == 11
    assert raster.tile_window(Tile(12, 0, 0)).z == 11
    assert raster.tile_window(Tile(0, 0, 0)).z == 0


@pytest.mark.parametrize("size", [(12_001, 10), (10, 12_001)])
def test_a_picture_beyond_measure_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="12000"):
        raster.picture({}, (0.0, 0.0, 1.0, 1.0), size)


# --- expressions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (["step", ["get", "n"], "a", 10, "b", 50, "c"], "b"),
        (["interpolate", ["exponential", 2], ["zoom"], 10, 0.0, 12, 3.0], 1.0),
        (["interpolate", ["linear"], ["sqrt", ["get", "n"]], 5, 1.0, 8, 4.0], 2.0),
        (["interpolate", ["linear"], ["zoom"], 12, 1.0, 14, 2.0], 1.0),
        (["case", ["get", "is"], 1, ["has", "nothing"], 2, 3], 3),
        (["coalesce", ["get", "nothing"], ["get", "name"]], "柴堂"),
        (["all", ["!=", ["get", "n"], 1], ["in", ["get", "name"], ["literal", ["柴堂"]]]], True),
        (["any", ["<", ["get", "n"], 1], ["!", ["get", "is"]]], True),
        (["==", ["geometry-type"], "Point"], True),
        (["concat", ["get", "name"], " ", ["to-string", ["/", ["get", "n"], 2]]], "柴堂 18"),
        (["max", ["+", 1, 2], ["*", 2, 3], ["-", 9, 1]], 8),
        ([4.0, 2.0], [4.0, 2.0]),
    ],
)
def test_an_expression_means_what_maplibre_says(expression: Any, value: Any) -> None:
    at = Place(11.0, "Point", {"n": 36, "name": "柴堂", "is": False, "nothing": None})
    assert evaluate(expression, at) == value


@pytest.mark.parametrize("said", [["heatmap-density"], ["interpolate", ["cubic-bezier"], 1, 0, 0]])
def test_what_is_not_understood_is_refused(said: Any) -> None:
    with pytest.raises(UnknownExpressionError):
        evaluate(said, Place(1.0, "Point", {}))


# --- Mapnik keeps to itself ----------------------------------------------------------------------


ALONE = """
import os
before = dict(os.environ)
from layers import raster
assert "mapnik" not in __import__("sys").modules, "imported before it is needed"
picture = raster.blank(1)
assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
import subprocess, sys
child = subprocess.run([sys.executable, "-c", "import os; print(dict(os.environ))"],
                       capture_output=True, text=True, check=True, env=None)
for name in ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "ICU_DATA"):
    assert name not in child.stdout, name
import mapnik
assert list(mapnik.DatasourceCache.plugin_names()) == []
import pyproj, pyogrio, geopandas, shapely
at = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:4547", always_xy=True).transform(115.2, 33.6)
assert abs(at[0] - 611337) < 100 and abs(at[1] - 3719339) < 2000, at
frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(115.2, 33.6)], crs="EPSG:4490")
frame.to_file(sys.argv[1], driver="GPKG")
assert geopandas.read_file(sys.argv[1]).crs.to_epsg() == 4490
assert "mapnik" not in (pyogrio.get_gdal_data_path() or "")
folder = raster.mapnik_style.symbol_file("marker-gap", 1.0)
print(folder)
"""


def test_the_rest_of_the_process_does_not_notice(tmp_path: Any) -> None:
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "ICU_DATA")}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "a.gpkg")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Its symbols were in a folder of its own, and have gone with it.
    assert not Path(done.stdout.strip()).parent.exists()


def test_pictures_drawn_at_once_are_those_drawn_one_by_one() -> None:
    jobs = [
        (layer, tile, scale)
        for layer in ("grids", "findings", "areas", "households", "ground")
        for tile in chain(*block(15))
        for scale in (1, 2)
    ]

    def make(job: tuple[str, Tile, int]) -> bytes:
        layer, tile, scale = job
        rows = rows_near(layer, raster.tile_window(tile))
        return raster.tile_picture(layer, rows, tile, scale=scale)

    alone = [make(job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(make, jobs)) == alone


def test_every_symbol_is_a_file_of_its_size() -> None:
    for image in IMAGES:
        drawn = Path(symbol_file(image.id, 2.0)).read_bytes()
        if image.repeats:
            assert Image.open(io.BytesIO(drawn)).size == (2 * image.size, 2 * image.size)
        else:
            assert f'viewBox="0 0 {image.size} {image.size}"'.encode() in drawn


def test_a_drawing_asks_for_nothing_outside_itself() -> None:
    for address in ("http://127.0.0.1/a.png", "file:///etc/passwd"):
        leak = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{address}" '
            'width="9" height="9"/></svg>'
        )
        with pytest.raises(OutsideReferenceError):
            svg_png(leak)
