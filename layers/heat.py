"""A density surface as pictures: one scale, one look at every zoom, in tiles, files and contours.

Every picture samples the one surface (:class:`geo.density.Surface`) at the middle of each of its
pixels. Nothing is blurred, binned or scaled for a picture, so a place has the same value in all
of them, and two tiles agree on their edge because neither knows that there is one.

Values are drawn in classes, as maps that are read against a legend are: what a colour means stands
in the legend to the number, and contours as vectors (:mod:`layers.contours`) are the same classes.
Below the first break nothing is drawn. Along a break the two colours are mixed over one pixel, by
how far the break is away, so that the edge is smooth.
"""

import io
import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw
from shapely.geometry.base import BaseGeometry

from geo.density import Surface, Unit
from layers.style import HEAT_OPACITY, HEAT_STEPS, PALETTE
from layers.tiles import Tile

Bounds = tuple[float, float, float, float]
Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
WEB = "EPSG:3857"
SIDE = 256

# Cells whose value is this share of the highest or less are the kernels' tails: no class is made
# for them.
LEAST_SHARE = 0.01
# Shares of the cells that lie below each break: half of them stay clear, and the classes grow
# narrower towards the few that are high.
QUANTILES = (0.5, 0.75, 0.88, 0.94, 0.975, 0.99)
# What a readable number begins with.
READABLE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
# Between places whose projection is computed, it is interpolated: never further apart than this.
LATTICE_M, LATTICE_PIXELS = 4_000.0, 32
# A border is drawn so many times finer and averaged.
_FINER = 4
# Colours between two classes, and between a border's inside and outside: with the most classes
# they fit one palette.
_SHADES, _COVERS = 8, 4


@dataclass(frozen=True, slots=True)
class Scale:
    """What each colour means.

    Attributes
    ----------
    unit
        As of the surface.
    breaks
        Lower bounds of the classes, rising; at most as many as there are colours. Empty where
        there is nothing to show.
    """

    unit: Unit
    breaks: tuple[float, ...]

    @property
    def steps(self) -> tuple[int, ...]:
        """The step of the ramp that each class is drawn in, 1 the lightest: the highest is last."""
        count = len(self.breaks)
        return tuple(
            HEAT_STEPS - round((count - 1 - i) * (HEAT_STEPS - 1) / max(count - 1, 1))
            for i in range(count)
        )

    @property
    def colors(self) -> tuple[str, ...]:
        """The colour of each class."""
        return tuple(PALETTE[f"heat-{step}"] for step in self.steps)


def heat_scale(surface: Surface) -> Scale:
    """Choose the classes of a surface: quantiles of its cells, rounded to readable numbers.

    Parameters
    ----------
    surface
        Cells outside of the area, and the tails of the kernels, do not count.

    Returns
    -------
    Scale
        Without breaks where no cell is positive.
    """
    values = surface.values[surface.frame.inside]
    values = values[np.isfinite(values)]
    top = float(values.max(initial=0.0))
    if top <= 0:
        return Scale(surface.unit, ())
    found = np.quantile(values[values > top * LEAST_SHARE], QUANTILES)
    breaks = sorted({readable(float(value)) for value in found})
    below = tuple(value for value in breaks if value < top * (1 - 1e-6))
    # Where all is alike, rounding may have lifted every break above it.
    return Scale(surface.unit, below or (readable(top / 2),))


def readable(value: float) -> float:
    """Round a positive number to one that is easily read.

    Examples
    --------
    >>> readable(3.64), readable(23.3), readable(0.00871)
    (4.0, 25.0, 0.008)
    """
    power = math.floor(math.log10(value))
    head = min(READABLE, key=lambda each: abs(math.log(each * 10.0**power / value)))
    return float(f"{head * 10.0**power:.6g}")


