"""How things are drawn: the one source of palette, classes, symbols and legends.

Web maps, pictures, folium files and paper all read these tables; nothing else names a colour.
A symbol is data (SVG path strings on a small square), so that a canvas, an SVG legend and a
poster draw the same mark. Meaning is never carried by colour alone: each class of finding has a
hatch or a shape of its own, which survives black-and-white print and a colour-blind eye.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

PALETTE: Mapping[str, str] = {
    # A quiet, warm ground, so that data speaks.
    "ground": "#f4f2ee",
    "water": "#c6d5df",
    "settlement": "#e7e2d9",
    "road": "#ffffff",
    "road-casing": "#d6d0c5",
    "ink": "#23272b",
    "halo": "#fbfaf8",
    # Borders grow lighter down the levels.
    "county": "#3d4249",
    "town": "#5d636b",
    "village": "#7d838a",
    "grid": "#9a9fa5",
    "unit": "#a09a8f",
    # Grid kinds: three muted hues.
    "rural": "#dbe4cb",
    "community": "#ecdcc0",
    "dedicated": "#d3d9ea",
    # Findings. Red is kept for the highest alert and is not used here.
    "gap": "#cc1480",
    "overlap": "#d97000",
    "outside": "#005a56",
    "border": "#6a4fb0",
    "household": "#14181c",
    "record": "#7b5a3a",
    "staffing": "#5b6b7b",
    # Counted households, light to dark: one hue, perceptually even.
    "cells-1": "#c9d7e6",
    "cells-2": "#93b0cf",
    "cells-3": "#5b86b3",
    "cells-4": "#2b5c93",
    "covered": "#5b86b3",
    # Alerts, each with an outline of its own too.
    "alert-blue": "#2468d8",
    "alert-green": "#2f8f4e",
    "alert-yellow": "#f5c400",
    "alert-orange": "#ef8200",
    "alert-red": "#d0191f",
    "alert-other": "#7a828b",
    # A density, low to high: ColorBrewer's BuPu at even steps of lightness. No red in it.
    "heat-1": "#c1d4e7",
    "heat-2": "#98aed3",
    "heat-3": "#8c84bd",
    "heat-4": "#8a52a5",
    "heat-5": "#82147f",
    "heat-6": "#540251",
    # Party-member households. Membership is a shape, in gold with an outline of ink: red is the
    # Party's and danger's, and so says nothing. A need has a colour and an outline of its own.
    "member": "#f2b51d",
    "home": "#6a7078",
    "need-chronic": "#3d8b6e",
    "need-disability": "#1f55d0",
    "need-income": "#9a6a00",
    "need-child": "#9b62c9",
    "need-elderly": "#4a2610",
    "need-honour": "#1b1f4a",
    "need-other": "#5c6670",
    # How a task stands: what is to be done calls, what is done rests.
    "task-reopened": "#8f1060",
    "task-assigned": "#a85400",
    "task-fixed": "#2468a8",
    "task-accepted": "#70695f",
    "task-verified": "#1f7a4a",
}


# Alerts: a colour and an outline each, so that either alone tells them apart. Which of these a
# county uses, in which order and under which names, is its setting ``alerts``.
ALERT_MARKS: Mapping[str, str] = {
    "blue": "M10 3.4A6.6 6.6 0 1 1 10 16.6A6.6 6.6 0 1 1 10 3.4Z",
    "green": "M5.5 4.5H14.5V15.5H5.5Z",
    "yellow": "M10 2.6L18 16.8H2Z",
    "orange": "M10 2.2L17.9 8L14.9 17.2H5.1L2.1 8Z",
    "red": "M6.7 2H13.3L18 6.7V13.3L13.3 18H6.7L2 13.3V6.7Z",
    "other": "M4.6 10L10 4.6L15.4 10L10 15.4Z",
}

# How many colours the ramp of a density has, and how much of the ground they hide.
HEAT_STEPS, HEAT_OPACITY = 6, 0.8


@dataclass(frozen=True, slots=True)
class Path:
    """One stroke or fill of a symbol: ``d`` is an SVG path on the image's square."""

    d: str
    stroke: str | None = None
    width: float = 0.0
    fill: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A symbol as data: ``size`` px square; ``repeats`` where it tiles an area."""

    id: str
    size: int
    paths: tuple[Path, ...]
    repeats: bool = False


def _hatch(name: str, color: str, *lines: str) -> Image:
    # A white under-stroke keeps the hatch visible on dark ground and in print.
    under = tuple(Path(d, "#ffffff", 3.2) for d in lines)
    return Image(f"hatch-{name}", 12, under + tuple(Path(d, color, 1.6) for d in lines), True)


def _marker(name: str, color: str, outline: str) -> Image:
    return Image(f"marker-{name}", 20, (Path(outline, "#ffffff", 2.0, color),))


def _alert(name: str) -> Image:
    outline, color = ALERT_MARKS[name], PALETTE[f"alert-{name}"]
    drawn = (Path(outline, "#ffffff", 3.6), Path(outline, PALETTE["ink"], 1.2, color))
    # The highest calls out, also in black and white.
    call = (Path("M10 5.6V11M10 14.2V14.3", "#ffffff", 2.4),) if name == "red" else ()
    return Image(f"alert-{name}", 20, drawn + call)


_BROKEN = (
    "M19.5 3.5A13 13 0 0 1 28.5 12.5M28.5 19.5A13 13 0 0 1 19.5 28.5"
    "M12.5 28.5A13 13 0 0 1 3.5 19.5M3.5 12.5A13 13 0 0 1 12.5 3.5"
)
_LATE = "M3.6 11V3.6H11M21 3.6H28.4V11M28.4 21V28.4H21M11 28.4H3.6V21"
_RISING = "M-3 3L3 -3M-3 15L15 -3M9 15L15 9"
_FALLING = "M-3 9L3 15M-3 -3L15 15M9 -3L15 3"

_STAR = "M10 1.9L12.4 7.1L18 7.8L13.9 11.7L14.9 17.4L10 14.6L5.1 17.4L6.1 11.7L2 7.8L7.6 7.1Z"
_RING = "M16 3.6A12.4 12.4 0 1 1 16 28.4A12.4 12.4 0 1 1 16 3.6Z"
_FLAG, _POLE = "M4.5 3H17.5L14 7.2L17.5 11.4H4.5Z", "M4.5 2.4V18"

# A need's outline, and what is drawn on it in white: told apart by either alone.
_NEEDS: Mapping[str, tuple[str, str]] = {
    "chronic": (  # a heart, with its beat
        "M10 17.8C3.6 13.2 1.8 10.2 1.8 7.2A4.3 4.3 0 0 1 10 5.2A4.3 4.3 0 0 1 18.2 7.2"
        "C18.2 10.2 16.4 13.2 10 17.8Z",
        "M4.2 9.6H7.4L9 7L11 12.2L12.6 9.6H15.8",
    ),
    "disability": (  # a square, with a wheelchair
        "M4 1.8H16A2.2 2.2 0 0 1 18.2 4V16A2.2 2.2 0 0 1 16 18.2H4A2.2 2.2 0 0 1 1.8 16V4"
        "A2.2 2.2 0 0 1 4 1.8Z",
        "M8.8 4.6V10.6H13L14.8 15M8.8 7.6H12M7 9.4A3.7 3.7 0 1 0 12.2 13.8",
    ),
    "income": (  # a coin with a square hole
        "M10 1.8A8.2 8.2 0 1 1 10 18.2A8.2 8.2 0 1 1 10 1.8Z",
        "M6.9 6.9H13.1V13.1H6.9Z",
    ),
    "child": (  # a kite
        "M10 1L17.6 8.2L10 19L2.4 8.2Z",
        "M10 3.6V15.4M5.4 8.2H14.6",
    ),
    "elderly": (  # a hexagon, with a walking stick
        "M10 1.2L17.8 5.6V14.4L10 18.8L2.2 14.4V5.6Z",
        "M7.4 8.4A2.6 2.6 0 0 1 12.6 8.4V15.4",
    ),
    "honour": (  # a shield, with a badge of rank
        "M10 1.6L17.4 4.2V9.8C17.4 14 14.2 16.8 10 18.6C5.8 16.8 2.6 14 2.6 9.8V4.2Z",
        "M6.2 6.8L10 9.4L13.8 6.8M6.2 10.6L10 13.2L13.8 10.6",
    ),
    "other": (  # a pill, with three dots
        "M6.6 4H13.4A6 6 0 0 1 13.4 16H6.6A6 6 0 0 1 6.6 4Z",
        "M5.6 10H6.4M9.6 10H10.4M13.6 10H14.4",
    ),
}

# How a task stands: an outline, and what is drawn on it in white.
_TASKS: Mapping[str, tuple[str, str]] = {
    "reopened": ("M10 1.2L19 17.6H1Z", "M10 6.8V12M10 14.9V15"),  # a triangle that calls
    "assigned": ("M10 2.2A7.8 7.8 0 1 1 10 17.8A7.8 7.8 0 1 1 10 2.2Z", "M10 5.8V10.4H13.4"),
    "fixed": ("M2.6 2.6H17.4V17.4H2.6Z", "M6.2 10.4L9 13.2L14 7"),  # a square, ticked once
    "accepted": ("M10 1L19 10L10 19L1 10Z", "M8 7.4V12.6M12 7.4V12.6"),  # at rest
    "verified": (  # an octagon, ticked twice
        "M6.4 1.8H13.6L18.2 6.4V13.6L13.6 18.2H6.4L1.8 13.6V6.4Z",
        "M3.8 10.2L6.6 13L10.8 7.2M10 12.4L10.6 13L15.8 6.6",
    ),
}


def _task(name: str, outline: str, drawn: str) -> Image:
    under, shape = Path(outline, "#ffffff", 3.0), Path(outline, fill=PALETTE[f"task-{name}"])
    return Image(f"task-{name}", 20, (under, shape, Path(drawn, "#ffffff", 1.8)))


def _need(name: str, outline: str, drawn: str) -> Image:
    under, shape = Path(outline, "#ffffff", 2.4), Path(outline, fill=PALETTE[f"need-{name}"])
    return Image(f"need-{name}", 20, (under, shape, Path(drawn, "#ffffff", 1.7)))


IMAGES: tuple[Image, ...] = (
    _hatch("gap", PALETTE["gap"], _RISING),
    _hatch("overlap", PALETTE["overlap"], _RISING, _FALLING),
    _hatch("outside", PALETTE["outside"], "M0 3H12M0 9H12"),
    _hatch("border", PALETTE["border"], "M3 0V12M9 0V12"),
    _hatch("record", PALETTE["record"], _FALLING),
    _marker("gap", PALETTE["gap"], "M10 2L18 10L10 18L2 10Z"),
    _marker("overlap", PALETTE["overlap"], "M7 2H13V7H18V13H13V18H7V13H2V7H7Z"),
    _marker("outside", PALETTE["outside"], "M10 2L18 17H2Z"),
    _marker("border", PALETTE["border"], "M2 7H18V13H2Z"),
    _marker("household", PALETTE["household"], "M10 2L18 9V18H2V9Z"),
    _marker("record", PALETTE["record"], "M3 3H17V17H3Z"),
    _marker("staffing", PALETTE["staffing"], "M10 3A7 7 0 1 1 10 17A7 7 0 1 1 10 3Z"),
    *(_alert(name) for name in ALERT_MARKS),
    # Many incidents on one coordinate: a broken ring around them.
    Image(
        "incident-stack", 32, (Path(_BROKEN, "#ffffff", 5.0), Path(_BROKEN, PALETTE["ink"], 2.4))
    ),
    *(_need(name, *shape) for name, shape in _NEEDS.items()),
    *(_task(name, *shape) for name, shape in _TASKS.items()),
    # A task whose day has passed: corners around it.
    Image("task-overdue", 32, (Path(_LATE, "#ffffff", 5.0), Path(_LATE, PALETTE["ink"], 2.8))),
    # A house in need that nobody keeps contact with: a ring around whatever stands there.
    Image(
        "need-alone",
        32,
        (Path(_RING, "#ffffff", 5.0), Path(_RING, PALETTE["ink"], 2.4)),
    ),
    Image(
        "member-home",
        20,
        (
            Path(_STAR, "#ffffff", 3.4),
            Path(_STAR, PALETTE["ink"], 1.5, PALETTE["member"]),
        ),
    ),
    Image(
        "member-seat",
        20,
        (
            Path(_FLAG + _POLE, "#ffffff", 4.2),
            Path(_FLAG, PALETTE["ink"], 1.6, PALETTE["member"]),
            Path(_POLE, PALETTE["ink"], 2.2),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class FindingClass:
    """Rules that are drawn alike, with their name in each language."""

    id: str
    rules: tuple[str, ...]
    zh: str
    en: str
    areal: bool

    @property
    def color(self) -> str:
        """The class's colour."""
        return PALETTE[self.id]


