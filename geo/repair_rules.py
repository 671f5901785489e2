"""Who gets land that several grids hold, or that a grid holds beyond its parent.

- Beyond all parents nobody keeps land; in another's parent a grid does not keep it.
- Of several rightful owners a locked one keeps it; else one that was *declared*; else whom the
  rule names: the one whose undisputed land has the longest border with it (so an outline gets
  shorter, and no spike is left), the smallest, or the first by code.
- No grid loses more than half of its land by a rule: then it keeps what is disputed. Where both
  would, the one that would keep least gets it, if the other keeps a quarter; else (one grid
  twice) both stay, and that is said. By declaration a grid can lose nearly all, and never
  everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import shapely

from geo.arrangement import Face, is_outside
from geo.repair_chains import step, walks
from geo.repair_ground import Ground, Plane

Winner = Literal["longest-border", "smallest", "first", "none"]
WINNERS: tuple[Winner, ...] = get_args(Winner)

# The most of its land that a grid may lose by a rule, and by declaration.
MOST_LOST, MOST_DECLARED = 0.5, 0.99
# What a grid must keep at least where another would keep less.
ENOUGH = 0.25
# Each round can make another grid keep what is disputed.
ROUNDS = 8


@dataclass(frozen=True)
class Verdict:
    """What becomes of a face.

    ``keeps`` are its owners afterwards. ``vacant`` land is to be given to a neighbour; where that
    cannot be, its owners stay as they were. ``why`` names the reason where it is left wrong.
    """

    face: Face
    keeps: tuple[int, ...]
    vacant: bool = False
    why: str = ""
    declared: bool = False

    @property
    def loses(self) -> tuple[int, ...]:
        """The owners that do not keep it, or would not if it can be given away."""
        if self.vacant:
            return self.face.owners
        return tuple(owner for owner in self.face.owners if owner not in self.keeps)


@dataclass(frozen=True)
class Judge:
    """Decides about the faces of one ground.

    ``declared`` gives polygons that win to their rank, the first 0.
    """

    ground: Ground
    winner: Winner
    declared: dict[int, int] = field(default_factory=dict)
    codes: Sequence[str] = ()

    @property
    def plane(self) -> Plane:
        """The polygons and parents."""
        return self.ground.plane

    def verdicts(self) -> list[Verdict]:
        """Return a verdict for each face."""
        first = [self._first(face) for face in self.ground.faces]
        astray = self._astray()
        out, poor = [self._spared(verdict, set(), astray) for verdict in first], set[int]()
        for _ in range(ROUNDS):
            more = self._poor(out) - poor
            if not more:
                break
            poor |= more
            out = [self._spared(verdict, poor, astray) for verdict in first]
        return out

    # -- by right ------------------------------------------------------------------------------

    def _first(self, face: Face) -> Verdict:
        fixed = tuple(owner for owner in face.owners if self.plane.fixed[owner])
        right = self._right(face)
        if not right:
            inside = face.parent >= 0 or not len(self.plane.territory.parents)
            if fixed:
                return Verdict(face, fixed, why="locked")
            return Verdict(face, face.owners if inside else (), vacant=inside)
        held = tuple(owner for owner in right if self.plane.fixed[owner])
        astray = tuple(owner for owner in fixed if owner not in right)
        if held:
            why = "locked" if len(held) > 1 or astray else ""
            return Verdict(face, tuple(sorted({*held, *astray})), why=why)
        if len(right) == 1 or self._is_one(right):
            return self._kept(face, right[:1] if len(right) == 1 else right, astray)
        if not self._declared(right) and self.winner == "none":
            return Verdict(face, face.owners, why="undecided")
        return self._kept(face, (self._winner(face, right),), astray, self._declared(right))

    def _right(self, face: Face) -> tuple[int, ...]:
        if not len(self.plane.territory.parents):
            return face.owners
        return tuple(o for o in face.owners if not is_outside(self.plane.territory, face, o))

    @staticmethod
    def _kept(
        face: Face, keeps: Iterable[int], astray: tuple[int, ...], declared: bool = False
    ) -> Verdict:
        kept = tuple(sorted({*keeps, *astray}))
        why = "locked" if astray else "twice" if len(kept) > 1 else ""
        return Verdict(face, kept, why=why, declared=declared)

    def _declared(self, right: tuple[int, ...]) -> bool:
        return any(owner in self.declared for owner in right)

    def _is_one(self, right: tuple[int, ...]) -> bool:
        """Tell whether all are the same land: then none can win."""
        shapes = self.plane.territory.polygons
        return all(shapes[right[0]].equals(shapes[other]) for other in right[1:])

    # -- by rule -------------------------------------------------------------------------------

    def _winner(self, face: Face, right: tuple[int, ...]) -> int:
        told = [owner for owner in right if owner in self.declared]
        if told:
            return min(told, key=self.declared.__getitem__)
        if self.winner == "smallest":
            size = shapely.area(self.plane.territory.polygons[list(right)]).tolist()
            return min(zip(size, map(self._code, right), right, strict=True))[2]
        if self.winner == "first":
            return min(right, key=self._code)
        share = self._undisputed(face, right)
        return min(right, key=lambda owner: (-share[owner], self._code(owner)))

    def _code(self, owner: int) -> tuple[str, int]:
        return (self.codes[owner] if self.codes else "", owner)

    def _undisputed(self, face: Face, right: tuple[int, ...]) -> dict[int, float]:
        """Return over what length the face borders on land that one of them alone holds."""
        share = dict.fromkeys(right, 0.0)
        for start, end in walks(face.geometry):
            edge, way = step(start, end)
            beyond = set(face.owners)
            for owner in self.ground.near(edge):
                times = self.ground.chains[owner].get(edge, 0) * way
                if times > 0:
                    beyond.discard(owner)
                elif times < 0:
                    beyond.add(owner)
            alone = beyond & set(right)
            if len(alone) == 1:
                share[alone.pop()] += float(np.hypot(*((np.array(end) - start) * self.plane.scale)))
        return share

    # -- nobody loses too much -----------------------------------------------------------------

    def _astray(self) -> set[int]:
        """Return the polygons that lie outside of their parent with more than they may lose."""
        beyond: dict[int, float] = {}
        for face in self.ground.faces:
            for owner in set(face.owners).difference(self._right(face)):
                beyond[owner] = beyond.get(owner, 0.0) + face.geometry.area
        area = shapely.area(self.plane.territory.polygons)
        return {owner for owner, lost in beyond.items() if lost > MOST_LOST * area[owner]}

    def _spared(self, verdict: Verdict, poor: set[int], astray: set[int]) -> Verdict:
        """Let those keep what is disputed that would lose too much."""
        right = set(self._right(verdict.face))
        lost = set(verdict.loses)
        if held := lost.difference(right) & astray:
            kept = tuple(sorted({*verdict.keeps, *held}))
            return replace(verdict, keeps=kept, vacant=False, why="most")
        losers = lost & right & poor
        if not losers:
            return verdict
        if any(self.plane.fixed[owner] for owner in verdict.keeps):
            return replace(verdict, keeps=tuple(sorted({*verdict.keeps, *losers})), why="locked")
        if poor.isdisjoint(verdict.keeps) and len(losers) == 1:
            return replace(verdict, keeps=tuple(losers), declared=False)
        rivals = sorted({*losers, *verdict.keeps}, key=lambda owner: self._undisputed_share[owner])
        poorest, others = rivals[0], rivals[1:]
        if all(self._undisputed_share[owner] >= ENOUGH for owner in others):
            return replace(verdict, keeps=(poorest,), declared=False)
        return replace(verdict, keeps=tuple(sorted(rivals)), why="twice")

    @cached_property
    def _undisputed_share(self) -> dict[int, float]:
        """Return for each owner of a face which share of its land nobody disputes."""
        lost: dict[int, float] = {}
        for face in self.ground.faces:
            for owner in face.owners:
                lost[owner] = lost.get(owner, 0.0) + face.geometry.area
        area = shapely.area(self.plane.territory.polygons)
        return {owner: 1 - gone / float(area[owner]) for owner, gone in lost.items()}

    def _poor(self, verdicts: list[Verdict]) -> set[int]:
        """Return the polygons that would lose too much."""
        lost: dict[int, float] = {}
        told: dict[int, float] = {}
        for verdict in verdicts:
            for owner in verdict.loses:
                into = told if verdict.declared else lost
                into[owner] = into.get(owner, 0.0) + verdict.face.geometry.area
        out = set()
        for owner in {*lost, *told}:
            area = float(shapely.area(self.plane.territory.polygons[owner]))
            by_rule, all_ = lost.get(owner, 0.0), lost.get(owner, 0.0) + told.get(owner, 0.0)
            if by_rule > MOST_LOST * area or all_ > MOST_DECLARED * area:
                out.add(owner)
        return out
