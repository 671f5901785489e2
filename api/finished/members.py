"""The party-member household map to keep or print: members' homes, needs, and who looks after whom.

Names are masked in it, as in every list and map. A leader gets the numbers and no household.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from api import audit
from api.auth import SENSITIVE, SENSITIVE_ONLY, Role
from api.errors import NotAllowedError
from api.exports.masks import mask_address
from api.finished.frame import Frame, compact, names
from api.members.schemas import Household, Member, MemberMap
from api.members.service import member_map
from layers import raster
from layers.folium_map import Feature, Overlay, Page, Picture
from layers.sheet import Sheet
from layers.style import NEED_CLASSES, PALETTE

TITLE = ("党员户图", "Party-member households")
STYLE = "members"
ROLES: frozenset[Role] = SENSITIVE | {"leader"}
GROUND = ("grids", "ground", "areas", "units")
# A contact is a thin line: hundreds of them are on one map.
LINE = {"width": 0.8, "opacity": 0.45}
# A need's symbol stands beside the house and not on its star.
BESIDE_DEGREES = 0.00006


def sheet(frame: Frame) -> Sheet:
    """Draw the map on a sheet: every contact a line under the symbols' stars."""
    held = _held(frame)
    frame = frame.closer(_places(held))
    rows = frame.rows(raster.sources_of(STYLE))
    return Sheet(
        title=frame.title(*TITLE),
        subtitle=_subtitle(frame),
        image=frame.picture(rows, STYLE),
        bounds=frame.bounds,
        width=frame.size[0],
        height=frame.size[1],
        legends=_legends(held),
        facts=_facts(frame, held),
        notes=_notes(frame, held),
        over=_lines(frame, held),
        lang=frame.order.lang,
        synthetic=held.synthetic,
    )


def page(frame: Frame) -> Page:
    """Make the map as a file."""
    held = _held(frame)
    rows = frame.rows(raster.sources_of(STYLE))
    ground = frame.picture({name: rows[name] for name in GROUND if name in rows}, STYLE)
    near = frame.closer(_places(held))
    layers: list[Overlay | Picture] = [
        Picture(frame.say("底图", "Ground"), compact(ground), frame.bbox),
        *(_overlays(frame, held) if held.detail else ()),
    ]
    return Page(
        title=frame.title(*TITLE),
        subtitle=_subtitle(frame),
        bbox=near.bbox,
        layers=layers,
        names=names(rows["labels"], frame.order.lang, ("grid",)),
        legends=_legends(held),
        facts=_facts(frame, held),
        notes=_notes(frame, held),
        lang=frame.order.lang,
        synthetic=held.synthetic,
    )


def _held(frame: Frame) -> MemberMap:
    """Return what the reader may see, and write down that he saw it.

    Raises
    ------
    NotAllowedError
        If nothing of it is for his role.
    """
    order = frame.order
    if order.role is not None and order.role not in ROLES:
        raise NotAllowedError(*SENSITIVE_ONLY)
    held = member_map(frame.session, order.scope)
    if held.detail:
        audit.record(
            frame.session, order.account, audit.MEMBERS_READ, target=f"area {order.code}",
            reason=order.reason,
        )  # fmt: skip
    if order.masked:
        for home in held.households:
            home.address = mask_address(home.address)
    return held


def _places(held: MemberMap) -> list[tuple[float, float]]:
    """Return where there is something to be seen."""
    homes, seats = (each.at for each in held.households), (each.at for each in held.branches)
    return [at for at in (*homes, *seats) if at is not None]


# -- words ---------------------------------------------------------------------------------------


def _subtitle(frame: Frame) -> str:
    said = frame.say("谁家是党员，谁联系谁家，谁家有需求", "Members, their contacts, and needs")
    return " · ".join(filter(None, [said, frame.within(), frame.today]))


def _notes(frame: Frame, held: MemberMap) -> list[str]:
    if not held.detail:
        zh = f"仅显示汇总，少于 {held.k} 的数不显示。wangge 网格"
        return [frame.say(zh, f"Sums only; numbers under {held.k} are not shown. wangge 网格")]
    return [
        frame.say(
            "党员身份与需求属敏感个人信息，仅限本村工作使用，姓名已脱敏。wangge 网格",
            "Memberships and needs are sensitive: for work in this village only; names are masked. "
            "wangge 网格",
        )
    ]


def _legends(held: MemberMap) -> list[Mapping[str, Any]]:
    return [held.legend] if held.legend else []


def _facts(frame: Frame, held: MemberMap) -> list[tuple[str, str]]:
    n, say = held.counts, frame.say
    few = say("不足公布数", "too few to tell")
    homes = f"{n.households:,}"
    return [
        (_number(n.members, few), say("名党员", "members")),
        (
            _number(n.member_households, few),
            say(f"户党员户 · 全村 {homes} 户", f"members' homes, of {homes} households"),
        ),
        (
            _number(n.needy, few),
            say(
                f"户有需求 · 已有党员联系 {_number(n.needy_contacted, few)} 户",
                f"in need; {_number(n.needy_contacted, few)} of them in contact",
            ),
        ),
        (
            _number(n.unlocated, few),
            say(f"户未定位 · 全村 {homes} 户", f"with no place, of {homes}"),
        ),
    ]


def _number(n: int | None, few: str) -> str:
    return few if n is None else f"{n:,}"


