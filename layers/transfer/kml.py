"""KML out, a placemark for each row; and what of a KML is data, where we wrote it ourselves.

Fields are in a schema of the document (``ExtendedData``), as text; a placemark's own name is there
for the eye, and the import passes over it. GDAL writes KML too, but with fifteen digits, and text
that holds ``]]>`` as a file that nobody can read.
"""

import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr, unescape

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers.style import PALETTE
from layers.transfer.cells import moments
from layers.transfer.errors import TransferError
from layers.transfer.formulas import unambiguous
from layers.transfer.outgoing import Geometries, Outgoing, Piece

SCHEMA = "wangge"
# XML has no way to write these.
UNWRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
# A reader of XML makes a line feed of a carriage return that is not written as a number.
KEPT = {"\r": "&#13;"}
LABELS = ("name", "title", "address")
LINE, FILL = PALETTE["cells-4"], PALETTE["cells-2"]
# Where a document of ours has its schema: before any row.
HEAD_BYTES = 64_000
FIELD = re.compile(r'<SimpleField type="\w+" name="([^"]*)"')


# -- out -----------------------------------------------------------------------------------------


def write_kml(path: Path, outgoing: Outgoing) -> None:
    """Write a document.

    Raises
    ------
    TransferError
        If the places are to be in another system than WGS 84, or text has a sign that XML lacks.
    """
    require_crs84(outgoing, "KML")
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        sink.writelines(_document(outgoing))


def write_kmz(path: Path, outgoing: Outgoing) -> None:
    """Write a document in an archive, as :func:`write_kml`."""
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        document = Path(folder) / "doc.kml"
        write_kml(document, outgoing)
        # Not straight into the archive: of an entry whose size is not known beforehand Python
        # writes a ZIP64 header, and libkml reads none.
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(document, document.name)


def require_crs84(outgoing: Outgoing, name: str) -> None:
    """Refuse coordinates in which the format is never written.

    Raises
    ------
    TransferError
        Naming the cure.
    """
    if outgoing.geometry and not outgoing.target.is_crs84:
        target = outgoing.target.name
        why = {"GeoJSON": "RFC 7946", "KML": "OGC 07-147r2"}[name]
        raise TransferError(
            f"{name} is always in WGS 84 ({why}), and never in {target}.",
            cure="Leave --crs out, or choose .gpkg.",
            zh=f"{name} 规定只用 WGS 84（{why}），不能是 {target}。请改用 WGS 84，或选 .gpkg。",
        )


def _document(outgoing: Outgoing) -> Iterator[str]:
    name = outgoing.kind.zh if outgoing.lang == "zh" else outgoing.kind.en
    name = f"{name} {outgoing.kind.named}".strip()
    fields = "".join(
        f'<SimpleField type="{_type(kind)}" name={_quoted(column.header)}/>\n'
        for column, kind in zip(outgoing.columns, outgoing.arrow_types, strict=True)
    )
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n'
        f"<Document>\n<name>{_text(name)}</name>\n{_style()}"
        f'<Schema name="{SCHEMA}" id="{SCHEMA}">\n{fields}</Schema>\n'
    )
    for piece in outgoing.pieces():
        yield _placemarks(outgoing, piece)
    yield "</Document>\n</kml>\n"


def _style() -> str:
    """Return a style that lets the ground be seen: a viewer's own fills outlines with white."""
    line, fill = (f"{color[5:7]}{color[3:5]}{color[1:3]}" for color in (LINE, FILL))
    return (
        '<Style id="row">\n<IconStyle><scale>0.6</scale></IconStyle>\n'
        "<LabelStyle><scale>0.8</scale></LabelStyle>\n"
        f"<LineStyle><color>ff{line}</color><width>1.6</width></LineStyle>\n"
        f"<PolyStyle><color>66{fill}</color></PolyStyle>\n</Style>\n"
    )


def _type(kind: pa.DataType) -> str:
    return "int" if pa.types.is_integer(kind) else "string"


def _quoted(header: str) -> str:
    return quoteattr(header, {"'": "&apos;", '"': "&quot;"})


def _text(words: str) -> str:
    return escape(words, KEPT)


