"""Rows on their way out: headers and words of a language, and places in the CRS asked for.

What is written here is what the import reads: a header is guessed back to its field, a word to the
value that is stored. Masked columns are the exception: their headers mean nothing to the import,
so that a file of stars, sent back, changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.crs import implausible_rows
from geo.datum import bd09_from_wgs84, gcj02_from_wgs84
from geo.errors import CoordinateError
from geo.measure import WGS84, reproject
from layers.transfer.kinds import Field, Kind
from layers.transfer.mapping import map_columns
from layers.transfer.placing import DATUMS, STORED, Convert, hidden_datum, parse_crs

Lang = Literal["zh", "en", "code"]
Geometries = NDArray[np.object_]
LANGS: tuple[Lang, ...] = ("zh", "en", "code")
FORWARD: Mapping[str, Convert] = {"GCJ-02": gcj02_from_wgs84, "BD-09": bd09_from_wgs84}
MASKED: Mapping[Lang, str] = {"zh": "（已脱敏）", "en": " (masked)", "code": "_masked"}
YES_NO: Mapping[Lang, tuple[str, str]] = {"zh": ("是", "否"), "en": ("yes", "no")}
# The names of a Shapefile's columns have ten bytes.
MOST_NAME = 10


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: the field, the header over it, and whether its values are masked."""

    field: Field
    header: str
    masked: bool = False


