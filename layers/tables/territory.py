"""Land: areas, grids, ten-household units, department networks, reference layers, and versions."""

from geoalchemy2 import Geometry
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    false,
    func,
    insert,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.sql.dml import Insert, Update

from layers.tables.base import TILE_SRID, choice, code, geometry, metadata, under, versioned

AREA_LEVELS = ("county", "town", "village")
GRID_KINDS = ("rural", "community", "dedicated")
GRID_COVERAGES = ("exclusive", "overlay")
# The reference layers that the map draws; a county may keep others beside them.
REFERENCE_LAYERS = ("roads", "rivers", "settlements")

coverage_version = Table(
    "coverage_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("valid_from", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("valid_to", DateTime(timezone=True)),
    Column("title", Text, nullable=False),
    Column("note", Text),
    Column("created_by", Text, nullable=False),
    CheckConstraint("valid_to >= valid_from", name="ends_after_it_starts"),
    # At any moment the county has one version, and at most one is open.
    ExcludeConstraint(
        (text("tstzrange(valid_from, valid_to)"), "&&"),
        using="gist",
        name="ex_coverage_version_one_at_a_time",
    ),
    comment="The county's state between two moments; the open one is today's.",
)

area = versioned(
    "area",
    Column("name", Text, nullable=False),
    Column("name_en", Text),
    *choice("level", AREA_LEVELS),
    *choice("kind", ("village", "community"), nullable=True),
    code("area", "parent_code", nullable=True),
    # A list of villages often comes before their boundaries.
    *geometry("MULTIPOLYGON", nullable=True),
    under("parent_code"),
    CheckConstraint("(level = 'county') = (parent_code IS NULL)", name="county_on_top"),
    comment="The administrative tree: county, town, village or community.",
)

grid = versioned(
    "grid",
    Column("name", Text, nullable=False),
    Column("name_en", Text),
    code("area", "area_code"),
    *choice("kind", GRID_KINDS),
    *choice("coverage", GRID_COVERAGES),
    Column("locked", Boolean, nullable=False, server_default=false()),
    *geometry("MULTIPOLYGON"),
    under("area_code"),
    comment="The smallest governed polygon; exclusive ones tile their village, overlays do not.",
)

household_unit = versioned(
    "household_unit",
    Column("name", Text),
    code("grid", "grid_code"),
    *geometry("MULTIPOLYGON", nullable=True),
    under("grid_code"),
    comment="About ten households with one head.",
)

department_network = versioned(
    "department_network",
    Column("department", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("responsible", Text),
    *geometry("MULTIPOLYGON"),
    comment="A grid of one department, from before many networks became one.",
)

reference_feature = versioned(
    "reference_feature",
    Column("layer", Text, nullable=False),
    Column("name", Text),
    Column("class", Text),
    *geometry("GEOMETRY"),
    comment="The county's own ground: roads, rivers, settlements.",
)
Index("ix_reference_feature_layer", reference_feature.c.layer)

coverage_shape = Table(
    "coverage_shape",
    metadata,
    Column("level", Text, primary_key=True),
    Column("zoom", SmallInteger, primary_key=True, autoincrement=False),
    Column("code", Text, primary_key=True),
    Column(
        f"geom_{TILE_SRID}",
        Geometry("MULTIPOLYGON", srid=TILE_SRID, spatial_index=False),
        nullable=False,
    ),
    Column("label", Geometry("POINT", srid=TILE_SRID, spatial_index=False), nullable=False),
    comment="The coverage, simplified as one for a range of zooms; made from area and grid.",
)
Index("ix_coverage_shape_geom_3857", coverage_shape.c.geom_3857, postgresql_using="gist")
Index("ix_coverage_shape_label", coverage_shape.c.label, postgresql_using="gist")

household_group = Table(
    "household_group",
    metadata,
    Column("area_code", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column(
        f"geom_{TILE_SRID}",
        Geometry("POINT", srid=TILE_SRID, spatial_index=False),
        nullable=False,
    ),
    comment="A village's households in groups of at least k, for counts that single out nobody.",
)
Index("ix_household_group_geom_3857", household_group.c.geom_3857, postgresql_using="gist")


def open_version(title: str, created_by: str, note: str | None = None) -> tuple[Update, Insert]:
    """Make the two statements that end the open coverage version and open the next.

    Run them in this order, in the transaction that changes the rows: every change made after
    belongs to the new version. The second returns its id.
    """
    close = (
        update(coverage_version)
        .where(coverage_version.c.valid_to.is_(None))
        .values(valid_to=func.now())
    )
    start = (
        insert(coverage_version)
        .values(title=title, note=note, created_by=created_by)
        .returning(coverage_version.c.id)
    )
    return close, start
