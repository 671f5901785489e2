"""The browser app's files: served as they are, its pages by one index, and nothing beside them."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

Client = Callable[[str], httpx.Client]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser app of two files, with a secret beside its folder."""
    web = tmp_path / "dist"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>app</title>")
    (web / "assets" / "index-1a2b3c.js").write_text("export {};" * 500)
    (tmp_path / "secret.txt").write_text("what nobody may read")
    (web / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr("api.app.WEB", web)
    return web


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/", "/incidents", "/plans/7/edit", "/wall/990101001001"])
def test_a_page_is_the_index(path: str, signed_in: Client) -> None:
    answer = signed_in("").get(path)
    assert answer.status_code == 200
    assert "<title>app</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert signed_in("").head(path).status_code == 200


@pytest.mark.usefixtures("built")
def test_a_file_with_its_hash_in_the_name_is_kept_by_the_browser(signed_in: Client) -> None:
    answer = signed_in("").get("/assets/index-1a2b3c.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
        "/%2fetc/passwd.txt",
        "/api/none",
        "/tiles/none",
    ],
)
def test_nothing_beside_the_app_is_served(path: str, signed_in: Client) -> None:
    answer = signed_in("").get(path)
    assert answer.status_code == 404
    assert "nobody may read" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_app_that_is_not_built_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed_in: Client
) -> None:
    monkeypatch.setattr("api.app.WEB", tmp_path)
    answer = signed_in("").get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text
    assert "尚未构建" in answer.text
    assert signed_in("").get("/incidents").status_code == 404
