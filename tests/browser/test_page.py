"""The first page, as a reader meets it: seen whole, in both languages, at every size."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import SIZES, Visit
from tests.serving import Service

Start = Callable[..., Visit]
LEGIBILITY = Path(__file__).with_name("legibility.js").read_text(encoding="utf-8")
LANGUAGES = ("zh", "en")


def faults(visit: Visit, *, touch: bool = False) -> list[str]:
    return list(visit.page.evaluate(LEGIBILITY, {"touch": touch}))


def open_first_finding(visit: Visit) -> None:
    """Open the first group of findings and the first finding in it, as a reader does."""
    page = visit.page
    if page.locator(".handle").is_visible():
        page.click(".handle")
    visit.first(".rows .row").click()
    page.wait_for_selector(".group-title")
    visit.first(".rows .row[aria-pressed]").click()
    page.wait_for_selector(".card")


def settle(visit: Visit) -> None:
    """Wait until the sheet has stopped moving."""
    visit.until("document.getAnimations().every((each) => each.playState !== 'running')")


# --- read without effort ----------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_clipped_or_overlapped(size: str, lang: str, visit: Start) -> None:
    touch = size == "phone"
    outside = visit(size, lang, role=None)
    outside.page.wait_for_selector("input[name=username]")
    assert faults(outside, touch=touch) == []
    # A name of its own each time: a sixth guess at one account is not answered.
    outside.sign_in(f"somebody-{size}-{lang}", "guessed")
    outside.page.wait_for_selector("[role=alert]")
    assert faults(outside, touch=touch) == []
    outside.page.context.close()
    inside = visit(size, lang)
    inside.page.wait_for_selector(".numbers")
    inside.page.wait_for_selector(".legend p")
    assert faults(inside, touch=touch) == []
    if touch:
        inside.page.click(".legend-head")
        inside.page.wait_for_selector(".legend-section li")
        assert faults(inside, touch=touch) == []
        inside.page.click(".legend-head")
    open_first_finding(inside)
    settle(inside)
    assert faults(inside, touch=touch) == []
    inside.first(".chips button").click()
    inside.page.wait_for_selector(".card .message", state="detached")
    settle(inside)
    assert faults(inside, touch=touch) == []


SPOILERS = {
    "clipped at the side": "<b style='position:fixed;left:0;top:0;width:20px;overflow:hidden;"
    "white-space:nowrap;z-index:9'>a long text</b>",
    "clipped:": "<b style='position:fixed;left:0;top:0;width:60px;height:30px;overflow:hidden;"
    "z-index:9'>more lines than there is room for</b>",
    "hidden in part": "<b style='position:fixed;left:0;top:50px;z-index:9'>half of this</b>"
    "<i style='position:fixed;left:30px;top:40px;width:90px;height:50px;background:#fff;"
    "z-index:9'></i>",
    "over each other": "<b style='position:fixed;left:300px;top:5px;z-index:9'>the first</b>"
    "<i style='position:fixed;left:330px;top:5px;z-index:9'>the second</i>",
    "beyond the page": "<b style='position:fixed;right:-40px;top:50%;z-index:9'>too far right</b>",
    "placeholder clipped": "<input placeholder='a long placeholder' style='position:fixed;"
    "top:0;width:40px;z-index:9'>",
    "too small to hit": "<button style='position:fixed;top:0;height:22px'>Go</button>",
}


def test_a_thumb_needs_more_room_than_a_pointer(visit: Start) -> None:
    at = visit("phone", role=None, bypass_csp=True)
    at.page.wait_for_selector("input[name=username]")
    at.page.evaluate("""document.body.insertAdjacentHTML('beforeend',
        "<button style='position:fixed;top:0;left:0;width:50px;height:30px'>Go</button>")""")
    assert faults(at) == []
    assert faults(at, touch=True) == ["too small to hit (50×30): button.: Go"]


@pytest.mark.parametrize("fault", SPOILERS)
def test_the_detector_finds_what_is_wrong(fault: str, visit: Start) -> None:
    # The content policy would refuse the spoilers' styles.
    page = visit(role=None, bypass_csp=True)
    page.page.wait_for_selector("input[name=username]")
    page.page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)",
                       SPOILERS[fault])  # fmt: skip
    assert any(found.startswith(fault) for found in faults(page))


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_serious_stands_in_anybody_s_way(
    size: str, lang: str, visit: Start, axe: str
) -> None:
    def serious(at: Visit) -> list[str]:
        at.page.evaluate(axe)
        found = at.page.evaluate("async () => (await axe.run()).violations")
        return [
            json.dumps({"rule": each["id"], "at": [node["html"] for node in each["nodes"]][:3]})
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    outside = visit(size, lang, role=None, bypass_csp=True)
    outside.page.wait_for_selector("input[name=username]")
    assert serious(outside) == []
    inside = visit(size, lang, bypass_csp=True)
    inside.painted()
    assert serious(inside) == []
    open_first_finding(inside)
    settle(inside)
    assert serious(inside) == []


# --- what it says ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "synthetic", "unit", "date"),
    [
        ("zh", "合成数据", "处", "截至 2026年11月15日"),
        ("en", "Synthetic data", "findings", "as of 15 Nov 2026"),
    ],
)
def test_the_legend_has_unit_n_and_date(
    lang: str, synthetic: str, unit: str, date: str, visit: Start, sample: Service
) -> None:
    page = visit("desktop", lang).page
    page.wait_for_selector(".legend p")
    with sample.client("planner") as client:
        counted = ("findings", "grids", "households")
        legends = [client.get(f"/legends/{name}.json").json() for name in counted]
    assert legends[0]["unit"][lang] == unit
    shown = page.locator(".legend-section p").all_inner_texts()
    expected = [f"n = {each['n']:,} {each['unit'][lang]} {date}" for each in legends]
    assert [" ".join(text.split()) for text in shown] == expected
    assert page.get_by_text(synthetic, exact=True).is_visible()
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_four_numbers_are_the_service_s(lang: str, visit: Start, sample: Service) -> None:
    page = visit("desktop", lang).page
    page.wait_for_selector(".numbers")
    with sample.client("planner") as client:
        summary = client.get("/api/coverage").json()["summary"]
    shown = page.locator(".numbers dd").all_inner_texts()
    square_metres = summary["uncovered_km2"] * 1e6
    land = {"zh": f"{square_metres / 2000 * 3:,.0f} 亩", "en": f"{square_metres:,.0f} m²"}
    assert shown[0].startswith(f"{summary['grids']:,}")
    assert shown[1].startswith(land[lang])
    assert shown[2].startswith(f"{summary['households_uncovered']:,}")
    assert shown[3].startswith(f"{summary['households_unlocated']:,}")
    assert f"{summary['errors']:,}" in shown[0]


def test_the_language_switch_changes_every_word(visit: Start) -> None:
    at = visit("desktop", "zh")
    page = at.page
    page.wait_for_selector(".numbers")
    page.click(".language")
    page.wait_for_selector("html[lang=en]")
    chinese = page.evaluate(
        "[...document.querySelectorAll('.bar, .panel, .legend')].map((each) => each.innerText)"
        ".join(' ').match(/[\\u4e00-\\u9fff]+/g) ?? []"
    )
    # The way back is named in its own language; nothing else is.
    assert set(chinese) == {"中文"}
    # Where the map is still to be made, the address follows with it.
    at.until("location.hash.includes('lang=en')")


# --- what it does ------------------------------------------------------------------------------


def view(at: Visit) -> tuple[float, float]:
    """Read the map's middle, longitude and latitude, from the page's address."""
    place = at.page.evaluate("location.hash").lstrip("#").split("?")[0].split("/")
    return (float(place[2]), float(place[1])) if len(place) == 3 else (0.0, 0.0)


def test_the_keyboard_alone_reaches_a_finding(visit: Start) -> None:
    at = visit("desktop", "en")
    at.page.wait_for_selector(".rows .row")
    focused = "document.activeElement.className"

    def tab_to(wanted: str) -> None:
        for _ in range(60):
            at.page.keyboard.press("Tab")
            if wanted in str(at.page.evaluate(focused)):
                return
        pytest.fail(f"Tab never reached {wanted}")

    tab_to("row")
    at.page.keyboard.press("Enter")
    # The focus is not lost with the list that has gone.
    at.page.wait_for_selector(".back:focus")
    at.page.wait_for_selector(".rows .row[aria-pressed]")
    at.page.keyboard.press("Tab")
    assert "accept-all" in at.page.evaluate(focused)
    at.page.keyboard.press("Tab")
    assert "row" in at.page.evaluate(focused)
    at.page.keyboard.press("Enter")
    at.page.wait_for_selector(".card")
    tab_to("close")
    at.page.keyboard.press("Enter")
    at.page.wait_for_selector(".card", state="detached")


# --- who is let in -----------------------------------------------------------------------------


def test_the_right_one_opens_the_county(visit: Start, sample: Service) -> None:
    at = visit("phone", "zh", role=None)
    at.page.wait_for_selector("input[name=username]")
    at.sign_in(*sample.passwords["leader"])
    at.page.wait_for_selector(".numbers")
    at.page.click("text=退出")
    at.page.wait_for_selector("input[name=username]")


# --- the picture -------------------------------------------------------------------------------


def test_the_sketch_stands_where_the_map_will(visit: Start) -> None:
    """The county's edges on the sketch are the county's edges on the live map."""
    at = visit("desktop", "zh")
    # Asked in one breath: the sketch leaves when the map has come.
    box = "(() => { const r = document.querySelector('.sketch')?.getBoundingClientRect();"
    box += " return r && r.width > 0 ? [r.left, r.right] : null; })()"
    edges_then = None
    while edges_then is None:
        edges_then = at.page.evaluate(box)
    at.painted()
    bbox = at.page.evaluate("fetch('/api/session').then((answer) => answer.json())")["bbox"]
    lon, _ = view(at)
    zoom = float(at.page.evaluate("location.hash").lstrip("#").split("?")[0].split("/")[0])
    scale = 512 * 2**zoom / 360
    edges = [640 + (edge - lon) * scale for edge in (bbox[0], bbox[2])]
    assert edges_then == pytest.approx(edges, abs=2.5)


def test_a_browser_that_fails_at_the_live_map_gets_pictures(visit: Start) -> None:
    """It says that it can draw, and then cannot; `test_plain.py` is about those that say so."""
    at = visit("desktop", "en")
    at.page.add_init_script("""
        const real = HTMLCanvasElement.prototype.getContext;
        let asked = 0;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith("webgl") && asked++ ? null : real.call(this, kind, ...rest);
        };""")
    at.open("?lang=en")
    at.page.wait_for_selector(".ground-plain")
    at.painted()
    assert at.page.locator(".leaflet-container").is_visible()
    at.page.wait_for_selector(".rows .row")
    at.complaints.clear()
