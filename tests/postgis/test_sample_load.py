"""The sample county in a database: all of it, bit for bit, and the tables left as they were."""

import geopandas as gpd
import pytest
from sqlalchemy import URL, Connection, func, select, text
from sqlalchemy.exc import IntegrityError

from api.db import engine
from api.sample import SampleCounty, build_county, load_sample
from layers.tables import area, coverage_version, grid, household, incident, metadata, setting


@pytest.fixture(scope="module")
def small() -> SampleCounty:
    return build_county(size="small")


def structure(connection: Connection) -> list[tuple[str, str]]:
    """Every constraint and index of the schema, as the database words them."""
    rows = connection.execute(
        text(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
            " UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        )
    )
    return sorted((str(name), str(definition)) for name, definition in rows)


def test_a_load_brings_every_row_and_leaves_the_structure(
    database: URL, small: SampleCounty
) -> None:
    bind = engine(database)
    with bind.connect() as connection:
        before = structure(connection)
    counts = load_sample(bind, small)
    with bind.connect() as connection:
        assert structure(connection) == before
        for name, frame in small.frames.items():
            assert counts[name] == len(frame)
            rows = connection.scalar(select(func.count()).select_from(metadata.tables[name]))
            assert rows == len(frame), name
        version = connection.scalar(
            select(coverage_version.c.id).where(coverage_version.c.valid_to.is_(None))
        )
        assert set(connection.scalars(select(grid.c.version_from))) == {version}
        told = dict(connection.execute(select(setting.c.key, setting.c.value)).all())
    assert told["synthetic"] is True
    assert told["reference_date"] == small.reference_date.isoformat()
    assert told["labels"]["zh"] == "澜禾县"
    assert {kind["name"] for kind in told["incident_kinds"]} >= set(
        small.frames["incident"]["kind"]
    )


def test_what_is_loaded_is_the_frame_bit_for_bit(database: URL, small: SampleCounty) -> None:
    load_sample(engine(database), small, clean=True)
    for table in (area, grid):
        frame = small.clean[table.name].set_index("code").geometry
        stored = gpd.read_postgis(
            select(table.c.code, table.c.geom), engine(database), index_col="code"
        ).geometry
        assert stored.explode().loc[frame.index].to_wkb().tolist() == frame.to_wkb().tolist()
    with engine(database).connect() as connection:
        tagged = small.clean["household"].loc[lambda rows: rows["need_tags"].map(len) == 2].iloc[0]
        row = connection.execute(select(household).where(household.c.code == tagged["code"])).one()
        assert list(row.need_tags) == tagged["need_tags"]
        assert row.people == tagged["people"]
        first = small.frames["incident"].iloc[0]
        at = connection.scalar(
            select(incident.c.reported_at).where(incident.c.code == first["code"])
        )
        assert at == first["reported_at"]


def test_a_second_load_is_refused_whole(database: URL, small: SampleCounty) -> None:
    bind = engine(database)
    load_sample(bind, small)
    with bind.connect() as connection:
        before = structure(connection)
    with pytest.raises(IntegrityError):
        load_sample(bind, small)
    with bind.connect() as connection:
        assert structure(connection) == before
        assert connection.scalar(select(func.count()).select_from(coverage_version)) == 2
