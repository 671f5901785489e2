"""The tables come from the migrations alone, and the migrations say what the tables say."""

from alembic import command
from sqlalchemy import URL, inspect, text

from api.db import alembic_config, engine, is_at_head, migrate
from layers.tables import metadata


def test_models_and_migrations_agree(database: URL) -> None:
    with engine(database).connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)  # raises when autogenerate would change anything


def test_down_and_up_again(database: URL) -> None:
    migrate(database, "base")
    with engine(database).connect() as connection:
        assert not is_at_head(connection)
        assert "grid" not in inspect(connection).get_table_names()
        assert connection.execute(text("SELECT to_regproc('keep_history')")).scalar() is None
    migrate(database)
    with engine(database).connect() as connection:
        assert is_at_head(connection)


def test_every_table_is_there_and_says_what_it_holds(database: URL) -> None:
    with engine(database).connect() as connection:
        there = inspect(connection)
        for table in metadata.tables.values():
            assert there.has_table(table.name, schema=table.schema)
            assert there.get_table_comment(table.name, schema=table.schema)["text"]


def test_every_geometry_column_is_indexed(database: URL) -> None:
    statement = text(
        "SELECT count(*) FROM geometry_columns g WHERE NOT EXISTS ("
        " SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
        " AND a.attnum = ANY (i.indkey)"
        " WHERE i.indrelid = format('%I.%I', g.f_table_schema, g.f_table_name)::regclass"
        " AND a.attname = g.f_geometry_column)"
    )
    with engine(database).connect() as connection:
        assert connection.execute(statement).scalar() == 0


def test_what_was_accepted_by_hand_gets_the_words_of_its_finding(database: URL) -> None:
    with engine(database).connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
        for statement in (
            "INSERT INTO coverage_check (version_id, started_at, finished_at, summary, crs,"
            " tolerance_m, created_by) SELECT id, now(), now(), '{}', '', 0.01, ''"
            " FROM coverage_version",
            "INSERT INTO finding (check_id, id, rule, name, severity, grids, area_m2, width_m,"
            " length_m, households, point, geom, message, message_zh, fix, fix_zh, position)"
            " SELECT id, 'a', 'C101', 'gap', 'error', '{g}', 5, 1, 1, 2, 'SRID=4326;POINT(115 33)',"
            " 'SRID=4326;POINT(115 33)', 'm', '问题', '', '', 0 FROM coverage_check",
            "INSERT INTO accepted_finding (finding_id, rule, reason, accepted_by)"
            " VALUES ('a', 'C101', 'a lake', 'x'), ('never found', 'C101', 'a lake', 'x')",
        ):
            connection.execute(text(statement))
        connection.commit()
        command.upgrade(config, "head")
        rows = connection.execute(
            text("SELECT finding_id, severity, grids, households, message_zh FROM accepted_finding")
        ).all()
    assert rows == [("a", "error", ["g"], 2, "问题")]
