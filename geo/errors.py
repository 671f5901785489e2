"""Every error that the geometry floor raises, in one tree.

::

    GeoError
    ├── CrsError                  the coordinates cannot be what they are said to be
    │   ├── MissingCrsError       nothing says which CRS the coordinates are in
    │   └── SwappedAxesError      latitude stands where longitude belongs
    ├── GeometryTypeError         another kind of geometry was needed
    ├── CoordinateError           NaN, infinity, or outside the CRS's range
    ├── EmptyLayerError           no rows
    └── ColumnError               a needed column is not there

Errors carry data (codes, CRSs, row numbers) and know nothing of HTTP or of the command line.
"""

import re
from collections.abc import Mapping

PLACES_ZH: Mapping[str, str] = {
    "file": "文件", "row": "行", "column": "列", "code": "编码", "crs": "坐标系", "layer": "图层",
    "sheet": "工作表", "line": "行", "bandwidth_m": "带宽（米）", "least_m": "最小（米）",
    "most_m": "最大（米）",
}  # fmt: skip

# What a terminal would obey instead of showing it, or what cannot be written at all: files hold
# such signs, and errors tell what files hold.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def seen(words: object) -> str:
    r"""Return words on one line, in signs that are seen; others are shown as one that is not known.

    Examples
    --------
    >>> seen("一\n二\x1b[2J")
    '一�二�[2J'
    """
    return UNSEEN.sub("\ufffd", str(words))


class GeoError(Exception):
    """Say what is wrong, where, and what cures it.

    Parameters
    ----------
    message
        One sentence: what is wrong.
    cure
        One sentence: what the reader can do.
    zh
        Both in Chinese; without them the English stands in.
    **where
        Data that locates the fault: ``row`` (1-based), ``code``, ``crs``, ``column``, ``file``.
    """

    def __init__(self, message: str, *, cure: str = "", zh: str = "", **where: object) -> None:
        super().__init__(seen(message))
        self.message = seen(message)
        self.cure = seen(cure)
        self.zh = seen(zh)
        self.where: Mapping[str, object] = where

    def __str__(self) -> str:
        place = ", ".join(f"{key} {seen(value)}" for key, value in self.where.items())
        return " ".join(
            part for part in (self.message, f"({place})" if place else "", self.cure) if part
        )

    @property
    def words_zh(self) -> str:
        """What :meth:`__str__` says, in Chinese where it was said."""
        place = "，".join(
            f"{PLACES_ZH.get(key, key)} {seen(value)}" for key, value in self.where.items()
        )
        return f"{self.zh}{f'（{place}）' if place else ''}" if self.zh else str(self)


class CrsError(GeoError):
    """The coordinates cannot be what they are said to be."""


class MissingCrsError(CrsError):
    """Nothing says which CRS the coordinates are in."""


class SwappedAxesError(CrsError):
    """Latitude stands where longitude belongs."""


class GeometryTypeError(GeoError):
    """Another kind of geometry was needed."""


class CoordinateError(GeoError):
    """A coordinate is NaN, infinite, or outside the range of its CRS."""


class EmptyLayerError(GeoError):
    """The layer has no rows."""


class ColumnError(GeoError):
    """A needed column is not there."""


class BandwidthError(GeoError):
    """A kernel is too narrow or too wide for the area that it is to be drawn over."""
