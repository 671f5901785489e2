"""The map put together: rows of an area to one answer, masked; or its counts, held back below k."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.areas import store as areas
from api.areas.schemas import Official, Place
from api.errors import InvalidRequestError, NotAllowedError, NotFoundError
from api.members import store
from api.members.schemas import (
    At,
    Branch,
    Card,
    Counts,
    Grid,
    Ground,
    Household,
    Member,
    MemberMap,
    Need,
    Person,
    Unit,
    Village,
    Villages,
    Visit,
)
from api.people.masking import mask_name, mask_phone
from geo.anonymity import guarded_count
from layers import members
from layers.catalog import K_ANONYMITY
from layers.legend import legend
from layers.style import NEED_CLASSES, need_class
from layers.tables import appointment
from layers.tiles import Scope

_RANK = {group.id: place for place, group in enumerate(NEED_CLASSES)}
# Of each number that may be few: what it is a part of.
_WHOLE = {
    **dict.fromkeys(("unlocated", "member_households", "needy", "alone"), "households"),
    "needy_contacted": "needy",
    **dict.fromkeys(("few", "many"), "members"),
}


def member_map(session: Session, scope: Scope) -> MemberMap:
    """Return the map of the scope's area: whole if the scope is ``sensitive``, else its counts.

    Raises
    ------
    NotFoundError
        If there is no such area.
    InvalidRequestError
        If it is no village and no grid.
    NotAllowedError
        If only its counts may be told, and it is a grid: what is held back of one could be reckoned
        from the village's and the other grids'.
    """
    ground = _ground(session, scope.prefix)
    if ground.level == "grid" and not scope.sensitive:
        raise NotAllowedError(
            "Numbers are told by village: a grid's would point at single households.",
            "数字按村（社区）公布；按网格公布会指向个别住户。",
        )
    least, most = store.limits(session, scope)
    n = store.counts(session, scope, least, most)
    synthetic, date = store.stated(session)
    corners = (ground.west, ground.south, ground.east, ground.north)
    built = MemberMap(
        area=Ground(**{key: getattr(ground, key) for key in Ground.model_fields}),
        within=[Place(**row._mapping) for row in areas.ancestors(session, scope.prefix)],
        bbox=None if ground.west is None else corners,
        boundary=store.shape(ground.boundary),
        detail=scope.sensitive,
        k=None if scope.sensitive else K_ANONYMITY,
        least=least, most=most, synthetic=synthetic, date=date,
        counts=_counts(n) if scope.sensitive else guarded_counts(n),
        needs=[Need(id=group.id, zh=group.zh, en=group.en, n=n[f"need:{group.id}"])
               for group in NEED_CLASSES],
        legend=None,
    )  # fmt: skip
    if not scope.sensitive:
        hold_back(built.needs, n["households"])
        return built
    _add_rows(session, scope, built)
    seats = sum(branch.at is not None for branch in built.branches)
    built.legend = legend("members", store.legend_entries(n, seats), date)
    built.bbox = built.bbox or _around(built)
    return built


def _ground(session: Session, code: str) -> store.AnyRow:
    ground = store.find_ground(session, code)
    if ground is None:
        raise NotFoundError(f"There is no area {code}.", f"没有区划 {code}。")
    if ground.level not in ("village", "grid"):
        raise InvalidRequestError(
            f"A map of member households is of a village or a grid; {ground.name} is a "
            f"{ground.level}. Choose one of its villages.",
            f"党员户图按村（社区）或网格绘制，请在{ground.name}里选一个村。",
        )
    return ground


def _counts(n: Mapping[str, int]) -> Counts:
    return Counts(**{key: value for key, value in n.items() if key in Counts.model_fields})


def guarded_counts(n: Mapping[str, int]) -> Counts:
    """Return the numbers that may be told to who gets counts only."""
    told: dict[str, int | None] = {
        key: guarded_count(n[key], n[whole], K_ANONYMITY)
        for key, whole in _WHOLE.items()
        if key in n
    }
    if told["needy"] is None:
        told["needy_contacted"] = None
    if n.get("members", 0) >= K_ANONYMITY:
        told["members"] = n["members"]
    else:
        told |= {"few": None, "many": None}
    return Counts(households=n["households"], **told)


def hold_back(needs: Iterable[Need], households: int) -> None:
    """Leave out the classes of need that too few have.

    Were just one left out, the number of households in need would give it away: the next goes too.
    """
    shown = []
    hidden = 0
    for need in needs:
        need.n = guarded_count(need.n or 0, households, K_ANONYMITY)
        hidden += need.n is None
        shown += [need] if need.n is not None else []
    if hidden == 1 and shown:
        min(shown, key=lambda need: need.n or 0).n = None


# --- single households -------------------------------------------------------------------------


def _at(row: store.AnyRow) -> At | None:
    return None if row.lon is None else (round(row.lon, 7), round(row.lat, 7))


def _add_rows(session: Session, scope: Scope, built: MemberMap) -> None:
    """Add branches, grids, units, members and households, with the links between them."""
    homes = {row.code: _household(row) for row in store.rows(session, members.households(scope))}
    people = {row.code: _member(row) for row in store.rows(session, members.members(scope))}
    _join(homes, people, store.rows(session, members.links(scope)))
    for each in people.values():
        if each.home is not None:
            homes[each.home].members += 1
    built.households, built.members = list(homes.values()), list(people.values())
    built.branches = [
        Branch(code=row.code, name=row.name, grid=row.grid_code, at=_at(row), heads=row.heads or [])
        for row in store.rows(session, members.branches(scope))
    ]
    built.grids = [
        Grid(code=row.code, name=row.name, name_en=row.name_en, kind=row.kind,
             heads=row.heads or [], workers=row.workers or [])
        for row in store.rows(session, members.grids(scope))
    ]  # fmt: skip
    built.units = [
        Unit(code=row.code, name=row.name, heads=row.heads or [])
        for row in store.rows(session, members.units(scope))
    ]
    built.counts.links_in = sum(home.others for home in homes.values())


def _household(row: store.AnyRow) -> Household:
    return Household(
        code=row.code, address=row.address, at=_at(row), people=row.people, grid=row.grid_code,
        unit=row.unit_code, **classified(row.need_tags),
    )  # fmt: skip


def classified(tags: Iterable[str]) -> dict[str, list[str]]:
    """Return the classes of a household's tags in order, and the tags where they say more."""
    groups = sorted({need_class(tag).id for tag in tags}, key=_RANK.__getitem__)
    plain = {NEED_CLASSES[_RANK[name]].zh for name in groups}
    return {"needs": groups, "tags": [] if set(tags) == plain else sorted(set(tags))}


