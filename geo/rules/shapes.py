"""Rules on a grid by itself: its outline, its code, the coordinate system that it came in."""

from geo.rules.base import Rule

SHAPES = (
    Rule(
        code="G001",
        name="invalid-geometry",
        severity="error",
        name_zh="图形无效",
        reason="A self-crossing or unclosed ring has no inside that can be answered for.",
        reason_zh="边界自相交或未闭合，无法判定内外。",
        message="The outline of {who} is invalid: {detail}.",
        message_zh="{who}的边界无效：{detail_zh}。",
        fix="Redraw the outline there; the rest was checked with a repaired copy.",
        fix_zh="在标出的位置重画边界；其余检查用的是修补后的副本。",
        why="Where a border crosses itself, two programs disagree on what lies inside: the same "
        "household is in the grid on one screen and outside on the next. Areas come out wrong, "
        "and every later answer rests on a guess.",
        why_zh="边界自相交的地方，不同软件对“里外”的判断不同：同一户在这张图上属于网格，在另一张图上"
        "又不属于。面积算不准，后面的结论也都靠不住。",
        how="Go to the point that the finding names. It is usually a vertex dragged over its "
        "neighbour, or a spike of a few millimetres: move or delete that vertex. The stored "
        "outline is never changed; the check goes on with a repaired copy, so that one bad ring "
        "does not hide what is wrong elsewhere.",
        how_zh="到问题标出的位置去看，多半是某个顶点拖过了头，或有一根几毫米的尖刺：移动或删掉这个顶点"
        "即可。系统不改原图，只用修补后的副本继续检查，一处坏边界不会掩盖别处的问题。",
    ),
    Rule(
        code="G002",
        name="empty-geometry",
        severity="error",
        name_zh="没有图形",
        reason="A grid without a polygon covers nobody.",
        reason_zh="网格没有面，等于无人负责。",
        message="{who} has no polygon.",
        message_zh="{who}没有面图形。",
        fix="Draw the grid, or remove its row.",
        fix_zh="补画网格，或删去这一行。",
        why="The grid stands on the list, has a name and perhaps a worker, but no land. It is "
        "counted among the grids and answers for no place.",
        why_zh="这个网格在名册上有名有号，甚至有网格员，却没有一寸地。统计时算一个网格，实际上不负责任何"
        "地方。",
        how="Draw its polygon. If the grid was dissolved, remove its row. Rows of a table that are "
        "totals or notes end up here as well: take them out of the file.",
        how_zh="补画它的面；如果网格已撤并，删去这一行。表格里的合计行、备注行也会成为这类问题，从文件中"
        "去掉即可。",
    ),
    Rule(
        code="G003",
        name="duplicate-code",
        severity="error",
        name_zh="编码重复",
        reason="Two grids with one code cannot be told apart.",
        reason_zh="两个网格同一编码，无法区分。",
        message="The code {code} stands {count} times.",
        message_zh="编码 {code} 出现了 {count} 次。",
        fix="Give each grid a code of its own.",
        fix_zh="为每个网格编一个唯一的编码。",
        why="Households, workers and incidents know their grid by its code alone, for names repeat "
        "within a county. Two grids of one code share each other's people and reports.",
        why_zh="住户、网格员、事件都靠编码认网格（同一个县里村名会重复）。两个网格共用一个编码，人和事就都"
        "混在一起了。",
        how="Give one of them the next free number of its village. If both rows are one grid that "
        "was drawn in two pieces, join the pieces into one row.",
        how_zh="给其中一个编上本村下一个空号；如果两行其实是同一网格的两块，合成一行。",
    ),
    Rule(
        code="G004",
        name="duplicate-geometry",
        severity="error",
        name_zh="图形重复",
        reason="Two grids hold the same land.",
        reason_zh="两个网格占同一块地。",
        message="{who} hold the same land, {area}.",
        message_zh="{who}占着同一块地，{area_zh}。",
        fix="Keep one of them, or redraw the other.",
        fix_zh="保留一个，或重画另一个。",
        why="Every household there has two grids, and each worker may take it for the other's. It "
        "is said once as a duplicate, not as an overlap as well.",
        why_zh="这里的每一户都有两个网格，两边都可能以为归对方管。系统只报一次“重复”，不再另报“重叠”。",
        how="Find out which of the two is in force. The other is often last year's row that was "
        "not removed, or a copy whose outline was to be redrawn.",
        how_zh="弄清哪一个有效。另一个往往是去年没删的旧行，或复制之后忘了重画的网格。",
    ),
    Rule(
        code="G005",
        name="detached-parts",
        severity="warning",
        name_zh="网格分块",
        reason="A grid in several pieces is harder to walk and to answer for.",
        reason_zh="网格分成几块，走访和负责都更难。",
        message="{who} is in {count} pieces.",
        message_zh="{who}分成了 {count} 块。",
        fix="Join the pieces, or accept the enclave.",
        fix_zh="合并各块；确为飞地的，登记为例外。",
        why="A second piece is either a real enclave, which somebody has decided, or a scrap that "
        "was left behind when a border moved. The map cannot tell which; people can.",
        why_zh="多出来的一块，要么是确有其事的飞地，要么是调整边界时落下的边角。图上看不出来，要人来认。",
        how="Is it a real enclave, accept the finding and say why: it then stays in the register. "
        "A scrap goes to the neighbour that surrounds it.",
        how_zh="确是飞地的，登记为例外并写明理由；是边角的，划给包围它的邻格。",
    ),
    Rule(
        code="G006",
        name="malformed-code",
        severity="error",
        name_zh="编码不合规",
        reason="A code off the pattern, or not under its parent's, breaks every join.",
        reason_zh="编码不合规则或不在上级编码之下，汇总必然出错。",
        message="The code of {first} {fault}.",
        message_zh="{first}的编码{fault_zh}。",
        fix="Correct the code, or the village that the grid is filed under.",
        fix_zh="更正编码，或更正所属村（社区）。",
        why="Codes are hierarchical: county, town, village, grid. Totals of a village, and who may "
        "see what, go by the first digits. A grid under a wrong code is counted, and shown, "
        "elsewhere.",
        why_zh="编码是分级的：县、乡镇、村、网格。汇总和权限都看编码的前几位，编码错了，这个网格就被算到、也"
        "被看到别处去了。",
        how="Compare the grid's code with the code of the village it is filed under, and correct "
        "whichever is wrong. After a merger of villages both are often old.",
        how_zh="对照网格编码和所属村编码，改正错的那个。村庄合并之后，两边常常都是旧编码。",
    ),
    Rule(
        code="G007",
        name="shifted-layer",
        severity="warning",
        name_zh="图层偏移",
        reason="The layer fits better after the shift of a known datum.",
        reason_zh="按已知坐标系偏移后更吻合，疑似坐标系有误。",
        message="{whose}: {error}; put right{far}, {sure} % of their misfit to the {better} is "
        "gone.",
        message_zh="{whose_zh}{error_zh}；改正后{far_zh}，与{better_zh}的不符减少 {sure}%。",
        fix="{cure}",
        fix_zh="{cure_zh}",
        why="Most boundary files that call themselves WGS-84 are in the datum of web maps, half a "
        "kilometre off. Such a layer is wrong everywhere, and looks like thousands of gaps and "
        "overlaps of which none is real.",
        why_zh="很多自称 WGS-84 的边界文件其实是互联网地图的坐标，偏了半公里。这样的图层处处不对，"
        "看上去像有成千上万处空白和重叠，其实没有一处是真的。",
        how="Nothing is corrected silently. Ask where the file comes from; then check or import it "
        "again with the coordinate system that the finding names, for example --crs GCJ-02. The "
        "other findings of that layer can wait until then.",
        how_zh="系统不会悄悄改坐标。先问清文件来源，再用问题中指出的坐标系重新检查或导入，例如 "
        "--crs GCJ-02。该图层的其他问题，等改好再看。",
    ),
)
