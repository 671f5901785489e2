"""The service's description: checked in, complete, with examples."""

from typing import Any

import pytest
from sqlalchemy import make_url

from api.app import create_app
from api.openapi import FILE, describe, text


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    # No connection is opened: an engine connects when it is first used.
    return describe(create_app(url=make_url("postgresql+psycopg://nobody@127.0.0.1/none")))


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_file_is_what_the_service_says() -> None:
    app = create_app(url=make_url("postgresql+psycopg://nobody@127.0.0.1/none"))
    assert FILE.read_text(encoding="utf-8") == text(app), (
        "the interface has changed: renew the file with `python -m api.openapi`"
    )


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation.get("tags"), name


def test_every_answer_is_described(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        good = [each for status, each in operation["responses"].items() if status[0] == "2"]
        assert good, name
        for answer in good:
            for kind, content in answer.get("content", {}).items():
                assert kind != "application/json" or content["schema"], name


def test_errors_are_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status[0] in "45" and name != "GET /ready":
                assert set(answer["content"]) == {"application/problem+json"}, (name, status)


def test_path_parameters_and_large_answers_have_examples(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                assert "examples" in parameter["schema"] or "examples" in parameter, name
    schemas = document["components"]["schemas"]
    for key in ("Verdict", "FindingItem", "AreaDetail", "GridDetail", "Problem", "Me", "Job",
                "AcceptedItem", "CheckPoint", "ImportRequest", "ImportInfo", "Upload",
                "Statistics", "IncidentItem", "IncidentDetail", "IncidentList"):  # fmt: skip
        assert schemas[key]["example"], key
