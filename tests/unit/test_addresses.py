"""Places proposed by address: beside the right neighbours, in the right village, or not at all."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.addresses import parse_address, propose_places, read_numeral

DOOR = 0.0001  # about ten metres
VILLAGES = gpd.GeoDataFrame(
    {"code": ["V1", "V2"]},
    geometry=[shapely.box(115.0, 33.0, 115.1, 33.1), shapely.box(115.1, 33.0, 115.2, 33.1)],
    crs=4326,
)
SETTLEMENTS = gpd.GeoDataFrame(
    {"name": ["柳湾", "新柳湾", "王家院"]},
    geometry=[
        shapely.box(115.01, 33.01, 115.012, 33.012),
        shapely.box(115.03, 33.03, 115.032, 33.032),
        shapely.box(115.15, 33.05, 115.152, 33.052),
    ],
    crs=4326,
)


def houses(*rows: tuple[str, float, float], village: str = "V1") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": [f"{village}{n:03}" for n in range(len(rows))],
            "address": [row[0] for row in rows],
            "area_code": village,
        },
        geometry=[shapely.Point(row[1:]) for row in rows],
        crs=4326,
    )


def wanted(*addresses: str, village: str = "V1") -> pd.DataFrame:
    codes = [f"U{n:03}" for n in range(len(addresses))]
    return pd.DataFrame({"code": codes, "address": list(addresses), "area_code": village})


def lane(*numbers: int, stem: str = "柳湾巷", lat: float = 33.05) -> list[tuple[str, float, float]]:
    return [(f"{stem}{n}号", 115.05 + n * DOOR, lat) for n in numbers]


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("柳湾巷12号", ("柳湾巷", 12)),
        ("柳湾巷 12 號", ("柳湾巷", 12)),
        ("柳湾巷１２号", ("柳湾巷", 12)),
        ("柳湾巷十二号", ("柳湾巷", 12)),
        ("柳湾巷一百零五号", ("柳湾巷", 105)),
        ("柳湾巷二〇三号", ("柳湾巷", 203)),
        ("柳湾巷12号附3", ("柳湾巷", 12)),
        ("柳湾巷12-3号", ("柳湾巷", 12)),
        ("柳湾村三组 5", ("柳湾村3组", 5)),
        ("幸福小区3栋2单元501", ("幸福小区3栋2单元", 501)),
        ("幸福小区三栋二单元501室", ("幸福小区3栋2单元", 501)),
        ("王家院", ("王家院", None)),
        ("柳湾巷10000000号", ("柳湾巷10000000号", None)),
        ("", ("", None)),
    ],
)
def test_addresses_are_read(address: str, parsed: tuple[str, int | None]) -> None:
    assert parse_address(address) == parsed


@given(st.integers(1, 999))
def test_numerals_are_read(n: int) -> None:
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = n // 100, n // 10 % 10, n % 10
    words = (digits[hundreds] + "百" if hundreds else "") + (
        digits[tens] + "十" if tens else "零" if hundreds and ones else ""
    ) + (digits[ones] if ones else "")  # fmt: skip
    assert read_numeral(words) == n
    if 10 <= n < 20:
        assert read_numeral(words[1:]) == n


# -- each way ------------------------------------------------------------------------------------


def propose(*addresses: str, known: list[tuple[str, float, float]]) -> gpd.GeoDataFrame:
    return propose_places(wanted(*addresses), houses(*known), SETTLEMENTS, VILLAGES)


def test_between_two_numbers() -> None:
    (found,) = propose("柳湾巷5号", known=lane(2, 4, 6, 8)).itertuples()
    assert (found.how, found.basis) == ("between", "柳湾巷4号、柳湾巷6号")
    assert found.geometry.distance(shapely.Point(115.05 + 5 * DOOR, 33.05)) < 1e-9
    assert found.spread_m >= 9


def test_odd_and_even_numbers_face_each_other() -> None:
    street = lane(2, 4, 8, 10) + lane(1, 3, 5, 7, 9, lat=33.0503)
    (found,) = propose("柳湾巷6号", known=street).itertuples()
    assert found.basis == "柳湾巷4号、柳湾巷8号"
    assert found.geometry.y == 33.05


def test_beside_the_last() -> None:
    (found,) = propose("柳湾巷9号", known=lane(1, 3, 5, 7)).itertuples()
    assert (found.how, found.basis) == ("beside", "柳湾巷7号")
    assert found.geometry.equals(shapely.Point(115.05 + 7 * DOOR, 33.05))
    assert found.spread_m >= 18


def test_somewhere_in_the_lane() -> None:
    found = propose("柳湾巷90号", "柳湾巷", known=lane(1, 2, 3))
    assert found["how"].tolist() == ["lane", "lane"]
    assert found.geometry.iloc[0].equals(shapely.Point(115.05 + 2 * DOOR, 33.05))


def test_in_the_settlement_with_the_longest_name() -> None:
    found = propose("新柳湾17号", "柳湾 17 号", known=[])
    assert found["how"].tolist() == ["settlement", "settlement"]
    assert found["basis"].tolist() == ["新柳湾", "柳湾"]
    assert shapely.box(115.03, 33.03, 115.032, 33.032).covers(found.geometry.iloc[0])


def test_nothing_is_proposed_where_nothing_is_known() -> None:
    # The last names a settlement of another village.
    found = propose("某处3号", "", "柳", "王家院1号", known=lane(1, 2))
    assert found["how"].isna().all()
    assert found.geometry.isna().all()
    assert found["spread_m"].isna().all()


def test_another_village_s_houses_are_no_neighbours() -> None:
    other = houses(("柳湾巷4号", 115.15, 33.05), ("柳湾巷6号", 115.1502, 33.05), village="V2")
    found = propose_places(wanted("柳湾巷5号"), other, SETTLEMENTS.iloc[:0], VILLAGES)
    assert found["how"].isna().all()


def test_a_place_outside_the_village_is_not_proposed() -> None:
    # Recorded in the first village, standing in the second.
    wrong = [("柳湾巷4号", 115.15, 33.05), ("柳湾巷6号", 115.1502, 33.05)]
    (found,) = propose("柳湾巷5号", known=wrong).itertuples()
    assert (found.how, found.basis) == ("settlement", "柳湾")


def test_a_village_without_an_outline_is_not_asked() -> None:
    unknown = houses(("甲巷1号", 10.0, 50.0), ("甲巷3号", 10.0002, 50.0), village="V9")
    found = propose_places(wanted("甲巷2号", village="V9"), unknown, SETTLEMENTS, VILLAGES)
    assert found["how"].tolist() == ["between"]


def test_nobody_asks_nothing_is_answered() -> None:
    found = propose_places(wanted(), houses(), SETTLEMENTS, VILLAGES)
    assert len(found) == 0
    assert list(found.columns) == ["code", "how", "basis", "spread_m", "geometry"]


# -- whatever the lists --------------------------------------------------------------------------

SOME = st.lists(
    st.tuples(
        st.sampled_from(["柳湾巷", "甲巷", "柳湾", "王家院"]),
        st.one_of(st.none(), st.integers(0, 30)),
        st.floats(115.0, 115.2),
        st.floats(33.0, 33.1),
        st.sampled_from(["V1", "V2"]),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(SOME, SOME)
def test_every_proposal_is_in_its_village_whatever_the_order(
    known: list[tuple], asked: list[tuple]
) -> None:
    def text(stem: str, n: int | None) -> str:
        return stem if n is None else f"{stem}{n}号"

    located = gpd.GeoDataFrame(
        {"code": [f"K{i:02}" for i in range(len(known))],
         "address": [text(*each[:2]) for each in known],
         "area_code": [each[4] for each in known]},
        geometry=[shapely.Point(each[2], each[3]) for each in known], crs=4326,
    )  # fmt: skip
    homes = pd.DataFrame(
        {"code": [f"U{i:02}" for i in range(len(asked))],
         "address": [text(*each[:2]) for each in asked],
         "area_code": [each[4] for each in asked]},
    )  # fmt: skip
    found = propose_places(homes, located, SETTLEMENTS, VILLAGES)
    outlines = dict(zip(VILLAGES["code"], VILLAGES.geometry, strict=True))
    assert found["code"].tolist() == homes["code"].tolist()
    for village, point, how, spread in zip(
        homes["area_code"], found.geometry, found["how"], found["spread_m"], strict=True
    ):
        assert (point is None) == pd.isna(how)
        if point is not None:
            assert outlines[village].covers(point)
            assert spread >= 15
    turned = located.sample(frac=1, random_state=1) if len(located) else located
    again = propose_places(homes.iloc[::-1], turned, SETTLEMENTS.iloc[::-1], VILLAGES)
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.iloc[::-1].to_wkb()), pd.DataFrame(found.to_wkb())
    )