def heat_image(
    surface: Surface,
    bounds: Bounds,
    width: int,
    height: int,
    scale: Scale,
    clip: BaseGeometry,
) -> Pixels:
    """Draw a box of a surface.

    Parameters
    ----------
    surface
        What to draw.
    bounds
        Left, bottom, right, top, metres of EPSG:3857.
    width, height
        Of the picture, pixels.
    scale
        What :func:`heat_scale` chose for the surface: the same for every picture of it.
    clip
        What may be seen, a polygon in EPSG:3857 (:func:`web_area` for all of it).

    Returns
    -------
    array of uint8
        height × width × 4 (red, green, blue, alpha; not premultiplied), the north first.
    """
    if not scale.breaks:
        return np.zeros((height, width, 4), dtype=np.uint8)
    return _palette(scale)[_indexes(surface, bounds, width, height, scale, clip)]


def heat_tile(
    surface: Surface, tile: Tile, scale: Scale, clip: BaseGeometry, *, side: int = SIDE
) -> bytes:
    """Draw a tile of a surface, as PNG with a palette; arguments as of :func:`heat_image`."""
    if not scale.breaks:
        return clear(side)
    image = Image.fromarray(_indexes(surface, tile.window(0).bounds, side, side, scale, clip), "P")
    colors = _palette(scale)
    image.putpalette(colors[:, :3].tobytes())
    return _png(image, colors[:, 3].tobytes())


@cache
def clear(side: int) -> bytes:
    """Return a tile on which nothing is."""
    image = Image.new("P", (side, side))
    image.putpalette(bytes(3))
    return _png(image, bytes(1))


def _png(image: Image.Image, alpha: bytes) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "PNG", transparency=alpha)
    return sink.getvalue()


def _indexes(
    surface: Surface, bounds: Bounds, width: int, height: int, scale: Scale, clip: BaseGeometry
) -> Pixels:
    """Return for each pixel which colour of :func:`_palette` it has."""
    seen = _cover(clip, bounds, width, height)
    if seen is None:
        return np.zeros((height, width), dtype=np.uint8)
    # A pixel more on each side: the slope at the picture's edge is what its neighbour sees.
    x, y = (bounds[2] - bounds[0]) / width, (bounds[3] - bounds[1]) / height
    wider = (bounds[0] - x, bounds[1] - y, bounds[2] + x, bounds[3] + y)
    places = pixel_places(wider, width + 2, height + 2, surface.frame.crs)
    values = surface.at(places.reshape(-1, 2)).reshape(height + 2, width + 2)
    return np.asarray(_shades(values, scale) + seen * np.uint8(len(scale.breaks) * _SHADES + 1))


def web_area(surface: Surface) -> BaseGeometry:
    """Return the surface's own area in EPSG:3857."""
    return in_web(surface.frame.area, surface.frame.crs)


def pixel_places(bounds: Bounds, width: int, height: int, crs: pyproj.CRS) -> Floats:
    """Return where the middle of each pixel lies in another plane.

    Projected exactly on a coarse lattice and interpolated between: off by at most some decimetres
    (a hundredth of the smallest cell), for no two places of the lattice are further apart than
    :data:`LATTICE_M` or :data:`LATTICE_PIXELS`.

    Parameters
    ----------
    bounds
        Left, bottom, right, top, metres of EPSG:3857.
    width, height
        In pixels.
    crs
        The other plane, metric.

    Returns
    -------
    array
        height × width × 2, the north first.
    """
    left, bottom, right, top = bounds
    column, across = _lattice(width, (right - left) / width)
    row, down = _lattice(height, (top - bottom) / height)
    x = left + (column + 0.5) * (right - left) / width
    y = top - (row + 0.5) * (top - bottom) / height
    known = np.stack(_from_web(crs).transform(*np.meshgrid(x, y)))
    columns = _between(known.swapaxes(1, 2), across).swapaxes(1, 2)
    return np.moveaxis(_between(columns, down), 0, 2)


