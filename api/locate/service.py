"""The chain of responsibility at a point, put together level by level."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from api.areas import store as areas
from api.areas.schemas import FindingHere, Official, Place
from api.locate import store
from api.locate.schemas import BranchHere, Chain, GridHere, GridNear, UnitHere
from api.people.masking import mask_phone
from layers.tables import appointment
from layers.tiles import Scope

IN_GRID = ("grid_head", "grid_worker")


def find_chain(
    session: Session, scope: Scope, lon: float, lat: float, within_m: float = 0.0
) -> Chain:
    """Return who answers for a point.

    Parameters
    ----------
    scope
        What the reader may see: of a point that lies in another's area he is told just that.
    lon, lat
        Degrees, EPSG:4326.
    within_m
        How near a finding's marker is told as well, metres.
    """
    grids = store.grids_at(session, lon, lat)
    # On a border the grid decides the village too.
    above = areas.ancestors(session, grids[0].code) if grids else store.areas_at(session, lon, lat)
    places = [Place(**row._mapping) for row in above]
    chain = Chain(lon=lon, lat=lat, answer="elsewhere", areas=[], also=[], nearest=[], findings=[])
    lowest = grids[0].code if grids else places[-1].code if places else ""
    if not lowest.startswith(scope.prefix):
        return chain
    chain.areas = places
    near = store.markers_near(session, scope, lon, lat, within_m) if within_m else []
    found = [*near, *store.findings_at(session, scope, lon, lat)]
    rules = {each.id: each.rule for each in found}
    chain.findings = [FindingHere(id=name, rule=rule) for name, rule in rules.items()]
    own = [row for row in grids if row.code.startswith(scope.prefix)]
    held = [GridHere(**row._mapping, officials=_of_grid(session, row.code)) for row in own]
    n = sum(each.coverage == "exclusive" for each in held)
    chain.also = held[1:] if n else held
    if n:
        chain.answer = "several" if n > 1 else "covered"
        _add_grid(session, chain, held[0])
    elif places or not store.county_is_drawn(session):
        chain.answer = "nobody"
        chain.nearest = [
            GridNear(**row._mapping, officials=_of_grid(session, row.code))
            for row in store.nearest_grids(session, scope, lon, lat)
        ]
    else:
        chain.answer = "outside"
    return chain


def _add_grid(session: Session, chain: Chain, held: GridHere) -> None:
    chain.grid = held
    unit = store.unit_at(session, held.code, chain.lon, chain.lat)
    if unit is not None:
        head = _officials(session, appointment.c.unit_code == unit.code, "unit_head")
        chain.unit = UnitHere(**unit._mapping, officials=head)
    village = next((place.code for place in chain.areas if place.level == "village"), None)
    branch = store.branch_of(session, held.code, village)
    if branch is not None:
        office = appointment.c.branch_code == branch.code
        secretary = _officials(session, office, "branch_secretary")
        chain.branch = BranchHere(**branch._mapping, officials=secretary)


def _of_grid(session: Session, code: str) -> list[Official]:
    return _officials(session, appointment.c.grid_code == code, *IN_GRID)


def _officials(session: Session, place: ColumnElement[bool], *roles: str) -> list[Official]:
    return [
        Official(
            person=row.code, role=row.role, name=row.name, phone=mask_phone(row.phone),
            full_time=row.full_time,
        )
        for row in areas.officials(session, place, *roles)
    ]  # fmt: skip
