"""Mapnik, held at arm's length: the one place that imports it, and that draws a map with it.

The package's own start-up would set ``PROJ_LIB``, ``GDAL_DATA`` and ``ICU_DATA`` for the whole
process, under which pyproj, pyogrio and every child process would then run, and would load a GDAL
of its own and its drivers for files and databases. None of it is needed to draw rows: it is told
that there are no such folders, so the environment stays as it was, and no datasource but memory
exists. What would need ICU's data (breaking lines) is done in :mod:`layers.labels`.

A map is made for each call and shared with nobody, so pictures are drawn in several threads at
once; Mapnik releases the interpreter's lock while it draws.
"""

import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import RLock, get_ident
from types import ModuleType
from typing import Any

from layers.legend_svg import symbol_paths
from layers.style import IMAGES
from layers.svg_png import svg_png

FACE = "Noto Sans CJK SC Regular"
FONT_FILES = ("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf")
CRS = "epsg:3857"
Box = tuple[float, float, float, float]

# No symbol, line or halo shows further than this from where it stands, pixels of the style.
REACH = 32.0

_lock = RLock()


@dataclass(frozen=True, slots=True)
class Ready:
    """A layer made ready: its rules as Mapnik's XML, and its features in the order of drawing.

    A feature is the number of its rule, its geometry as WKB in EPSG:3857, and its text. ``reach``
    is how far from where it stands one of them may show, pixels of the style; ``opacity`` is that
    of the layer as a whole.
    """

    rules: str
    features: Sequence[tuple[int, bytes, str]]
    reach: float = REACH
    opacity: float = 1.0


class FontMissingError(RuntimeError):
    """The font of the maps is not installed."""


@cache
def font_file() -> Path:
    """Return the file of the font that every map is labelled in.

    Raises
    ------
    FontMissingError
        If it is not installed.
    """
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    folders += [Path.home() / ".local/share/fonts", Path.home() / ".fonts"]
    for folder in folders:
        for name in FONT_FILES:
            found = next(folder.rglob(name), None) if folder.is_dir() else None
            if found is not None:
                return found
    raise FontMissingError("Maps need the font Noto Sans CJK: install fonts-noto-cjk.")


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="wangge-symbols-")


def _folder() -> Path:
    """Return a folder of this process's own, gone when it ends."""
    with _lock:
        return Path(_kept().name)


def mapnik() -> Any:  # noqa: ANN401 - the package has no types
    """Return Mapnik, imported when it is first needed, with our font and without its drivers."""
    with _lock:
        return _mapnik()


@cache
def _mapnik() -> Any:  # noqa: ANN401
    nothing = _folder() / "nothing"
    nothing.mkdir(exist_ok=True)
    # Two modules of the package say where things are; these say that nothing is anywhere.
    settings, paths = ModuleType("mapnik.mapnik_settings"), ModuleType("mapnik.paths")
    settings.__dict__.update(env={})
    paths.__dict__.update(inputpluginspath=str(nothing), fontscollectionpath=str(nothing))
    sys.modules.setdefault("mapnik.mapnik_settings", settings)
    sys.modules.setdefault("mapnik.paths", paths)
    import mapnik as found

    found.FontEngine.register_font(str(font_file()))
    return found


@cache
def symbol_file(name: str, scale: float) -> str:
    """Write a symbol of :mod:`layers.style` to a file that Mapnik reads, and return its path.

    A marker stays vectors. A pattern is drawn for its scale, for Mapnik takes no vectors that
    reach over the edge of the tile that they repeat.
    """
    image = next(each for each in IMAGES if each.id == name)
    path = _folder() / (f"{name}@{scale:g}.png" if image.repeats else f"{name}.svg")
    square = f'width="{image.size}" height="{image.size}"'
    # The empty square says where the middle of a marker is.
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {square} viewBox="0 0 {image.size} {image.size}">'
        f'<rect {square} fill-opacity="0"/>{symbol_paths(name)}</svg>'
    )
    # Whole when it has its name, for another thread may read it at once.
    written = path.with_name(f"{path.name}.{get_ident()}")
    written.write_bytes(
        svg_png(drawn, side=round(image.size * scale)) if image.repeats else drawn.encode()
    )
    written.replace(path)
    return str(path)


def draw(
    layers: Iterable[Ready],
    box: Box,
    size: tuple[int, int],
    *,
    scale: float = 1.0,
    background: str | None = None,
) -> bytes:
    """Draw layers, the first lowest.

    Parameters
    ----------
    layers
        What is drawn.
    box
        Left, bottom, right, top in metres of EPSG:3857.
    size
        Width and height in pixels of the picture.
    scale
        Pixels of the picture for one pixel of the style: 2 for a screen of double density.
    background
        A colour; transparent if null.

    Returns
    -------
    bytes
        A PNG with 32 bits a pixel.
    """
    m = mapnik()
    picture = m.Map(*size, CRS)
    picture.aspect_fix_mode = m.aspect_fix_mode.RESPECT
    if background:
        picture.background = m.Color(background)
    found = list(layers)
    reach = max((each.reach for each in found), default=0.0)
    picture.buffer_size = math.ceil(reach * scale)
    styles = "".join(
        f'<Style name="{number}" opacity="{each.opacity}">{each.rules}</Style>'
        for number, each in enumerate(found)
    )
    m.load_map_from_string(picture, f'<Map srs="{CRS}">{styles}</Map>', True)
    for number, each in enumerate(found):
        layer = m.Layer(str(number), CRS)
        layer.datasource = _source(m, each)
        layer.styles.append(str(number))
        picture.layers.append(layer)
    picture.zoom_to_box(m.Box2d(*_nudged(box, size[0])))
    image = m.Image(*size)
    m.render(picture, image, scale)
    return bytes(image.to_string("png32"))


def _nudged(box: Box, width: int) -> Box:
    """Move a box right and down by a hundredth of a pixel, which nobody sees.

    A pattern begins at the world's middle, counted in whole pixels, the rest cut off. A tile's
    edge lies on a whole pixel: with the arithmetic's error it would be cut to one pixel or the
    next, and the pattern would jump from tile to tile.
    """
    left, bottom, right, top = box
    far = (right - left) / width / 100
    return left + far, bottom - far, right + far, top - far


def _source(m: Any, ready: Ready) -> Any:  # noqa: ANN401
    context = m.Context()
    context.push("rule")
    context.push("text")
    source = m.MemoryDatasource()
    for number, (rule, shape, text) in enumerate(ready.features):
        feature = m.Feature(context, number)
        feature.geometry = m.Geometry.from_wkb(shape)
        feature["rule"] = rule
        feature["text"] = text
        source.add_feature(feature)
    return source
