"""The palette holds for every reader, and every rule and layer has its symbol."""

import colorsys
import io
import itertools
import re
from xml.etree import ElementTree

import cairosvg
import numpy as np
import pytest
from PIL import Image

from geo.findings import RULES
from layers.catalog import CATALOG, COMPUTED, K_ANONYMITY
from layers.legend import LEGENDS, legend
from layers.legend_svg import legend_svg, symbol_paths
from layers.map_style import STYLES, style_document
from layers.style import (
    FINDING_CLASSES,
    HOUSEHOLD_BREAKS,
    IMAGES,
    NEED_CLASSES,
    PALETTE,
    finding_class,
    need_class,
)
from layers.worklist.states import STATES

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


def linear(color: str) -> np.ndarray:
    value = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(color) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]]) @ np.clip(rgb, 0, 1)  # fmt: skip
    f = np.cbrt(xyz / [0.95047, 1.0, 1.08883])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_rule_has_one_class() -> None:
    counted = [rule for group in FINDING_CLASSES for rule in group.rules]
    assert len(counted) == len(set(counted))
    assert set(RULES) <= set(counted)
    assert finding_class("C101").id == "gap"
    with pytest.raises(KeyError):
        finding_class("X999")


@pytest.mark.parametrize("group", FINDING_CLASSES, ids=lambda g: g.id)
@pytest.mark.parametrize("ground", ["ground", "rural", "community", "dedicated"])
def test_findings_stand_out_on_every_ground(group: object, ground: str) -> None:
    # WCAG 1.4.11: graphics need 3:1; the overlap's orange has a white under-stroke and hatch.
    least = 2.1 if group.id == "overlap" else 3.0
    assert contrast(group.color, PALETTE[ground]) >= least


@pytest.mark.parametrize("eye", BLINDNESS)
def test_the_four_chief_findings_differ_to_a_colour_blind_eye(eye: str) -> None:
    chief = ("gap", "overlap", "outside", "household")
    seen = {key: lab(np.array(BLINDNESS[eye]) @ linear(PALETTE[key])) for key in chief}
    for one, other in itertools.combinations(chief, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)


@pytest.mark.parametrize("need", NEED_CLASSES, ids=lambda need: need.id)
@pytest.mark.parametrize("ground", ["ground", "settlement", "water", "halo"])
def test_needs_stand_out_on_every_ground(need: object, ground: str) -> None:
    # WCAG 1.4.11: 3:1 for graphics; on water and the like its white edge and its ring help.
    assert contrast(need.color, PALETTE[ground]) >= (3.0 if ground != "water" else 2.5)
    # What is drawn on it in white is read as well.
    assert contrast(need.color, "#ffffff") >= 3.0


@pytest.mark.parametrize("eye", [*BLINDNESS, "any"])
def test_needs_differ_to_a_colour_blind_eye(eye: str) -> None:
    sight = np.array(BLINDNESS.get(eye, np.eye(3)))
    named = [need for need in NEED_CLASSES if need.tags]
    seen = {need.id: lab(sight @ linear(need.color)) for need in named}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)


@pytest.mark.parametrize("state", STATES.values(), ids=lambda state: state.id)
def test_tasks_stand_out_on_every_ground_and_none_is_red(state: object) -> None:
    color = PALETTE[state.image]
    for ground in ("ground", "rural", "community", "dedicated", "settlement"):
        assert contrast(color, PALETTE[ground]) >= 3.0, ground
    assert contrast(color, "#ffffff") >= 4.5
    assert 18 < hue(color) < 340


@pytest.mark.parametrize("eye", [*BLINDNESS, "any"])
def test_what_is_to_be_done_differs_from_what_is_done_to_every_eye(eye: str) -> None:
    sight = np.array(BLINDNESS.get(eye, np.eye(3)))
    seen = {key: lab(sight @ linear(PALETTE[state.image])) for key, state in STATES.items()}
    for one, other in itertools.product(("reopened", "assigned"), ("fixed", "accepted")):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)


def hue(color: str) -> float:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return colorsys.rgb_to_hsv(red, green, blue)[0] * 360


def test_membership_and_need_are_never_red() -> None:
    for name in ("member", "home", *(need.image for need in NEED_CLASSES)):
        assert 18 < hue(PALETTE[name]) < 340, name


def silhouette(name: str) -> np.ndarray:
    """A symbol as a copier sees it: black where it is darker than the ground, 24 pixels wide."""
    size = next(image.size for image in IMAGES if image.id == name)
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<rect width="{size}" height="{size}" fill="{PALETTE["ground"]}"/>'
        f"{symbol_paths(name)}</svg>"
    )
    png = cairosvg.svg2png(drawn.encode(), output_width=24, output_height=24)
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 190


