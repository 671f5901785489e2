"""Many findings accepted in one act, or many exceptions taken back: all of them, or none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from api import audit
from api.accepted import store
from api.accepted.schemas import MOST_FINDINGS, AcceptedMany, Left, NewDecisions, RevokedMany
from api.accepted.service import log_decision, may_decide, require_day
from api.auth import Reader
from api.coverage.store import AnyRow
from api.errors import ConflictError, NotAllowedError, UnfitError
from api.maps.routes import scope_of

# Why a finding is left as it is: English, Chinese.
REASONS: Mapping[str, tuple[str, str]] = {
    "none": (
        "It is no finding of the latest check in your area.",
        "最近一次核查在您的辖区没有这个问题。",
    ),
    "accepted": ("It is an accepted exception already.", "已列为例外。"),
    "open": ("It is no accepted exception.", "没有列为例外。"),
    "beyond": (
        "It reaches beyond your area: who plans for all of it decides.",
        "超出您的辖区，由负责全部范围的规划员决定。",
    ),
}


def accept_many(session: Session, reader: Reader, new: NewDecisions) -> AcceptedMany:
    """Accept findings, or all open ones of a rule or an area, with one reason and one last day.

    Raises
    ------
    NotAllowedError
        If the area is not the reader's, nor holds his.
    UnfitError
        If the last day is past, they are too many at once, or none of them can be accepted.
    ConflictError
        If they are not as many as the reader has seen.
    """
    require_day(session, new.until)
    _require_area(reader, new.area)
    moment = store.take_all_turns(session)
    rows = store.find_many(session, scope_of(reader), new.findings, new.rule, new.area)
    _require_number(len(rows), new)
    why = _sort_out(reader, rows, new.findings)
    mine = [each for each, left in why.items() if left is None]
    _require_some(mine, why)
    before = {row.finding_id: row for row in store.open_decisions(session, mine)}
    store.end_many(session, mine, reader.username, moment)
    store.decide_many(session, mine, reader.username, moment, new.reason, new.until)
    for each in mine:
        was = before.get(each)
        action = audit.EXCEPTION_CHANGED if was else audit.ACCEPTED
        log_decision(session, reader, each, action, was, new)
    return AcceptedMany(accepted=len(mine), findings=mine, skipped=_left(why))


def revoke_many(session: Session, reader: Reader, findings: Sequence[str]) -> RevokedMany:
    """Take exceptions back: their findings count again.

    Raises
    ------
    UnfitError
        If none of them can be taken back.
    """
    moment = store.take_all_turns(session)
    rows = store.open_decisions(session, findings, scope_of(reader))
    held = {row.finding_id: row for row in rows}
    why = {
        each: "open" if each not in held else _beyond(reader, held[each])
        for each in dict.fromkeys(findings)
    }
    mine = [each for each, left in why.items() if left is None]
    _require_some(mine, why)
    store.end_many(session, mine, reader.username, moment)
    for each in mine:
        log_decision(session, reader, each, audit.EXCEPTION_REVOKED, held[each], None)
    return RevokedMany(revoked=len(mine), skipped=_left(why))


def _sort_out(
    reader: Reader, rows: Sequence[AnyRow], named: Sequence[str] | None
) -> dict[str, str | None]:
    """Say of each finding why it is left, null where it is not; in the order it was named in."""
    found: dict[str, Any] = {row.id: row for row in rows}

    def why(each: str) -> str | None:
        if each not in found:
            return "none"
        if found[each].accepted:
            return "accepted"
        return _beyond(reader, found[each])

    return {each: why(each) for each in dict.fromkeys(named or found)}


def _beyond(reader: Reader, row: AnyRow) -> str | None:
    return None if may_decide(reader, row.area_code, row.grids) else "beyond"


def _left(why: Mapping[str, str | None]) -> list[Left]:
    return [
        Left(finding=each, reason=REASONS[key][0], reason_zh=REASONS[key][1])
        for each, key in why.items()
        if key is not None
    ]


def _require_area(reader: Reader, area: str | None) -> None:
    if area is not None and not (reader.sees(area) or reader.prefix.startswith(area)):
        raise NotAllowedError("This is not in your area.", "不在您的辖区之内。")


def _require_number(n: int, new: NewDecisions) -> None:
    if new.expected is not None and n != new.expected:
        raise ConflictError(
            f"There are {n:,} of them now, not {new.expected:,}: look at them again.",
            f"现在是 {n:,} 处，不是 {new.expected:,} 处，请刷新后再看。",
        )
    if n > MOST_FINDINGS:
        raise UnfitError(
            f"These are {n:,} findings; at most {MOST_FINDINGS:,} are accepted at once. "
            "Name an area, or a rule, as well.",
            f"共 {n:,} 处问题，一次最多登记 {MOST_FINDINGS:,} 处，请再限定范围或规则。",
        )


def _require_some(mine: Sequence[str], why: Mapping[str, str | None]) -> None:
    if mine:
        return
    keys: Iterable[str] = dict.fromkeys(filter(None, why.values()))
    said = [REASONS[key] for key in keys]
    raise UnfitError(
        " ".join(["There is nothing here to decide on.", *(en for en, _ in said)]),
        "".join(["这里没有可以登记或撤销的问题。", *(zh for _, zh in said)]),
    )
