"""The register of exceptions on the command line: applied, and written as a file that is read."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli import run
from api.coverage.service import run_check
from api.settings import settings
from tests.postgis.test_service_accepted import REGISTER, accept, kept, only, today

Client = Callable[[str], httpx.Client]


def test_the_command_line_goes_by_the_register(
    service: Any,
    signed_in: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_check(service.engine, "operator")
    planner = signed_in("planner")
    gap = only(planner, "C102")["id"]
    day = today(service)
    accept(planner, gap, until=str(day))
    url = service.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    settings.cache_clear()
    try:

        def excepted(*options: str) -> dict[str, bool]:
            capfd.readouterr()
            assert run(["check", "--format", "json", *options]) == 1
            document = json.loads(capfd.readouterr().out)
            flags = {each["id"]: each["accepted"] for each in document["findings"]}
            assert document["summary"]["accepted"] == sum(flags.values())
            return flags

        assert excepted()[gap] is True
        later = str(day + dt.timedelta(days=1))
        assert excepted("--today", later)[gap] is False
        # The register as a file says the same, and goes with the county's own.
        file = tmp_path / "accepted.json"
        assert run(["accepted", "-o", str(file)]) == 0
        assert json.loads(file.read_text(encoding="utf-8"))["accepted"] == kept(planner)
        planner.delete(f"{REGISTER}/{gap}")
        assert excepted()[gap] is False
        assert excepted("--accepted", str(file))[gap] is True
        capfd.readouterr()
        assert run(["accepted"]) == 0
        assert json.loads(capfd.readouterr().out) == {"accepted": []}
        assert run(["accepted", "--today", "yesterday"]) == 2
    finally:
        settings.cache_clear()