def _lattice(pixels: int, pixel_m: float) -> tuple[Floats, Floats]:
    """Return the lattice's places in pixels, and each pixel's place among them, a fraction."""
    step = min(max(1, int(LATTICE_M / pixel_m)), LATTICE_PIXELS)
    count = max(2, -(-(pixels - 1) // step) + 1)
    return np.arange(count, dtype=np.float64) * step, np.arange(pixels) / step


def _between(known: Floats, at: Floats) -> Floats:
    """Interpolate along the second of three axes."""
    first = np.minimum(at.astype(np.intp), known.shape[1] - 2)
    share = (at - first)[None, :, None]
    return np.asarray(known[:, first] * (1 - share) + known[:, first + 1] * share)


@lru_cache(maxsize=8)
def _from_web(crs: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(WEB, crs, always_xy=True)


def in_web(shape: BaseGeometry, crs: pyproj.CRS) -> BaseGeometry:
    """Return a shape of a metric CRS in EPSG:3857, vertex by vertex."""

    def project(vertices: Floats) -> Floats:
        moved = _from_web(crs).transform(vertices[:, 0], vertices[:, 1], direction="INVERSE")
        return np.column_stack(moved)

    return shapely.transform(shape, project)


def _shades(values: Floats, scale: Scale) -> Pixels:
    """Return how far up the classes each pixel is, in 1 / :data:`_SHADES` of one; 0 is clear.

    ``values`` have a pixel more on each side than the result. Where there is none, 0.
    """
    inner = values[1:-1, 1:-1]
    slope = np.hypot(values[1:-1, 2:] - values[1:-1, :-2], values[2:, 1:-1] - values[:-2, 1:-1])
    # A break runs through a pixel if it is less than half of its rise away.
    rise = np.maximum(slope / 2, 1e-12)
    above = np.zeros(inner.shape)
    for least in scale.breaks:
        above += np.clip((inner - least) / rise + 0.5, 0.0, 1.0)
    return np.asarray(np.nan_to_num(above * _SHADES + 0.5).astype(np.uint8))


def _palette(scale: Scale) -> Pixels:
    """Return the colour of each shade in each cover, n × 4: covers one after the other."""
    rgb = np.array([tuple(bytes.fromhex(color[1:])) for color in scale.colors], dtype=float)
    at = np.arange(len(rgb) * _SHADES + 1) / _SHADES
    # Up to the first class only the opacity rises, from there on the colour changes.
    classes = np.arange(1, len(rgb) + 1)
    shades = np.column_stack([np.interp(at, classes, channel) for channel in rgb.T])
    covers = np.arange(_COVERS + 1)[:, None] / _COVERS
    alpha = (covers * np.minimum(at, 1.0) * HEAT_OPACITY * 255).ravel()
    colors = np.column_stack([np.tile(shades, (_COVERS + 1, 1)), alpha])
    colors[alpha == 0] = 0
    return np.asarray((colors + 0.5).astype(np.uint8))


def _cover(clip: BaseGeometry, bounds: Bounds, width: int, height: int) -> Pixels | None:
    """Return how many :data:`_COVERS` parts of each pixel lie in a polygon; null: none."""
    box = shapely.box(*bounds)
    shapely.prepare(clip)
    if not clip.intersects(box):
        return None
    if clip.contains(box):
        return np.full((height, width), _COVERS, dtype=np.uint8)
    part = shapely.clip_by_rect(clip, *_grown(bounds, 0.05))
    size = (width * _FINER, height * _FINER)
    mask = Image.new("L", size)
    for polygon in shapely.get_parts(part):
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            mask = ImageChops.lighter(mask, _filled(polygon, bounds, size))
    fine = np.asarray(mask).reshape(height, _FINER, width, _FINER)
    share = fine.sum(axis=(1, 3), dtype=np.uint32) / (255 * _FINER**2)
    return np.asarray((share * _COVERS + 0.5).astype(np.uint8))


def _filled(polygon: shapely.Polygon, bounds: Bounds, size: tuple[int, int]) -> Image.Image:
    image = Image.new("L", size)
    draw = ImageDraw.Draw(image)
    scale = (size[0] / (bounds[2] - bounds[0]), size[1] / (bounds[1] - bounds[3]))
    for ring, value in ((polygon.exterior, 255), *((hole, 0) for hole in polygon.interiors)):
        at = (shapely.get_coordinates(ring) - (bounds[0], bounds[3])) * scale - 0.5
        draw.polygon([tuple(place) for place in at.tolist()], fill=value)
    return image


def _grown(bounds: Bounds, share: float) -> Bounds:
    across, up = (bounds[2] - bounds[0]) * share, (bounds[3] - bounds[1]) * share
    return (bounds[0] - across, bounds[1] - up, bounds[2] + across, bounds[3] + up)
