"""A check's result as a document, and that as JSON, table, GeoJSON, SARIF, page or GeoPackage."""

from layers.report.document import (
    FORMATS,
    Ground,
    Outline,
    format_of,
    make_document,
    write_document,
    write_report,
)

__all__ = [
    "FORMATS", "Ground", "Outline", "format_of", "make_document", "write_document",
    "write_report",
]  # fmt: skip
