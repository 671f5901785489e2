"""A check's result as a document, and the document as JSON, table, GeoJSON, SARIF or a page."""

from layers.report.document import FORMATS, Outline, format_of, make_document, write_document

__all__ = ["FORMATS", "Outline", "format_of", "make_document", "write_document"]
