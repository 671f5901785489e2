"""What a repair says: of each change a sentence, of what is left a reason, in both languages."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from geo.phrases import in_english, land, listing

# Why land is left as it is: the word that the repair works with, then English and Chinese.
WHY: Mapping[str, tuple[str, str]] = {
    "locked": (
        "A locked grid holds it, and locked grids stay as they are.",
        "这里属于锁定的网格，锁定的网格不改动。",
    ),
    "undecided": (
        "Nobody said which grid is to keep it (--winner none).",
        "没有指定由哪个网格保留（--winner none）。",
    ),
    "twice": (
        "Whichever grid keeps it, another would lose more than half of its land: decide by hand, "
        "or name the one to keep it with --winner CODE.",
        "无论归谁，另一网格都会失去一半以上的地：请人工决定，或用 --winner 编码 指定归属。",
    ),
    "most": (
        "Most of the grid lies outside of its parent: it may be filed under the wrong one.",
        "网格的大部分在所属区域之外，疑为所属登记有误。",
    ),
    "unfilled": ("Gaps were not to be filled (--fill none).", "本次不填补空白（--fill none）。"),
    "nobody": (
        "No grid that may take it borders on it.",
        "没有可以接收它的相邻网格。",
    ),
    "spike": (
        "It would be a spike of any grid that may take it: they touch little more than its end.",
        "无论划给哪个可接收的网格都会形成尖刺：它们几乎只碰到它的一端。",
    ),
    "large": (
        "It is large beside its neighbours: a grid may be missing here. Draw it, or allow more "
        "with --largest-gap.",
        "与邻格相比面积过大，可能缺了一个网格：请补画，或用 --largest-gap 放宽。",
    ),
    "wide": (
        "Nobody said what should be covered, and it is too wide for a drawing fault: give the "
        "boundary with --within, or allow more with --widest.",
        "没有给出辖区边界，而它宽得不像画图误差：请用 --within 给出边界，或用 --widest 放宽。",
    ),
    "open": (
        "It is open to land that nobody is known to cover: give the boundary with --within.",
        "它通向没有说明由谁负责的地：请用 --within 给出辖区边界。",
    ),
    "vertex": (
        "A border ends on a fixed edge that has no vertex there; the report lists the vertices "
        "that the boundary or the locked grid needs.",
        "有边界止于固定边界上没有顶点的地方；报告列出了辖区边界或锁定网格需要补的顶点。",
    ),
    "own": (
        "The outline passes nearer to itself than the tolerance: redraw it there.",
        "边界与自身的距离小于容差：请在这里重画。",
    ),
    "unsafe": (
        "No sound outline could be built there.",
        "在这里无法生成有效的边界。",
    ),
    "gone": (
        "Nothing is wrong here any more: check the coverage again.",
        "这里已经没有问题：请重新检查。",
    ),
    "rule": (
        "This is not a matter of borders; a repair does not decide it.",
        "这不是边界问题，修复不作决定。",
    ),
    "pieces": (
        "Whether a grid may be in several pieces is to be decided by people.",
        "网格能否分块，由人来决定。",
    ),
    "shifted": (
        "The layer looks shifted: correct its coordinate system first, then repair.",
        "图层疑似整体偏移：请先改正坐标系，再修复。",
    ),
    "beside": (
        "It lies along land that is left.",
        "它在未修复的地块边上。",
    ),
}  # fmt: skip
# The reason of whole rules.
BY_RULE: Mapping[str, str] = {"G005": "pieces", "G007": "shifted"}


class Said(TypedDict):
    """A sentence in both languages."""

    message: str
    message_zh: str


def say(
    rule: str, losers: Sequence[str], gainer: str | None, area_m2: float, households: int
) -> Said:
    """Word a change of land.

    Parameters
    ----------
    rule
        The rule that was broken: C101 to C104, or G005.
    losers, gainer
        Names of the grids.
    area_m2, households
        How much changed hands.
    """
    en, zh = land(area_m2), land(area_m2, english=False)
    to, to_zh = (in_english(gainer), gainer) if gainer else ("", "")
    who, who_zh = listing(losers, english=True), listing(losers, english=False)
    moved = f"; {households} household{'' if households == 1 else 's'} with it" * bool(households)
    moved_zh = f"，涉及 {households} 户" * bool(households)
    words = {
        "C101": (f"{to} gets {en} that lay in no grid", f"{to_zh}得到原先空白的 {zh}"),
        "C103": (
            f"{to} keeps {en} that {who} held as well",
            f"{zh}重叠地归{to_zh}，从{who_zh}中切去",
        ),
        "C104": (
            f"{to} gets {en} that {who} held beyond its own area"
            if gainer
            else f"{who} is cut back to the boundary by {en}",
            f"{who_zh}越界的 {zh}划给{to_zh}" if gainer else f"{who_zh}裁到边界以内，减 {zh}",
        ),
        "G005": (
            f"{to} gets {en} that was cut off from {who}",
            f"{who_zh}被切断的 {zh}划给{to_zh}",
        ),
    }
    message, message_zh = words["C101" if rule == "C102" else rule]
    return {"message": f"{message}{moved}.", "message_zh": f"{message_zh}{moved_zh}。"}


def say_redrawn(rule: str, name: str, added: int, gone: int) -> Said:
    """Word a change of vertices alone: an outline made valid (G001), or matched (C105)."""
    if rule == "G001":
        return {
            "message": f"The outline of {in_english(name)} is made valid.",
            "message_zh": f"{name}的边界已修补为有效图形。",
        }
    return {
        "message": f"{in_english(name)} has its neighbours' vertices: {added} new, {gone} gone.",
        "message_zh": f"{name}与邻格统一了顶点：增 {added} 个，减 {gone} 个。",
    }
