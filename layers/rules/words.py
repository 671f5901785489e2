"""What the pages of the documentation say around a rule's own words, in each language."""

from collections.abc import Mapping

from geo.rules import Limit

GROUPS: Mapping[str, tuple[str, str]] = {
    "G": ("Outlines, codes and datums", "图形、编码与坐标系"),
    "C": ("Land: every place in one grid", "土地：每一处都在一个网格里"),
    "H": ("Households: each in the grid it is recorded in", "住户：每一户都在登记的网格里"),
    "S": ("People: in every grid somebody", "人手：格中有人"),
    "P": ("Contacts of Party members", "党员联系户"),
    "V": ("Visits", "走访"),
}
KINDS: Mapping[str, tuple[str, str]] = {
    "rural": ("rural", "农村"),
    "community": ("community", "社区"),
    "dedicated": ("dedicated", "专属"),
}
WORDS: Mapping[str, tuple[str, str]] = {
    "pages": ("Pages", "页面"),
    "all_rules": ("All rules", "全部规则"),
    "proof": ("How the proof works", "证明是怎么做的"),
    "map": ("The map", "地图"),
    "error": ("Error", "错误"),
    "warning": ("Warning", "警告"),
    "info": ("Note", "提示"),
    "open": ("Shown to everyone of the area", "辖区内各角色可见"),
    "individual": ("Shown to who may see single households", "只给可看单户的角色"),
    "sensitive": ("Shown to who works with members and needs", "只给党务、网格员和管理员"),
    "found": ("What is found", "查出的问题"),
    "put_right": ("Put right", "改好之后"),
    "nothing": ("The check finds nothing.", "检查没有发现问题。"),
    "key": (
        "Drawn from a real check of a small invented village. Heavy line: the village; house: a "
        "household; star: a member's home; the marks are those of the map.",
        "图由程序对一个虚构小村的实际检查画出（合成数据）。粗线：村界；小房子：住户；五角星：党员家；符号与地图一致。",
    ),
    "why": ("Why it matters", "为什么要紧"),
    "how": ("How to put it right", "怎么改"),
    "limits": ("Thresholds", "阈值"),
    "limit": ("Threshold", "阈值"),
    "usual": ("Default", "默认值"),
    "setting": ("Setting", "设置项"),
    "limits_where": (
        "A county sets its own on the page \"Rules\", for a town or a village too where that makes "
        "sense; on a file with --limits.",
        "县里可在“规则”页面另行设定，有的还可按乡镇、村设定；检查文件时用 --limits。",
    ),
    "switch": ("Switch it off, or grade it", "关闭或调整级别"),
    "switch_how": (
        "On the page \"Rules\" for the county; for one check on the command line:",
        "县里在“规则”页面调整；单次检查用命令行：",
    ),
    "intro": (
        "A linter for territory: every rule has a code that stays, a page, a picture and a cure. "
        "A county switches and grades them as it needs.",
        "给网格做体检：每条规则有固定的编码、一页说明、一张图和改法。县里可以按需要开关、调整级别。",
    ),
}  # fmt: skip


def words(lang: str) -> dict[str, str]:
    """Return every word in a language."""
    return {key: pair[lang == "zh"] for key, pair in WORDS.items()}


def value_of(limit: Limit, lang: str) -> str:
    """Word a limit's default with its unit."""
    zh = lang == "zh"
    unit = limit.unit_zh if zh else limit.unit

    def ends(said: Mapping[str, float]) -> str:
        return f"{said['least']:g}–{said['most']:g}"

    if limit.form == "number":
        return f"{limit.default:,g} {unit}"
    if limit.form == "range":
        return f"{ends(limit.default)} {unit}"
    return (
        "; ".join(f"{KINDS[kind][zh]} {ends(said)}" for kind, said in limit.default.items())
        + f" {unit}"
    )
