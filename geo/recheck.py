"""The re-check: a county that has been checked, and what an edit changes in what was said of it.

``Coverage.of(…)`` checks a county whole and keeps what it found by place; ``edit`` gives the county
after some grids were changed, added or removed, with the report that a check of the whole would
give, by looking only at the neighbourhood: the changed grids, those around them, their parents, and
the findings that any of these are told in.

- The certificate is additive: the residue changes only at the segments of the polygons that went
  and came (:mod:`geo.knots`), and only the knots there are explained again.
- Rows are judged by themselves; households by who concerns them (:mod:`geo.residents`); a shift by
  the grids of one parent.
- The areas are added up again, and the area identity is asserted, on every edit.

Where an edit changes what is chosen for the whole county (the plane to measure in, the tolerance in
units of the layer, the middle that things of no place are shown in), all is checked again.

Known limits: the lists (:class:`geo.registers.Registers`) are no part of it. Residues of more than
20,000 faces are explained knot by knot, where the whole check no longer cuts them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.certificate import Flags, Ints
from geo.coverage import (
    TOLERANCE_M,
    CoverageReport,
    Sizes,
    area_names,
    require_same_crs,
    summarise,
)
from geo.drifts import Drifts, groups_of
from geo.errors import EmptyLayerError
from geo.explain import Explainer, Households
from geo.findings import Finding, Severity, sort_findings, switched
from geo.gate import admit, gate_findings, row_findings
from geo.households import check_households
from geo.knots import Knot
from geo.measure import Ruler, inner_point
from geo.partition import Partition, assert_identity, joined, overlays_outside
from geo.residents import Homes, Parents, Residents
from geo.rows import Bounds, Rows, bounds_of
from geo.rules import Limits
from geo.slits import Corridors, Strips
from geo.tying import Ground, Tier, Twins

ByCode = Mapping[str, tuple[Finding, ...]]


@dataclass(frozen=True)
class Terms:
    """How a county is checked: what stays from edit to edit, and how it was given."""

    given: Mapping[str, Any]
    crs: CRS
    ruler: Ruler
    parents: Parents | None
    ground: Ground
    homes: Homes | None
    explain: Explainer
    tolerance_m: float
    parent_m2: float
    metres: tuple[float, float]
    strips: Strips | None

    def tier(self, rows: Rows, own: Ints) -> Tier:
        """Return what ties and explains the residue of some rows, whose parents are known."""
        return Tier(
            rows, own, self.ground, self.explain, self.crs, self.tolerance_m,
            self.tolerance_m / min(self.metres),
        )  # fmt: skip

    def is_plane_of(self, rows: Rows, among: Flags) -> bool:
        """Tell whether some rows, which reach elsewhere now, are measured as before."""
        ends = rows.shapes[rows.extremes(among)]
        if not len(ends):
            return False
        ruler = Ruler.of(ends, self.crs)
        return ruler == self.ruler and ruler.metres(ends) == self.metres


@dataclass(frozen=True)
class Coverage:
    """A county that has been checked, to be edited; an edit gives another and leaves this one.

    Examples
    --------
    >>> import geopandas as gpd
    >>> boxes = [shapely.box(x, 0, x + 100, 100) for x in (0, 100)]
    >>> frame = {"code": ["a", "b"]}
    >>> grids = gpd.GeoDataFrame(frame, geometry=boxes, crs=4547)
    >>> grids.geometry = grids.translate(500_000, 3_700_000)
    >>> whole = gpd.GeoDataFrame({"code": ["v"]}, geometry=[grids.union_all()], crs=4547)
    >>> county = Coverage.of(grids, whole)
    >>> after = county.edit(removed=["b"])
    >>> [finding.rule for finding in after.report.findings]
    ['C102']
    """

    terms: Terms
    rows: Rows
    own: Ints
    knots: tuple[Knot, ...]
    twins: Twins
    rows_told: ByCode
    overlays: Mapping[str, Partition]
    residents: Residents | None
    drifts: Drifts
    corridors: Corridors
    opened: gpd.GeoDataFrame | None

    @classmethod
    def of(
        cls,
        grids: gpd.GeoDataFrame,
        parents: gpd.GeoDataFrame | None = None,
        *,
        households: gpd.GeoDataFrame | None = None,
        tolerance_m: float = TOLERANCE_M,
        rules: Mapping[str, bool] | None = None,
        severities: Mapping[str, Severity] | None = None,
        limits: Mapping[str, Any] | Limits | None = None,
    ) -> "Coverage":
        """Check a county whole; parameters as :func:`geo.coverage.check_coverage` takes them."""
        for other, name in ((parents, "parents"), (households, "households")):
            require_same_crs(grids, other, name)
        bounds = limits if isinstance(limits, Limits) else Limits.of(limits)
        given = {"parents": parents, "households": households, "tolerance_m": tolerance_m,
                 "rules": rules, "severities": severities, "limits": limits}  # fmt: skip
        rows, ruler = Rows.of(grids)
        outer = None if parents is None else Parents.of(admit(parents))
        within = None if outer is None else outer.frame
        layer = None if outer is None else outer.layer
        homes = None if households is None else Homes.of(households, bounds.county)
        explain = Explainer(
            ruler, area_names(layer), None if homes is None else Households(homes.tree)
        )
        terms = Terms(
            given, CRS.from_user_input(grids.crs), ruler, outer,
            Ground.of(layer), homes, explain, tolerance_m,
            0.0 if outer is None else float(ruler.area_m2(outer.layer.shapes).sum()),
            ruler.metres(rows.shapes[rows.ends]),
            Strips.of(layer, explain, bounds.number("narrow_gap_m"), tolerance_m)
            if (rules or {}).get("C107", True) else None,
        )  # fmt: skip
        residents = None
        if homes is not None:
            result = check_households(
                homes.frame, rows.frame(terms.crs), within, limits=bounds.county
            )
            residents = Residents.of(homes, result, ruler)
        own = terms.ground.own(rows)
        return cls(
            terms, rows, own, terms.tier(rows, own).all_knots(),
            terms.tier(rows, own).all_twins(),
            _by_code(gate_findings(grids, rows.layer(terms.crs), explain)),
            _overlays(rows, terms), residents, Drifts.of(rows, outer, homes, terms.crs),
            {} if terms.strips is None else terms.strips.beside(rows),
            grids if "open_ring" in grids else None,
        )  # fmt: skip

    @property
    def grids(self) -> gpd.GeoDataFrame:
        """The grids as they are: what a check of the whole would be given."""
        if self.opened is not None:
            return self.opened
        rows = self.rows
        columns = {
            "code": rows.codes, "name": [str(name) for name in rows.names.tolist()],
            "name_en": [name.en for name in rows.names.tolist()], "area_code": rows.parent,
            "coverage": rows.coverage, "kind": rows.kind,
        }  # fmt: skip
        return gpd.GeoDataFrame(columns, geometry=rows.raw, crs=self.terms.crs)

    @cached_property
    def report(self) -> CoverageReport:
        """What is said of the county."""
        terms, rows = self.terms, self.rows
        partition = joined([*self.overlays.values(), *(knot.told for knot in self.knots)])
        found = [f for told in self.rows_told.values() for f in told] + partition.found
        found += [f for told in (*self.corridors.values(), *self.twins.values()) for f in told]
        found += self.residents.findings if self.residents else []
        rules, severities = terms.given["rules"], terms.given["severities"]
        kept = sort_findings(switched(found + self.drifts.findings, rules, severities))
        off = tuple(code for code, is_on in sorted((rules or {}).items()) if not is_on)
        sizes = Sizes(
            len(rows), None if terms.parents is None else len(terms.parents.layer),
            float(rows.area_m2[rows.exclusive].sum()), terms.parent_m2,
        )  # fmt: skip
        counts = self.residents.counts() if self.residents else {}
        summary = summarise(sizes, partition, kept, counts, off)
        return CoverageReport(kept, summary, terms.ruler.crs, terms.ruler.metric, terms.tolerance_m)

    def edit(
        self, changed: gpd.GeoDataFrame | None = None, removed: Collection[str] = ()
    ) -> "Coverage":
        """Return the county after an edit.

        Parameters
        ----------
        changed
            Rows as they are to be, with the columns that the grids have, in their CRS. A row
            takes the place of the one with its code; one with a new code is added.
        removed
            Codes that go.

        Returns
        -------
        Coverage
            With the report of a check of all: the same findings, ids and summary.
        """
        fresh = self.rows.take(np.empty(0, dtype=np.int64))
        if changed is not None and len(changed):
            if changed.crs != self.terms.crs:
                require_same_crs(self.grids, changed, "changed grids")
            try:
                fresh, _ = Rows.of(changed, self.terms.ruler)
            except EmptyLayerError:  # rows without a polygon, which the check may yet be told of
                return self._whole(changed, removed)
        rows, codes = self.rows.edited(fresh, removed), {*fresh.codes.tolist(), *removed}
        new = rows.named(codes)
        own = np.empty(len(rows), dtype=np.int64)
        own[new] = self.terms.ground.own(rows.take(new))
        own[~new] = self.own[~self.rows.named(codes)]
        if self._is_local(rows, own) and "open_ring" not in (() if changed is None else changed):
            return self._edited(rows, own, codes)
        return self._whole(changed, removed)

    @cached_property
    def reach(self) -> tuple[Bounds, Bounds]:
        """The bounds of all grids, and of the exclusive ones."""
        return bounds_of(self.rows.boxes), bounds_of(self.rows.boxes[self.rows.exclusive])

    def _is_local(self, rows: Rows, own: Ints) -> bool:
        """Tell whether only the neighbourhood of an edit can be told otherwise."""
        tiers = self.terms.tier(self.rows, self.own), self.terms.tier(rows, own)
        if self.opened is not None or tiers[0].apart != tiers[1].apart or not rows.present.any():
            return False
        exclusive = rows.exclusive
        now = bounds_of(rows.boxes), bounds_of(rows.boxes[exclusive])
        if now[1] != self.reach[1] and not self.terms.is_plane_of(rows, exclusive):
            return False
        if now[0] == self.reach[0]:
            return True
        # What is nowhere is shown in the middle of all.
        seat = inner_point(shapely.box(*self.reach[0]))
        nowhere = [f for told in self.rows_told.values() for f in told if f.rule == "G002"]
        told = self.residents.findings if self.residents else []
        return (
            self.terms.is_plane_of(rows, rows.present)
            and not nowhere
            and not any(f.rule == "H205" and f.point.equals(seat) for f in told)
        )

    def _whole(self, changed: gpd.GeoDataFrame | None, removed: Collection[str]) -> "Coverage":
        """Check all again."""
        grids = self.grids
        gone = {*removed, *([] if changed is None else changed["code"].astype(str))}
        kept = grids[~grids["code"].isin(gone)]
        both = kept if changed is None else pd.concat([kept, changed], ignore_index=True)
        return Coverage.of(gpd.GeoDataFrame(both, crs=self.terms.crs), **self.terms.given)

    def _edited(self, rows: Rows, own: Ints, codes: set[str]) -> "Coverage":
        terms = self.terms
        old, new = self.rows.named(codes), rows.named(codes)
        before, fresh = self.rows.take(old), rows.take(new)
        tier = terms.tier(rows, own)
        knots = tier.retied(self.knots, before, self.own[old], new)
        boxes = np.concatenate((before.boxes, fresh.boxes))
        boxes = boxes[~np.isnan(boxes[:, 0])]
        gone = {tuple(box) for box in boxes.tolist()}
        twins = {**{b: f for b, f in self.twins.items() if b not in gone}, **tier.twins(boxes)}
        residents = self.residents and self.residents.edited(
            before, fresh, rows, terms.parents, terms.crs, terms.ruler
        )
        groups = {group for some in (before, fresh)
                  for group in groups_of(some, terms.parents).tolist()}  # fmt: skip
        out = replace(
            self, rows=rows, own=own, knots=knots, residents=residents, twins=twins,
            rows_told=_without(self.rows_told, codes) | _gated(rows, codes, terms),
            overlays=_without(self.overlays, codes) | _overlays(fresh, terms),
            drifts=self.drifts.edited(rows, groups, codes),
            corridors=terms.strips.edited(self.corridors, rows, boxes) if terms.strips else {},
        )  # fmt: skip
        if knots and len(terms.ground.shapes):
            grids = float(rows.weight[rows.exclusive].sum())
            assert_identity(grids, terms.ground.area, joined(knot.told for knot in knots))
        return out


def _without(told: Mapping[str, Any], codes: set[str]) -> dict[str, Any]:
    return {code: each for code, each in told.items() if code not in codes}


def _by_code(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    out: dict[str, tuple[Finding, ...]] = {}
    for finding in findings:
        out[finding.grids[0]] = (*out.get(finding.grids[0], ()), finding)
    return out


def _gated(rows: Rows, codes: set[str], terms: Terms) -> dict[str, tuple[Finding, ...]]:
    """Judge the rows of some codes by themselves."""
    mask = rows.named(codes)
    if not mask.any():
        return {}
    if np.isnan(rows.boxes[mask]).any():
        # With them what is nowhere is shown in the middle of all.
        mask[rows.extremes(rows.present)] = True
    some = rows.take(mask)
    told = row_findings(some.raw, {}, some.layer(terms.crs), terms.explain)
    return _by_code(f for f in told if f.grids[0] in codes)


def _overlays(rows: Rows, terms: Terms) -> dict[str, Partition]:
    """Look at each code's overlay grids."""
    out = {}
    if terms.parents is not None:
        for code in set(rows.codes[rows.coverage == "overlay"].tolist()):
            some = rows.take(rows.codes == code).layer(terms.crs)
            found = overlays_outside(some, terms.parents.layer, terms.explain, terms.tolerance_m)
            out[code] = found
    return out
