"""Everything the ground floor stands on.

Revision: 0001
Follows: None
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE SCHEMA IF NOT EXISTS history")
    op.create_table(
        "accepted_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=False),
        sa.Column(
            "accepted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_finding")),
        comment="An exception: which finding, why, who says so, until when.",
    )
    op.create_index(
        "uq_accepted_finding_finding_id",
        "accepted_finding",
        ["finding_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("person_code", sa.Text(), nullable=True),
        sa.Column("is_sample", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('administrator', 'planner', 'leader', 'party_officer', 'grid_worker', 'auditor')",
            name=op.f("ck_account_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
        comment="Somebody who may sign in; area_code is his scope, null the whole county.",
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        comment="Who did or saw what, and why; append-only.",
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_table(
        "coverage_shape",
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("zoom", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "geom_3857",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "label",
            Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("level", "zoom", "code", name=op.f("pk_coverage_shape")),
        comment="The coverage, simplified as one for a range of zooms; made from area and grid.",
    )
    op.create_index(
        "ix_coverage_shape_geom_3857",
        "coverage_shape",
        ["geom_3857"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(
        "ix_coverage_shape_label",
        "coverage_shape",
        ["label"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "coverage_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "valid_from",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("tstzrange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_coverage_version_one_at_a_time",
        ),
        sa.CheckConstraint(
            "valid_to >= valid_from", name=op.f("ck_coverage_version_ends_after_it_starts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_version")),
        comment="The county's state between two moments; the open one is today's.",
    )
    op.create_table(
        "appointment",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("full_time", sa.Boolean(), nullable=True),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("branch_code", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_appointment")),
        schema="history",
        comment="What was in appointment, until version_to.",
    )
    op.create_table(
        "area",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_area")),
        schema="history",
        comment="What was in area, until version_to.",
    )
    op.create_index(
        "ix_area_geom", "area", ["geom"], unique=False, schema="history", postgresql_using="gist"
    )
    op.create_index(
        "ix_area_geom_3857",
        "area",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "contact_link",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("member_code", sa.Text(), nullable=False),
        sa.Column("household_code", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_contact_link")),
        schema="history",
        comment="What was in contact_link, until version_to.",
    )
    op.create_table(
        "department_network",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_department_network")),
        schema="history",
        comment="What was in department_network, until version_to.",
    )
    op.create_index(
        "ix_department_network_geom",
        "department_network",
        ["geom"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_index(
        "ix_department_network_geom_3857",
        "department_network",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "grid",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_grid")),
        schema="history",
        comment="What was in grid, until version_to.",
    )
    op.create_index(
        "ix_grid_geom", "grid", ["geom"], unique=False, schema="history", postgresql_using="gist"
    )
    op.create_index(
        "ix_grid_geom_3857",
        "grid",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "household",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("need_tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_household")),
        schema="history",
        comment="What was in household, until version_to.",
    )
    op.create_index(
        "ix_household_geom",
        "household",
        ["geom"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_index(
        "ix_household_geom_3857",
        "household",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "household_unit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_household_unit")),
        schema="history",
        comment="What was in household_unit, until version_to.",
    )
    op.create_index(
        "ix_household_unit_geom",
        "household_unit",
        ["geom"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_index(
        "ix_household_unit_geom_3857",
        "household_unit",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "party_branch",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_party_branch")),
        schema="history",
        comment="What was in party_branch, until version_to.",
    )
    op.create_index(
        "ix_party_branch_geom",
        "party_branch",
        ["geom"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_index(
        "ix_party_branch_geom_3857",
        "party_branch",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "party_member",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=False),
        sa.Column("household_code", sa.Text(), nullable=True),
        sa.Column("branch_code", sa.Text(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_party_member")),
        schema="history",
        comment="What was in party_member, until version_to.",
    )
    op.create_table(
        "person",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("household_code", sa.Text(), nullable=True),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_person")),
        schema="history",
        comment="What was in person, until version_to.",
    )
    op.create_table(
        "reference_feature",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), nullable=False),
        sa.Column("version_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version_from", name=op.f("pk_reference_feature")),
        schema="history",
        comment="What was in reference_feature, until version_to.",
    )
    op.create_index(
        "ix_reference_feature_geom",
        "reference_feature",
        ["geom"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_index(
        "ix_reference_feature_geom_3857",
        "reference_feature",
        ["geom_3857"],
        unique=False,
        schema="history",
        postgresql_using="gist",
    )
    op.create_table(
        "household_group",
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column(
            "geom_3857",
            Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("area_code", "number", name=op.f("pk_household_group")),
        comment="A village's households in groups of at least k, for counts that single out nobody.",
    )
    op.create_index(
        "ix_household_group_geom_3857",
        "household_group",
        ["geom_3857"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_job_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        comment="Long work: how far it is, and what came of it.",
    )
    op.create_index("ix_job_state_created_at", "job", ["state", "created_at"], unique=False)
    op.create_table(
        "setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
        comment="What a county decides for itself: code pattern, palette, thresholds.",
    )
    op.create_table(
        "area",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(level = 'county') = (parent_code IS NULL)", name=op.f("ck_area_county_on_top")
        ),
        sa.CheckConstraint("kind IN ('village', 'community')", name=op.f("ck_area_kind_known")),
        sa.CheckConstraint(
            "level IN ('county', 'town', 'village')", name=op.f("ck_area_level_known")
        ),
        sa.CheckConstraint("NOT ST_IsEmpty(geom)", name=op.f("ck_area_geom_not_empty")),
        sa.CheckConstraint("ST_IsValid(geom)", name=op.f("ck_area_geom_valid")),
        sa.CheckConstraint(
            "starts_with(code, parent_code)", name=op.f("ck_area_code_under_parent")
        ),
        sa.ForeignKeyConstraint(
            ["parent_code"],
            ["area.code"],
            name=op.f("fk_area_parent_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_area_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_area")),
        comment="The administrative tree: county, town, village or community.",
    )
    op.create_index("ix_area_geom", "area", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_area_geom_3857", "area", ["geom_3857"], unique=False, postgresql_using="gist"
    )
    op.create_index(op.f("ix_area_parent_code"), "area", ["parent_code"], unique=False)
    op.create_table(
        "coverage_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("tolerance_m", sa.Double(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["coverage_version.id"], name=op.f("fk_coverage_check_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_check")),
        comment="One check of one coverage version, and its summary.",
    )
    op.create_index(
        op.f("ix_coverage_check_version_id"), "coverage_check", ["version_id"], unique=False
    )
    op.create_table(
        "department_network",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "NOT ST_IsEmpty(geom)", name=op.f("ck_department_network_geom_not_empty")
        ),
        sa.CheckConstraint("ST_IsValid(geom)", name=op.f("ck_department_network_geom_valid")),
        sa.ForeignKeyConstraint(
            ["version_from"],
            ["coverage_version.id"],
            name=op.f("fk_department_network_version_from"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_department_network")),
        comment="A grid of one department, from before many networks became one.",
    )
    op.create_index(
        "ix_department_network_geom",
        "department_network",
        ["geom"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(
        "ix_department_network_geom_3857",
        "department_network",
        ["geom_3857"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_login_session_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
        comment="A sign-in; the token itself is kept by the browser alone.",
    )
    op.create_index(
        op.f("ix_login_session_account_id"), "login_session", ["account_id"], unique=False
    )
    op.create_table(
        "reference_feature",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "layer IN ('roads', 'rivers', 'settlements')",
            name=op.f("ck_reference_feature_layer_known"),
        ),
        sa.ForeignKeyConstraint(
            ["version_from"],
            ["coverage_version.id"],
            name=op.f("fk_reference_feature_version_from"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_reference_feature")),
        comment="The county's own ground: roads, rivers, settlements.",
    )
    op.create_index(
        "ix_reference_feature_geom",
        "reference_feature",
        ["geom"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(
        "ix_reference_feature_geom_3857",
        "reference_feature",
        ["geom_3857"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index("ix_reference_feature_layer", "reference_feature", ["layer"], unique=False)
    op.create_table(
        "finding",
        sa.Column("check_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("grids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("width_m", sa.Double(), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column(
            "point",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("message_zh", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("fix_zh", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('error', 'warning', 'info')", name=op.f("ck_finding_severity_known")
        ),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["coverage_check.id"],
            name=op.f("fk_finding_check_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("check_id", "id", name=op.f("pk_finding")),
        comment="One place where a rule is broken, as the check found it.",
    )
    op.create_index(
        "ix_finding_check_id_position", "finding", ["check_id", "position"], unique=False
    )
    op.create_index("ix_finding_geom", "finding", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_finding_geom_3857", "finding", ["geom_3857"], unique=False, postgresql_using="gist"
    )
    op.create_index("ix_finding_point", "finding", ["point"], unique=False, postgresql_using="gist")
    op.create_table(
        "grid",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("locked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "coverage IN ('exclusive', 'overlay')", name=op.f("ck_grid_coverage_known")
        ),
        sa.CheckConstraint(
            "kind IN ('rural', 'community', 'dedicated')", name=op.f("ck_grid_kind_known")
        ),
        sa.CheckConstraint("NOT ST_IsEmpty(geom)", name=op.f("ck_grid_geom_not_empty")),
        sa.CheckConstraint("ST_IsValid(geom)", name=op.f("ck_grid_geom_valid")),
        sa.CheckConstraint("starts_with(code, area_code)", name=op.f("ck_grid_code_under_parent")),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["area.code"],
            name=op.f("fk_grid_area_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_grid_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_grid")),
        comment="The smallest governed polygon; exclusive ones tile their village, overlays do not.",
    )
    op.create_index(op.f("ix_grid_area_code"), "grid", ["area_code"], unique=False)
    op.create_index("ix_grid_geom", "grid", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_grid_geom_3857", "grid", ["geom_3857"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "household_unit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("NOT ST_IsEmpty(geom)", name=op.f("ck_household_unit_geom_not_empty")),
        sa.CheckConstraint("ST_IsValid(geom)", name=op.f("ck_household_unit_geom_valid")),
        sa.CheckConstraint(
            "starts_with(code, grid_code)", name=op.f("ck_household_unit_code_under_parent")
        ),
        sa.ForeignKeyConstraint(
            ["grid_code"],
            ["grid.code"],
            name=op.f("fk_household_unit_grid_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_household_unit_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_household_unit")),
        comment="About ten households with one head.",
    )
    op.create_index(
        "ix_household_unit_geom", "household_unit", ["geom"], unique=False, postgresql_using="gist"
    )
    op.create_index(
        "ix_household_unit_geom_3857",
        "household_unit",
        ["geom_3857"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(
        op.f("ix_household_unit_grid_code"), "household_unit", ["grid_code"], unique=False
    )
    op.create_table(
        "party_branch",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["area.code"],
            name=op.f("fk_party_branch_area_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["grid_code"],
            ["grid.code"],
            name=op.f("fk_party_branch_grid_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_party_branch_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_party_branch")),
        comment="A Party branch and its seat.",
    )
    op.create_index(op.f("ix_party_branch_area_code"), "party_branch", ["area_code"], unique=False)
    op.create_index(
        "ix_party_branch_geom", "party_branch", ["geom"], unique=False, postgresql_using="gist"
    )
    op.create_index(
        "ix_party_branch_geom_3857",
        "party_branch",
        ["geom_3857"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(op.f("ix_party_branch_grid_code"), "party_branch", ["grid_code"], unique=False)
    op.create_table(
        "household",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column(
            "need_tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["area.code"],
            name=op.f("fk_household_area_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["grid_code"],
            ["grid.code"],
            name=op.f("fk_household_grid_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"],
            ["household_unit.code"],
            name=op.f("fk_household_unit_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_household_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_household")),
        comment="A household on the list; grid_code is the recorded grid; no point means unlocated.",
    )
    op.create_index(op.f("ix_household_area_code"), "household", ["area_code"], unique=False)
    op.create_index(
        "ix_household_geom", "household", ["geom"], unique=False, postgresql_using="gist"
    )
    op.create_index(
        "ix_household_geom_3857", "household", ["geom_3857"], unique=False, postgresql_using="gist"
    )
    op.create_index(op.f("ix_household_grid_code"), "household", ["grid_code"], unique=False)
    op.create_index(op.f("ix_household_unit_code"), "household", ["unit_code"], unique=False)
    op.create_table(
        "incident",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("household_code", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "geom_3857",
            Geometry(
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("description", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('found', 'dispatched', 'in_hand', 'answered', 'rated')",
            name=op.f("ck_incident_status_known"),
        ),
        sa.CheckConstraint(
            "tier IN ('auto', 'local', 'escalated')", name=op.f("ck_incident_tier_known")
        ),
        sa.CheckConstraint(
            "closed_at >= reported_at", name=op.f("ck_incident_closes_after_it_is_reported")
        ),
        sa.ForeignKeyConstraint(
            ["grid_code"],
            ["grid.code"],
            name=op.f("fk_incident_grid_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["household.code"],
            name=op.f("fk_incident_household_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_incident")),
        comment="Something reported, as it stands; how it came there is in incident_log.",
    )
    op.create_index("ix_incident_geom", "incident", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(
        "ix_incident_geom_3857", "incident", ["geom_3857"], unique=False, postgresql_using="gist"
    )
    op.create_index(op.f("ix_incident_grid_code"), "incident", ["grid_code"], unique=False)
    op.create_index(
        op.f("ix_incident_household_code"), "incident", ["household_code"], unique=False
    )
    op.create_index("ix_incident_reported_at", "incident", ["reported_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("household_code", sa.Text(), nullable=True),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["household.code"],
            name=op.f("fk_person_household_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_person_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_person")),
        comment="Somebody with an appointment or a membership.",
    )
    op.create_index(op.f("ix_person_household_code"), "person", ["household_code"], unique=False)
    op.create_table(
        "appointment",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("full_time", sa.Boolean(), nullable=True),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("unit_code", sa.Text(), nullable=True),
        sa.Column("branch_code", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "CASE role WHEN 'unit_head' THEN unit_code WHEN 'branch_secretary' THEN branch_code ELSE grid_code END IS NOT NULL",
            name=op.f("ck_appointment_says_for_what"),
        ),
        sa.CheckConstraint(
            "role IN ('grid_head', 'grid_worker', 'unit_head', 'branch_secretary')",
            name=op.f("ck_appointment_role_known"),
        ),
        sa.CheckConstraint(
            "ends_on >= starts_on", name=op.f("ck_appointment_ends_after_it_starts")
        ),
        sa.ForeignKeyConstraint(
            ["area_code"],
            ["area.code"],
            name=op.f("fk_appointment_area_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["branch_code"],
            ["party_branch.code"],
            name=op.f("fk_appointment_branch_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["grid_code"],
            ["grid.code"],
            name=op.f("fk_appointment_grid_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_code"],
            ["person.code"],
            name=op.f("fk_appointment_person_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["unit_code"],
            ["household_unit.code"],
            name=op.f("fk_appointment_unit_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_appointment_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_appointment")),
        comment="Who answers for what; somebody who answers for several grids has a row for each.",
    )
    op.create_index(op.f("ix_appointment_area_code"), "appointment", ["area_code"], unique=False)
    op.create_index(
        op.f("ix_appointment_branch_code"), "appointment", ["branch_code"], unique=False
    )
    op.create_index(op.f("ix_appointment_grid_code"), "appointment", ["grid_code"], unique=False)
    op.create_index(
        op.f("ix_appointment_person_code"), "appointment", ["person_code"], unique=False
    )
    op.create_index(op.f("ix_appointment_unit_code"), "appointment", ["unit_code"], unique=False)
    op.create_table(
        "incident_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "from_status IN ('found', 'dispatched', 'in_hand', 'answered', 'rated')",
            name=op.f("ck_incident_log_from_status_known"),
        ),
        sa.CheckConstraint(
            "to_status IN ('found', 'dispatched', 'in_hand', 'answered', 'rated')",
            name=op.f("ck_incident_log_to_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_code"],
            ["incident.code"],
            name=op.f("fk_incident_log_incident_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_log")),
        comment="Who moved an incident from which status to which, and when; append-only.",
    )
    op.create_index(
        op.f("ix_incident_log_incident_code"), "incident_log", ["incident_code"], unique=False
    )
    op.create_table(
        "party_member",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=False),
        sa.Column("household_code", sa.Text(), nullable=True),
        sa.Column("branch_code", sa.Text(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_code"],
            ["party_branch.code"],
            name=op.f("fk_party_member_branch_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["household.code"],
            name=op.f("fk_party_member_household_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_code"],
            ["person.code"],
            name=op.f("fk_party_member_person_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_party_member_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_party_member")),
        comment="A member of the Party; sensitive.",
    )
    op.create_index(
        op.f("ix_party_member_branch_code"), "party_member", ["branch_code"], unique=False
    )
    op.create_index(
        op.f("ix_party_member_household_code"), "party_member", ["household_code"], unique=False
    )
    op.create_index(
        op.f("ix_party_member_person_code"), "party_member", ["person_code"], unique=False
    )
    op.create_table(
        "visit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("household_code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=False),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["household.code"],
            name=op.f("fk_visit_household_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["person_code"],
            ["person.code"],
            name=op.f("fk_visit_person_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_visit")),
        comment="Somebody was at a household.",
    )
    op.create_index(op.f("ix_visit_household_code"), "visit", ["household_code"], unique=False)
    op.create_index(op.f("ix_visit_person_code"), "visit", ["person_code"], unique=False)
    op.create_index("ix_visit_visited_at", "visit", ["visited_at"], unique=False)
    op.create_table(
        "contact_link",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("member_code", sa.Text(), nullable=False),
        sa.Column("household_code", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("version_from", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_code"],
            ["household.code"],
            name=op.f("fk_contact_link_household_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["member_code"],
            ["party_member.code"],
            name=op.f("fk_contact_link_member_code"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["version_from"], ["coverage_version.id"], name=op.f("fk_contact_link_version_from")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_contact_link")),
        sa.UniqueConstraint(
            "member_code", "household_code", name=op.f("uq_contact_link_member_code_household_code")
        ),
        comment="A member keeps contact with a household.",
    )
    op.create_index(
        op.f("ix_contact_link_household_code"), "contact_link", ["household_code"], unique=False
    )
    op.create_index(
        op.f("ix_contact_link_member_code"), "contact_link", ["member_code"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_contact_link_member_code"), table_name="contact_link")
    op.drop_index(op.f("ix_contact_link_household_code"), table_name="contact_link")
    op.drop_table("contact_link")
    op.drop_index("ix_visit_visited_at", table_name="visit")
    op.drop_index(op.f("ix_visit_person_code"), table_name="visit")
    op.drop_index(op.f("ix_visit_household_code"), table_name="visit")
    op.drop_table("visit")
    op.drop_index(op.f("ix_party_member_person_code"), table_name="party_member")
    op.drop_index(op.f("ix_party_member_household_code"), table_name="party_member")
    op.drop_index(op.f("ix_party_member_branch_code"), table_name="party_member")
    op.drop_table("party_member")
    op.drop_index(op.f("ix_incident_log_incident_code"), table_name="incident_log")
    op.drop_table("incident_log")
    op.drop_index(op.f("ix_appointment_unit_code"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_person_code"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_grid_code"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_branch_code"), table_name="appointment")
    op.drop_index(op.f("ix_appointment_area_code"), table_name="appointment")
    op.drop_table("appointment")
    op.drop_index(op.f("ix_person_household_code"), table_name="person")
    op.drop_table("person")
    op.drop_index("ix_incident_reported_at", table_name="incident")
    op.drop_index(op.f("ix_incident_household_code"), table_name="incident")
    op.drop_index(op.f("ix_incident_grid_code"), table_name="incident")
    op.drop_index("ix_incident_geom_3857", table_name="incident", postgresql_using="gist")
    op.drop_index("ix_incident_geom", table_name="incident", postgresql_using="gist")
    op.drop_table("incident")
    op.drop_index(op.f("ix_household_unit_code"), table_name="household")
    op.drop_index(op.f("ix_household_grid_code"), table_name="household")
    op.drop_index("ix_household_geom_3857", table_name="household", postgresql_using="gist")
    op.drop_index("ix_household_geom", table_name="household", postgresql_using="gist")
    op.drop_index(op.f("ix_household_area_code"), table_name="household")
    op.drop_table("household")
    op.drop_index(op.f("ix_party_branch_grid_code"), table_name="party_branch")
    op.drop_index("ix_party_branch_geom_3857", table_name="party_branch", postgresql_using="gist")
    op.drop_index("ix_party_branch_geom", table_name="party_branch", postgresql_using="gist")
    op.drop_index(op.f("ix_party_branch_area_code"), table_name="party_branch")
    op.drop_table("party_branch")
    op.drop_index(op.f("ix_household_unit_grid_code"), table_name="household_unit")
    op.drop_index(
        "ix_household_unit_geom_3857", table_name="household_unit", postgresql_using="gist"
    )
    op.drop_index("ix_household_unit_geom", table_name="household_unit", postgresql_using="gist")
    op.drop_table("household_unit")
    op.drop_index("ix_grid_geom_3857", table_name="grid", postgresql_using="gist")
    op.drop_index("ix_grid_geom", table_name="grid", postgresql_using="gist")
    op.drop_index(op.f("ix_grid_area_code"), table_name="grid")
    op.drop_table("grid")
    op.drop_index("ix_finding_point", table_name="finding", postgresql_using="gist")
    op.drop_index("ix_finding_geom_3857", table_name="finding", postgresql_using="gist")
    op.drop_index("ix_finding_geom", table_name="finding", postgresql_using="gist")
    op.drop_index("ix_finding_check_id_position", table_name="finding")
    op.drop_table("finding")
    op.drop_index("ix_reference_feature_layer", table_name="reference_feature")
    op.drop_index(
        "ix_reference_feature_geom_3857", table_name="reference_feature", postgresql_using="gist"
    )
    op.drop_index(
        "ix_reference_feature_geom", table_name="reference_feature", postgresql_using="gist"
    )
    op.drop_table("reference_feature")
    op.drop_index(op.f("ix_login_session_account_id"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_index(
        "ix_department_network_geom_3857", table_name="department_network", postgresql_using="gist"
    )
    op.drop_index(
        "ix_department_network_geom", table_name="department_network", postgresql_using="gist"
    )
    op.drop_table("department_network")
    op.drop_index(op.f("ix_coverage_check_version_id"), table_name="coverage_check")
    op.drop_table("coverage_check")
    op.drop_index(op.f("ix_area_parent_code"), table_name="area")
    op.drop_index("ix_area_geom_3857", table_name="area", postgresql_using="gist")
    op.drop_index("ix_area_geom", table_name="area", postgresql_using="gist")
    op.drop_table("area")
    op.drop_table("setting")
    op.drop_index("ix_job_state_created_at", table_name="job")
    op.drop_table("job")
    op.drop_index(
        "ix_household_group_geom_3857", table_name="household_group", postgresql_using="gist"
    )
    op.drop_table("household_group")
    op.drop_index(
        "ix_reference_feature_geom_3857",
        table_name="reference_feature",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_index(
        "ix_reference_feature_geom",
        table_name="reference_feature",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_table("reference_feature", schema="history")
    op.drop_table("person", schema="history")
    op.drop_table("party_member", schema="history")
    op.drop_index(
        "ix_party_branch_geom_3857",
        table_name="party_branch",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_index(
        "ix_party_branch_geom", table_name="party_branch", schema="history", postgresql_using="gist"
    )
    op.drop_table("party_branch", schema="history")
    op.drop_index(
        "ix_household_unit_geom_3857",
        table_name="household_unit",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_index(
        "ix_household_unit_geom",
        table_name="household_unit",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_table("household_unit", schema="history")
    op.drop_index(
        "ix_household_geom_3857", table_name="household", schema="history", postgresql_using="gist"
    )
    op.drop_index(
        "ix_household_geom", table_name="household", schema="history", postgresql_using="gist"
    )
    op.drop_table("household", schema="history")
    op.drop_index("ix_grid_geom_3857", table_name="grid", schema="history", postgresql_using="gist")
    op.drop_index("ix_grid_geom", table_name="grid", schema="history", postgresql_using="gist")
    op.drop_table("grid", schema="history")
    op.drop_index(
        "ix_department_network_geom_3857",
        table_name="department_network",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_index(
        "ix_department_network_geom",
        table_name="department_network",
        schema="history",
        postgresql_using="gist",
    )
    op.drop_table("department_network", schema="history")
    op.drop_table("contact_link", schema="history")
    op.drop_index("ix_area_geom_3857", table_name="area", schema="history", postgresql_using="gist")
    op.drop_index("ix_area_geom", table_name="area", schema="history", postgresql_using="gist")
    op.drop_table("area", schema="history")
    op.drop_table("appointment", schema="history")
    op.drop_table("coverage_version")
    op.drop_index("ix_coverage_shape_label", table_name="coverage_shape", postgresql_using="gist")
    op.drop_index(
        "ix_coverage_shape_geom_3857", table_name="coverage_shape", postgresql_using="gist"
    )
    op.drop_table("coverage_shape")
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("account")
    op.drop_index(
        "uq_accepted_finding_finding_id",
        table_name="accepted_finding",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_table("accepted_finding")
    op.execute("DROP SCHEMA history")
