"""The incident map: where incidents are dense, in the very classes of the live map's tiles."""

import base64
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import shapely
from PIL import Image

from api.finished.frame import Frame, compact, features, names
from api.incidents import store
from api.incidents.legends import legend_of_heat
from api.incidents.service import (
    WEB,
    HeatMap,
    Selection,
    Surfaces,
    bands,
    heat_map,
    surfaces,
)
from geo.measure import reproject
from layers.catalog import INCIDENT_ZOOM
from layers.folium_map import Overlay, Page, Picture
from layers.heat import heat_image
from layers.incidents import STATUS_NAMES, incident_features
from layers.raster import window_of
from layers.sheet import Sheet
from layers.style import ALERT_MARKS, PALETTE
from layers.tiles import Window

TITLE = ("事件热力图", "Incident density")
STYLE = "incidents"
# What lies under the density, and what over it.
UNDER, OVER = ("ground",), ("areas", "labels")
# Pixels of a density for one of the map: finer than this nothing more is in it.
FINER = 2
MOST_MARKS = 3_000
UNITS = {"km2": ("件/km²", "per km²"), "households": ("件/千户", "per 1,000 households")}


def sheet(frame: Frame) -> Sheet:
    """Draw the map on a sheet."""
    found = _found(frame)
    rows = frame.rows((*UNDER, *OVER))
    width, height = frame.size
    over = [_drawn(frame, found), frame.picture({name: rows[name] for name in OVER}, STYLE)]
    return Sheet(
        title=frame.title(*TITLE),
        subtitle=_subtitle(frame),
        image=frame.picture({name: rows[name] for name in UNDER}, STYLE),
        bounds=frame.bounds,
        width=width,
        height=height,
        legends=[legend_of_heat(frame.session, found)],
        facts=_facts(frame, found),
        notes=_notes(frame),
        over="".join(_image(each, width, height) for each in over),
        lang=frame.order.lang,
        synthetic=frame.synthetic,
    )


def page(frame: Frame) -> Page:
    """Make the map as a file."""
    found = _found(frame)
    rows = frame.rows((*UNDER, *OVER))
    ground = frame.picture({name: rows[name] for name in (*UNDER, "areas")}, STYLE)
    say = frame.say
    level = "village" if frame.place.level != "county" else "town"
    return Page(
        title=frame.title(*TITLE),
        subtitle=_subtitle(frame),
        bbox=frame.bbox,
        layers=[
            Picture(say("底图", "Ground"), compact(ground), frame.bbox),
            Picture(say("密度", "Density"), _drawn(frame, found), frame.bbox),
            _contours(frame, found),
            _stacks(frame, found),
            *_marks(frame),
        ],
        names=names(rows["labels"], frame.order.lang, (level,)),
        legends=[legend_of_heat(frame.session, found)],
        facts=_facts(frame, found),
        notes=_notes(frame),
        lang=frame.order.lang,
        synthetic=frame.synthetic,
    )


def _selection(frame: Frame) -> Selection:
    return frame.order.options or Selection()


def _found(frame: Frame) -> HeatMap:
    return heat_map(_kept(frame), frame.session, _selection(frame), frame.order.scope)


def _kept(frame: Frame) -> Surfaces:
    return frame.order.kept or surfaces()


# -- words ---------------------------------------------------------------------------------------


def _subtitle(frame: Frame) -> str:
    asked = _selection(frame).filter
    days = [day.isoformat() if day else "…" for day in (asked.from_, asked.to)]
    period = "—".join(days) if asked.from_ or asked.to else frame.today
    return " · ".join(filter(None, [frame.within(), period]))


def _notes(frame: Frame) -> list[str]:
    return [
        frame.say(
            "密度为核估计，同一地点在任何比例下数值相同。wangge 网格",
            "A kernel estimate: a place has the same value at every zoom. wangge 网格",
        )
    ]


def _facts(frame: Frame, found: HeatMap) -> list[tuple[str, str]]:
    say = frame.say
    if found.is_suppressed:
        return [("—", say("事件太少，不予公布", "too few incidents to tell"))]
    n = found.n or 0
    facts = [
        (f"{n:,}", say(f"件事件 · 其中 {found.located:,} 件有位置",
                       f"incidents, {found.located:,} of them with a place")),
    ]  # fmt: skip
    highest = _highest(found)
    if highest is not None:
        zh, en = UNITS[found.selection.per]
        facts.append((f"{highest:,.3g}", say(f"{zh} · 最高处", f"{en}, at the highest")))
    return facts


