"""One small good file of each format that the import reads: what the fuzzer begins with."""

import datetime as dt
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely
import xlsxwriter

from tests.unit.county_files import square
from tests.unit.old_workbooks import xls

CODE = "990101101001"


@dataclass(frozen=True)
class Case:
    """A file to be read, with what lies beside it.

    ``main`` is the part that is opened, ``kind`` what it is imported as, ``options`` what its
    sender says beside.
    """

    main: str
    parts: Mapping[str, bytes]
    kind: str = "grids"
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.parts.items():
            (folder / name).write_bytes(data)
        return folder / self.main


def cases_of(files: Mapping[str, bytes], kind: str = "grids") -> dict[str, Case]:
    """A case for each file by itself; what is told of it stands before its ending."""
    out = {}
    for told, data in files.items():
        main = f"x{'.csv.gz' if told.endswith('.csv.gz') else told[told.rindex('.') :]}"
        out[told] = Case(main, {main: data}, kind)
    return out


def grids(crs: int = 4326) -> gpd.GeoDataFrame:
    """Cells with and without a hole, in pieces, and one that is nowhere."""
    hole = shapely.box(115.003, 33.003, 115.006, 33.006)
    shapes = [
        shapely.Polygon(square(0), [hole.exterior.coords]),
        shapely.MultiPolygon([shapely.Polygon(square(1)), shapely.Polygon(square(3))]),
        None,
        shapely.Polygon(square(2)),
    ]
    return gpd.GeoDataFrame(
        {
            "编码": [f"{CODE}{n:03}" for n in range(1, 5)],
            "名称": ["澜禾一网格", "澜禾二网格", None, "禾塘社区网格"],
            "类型": ["农村网格", "农村网格", "", "社区网格"],
            "户数": [310, None, 0, 87],
        },
        geometry=shapes,
        crs=crs,
    )


HEADERS = ["编码", "地址", "经度", "纬度", "户主姓名", "人数", "登记日期", "标签"]
HOMES: list[list[Any]] = [
    ["990101101001001001", "澜禾村1号", 115.001, 33.002, "甲", 3, "2024-01-05", "独居；低保"],
    ["990101101001001002", "澜禾村2号, 东", 115.0025, 33.0041, "乙", 0, "1998.7.1", ""],
    ["990101101001001003", '说"好"', None, None, None, None, None, None],
    ["990101101001001004", "一行\n两行", 115.011, 33.007, "丙丁", 12, "2023年3月", "残疾"],
]


def text(rows: list[list[Any]], delimiter: str = ",") -> str:
    lines = [HEADERS, *rows]
    quoted = [['"' + str("" if cell is None else cell).replace('"', '""') + '"' for cell in line]
              for line in lines]  # fmt: skip
    return "\r\n".join(delimiter.join(line) for line in quoted) + "\r\n"


def outlines() -> str:
    shapes = grids().geometry
    rows = [f'{CODE}{n:03},网格{n},"{"" if shape is None else shape.wkt}"'
            for n, shape in enumerate(shapes, start=1)]  # fmt: skip
    return "\n".join(["编码,名称,wkt", *rows]) + "\n"


def xlsx() -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink) as book:
        book.set_properties({"created": dt.datetime(2026, 1, 5)})  # noqa: DTZ001 - sheets have none
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("住户")
        sheet.write_row(0, 0, ["住户登记表（合成数据）"])
        sheet.write_row(1, 0, HEADERS)
        for number, row in enumerate(HOMES, start=2):
            sheet.write_row(number, 0, row)
        sheet.write_datetime(4, 6, dt.datetime(2024, 2, 29), day)  # noqa: DTZ001
        sheet.write_boolean(4, 7, True)
        sheet.write_formula(4, 5, "=1+2", None, 3)
        book.add_worksheet("说明").write_row(0, 0, ["填写说明"])
    return sink.getvalue()


NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table")
)
CONTENT = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {NAMESPACES}>'
    '<office:body><office:spreadsheet><table:table table:name="住户">%s</table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)
MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)


def ods_cell(value: object) -> str:
    if value is None:
        return '<table:table-cell table:number-columns-repeated="1"/>'
    if isinstance(value, str):
        words = value.replace("&", "&amp;").replace("<", "&lt;").replace(" ", "<text:s/>")
        lines = "".join(f"<text:p>{line}</text:p>" for line in words.split("\n"))
        return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'


def ods(rows: str | None = None) -> bytes:
    """An ODS; ``rows`` is what stands in its table."""
    if rows is None:
        note = "<office:annotation><text:p>批注</text:p></office:annotation>"
        lines = ["".join(map(ods_cell, line)) for line in (HEADERS, *HOMES)]
        lines[2] = lines[2].replace("<text:p>", f"{note}<text:p>", 1)
        rows = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
        rows += '<table:table-row table:number-rows-repeated="1048500"><table:table-cell \
table:number-columns-repeated="1024"/></table:table-row>'
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": MANIFEST.encode(),
            "content.xml": (CONTENT % rows).encode(),
        }
    )


