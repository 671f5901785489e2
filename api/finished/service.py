"""Finished maps by name: made as a file that opens anywhere, or as a picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from api.errors import NotFoundError
from api.finished import coverage, incidents, members
from api.finished.frame import Frame, Order
from layers.folium_map import Page, page_html
from layers.sheet import Sheet, sheet_svg
from layers.svg_png import svg_png

Format = Literal["html", "png"]
# Pixels of a PNG for one of the sheet: sharp on a screen of double density, and on A3.
DENSITY = 2.0
MEDIA = {"html": "text/html; charset=utf-8", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A map that can be finished: its words, and how it is made as a file and as a sheet."""

    zh: str
    en: str
    page: Callable[[Frame], Page]
    sheet: Callable[[Frame], Sheet]


SUBJECTS: Mapping[str, Subject] = {
    "coverage": Subject(*coverage.TITLE, coverage.page, coverage.sheet),
    "incidents": Subject(*incidents.TITLE, incidents.page, incidents.sheet),
    "members": Subject(*members.TITLE, members.page, members.sheet),
}


def finished_map(session: Session, name: str, order: Order, form: Format) -> bytes:
    """Make a map.

    Parameters
    ----------
    name
        One of :data:`SUBJECTS`.
    order
        Of which area, for whom, in which language.
    form
        ``html``: one file that needs nothing else; ``png``: a sheet.

    Raises
    ------
    NotFoundError
        If there is no such map, or nothing to draw.
    """
    if name not in SUBJECTS:
        raise NotFoundError(f"There is no map {name}.", f"没有名为 {name} 的地图。")
    frame = Frame(session, order)
    if form == "html":
        return page_html(SUBJECTS[name].page(frame)).encode()
    return svg_png(sheet_svg(SUBJECTS[name].sheet(frame)), scale=DENSITY)


def file_name(name: str, order: Order, form: Format) -> str:
    """Return what a finished map is called when it is kept.

    Examples
    --------
    >>> from layers.tiles import Scope
    >>> file_name("coverage", Order("990101", Scope()), "png")
    '网格覆盖图-990101.png'
    """
    subject = SUBJECTS[name]
    return f"{subject.zh if order.lang == 'zh' else subject.en}-{order.code}.{form}"
