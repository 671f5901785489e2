"""Queries of the rules: what the county's settings say of them, and saying something else."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from geo.rules import LIMITS, RULES, LimitError, Ruling, RulingError
from geo.rules.ruling import RULES_KEY, SETTINGS
from layers.tables import area, setting


def stated(session: Session | Connection) -> dict[str, Any]:
    """Return the settings that speak of rules and thresholds, by key."""
    rows = select(setting.c.key, setting.c.value).where(setting.c.key.in_(SETTINGS))
    return dict(session.execute(rows).all())


def ruling(session: Session | Connection) -> Ruling:
    """Return the rules as the county has them.

    What an older or newer program stored, and this one does not know, is passed over: a check
    must not fail for it.
    """
    said = stated(session)
    rules = {code: v for code, v in (said.get(RULES_KEY) or {}).items() if code in RULES}
    try:
        return Ruling.of({**said, RULES_KEY: rules}, RULES)
    except (LimitError, RulingError):
        fits = {key: said[key] for key in said if _fits({key: said[key]})}
        return Ruling.of(fits, RULES)


def _fits(said: Mapping[str, Any]) -> bool:
    try:
        Ruling.of(said, RULES)
    except (LimitError, RulingError):
        return False
    return True


def last_change(session: Session) -> Row[Any, Any] | None:
    """Return when one of the settings was last changed by somebody, and by whom."""
    rows = select(setting.c.updated_at, setting.c.updated_by).where(
        setting.c.key.in_(SETTINGS), setting.c.updated_by != "wangge"
    )
    return session.execute(rows.order_by(setting.c.updated_at.desc()).limit(1)).one_or_none()


def unknown_areas(session: Session, codes: set[str]) -> list[str]:
    """Return which of some codes are no area's."""
    there = set(session.scalars(select(area.c.code).where(area.c.code.in_(codes))))
    return sorted(codes - there)


def area_names(session: Session, codes: set[str]) -> dict[str, tuple[str, str | None]]:
    """Return what areas are called, in Chinese and English, by code."""
    rows = select(area.c.code, area.c.name, area.c.name_en).where(area.c.code.in_(codes))
    return {row.code: (row.name, row.name_en) for row in session.execute(rows)}


def keep(session: Session, said: Ruling, account: str) -> None:
    """Store what the county says from now on; of what it says nothing, the table's is in force."""
    values = said.stated()
    silent = [key for key in LIMITS if key not in values]
    session.execute(delete(setting).where(setting.c.key.in_(silent)))
    for key, value in values.items():
        row = insert(setting).values(key=key, value=value, updated_by=account)
        new = {"value": row.excluded.value, "updated_by": account, "updated_at": func.now()}
        changed = setting.c.value != row.excluded.value
        session.execute(row.on_conflict_do_update(index_elements=["key"], set_=new, where=changed))
