"""Exports: a layer as a file, at any version, within an area, masked unless a reason is given."""

from api.exports.service import Outcome, Request, export_file, export_layer

__all__ = ["Outcome", "Request", "export_file", "export_layer"]
