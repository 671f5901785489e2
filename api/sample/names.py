"""Invented names, with their pinyin: no town, village or person of this list is meant to exist."""

from dataclasses import dataclass

import numpy as np

from api.sample.plan import Bools, Ints, Plan, Strings


def _pinyin(text: str) -> dict[str, str]:
    """Return character to pinyin, from words such as ``苇wei``."""
    return {word[0]: word[1:] for word in text.split()}


_FIRST = _pinyin(
    "苇wei 柘zhe 棠tang 栾luan 鹭lu 汀ting 槐huai 荻di 葭jia 蒲pu 菱ling 莲lian 桑sang 榆yu 柏bai "
    "楸qiu 梓zi 枫feng 桐tong 椿chun 杏xing 梨li 枣zao 稻dao 麦mai 粟su 谷gu 禾he 苗miao 穗sui "
    "墨mo 砚yan 陶tao 窑yao 石shi 沙sha 泉quan 溪xi 渠qu 井jing 鹤he 雁yan 鹊que 燕yan 凤feng 鹿lu "
    "苔tai 荷he 芦lu 菊ju"
)
_LAST = _pinyin(
    "庄zhuang 楼lou 寨zhai 营ying 湾wan 店dian 桥qiao 岗gang 堂tang 集ji 坡po 洼wa 堤di 渡du "
    "亭ting 园yuan"
)
_BEFORE = {"": "", **_pinyin("大da 小xiao 东dong 西xi 前qian 后hou 老lao 新xin")}
_TOWNS = (
    ("苇陂", "Weibei"), ("棠渡", "Tangdu"), ("穗原", "Suiyuan"), ("砚川", "Yanchuan"),
    ("栾汀", "Luanting"), ("葭湖", "Jiahu"), ("粟陵", "Suling"), ("楸桥", "Qiuqiao"),
    ("鹭浦", "Lupu"), ("荻洼", "Diwa"), ("雁堤", "Yandi"), ("椿堂", "Chuntang"),
    ("墨渡", "Modu"), ("菱坡", "Lingpo"), ("枣汀", "Zaoting"), ("梓洼", "Ziwa"),
    ("鹊营", "Queying"), ("麦陂", "Maibei"), ("桑渡", "Sangdu"),
)  # fmt: skip
_STREETS = (("澜阳", "Lanyang"), ("禾光", "Heguang"), ("汀兰", "Tinglan"))
_COMMUNITY_FIRST = _pinyin("澜lan 禾he 汀ting 穗sui 荻di 棠tang 砚yan 鹭lu 葭jia 楸qiu 梓zi 椿chun")
_COMMUNITY_LAST = _pinyin("苑yuan 里li 台tai 坊fang 和he 安an")
_SURNAMES = "禾苇柘栾荻蒲桑榆柏楸枫桐粟谷苗穗陶石沙泉溪渠鹿燕凤井"
_GIVEN = "安宁和平清明春秋文武立本守正怀德长青小满大有思远秀英玉兰广田永年建勇淑芬海潮云山晓晨"