def test_symbols_differ_on_a_black_and_white_print() -> None:
    names = [image.id for image in IMAGES if image.id.startswith(("need-", "member-", "task-"))]
    shapes = {name: silhouette(name) for name in names}
    for one, other in itertools.combinations(names, 2):
        either, both = shapes[one] | shapes[other], shapes[one] & shapes[other]
        assert both.sum() / either.sum() < 0.85, (one, other)


def test_a_tag_that_nobody_foresaw_has_a_symbol() -> None:
    known = [tag for need in NEED_CLASSES for tag in need.tags]
    assert len(known) == len(set(known))
    assert {need_class(tag).id for tag in known} == {need.id for need in NEED_CLASSES} - {"other"}
    assert need_class("等候安装电话").id == "other"


def test_the_members_legend_counts_by_symbol() -> None:
    counts = {"households": 720, "member": 89, "chronic": 40, "needy-alone": 0}
    built = legend("members", counts, "2026-11-15")
    n = {item["id"]: item["n"] for item in built["items"]}
    assert built["n"] == 720
    assert (n["member"], n["chronic"], n["needy-alone"], n["child"]) == (89, 40, 0, 0)
    # A symbol that is nowhere on this map, and has no name of its own, is not explained.
    assert "other" not in n
    assert "other" in {item["id"] for item in legend("members")["items"]}
    assert "other" in {item["id"] for item in legend("members", {"other": 1})["items"]}


def test_shapes_differ_too_so_colour_is_never_alone() -> None:
    for repeats in (True, False):
        drawn = [
            tuple(path.d for path in image.paths) for image in IMAGES if image.repeats == repeats
        ]
        assert len(drawn) == len(set(drawn))


def test_counted_households_grow_darker_and_start_at_k() -> None:
    lights = [luminance(PALETTE[f"cells-{i}"]) for i in range(1, 5)]
    assert lights == sorted(lights, reverse=True)
    assert HOUSEHOLD_BREAKS[0] == K_ANONYMITY


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_style_names_only_what_exists(name: str, lang: str) -> None:
    style = style_document(name, lang, "http://127.0.0.1")
    known = {image.id for image in IMAGES}
    for layer in style["layers"]:
        if layer["type"] == "background":
            continue
        assert layer["source"] in style["sources"]
        text = repr(layer)
        assert set(re.findall(r"'((?:hatch|marker|need|member)-[a-z]+)'", text)) <= (
            known | {layer["id"]}
        )
        columns = set({**CATALOG, **COMPUTED}[layer["source-layer"]].columns)
        assert set(re.findall(r"'get', '(\w+)'", text)) <= columns
    assert "glyphs" not in style
    assert "sprite" not in style
    assert all(
        s["tiles"][0].startswith("http://127.0.0.1/tiles/") for s in style["sources"].values()
    )


def test_colours_come_from_the_palette_only() -> None:
    used = set(re.findall(r"#[0-9a-f]{6}", repr(style_document("coverage"))))
    assert used <= set(PALETTE.values()) | {"#ffffff"}


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(KeyError):
        style_document("neon")


@pytest.mark.parametrize("layer", LEGENDS)
def test_a_legend_speaks_both_languages(layer: str) -> None:
    for item in legend(layer)["items"]:
        assert item["label"]["zh"]
        assert item["label"]["en"]


@pytest.mark.parametrize("layer", LEGENDS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_drawn_legend_says_every_entry_and_needs_nothing_else(layer: str, lang: str) -> None:
    built = legend(layer, {"C101": 1234} if layer == "findings" else None, "2026-01-01T08:00:00")
    text = legend_svg(built, lang)
    root = ElementTree.fromstring(text)  # noqa: S314 - our own document
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    for item in built["items"]:
        assert any(item["label"][lang] in word for word in words)
    ids = {node.get("id") for node in root.iter("{http://www.w3.org/2000/svg}pattern")}
    assert set(re.findall(r"url\(#([\w-]+)\)", text)) <= ids
    assert "href" not in text
    if layer == "findings":
        assert any("n = 1,234" in word and "2026-01-01" in word for word in words)


def test_a_legend_counts_by_class() -> None:
    built = legend("findings", {"C101": 3, "C102": 1, "H201": 2}, "2026-01-01T00:00:00Z")
    counts = {item["id"]: item["n"] for item in built["items"]}
    assert counts["gap"] == 4
    assert counts["household"] == 2
    assert counts["overlap"] == 0
    assert built["n"] == 6
    assert built["date"] == "2026-01-01T00:00:00Z"
