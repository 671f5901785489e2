"""Alembic's entry: migrates over the connection it is given."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy.schema import SchemaItem

from layers.tables import HISTORY, metadata


def include_object(
    item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: SchemaItem | None
) -> bool:
    """Leave PostGIS's own tables out of comparisons."""
    if kind == "table" and reflected and compare_to is None:
        return bool(
            alembic_helpers.include_object(  # type: ignore[no-untyped-call]  # it carries no types
                item, name, kind, reflected, compare_to
            )
        )
    return True


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Look at the schemas and tables that are ours; the queue's belong to its library."""
    if kind == "table":
        return not str(name).startswith("procrastinate_")
    return name in (None, HISTORY) if kind == "schema" else True


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=include_object,
    include_name=include_name,
    include_schemas=True,
    render_item=alembic_helpers.render_item,
)
with context.begin_transaction():
    context.run_migrations()