# What premises are called: those among houses, those in the fields, those with residents.
Premises = dict[str, str]
PLOT_PREMISES: Premises = {
    "小学": "Primary School", "卫生院": "Clinic", "集贸市场": "Market",
    "养老院": "Home for the Aged", "文化广场": "Culture Square", "公园": "Park",
    "政务中心": "Service Hall", "幼儿园": "Kindergarten",
}  # fmt: skip
FIELD_PREMISES: Premises = {
    "工业园": "Industrial Park", "农机合作社": "Machinery Cooperative", "粮库": "Grain Depot",
    "物流园": "Logistics Park", "砖瓦厂": "Brickworks", "苗圃": "Tree Nursery",
    "光伏电站": "Solar Farm", "污水处理厂": "Sewage Works",
}  # fmt: skip
RESIDENT_PREMISES: Premises = {
    "中学": "Middle School", "职工公寓": "Staff Flats", "农场": "Farm",
    "医院家属院": "Hospital Housing",
}  # fmt: skip
FISH_FARM: Premises = {"水产养殖场": "Fish Farm"}
OVERLAY_PREMISES: Premises = {
    "商业街": "Shopping Street", "学校周边": "School Surroundings",
    "医院周边": "Hospital Surroundings", "市场周边": "Market Surroundings",
    "办公园区": "Office Campus", "公园周边": "Park Surroundings",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Names:
    """Names and English names of the towns and villages, and the hamlets' names."""

    town: Strings
    town_en: Strings
    village: Strings
    village_en: Strings
    hamlet: Strings


def name_places(
    plan: Plan, village_town: Ints, is_community: Bools, hamlet_village: Ints,
    rng: np.random.Generator,
) -> Names:  # fmt: skip
    """Name every place; ``plan.repeated_names`` village names occur in several towns."""
    town, town_en = _towns(plan)
    stems = [
        (before + first + last, (_BEFORE[before] + _FIRST[first] + _LAST[last]).capitalize())
        for before in _BEFORE
        for first in _FIRST
        for last in _LAST
        if first != last
    ]
    stems = [stems[i] for i in rng.permutation(len(stems))]
    community = [
        (a + b, (_COMMUNITY_FIRST[a] + _COMMUNITY_LAST[b]).capitalize())
        for a in _COMMUNITY_FIRST
        for b in _COMMUNITY_LAST
    ]
    community = [community[i] for i in rng.permutation(len(community))]
    chosen: list[tuple[str, str]] = [("", "")] * plan.villages
    for v in range(plan.villages):
        chosen[v] = community.pop() if is_community[v] else stems.pop()
    _repeat(plan, chosen, village_town, is_community, rng)
    head = np.r_[True, np.diff(hamlet_village) > 0]
    hamlet = [
        chosen[v][0] if first else stems.pop()[0]
        for v, first in zip(hamlet_village, head, strict=True)
    ]
    ending = [("社区", " Community") if c else ("村", " Village") for c in is_community]
    return Names(
        town=town,
        town_en=town_en,
        village=np.array([c[0] + e[0] for c, e in zip(chosen, ending, strict=True)], object),
        village_en=np.array([c[1] + e[1] for c, e in zip(chosen, ending, strict=True)], object),
        hamlet=np.array(hamlet, object),
    )


def _towns(plan: Plan) -> tuple[Strings, Strings]:
    named = [(zh + "街道", en + " Subdistrict") for zh, en in _STREETS[: plan.streets]]
    for i, (zh, en) in enumerate(_TOWNS[: plan.towns + plan.townships]):
        named.append((zh + "镇", en + " Town") if i < plan.towns else (zh + "乡", en + " Township"))
    return np.array([n[0] for n in named], object), np.array([n[1] for n in named], object)


def _repeat(
    plan: Plan, chosen: list[tuple[str, str]], town: Ints, is_community: Bools,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Give some villages the name of a village in another town, as real counties have it."""
    order = rng.permutation(np.flatnonzero(~is_community))
    firsts = list(order[: plan.repeated_names])
    others = list(order[plan.repeated_names :])
    # Two thirds of the repeated names occur a third time.
    wanted = firsts + firsts[: plan.repeated_names * 2 // 3]
    held = {v: {int(town[v])} for v in firsts}
    for first in wanted:
        other = next(v for v in others if int(town[v]) not in held[first])
        others.remove(other)
        held[first].add(int(town[other]))
        chosen[other] = chosen[first]


def name_people(n: int, rng: np.random.Generator) -> Strings:
    """Return ``n`` names of people: a surname and one or two characters."""
    surname = np.array(list(_SURNAMES), object)[rng.integers(0, len(_SURNAMES), n)]
    given = np.array(list(_GIVEN), object)
    second = np.where(rng.random(n) < 0.8, given[rng.integers(0, len(given), n)], "")
    return np.asarray(surname + given[rng.integers(0, len(given), n)] + second, dtype=object)


def fake_phones(n: int, rng: np.random.Generator) -> Strings:
    """Return phone numbers that no network gives out: eleven digits beginning with 10000."""
    return np.array([f"10000{number:06d}" for number in rng.integers(0, 1_000_000, n)], object)