def _member(row: store.AnyRow) -> Member:
    return Member(
        code=row.code, name=mask_name(row.name), branch=row.branch, home=row.home,
        elsewhere=row.elsewhere,
    )  # fmt: skip


def _join(
    homes: Mapping[str, Household], people: Mapping[str, Member], links: Iterable[store.AnyRow]
) -> None:
    """Give each member the households that he looks after; count what leads out of the area."""
    kept: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.member is not None and link.household is not None:
            kept[link.member].append(link.household)
        elif link.member is not None:
            people[link.member].outside += 1
        elif link.household is not None:
            homes[link.household].others += 1
    for code, found in kept.items():
        people[code].contacts = found


def _around(built: MemberMap) -> tuple[float, float, float, float] | None:
    """Return the box of what has a place, where there is no boundary."""
    homes, seats = (each.at for each in built.households), (each.at for each in built.branches)
    places = [at for at in (*homes, *seats) if at is not None]
    if not places:
        return None
    lons, lats = zip(*places, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def list_villages(session: Session, scope: Scope) -> Villages:
    """Return the villages to choose from, with their counts as far as the scope allows."""
    told = _counts if scope.sensitive else guarded_counts
    names = ("code", "name", "name_en", "level", "town_name", "town_name_en")
    found = [row._mapping for row in store.villages(session, scope)]
    return Villages(
        k=None if scope.sensitive else K_ANONYMITY,
        villages=[Village(**{key: row[key] for key in names}, counts=told(_numbers(row)))
                  for row in found],
    )  # fmt: skip


def _numbers(row: Mapping[Any, Any]) -> dict[str, int]:
    return {key: value for key, value in row.items() if key in Counts.model_fields}


def household_card(session: Session, scope: Scope, code: str) -> Card:
    """Return a household's card.

    Raises
    ------
    NotFoundError
        If it is not on the list of the scope's area.
    """
    row = store.find_household(session, scope, code)
    if row is None:
        raise NotFoundError(
            f"There is no household {code} in {scope.prefix}.", f"{scope.prefix} 没有住户 {code}。"
        )
    contacts, others = store.contacts_of(session, scope, code)
    seen = store.last_visit(session, code)
    return Card(
        code=row.code, address=row.address, at=_at(row), people=row.people,
        needs=classified(row.need_tags)["needs"], tags=sorted(set(row.need_tags)),
        grid=row.grid_code and Ground(code=row.grid_code, name=row.grid_name,
                                      name_en=row.grid_name_en, level="grid"),
        unit=row.unit_name or row.unit_code,
        officials=_officials(session, row),
        members=[_person(each) for each in store.members_of(session, code)],
        contacts=[_person(each) for each in contacts],
        others=others,
        last_visit=seen and Visit(at=seen.visited_at.isoformat(), name=mask_name(seen.name)),
    )  # fmt: skip


def _person(row: store.AnyRow) -> Person:
    since = row.since and row.since.isoformat()
    return Person(
        code=row.code, person=row.person, name=mask_name(row.name), branch=row.branch, since=since
    )


def _officials(session: Session, row: store.AnyRow) -> list[Official]:
    of_unit = (appointment.c.unit_code == row.unit_code, "unit_head")
    of_grid = (appointment.c.grid_code == row.grid_code, "grid_head", "grid_worker")
    return [
        Official(person=each.code, role=each.role, name=each.name, phone=mask_phone(each.phone),
                 full_time=each.full_time)
        for office in (of_unit, of_grid)
        for each in areas.officials(session, *office)
    ]  # fmt: skip
