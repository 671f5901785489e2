"""Finished maps: over HTTP by role and area, and by the command line."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import URL

from api.cli import run
from tests.postgis.conftest import COUNTY, OTHER, OWN

Client = Callable[[str], httpx.Client]


def fetch(client: httpx.Client, form: str, code: str = OWN, **query: str) -> httpx.Response:
    return client.get(f"/maps/coverage/{code}.{form}", params=query)


def test_a_file_is_a_download_and_whole(signed_in: Client) -> None:
    answer = fetch(signed_in("planner"), "html")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    # It holds scripts, so it is never shown as a page of the service.
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%BD")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "押岭村网格覆盖图" in answer.text
    assert "合成数据" in answer.text
    assert len(answer.content) < 3_000_000


def test_a_picture_is_a_picture(signed_in: Client) -> None:
    answer = fetch(signed_in("leader"), "png")
    assert answer.headers["content-type"] == "image/png"
    drawn = Image.open(io.BytesIO(answer.content))
    assert drawn.width > 2000
    # Drawn over: many colours stand on it, not one.
    pixels = np.asarray(drawn.convert("RGB").resize((200, 200))).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 50


def test_in_english(signed_in: Client) -> None:
    text = fetch(signed_in("planner"), "html", lang="en").text
    assert "Yaling · Coverage of grids" in text
    assert 'lang="en"' in text


def test_figures_are_the_area_s_own_with_their_denominators(signed_in: Client) -> None:
    text = fetch(signed_in("planner"), "html").text
    said = " ".join(re.findall(r"<div><b>([^<]*)</b> <span>([^<]*)</span>", text)[3])
    assert said == "1 户未定位 · 名册 120 户"
    whole = fetch(signed_in("planner"), "html", COUNTY).text
    assert "名册 480 户" in whole


def test_a_finding_is_explained_where_it_is_clicked(signed_in: Client) -> None:
    text = fetch(signed_in("planner"), "html").text
    assert "C101" in text
    assert "url(#hatch-gap)" in text
    # The overlap is another village's.
    assert "C103" not in text
    assert "C103" in fetch(signed_in("planner"), "html", COUNTY).text


def test_who_gets_counts_finds_no_household_in_the_source(signed_in: Client) -> None:
    single = f"{OWN}-0"
    assert single in fetch(signed_in("planner"), "html").text
    for role in ("leader", "auditor"):
        assert single not in fetch(signed_in(role), "html").text
        assert single not in fetch(signed_in(role), "html", COUNTY).text


def test_the_file_has_no_phone_and_no_address(signed_in: Client) -> None:
    text = fetch(signed_in("administrator"), "html").text
    assert "13812345678" not in text
    assert "号" not in re.sub(r"<(style|script).*?</\1>", "", text[: text.index("</head>")])


@pytest.mark.parametrize("form", ["html", "png"])
def test_anothers_area_is_refused(signed_in: Client, form: str) -> None:
    assert fetch(signed_in("party_officer"), form).status_code == 200
    for code in (OTHER, COUNTY):
        assert fetch(signed_in("party_officer"), form, code).status_code == 403
    assert fetch(signed_in(""), form).status_code == 401


def test_what_is_not_there_is_said(signed_in: Client) -> None:
    planner = signed_in("planner")
    assert planner.get(f"/maps/nothing/{OWN}.png").status_code == 404
    assert planner.get(f"/maps/coverage/{COUNTY}999999.png").status_code == 404
    assert planner.get(f"/maps/coverage/{OWN}.pdf").status_code == 422


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture
def here(county: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", county.render_as_string(hide_password=False))
    from api.settings import settings

    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("here")
def test_the_command_writes_the_same_map(tmp_path: Path, signed_in: Client) -> None:
    path = tmp_path / "图.html"
    assert run(["map", "coverage", "--area", OWN, "--lang", "zh", "-o", str(path)]) == 0
    assert path.read_bytes() == fetch(signed_in("planner"), "html").content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("here")
def test_without_an_area_it_is_the_county(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    assert run(["map", "coverage", "-o", str(path)]) == 0
    with Image.open(path) as drawn:
        assert drawn.format == "PNG"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["map", "coverage", "-o", "m.gif"], "does not say in which format"),
        (["map", "nothing", "-o", "m.png"], "no map nothing"),
        (["map", "coverage", "--area", "12", "-o", "m.png"], "no area 12"),
        (["map", "coverage", "-o", "none/m.png"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
