"""Styles that QGIS reads with a GeoPackage: the classes of findings in the service's own look.

QGIS takes a layer's style from the table ``layer_styles``. A style names the geometry that it is
for, so that of the layer of findings the polygons are hatched, and QGIS draws lines in its own way.
"""

from collections.abc import Callable, Mapping
from xml.sax.saxutils import quoteattr

import pandas as pd

from layers.style import FINDING_CLASSES, PALETTE, FindingClass

# A class's brush and marker by the names that QGIS has for them, nearest to those of the map.
BRUSHES: Mapping[str, str] = {
    "gap": "b_diagonal", "overlap": "diagonal_x", "outside": "horizontal", "border": "vertical",
    "household": "no", "record": "f_diagonal", "staffing": "no",
}  # fmt: skip
MARKERS: Mapping[str, str] = {
    "gap": "diamond", "overlap": "cross_fill", "outside": "triangle", "border": "square",
    "household": "pentagon", "record": "square", "staffing": "circle",
}  # fmt: skip
# What QGIS calls geometries, in numbers.
POINT, POLYGON = 0, 2


def layer_styles() -> pd.DataFrame:
    """Return the rows of the table, with the columns that QGIS asks for."""
    styles = {
        "findings": _classes(_fill, POLYGON),
        "finding_points": _classes(_marker, POINT),
        **{name: _outlines(PALETTE[color], width) for name, color, width in (
            ("grids", "grid", 0.2), ("areas", "village", 0.5), ("counties", "county", 0.7),
        )},
    }  # fmt: skip
    rows = [
        {"f_table_catalog": "", "f_table_schema": "", "f_table_name": name,
         "f_geometry_column": "geom", "styleName": "wangge", "styleQML": qml, "styleSLD": "",
         "useAsDefault": True, "description": "", "owner": "", "ui": ""}
        for name, qml in styles.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(update_time=pd.Timestamp("2026-01-01", tz="UTC"))


def _qml(renderer: str, geometry: int) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.22" styleCategories="Symbology">{renderer}'
        f"<layerGeometryType>{geometry}</layerGeometryType></qgis>"
    )


def _symbol(at: int, kind: str, layer: str, **options: object) -> str:
    told = "".join(
        f'<Option type="QString" name={quoteattr(key)} value={quoteattr(str(value))}/>'
        for key, value in options.items()
    )
    return (
        f'<symbol name="{at}" type="{kind}" alpha="1" clip_to_extent="1">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0">'
        f'<Option type="Map">{told}</Option></layer></symbol>'
    )


def _rgb(color: str) -> str:
    """Return ``#rrggbb`` as QGIS writes it.

    Examples
    --------
    >>> _rgb("#cc1480")
    '204,20,128,255'
    """
    return ",".join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


def _fill(at: int, each: FindingClass) -> str:
    return _symbol(
        at, "fill", "SimpleFill", color=_rgb(each.color), style=BRUSHES[each.id],
        outline_color=_rgb(each.color), outline_style="solid", outline_width=0.5,
    )  # fmt: skip


def _marker(at: int, each: FindingClass) -> str:
    return _symbol(
        at, "marker", "SimpleMarker", color=_rgb(each.color), name=MARKERS[each.id],
        outline_color=_rgb("#ffffff"), outline_style="solid", size=3.2,
    )  # fmt: skip


def _classes(draw: Callable[[int, FindingClass], str], geometry: int) -> str:
    categories = "".join(
        f'<category symbol="{at}" value={quoteattr(each.id)} render="true" '
        f"label={quoteattr(f'{each.zh} {each.en}')}/>"
        for at, each in enumerate(FINDING_CLASSES)
    )
    symbols = "".join(draw(at, each) for at, each in enumerate(FINDING_CLASSES))
    return _qml(
        f'<renderer-v2 type="categorizedSymbol" attr="class" symbollevels="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>",
        geometry,
    )


def _outlines(color: str, width: float) -> str:
    line = _symbol(
        0, "fill", "SimpleFill", style="no", outline_color=_rgb(color), outline_style="solid",
        outline_width=width,
    )  # fmt: skip
    return _qml(
        f'<renderer-v2 type="singleSymbol" symbollevels="0"><symbols>{line}</symbols>'
        "</renderer-v2>",
        POLYGON,
    )
