"""A map as one file: the same bytes again, nothing from outside, and no text that becomes code."""

import io
import re

import pytest
from PIL import Image

from layers import folium_map
from layers.folium_map import AssetsMissingError, Overlay, Page, Picture, page_html
from layers.legend import legend

BBOX = (115.2, 33.5, 115.3, 33.6)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>“’`${1}"


def point(**properties: object) -> dict:
    return {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [115.25, 33.55]},
        "properties": properties,
    }  # fmt: skip


def png() -> bytes:
    held = io.BytesIO()
    Image.new("RGBA", (8, 8), (10, 20, 30, 40)).save(held, "PNG")
    return held.getvalue()


def page(**changes: object) -> Page:
    given = {
        "title": "覆盖图", "subtitle": "2026-11-15", "bbox": BBOX,
        "layers": [
            Picture("底图", png(), BBOX),
            Overlay("住户", [point(tip="甲"), point(tip="乙")], {"radius": 3}),
            Overlay("空白", [point(tip="空", card=[("面积", "1 亩")])], symbol="marker-gap"),
        ],
        "names": [(115.25, 33.55, "柳河村", "village")],
        "legends": [legend("findings", {"C101": 1}, "2026-11-15")],
    }  # fmt: skip
    return Page(**{**given, **changes})


def test_the_same_map_has_the_same_bytes() -> None:
    assert page_html(page()) == page_html(page())


def test_nothing_is_fetched_from_anywhere() -> None:
    html = page_html(page())
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=", html)
    assert not re.findall(r"@import|url\((?!data:|#)[^)]*\)", html.replace("url(#default#VML)", ""))
    addresses = set(re.findall(r"https?://[\w./-]+", html))
    # A namespace, and what Leaflet and jQuery name in comments and in a link that is switched off;
    # the browser's tests see that none is asked for.
    assert addresses <= {
        "http://www.w3.org/2000/svg", "https://leafletjs.com",
        "https://bugs.chromium.org/p/chromium/issues/detail",
        "https://bugzilla.mozilla.org/show_bug.cgi",
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"title": EVIL},
        {"subtitle": EVIL},
        {"facts": [(EVIL, EVIL)]},
        {"notes": [EVIL]},
        {"names": [(115.2, 33.5, EVIL, "grid")]},
        {"layers": [Overlay(EVIL, [point(tip=EVIL, card=[(EVIL, EVIL)])])]},
        {"layers": [Overlay("a", [point(tip=EVIL)]), Picture(EVIL, png(), BBOX)]},
    ],
)
def test_text_never_becomes_code(changes: dict) -> None:
    html = page_html(page(**changes))
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_a_map_without_features_is_a_map() -> None:
    html = page_html(page(layers=[Overlay("空", [])], names=(), legends=()))
    assert "覆盖图" in html


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_made_up_data_says_so(lang: str) -> None:
    assert "合成数据" in page_html(page(lang=lang, synthetic=True))
    assert "合成数据" not in page_html(page(lang=lang))


def test_without_the_libraries_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(folium_map, "ASSETS", tmp_path)
    folium_map._script.cache_clear()
    folium_map._style.cache_clear()
    with pytest.raises(AssetsMissingError, match="make assets"):
        page_html(page())
    folium_map._script.cache_clear()
    folium_map._style.cache_clear()
