"""A real browser before the real service, over the small sample county in PostGIS."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, sync_playwright
from sqlalchemy import delete

from api.app import WEB
from api.coverage.service import run_check
from api.db import drop_database, engine, migrate, session_scope
from api.maps.shapes import build_shapes
from api.postgis import Cluster
from api.sample import build_county, load_sample
from layers.tables import accepted_finding
from tests.browser.own_county import homes, own_county
from tests.postgis.import_files import areas, grids
from tests.serving import Service, serve

CHROMIUM = "/usr/bin/chromium"
# No graphics card is asked for: what is drawn is the same on every machine.
ARGUMENTS = [
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # What is asked of another host is seen by the tests, and goes nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
# The map is drawn by WebGL. To lay the page over it by WebGL as well, as a graphics card does,
# takes twice the time without one; what is seen is the same.
PAGE_BY_HAND = "--disable-gpu-compositing"
SIZES = {"phone": (390, 844), "desktop": (1280, 800), "wall": (2560, 1440)}
PATIENCE_MS = 90_000


@pytest.fixture(scope="session")
def sample(cluster: Cluster) -> Iterator[Service]:
    """The small sample county, loaded, checked and served as `wangge demo` does it."""
    if not (WEB / "index.html").exists():
        pytest.fail("the browser app is not built: run `make web`")
    url = cluster.url("browser_sample")
    with cluster.connect("postgres") as connection:
        connection.execute('CREATE DATABASE "browser_sample"')
    migrate(url)
    load_sample(engine(url), build_county(size="small"))
    build_shapes(engine(url))
    run_check(engine(url), "test")
    with serve(url) as running:
        yield running
    drop_database(url)


@pytest.fixture
def no_exceptions(sample: Service) -> Iterator[None]:
    """Empty the register after a test."""
    yield
    with session_scope(sample.engine) as session:
        session.execute(delete(accepted_finding))


# What is kept for as long as one test of a browser follows another.
_kept = ExitStack()


@cache
def _playwright() -> Playwright:
    return _kept.enter_context(sync_playwright())


@cache
def launched(*arguments: str) -> Browser:
    """A browser for whoever wants these arguments; it keeps the shaders that it has translated."""
    found = _playwright().chromium.launch(executable_path=CHROMIUM, args=list(arguments))
    _kept.callback(found.close)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None]:
    """Let the browsers go before other tests: Playwright's loop runs in the thread of all tests."""
    try:
        return (yield)
    finally:
        if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
            _kept.close()
            _playwright.cache_clear()
            launched.cache_clear()


@pytest.fixture(scope="module")
def browser() -> Browser:
    return launched(*ARGUMENTS, PAGE_BY_HAND)


@dataclass
class Visit:
    """One reader's page, with all that it asked for and complained about."""

    page: Page
    address: str
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, hash_: str, path: str = "") -> None:
        # A new page, not a jump within it.
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/{path}#{hash_}")

    def sign_in(self, username: str, password: str) -> None:
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.click("button[type=submit]")

    def painted(self) -> None:
        """Wait until the live map has been drawn."""
        self.until("performance.getEntriesByName('county-painted').length > 0")

    def until(self, test: str) -> None:
        """Poll: the page's content policy forbids the waiting that evaluates text inside it."""
        for _ in range(PATIENCE_MS // 50):
            if self.page.evaluate(test):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {test}")

    def first(self, selector: str) -> Locator:
        return self.page.locator(selector).first


Start = Callable[..., Visit]
# What a browser complains of where the page itself says what is wrong.
EXPECTED = re.compile(r"status of (401|422)")


@contextmanager
def visits_to(service: Service, browser: Browser) -> Iterator[Start]:
    """Open pages of a size and a language; signed in, unless the role is null."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def start(
        size: str = "desktop",
        lang: str = "zh",
        role: str | None = "planner",
        path: str = "",
        place: str = "",
        **options: object,
    ) -> Visit:
        width, height = SIZES[size]
        # A flight is many frames, each drawn without a graphics card: only who asks for it gets it.
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        if role is not None:
            token = service.kept_token(role)
            context.add_cookies(
                [{"name": "wangge_session", "value": token, "url": service.address}]
            )
        made = Visit(context.new_page(), service.address)
        context.on("request", lambda request: made.requested.append(request.url))
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.page.on(
            "console",
            lambda said: made.complaints.append(said.text) if said.type == "error" else None,
        )
        made.open(f"{place}?lang={lang}", path)
        visits.append(made)
        return made

    yield start
    for each in visits:
        # An address of another host is a leak, whatever the test was about.
        strangers = {
            url for url in each.requested
            if not url.startswith((f"{service.address}/", "data:", "blob:", "about:"))
        }  # fmt: skip
        assert strangers == set()
        assert [text for text in each.complaints if not EXPECTED.search(text)] == []
    for context in contexts:
        context.close()


@pytest.fixture
def visit(sample: Service, browser: Browser) -> Iterator[Start]:
    """Open a page of the sample county; see :func:`visits_to`."""
    with visits_to(sample, browser) as start:
        yield start


@pytest.fixture(scope="session")
def own(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A small county that is nobody's sample; what a test brings in, it takes back."""
    rows = {"areas": areas(), "grids": grids(), "households": homes()}
    with own_county(cluster, tmp_path_factory.mktemp("own"), rows) as service:
        yield service


@pytest.fixture
def office(own: Service, browser: Browser) -> Iterator[Start]:
    """Open a page of that county; see :func:`visits_to`."""
    with visits_to(own, browser) as start:
        yield start


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which the browser app's lock installs."""
    return (Path(WEB).parent / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
