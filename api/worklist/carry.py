"""The worklist as a file: what each form is called, is made of, and how it is written."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from api.worklist import papers, store
from layers.tiles import Scope
from layers.worklist.book import table, write_book
from layers.worklist.lines import Heading, Lang, Line

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Taken:
    """What is carried away: which tasks of which area, for whom, in which language.

    ``most_villages`` bounds the pages of a PDF; null where somebody can wait.
    """

    scope: Scope
    wanted: store.Wanted
    lang: Lang
    today: date
    most_villages: int | None = None


def _book(session: Session, taken: Taken) -> bytes:
    head, lines = _read(session, taken)
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        path = Path(folder) / "worklist.xlsx"
        write_book(path, lines, head)
        return path.read_bytes()


def _table(session: Session, taken: Taken) -> bytes:
    head, lines = _read(session, taken)
    # Without the mark Excel takes the text for GBK.
    return b"\xef\xbb\xbf" + table(lines, head).encode()


def _json(session: Session, taken: Taken) -> bytes:
    head, lines = _read(session, taken)
    said = {
        "title": head.title, "today": head.today.isoformat(), "synthetic": head.synthetic,
        "counts": dict(head.counts), "tasks": [_plain(line) for line in lines],
    }  # fmt: skip
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def _pages(session: Session, taken: Taken) -> bytes:
    whole = store.county(session)
    code = taken.wanted.area or ("" if whole is None else str(whole.code))
    return papers.paper(session, taken.scope, code, taken.lang, taken.today, taken.most_villages)


# What a file's ending says is in it.
FORMS: Mapping[str, Callable[[Session, Taken], bytes]] = {
    "xlsx": _book,
    "csv": _table,
    "json": _json,
    "pdf": _pages,
}


def carried(session: Session, taken: Taken, form: str) -> bytes:
    """Return the worklist as a file.

    Parameters
    ----------
    form
        One of :data:`FORMS`: ``pdf`` has a page for each village with work to do, the others a
        row for each task.

    Raises
    ------
    NotFoundError
        If there is no such area; for ``pdf`` also if nothing is to be done in it.
    InvalidRequestError
        If a PDF would have too many pages.
    """
    return FORMS[form](session, taken)


def _read(session: Session, taken: Taken) -> tuple[Heading, list[Line]]:
    _, rows = store.list_tasks(session, taken.scope, taken.wanted, taken.today)
    code = taken.wanted.area or taken.scope.prefix
    head = papers.heading_of(session, code, taken.lang, taken.today, rows)
    return head, [papers.line_of(row, taken.lang, taken.today) for row in rows]


def _plain(line: Line) -> dict[str, Any]:
    values = {name: getattr(line, name) for name in line.__slots__}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }
