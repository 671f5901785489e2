"""What is told of an import: its outcome as JSON, and the words of its states and counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.imports.service import Outcome
from layers.transfer.rejects import Reject

EXAMPLES = 5
COUNTS: Mapping[str, tuple[str, str]] = {
    "read": ("读取", "rows read"),
    "new": ("新增", "new"),
    "changed": ("变更", "changed"),
    "unchanged": ("未变", "unchanged"),
    "closed": ("关闭", "closed"),
    "repeated": ("重复合并", "equal rows read as one"),
    "unlocated": ("未定位", "without a place"),
    "examples": ("示例行", "template examples passed over"),
    "rejected": ("拒收", "rejected"),
}
STATES: Mapping[str, tuple[str, str]] = {
    "imported": ("已导入", "imported"),
    "unchanged": ("没有变化，未导入", "nothing has changed: it is all there already"),
    "tried": ("试运行，未导入", "dry run: nothing was imported"),
    "rejected": ("有拒收行，未导入", "rows were rejected: nothing was imported"),
    "asked": ("须先说明怎样读取，未导入", "it must be said how to read it: nothing was imported"),
    "doubted": ("坐标存疑，未导入", "the coordinates are doubted: nothing was imported"),
}


def outcome_json(outcome: Outcome, most: int | None = 50) -> dict[str, Any]:
    """Return an outcome as JSON: rejects with their reasons in words, at most so many."""
    return {
        "kind": outcome.kind,
        "file": outcome.file,
        "state": outcome.state,
        "import": outcome.number,
        "version": outcome.version,
        "crs": outcome.crs,
        "headers": outcome.headers,
        "columns": outcome.columns,
        "counts": outcome.counts,
        "notes": outcome.notes,
        "hopeless": outcome.hopeless,
        "asks": outcome.asks,
        "doubts": outcome.doubts,
        "reject_groups": reject_groups(outcome.rejects),
        "rejects": [reject_json(each) for each in outcome.rejects[:most]],
    }


def reject_groups(rejects: Sequence[Reject]) -> list[dict[str, Any]]:
    """Return the rejects by field and reason, the most first: a thousand alike are one line."""
    groups: dict[tuple[str, str], list[Reject]] = {}
    for each in rejects:
        groups.setdefault((each.field, each.reason), []).append(each)
    return [
        {**reject_json(held[0]), "n": len(held), "rows": [each.row for each in held[:EXAMPLES]]}
        for held in sorted(groups.values(), key=len, reverse=True)
    ]


def reject_json(reject: Reject) -> dict[str, Any]:
    """Return one reject with its words."""
    why = reject.words()
    return {
        **reject._asdict(),
        "message": why.en,
        "message_zh": why.zh,
        "cure": why.cure,
        "cure_zh": why.cure_zh,
    }
