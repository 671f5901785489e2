"""Counts of incidents by area, grid, month or kind, each rate beside its denominator.

Rates are incidents per 100 households: on the list, and of those with a place. Who may not see
single households is told no count under k = 10, and none from which one could be worked out
(:mod:`geo.suppression`): for that the whole of his area is looked at, whatever part he asks for.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from api.incidents import store
from api.incidents.schemas import Households, Statistics, StatisticsRow
from api.incidents.service import Surfaces, held
from api.maps.store import layer_version
from geo.suppression import blank_cells
from layers.catalog import K_ANONYMITY
from layers.incidents import IncidentFilter
from layers.tiles import Scope

By = Literal["area", "grid", "month", "kind"]
Level = Literal["county", "town", "village"]
LEVELS: tuple[str, ...] = ("county", "town", "village", "grid")
# A longer period than this is cut to the months that have incidents.
MOST_MONTHS = 240


@dataclass(frozen=True, slots=True)
class Node:
    """An area or grid in the tree of those that a reader sees, with its counts."""

    level: str
    code: str
    name: str
    name_en: str | None
    above: str | None


class Tree:
    """The areas and grids of a reader, and how many incidents and households each holds.

    What belongs to an area and to none of its parts (no place, or one in a gap) is a part of its
    own, named by the area's code and a slash.
    """

    def __init__(self, session: Session, scope: Scope, asked: IncidentFilter) -> None:
        self.nodes = {row.code: Node(*row) for row in store.land(session, scope)}
        self.root = scope.prefix or next(
            (code for code, node in self.nodes.items() if node.above is None), ""
        )
        self.n: defaultdict[str, int] = defaultdict(int)
        for place, n in store.counts(session, asked, scope, "place").items():
            self._add(self.n, place, n)
        self.listed: defaultdict[str, int] = defaultdict(int)
        self.located: defaultdict[str, int] = defaultdict(int)
        for village, grid, listed, located in store.households(session, scope):
            place = grid or village
            self._add(self.listed, place, listed)
            self._add(self.located, place, located)

    def _add(self, sums: defaultdict[str, int], place: str | None, n: int) -> None:
        """Count at a place and at all that it lies in, up to the reader's own area."""
        code = place if place is not None and place in self.nodes else self.root
        # A part of an area that is no area or grid itself.
        if code not in self.nodes or self.nodes[code].level != "grid":
            sums[f"{code}/"] += n
        while code != self.root:
            sums[code] += n
            code = self.nodes[code].above or self.root
        sums[code] += n

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return 1_000 * len(self.nodes)

    def blank(self) -> set[str]:
        """Return what must not be told of to who gets counts only."""
        counts = {self.root: self.n[self.root]}
        above: dict[str, str | None] = {self.root: None}
        for code, node in self.nodes.items():
            if code != self.root and code.startswith(self.root):
                counts[code], above[code] = self.n[code], node.above or self.root
        for key in [key for key in self.n if key.endswith("/")]:
            counts[key], above[key] = self.n[key], key[:-1]
        return blank_cells(counts, above, K_ANONYMITY)

    def households(self, code: str) -> Households:
        """Return an area's denominators."""
        return Households(listed=self.listed[code], located=self.located[code])


def statistics(
    kept: Surfaces, session: Session, reader: Scope, part: Scope, asked: IncidentFilter, by: By,
    level: Level | None,
) -> Statistics:  # fmt: skip
    """Count incidents.

    Parameters
    ----------
    kept
        Where counts are kept until incidents change.
    session
        The database.
    reader
        What the reader may see.
    part
        The part of it that he asks for.
    asked
        Which incidents.
    by
        What one row is.
    level
        Of the areas; null: the one below the area that is asked for.
    """
    version = layer_version(session, "incidents")
    tree = held(
        kept, Tree, ("tree", version, asked, reader.prefix), lambda: Tree(session, reader, asked)
    )
    blank = set() if reader.individual else tree.blank()
    code = part.prefix or tree.root
    if by in ("area", "grid"):
        chosen = "grid" if by == "grid" else level or _below(tree, code)
        rows = list(_by_place(tree, blank, code, chosen))
    else:
        chosen = None
        group: Literal["month", "kind"] = "month" if by == "month" else "kind"
        found = held(
            kept, dict, ("counts", version, asked, part.prefix, group),
            lambda: store.counts(session, asked, part, group),
        )  # fmt: skip
        counts = {str(key): n for key, n in found.items()}
        rows = list(_by_key(session, tree, blank, part, asked, counts, is_month=by == "month"))
    is_blank = code in blank
    return Statistics(
        by=by, level=chosen, area=code or None, from_=asked.from_, to=asked.to,
        n=None if is_blank else tree.n[code],
        households=tree.households(code),
        suppressed=is_blank or any(row.suppressed for row in rows), rows=rows,
    )  # fmt: skip


