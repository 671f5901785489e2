"""The catalogue: every rule a territory is checked by, and the finding that a broken rule makes.

A rule is a row of :data:`RULES`: a stable code, a short name, a default severity and one reason
in each language. A :class:`Finding` says where, how big, whom it touches and what to do.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the catalogue: a rule's code, names, default severity and reason."""

    code: str
    name: str
    severity: Severity
    name_zh: str
    reason: str
    reason_zh: str


_E: Severity = "error"
_W: Severity = "warning"
_I: Severity = "info"

RULES: dict[str, Rule] = {
    row[0]: Rule(*row)
    for row in (
        ("G001", "invalid-geometry", _E, "图形无效",
         "A self-crossing or unclosed ring has no inside that can be answered for.",
         "边界自相交或未闭合，无法判定内外。"),
        ("G002", "empty-geometry", _E, "没有图形",
         "A grid without a polygon covers nobody.", "网格没有面，等于无人负责。"),
        ("G003", "duplicate-code", _E, "编码重复",
         "Two grids with one code cannot be told apart.", "两个网格同一编码，无法区分。"),
        ("G004", "duplicate-geometry", _E, "图形重复",
         "Two grids hold the same land.", "两个网格占同一块地。"),
        ("G005", "detached-parts", _W, "网格分块",
         "A grid in several pieces is harder to walk and to answer for.",
         "网格分成几块，走访和负责都更难。"),
        ("G006", "malformed-code", _E, "编码不合规",
         "A code off the pattern, or not under its parent's, breaks every join.",
         "编码不合规则或不在上级编码之下，汇总必然出错。"),
        ("G007", "shifted-layer", _W, "图层偏移",
         "The layer fits better after the shift of a known datum.",
         "按已知坐标系偏移后更吻合，疑似坐标系有误。"),
        ("C101", "gap", _E, "空白",
         "Land of the parent, inside, in no grid.", "辖区内部有地不属于任何网格。"),
        ("C102", "uncovered-edge", _E, "边缘空白",
         "Land along the parent's border in no grid.", "辖区边缘有地不属于任何网格。"),
        ("C103", "overlap", _E, "重叠",
         "Land in two or more exclusive grids.", "同一块地同属两个以上网格。"),
        ("C104", "outside-parent", _E, "越界",
         "Land of a grid beyond its parent.", "网格伸出了辖区边界。"),
        ("C105", "mismatched-border", _W, "边界不吻合",
         "Neighbours' borders meet within the tolerance but not vertex by vertex.",
         "相邻边界在容差内相接，但顶点不一致。"),
        ("C106", "nested", _E, "嵌套",
         "One exclusive grid lies wholly inside another.", "一个网格完全落在另一个网格之内。"),
        ("C107", "narrow-gap", _W, "狭长空隙",
         "A corridor in no grid, narrower than a given width.", "不属于任何网格的狭长空隙。"),
        ("H201", "household-uncovered", _E, "住户无人负责",
         "A household in no grid: the meaning of a blind spot.",
         "住户不在任何网格内，这就是盲区。"),
        ("H202", "household-in-several", _E, "住户多头负责",
         "A household in several exclusive grids.", "住户同时落在几个网格内。"),
        ("H203", "household-misfiled", _W, "住户登记错格",
         "The recorded grid differs from where the household lies.",
         "登记的网格与实际所在网格不一致。"),
        ("H204", "stacked-households", _I, "住户坐标堆叠",
         "Many households on one coordinate, as a geocoder's default leaves them.",
         "多户同一坐标，多为地址解析的默认点。"),
        ("H205", "unlocated-household", _W, "住户无坐标",
         "On the list, without coordinates: neither covered nor uncovered is proved.",
         "在册但没有坐标，无法证明是否有人负责。"),
        ("S301", "grid-without-worker", _W, "网格无网格员",
         "Nobody walks this grid.", "网格没有网格员。"),
        ("S302", "grid-without-head", _W, "网格无网格长",
         "Nobody answers for this grid.", "网格没有网格长。"),
        ("S303", "grid-without-branch", _W, "网格无党组织",
         "No party branch stands on this grid.", "网格没有党组织。"),
    )
}  # fmt: skip


def finding_id(rule: str, *parts: str) -> str:
    """Name a finding by what it is about, so that the name survives a re-run.

    Parameters
    ----------
    rule
        The rule's code.
    *parts
        What identifies the place: sorted codes, a coarse position. Nothing that an unrelated
        edit changes (no row numbers, no counters).

    Returns
    -------
    str
        12 hexadecimal digits.

    Examples
    --------
    >>> finding_id("C101", "a", "b") == finding_id("C101", "a", "b")
    True
    """
    text = "\x1f".join((rule, *parts))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken.

    Geometry and ``point`` are in the checked layer's own CRS; measures are metric (m, m²).
    ``area`` is the parent's code. ``depth`` is the greatest number of grids on one spot.
    """

    id: str
    rule: str
    grids: tuple[str, ...]
    area: str | None
    geometry: BaseGeometry
    point: Point
    message: str
    message_zh: str
    fix: str
    fix_zh: str
    area_m2: float = 0.0
    width_m: float = 0.0
    length_m: float = 0.0
    households: int = 0
    depth: int | None = None
    severity: Severity = field(default="error")

    @property
    def name(self) -> str:
        """The rule's short name, such as ``gap``."""
        return RULES[self.rule].name


def sort_findings(findings: list[Finding]) -> list[Finding]:
    """Order findings by severity, then area (largest first), then rule and id."""
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), -f.area_m2, f.rule, f.id))
