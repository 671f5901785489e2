"""What tests of ``wangge check`` share."""

from collections.abc import Callable, Iterator

import pytest

from api.cli import run
from api.settings import settings
from tests.unit.county_files import Check, Ran


@pytest.fixture
def check(capfd: pytest.CaptureFixture[str]) -> Check:
    """Run ``wangge check`` as the console script does, and see all that the process says."""

    def checked(*arguments: object, form: str | None = "json") -> Ran:
        capfd.readouterr()
        words = [str(argument) for argument in arguments]
        status = run(["check", *(["--format", form] if form else []), *words])
        return Ran(status, *capfd.readouterr())

    return checked


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set settings as an operator does, in the environment."""

    def changed(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield changed
    monkeypatch.undo()
    settings.cache_clear()