OWN_KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>网格</name>
<Schema name="wangge" id="wangge">
<SimpleField type="string" name="编码"/><SimpleField type="string" name="名称"/></Schema>
<Placemark><name>一</name><ExtendedData><SchemaData schemaUrl="#wangge">
<SimpleData name="编码">990101101001001</SimpleData>
<SimpleData name="名称">澜禾 &amp; 禾塘</SimpleData>
</SchemaData></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>
115,33 115.01,33 115.01,33.01 115,33.01 115,33</coordinates></LinearRing></outerBoundaryIs>
</Polygon></Placemark></Document></kml>
"""


def zipped(parts: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return sink.getvalue()


def written(name: str, change: Callable[[Path], None] | None = None, **options: Any) -> Case:
    """What GDAL or GeoPandas writes of the grids under a name, all its parts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        frame = grids()
        if path.suffix == ".mif":
            frame = frame.set_axis(["code", "name", "kind", "n", "geometry"], axis=1)
        if path.suffix == ".parquet":
            frame.to_parquet(path, **options)
        else:
            day = {"DBF_DATE_LAST_UPDATE": "2026-01-05"} if path.suffix == ".shp" else {}
            frame.to_file(path, **day, **options)
        if change:
            change(path)
        parts = {part.name: part.read_bytes() for part in sorted(Path(folder).iterdir())}
    return Case(name, parts)


def packed(case: Case, ending: str = "zip") -> Case:
    data = zipped(case.parts)
    return Case(f"{Path(case.main).stem}.{ending}", {f"{Path(case.main).stem}.{ending}": data})


def _without(*endings: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        for ending in endings:
            path.with_suffix(ending).unlink()

    return change


def _list(path: Path) -> None:
    path.unlink()
    frame = grids().drop(columns="geometry").rename(columns={"户数": "备注"})
    pyogrio.write_dataframe(frame, path)


@cache
def corpus() -> dict[str, Case]:
    """The good files, by the name of their format; the same bytes on any day."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-05T00:00:00Z"})
    try:
        return _corpus()
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _corpus() -> dict[str, Case]:
    document = json.loads(grids().to_json(drop_id=True))
    words = json.dumps(document, ensure_ascii=False)
    said = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    homes, gbk = text(HOMES), {"encoding": "GBK"}
    shp = written("网格.shp", encoding="UTF-8")
    in_gbk = written("网格.shp", _without(".cpg"), **gbk)
    bare = written("g.shp", _without(".cpg", ".prj"), **gbk)
    parts = {
        "x.csv": homes.encode(), "gbk.csv": homes.encode("gb18030"),
        "x.tsv": text(HOMES, "\t").encode("utf-8-sig"), "wkt.csv": outlines().encode(),
        "x.csv.gz": gzip.compress(homes.encode(), mtime=0), "x.xlsx": xlsx(), "x.ods": ods(),
        "x.xls": xls([HEADERS, *[["" if c is None else c for c in row] for row in HOMES]]),
        "x.geojson": words.encode(), "gbk.json": words.encode("gb18030"),
        "crs.geojson": json.dumps({**document, "crs": said}).encode(),
        "own.kml": OWN_KML.encode(),
    }  # fmt: skip
    lists = ("x.csv", "gbk.csv", "x.tsv", "x.csv.gz", "x.xlsx", "x.ods", "x.xls")
    cases = {name: Case(name, {name: data}, "households" if name in lists else "grids")
             for name, data in parts.items()}  # fmt: skip
    return cases | {
        "gpkg": written("x.gpkg"), "list.gpkg": written("x.gpkg", _list),
        "shp": shp, "gbk.shp": in_gbk, "bare.shp": bare,
        "shp.zip": packed(shp), "gbk.shp.zip": packed(in_gbk), "bare.shp.zip": packed(bare),
        "geojson.zip": packed(cases["x.geojson"]),
        "gpkg.zip": packed(written("x.gpkg")),
        "libkml.kml": written("x.kml", driver="LIBKML"), "kml": written("x.kml", driver="KML"),
        "kmz": packed(Case("doc.kml", {"doc.kml": OWN_KML.encode()}), "kmz"),
        "parquet": written("x.parquet"),
        "zstd.parquet": written("x.parquet", compression="zstd", write_covering_bbox=True),
        "fgb": written("x.fgb", SPATIAL_INDEX="NO"),
        "mif": written("x.mif", driver="MapInfo File", encoding="UTF-8"),
    }  # fmt: skip
