"""One page for one village: its map with numbered tasks, and beside each number who does what.

A page is made to be carried into the field and brought back signed: what is wrong and what to do
in whole sentences, a box to tick, a line to sign on. What does not fit goes on to a next page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from layers.legend_svg import symbol_paths
from layers.sheet import FONT, SYNTHETIC, Box, Sheet, map_part
from layers.style import IMAGES, PALETTE
from layers.worklist.lines import Heading, Lang, Line, state_words
from layers.worklist.states import STATES
from layers.worklist.wrapping import wrap

# A4, upright, pixels of 96 to an inch.
WIDTH, HEIGHT, MARGIN = 794.0, 1123.0, 36.0
INNER = WIDTH - 2 * MARGIN
TITLE, BODY, SMALL = 22.0, 11.5, 10.0
LEADING = 1.38
MAP_HEIGHT, FOOT = 430.0, 46.0
# Two marks stand so far from each other, or one of them steps aside.
APART = 21.0
STEPS = [(0.0, 0.0)] + [
    (APART * ring * x, APART * ring * y)
    for ring in (1, 2, 3)
    for x, y in ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
]
WORDS = {
    "number": ("序号", "No."),
    "wrong": ("问题与办法", "What is wrong, and what to do"),
    "who": ("责任", "Whose"),
    "due": ("期限", "Due"),
    "done": ("完成", "Done"),
    "sign": ("签字 / 日期", "Signed, day"),
    "task": ("任务", "Task"),
    "more": ("续表", "continued"),
    "off_map": ("不上图", "not on the map"),
    "foot": (
        "改好后在方框内打勾、签字，交回乡镇；下次核查自动认定是否改好。",
        "Tick the box and sign when it is put right, and hand the page in: the next check tells "
        "whether it is.",
    ),
    "nothing": ("没有待办的任务。", "Nothing is to be done."),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list: its heading, where it begins, how wide it is."""

    key: str
    x: float
    width: float


COLUMNS = (
    Column("number", 0.0, 44.0),
    Column("wrong", 44.0, 348.0),
    Column("who", 392.0, 100.0),
    Column("due", 492.0, 96.0),
    Column("done", 588.0, 38.0),
    Column("sign", 626.0, INNER - 626.0),
)


@dataclass(frozen=True, slots=True)
class VillagePage:
    """What stands on a village's page.

    ``map`` is the drawn map with its box, null where the village has no boundary; ``marks`` are
    pixels of it, one a line, null where no map shows it.
    """

    heading: Heading
    within: str
    lines: Sequence[Line]
    marks: Sequence[tuple[float, float] | None]
    map: Sheet | None


def pages(page: VillagePage) -> Iterator[str]:
    """Lay a village's page out, and as many more as its list needs; each is an SVG document."""
    told = enumerate(zip(page.lines, page.marks, strict=True), 1)
    rows = [_row(place, line, mark, page.heading.lang) for place, (line, mark) in told]
    left, number = list(rows), 0
    while left or number == 0:
        number += 1
        top, parts = _head(page, number)
        if number == 1 and page.map is not None:
            parts.append(_map(page, page.map, top))
            top += page.map.height + 14
        parts.append(_headings(top, page.heading.lang))
        top += 24
        taken = 0
        while left and (top + left[0].height <= HEIGHT - MARGIN - FOOT or not taken):
            row = left.pop(0)
            parts.append(f'<g transform="translate({MARGIN} {top:.1f})">{row.drawn}</g>')
            top, taken = top + row.height, taken + 1
        if not rows:
            parts.append(_text(MARGIN, top + 20, _say("nothing", page.heading.lang), BODY))
        yield _document(page, [*parts, _foot(page, number)])


def filling(box: Box) -> Box:
    """Widen a box (left, bottom, right, top) to the shape of the page's map."""
    left, bottom, right, top = box
    wide, high = right - left, top - bottom
    across = max(0.0, high * INNER / MAP_HEIGHT - wide) / 2
    up = max(0.0, wide * MAP_HEIGHT / INNER - high) / 2
    return left - across, bottom - up, right + across, top + up


# -- parts ---------------------------------------------------------------------------------------


def _say(key: str, lang: Lang) -> str:
    return WORDS[key][0 if lang == "zh" else 1]


def _document(page: VillagePage, parts: Sequence[str]) -> str:
    heading = page.heading
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{WIDTH:g}" height="{HEIGHT:g}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'lang="{"zh-CN" if heading.lang == "zh" else "en"}" font-family="{FONT}" '
        f'fill="{PALETTE["ink"]}"><title>{escape(heading.title)}</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _head(page: VillagePage, number: int) -> tuple[float, list[str]]:
    heading = page.heading
    more = f"（{_say('more', heading.lang)}）" if number > 1 else ""
    parts = [
        _text(MARGIN, MARGIN + TITLE, heading.title + more, TITLE, weight=700),
        _text(MARGIN, MARGIN + TITLE + 20, f"{page.within} · {heading.about()}", BODY,
              color="town"),
    ]  # fmt: skip
    return MARGIN + TITLE + 34, parts


def _foot(page: VillagePage, number: int) -> str:
    lang, base = page.heading.lang, HEIGHT - MARGIN
    said = [_text(MARGIN, base - 14, _say("foot", lang), SMALL, color="town")]
    if page.heading.synthetic:
        said.append(_text(MARGIN, base, SYNTHETIC[lang], SMALL, color="town", weight=700))
    said.append(
        f'<text x="{WIDTH - MARGIN:g}" y="{base:g}" text-anchor="end" font-size="{SMALL:g}" '
        f'fill="{PALETTE["town"]}">wangge 网格 · {number}</text>'
    )
    return "".join(said)


