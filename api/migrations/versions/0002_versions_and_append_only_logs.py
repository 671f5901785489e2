"""Rows know their coverage version; logs only grow; a county's settings have their defaults.

Revision: 0002
Follows: 0001
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VERSIONED = (
    "appointment", "area", "contact_link", "department_network", "grid", "household",
    "household_unit", "party_branch", "party_member", "person", "reference_feature",
)  # fmt: skip
APPEND_ONLY = ("audit_entry", "incident_log")

OPEN_VERSION = """
CREATE FUNCTION open_coverage_version() RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE found integer;
BEGIN
    SELECT id INTO STRICT found FROM coverage_version WHERE valid_to IS NULL;
    RETURN found;
EXCEPTION WHEN NO_DATA_FOUND THEN
    RAISE EXCEPTION 'no coverage version is open' USING HINT = 'Open one before changing rows.';
END $$
"""
STAMP = """
CREATE FUNCTION stamp_coverage_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version_from := open_coverage_version();
    RETURN NEW;
END $$
"""
# One statement moves all the rows that a statement changed or deleted. The column list is read
# from the catalogue, so that a later migration which adds a column to both need not touch this.
KEEP = """
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    columns text;
    version integer := open_coverage_version();
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format(
        'INSERT INTO history.%I (%s, version_to) SELECT %s, $1 FROM old_rows'
        ' WHERE version_from < $1', TG_TABLE_NAME, columns, columns) USING version;
    RETURN NULL;
END $$
"""
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps what it was told: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$
"""
FUNCTIONS = {
    "open_coverage_version": OPEN_VERSION,
    "stamp_coverage_version": STAMP,
    "keep_history": KEEP,
    "refuse_change": REFUSE,
}

# Codes: 12 digits for a village (6 county, 3 town, 3 village) and 3 more for a grid. Households
# per grid differ between a town and a village by ten times, so the limits are a county's own.
SETTINGS: dict[str, object] = {
    "synthetic": False,
    "code_lengths": {"county": 6, "town": 9, "village": 12, "grid": 15},
    "alerts": [
        {"name": "blue", "zh": "蓝色", "en": "Blue"},
        {"name": "yellow", "zh": "黄色", "en": "Yellow"},
        {"name": "red", "zh": "红色", "en": "Red"},
    ],
    "households_per_grid": {
        "rural": {"least": 30, "most": 300},
        "community": {"least": 30, "most": 500},
        "dedicated": {"least": 0, "most": 500},
    },
}


def upgrade() -> None:
    for body in FUNCTIONS.values():
        op.execute(body)
    for table in VERSIONED:
        op.execute(
            f"CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION stamp_coverage_version()"
        )
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER keep_{event.lower()} AFTER {event} ON {table}"
                " REFERENCING OLD TABLE AS old_rows"
                " FOR EACH STATEMENT EXECUTE FUNCTION keep_history()"
            )
        op.execute(_refusal(table, "TRUNCATE"))
    for table in APPEND_ONLY:
        op.execute(_refusal(table, "UPDATE OR DELETE OR TRUNCATE"))
    op.execute(
        sa.text(
            "INSERT INTO coverage_version (title, created_by) VALUES (:title, 'wangge')"
        ).bindparams(title="空图 · Empty")
    )
    for key, value in SETTINGS.items():
        op.execute(
            sa.text(
                "INSERT INTO setting (key, value, updated_by)"
                " VALUES (:key, CAST(:value AS jsonb), 'wangge')"
            ).bindparams(key=key, value=json.dumps(value, ensure_ascii=False))
        )


def _refusal(table: str, events: str) -> str:
    return (
        f"CREATE TRIGGER refuse BEFORE {events} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in VERSIONED:
        for trigger in ("stamp", "keep_update", "keep_delete", "refuse"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER refuse ON {table}")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}()")
