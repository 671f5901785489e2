"""Pages of the documentation: for everyone, nothing of the county is in them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import HTMLResponse

from api.access import PUBLIC
from api.errors import NOT_FOUND, NotFoundError
from geo.rules import RULES
from layers.rules.page import proof_page, rule_page, rules_page

# The pages carry their style and pictures within themselves, and no script at all.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
OPEN: dict[str, Any] = {
    "dependencies": [Depends(PUBLIC)],
    "openapi_extra": {"security": []},
    "response_class": HTMLResponse,
    "responses": {200: {"content": {"text/html": {}}, "description": "The page"}},
}

router = APIRouter(prefix="/docs", tags=["documentation"])
Language = Annotated[Literal["zh", "en"], Query(description="The language of the page")]


@router.get("/rules", summary="All rules, as a page", **OPEN)
def get_rules_page(lang: Language = "zh") -> HTMLResponse:
    """Return the list of all rules and thresholds."""
    return HTMLResponse(rules_page(lang), headers=HEADERS)


@router.get(
    "/rules/{code}",
    summary="A rule's page",
    **{**OPEN, "responses": {**OPEN["responses"], **NOT_FOUND}},
)
def get_rule_page(
    code: Annotated[str, Path(description="A rule's code", examples=["C101"])],
    lang: Language = "zh",
) -> HTMLResponse:
    """Return what a rule is about, a picture of it, why it matters and how to put it right."""
    if code.upper() not in RULES:
        raise NotFoundError(f"There is no rule {code}.", f"没有规则 {code}。")
    return HTMLResponse(rule_page(code.upper(), lang), headers=HEADERS)


@router.get("/proof", summary="How the proof works, as a page", **OPEN)
def get_proof_page(lang: Language = "zh") -> HTMLResponse:
    """Return how it is proved that grids tile their village, with figures."""
    return HTMLResponse(proof_page(lang), headers=HEADERS)