def _below(tree: Tree, code: str) -> str:
    node = tree.nodes.get(code)
    own = LEVELS.index(node.level) if node else 0
    return LEVELS[min(own + 1, 2)]


def _by_place(tree: Tree, blank: set[str], code: str, level: str) -> Iterable[StatisticsRow]:
    """Yield the areas or grids of a level in code order, then what belongs to none of them."""
    inside = [
        node for node in tree.nodes.values() if node.level == level and node.code.startswith(code)
    ]
    for node in sorted(inside, key=lambda node: node.code):
        yield _row(node.code, node.name, node.name_en, tree.n[node.code],
                   tree.households(node.code), is_blank=node.code in blank)  # fmt: skip
    # Those that belong to something above the level, and to nothing at it.
    depth = LEVELS.index(level)
    rest = [
        key for key in tree.n
        if key.endswith("/") and key.startswith(code) and tree.n[key]
        and (key[:-1] not in tree.nodes or LEVELS.index(tree.nodes[key[:-1]].level) < depth)
    ]  # fmt: skip
    if rest:
        households = Households(listed=sum(tree.listed[key] for key in rest),
                                located=sum(tree.located[key] for key in rest))  # fmt: skip
        yield _row(None, "不属于以上任何一个", "In none of these", sum(tree.n[key] for key in rest),
                   households, is_blank=any(key in blank for key in rest))  # fmt: skip


def _by_key(
    session: Session, tree: Tree, blank: set[str], part: Scope, asked: IncidentFilter,
    counts: Mapping[str, int], *, is_month: bool,
) -> Iterable[StatisticsRow]:  # fmt: skip
    """Yield months in order, or kinds in the county's own; each with the area's households."""
    code = part.prefix or tree.root
    names: Mapping[str, Mapping[str, str]] = {}
    if is_month:
        keys = _months(counts, asked)
    else:
        names = {each["name"]: each for each in store.named(session, "incident_kinds")}
        listed = [key for key in names if not asked.kind or key in asked.kind]
        keys = [*listed, *sorted(set(counts) - set(listed))]
    hidden: set[str] = set()
    if not part.individual:
        cells = {key: counts.get(key, 0) for key in keys}
        hidden = blank_cells({"": tree.n[code], **cells}, {"": None, **dict.fromkeys(cells, "")},
                             K_ANONYMITY)  # fmt: skip
        # A total that is blank among its neighbours must not be added up from its months.
        if code in blank and not hidden:
            hidden = {min((key for key in cells if cells[key]), key=cells.__getitem__)}
    for key in keys:
        named = names.get(key, {})
        yield _row(key, named.get("zh", key), named.get("en", key), counts.get(key, 0),
                   tree.households(code), is_blank=key in hidden)  # fmt: skip


def _months(counts: Mapping[str, Any], asked: IncidentFilter) -> list[str]:
    """Return every month of the period, those without incidents too; all are of some years."""
    held = [_number(month) for month in counts]
    start = 12 * asked.from_.year + asked.from_.month - 1 if asked.from_ else min(held, default=0)
    end = 12 * asked.to.year + asked.to.month - 1 if asked.to else max(held, default=-1)
    if end - start >= MOST_MONTHS:
        start, end = min(held, default=0), max(held, default=-1)
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(start, end + 1)]


def _number(month: str) -> int:
    return 12 * int(month[:4]) + int(month[5:]) - 1


def _row(
    key: str | None, name: str, name_en: str | None, n: int, households: Households, *,
    is_blank: bool,
) -> StatisticsRow:  # fmt: skip
    def rate(of: int) -> float | None:
        return None if is_blank or of == 0 else 100 * n / of

    return StatisticsRow(
        key=key, name=name, name_en=name_en, n=None if is_blank else n, suppressed=is_blank,
        households=households, per_100_listed=rate(households.listed),
        per_100_located=rate(households.located),
    )  # fmt: skip
