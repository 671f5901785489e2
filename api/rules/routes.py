"""The county's rules and thresholds: seen and changed by who plans for all of it."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.access import Database, access
from api.auth import Reader
from api.errors import PROBLEMS
from api.rules import service
from api.rules.schemas import NewRules, RuleBook

router = APIRouter(prefix="/api/rules", tags=["rules"], responses={**PROBLEMS})

Planner = Annotated[
    Reader,
    Depends(
        access(
            "administrator", "planner", reach="county",
            refusal=(
                "Rules and thresholds are set by those who plan for the county.",
                "规则和阈值由县级管理员和规划员设定。",
            ),
        )
    ),
]  # fmt: skip


@router.get("", summary="Rules and thresholds as the county has them")
def get_rules(_: Planner, session: Database) -> RuleBook:
    """Return every rule, whether it is on and how grave, and every threshold."""
    return service.rule_book(session)


@router.put("", summary="Say which rules are on, how grave, and by which thresholds")
def put_rules(new: NewRules, reader: Planner, session: Database) -> RuleBook:
    """Replace what the county says; what is left out is as the table has it.

    The next check goes by it; the change, as it was and as it is, is kept in the log.
    """
    return service.change_rules(session, new, reader.username)
