"""The report as a GeoPackage: findings, their points and the checked land as layers of a GIS.

Everything is in EPSG:4326. ``findings`` holds each finding's own shape, polygon, line or point, and
so is declared as a layer of any geometry; ``finding_points`` has one point for each, for a list or
an overview. ``grids`` and ``areas`` (or ``counties``) carry how many findings each has. QGIS draws
them as the service does: the table ``layer_styles`` is where it looks for a style.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from shapely.geometry import shape

from geo.findings import RULES
from layers.report.document import Document, Ground, Outline
from layers.report.qml import layer_styles
from layers.report.words import verdict
from layers.style import finding_class
from layers.transfer.drivers import pyogrio
from layers.transfer.errors import TransferError

CRS = "EPSG:4326"
COLUMNS = (
    "id", "rule", "severity", "accepted", "area", "area_m2", "width_m", "length_m", "depth",
    "households", "message_zh", "message", "fix_zh", "fix",
)  # fmt: skip
OGR_ERRORS = (DataSourceError, DataLayerError, FieldError, FeatureError, GeometryError)


def write_geopackage(path: Path, document: Document, outline: Outline) -> None:
    """Write a document as a GeoPackage.

    Parameters
    ----------
    path
        A file that is not there, called whatever.
    document
        What :func:`layers.report.make_document` made.
    outline
        The land that was checked.

    Raises
    ------
    TransferError
        If it cannot be written.
    """
    # GDAL wants the format's own ending.
    made = path if path.suffix.lower() == ".gpkg" else path.with_name(f"{path.name}.gpkg")
    try:
        _layers(made, document, outline)
        made.replace(path)
    except OGR_ERRORS as error:
        raise TransferError(
            f"The GeoPackage cannot be written: {error}.", cure="Name another place with -o."
        ) from error
    finally:
        if made != path:
            made.unlink(missing_ok=True)


def _layers(path: Path, document: Document, outline: Outline) -> None:
    findings = document["findings"]
    table = _findings(findings)
    by_grid = _counts((code, each) for each in findings for code in each["grids"])
    by_area = _counts((each["area"], each) for each in findings)
    by_county = _counts((code, each) for each in findings for code in each.get("counties", ()))
    _write(path, "findings", table, [shape(each["geometry"]) for each in findings], "Unknown")
    spots = [shapely.Point(each["point"]) for each in findings]
    _write(path, "finding_points", table, spots, "Point")
    for name, ground, counts in (
        ("grids", outline.grids, by_grid),
        ("areas", outline.parents, by_area),
        ("counties", outline.counties, by_county),
    ):
        if len(ground.shapes):
            _write(path, name, _land(ground, counts), list(ground.shapes), "MultiPolygon")
    for name, rows in (("summary", _summary(document)), ("layer_styles", layer_styles())):
        pyogrio.write_dataframe(rows, path, layer=name, driver="GPKG", append=True)


def _write(path: Path, name: str, table: pd.DataFrame, shapes: Sequence[Any], kind: str) -> None:
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    frame = gpd.GeoDataFrame(table, geometry=held, crs=CRS)
    pyogrio.write_dataframe(
        frame, path, layer=name, driver="GPKG", geometry_type=kind, append=path.exists(),
        promote_to_multi=kind == "MultiPolygon", layer_options={"GEOMETRY_NAME": "geom"},
    )  # fmt: skip


def _findings(findings: Sequence[Document]) -> pd.DataFrame:
    """Return the attributes of findings, the same columns and types however many there are."""
    columns: dict[str, list[Any]] = {name: [each[name] for each in findings] for name in COLUMNS}
    rules = [RULES[each["rule"]] for each in findings]
    own = {
        "name_zh": [rule.name_zh for rule in rules],
        "name": [rule.name for rule in rules],
        "class": [finding_class(rule.code).id for rule in rules],
        "grids": [", ".join(each["grids"]) for each in findings],
        **({"counties": [", ".join(each["counties"]) for each in findings]}
           if any("counties" in each for each in findings) else {}),
    }  # fmt: skip
    frame = pd.DataFrame({**columns, **own})
    numbers = dict.fromkeys(("area_m2", "width_m", "length_m"), "float64")
    texts = [name for name in frame if name not in (*numbers, "accepted", "depth", "households")]
    return frame.astype(
        {**numbers, **dict.fromkeys(texts, object), "accepted": bool, "depth": "Int64",
         "households": "int64"}
    )  # fmt: skip


Counts = Mapping[str, Counter[str]]


def _counts(pairs: Iterator[tuple[str | None, Document]]) -> Counts:
    """Count what stands by code and severity; what is accepted is not counted."""
    out: dict[str, Counter[str]] = {}
    for code, finding in pairs:
        if code is not None and not finding["accepted"]:
            out.setdefault(code, Counter())[finding["severity"]] += 1
    return out


def _land(ground: Ground, counts: Counts) -> pd.DataFrame:
    none: Counter[str] = Counter()
    here = [counts.get(code, none) for code in ground.codes]
    return pd.DataFrame(
        {
            "code": pd.Series(ground.codes, dtype=object),
            "name": pd.Series(ground.names, dtype=object),
            "findings": [each.total() for each in here],
            "errors": [each["error"] for each in here],
            "warnings": [each["warning"] for each in here],
        }
    )


def _summary(document: Document) -> pd.DataFrame:
    """Return a table of figures, one a row: a number, or words where it is none."""
    summary = document["summary"]
    rows: list[tuple[str, float | None, str | None]] = []
    for key, value in summary.items():
        if isinstance(value, dict):
            rows += [(f"{key}.{inner}", float(count), None) for inner, count in value.items()]
        elif isinstance(value, list):
            rows.append((key, None, ", ".join(value)))
        else:
            rows.append((key, None if value is None else float(value), None))
    said = {"source": document["source"], "crs": document["crs"], "wangge": document["wangge"],
            "verdict_zh": verdict(summary, "zh"), "verdict": verdict(summary, "en")}  # fmt: skip
    rows += [(key, None, words) for key, words in said.items()]
    keys, values, words = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "figure": pd.Series(keys, dtype=object),
            "value": pd.Series(values, dtype="float64"),
            "words": pd.Series(words, dtype=object),
        }
    )
