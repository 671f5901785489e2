"""The tables of PostGIS, by room: land, people, events, checks, and the service's own."""

from layers.tables.base import (
    HISTORY,
    SRID,
    TILE_SRID,
    metadata,
    rows_at,
    versioned_tables,
)
from layers.tables.checks import accepted_finding, coverage_check, finding
from layers.tables.events import (
    STATUSES,
    TIERS,
    incident,
    incident_change,
    incident_log,
    visit,
)
from layers.tables.imports import data_import, imported_row
from layers.tables.people import (
    APPOINTMENT_ROLES,
    appointment,
    contact_link,
    household,
    party_branch,
    party_member,
    person,
)
from layers.tables.service import (
    JOB_STATES,
    ROLES,
    account,
    audit_entry,
    job,
    login_session,
    setting,
)
from layers.tables.territory import (
    AREA_LEVELS,
    GRID_COVERAGES,
    GRID_KINDS,
    REFERENCE_LAYERS,
    area,
    coverage_shape,
    coverage_version,
    department_network,
    grid,
    household_group,
    household_unit,
    open_version,
    reference_feature,
)
from layers.tables.worklist import TASK_CHANGES, TASK_STATES, work_task, work_task_log

__all__ = [
    "APPOINTMENT_ROLES", "AREA_LEVELS", "GRID_COVERAGES", "GRID_KINDS", "HISTORY", "JOB_STATES",
    "REFERENCE_LAYERS", "ROLES", "SRID", "STATUSES", "TASK_CHANGES", "TASK_STATES", "TIERS",
    "TILE_SRID", "accepted_finding", "account", "appointment", "area", "audit_entry",
    "contact_link", "coverage_check", "coverage_shape", "coverage_version", "data_import",
    "department_network", "finding", "grid", "household", "household_group", "household_unit",
    "imported_row", "incident", "incident_change", "incident_log", "job", "login_session",
    "metadata", "open_version", "party_branch", "party_member", "person", "reference_feature",
    "rows_at", "setting", "versioned_tables", "visit", "work_task", "work_task_log",
]  # fmt: skip
