"""Thresholds: what each is, its default, and what a county may set; the one table of them.

A limit's value is a number, a range (``least`` and ``most``), or a range for each kind of grid. A
county sets it under the limit's key; a town or a village can have its own beside it, and the
smallest area that says something decides. What nobody says is the default of the table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from geo.errors import GeoError

Form = Literal["number", "range", "kinds"]
KINDS = ("rural", "community", "dedicated")
ENDS = ("least", "most")


class LimitError(GeoError):
    """A threshold that is unknown, or a value that it cannot have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One threshold.

    Attributes
    ----------
    key
        Its name, in the settings of a county too.
    name, name_zh, unit, unit_zh
        What it is called, and what it is counted in.
    form
        A ``number``, a ``range``, or a range for each of the ``kinds`` of grid.
    default
        Its value where nobody says otherwise.
    low, high
        The least and the greatest value that make sense.
    by_area
        Whether a town or a village can have its own.
    """

    key: str
    name: str
    name_zh: str
    unit: str
    unit_zh: str
    form: Form
    default: Any
    low: float
    high: float
    by_area: bool = False


LIMITS: Mapping[str, Limit] = {
    limit.key: limit
    for limit in (
        Limit(
            key="tolerance_m", name="Borders closer than this are one",
            name_zh="边界相距小于此值视为同一条", unit="m", unit_zh="米",
            form="number", default=0.01, low=1e-6, high=10.0,
        ),
        Limit(
            key="narrow_gap_m", name="A corridor narrower than this is reported",
            name_zh="窄于此值的空隙要报告", unit="m", unit_zh="米",
            form="number", default=1.0, low=0.02, high=50.0,
        ),
        Limit(
            key="cluster_m", name="Households nearer to each other are one place",
            name_zh="相距小于此值的住户合为一处", unit="m", unit_zh="米",
            form="number", default=100.0, low=1.0, high=5_000.0,
        ),
        Limit(
            key="stacked", name="So many households on one coordinate are reported",
            name_zh="同一坐标达到此户数要报告", unit="households", unit_zh="户",
            form="number", default=20, low=2, high=100_000,
        ),
        Limit(
            key="households_per_grid", name="Households of a grid", name_zh="每个网格的户数",
            unit="households", unit_zh="户", form="kinds",
            default={"rural": {"least": 30, "most": 300},
                     "community": {"least": 30, "most": 500},
                     "dedicated": {"least": 0, "most": 500}},
            low=0, high=100_000, by_area=True,
        ),
        Limit(
            key="households_per_unit", name="Households of a ten-household unit",
            name_zh="每个十户单元的户数", unit="households", unit_zh="户", form="range",
            default={"least": 6, "most": 14}, low=0, high=1_000, by_area=True,
        ),
        Limit(
            key="contacts_per_member", name="Households that a member keeps contact with",
            name_zh="每名党员联系的户数", unit="households", unit_zh="户", form="range",
            default={"least": 5, "most": 8}, low=0, high=1_000, by_area=True,
        ),
        Limit(
            key="contact_distance_m", name="A contact farther away than this is reported",
            name_zh="联系户远于此值要报告", unit="m", unit_zh="米",
            form="number", default=1_500.0, low=10.0, high=100_000.0, by_area=True,
        ),
        Limit(
            key="visit_days", name="Every household is visited within", name_zh="每户走访的期限",
            unit="days", unit_zh="天", form="number", default=7, low=1, high=3_660, by_area=True,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds in force.

    ``county`` holds what the county says, by key; ``areas`` what towns and villages say: an
    area's code, then the key. Both may be partial.
    """

    county: Mapping[str, Any]
    areas: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(
        cls,
        county: Mapping[str, Any] | None = None,
        areas: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> "Limits":
        """Take what a county and its areas say.

        Raises
        ------
        LimitError
            If a key is unknown or a value makes no sense; the words say which.
        """
        for key, value in (county or {}).items():
            require_value(key, value)
        for code, said in (areas or {}).items():
            for key, value in said.items():
                require_value(key, value)
                if not LIMITS[key].by_area:
                    raise _unfit(
                        key, f"cannot differ by area ({code})", f"不能按地区（{code}）另定"
                    )
        return cls(dict(county or {}), {code: dict(said) for code, said in (areas or {}).items()})

    def _said(self, key: str, code: str) -> Iterator[Any]:
        """Yield what is said of a limit, the nearest to a place first, the default last."""
        inner = sorted((each for each in self.areas if code.startswith(each)), key=len)
        for area in reversed(inner):
            yield self.areas[area].get(key)
        yield self.county.get(key)
        yield LIMITS[key].default

    def number(self, key: str, code: str = "") -> float:
        """Return a limit that is a number, where a code lies.

        Examples
        --------
        >>> Limits.of({"visit_days": 14}, {"990101101": {"visit_days": 3}}).number(
        ...     "visit_days", "990101101001")
        3.0
        """
        return float(next(value for value in self._said(key, code) if value is not None))

    def range(self, key: str, code: str = "", kind: str | None = None) -> tuple[float, float]:
        """Return the least and the most of a limit, where a code lies.

        Parameters
        ----------
        key
            A limit that is a range, or one for each kind.
        code
            Of a grid, a village, a unit.
        kind
            Of the grid, for a limit that goes by kind.

        Examples
        --------
        >>> Limits.of({"households_per_grid": {"rural": {"most": 200}}}).range(
        ...     "households_per_grid", "990101101001001", "rural")
        (30.0, 200.0)
        """

        def end(name: str) -> float:
            for said in self._said(key, code):
                inner = (said or {}).get(kind) if LIMITS[key].form == "kinds" else said
                if inner and inner.get(name) is not None:
                    return float(inner[name])
            raise KeyError(name)

        return end("least"), end("most")


def require_value(key: str, value: object) -> None:
    """Refuse a value that a limit cannot have.

    Raises
    ------
    LimitError
        If the key is unknown, the form is another, or a number is out of its bounds.
    """
    if key not in LIMITS:
        raise LimitError(
            f"There is no threshold “{key}”.", cure=f"There are {', '.join(LIMITS)}.",
            zh=f"没有“{key}”这个阈值。",
        )  # fmt: skip
    limit = LIMITS[key]
    if limit.form == "number":
        _require_number(limit, value)
    elif limit.form == "range":
        _require_range(limit, value)
    else:
        for kind, inner in _entries(limit, value, KINDS):
            _require_range(limit, inner, kind)


def _require_range(limit: Limit, value: object, kind: str | None = None) -> None:
    said = dict(_entries(limit, value, ENDS))
    for number in said.values():
        _require_number(limit, number)
    usual = limit.default if kind is None else limit.default[kind]
    if said.get("least", usual["least"]) > said.get("most", usual["most"]):
        raise _unfit(limit.key, "has a least above its most", "的下限大于上限")


def _entries(limit: Limit, value: object, known: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise _unfit(limit.key, f"takes {', '.join(known)}", f"应写成 {'、'.join(known)}")
    yield from value.items()


def _require_number(limit: Limit, value: object) -> None:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not limit.low <= float(value) <= limit.high:  # type: ignore[arg-type]  # is a number
        raise _unfit(
            limit.key,
            f"takes a number from {limit.low:g} to {limit.high:g} ({limit.unit})",
            f"应为 {limit.low:g} 至 {limit.high:g}（{limit.unit_zh}）之间的数",
        )


def _unfit(key: str, words: str, words_zh: str) -> LimitError:
    return LimitError(
        f"The threshold “{key}” {words}.", zh=f"阈值“{LIMITS[key].name_zh}”{words_zh}。"
    )
