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
    # A density, low to high: ColorBrewer's BuPu at even steps of lightness. No red in it.
    "heat-1": "#c1d4e7",
    "heat-2": "#98aed3",
    "heat-3": "#8c84bd",
    "heat-4": "#8a52a5",
    "heat-5": "#82147f",
    "heat-6": "#540251",
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


_RISING = "M-3 3L3 -3M-3 15L15 -3M9 15L15 9"
_FALLING = "M-3 9L3 15M-3 -3L15 15M9 -3L15 3"

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
    FindingClass("staffing", ("S301", "S302", "S303"), "网格无人", "Grid without people", False),
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


def images() -> list[dict[str, object]]:
    """Return every symbol as JSON, for a canvas to draw with ``Path2D``."""
    return [asdict(image) for image in IMAGES]