def _map(page: VillagePage, drawn: Sheet, top: float) -> str:
    x = MARGIN + (INNER - drawn.width) / 2
    marks = "".join(_marks(page, drawn))
    return f'{map_part(drawn, x, top)}<g transform="translate({x:.1f} {top:.1f})">{marks}</g>'


def _marks(page: VillagePage, drawn: Sheet) -> Iterator[str]:
    """Draw a mark for each task at its place; one whose place is taken steps aside on a line."""
    taken: list[tuple[float, float]] = []
    for number, (line, mark) in enumerate(zip(page.lines, page.marks, strict=True), 1):
        if mark is None:
            continue
        x, y = mark
        near = [(x + dx, y + dy) for dx, dy in STEPS]
        inside = [
            (a, b) for a, b in near if 10 <= a <= drawn.width - 10 and 10 <= b <= drawn.height - 10
        ] or near
        free = [
            (a, b) for a, b in inside
            if all(max(abs(a - c), abs(b - d)) >= APART - 0.5 for c, d in taken)
        ]  # fmt: skip
        at = (free or inside)[0]
        taken.append(at)
        if at != mark:
            ink = PALETTE["ink"]
            yield (
                f'<path d="M{x:.1f} {y:.1f}L{at[0]:.1f} {at[1]:.1f}" stroke="{ink}" '
                f'stroke-width="1"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{ink}"/>'
            )
        yield _mark(number, line, *at)


def _mark(number: int, line: Line, x: float, y: float) -> str:
    """Draw a number on its state's colour and outline; corners around it where it is overdue."""
    image = next(each for each in IMAGES if each.id == STATES[line.state].image)
    outline, color = image.paths[1].d, image.paths[1].fill
    late = symbol_paths("task-overdue") if line.late_days else ""
    # A triangle's middle is low.
    low = 2.2 if line.state == "reopened" else 0.0
    return (
        f'<g transform="translate({x - 10:.1f} {y - 10:.1f})">'
        f'<g transform="translate(-3 -3) scale(0.8125)">{late}</g>'
        f'<path d="{outline}" fill="{color}" stroke="#ffffff" stroke-width="1.4"/>'
        f'<text x="10" y="{13.6 + low:g}" text-anchor="middle" '
        f'font-size="{10 if number < 100 else 8}" font-weight="700" fill="#ffffff">{number}</text>'
        f"</g>"
    )


# -- the list ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list, drawn from its own upper left corner."""

    drawn: str
    height: float


def _headings(top: float, lang: Lang) -> str:
    parts = [
        f'<rect x="{MARGIN:g}" y="{top:.1f}" width="{INNER:g}" height="22" '
        f'fill="{PALETTE["settlement"]}"/>'
    ]
    parts += [
        _text(MARGIN + column.x + 5, top + 15.5, _say(column.key, lang), SMALL, weight=700)
        for column in COLUMNS
    ]
    return "".join(parts)


def _row(number: int, line: Line, mark: tuple[float, float] | None, lang: Lang) -> Row:
    by = {column.key: column for column in COLUMNS}
    wrong = wrap(line.message, (by["wrong"].width - 10) / BODY)
    fix = wrap(f"→ {line.fix}", (by["wrong"].width - 10) / SMALL) if line.fix else []
    who = wrap(line.who(), (by["who"].width - 8) / BODY)
    about = [f"{line.rule} · {_say('task', lang)} {line.number}"]
    about += [state_words(line.state, lang)] if line.state != "assigned" else []
    about += [_say("off_map", lang)] if mark is None else []
    small = wrap(" · ".join(about), (by["wrong"].width - 10) / SMALL)
    step, fine = BODY * LEADING, SMALL * LEADING
    height = max(
        12 + len(wrong) * step + (len(fix) + len(small)) * fine, 12 + len(who) * step, 54.0
    )
    x = by["wrong"].x + 5
    parts = _lines(x, 5 + BODY, wrong, BODY, step)
    parts += _lines(x, 5 + SMALL + len(wrong) * step, fix, SMALL, fine)
    parts += _lines(x, 5 + SMALL + len(wrong) * step + len(fix) * fine, small, SMALL, fine, "town")
    parts += _lines(by["who"].x + 5, 5 + BODY, who, BODY, step)
    late = [line.late(lang)] if line.late_days else []
    parts += _lines(by["due"].x + 5, 5 + BODY, [line.due.isoformat()], BODY, step)
    parts += [_text(by["due"].x + 5, 5 + BODY + step, words, SMALL, weight=700) for words in late]
    parts += [
        f'<g transform="translate({by["number"].x + 21:g} 19)">{_mark(number, line, 0, 0)}</g>',
        f'<rect x="{by["done"].x + 9:g}" y="9" width="18" height="18" fill="none" '
        f'stroke="{PALETTE["ink"]}" stroke-width="1.4"/>',
        _rule(by["sign"].x + 6, 30, by["sign"].width - 12, 1.0),
        _rule(0, height, INNER, 0.6),
    ]
    return Row("".join(parts), height)


def _lines(
    x: float, y: float, lines: Sequence[str], size: float, step: float, color: str = "ink"
) -> list[str]:
    return [_text(x, y + step * place, each, size, color=color) for place, each in enumerate(lines)]


def _rule(x: float, y: float, width: float, weight: float) -> str:
    return (
        f'<path d="M{x:.1f} {y:.1f}h{width:.1f}" stroke="{PALETTE["village"]}" '
        f'stroke-width="{weight:g}"/>'
    )


def _text(
    x: float, y: float, words: str, size: float, *, color: str = "ink", weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" '
        f'fill="{PALETTE[color]}">{escape(words)}</text>'
    )