def _highest(found: HeatMap) -> float | None:
    """Return the highest value of a cell within the reader's area; null where nothing is."""
    if found.density is None:
        return None
    surface = found.density.surface
    frame = surface.frame
    area = reproject(np.array([found.clip], dtype=object), WEB, frame.crs)[0]
    row, column = np.nonzero(frame.inside & (surface.values > 0))
    x = frame.left + (column + 0.5) * frame.cell_m
    y = frame.bottom + (row + 0.5) * frame.cell_m
    left, bottom, right, top = area.bounds
    near = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    shapely.prepare(area)
    held = near.copy()
    held[near] = shapely.contains_xy(area, x[near], y[near])
    values = surface.values[row[held], column[held]]
    return float(values.max()) if len(values) else None


# -- the density ---------------------------------------------------------------------------------


def _drawn(frame: Frame, found: HeatMap) -> bytes:
    """Draw the density in the frame's box, with what is outside of the reader's area clear."""
    width, height = (round(side * FINER) for side in frame.size)
    sink = io.BytesIO()
    if found.density is None:
        Image.new("RGBA", (1, 1)).save(sink, "PNG")
        return sink.getvalue()
    density = found.density
    image = heat_image(density.surface, frame.bounds, width, height, density.scale, found.clip)
    Image.fromarray(image).save(sink, "PNG", optimize=True)
    return sink.getvalue()


def _image(png: bytes, width: float, height: float) -> str:
    held = base64.b64encode(png).decode()
    return (
        f'<image width="{width:.0f}" height="{height:.0f}" preserveAspectRatio="none" '
        f'xlink:href="data:image/png;base64,{held}"/>'
    )


def _contours(frame: Frame, found: HeatMap) -> Overlay:
    unit = frame.say(*UNITS[found.selection.per])
    rows = [
        {"geom": shapely.to_wkb(band.shape), "lower": band.lower, "step": band.step}
        for band in bands(_kept(frame), found)
    ]

    def say(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"tip": f"≥ {row['lower']:g} {unit}",
                "style": {"color": PALETTE[f"heat-{row['step']}"]}}  # fmt: skip

    line = {"weight": 0.8, "opacity": 0.9, "fillOpacity": 0}
    return Overlay(frame.say("等值线", "Contours"), features(rows, say) if rows else [], line)


# -- single incidents ----------------------------------------------------------------------------


def _stacks(frame: Frame, found: HeatMap) -> Overlay:
    """Return the coordinates that many share, to who may see where an incident was."""
    density = found.density if frame.order.scope.individual else None
    box = shapely.box(*frame.bbox)
    marks = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {
                "tip": frame.say(
                    f"{n} 件事件在同一坐标，可能是地址默认坐标",
                    f"{n} incidents on one coordinate: a geocoder's default?",
                )
            },
        }
        for lon, lat, n in (density.stacks if density else ())
        if shapely.contains_xy(box, lon, lat)
    ]
    name = frame.say("重叠坐标", "Stacked coordinates")
    return Overlay(name, marks, symbol="incident-stack", size=26)


def _marks(frame: Frame) -> Iterable[Overlay]:
    """Yield a layer of single incidents an alert, to who may see them, where they are not many."""
    scope, asked = frame.order.scope, _selection(frame).filter
    if not scope.individual or frame.place.level == "county":
        return
    near = Window(INCIDENT_ZOOM, window_of(frame.bounds, frame.size[0]).bounds)
    found = frame.session.execute(incident_features(near, scope, asked).rows())
    keys = list(found.keys())
    rows = [dict(zip(keys, row, strict=True)) for row in found]
    kinds = {each["name"]: each for each in store.named(frame.session, "incident_kinds")}
    for mark in ALERT_MARKS if len(rows) <= MOST_MARKS else ():
        mine = [row for row in rows if row["symbol"] == f"alert-{mark}"]
        if mine:
            name = frame.say(f"事件 {mine[0]['alert']}", f"Incidents {mine[0]['alert']}")
            drawn = features(mine, lambda row: _told(frame, row, kinds))
            yield Overlay(name, drawn, symbol=f"alert-{mark}", size=14, shown=False)


def _told(
    frame: Frame, row: Mapping[str, Any], kinds: Mapping[str, Mapping[str, str]]
) -> Mapping[str, Any]:
    say = frame.say
    kind = kinds.get(row["kind"], {})
    status = STATUS_NAMES.get(row["status"], (row["status"], row["status"]))
    return {
        "tip": row["title"],
        "card": [
            (say("编号", "Code"), row["code"]),
            (say("类型", "Kind"), say(kind.get("zh", row["kind"]), kind.get("en", row["kind"]))),
            (say("状态", "Status"), say(*status)),
        ],
    }
