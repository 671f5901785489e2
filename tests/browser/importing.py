"""The hands of somebody who imports in a browser, and his eyes."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import Start, Visit
from tests.browser.test_journeys import on_screen, wait_for


def drop(at: Visit, path: Path) -> None:
    """Drag a file from the desktop onto the page, as the browser itself hears of it."""
    box = at.page.locator(".drop").bounding_box()
    assert box is not None
    there = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session = at.page.context.new_cdp_session(at.page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **there, "data": data})
        if kind == "dragOver":
            at.page.wait_for_selector(".drop.over")


def choose(at: Visit, path: Path | Sequence[Path]) -> None:
    """Choose a file by the button."""
    with at.page.expect_file_chooser() as chooser:
        at.page.click(".drop .primary")
    chooser.value.set_files(path)


def corner(shape: shapely.Geometry) -> tuple[float, float]:
    """A point well inside of a shape."""
    inside = shape.representative_point()
    return inside.x, inside.y


# Far from any county: a map that begins here has nothing to draw.
NOWHERE = "16.00/10.00000/60.00000"


def opened(
    start: Start, size: str = "desktop", lang: str = "zh", kind: str = "住户", *, blank: bool = True
) -> Visit:
    """Open the import page with a kind chosen; blank, with the map where nothing is to be drawn."""
    at: Visit = start(size, lang, path="import", place=NOWHERE if blank else "")
    at.page.wait_for_selector(".steps")
    at.page.locator(".steps li", has_text=re.compile(f"^{kind}")).locator("label").first.click()
    return at


def give(at: Visit, path: Path, then: str = ".found") -> None:
    choose(at, path)
    at.page.wait_for_selector(then)


def go_on(at: Visit, then: str) -> None:
    """Press the one button that goes on."""
    at.page.click(".panel-foot .primary")
    at.page.wait_for_selector(then)


def answer(at: Visit, words: str, then: str = ".found") -> None:
    """Answer a question by the choice that has these words."""
    at.page.locator(".choices button", has_text=words).click()
    at.page.wait_for_selector(then)


def undo(at: Visit) -> None:
    at.page.click(".panel-foot .more")
    wait_for(at.page, lambda: heading(at.page) in ("已撤销", "Undone"), "undone")


def heading(page: Page) -> str:
    """What the keyboard stands on, which is what a screen reader says."""
    return str(page.evaluate("document.activeElement.textContent"))


def stands_on(at: Visit, words: str) -> None:
    """Wait until the keyboard has gone along to what has appeared."""
    wait_for(at.page, lambda: heading(at.page) == words, f"the keyboard on “{words}”")


def tiles(at: Visit) -> dict[str, str]:
    """The four numbers of a trial or an import, by their words; read in one breath."""
    each = (
        "[...document.querySelectorAll('.changes div')].map((tile) => tile.innerText.split('\\n'))"
    )
    return {name.strip(): number.strip() for name, number in at.page.evaluate(each)}


def alert(at: Visit) -> str:
    at.page.wait_for_selector("[role=alert]")
    return at.page.inner_text("[role=alert]")


def pixel(page: Page, at: tuple[float, float]) -> tuple[int, ...]:
    """The colour of the page where a place (longitude, latitude) stands on the map."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    x, y = on_screen(page, *at)
    return tuple(int(value) for value in shot[round(y), round(x)])


def is_greener(colour: tuple[int, ...]) -> bool:
    """Tell whether a preview's fill lies over the ground there."""
    red, green, blue = colour
    return green - red > 12 and green > blue


def look_again(at: Visit) -> None:
    """Have the file read anew, as it has now been said; wait for what comes of it."""
    at.page.click(".panel-foot .primary")
    old = "document.querySelector('.panel-foot .primary')?.textContent ?? ''"
    words = ("", "按新的读法再看一遍", "Look again with these settings")
    wait_for(at.page, lambda: at.page.evaluate(old) not in words, "another trial")
