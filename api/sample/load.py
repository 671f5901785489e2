"""Bring a sample county into a database: every table by COPY, in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from sqlalchemy import Connection, Engine, Table, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex

from api.db import copy_rows
from api.sample.county import SampleCounty
from api.sample.incidents import kinds_setting
from api.sample.plan import COUNTY_NAME
from layers.tables import SRID, metadata, open_version, setting

AUTHOR = "sample"
ORDER = (
    "area", "grid", "household_unit", "household", "person", "party_branch", "party_member",
    "appointment", "contact_link", "visit", "incident", "incident_log", "department_network",
    "reference_feature",
)  # fmt: skip


def load_sample(engine: Engine, county: SampleCounty, *, clean: bool = False) -> dict[str, int]:
    """Load a sample county into an empty, migrated database; all or nothing.

    It becomes a coverage version of its own, and the settings ``synthetic``, ``reference_date``
    and ``labels`` say on every page what it is.

    Parameters
    ----------
    engine
        The database, which must not hold a county yet.
    county
        What :func:`api.sample.build_county` made.
    clean
        Load the county as it was before defects were injected.

    Returns
    -------
    dict
        Table name to number of rows.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        If the database holds the county already.
    """
    frames = {**county.frames, **(county.clean if clean else {})}
    with engine.begin() as connection:
        for statement in open_version("合成样例 · Synthetic sample", AUTHOR):
            connection.execute(statement)
        tables = [metadata.tables[name] for name in ORDER]
        with _bare(connection, tables):
            for table in tables:
                copy_frame(connection, table, frames[table.name])
        _settle_settings(connection, county)
    with engine.connect() as connection:
        # The planner must not take a freshly filled table for an empty one.
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return {name: len(frames[name]) for name in ORDER}


@contextmanager
def _bare(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Lay indexes and references aside, and put them back after: in bulk they cost a third.

    All in the caller's transaction: nobody sees the tables without them, and a reference that
    does not hold undoes the load.
    """
    indexes = [index for table in tables for index in table.indexes]
    references = [key for table in tables for key in table.foreign_key_constraints]
    for reference in references:
        connection.execute(DropConstraint(reference))
    for index in indexes:
        connection.execute(DropIndex(index))
    yield
    for index in indexes:
        connection.execute(CreateIndex(index))
    for reference in references:
        connection.execute(AddConstraint(reference, isolate_from_table=False))


def copy_frame(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Copy a frame's columns into the table's columns of the same names."""
    rows = pa.table({name: _column(frame[name]) for name in frame.columns})
    copy_rows(connection, table.name, rows)


def _column(series: "pd.Series[Any]") -> pa.Array:
    """Return a column as text that PostgreSQL reads: hex EWKB, arrays in braces, ISO times."""
    if isinstance(series, gpd.GeoSeries):
        return pa.array(_ewkb(series.to_numpy()))
    if any(isinstance(value, list) for value in series[:1]):
        return pa.array([_braces(tags) for tags in series])
    return pa.array(series, from_pandas=True)


def _ewkb(shapes: "np.ndarray[Any, np.dtype[np.object_]]") -> Iterable[str | None]:
    """Return hex EWKB, polygons as multipolygons; None for no geometry."""
    shapes = shapes.copy()
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    if single.any():
        shapes[single] = shapely.multipolygons(shapes[single, None])
    return list(shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True))


def _braces(tags: list[str]) -> str:
    return "{" + ",".join(tags) + "}"


def _settle_settings(connection: Connection, county: SampleCounty) -> None:
    values = {
        "synthetic": True,
        "reference_date": county.reference_date.isoformat(),
        "labels": {"zh": COUNTY_NAME[0], "en": COUNTY_NAME[1]},
        "incident_kinds": kinds_setting(),
        "sample": {"seed": county.seed, "size": county.size},
    }
    for key, value in values.items():
        row = insert(setting).values(key=key, value=value, updated_by=AUTHOR)
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["key"],
                set_={"value": row.excluded.value, "updated_by": AUTHOR, "updated_at": func.now()},
            )
        )
