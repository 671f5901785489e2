"""Counts that point at nobody, tags to symbols, and where the symbols of one house stand."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.members.schemas import Need
from api.members.service import classified, guarded_counts, hold_back
from geo.anonymity import guarded_count
from layers.catalog import K_ANONYMITY
from layers.expressions import Place, evaluate
from layers.legend import legend
from layers.mapnik_engine import REACH
from layers.member_style import member_layers
from layers.style import IMAGES, NEED_CLASSES, need_class

TAGS = [tag for need in NEED_CLASSES for tag in need.tags]
ZOOMS = [13.0, 14.5, 15.0, 16.0, 17.0, 19.0, 22.0]


# --- what a leader is told ----------------------------------------------------------------------


@given(whole=st.integers(0, 3000), share=st.floats(0, 1), k=st.integers(5, 20))
def test_neither_a_count_nor_its_rest_is_below_k(whole: int, share: float, k: int) -> None:
    part = round(whole * share)
    told = guarded_count(part, whole, k)
    assert told in (None, part)
    assert told is None or (told >= k and whole - told >= k)
    if part >= k and whole - part >= k:
        assert told == part


def numbers(**changed: int) -> dict[str, int]:
    plain = {"households": 700, "unlocated": 40, "member_households": 90, "needy": 140,
             "needy_contacted": 100, "alone": 300, "members": 95, "few": 20, "many": 30,
             "links": 600, "links_out": 3, "members_unlocated": 1, "members_elsewhere": 2,
             "members_no_home": 3}  # fmt: skip
    return plain | changed


def test_a_leader_is_told_what_many_share_and_nothing_that_few_do() -> None:
    told = guarded_counts(numbers()).model_dump(exclude_none=True)
    assert told == {"households": 700, "unlocated": 40, "member_households": 90, "needy": 140,
                    "needy_contacted": 100, "alone": 300, "members": 95, "few": 20,
                    "many": 30}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ({"unlocated": 9}, {"unlocated"}),
        ({"alone": 695}, {"alone"}),
        ({"needy": 5, "needy_contacted": 0}, {"needy", "needy_contacted"}),
        ({"needy_contacted": 137}, {"needy_contacted"}),
        ({"needy_contacted": 4}, {"needy_contacted"}),
        ({"members": 7, "few": 3, "many": 2}, {"members", "few", "many"}),
        ({"households": 12, "needy": 11, "needy_contacted": 1, "alone": 12, "unlocated": 0,
          "member_households": 2}, {"needy", "needy_contacted", "alone", "unlocated",
                                    "member_households"}),
    ],
)  # fmt: skip
def test_what_points_at_a_few_is_left_out(changed: dict[str, int], lost: set[str]) -> None:
    whole = set(guarded_counts(numbers()).model_dump(exclude_none=True))
    assert whole - set(guarded_counts(numbers(**changed)).model_dump(exclude_none=True)) == lost


@given(st.lists(st.integers(0, 200), min_size=2, max_size=7), st.integers(200, 900))
def test_a_class_of_need_that_is_left_out_cannot_be_reckoned(n: list[int], homes: int) -> None:
    """Were the classes disjoint, and the reader knew the number in need, one gap would be open."""
    needs = [Need(id=str(place), zh="", en="", n=count) for place, count in enumerate(n)]
    hold_back(needs, homes)
    told = [need.n for need in needs]
    assert all(count is None or K_ANONYMITY <= count <= homes - K_ANONYMITY for count in told)
    assert told.count(None) != 1 or all(count is None for count in told)


# --- tags and symbols ---------------------------------------------------------------------------


@given(st.lists(st.sampled_from([*TAGS, "等候安装电话", "x"]), max_size=8))
def test_a_household_s_classes_come_once_and_in_order(tags: list[str]) -> None:
    found = classified(tags)
    order = [need.id for need in NEED_CLASSES]
    assert found["needs"] == sorted({need_class(tag).id for tag in tags}, key=order.index)
    # The tags themselves are told where their class has another name.
    names = {need.zh for need in NEED_CLASSES if need.id in found["needs"]}
    assert set(found["tags"] or names) == set(tags)


def shown(key: str, row: dict[str, Any], zoom: float) -> dict[str, Any] | None:
    """What a layer of the style draws of a row, or null if it does not show it."""
    (layer,) = [each for each in member_layers() if each["id"] == key]
    at = Place(zoom, "Point", row)
    said: Any = {**layer.get("layout", {}), **layer.get("paint", {})}
    if not evaluate(layer["filter"], at):
        return None
    return {name: evaluate(value, at) for name, value in said.items()}


@pytest.mark.parametrize("zoom", ZOOMS)
def test_symbols_of_one_house_stand_beside_each_other(zoom: float) -> None:
    places = []
    for slot in range(5):
        drawn = shown("member-needs", {"kind": "need", "need": "child", "slot": slot}, zoom)
        assert drawn is not None
        places.append([part * drawn["icon-size"] for part in drawn["icon-offset"]])
        half = 10 * drawn["icon-size"]
        # Further from the house than this, a picture tile would cut it.
        assert max(map(abs, places[-1])) + half <= REACH
    assert places[0] == [0, 0]
    for one, other in itertools.combinations(places, 2):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) >= 17 * drawn["icon-size"]


def test_each_house_is_drawn_by_what_is_true_of_it() -> None:
    home = {"kind": "home", "members": 0, "contacts": 0, "alone": False}
    hollow, filled = (shown("member-homes", {**home, "contacts": n}, 16.0) for n in (0, 2))
    assert hollow is not None
    assert filled is not None
    assert hollow["circle-color"] != filled["circle-color"] == filled["circle-stroke-color"]
    assert shown("member-stars", home, 16.0) is None
    assert shown("member-stars", {**home, "members": 2}, 16.0)
    assert shown("member-alone", home, 16.0) is None
    assert shown("member-alone", {**home, "alone": True}, 16.0)
    assert shown("member-needs", home, 16.0) is None
    for need in NEED_CLASSES:
        drawn = shown("member-needs", {"kind": "need", "need": need.id, "slot": 0}, 16.0)
        assert drawn is not None
        assert drawn["icon-image"] == need.image


def test_every_symbol_of_the_map_is_in_its_legend() -> None:
    explained = {item["symbol"].get("image") for item in legend("members")["items"]}
    drawn = {image.id for image in IMAGES if image.id.startswith(("need-", "member-"))}
    assert drawn == explained - {None}
