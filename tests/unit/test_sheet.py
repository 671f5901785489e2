"""A map as one sheet: what stands on it, how long its bar is, and that it refers to nothing."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod, Transformer

from layers.legend import legend
from layers.sheet import MOST_BAR, Sheet, bar_length, sheet_svg
from layers.sketch import mercator
from layers.svg_png import svg_png

BOX = mercator((115.2, 33.5, 115.3, 33.6))


def png(color: tuple[int, int, int], side: int = 600) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (side, side), color).save(held, "PNG")
    return held.getvalue()


def sheet(**changes: object) -> Sheet:
    given = {
        "title": "柳河村 <网格> & 图", "subtitle": "2026-11-15", "image": png((200, 30, 90)),
        "bounds": BOX, "width": 600.0, "height": 500.0,
        "legends": [legend("findings", {"C101": 3}, "2026-11-15"), legend("grids")],
        "facts": [("1,234", "户")], "notes": ["说明一"],
    }  # fmt: skip
    return Sheet(**{**given, **changes})


def words(svg: str) -> str:
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    return " ".join("".join(each.itertext()) for each in root.iter())


def test_everything_that_is_said_stands_on_it() -> None:
    text = words(sheet_svg(sheet()))
    for part in ("柳河村 <网格> & 图", "2026-11-15", "1,234", "说明一", "空白", "农村网格", "北"):
        assert part in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_made_up_data_says_so_in_every_language(lang: str) -> None:
    assert "合成数据" in words(sheet_svg(sheet(lang=lang, synthetic=True)))
    assert "合成数据" not in words(sheet_svg(sheet(lang=lang)))


def test_it_refers_to_nothing_outside() -> None:
    found = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', sheet_svg(sheet()))
    targets = {one or other for one, other in found}
    assert targets
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in targets)


def test_the_map_is_where_the_frame_is() -> None:
    drawn = Image.open(io.BytesIO(svg_png(sheet_svg(sheet())))).convert("RGB")
    pixels = np.asarray(drawn)
    here = (pixels == (200, 30, 90)).all(axis=2)
    rows, columns = np.flatnonzero(here.any(axis=1)), np.flatnonzero(here.any(axis=0))
    assert abs(columns[-1] - columns[0] - 599) <= 3
    assert abs(rows[-1] - rows[0] - 499) <= 3
    # Nothing of it lies under the legends.
    assert columns[-1] < drawn.width - 300


def test_a_long_column_of_legends_makes_the_sheet_longer() -> None:
    short, long = (sheet_svg(sheet(height=100.0, legends=[legend("findings")] * n)) for n in (1, 6))
    height = [int(re.search(r' height="(\d+)"', each)[1]) for each in (short, long)]
    assert height[1] > height[0] + 4 * 150


@given(st.floats(-170, 160), st.floats(-70, 70), st.floats(1e-4, 8), st.floats(200, 3000))
def test_the_bar_is_as_long_as_it_says(
    west: float, south: float, side: float, width: float
) -> None:
    box = mercator((west, south, west + side, min(south + side, 80)))
    metres, pixels = bar_length(box, width)
    assert str(metres).rstrip("0") in ("1", "2", "5")
    left, bottom, right, top = box
    lonlat = Transformer.from_crs(3857, 4326, always_xy=True)
    # Along the middle of the map, by geodesics.
    middle = (bottom + top) / 2
    lon, lat = lonlat.transform([left, left + (right - left) * pixels / width], [middle] * 2)
    *_, ground = Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])
    if metres > 1:
        assert pixels <= width * MOST_BAR * 1.0001
        assert ground == pytest.approx(metres, rel=2e-3)
