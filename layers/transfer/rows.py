"""A batch of a file to rows of a table: values read, shapes placed, what cannot come in said.

The rules here need one row alone. What needs the other rows, or the database (codes that repeat,
codes that name nothing), is asked where the rows are staged.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from layers.tables import SRID
from layers.transfer.batches import Batch
from layers.transfer.kinds import Kind
from layers.transfer.mapping import column_values
from layers.transfer.placing import Placer
from layers.transfer.rejects import Reject
from layers.transfer.values import are_spoiled, read_values

Flags = NDArray[np.bool_]
Geometries = NDArray[np.object_]
CodeLengths = Mapping[str, int]
# The first cell of the row that a template shows.
EXAMPLE = "示例"
SHOWN = 200
POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
POINT = shapely.GeometryType.POINT
# A point as hex EWKB: byte order, type with the mark of an SRID, SRID; then two doubles.
POINT_HEAD = struct.pack("<BII", 1, 0x20000001, SRID).hex().upper().encode()
HEX = np.array([list(f"{byte:02X}".encode()) for byte in range(256)], np.uint8)
ALONE = {"points": (POINT,), "polygons": POLYGONS}
# Which code begins with which other one, and under which length of the county's pattern: offices
# leave out what the code says already.
ABOVE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "grids": ("area_code", "village", ("code",)),
    "units": ("grid_code", "grid", ("code",)),
    "households": ("area_code", "village", ("grid_code", "code")),
    "branches": ("area_code", "village", ("grid_code",)),
}
LEVELS = ("county", "town", "village")


@dataclass(slots=True)
class Rows:
    """What came of a batch.

    ``table`` has the column ``row`` (number in the file), the fields that the file has or that
    follow from it, and ``geom`` (hex EWKB, EPSG:4326, null where there is none) if the file has
    places. ``rejects`` are of rows that are not in it.
    """

    table: pa.Table
    rejects: list[Reject] = field(default_factory=list)
    examples: int = 0


@dataclass(slots=True)
class _Work:
    batch: Batch
    columns: dict[str, pa.Array]
    bad: Flags
    examples: Flags
    rejects: list[Reject]

    def refuse(self, name: str, wrong: Flags, values: pa.Array | None, reason: str) -> None:
        """Reject rows for one reason, with what stood there."""
        positions = np.flatnonzero(wrong & ~self.examples)
        if not len(positions):
            return
        self.bad[positions] = True
        words = [""] * len(positions)
        if values is not None:
            words = pc.fill_null(values.take(pa.array(positions)), "").to_pylist()
        codes = self.codes(positions)
        self.rejects += [
            Reject(int(self.batch.rows[place]), code, name, word[:SHOWN], reason)
            for place, code, word in zip(positions, codes, words, strict=True)
        ]

    def codes(self, positions: NDArray[np.intp]) -> list[str]:
        if "code" not in self.columns:
            return [""] * len(positions)
        found = self.columns["code"].take(pa.array(positions))
        return [str(code) for code in pc.fill_null(found, "").to_pylist()]


def read_rows(
    kind: Kind, batch: Batch, mapping: Mapping[str, str], placer: Placer | None, codes: CodeLengths
) -> Rows:
    """Read a batch as rows of a kind.

    Parameters
    ----------
    kind
        What is imported.
    batch
        As the file has it.
    mapping
        Field to column, as :func:`layers.transfer.mapping.map_columns` gives it.
    placer
        Brings the shapes to EPSG:4326; null if the kind has none or the file is a list.
    codes
        Level to the length of its codes: the county's pattern.

    Raises
    ------
    CoordinateError, SwappedAxesError
        If no place of the first batch can be where it is said to be.
    """
    nobody = np.zeros(len(batch.rows), dtype=bool)
    work = _Work(batch, {}, nobody, nobody.copy(), [])
    faults = _read_fields(kind, work, mapping)
    _derive(kind, work, codes)
    _leave_examples(work)
    for name, wrong, values, reason in faults:
        work.refuse(name, wrong, values, reason)
    _require(kind, work)
    _require_pattern(kind, work, codes)
    if placer is not None and batch.shapes is not None:
        _place(kind, work, batch.shapes.copy(), placer)
    if "code" not in work.columns and kind.natural:
        work.columns["code"] = _natural_codes(kind, work)
    table = pa.table({"row": pa.array(batch.rows), **work.columns})
    return Rows(table.filter(pa.array(~work.bad)), work.rejects, int(work.examples.sum()))


def _read_fields(
    kind: Kind, work: _Work, mapping: Mapping[str, str]
) -> list[tuple[str, Flags, pa.Array, str]]:
    faults = []
    for each in kind.fields:
        if each.name not in mapping:
            continue
        raw = column_values(work.batch.columns, mapping[each.name], len(work.batch.rows))
        values, wrong, reason = read_values(each, raw)
        if each.default is not None:
            values = pc.fill_null(values, each.default)
        work.columns[each.name] = values
        if wrong.any():
            spoiled = wrong & are_spoiled(raw) if each.type == "code" else np.zeros_like(wrong)
            faults.append((each.name, spoiled, raw, "spoiled"))
            faults.append((each.name, wrong & ~spoiled, raw, reason))
    return faults


def _derive(kind: Kind, work: _Work, codes: CodeLengths) -> None:
    """Fill in what a code says by itself: whose it is, and of which level."""
    columns = work.columns
    if kind.name == "areas" and "code" in columns:
        _derive_areas(columns, codes)
    if kind.name == "incidents" and "title" not in columns and "kind" in columns:
        columns["title"] = columns["kind"]
    if kind.name not in ABOVE:
        return
    above, level, sources = ABOVE[kind.name]
    known = columns.get(above, pa.nulls(len(work.batch.rows), pa.string()))
    for source in sources:
        if source in columns:
            held = columns[source]
            long = pc.greater(pc.utf8_length(held), codes[level])
            known = pc.coalesce(known, pc.if_else(long, _begin(held, codes[level]), None))
    columns[above] = known


def _begin(values: pa.Array, length: int) -> pa.Array:
    return pc.utf8_slice_codeunits(values, 0, length)


def _derive_areas(columns: dict[str, pa.Array], codes: CodeLengths) -> None:
    nothing = pa.nulls(len(columns["code"]), pa.string())
    for name in ("code", "parent_code"):
        if name in columns:
            columns[name] = _unpadded(columns[name], codes)
    lengths = pc.utf8_length(columns["code"])
    level, parent = nothing, nothing
    for number, name in enumerate(LEVELS):
        here = pc.equal(lengths, codes[name])
        level = pc.if_else(here, name, level)
        if number:
            parent = pc.if_else(here, _begin(columns["code"], codes[LEVELS[number - 1]]), parent)
    columns["level"] = pc.coalesce(columns.get("level", nothing), level)
    columns["parent_code"] = pc.coalesce(columns.get("parent_code", nothing), parent)
    if "name" in columns:
        town = pc.match_substring_regex(columns["name"], "社区|居委会|居民委员会")
        guess = pc.if_else(town, "community", "village")
        guess = pc.if_else(pc.equal(columns["level"], "village"), guess, None)
        columns["kind"] = pc.coalesce(columns.get("kind", nothing), guess)


def _unpadded(values: pa.Array, codes: CodeLengths) -> pa.Array:
    """Return the codes of counties and towns without the zeros that official lists fill up with."""
    county, town, village = (codes[level] for level in LEVELS)
    full = pc.equal(pc.utf8_length(values), village)
    is_county = pc.and_(full, pc.ends_with(values, "0" * (village - county)))
    is_town = pc.and_(full, pc.ends_with(values, "0" * (village - town)))
    short = pc.if_else(is_town, _begin(values, town), values)
    return pc.if_else(is_county, _begin(values, county), short)


def _leave_examples(work: _Work) -> None:
    if "code" in work.columns:
        starts = pc.starts_with(work.columns["code"], EXAMPLE)
        work.examples |= np.asarray(pc.fill_null(starts, fill_value=False), dtype=bool)
        work.bad |= work.examples


def _require(kind: Kind, work: _Work) -> None:
    for each in kind.fields:
        if each.required and each.name in work.columns:
            nothing = np.asarray(pc.is_null(work.columns[each.name]), dtype=bool)
            work.refuse(each.name, nothing & ~work.bad, None, "missing")


def _require_pattern(kind: Kind, work: _Work, codes: CodeLengths) -> None:
    """Refuse codes that have not the county's pattern (G006)."""
    if kind.name not in ("areas", "grids") or "code" not in work.columns:
        return
    code = work.columns["code"]
    lengths = np.asarray(pc.fill_null(pc.utf8_length(code), 0))
    if kind.name == "grids":
        wanted = np.full(len(lengths), codes["grid"])
    else:
        level = pc.fill_null(work.columns["level"], "").to_pylist()
        wanted = np.array([codes.get(name, -1) for name in level])
    plain = np.asarray(
        pc.fill_null(pc.match_substring_regex(code, "^[0-9A-Za-z]+$"), fill_value=False)
    )
    work.refuse("code", ~((lengths == wanted) & plain) & ~work.bad, code, "G006")


