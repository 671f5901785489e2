"""The worklist to carry away: its lines in words, and a page for each village with work to do."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.areas.store import ancestors, find_ground
from api.coverage.store import AnyRow, Rows
from api.errors import InvalidRequestError, NotFoundError
from api.finished.frame import Frame, Order, compact
from api.people.masking import mask_name
from api.worklist import store
from geo.findings import RULES
from layers import raster
from layers.incidents import ZONE
from layers.sheet import Sheet
from layers.svg_pdf import svg_pdf
from layers.tiles import Scope
from layers.vector import hidden_rules
from layers.worklist.lines import Heading, Lang, Line
from layers.worklist.sheet import INNER, MAP_HEIGHT, VillagePage, filling, pages
from layers.worklist.states import OPEN, STATES

STYLE = "coverage"
TITLE = ("任务清单", "Worklist")
PAGE_TITLE = ("问题整改单", "To be put right")
# Pixels of the map for one of the page: 288 to an inch.
DENSITY = 3.0
# Households are not on the page that hangs in an office.
LEFT_OUT = ("households",)


def line_of(row: AnyRow, lang: Lang, today: date) -> Line:
    """Return a task's row in words.

    Parameters
    ----------
    row
        Of :func:`api.worklist.store.list_tasks`.
    """

    def say(zh: str | None, en: str | None) -> str:
        return (zh if lang == "zh" else en or zh) or ""

    name = row.person_name if row.is_official else mask_name(row.person_name or "")
    mapped = row.rule not in hidden_rules(Scope())
    return Line(
        number=row.id, finding=row.finding_id, state=row.state,
        late_days=(today - row.due_on).days if row.overdue else 0, due=row.due_on,
        rule=row.rule, severity=row.severity,
        rule_name=say(RULES[row.rule].name_zh, RULES[row.rule].name.replace("-", " ")),
        town=say(row.town_name, row.town_name_en), village=say(row.area_name, row.area_name_en),
        grids="、".join(say(each["name"], each["name_en"]) or each["code"] for each in row.grids),
        message=say(row.message_zh, row.message), fix=say(row.fix_zh, row.fix),
        assignee=say(row.assignee_name, row.assignee_name_en) or row.assignee_code,
        person=name or "", households=row.households, area_m2=row.area_m2,
        lon=row.lon if mapped else None, lat=row.lat if mapped else None, reopened=row.reopened,
        note=row.note or "", assigned_by=row.assigned_by, assigned_at=row.assigned_at,
        fixed_by=row.fixed_by or "", fixed_at=row.fixed_at,
    )  # fmt: skip


def heading_of(session: Session, code: str, lang: Lang, today: date, rows: Rows,
               title: tuple[str, str] = TITLE) -> Heading:  # fmt: skip
    """Return what stands above a worklist of an area; of the county where the code is empty.

    Raises
    ------
    NotFoundError
        If there is no such area.
    """
    place = find_ground(session, code) if code else store.county(session)
    if place is None and code:
        raise NotFoundError(f"There is no area {code}.", f"没有区划 {code}。")
    zh, en = title
    name = "" if place is None else place.name if lang == "zh" else place.name_en or place.name
    states = [row.state for row in rows]
    return Heading(
        title=f"{name}{zh}" if lang == "zh" else f"{name} · {en}".removeprefix(" · "),
        today=today, lang=lang, synthetic=store.is_synthetic(session),
        counts={state: states.count(state) for state in STATES},
    )  # fmt: skip


# -- pages ---------------------------------------------------------------------------------------


def paper(
    session: Session, scope: Scope, code: str, lang: Lang, today: date, most: int | None = None
) -> bytes:
    """Return a PDF with a page for each village of an area that has work to do.

    Parameters
    ----------
    most
        So many villages are drawn at most; null: all. Each takes a second or so.

    Raises
    ------
    NotFoundError
        If there is no such area, or nothing is to be done in it.
    InvalidRequestError
        If there are more villages than ``most``.
    """
    within = replace(scope, prefix=code)
    villages = store.open_villages(session, within)
    heading = heading_of(session, code, lang, today, [], PAGE_TITLE)
    if not villages:
        raise NotFoundError(
            "Nothing is to be done here: there is no page to print.",
            "此处没有待办的任务，无需打印。",
        )
    if most is not None and len(villages) > most:
        n = len(villages)
        raise InvalidRequestError(
            f"{n} villages have work to do: print a town at a time, or use `wangge worklist`.",
            f"有 {n} 个村有待办任务，请逐个乡镇打印，或使用命令 wangge worklist。",
        )
    drawn = (
        each for village in villages for each in pages(village_page(
            session, replace(scope, prefix=max(code, village, key=len)), village, lang, today))
    )  # fmt: skip
    return svg_pdf(drawn, title=heading.title, created=datetime.now(ZONE).isoformat("T", "seconds"))


def village_page(
    session: Session, scope: Scope, village: str, lang: Lang, today: date
) -> VillagePage:
    """Return a village's page: what is to be done there that the reader may see.

    Parameters
    ----------
    scope
        Ends at the village, or at a grid in it.
    """
    wanted = store.Wanted(state=OPEN, home=village)
    _, rows = store.list_tasks(session, scope, wanted, today)
    lines = [line_of(row, lang, today) for row in rows]
    above = ancestors(session, village)
    names = [each.name if lang == "zh" else each.name_en or each.name for each in above]
    drawn, marks = _map(session, scope, village, lang, rows, lines)
    return VillagePage(
        heading=heading_of(session, village, lang, today, rows, PAGE_TITLE),
        within=" › ".join(names), lines=lines, marks=marks, map=drawn,
    )  # fmt: skip


def _map(
    session: Session, scope: Scope, village: str, lang: Lang, rows: Rows, lines: list[Line]
) -> tuple[Sheet | None, list[tuple[float, float] | None]]:
    """Draw the village with the shapes of its tasks; null where it has no boundary."""
    try:
        frame = Frame(session, Order(village, scope, lang))
    except NotFoundError:
        return None, [None] * len(lines)
    # As large as the page's map, so that names are as large as on a screen.
    frame.bounds, size = filling(frame.bounds), (round(INNER), round(MAP_HEIGHT))
    ours = {row.finding_id for row in rows}
    seen = {
        name: [row for row in found if name != "findings" or _is_shape(row, ours)]
        for name, found in frame.rows(raster.sources_of(STYLE)).items()
        if name not in LEFT_OUT
    }
    image = raster.picture(seen, frame.bounds, size, scale=DENSITY, lang=lang, style=STYLE)
    drawn = Sheet(
        title="", subtitle="", image=compact(image), bounds=frame.bounds,
        width=INNER, height=MAP_HEIGHT, lang=lang,
    )  # fmt: skip
    return drawn, [_mark(frame, line) for line in lines]


def _is_shape(row: dict[str, Any], ours: set[str]) -> bool:
    return row["id"] in ours and row["shape"] != "point"


def _mark(frame: Frame, line: Line) -> tuple[float, float] | None:
    if line.lon is None or line.lat is None:
        return None
    x, y = frame.pixel((line.lon, line.lat))
    width, height = frame.size
    return x * INNER / width, y * MAP_HEIGHT / height
