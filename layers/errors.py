"""Errors of files: which file, which row, and what to do."""

from geo.errors import GeoError


class TransferError(GeoError):
    """A file cannot be used as it is."""