# -- shapes --------------------------------------------------------------------------------------


def _place(kind: Kind, work: _Work, shapes: Geometries, placer: Placer) -> None:
    for fault in work.batch.faults:
        wrong = np.zeros(len(work.bad), dtype=bool)
        wrong[list(fault.positions)] = True
        words = [""] * len(wrong)
        for place, word in zip(fault.positions, fault.found, strict=True):
            words[place] = word
        work.refuse(fault.field, wrong, pa.array(words, pa.string()), fault.reason)
    shapes[work.examples] = None
    placed, outside = placer.place(shapes)
    where = pa.array([_said(shape) for shape in shapes[outside]], pa.string())
    spread = np.full(len(shapes), "", dtype=object)
    spread[outside] = where.to_pylist()
    work.refuse("geom", outside, pa.array(spread, pa.string()), "coordinate")
    placed = _of_kind(kind, work, placed)
    wrong = ~shapely.is_missing(placed) & ~shapely.is_valid(placed)
    opened = np.isin(np.arange(len(placed)), list(work.batch.opened))
    invalid = wrong | opened
    reasons = np.full(len(placed), "", dtype=object)
    reasons[wrong] = shapely.is_valid_reason(placed[wrong])
    reasons[opened & ~wrong] = "Ring not closed"
    work.refuse("geom", invalid & ~work.bad, pa.array(reasons, pa.string()), "G001")
    work.columns["geom"] = _ewkb(placed)


