"""The page of a village's member households: read whole, right, and for whom it is."""

import itertools
import json
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, insert

from api.db import session_scope
from layers.tables import area, household
from tests.browser.conftest import SIZES, Visit
from tests.browser.member_page import (
    HOMES,
    LISTS,
    MEMBERS,
    NEEDS,
    Row,
    Start,
    busiest,
    keepers,
    open_alone,
    open_member,
    opened,
    tap,
    village_of,
)  # fmt: skip
from tests.browser.test_journeys import on_screen
from tests.browser.test_page import LANGUAGES, faults, settle
from tests.serving import Service

_numbers = itertools.count(990)


@pytest.fixture(scope="module")
def own(sample: Service) -> Row:
    return village_of(sample, "party_officer")


@pytest.fixture(scope="module")
def busy(sample: Service) -> str:
    return busiest(sample)


# --- read without effort ------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_clipped_or_overlapped(size: str, lang: str, visit: Start, busy: str) -> None:
    touch = size == "phone"
    at = opened(visit, size, lang, role="administrator", path=f"members/{busy}")
    at.page.wait_for_selector(".legend p")
    assert faults(at, touch=touch) == []
    if touch:
        at.page.click(".legend-head")
        at.page.wait_for_selector(".legend-section li")
        assert faults(at, touch=touch) == []
        at.page.click(".legend-head")
    tap(at, ".need-chips button")
    assert faults(at, touch=touch) == []
    open_member(at)
    assert faults(at, touch=touch) == []
    tap(at, ".contacts .row")
    at.page.wait_for_selector(".card-people .person")
    settle(at)
    assert faults(at, touch=touch) == []
    at.page.locator(".person-chips .chip").nth(1).click()
    at.page.wait_for_selector(".ask input:focus")
    assert faults(at, touch=touch) == []