def _placemarks(outgoing: Outgoing, piece: Piece) -> str:
    columns = [_held(values) for values in piece.columns]
    _require_writable(outgoing, columns)
    cells = [
        [
            f"<SimpleData name={name}>{_text(value)}</SimpleData>" if value is not None else ""
            for value in values.to_pylist()
        ]
        for name, values in zip((_quoted(c.header) for c in outgoing.columns), columns, strict=True)
    ]
    shapes = repeat("") if piece.shapes is None else _shapes(piece.shapes)
    rows = zip(_labels(outgoing, piece), zip(*cells, strict=True), shapes, strict=False)
    return "".join(
        f"<Placemark><name>{_text(label)}</name><styleUrl>#row</styleUrl><ExtendedData>"
        f'<SchemaData schemaUrl="#{SCHEMA}">{"".join(data)}</SchemaData></ExtendedData>'
        f"{shape}</Placemark>\n"
        for label, data, shape in rows
    )


def _held(values: pa.Array) -> pa.Array:
    """Return a column as text; what looks marked is marked again, as in every format."""
    if pa.types.is_timestamp(values.type):
        return moments(values, "T")
    return unambiguous(values) if pa.types.is_string(values.type) else pc.cast(values, pa.string())


def _require_writable(outgoing: Outgoing, columns: list[pa.Array]) -> None:
    for column, values in zip(outgoing.columns, columns, strict=True):
        wrong = pc.fill_null(pc.match_substring_regex(values, UNWRITABLE), fill_value=False)
        if pc.any(wrong).as_py():
            raise TransferError(
                f"“{column.header}” has a control character, which XML has no way to write.",
                cure="Choose .gpkg, .parquet or .csv.",
                zh=f"“{column.header}”中有 XML 写不下的控制字符。请选 .gpkg、.parquet 或 .csv。",
                code=columns[0].filter(wrong)[0].as_py(),
            )


def _labels(outgoing: Outgoing, piece: Piece) -> list[str]:
    """Return what stands beside each row on a map: a name, else the code."""
    clear = {c.field.name: at for at, c in enumerate(outgoing.columns) if not c.masked}
    named = next((piece.columns[clear[name]] for name in LABELS if name in clear), None)
    code = piece.columns[clear["code"]]
    labels: list[str] = (code if named is None else pc.coalesce(named, code)).to_pylist()
    return labels


def _shapes(shapes: Geometries) -> list[str]:
    return [_shape(json.loads(text)) if text else "" for text in shapely.to_geojson(shapes)]


def _shape(shape: dict[str, Any]) -> str:
    kind = str(shape["type"])
    if kind == "GeometryCollection":
        return _several(map(_shape, shape["geometries"]))
    parts = shape["coordinates"]
    if kind.startswith("Multi"):
        one = kind.removeprefix("Multi")
        return _several(_shape({"type": one, "coordinates": part}) for part in parts)
    if kind == "Polygon":
        outer, *holes = (f"<LinearRing>{_coordinates(ring)}</LinearRing>" for ring in parts)
        inner = "".join(f"<innerBoundaryIs>{ring}</innerBoundaryIs>" for ring in holes)
        return f"<Polygon><outerBoundaryIs>{outer}</outerBoundaryIs>{inner}</Polygon>"
    return f"<{kind}>{_coordinates([parts] if kind == 'Point' else parts)}</{kind}>"


def _several(parts: Iterator[str]) -> str:
    return f"<MultiGeometry>{''.join(parts)}</MultiGeometry>"


def _coordinates(places: list[list[float]]) -> str:
    # The shortest that reads as the same double.
    words = " ".join(f"{float(x)!r},{float(y)!r}" for x, y in places)
    return f"<coordinates>{words}</coordinates>"


# -- in ------------------------------------------------------------------------------------------


def own_columns(path: Path, columns: list[str]) -> dict[str, str]:
    """Return which of a KML's columns are fields of ours, and their names; empty if none are.

    GDAL gives every KML a dozen columns of its own (``Name``, ``description``, ``begin`` …), and a
    field that is called like one of these another name (``name2``).

    Parameters
    ----------
    path
        The file.
    columns
        Its columns, as GDAL calls them.
    """
    with path.open("rb") as source:
        head = source.read(HEAD_BYTES).decode(errors="replace")
    before, found, rest = head.partition(f'<Schema name="{SCHEMA}" id="{SCHEMA}">')
    if not found or "<Placemark" in before:
        return {}
    said = FIELD.findall(rest.partition("</Schema>")[0])
    names = [unescape(name, {"&quot;": '"', "&apos;": "'"}) for name in said]
    last = columns[len(columns) - len(names) :]
    same = len(last) == len(names) and all(map(str.startswith, last, names))
    return dict(zip(last, names, strict=True)) if same else {}