# -- contacts ------------------------------------------------------------------------------------


def _contacts(held: MemberMap) -> Iterable[tuple[Member, Household, Household]]:
    """Yield each contact whose two ends have a place on the map."""
    homes = {each.code: each for each in held.households if each.at is not None}
    for member in held.members:
        home = homes.get(member.home or "")
        for code in member.contacts if home else ():
            if home and code in homes and code != home.code:
                yield member, home, homes[code]


def _lines(frame: Frame, held: MemberMap) -> str:
    parts = []
    for _, home, other in _contacts(held):
        (x, y), (to_x, to_y) = frame.pixel(home.at), frame.pixel(other.at)
        parts.append(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}")
    return (
        f'<path d="{"".join(parts)}" fill="none" stroke="{PALETTE["ink"]}" '
        f'stroke-width="{LINE["width"]}" stroke-opacity="{LINE["opacity"]}"/>'
        if parts
        else ""
    )


# -- layers of a file ----------------------------------------------------------------------------


def _point(home: Household, **properties: object) -> Feature:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(home.at or ())},
        "properties": properties,
    }


def _overlays(frame: Frame, held: MemberMap) -> Iterable[Overlay]:
    """Return what the map shows from below to above; a house's card is on its topmost mark."""
    say = frame.say
    placed = [home for home in held.households if home.at is not None]
    kept = _keepers(held)

    def of(home: Household, *, card: bool) -> dict[str, object]:
        return {"tip": home.address, **({"card": _card(frame, held, home, kept)} if card else {})}

    yield _contact_lines(frame, held)
    dot = {"color": PALETTE["home"], "weight": 1, "radius": 3.5, "fillOpacity": 1}
    dots = [
        _point(
            home,
            **of(home, card=not (home.members or home.needs)),
            style={"fillColor": PALETTE["home" if _is_kept(home, kept) else "halo"]},
        )
        for home in placed
    ]
    yield Overlay(say("住户", "Households"), dots, dot)
    alone = [home for home in placed if home.needs and not _is_kept(home, kept)]
    rings = [_point(home, tip=home.address) for home in alone]
    yield Overlay(
        say("有需求，无人联系", "In need, no contact"), rings, symbol="need-alone", size=26
    )
    for group in NEED_CLASSES:
        marks = [
            _point(_beside(home, group.id), **of(home, card=_is_topmost(home, group.id)))
            for home in placed
            if group.id in home.needs
        ]
        yield Overlay(say(group.zh, group.en), marks, symbol=group.image, size=15)
    stars = [_point(home, **of(home, card=True)) for home in placed if home.members]
    yield Overlay(say("党员户", "Members' homes"), stars, symbol="member-home", size=20)
    yield _seats(frame, held)


def _contact_lines(frame: Frame, held: MemberMap) -> Overlay:
    lines = [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": [home.at, other.at]},
            "properties": {"tip": f"{member.name} → {other.address}"},
        }
        for member, home, other in _contacts(held)
    ]
    ink = {"color": PALETTE["ink"], "weight": LINE["width"], "opacity": LINE["opacity"],
           "fill": False}  # fmt: skip
    return Overlay(frame.say("党员联系", "Contacts"), lines, ink)


def _seats(frame: Frame, held: MemberMap) -> Overlay:
    seats = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(branch.at)},
         "properties": {"tip": branch.name,
                        "card": [(frame.say("书记", "Secretary"), "、".join(branch.heads))]}}
        for branch in held.branches if branch.at is not None
    ]  # fmt: skip
    return Overlay(frame.say("党支部", "Party branches"), seats, symbol="member-seat", size=24)


def _is_kept(home: Household, kept: Mapping[str, list[str]]) -> bool:
    return bool(kept.get(home.code) or home.others)


def _is_topmost(home: Household, need: str) -> bool:
    return not home.members and home.needs[0] == need


def _beside(home: Household, need: str) -> Household:
    """Return a household where the symbol of one of its needs stands: in a row to the east."""
    slot = home.needs.index(need) + (1 if home.members else 0)
    lon, lat = home.at or (0.0, 0.0)
    return home.model_copy(update={"at": (round(lon + slot * BESIDE_DEGREES, 7), lat)})


def _keepers(held: MemberMap) -> Mapping[str, list[str]]:
    """Return who keeps contact with each household."""
    found: dict[str, list[str]] = {}
    for member in held.members:
        for code in member.contacts:
            found.setdefault(code, []).append(member.name)
    return found


def _card(
    frame: Frame, held: MemberMap, home: Household, kept: Mapping[str, list[str]]
) -> list[tuple[str, str]]:
    say = frame.say
    classes = {group.id: say(group.zh, group.en) for group in NEED_CLASSES}
    needs = home.tags or [classes[need] for need in home.needs]
    living = [member for member in held.members if member.home == home.code]
    facts = [
        (say("编码", "Code"), home.code),
        (say("人口", "People"), "" if home.people is None else str(home.people)),
        (say("需求", "Needs"), "、".join(needs) or say("无", "none")),
        (say("联系党员", "Contact"), "、".join(kept.get(home.code, ())) or say("无", "nobody")),
    ]
    for member in living:
        n = len(member.contacts) + member.outside
        facts.append((say("党员", "Member"), say(f"{member.name}，联系 {n} 户",
                                               f"{member.name}, {n} contacts")))  # fmt: skip
    return [(name, value) for name, value in facts if value]