@pytest.mark.parametrize("role", ["administrator", "leader"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_choosing_and_counting_are_read_whole(role: str, lang: str, visit: Start, own: Row) -> None:
    for size in ("phone", "desktop"):
        at = opened(visit, size, lang, role=role)
        at.page.wait_for_selector(".rows a.row")
        assert faults(at, touch=size == "phone") == []
        at.page.fill(".find input", own["area"]["name"])
        assert at.page.locator(".rows a.row").count() >= 1
        at.page.context.close()
    if role == "leader":
        at = opened(visit, "phone", lang, role=role, path=f"members/{own['area']['code']}")
        at.page.wait_for_selector(".need-counts")
        assert faults(at, touch=True) == []


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_serious_stands_in_anybody_s_way(
    size: str, lang: str, visit: Start, axe: str
) -> None:
    def serious(at: Visit) -> list[str]:
        at.page.evaluate(axe)
        found = at.page.evaluate("async () => (await axe.run()).violations")
        return [
            json.dumps({"rule": each["id"], "at": [node["html"] for node in each["nodes"]][:3]})
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    at = opened(visit, size, lang, bypass_csp=True)
    assert serious(at) == []
    open_member(at)
    tap(at, ".contacts .row")
    at.page.wait_for_selector(".card-people .person")
    assert serious(at) == []


def test_the_language_switch_changes_every_word(visit: Start, own: Row) -> None:
    at = opened(visit, "desktop", "zh")
    at.page.click(".language")
    at.page.wait_for_selector("html[lang=en]")
    words = at.page.inner_text(".panel") + at.page.inner_text(".legend") + at.page.title()
    left = set(re.findall(r"[\u4e00-\u9fff]+", words))
    # Addresses and masked names are as they are recorded.
    said = json.dumps(own["households"], ensure_ascii=False) + json.dumps(
        own["members"], ensure_ascii=False
    )
    assert {word for word in left if word not in said} == set()


# --- what it says -------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_numbers_have_their_denominators(lang: str, visit: Start, own: Row) -> None:
    page = opened(visit, "desktop", lang).page
    n = own["counts"]
    shown = [re.findall(r"[\d,]+", text) for text in page.locator(".numbers dd").all_inner_texts()]
    alone = n["needy"] - n["needy_contacted"]
    expected = [
        [n["members"]], [n["member_households"], n["households"]],
        [n["needy"], n["households"]], [alone, n["needy"]],
    ]  # fmt: skip
    assert [row[: len(true)] for row, true in zip(shown, expected, strict=True)] == [
        [f"{value:,}" for value in true] for true in expected
    ]
    notes = " ".join(page.locator(".notes li").all_inner_texts())
    assert f"{n['alone']:,}" in notes
    assert page.inner_text(".bar .badge") == {"zh": "合成数据", "en": "Synthetic data"}[lang]


def test_the_legend_has_n_unit_and_date(visit: Start, own: Row) -> None:
    page = opened(visit, "desktop", "zh").page
    text = " ".join(page.inner_text(".legend-body > p").split())
    assert text == f"n = {own['counts']['households']:,} 户 截至 2026年11月15日"
    page.get_by_label("全部联系线").check()
    shown = dict(re.findall(r"(\S+)\n([\d,]+)", page.inner_text(".legend")))
    for item in own["legend"]["items"]:
        if item["n"]:
            assert (
                shown[item["label"]["zh"].split("，")[-1]]
                if "，" in item["label"]["zh"]
                else (shown[item["label"]["zh"]] == f"{item['n']:,}")
            )


def test_who_is_in_need_and_alone_comes_first(visit: Start, own: Row) -> None:
    page = opened(visit, "desktop", "zh").page
    kept = keepers(own)
    needy = [each for each in own["households"] if each.get("needs")]
    alone = [each for each in needy if each["code"] not in kept and not each.get("others")]
    first, second = page.locator(".group h2").all_inner_texts()
    assert re.findall(r"\d+", first) == [str(len(alone))]
    assert re.findall(r"\d+", second) == [str(len(needy) - len(alone))]
    assert "无人联系" in page.locator(".group .row").first.inner_text()
    need = max(own["needs"], key=lambda each: each["n"])
    page.locator(".need-chips button", has_text=need["zh"]).click()
    counted = [int(n) for text in page.locator(".group h2").all_inner_texts()
               for n in re.findall(r"\d+", text)]  # fmt: skip
    assert sum(counted) == need["n"]
    assert all(need["zh"] in row for row in page.locator(".group .row").all_inner_texts())


def test_a_household_is_found_by_its_address(visit: Start, own: Row) -> None:
    page = opened(visit, "desktop", "zh").page
    wanted = own["households"][len(own["households"]) // 2]
    beginning = "".join(each["name"] for each in [own["within"][-1], own["area"]])
    words = wanted["address"].removeprefix(beginning)
    page.fill(".find input", words)
    page.wait_for_selector(f"{LISTS}:nth-child(3)[aria-pressed=true]")
    rows = page.locator(".member-lists .rows .row")
    assert 1 <= rows.count() <= 40
    assert all(words in row for row in rows.all_inner_texts())
    page.fill(".find input", "没有这个地方")
    assert page.inner_text(".member-lists [role=status]") == "没有这个地址的住户。"


# --- for whom -----------------------------------------------------------------------------------


def test_a_worker_s_map_is_his_grid_s(visit: Start, sample: Service) -> None:
    with sample.client("grid_worker") as client:
        code = client.get("/api/session").json()["grid_code"]
    at = opened(visit, "phone", "zh", role="grid_worker")
    assert f"/members/{code}" in at.page.url
    assert at.page.locator(".village-head .back").count() == 0
    open_alone(at)


@pytest.mark.parametrize(("role", "lang"), [("planner", "zh"), ("auditor", "en")])
def test_who_has_no_business_with_it_is_told_so(
    role: str, lang: str, visit: Start, own: Row
) -> None:
    at = visit("desktop", lang, role=role, path=f"members/{own['area']['code']}")
    at.page.wait_for_selector(".panel [role=alert]")
    said = at.page.inner_text(".panel [role=alert]")
    assert {"zh": "党员、需求和联系情况只给", "en": "Memberships, needs and contacts"}[lang] in said
    assert at.page.locator(".pages a[href^='/members']").count() == 0
    assert not [url for url in at.requested if "/tiles/members" in url]
    at.painted()
    at.complaints.clear()


def test_another_village_s_officer_is_refused(visit: Start, sample: Service, own: Row) -> None:
    with sample.client("administrator") as client:
        villages = client.get("/api/members").json()["villages"]
    other = next(each["code"] for each in villages if each["code"] != own["area"]["code"])
    at = visit("phone", "zh", role="party_officer", path=f"members/{other}")
    at.page.wait_for_selector(".panel [role=alert]")
    assert "不在您的辖区之内" in at.page.inner_text(".panel [role=alert]")
    at.painted()
    at.complaints.clear()


def test_a_leader_s_page_holds_nobody(visit: Start, own: Row) -> None:
    at = visit("desktop", "zh", role="leader", path=f"members/{own['area']['code']}")
    bodies: list[str] = []
    at.page.on("response", lambda answer: bodies.append(answer.text())
               if "/api/members" in answer.url else None)  # fmt: skip
    at.open("?lang=zh", f"members/{own['area']['code']}")
    at.painted()
    at.page.wait_for_selector(".need-counts")
    everything = at.page.content() + "".join(bodies)
    assert bodies
    for each in own["households"][:50]:
        assert each["code"] not in everything
        assert each["address"] not in everything
    assert not re.search(r"M\d{7}|.\*{1,2}[^/]", "".join(bodies))
    assert not [url for url in at.requested if "/tiles/members" in url]


def test_a_village_is_chosen_from_the_list_or_on_the_map(
    visit: Start, sample: Service, own: Row
) -> None:
    at = opened(visit, "desktop", "en", role="administrator")
    page, place = at.page, own["area"]
    page.fill(".find input", place["name_en"])
    page.click(f".rows a[href*='{place['code']}']")
    page.wait_for_selector(".village-name")
    at.painted()
    assert page.inner_text(".village-name h1") == place["name_en"]
    page.click(".village-head .back")
    page.wait_for_selector(".rows a.row")
    at.painted()
    west, south, east, north = own["bbox"]
    page.mouse.click(*on_screen(page, (west + east) / 2, (south + north) / 2))
    page.wait_for_selector(".village-name")
    at.painted()
    assert "lang=en" in page.url


# --- what is not there --------------------------------------------------------------------------


@pytest.fixture
def bare(sample: Service, own: Row) -> Iterator[str]:
    """A village of which nothing is known but its name; households may be put into it."""
    # A code of its own: what was told of the last one is still kept.
    code = f"{own['area']['code'][:9]}{next(_numbers)}"
    row = {"code": code, "name": "新立村", "name_en": "Xinli", "level": "village",
           "kind": "village", "parent_code": code[:9], "geom": None}  # fmt: skip
    with session_scope(sample.engine) as session:
        session.execute(insert(area).values(**row))
    yield code
    with session_scope(sample.engine) as session:
        session.execute(delete(household).where(household.c.area_code == code))
        session.execute(delete(area).where(area.c.code == code))


def test_a_village_of_which_nothing_is_known_says_what_to_do(visit: Start, bare: str) -> None:
    for size in ("phone", "desktop"):
        at = opened(visit, size, "zh", role="administrator", path=f"members/{bare}")
        page = at.page
        assert "图上还没有东西" in page.inner_text(".panel .notice")
        for place, words in ((NEEDS, "还没有登记住户"), (MEMBERS, "还没有登记党员")):
            tap(at, LISTS, place)
            assert words in page.inner_text(".empty")
        assert page.locator(".print").count() == 0
        assert faults(at, touch=size == "phone") == []


def test_households_without_members_needs_or_places_are_a_list(
    visit: Start, bare: str, sample: Service
) -> None:
    rows = [{"code": f"{bare}{n:05}", "address": f"新立村{n}号", "area_code": bare, "people": n,
             "geom": "SRID=4326;POINT(115.31 33.61)" if n == 1 else None}
            for n in (1, 2, 3)]  # fmt: skip
    with session_scope(sample.engine) as session:
        session.execute(insert(household), rows)
    at = opened(visit, "desktop", "en", role="administrator", path=f"members/{bare}")
    page = at.page
    page.wait_for_selector(".numbers")
    assert "2 not located" in page.inner_text(".notes")
    assert "no boundary" in page.inner_text(".panel .notice")
    assert "No need is recorded" in page.inner_text(".empty")
    tap(at, LISTS, HOMES)
    listed = page.locator(".member-lists .rows .row").all_inner_texts()
    assert [row.splitlines()[0] for row in listed] == ["2号", "3号", "1号"]
    assert "not located" in listed[0]
    # Who is not on the map has a card all the same.
    page.locator(".member-lists .rows .row").first.click()
    page.wait_for_selector(".card-people")
    assert "Nobody keeps contact" in page.inner_text(".card")
    assert faults(at) == []
