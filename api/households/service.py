"""Placing households that have only an address: a proposal for each, and a version for the answer.

A placing is kept as an import is, so that it is in the history and can be undone.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pandas as pd
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import audit
from api.errors import ConflictError, InvalidRequestError, NotFoundError
from api.households import store
from api.imports.history import next_version, remember, undo
from api.imports.service import hold_lock
from api.jobs.queue import enqueue
from geo.addresses import propose_places
from layers.tables import data_import
from layers.tiles import Scope

TITLE = "地图上补点 · Households placed on the map"
SHOWN = 5


def propose(
    session: Session, village: str, rows: Sequence[store.AnyRow]
) -> dict[str, dict[str, Any]]:
    """Return code to proposal: ``lon``, ``lat``, ``how``, ``basis``, ``spread_m``."""
    unlocated = pd.DataFrame(
        [(row.code, row.address, row.area_code) for row in rows],
        columns=["code", "address", "area_code"],
    )
    located, settlements, areas = store.village_frames(session, village)
    found = propose_places(unlocated, located, settlements, areas)
    found = found[found.geometry.notna()]
    spots = shapely.get_coordinates(found.geometry.to_numpy())
    told = zip(found["code"], spots, found["how"], found["basis"], found["spread_m"], strict=True)
    return {
        code: {"lon": lon, "lat": lat, "how": how, "basis": basis, "spread_m": round(off, 1)}
        for code, (lon, lat), how, basis, off in told
    }


def locate(
    session: Session, scope: Scope, places: Mapping[str, store.Point], created_by: str
) -> tuple[int, int, UUID]:
    """Keep the places of unlocated households, as a coverage version; all or none.

    Returns
    -------
    (int, int, UUID)
        The number by which it can be undone, how many were placed, the check that follows.

    Raises
    ------
    ConflictError
        If one is not in the reader's area, has a place already, or an import is under way.
    InvalidRequestError
        If a place is not in the household's village.
    """
    connection = session.connection()
    hold_lock(connection)
    villages = store.find_unlocated(session, scope, list(places))
    missing = sorted(set(places) - set(villages))
    if missing:
        raise ConflictError(
            f"Not among the unlocated households of your area: {_shown(missing)}.",
            f"不在您辖区的未定位住户之中：{_shown(missing)}。",
        )
    wrong = store.outside_village(session, {c: (villages[c], at) for c, at in places.items()})
    if wrong:
        raise InvalidRequestError(
            f"Not in the household's own village: {_shown(wrong)}.",
            f"位置不在住户所属的村（社区）内：{_shown(wrong)}。",
        )
    version = next_version(connection, TITLE, created_by)
    placed = store.place(session, places)
    number = remember(
        connection, kind="households", file=TITLE, crs="EPSG:4326",
        counts={"read": placed, "changed": placed}, version_id=version, created_by=created_by,
    )  # fmt: skip
    audit.record(session, created_by, audit.LOCATED, target=f"import {number}")
    return number, placed, enqueue(connection, "check", {}, created_by)


def take_back(
    session: Session, number: int, reader: str, *, anyone_s: bool
) -> tuple[int, int, UUID]:
    """Take a placing back, as a version of its own.

    Parameters
    ----------
    number
        What :func:`locate` returned.
    reader
        Who asks.
    anyone_s
        Whether he may take back what others have placed.

    Returns
    -------
    (int, int, UUID)
        The undoing's number, how many households have no place again, the check that follows.

    Raises
    ------
    NotFoundError
        If there is no such placing, or it is another's.
    ConflictError
        If it is taken back already, or some of its rows have been changed since.
    """
    connection = session.connection()
    hold_lock(connection)
    placed = select(data_import.c.created_by).where(
        data_import.c.id == number, data_import.c.file == TITLE, data_import.c.undoes.is_(None)
    )
    owner = session.scalar(placed)
    if owner is None or not (anyone_s or owner == reader):
        raise NotFoundError(
            f"There is no placing {number} of yours.", f"没有您的补点记录 {number}。"
        )
    own, counts = undo(connection, number, reader)
    audit.record(session, reader, audit.UNDONE, target=f"import {number}")
    return own, counts["changed"], enqueue(connection, "check", {}, reader)


def _shown(codes: Sequence[str]) -> str:
    return ", ".join(codes[:SHOWN]) + (" …" if len(codes) > SHOWN else "")
