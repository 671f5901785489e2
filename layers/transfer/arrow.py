"""Arrow that comes out of a file: looked over, weighed, and made text."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from layers.transfer.errors import TransferError

# A word that a file has once may stand in each of its rows: so they are weighed before a word is
# written out for each. A county's grids, all of them, weigh a tenth.
MOST_BYTES = 1 << 30


def looked_over(records: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give records on that are what they say they are, and not too large to be written out.

    Raises
    ------
    ArrowInvalid
        If one is not: text that is no UTF-8, lengths beyond their data.
    TransferError
        If one is too large.
    """
    for record in records:
        record.validate(full=True)
        if sum(map(_weight, record.columns)) > MOST_BYTES:
            raise TransferError(
                f"{len(record):,} rows hold more than {MOST_BYTES / 1e6:,.0f} MB.",
                cure="Leave out the columns that are not needed.",
                zh=f"{len(record):,} 行数据超过 {MOST_BYTES / 1e6:,.0f} MB，请去掉不需要的列。",
            )
        yield record


def _weight(values: pa.Array) -> int:
    """Return how many bytes values take when each is written out."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _weight(values.storage)
    if pa.types.is_dictionary(kind):
        words = values.dictionary
        if not (_is_text(words.type) and len(words)):
            return int(values.nbytes)
        lengths = pc.cast(pc.binary_length(words), pa.int64())
        return int(pc.sum(lengths.take(values.indices)).as_py() or 0)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return int(values.nbytes) + _weight(values.flatten())
    if pa.types.is_struct(kind):
        return sum(map(_weight, values.flatten()))
    return int(values.nbytes)


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def blobs_of(values: pa.Array) -> NDArray[np.object_]:
    """Return a column of WKB as bytes, null where nothing stands.

    Raises
    ------
    TransferError
        If it is a column of something else.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if isinstance(values.type, pa.BaseExtensionType):
        values = values.storage
    kind = values.type
    if kind not in (pa.binary(), pa.large_binary(), pa.null()):
        raise TransferError(
            "The shapes are in a form that is not read.",
            cure="Export them as WKB, which is GeoParquet's usual form.",
            zh="图形的存储形式无法读取，请导出为 WKB（GeoParquet 的通用形式）。",
        )
    out = np.empty(len(values), dtype=object)
    out[:] = values.to_pylist()
    return out


def as_text(values: pa.Array) -> pa.Array:
    """Return a column as text: whole numbers without a point, lists between semicolons.

    Examples
    --------
    >>> as_text(pa.array([411625001001.0, 1.5, None])).to_pylist()
    ['411625001001', '1.5', None]
    """
    try:
        return _as_text(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # Bytes, structures: nothing that a field could hold.
        return pa.nulls(len(values), pa.string())


def plain(values: pa.Array) -> pa.Array:
    """Return a column of numbers as it is, and any other as text."""
    kind = values.type
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    return values if numbers else as_text(values)


def _as_text(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.dictionary_decode(), kind.value_type
    if pa.types.is_floating(kind):
        wide = pc.cast(values, pa.float64())
        wide = pc.if_else(pc.is_nan(wide), None, wide)
        whole = pc.and_(pc.equal(pc.round(wide), wide), pc.less(pc.abs(wide), 1e15))
        digits = pc.cast(pc.if_else(whole, wide, None), pa.int64(), safe=False)
        return pc.coalesce(pc.cast(digits, pa.string()), pc.cast(wide, pa.string()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        words = pc.cast(values, pa.list_(pa.string())).to_pylist()
        joined = [None if row is None else "；".join(filter(None, row)) for row in words]
        return pa.array(joined, pa.string())
    return pc.cast(values, pa.string())
