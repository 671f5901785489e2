"""Pictures as they were when somebody last looked at them: `make images` records them anew.

Of the pictured county (合成数据), so that they change only when the drawing does. What a smoothed
edge or another version of the font may change is let pass; a colour, a width, a symbol or a name
that is another, or elsewhere, is not.
"""

import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layers import raster
from layers.legend import legend
from layers.legend_svg import legend_svg
from layers.map_style import STYLES, Language
from layers.style import PALETTE
from layers.svg_png import svg_png
from layers.tiles import Tile
from tests.unit.pictured_county import ORIGIN, everything, rows_near

FOLDER = Path(__file__).parents[1] / "images" / "tiles"
COUNTS = {"C101": 3, "C103": 1200, "C104": 20, "H201": 64, "S301": 14}


def corner(z: int) -> Tile:
    """The tile to the lower right of the county's middle."""
    return Tile(z, *(round(part * 2**z) for part in ORIGIN))


def layer(source: str, z: int, scale: int = 1) -> Callable[[], bytes]:
    tile = corner(z)

    def draw() -> bytes:
        rows = rows_near(source, raster.tile_window(tile))
        return raster.tile_picture(source, rows, tile, scale=scale)

    return draw


def whole(style: str, z: int, lang: Language = "zh", scale: int = 1) -> Callable[[], bytes]:
    def draw() -> bytes:
        tile, known = corner(z), everything(z)
        sources = [each for each in raster.sources_of(style) if each in known]
        window = raster.tile_window(tile)
        rows = {each: rows_near(each, window) for each in sources if not raster.speaks(each)}
        names = [
            label for each in sources if raster.speaks(each)
            for label in raster.place(each, known[each], raster.tile_zoom(tile), lang)
        ]  # fmt: skip
        return raster.map_tile(style, rows, names, tile, scale=scale, lang=lang)

    return draw


PICTURES: Mapping[str, Callable[[], bytes]] = {
    "areas-12": layer("areas", 12),
    "grids-14": layer("grids", 14),
    "units-16": layer("units", 16),
    "findings-15@2": layer("findings", 15, 2),
    "households-13": layer("households", 13),
    "households-16": layer("households", 16),
    "ground-15": layer("ground", 15),
    "coverage-11": whole("coverage", 11),
    "coverage-14@2": whole("coverage", 14, scale=2),
    "coverage-16-en": whole("coverage", 16, "en"),
    "plain-13": whole("plain", 13),
    "legend-findings": lambda: svg_png(
        legend_svg(legend("findings", COUNTS, "2026-11-15")), scale=2
    ),
}


def shown(png: bytes) -> np.ndarray:
    """Read a picture as it looks on the page's ground."""
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    ground = Image.new("RGBA", image.size, PALETTE["ground"])
    ground.alpha_composite(image)
    return np.array(ground.convert("RGB")).astype(int)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_was(name: str) -> None:
    now, then = shown(PICTURES[name]()), shown((FOLDER / f"{name}.png").read_bytes())
    assert now.shape == then.shape
    difference = np.abs(now - then).max(axis=2)
    assert difference.mean() < 1.0, f"look at it, then `make images`: {name}"
    assert (difference > 64).mean() < 0.005, f"look at it, then `make images`: {name}"


@pytest.mark.parametrize(
    ("name", "change"),
    [("grids-14", 4), ("findings-15@2", 4), ("coverage-14@2", 3), ("areas-12", 3)],
)
def test_a_picture_that_has_moved_is_noticed(name: str, change: int) -> None:
    """The tolerance is not so wide that a few pixels pass."""
    then = shown((FOLDER / f"{name}.png").read_bytes())
    difference = np.abs(then - np.roll(then, change, axis=1)).max(axis=2)
    assert difference.mean() >= 1.0 or (difference > 64).mean() >= 0.005


def test_every_picture_is_one_that_is_drawn() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == set(PICTURES)
    assert {name.split("-")[0] for name in PICTURES} >= {"coverage", "plain"} & set(STYLES)


def record() -> None:
    """Write all pictures anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    for name, draw in PICTURES.items():
        image = Image.open(io.BytesIO(draw()))
        image.save(FOLDER / f"{name}.png", optimize=True)
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    record()
