"""The service's description of itself, as it is served and as ``openapi.json`` keeps it.

``python -m api.openapi`` renews the file; a test compares the two.
"""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.access import COOKIE
from api.errors import MEDIA_TYPE

FILE = Path(__file__).parents[1] / "openapi.json"
_PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Describe the service: FastAPI's account, with our errors and our cookie in it.

    FastAPI takes every answer for ``application/json`` and adds its own kind of validation error;
    ours are problems, all of them.
    """
    document: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")) and not _is_readiness(answer):
                    answer["content"] = {MEDIA_TYPE: _PROBLEM}
    components = document["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = {"session": {"type": "apiKey", "in": "cookie", "name": COOKIE}}
    document["security"] = [{"session": []}]
    return document


def _is_readiness(answer: dict[str, Any]) -> bool:
    return "Readiness" in json.dumps(answer.get("content", {}))


def text(app: FastAPI) -> str:
    """Return the description as the file holds it."""
    return json.dumps(describe(app), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def renew() -> None:
    """Write the file anew."""
    from sqlalchemy import make_url

    from api.app import create_app

    # No connection is opened: an engine connects when it is first used.
    app = create_app(url=make_url("postgresql+psycopg://nobody@127.0.0.1/none"))
    FILE.write_text(text(app), encoding="utf-8")


if __name__ == "__main__":
    renew()
