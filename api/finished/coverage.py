"""The coverage map: grids by kind, what is wrong by rule, and the households behind the figures."""

from collections.abc import Mapping
from typing import Any

from api.areas import store as areas
from api.coverage import store as coverage
from api.finished.frame import Frame, compact, features, names
from api.maps.store import legend_counts
from geo.findings import RULES
from layers import raster
from layers.folium_map import Feature, Overlay, Page, Picture
from layers.legend import legend
from layers.report.words import area_parts
from layers.sheet import Sheet
from layers.style import FINDING_CLASSES, GRID_KINDS, PALETTE, finding_class

TITLE = ("网格覆盖图", "Coverage of grids")
STYLE = "coverage"
# A map of more land than this shows villages by name, not grids.
MOST_NAMED = 60
MOST_FINDINGS = 3_000
# How an accepted exception is drawn: it is there, and steps back.
FAINT = {"color": PALETTE["ink"], "weight": 1, "dashArray": "3 3", "opacity": 0.6,
         "radius": 5, "fillColor": PALETTE["halo"], "fillOpacity": 0.6}  # fmt: skip
# What lies under the vectors of a file.
LEGENDS = ("findings", "grids", "households", "areas")
GROUND = ("grids", "ground", "areas")
ROLES = {
    "grid_head": ("网格长", "Grid head"),
    "grid_worker": ("网格员", "Grid worker"),
}


def sheet(frame: Frame) -> Sheet:
    """Draw the map on a sheet."""
    rows = frame.rows(raster.sources_of(STYLE))
    return Sheet(
        title=frame.title(*TITLE),
        subtitle=_subtitle(frame),
        image=frame.picture(rows, STYLE),
        bounds=frame.bounds,
        width=frame.size[0],
        height=frame.size[1],
        legends=_legends(frame, *(name for name in LEGENDS if name in rows)),
        facts=_facts(frame),
        notes=_notes(frame),
        lang=frame.order.lang,
        synthetic=frame.synthetic,
    )


def page(frame: Frame) -> Page:
    """Make the map as a file."""
    rows = frame.rows(raster.sources_of(STYLE))
    ground = compact(frame.picture({name: rows[name] for name in GROUND}, STYLE))
    say = frame.say
    layers: list[Overlay | Picture] = [
        Picture(say("底图", "Ground"), ground, frame.bbox),
        _grids(frame, rows["grids"]),
        *_households(frame),
        *_findings(frame, rows["findings"]),
    ]
    level = "grid" if len(rows["grids"]) <= MOST_NAMED else "town"
    return Page(
        title=frame.title(*TITLE),
        subtitle=_subtitle(frame),
        bbox=frame.bbox,
        layers=layers,
        names=names(rows["labels"], frame.order.lang, (level,)),
        legends=_legends(frame, "findings", "grids"),
        facts=_facts(frame),
        notes=_notes(frame),
        lang=frame.order.lang,
        synthetic=frame.synthetic,
    )


# -- words ---------------------------------------------------------------------------------------


def _subtitle(frame: Frame) -> str:
    check = coverage.last_check(frame.session)
    said = frame.say("全域无盲区核查", "Is every point and household in a grid?")
    if check is None:
        said = frame.say("尚未核查", "Not checked yet")
    return " · ".join(filter(None, [said, frame.within(), frame.today]))


def _notes(frame: Frame) -> list[str]:
    return [
        frame.say(
            "问题与数字以最近一次核查为准。wangge 网格",
            "Findings and figures are those of the latest check. wangge 网格",
        )
    ]


def _legends(frame: Frame, *layers: str) -> list[Mapping[str, Any]]:
    scope = frame.order.scope
    return [legend(each, *legend_counts(frame.session, each, scope)) for each in layers]


def _facts(frame: Frame) -> list[tuple[str, str]]:
    """Return the figures, each with what it is a share of."""
    found = coverage.area_summary(frame.session, frame.order.scope)
    land, other = area_parts(found["uncovered_km2"], frame.order.lang)
    listed, unlocated = found["households"], found["households_unlocated"]
    say = frame.say
    whole = f"{found['parent_area_km2']:,.1f} km²"
    located = f"{listed - unlocated:,}"
    return [
        (f"{found['grids']:,}", say("个网格", "grids")),
        (land, say(f"（{other}）无网格 · 全境 {whole}", f"({other}) in no grid, of {whole}")),
        (
            f"{found['households_uncovered']:,}",
            say(
                f"户无网格负责 · 已定位 {located} 户",
                f"households nobody answers for, of {located} located",
            ),
        ),
        (
            f"{unlocated:,}",
            say(
                f"户未定位 · 名册 {listed:,} 户",
                f"households without a place, of {listed:,} listed",
            ),
        ),
    ]