def _said(shape: shapely.Geometry) -> str:
    x, y = shapely.get_coordinates(shape)[0] if shape is not None else (np.nan, np.nan)
    return f"{x} {y}"


def _of_kind(kind: Kind, work: _Work, shapes: Geometries) -> Geometries:
    """Return shapes of the one type that the table takes; what is of another is refused."""
    out = shapes.copy()
    out[shapely.is_empty(out)] = None
    if kind.shapes == "points":
        many = shapely.get_type_id(out) == shapely.GeometryType.MULTIPOINT
        single = many & (shapely.get_num_geometries(out) == 1)
        out[single] = shapely.get_geometry(out[single], 0)
    drawn = ~shapely.is_missing(out)
    wrong = drawn & ~np.isin(shapely.get_type_id(out), ALONE.get(kind.shapes, range(8)))
    if kind.located:
        wrong |= ~drawn
    types = np.full(len(out), "", dtype=object)
    odd = drawn & wrong
    types[odd] = [shape.geom_type for shape in out[odd]]
    work.refuse("geom", wrong & ~work.bad, pa.array(types, pa.string()), "G002")
    if kind.shapes == "polygons":
        single = shapely.get_type_id(out) == shapely.GeometryType.POLYGON
        if single.any():
            out[single] = shapely.multipolygons(out[single, None])
    return out


def _ewkb(shapes: Geometries) -> pa.Array:
    if np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.MISSING, POINT)).all():
        return _point_ewkb(shapes)
    marked = shapely.set_srid(shapes, SRID)
    return pa.array(shapely.to_wkb(marked, hex=True, include_srid=True), pa.string())


def _point_ewkb(points: Geometries) -> pa.Array:
    """Return what :func:`_ewkb` does, of flat points: all at once, for they are many."""
    xy = np.stack((shapely.get_x(points), shapely.get_y(points)), axis=1).astype("<f8")
    text = np.empty((len(points), len(POINT_HEAD) + 32), np.uint8)
    text[:, : len(POINT_HEAD)] = np.frombuffer(POINT_HEAD, np.uint8)
    text[:, len(POINT_HEAD) :] = HEX[xy.view(np.uint8)].reshape(len(points), 32)
    ends = np.arange(len(points) + 1, dtype=np.int32) * text.shape[1]
    found = pa.StringArray.from_buffers(len(points), pa.py_buffer(ends), pa.py_buffer(text))
    return pc.if_else(pa.array(shapely.is_missing(points)), None, found)


def _natural_codes(kind: Kind, work: _Work) -> pa.Array:
    """Return codes made of what tells two rows apart: the same row has the same code again."""
    # A column that a file lacks is one in which nothing stands.
    nothing = pa.nulls(len(work.bad), pa.string())
    parts = [work.columns.get(name, nothing).to_pylist() for name in kind.natural]
    parts.append([kind.named] * len(work.bad))
    return pa.array([_digest(row) for row in zip(*parts, strict=True)], pa.string())


def _digest(values: tuple[str | None, ...]) -> str:
    # A null is told from an empty text, and ("ab", "c") from ("a", "bc").
    said = b"".join(b"\x00" if v is None else b"\x01" + v.encode() + b"\x02" for v in values)
    return hashlib.blake2b(said, digest_size=10).hexdigest()