FINDING_CLASSES: tuple[FindingClass, ...] = (
    FindingClass("gap", ("C101", "C102", "C107"), "空白", "Gap", True),
    FindingClass("overlap", ("C103", "C106", "G004"), "重叠", "Overlap", True),
    FindingClass("outside", ("C104",), "越界", "Outside its village", True),
    FindingClass("border", ("C105",), "边界不吻合", "Mismatched border", True),
    FindingClass(
        "household",
        ("H201", "H202", "H203", "H204", "H205"),
        "住户问题",
        "Households",
        False,
    ),
    FindingClass(
        "record",
        ("G001", "G002", "G003", "G005", "G006", "G007"),
        "图形与编码",
        "Shape or code",
        True,
    ),
    # Contacts and visits are on lists, not on maps; where one is drawn, it is as staffing is.
    FindingClass(
        "staffing",
        (
            "S301",
            "S302",
            "S303",
            "S304",
            "S305",
            "S306",
            "P401",
            "P402",
            "P403",
            "P404",
            "V501",
        ),
        "网格人手",
        "People of the grid",
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class NeedClass:
    """Need tags that are drawn alike, with their name in each language."""

    id: str
    tags: tuple[str, ...]
    zh: str
    en: str

    @property
    def image(self) -> str:
        """The class's symbol."""
        return f"need-{self.id}"

    @property
    def color(self) -> str:
        """The class's colour."""
        return PALETTE[self.image]


# The order is that of symbols beside one house. Any other tag falls to the last class.
NEED_CLASSES: tuple[NeedClass, ...] = (
    NeedClass("elderly", ("独居老人", "孤寡老人", "空巢老人"), "独居老人", "Elderly, living alone"),
    NeedClass("child", ("留守儿童", "困境儿童", "孤儿"), "留守儿童", "Child left behind"),
    NeedClass("disability", ("残疾", "残疾人"), "残疾", "Disability"),
    NeedClass("chronic", ("慢性病", "大病", "重病"), "慢性病", "Chronic illness"),
    NeedClass("income", ("低保", "低保户", "特困", "五保"), "低保", "Low income"),
    NeedClass("honour", ("优抚对象", "军烈属", "退役军人"), "优抚对象", "Veteran's family"),
    NeedClass("other", (), "其他需求", "Another need"),
)


GRID_KINDS: Mapping[str, tuple[str, str]] = {
    "rural": ("农村网格", "Rural grid"),
    "community": ("社区网格", "Community grid"),
    "dedicated": ("专属网格", "Dedicated grid"),
}

BORDERS: Mapping[str, tuple[str, str, float, tuple[float, ...]]] = {
    # level: name zh, name en, width in px at zoom 12, dash in multiples of the width
    "county": ("县界", "County border", 2.8, ()),
    "town": ("乡镇界", "Town border", 1.6, (4.0, 2.0)),
    "village": ("村界", "Village border", 0.9, ()),
    "grid": ("网格界", "Grid border", 0.5, ()),
    "unit": ("十户单元界", "Ten-household unit", 0.8, (0.4, 2.2)),
}

# Lower bounds of the classes of counted households; ten is the smallest count ever shown.
HOUSEHOLD_BREAKS: tuple[int, ...] = (10, 50, 150, 400)


def finding_class(rule: str) -> FindingClass:
    """Return the class that a rule is drawn in.

    Parameters
    ----------
    rule
        A code of the catalogue.

    Raises
    ------
    KeyError
        If no class holds the rule.

    Examples
    --------
    >>> finding_class("C103").id
    'overlap'
    """
    for group in FINDING_CLASSES:
        if rule in group.rules:
            return group
    raise KeyError(rule)


def need_class(tag: str) -> NeedClass:
    """Return the class that a need tag is drawn in.

    Examples
    --------
    >>> need_class("低保").id, need_class("等候安装电话").id
    ('income', 'other')
    """
    known = (group for group in NEED_CLASSES if tag in group.tags)
    return next(known, NEED_CLASSES[-1])


def images() -> list[dict[str, object]]:
    """Return every symbol as JSON, for a canvas to draw with ``Path2D``."""
    return [asdict(image) for image in IMAGES]