# -- layers of a file ----------------------------------------------------------------------------


def _grids(frame: Frame, rows: list[dict[str, Any]]) -> Overlay:
    lang = frame.order.lang
    officials = areas.officials_by_grid(frame.session, frame.order.scope)

    def say(row: Mapping[str, Any]) -> Mapping[str, Any]:
        kind = GRID_KINDS.get(row["kind"], (row["kind"], row["kind"]))
        held = officials.get(row["code"], {})
        nobody = frame.say("无", "nobody")
        return {
            "tip": row["name"] if lang == "zh" else row["name_en"] or row["name"],
            "card": [
                (frame.say("编码", "Code"), row["code"]),
                (frame.say("类型", "Kind"), frame.say(*kind)),
                *((frame.say(*words), "、".join(held.get(role, ())) or nobody)
                  for role, words in ROLES.items()),
            ],
        }  # fmt: skip

    outline = {"color": PALETTE["grid"], "weight": 1, "fillOpacity": 0}
    return Overlay(frame.say("网格", "Grids"), features(rows, say), outline)


def _households(frame: Frame) -> list[Overlay]:
    """Return the village's single households, those that nobody answers for on top."""
    rows = frame.households()
    held, lost = ([row for row in rows if row["covered"] is is_held] for is_held in (True, False))
    dot = {"color": PALETTE["halo"], "weight": 0.5, "radius": 3, "fillOpacity": 1,
           "fillColor": PALETTE["covered"]}  # fmt: skip

    def say(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"tip": row["code"]}

    return [
        Overlay(frame.say("住户", "Households"), features(held, say), dot),
        Overlay(frame.say("无网格负责的住户", "Households in no grid"), features(lost, say),
                symbol="marker-household"),
    ]  # fmt: skip


def _findings(frame: Frame, rows: list[dict[str, Any]]) -> list[Overlay]:
    """Return one layer a class: shapes hatched, a marker on each; and one of what is accepted."""
    _, held = coverage.list_findings(
        frame.session, frame.order.scope, {}, "severity", MOST_FINDINGS, 0
    )
    told = {row.id: row for row in held}
    say = lambda row: _finding(frame, told[row["id"]])  # noqa: E731
    standing = [row for row in rows if row["id"] in told and not row["accepted"]]
    out = []
    for group in FINDING_CLASSES:
        mine = [row for row in standing if row["rule"] in group.rules]
        shapes = [row for row in mine if row["shape"] != "point" and group.areal]
        points = [row for row in mine if row["shape"] == "point"]
        name = frame.say(group.zh, group.en)
        if shapes:
            hatch = {"color": group.color, "weight": 1.5, "fillOpacity": 1,
                     "fillColor": f"url(#hatch-{group.id})"}  # fmt: skip
            out.append(Overlay(f"{name} ▨", features(shapes, say), hatch))
        if points:
            symbol = f"marker-{finding_class(points[0]['rule']).id}"
            out.append(Overlay(f"{name} {len(points)}", _marked(points, say), symbol=symbol))
    if accepted := [row for row in rows if row["id"] in told and row["accepted"]]:
        n = sum(row["shape"] == "point" for row in accepted)
        name = frame.say(f"已登记例外 {n}", f"Accepted exceptions {n}")
        out.append(Overlay(name, _marked(accepted, say), FAINT))
    return out


def _marked(rows: list[dict[str, Any]], say: Any) -> list[Feature]:  # noqa: ANN401 - a function
    # The gravest are drawn last, and lie on top.
    order = {"error": 2, "warning": 1}
    return features(sorted(rows, key=lambda row: order.get(row["severity"], 0)), say)


def _finding(frame: Frame, row: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a row
    say, rule = frame.say, RULES[row.rule]
    area = " / ".join(filter(None, area_parts(row.area_m2 / 1e6, frame.order.lang)))
    return {
        "tip": say(row.message_zh, row.message),
        "card": [
            (say("规则", "Rule"), f"{row.rule} {say(rule.name_zh, rule.name.replace('-', ' '))}"),
            *([(say("面积", "Area"), area)] if row.area_m2 > 0 else []),
            (say("住户", "Households"), f"{row.households:,}"),
            *([(say("例外", "Exception"), say("已登记", "accepted"))] if row.accepted else []),
            *([(say("怎么办", "What to do"), say(row.fix_zh, row.fix))] if row.fix else []),
        ],
    }
