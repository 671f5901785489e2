"""SARIF 2.1.0: findings for a CI that shows the findings of linters.

SARIF thinks in files and lines; a finding's place on Earth goes into its properties, and its
lasting name into ``partialFingerprints``, by which a CI tells old findings from new.
"""

from typing import Any
from urllib.parse import quote

from geo.findings import RULES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def make_sarif(document: dict[str, Any], docs: str = "") -> dict[str, Any]:
    """Return a document as a SARIF log of one run.

    Parameters
    ----------
    document
        What :func:`layers.report.make_document` made.
    docs
        Where the service is, such as ``https://grids.example``: SARIF takes no relative address
        of a rule's page. Without it no page is named.
    """
    rules = list(RULES.values())
    position = {rule.code: number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "wangge",
                        "version": document["wangge"],
                        "rules": [
                            {
                                "id": rule.code,
                                "name": rule.name,
                                "shortDescription": {"text": rule.reason},
                                "fullDescription": {"text": rule.why},
                                "help": {"text": f"{rule.how} (wangge rules {rule.code})"},
                                **({"helpUri": f"{docs}/docs/rules/{rule.code}"} if docs else {}),
                                "defaultConfiguration": {"level": LEVELS[rule.severity]},
                            }
                            for rule in rules
                        ],
                    }
                },
                "results": [
                    _result(finding, _sources(document, finding), position)
                    for finding in document["findings"]
                ],
            }
        ],
    }


def _sources(document: dict[str, Any], finding: dict[str, Any]) -> list[str]:
    """Return the files that a finding is about: of many counties, those of its own."""
    whose = finding.get("counties", ())
    known = {each["county"]: each["source"] for each in document.get("counties", ())}
    return [known[county] for county in whose] or [document["source"]]


def _result(
    finding: dict[str, Any], sources: list[str], position: dict[str, int]
) -> dict[str, Any]:
    result = {
        "ruleId": finding["rule"],
        "ruleIndex": position[finding["rule"]],
        "level": LEVELS[finding["severity"]],
        "message": {"text": f"{finding['message']} {finding['fix']}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(source)}},
                "logicalLocations": [{"name": code, "kind": "grid"} for code in finding["grids"]],
            }
            for source in sources
        ],
        "partialFingerprints": {"wangge/v1": finding["id"]},
        "properties": {
            key: finding[key]
            for key in ("point", "bbox", "area_m2", "width_m", "households", "area", "message_zh")
        },
    }
    if finding["accepted"]:
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return result
