"""Rules on households: each in exactly one grid, the one where it is recorded."""

from geo.rules.base import Rule

HOMES = (
    Rule(
        code="H201",
        name="household-uncovered",
        severity="error",
        name_zh="住户无人负责",
        reason="A household in no grid: the meaning of a blind spot.",
        reason_zh="住户不在任何网格内，这就是盲区。",
        message="{homes}{place} {lie} in no grid{near}.",
        message_zh="{place_zh}有 {count} 户不在任何网格内{near_zh}。",
        fix="Extend a grid over them, or correct their coordinates.",
        fix_zh="把网格扩到这些住户处，或更正住户坐标。",
        why="This is the blind spot itself: people whom no worker visits. A gap of a few square "
        "metres with a house in it weighs more than a bare field of ten mu.",
        why_zh="这就是盲区本身：没有网格员上门的人家。几平方米的空白里有一户人家，比十亩空地更要紧。",
        how="Houses that stand together are one finding, named after the settlement, with the "
        "nearest grid and its worker. Extend that grid over them; the gap beneath (C101, C102) "
        "closes with it. If the coordinates are wrong, correct them: then nothing is uncovered.",
        how_zh="挨在一起的住户合为一条，写明聚落、最近的网格和网格员。把网格扩过去，下面的空白（C101、C102）"
        "也一并消除；如果是坐标错了，更正坐标即可。",
        limits=("cluster_m",),
    ),
    Rule(
        code="H202",
        name="household-in-several",
        severity="error",
        name_zh="住户多头负责",
        reason="A household in several exclusive grids.",
        reason_zh="住户同时落在几个网格内。",
        message="{homes} {lie} in {who}.",
        message_zh="有 {count} 户同时落在{who}内。",
        fix="Decide whose they are, and cut the land from the other grid.",
        fix_zh="确定由谁负责，再把这块地从另一网格中切去。",
        why="Two workers answer for one door: it is visited twice, or each waits for the other. In "
        "the county's total it stands twice.",
        why_zh="一户人家两个网格员：要么跑两趟，要么互相等。全县合计时也多算了一户。",
        how="They stand in an overlap (C103, C106 or G004): decide whose the land is. A house on "
        "the very border is in one grid only, by rule that of the smaller code, and is not "
        "reported.",
        how_zh="它们落在重叠处（C103、C106 或 G004）：确定那块地归谁。正好压在界线上的住户"
        "按规则只归编码小的网格，不会报出。",
    ),
    Rule(
        code="H203",
        name="household-misfiled",
        severity="warning",
        name_zh="住户登记错格",
        reason="The recorded grid differs from where the household lies.",
        reason_zh="登记的网格与实际所在网格不一致。",
        message="{homes} of {recorded}{none} {lie} in {here}{away}.",
        message_zh="有 {count} 户登记在{recorded}{none_zh}，实际位于{here}{away_zh}。",
        fix="Record them in {here}, or correct their coordinates.",
        fix_zh="改登记到{here}，或更正住户坐标。",
        why="The worker on the list is not the one who passes the door. After a border moves, the "
        "households along it keep the old grid until somebody changes the list.",
        why_zh="名册上的网格员，不是天天路过门口的那一位。边界调整之后，沿线住户往往还挂在老网格名下。",
        how="Near the border, record the household in the grid where it lies. Far from it, the "
        "point is more likely wrong: look at the distance that the finding tells.",
        how_zh="离界线近的，改登记到实际所在的网格；离得远的，多半是坐标点错了，看问题里写的距离。",
    ),
    Rule(
        code="H204",
        name="stacked-households",
        severity="info",
        name_zh="住户坐标堆叠",
        reason="Many households on one coordinate, as a geocoder's default leaves them.",
        reason_zh="多户同一坐标，多为地址解析的默认点。",
        message="{homes} stand on one coordinate: {cause}.",
        message_zh="有 {count} 户同一坐标：{cause_zh}。",
        fix="If it is not one building, locate each household by itself.",
        fix_zh="若不是同一栋楼，请逐户定位。",
        why="A geocoder that does not find an address gives the middle of the village. Those "
        "households look covered, by whichever grid the middle lies in, and nothing is known of "
        "where they are.",
        why_zh="地址解析找不到门牌时，会给村庄的中心点。这些住户看上去都在中心点所在的网格里，其实在哪里谁也"
        "不知道。",
        how="A block of flats is fine: accept it. Otherwise locate the households one by one, on "
        "the map or by address.",
        how_zh="确是一栋楼的，登记为例外即可；否则在地图上或按地址逐户定位。",
        limits=("stacked",),
    ),
    Rule(
        code="H205",
        name="unlocated-household",
        severity="warning",
        name_zh="住户无坐标",
        reason="On the list, without coordinates: neither covered nor uncovered is proved.",
        reason_zh="在册但没有坐标，无法证明是否有人负责。",
        message="{homes}{place} {have} no coordinates: covered or not?",
        message_zh="{place_zh}有 {count} 户在册但没有坐标，无法证明是否有人负责。",
        fix="Locate them on the map, or by their address.",
        fix_zh="在地图上定位，或按地址解析。",
        why="That every household is in a grid is said of those that can be placed. The others "
        "belong beside that number, not hidden in it: the denominator must be honest.",
        why_zh="“每一户都在网格里”只能对有坐标的住户这样说。没有坐标的要单独列出来，不能藏在总数里：分母必须"
        "真实。",
        how="The page of households without a place proposes points by their addresses; a click "
        "takes them.",
        how_zh="“待定位住户”页面会按地址给出建议位置，点一下即可采用。",
    ),
)