@dataclass(slots=True)
class Piece:
    """Some rows.

    ``columns`` has an array for each column, in their order: ``bool``, ``int32``, ``date32`` and
    ``timestamp[us, UTC]`` where a field is that and the language leaves it so, else text; nulls
    are nulls. ``shapes`` are in the CRS of the file, null where a row has none, null as a whole
    for a list.
    """

    columns: list[pa.Array]
    shapes: Geometries | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What the reader of a file should know, in both languages."""

    en: str
    zh: str


@dataclass(slots=True)
class Outgoing:
    """A layer that is to be written.

    ``pieces`` gives the rows anew each time that it is called. ``types`` are the types of shapes
    that there can be (``Point``, ``MultiPolygon``, …).
    """

    kind: Kind
    lang: Lang
    columns: list[Column]
    rows: int
    pieces: Callable[[], Iterator[Piece]]
    target: "Target"
    types: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)

    @property
    def geometry(self) -> str | None:
        """The one type of all shapes, ``Unknown`` where they differ; null for a list."""
        if self.kind.shapes == "none":
            return None
        return next(iter(self.types)) if len(self.types) == 1 else "Unknown"

    @property
    def arrow_types(self) -> list[pa.DataType]:
        """The type in which each column leaves."""
        return [arrow_type(c.field, self.lang, masked=c.masked) for c in self.columns]

    @property
    def name(self) -> str:
        """What the layer is called inside of a file; a datum that no file can name is in it."""
        name = self.kind.named or self.kind.name
        return f"{name}_{self.target.name}" if self.geometry and self.target.hidden else name


class Target:
    """The coordinate system of a file that is written.

    Parameters
    ----------
    told
        An EPSG code, or ``GCJ-02`` or ``BD-09``; null: EPSG:4326.

    Raises
    ------
    TransferError
        If it is no CRS of the Earth's surface.

    Examples
    --------
    >>> Target("gcj02").name, Target(None).name, Target("EPSG:4547").is_degrees
    ('GCJ-02', 'EPSG:4326', False)
    """

    def __init__(self, told: str | None) -> None:
        inverse = hidden_datum(told) if told else None
        self.hidden = inverse is not None
        self.crs = parse_crs("EPSG:4326" if self.hidden or told is None else told)
        names = [name for name, convert in DATUMS.items() if convert is inverse]
        self.name = names[0] if names else self.crs.to_string()
        self.is_degrees = bool(self.crs.is_geographic)
        # As on the way in: CGCS2000 degrees are taken as they are.
        self.is_stored = not self.hidden and self.is_degrees and self.crs.to_epsg() in STORED

    @property
    def is_crs84(self) -> bool:
        """Whether coordinates are longitude and latitude of WGS 84, as GeoJSON has them."""
        return not self.hidden and (
            self.crs.to_epsg() == 4326 or self.crs.to_authority() == ("OGC", "CRS84")
        )

    def place(self, shapes: Geometries) -> Geometries:
        """Return shapes that are in EPSG:4326, moved vertex by vertex; nulls stay null.

        EPSG:4326 and EPSG:4490 are the stored bits. Of any other system, going there and back
        ends within 1e-13 degrees of them, and neighbours stay neighbours.

        Raises
        ------
        CoordinateError
            If a shape lies where the CRS is not meant to be used; ``row`` is its place, from 1.
        """
        if self.is_stored:
            return shapes
        if self.hidden:
            forward = FORWARD[self.name]
            moved = shapely.transform(
                shapes, lambda xy: np.column_stack(forward(xy[:, 0], xy[:, 1]))
            )
        else:
            moved = reproject(shapes, WGS84, self.crs)
        out = np.asarray(moved, dtype=object)
        wrong = np.flatnonzero(implausible_rows(out, self.crs))
        if len(wrong):
            raise CoordinateError(
                f"A shape lies outside of where {self.name} ({self.crs.name}) is used.",
                cure="Choose the zone that the county lies in, or leave --crs out.",
                zh=f"有图形不在 {self.name}（{self.crs.name}）适用的范围内。"
                "请选本县所在的带，或用 WGS 84。",
                row=int(wrong[0]) + 1,
            )
        return out


# -- headers -------------------------------------------------------------------------------------


def columns_of(kind: Kind, lang: Lang, *, masked: bool) -> list[Column]:
    """Return the columns of a kind.

    Parameters
    ----------
    masked
        Whether personal fields are.
    """
    return [_column(each, lang, masked=masked and each.personal) for each in kind.fields]


def _column(each: Field, lang: Lang, *, masked: bool) -> Column:
    name = {"zh": each.zh, "en": each.en, "code": each.name}[lang]
    return Column(each, name + MASKED[lang] if masked else name, masked)


def short_names(kind: Kind, columns: list[Column]) -> list[str]:
    """Return a name of at most ten bytes for each column, which the import knows again.

    The field's own name, or the part of it by which it is known, else another header of the field
    that is short enough. A masked column is called ``m_`` and as much of the name as fits.

    Examples
    --------
    >>> from layers.transfer.kinds import KINDS
    >>> kind = KINDS["incidents"]
    >>> names = short_names(kind, columns_of(kind, "zh", masked=True))
    >>> dict(zip([each.name for each in kind.fields], names))["household_code"], names[-1]
    ('household', 'm_descript')
    """
    out: list[str] = []
    for column in columns:
        each = column.field
        if column.masked:
            out.append(f"m_{each.name}"[:MOST_NAME])
            continue
        parts = [name for name in each.headers if each.name.startswith(name)]
        names = [each.name, *parts, each.zh, each.en, *each.headers]
        fits = [n for n in names if len(n.encode()) <= MOST_NAME and n not in out]
        out.append(fits[0])
    known = map_columns(kind, out, {})
    for column, name in zip(columns, out, strict=True):
        if (known.get(column.field.name) == name) == column.masked:
            raise RuntimeError(f"the import would not know {name} of {kind.name}")
    return out


# -- values --------------------------------------------------------------------------------------


def arrow_type(each: Field, lang: Lang, *, masked: bool) -> pa.DataType:
    """Return the type in which a field's values leave."""
    if masked or (each.type == "boolean" and lang != "code"):
        return pa.string()
    types = {
        "integer": pa.int32(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "moment": pa.timestamp("us", "UTC"),
    }
    return types.get(each.type, pa.string())


def to_arrow(each: Field, lang: Lang, values: list[object]) -> pa.Array:
    """Return a field's stored values as they leave: in the words of the language.

    Parameters
    ----------
    values
        As the database gives them: ``str``, ``int``, ``bool``, ``date``, ``datetime``, lists of
        words, or null.

    Examples
    --------
    >>> from layers.transfer.kinds import KINDS
    >>> level, locked = KINDS["areas"].field("level"), KINDS["grids"].field("locked")
    >>> to_arrow(level, "zh", ["county", None]).to_pylist(), to_arrow(locked, "en", [True])[0]
    (['县', None], <pyarrow.StringScalar: 'yes'>)
    """
    if each.type == "boolean" and lang != "code":
        yes, no = YES_NO[lang]
        values = [None if value is None else (yes if value else no) for value in values]
    elif each.type == "tags":
        values = [_joined(value) for value in values]
    elif each.words and lang == "zh":
        words = word_of(each)
        values = [words.get(value, value) if isinstance(value, str) else None for value in values]
    return pa.array(values, arrow_type(each, lang, masked=False))


def count_blank_ends(values: pa.Array) -> int:
    """Count texts that begin or end with a blank, which an import takes away.

    Examples
    --------
    >>> count_blank_ends(pa.array([" a", "b", None, "c\u3000"]))
    2
    """
    ends = pc.not_equal(pc.utf8_trim_whitespace(values), values)
    return int(pc.sum(ends).as_py() or 0)


def word_of(each: Field) -> dict[str, str]:
    """Return the Chinese word of each stored value: the first that stands for it."""
    out: dict[str, str] = {}
    for word, value in (each.words or {}).items():
        if word != value:
            out.setdefault(value, word)
    return out


def _joined(tags: object) -> str | None:
    """Return a list of words between semicolons; an opening brace would mean something else."""
    if not isinstance(tags, list):
        return None
    joined = "；".join(tags)
    return f"；{joined}" if joined.startswith("{") else joined
