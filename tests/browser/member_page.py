"""What the tests of the page of member households share: opening, tapping, and what is true."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.test_page import settle
from tests.serving import Service

Start = Callable[..., Visit]
Row = dict[str, Any]
LISTS = ".member-lists .segments button"
NEEDS, MEMBERS, HOMES = range(3)


def opened(visit: Start, *arguments: Any, path: str = "members", **options: Any) -> Visit:
    """Open the page as the officer of a village, and wait until the map stands."""
    options.setdefault("role", "party_officer")
    at = visit(*arguments, path=path, **options)
    at.painted()
    return at


def tap(at: Visit, selector: str, place: int = 0) -> None:
    """Tap what is in the panel; on a phone the sheet is drawn up before, and comes to rest."""
    if at.page.locator(".handle").is_visible() and not at.page.locator(".panel.up").count():
        at.page.click(".handle")
        settle(at)
    at.page.locator(selector).nth(place).click()
    settle(at)


def open_member(at: Visit) -> None:
    tap(at, LISTS, MEMBERS)
    tap(at, ".rows .row")
    at.page.wait_for_selector(".contacts .row")


def open_alone(at: Visit) -> None:
    tap(at, LISTS, NEEDS)
    tap(at, ".group .row")
    at.page.wait_for_selector(".card-people")


def homes(own: Row) -> dict[str, Row]:
    return {each["code"]: each for each in own["households"]}


def keepers(own: Row) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for member in own["members"]:
        for code in member.get("contacts", []):
            found.setdefault(code, []).append(member)
    return found


def pixels(page: Page) -> np.ndarray:
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return np.array(image).astype(int)


def is_near(picture: np.ndarray, at: tuple[float, float], colour: str, far: int = 3) -> bool:
    """Tell whether a colour is on the picture within a few pixels of a place."""
    x, y = round(at[0]), round(at[1])
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    around = picture[y - far : y + far + 1, x - far : x + far + 1]
    return bool((np.abs(around - wanted).max(axis=2) <= 30).any())


def village_of(service: Service, role: str) -> Row:
    """The map of a reader's own village, as the service tells it."""
    with service.client(role) as client:
        code = client.get("/api/session").json()["area"]["code"]
        found: Row = client.get(f"/api/members/{code}").json()
    return found


def busiest(service: Service) -> str:
    """The village with the most households."""
    with service.client("administrator") as client:
        villages = client.get("/api/members").json()["villages"]
    most = max(villages, key=lambda each: each["counts"]["households"])
    assert most["counts"]["households"] > 700
    return str(most["code"])
