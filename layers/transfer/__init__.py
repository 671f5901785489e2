"""Files to frames to rows and back: whatever a county office has, in and out again."""

from layers.transfer.batches import Batch, Source, open_batches
from layers.transfer.errors import TransferError, UndecidedError
from layers.transfer.kinds import KINDS, Field, Kind, kind_of
from layers.transfer.reading import Read, read_layer

__all__ = [
    "KINDS", "Batch", "Field", "Kind", "Read", "Source", "TransferError",
    "UndecidedError", "kind_of", "open_batches", "read_layer",
]  # fmt: skip
