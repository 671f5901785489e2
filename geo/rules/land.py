"""Rules on land: every place of the parent in one grid, and in no other."""

from geo.rules.base import Rule

LAND = (
    Rule(
        code="C101",
        name="gap",
        severity="error",
        name_zh="空白",
        reason="Land of the parent, inside, in no grid.",
        reason_zh="辖区内部有地不属于任何网格。",
        message="{area}{where_en} lie in no grid, {beside} {who}; {households}.",
        message_zh="{who}{beside_zh}有 {area_zh}空白，{households_zh}。",
        fix="Give the land to a neighbour: {first} has the longest border with it.",
        fix_zh="把这块地划给邻格：{first}与它的共同边界最长。",
        why="Nobody answers for this land: what happens there is nobody's to report, and who lives "
        "there has no worker. It is what the claim of no blind spot denies.",
        why_zh="这块地没有人负责：那里出了事没人报，住在那里的人没有网格员。“全域无盲区”说的就是不能有"
        "这样的地方。",
        how="Give it to the neighbour with the longest common border, or to whoever already looks "
        "after the houses there. A lake or a river that nobody has to walk can be accepted, with "
        "a reason. Without an authority's boundary a hole is a warning only: it may be somebody "
        "else's land.",
        how_zh="划给共同边界最长的邻格，或实际在管那几户的网格。确实无需管理的水面，可以登记为例外并说明"
        "理由。没有提供辖区边界时，洞只是警告：那也可能是别人的地。",
    ),
    Rule(
        code="C102",
        name="uncovered-edge",
        severity="error",
        name_zh="边缘空白",
        reason="Land along the parent's border in no grid.",
        reason_zh="辖区边缘有地不属于任何网格。",
        message="{area} along the border{of_where_en} lie in no grid, beside {who}; {households}.",
        message_zh="{where}边缘、{who}旁有 {area_zh}空白，{households_zh}。",
        fix="Move the border of {first} out to the boundary.",
        fix_zh="把{first}的边界移到辖区边界。",
        why="At the edge of a village the neighbour is taken to be responsible, and the neighbour "
        "thinks the same. A check that counts holes does not see it, for it is no hole: it is "
        "open to the outside.",
        why_zh="村边上的地，大家都以为归邻村，邻村也这么想。只数“洞”的检查发现不了它，因为它朝外敞着口，"
        "不算洞。",
        how="Move the grid's border out to the authority's boundary, vertex by vertex. If the "
        "boundary itself is wrong there, it is the boundary that must be corrected, and by whom "
        "it belongs to.",
        how_zh="把网格边界外移到辖区边界，顶点与它一致。如果错的是辖区边界，应由主管部门更正那条界线。",
    ),
    Rule(
        code="C103",
        name="overlap",
        severity="error",
        name_zh="重叠",
        reason="Land in two or more exclusive grids.",
        reason_zh="同一块地同属两个以上网格。",
        message="{who} overlap on {area}, {width} wide at most; {households}.",
        message_zh="{who}重叠 {area_zh}，最宽 {width_zh}，{households_zh}。",
        fix="Decide which of them the land belongs to, and cut it from the others.",
        fix_zh="确定归谁，再从其余网格中切去。",
        why="Two who are responsible are nobody who is: each leaves it to the other, or both come, "
        "and whatever is counted there is counted twice.",
        why_zh="两家都管，等于没人管：互相推，或者重复跑；那里的户数、事件也都算了两遍。",
        how="Decide whose the land is, usually whose road or ditch the true border follows, and "
        "cut it from the other. Where three or more meet, each place is reported once, with the "
        "number of grids on it. A market or a park that lies on top on purpose is an overlay "
        "grid: set its coverage to overlay.",
        how_zh="先定归属，一般以实际的路、沟为界，再从另一方切去。三个以上网格交叠时，每处只报一次，并写明"
        "叠了几层。市场、园区等有意叠在上面的，把它的覆盖方式设为“叠加”。",
    ),
    Rule(
        code="C104",
        name="outside-parent",
        severity="error",
        name_zh="越界",
        reason="Land of a grid beyond its parent.",
        reason_zh="网格伸出了辖区边界。",
        message="{who} reaches {area} beyond{where_own_en}; {households}.",
        message_zh="{who}越出{where_own} {area_zh}，{households_zh}。",
        fix="Cut the grid back to the boundary.",
        fix_zh="把网格裁到辖区边界以内。",
        why="The grid answers for land of another village. Its reports go up the wrong line, and "
        "the neighbour's total does not add up.",
        why_zh="网格管到了别的村的地上：报上去的事走错了条线，邻村的总数也对不上。",
        how="Cut the grid back to its village's boundary. If the land is really the village's, it "
        "is the boundary that is out of date. An overlay grid is held to its area as well.",
        how_zh="把网格裁回本村界内。如果那块地确实是本村的，说明村界过时了，应更新村界。叠加网格同样不得"
        "越出所属辖区。",
    ),
    Rule(
        code="C105",
        name="mismatched-border",
        severity="warning",
        name_zh="边界不吻合",
        reason="Neighbours' borders meet within the tolerance but not vertex by vertex.",
        reason_zh="相邻边界在容差内相接，但顶点不一致。",
        message="The borders of {both} meet over {length} but not vertex by vertex "
        "({apart} apart).",
        message_zh="{both}的边界有 {length_zh}相接但顶点不一致（{apart_zh}）。",
        fix="Give both the same vertices along the border.",
        fix_zh="让两边在这段边界上使用相同的顶点。",
        why="Today it is less than a centimetre. Moved into another coordinate system, or thinned "
        "for a map, the two lines part: a vertex that only one side has opens a gap of "
        "centimetres on a straight edge of a kilometre.",
        why_zh="现在只差不到一厘米；一旦换坐标系或为出图而抽稀，两条线就会分开：一公里的直边上，只有一侧有的"
        "那个顶点，能拉开一两厘米的缝。",
        how="Insert the missing vertices in both outlines, so that the border is one line. What is "
        "narrower than the tolerance is gathered along each border into one finding, instead of "
        "a hundred slivers.",
        how_zh="给两边都补上缺的顶点，让这段边界成为同一条线。窄于容差的缝隙按边界合并成一条，不会列出上百条"
        "碎片。",
        limits=("tolerance_m",),
    ),
    Rule(
        code="C106",
        name="nested",
        severity="error",
        name_zh="嵌套",
        reason="One exclusive grid lies wholly inside another.",
        reason_zh="一个网格完全落在另一个网格之内。",
        message="{first} lies wholly inside {second}, {area}; {households}.",
        message_zh="{first}整个落在{second}之内，{area_zh}，{households_zh}。",
        fix="Cut {first} out of {second}, or make it an overlay.",
        fix_zh="从{second}中切出{first}，或把它设为叠加网格。",
        why="A dedicated grid (a school, a market) was drawn, and the grid around it kept the "
        "land: everybody inside has two grids. It is one decision, so it is one finding.",
        why_zh="画了专属网格（学校、市场），外面的网格却没有把地让出来，里面的人就有了两个网格。这是一个"
        "决定，所以只报一条。",
        how="If the inner grid answers for its people alone, cut its land out of the outer one. If "
        "it only adds a service on top, set its coverage to overlay: then it takes no part in the "
        "partition.",
        how_zh="里面的网格独立负责的，从外面的网格中把地切出来；只是叠加一项服务的，把覆盖方式设为“叠加”，"
        "它就不参与划分。",
    ),
    Rule(
        code="C107",
        name="narrow-gap",
        severity="warning",
        name_zh="狭长空隙",
        reason="A corridor in no grid, narrower than a given width, even where it opens into land "
        "that is rightly nobody's.",
        reason_zh="不属于任何网格、窄于给定宽度的狭长空隙，即使它通向本就不划网格的地方。",
        message="A corridor {width} wide and {length} long lies in no grid, beside {who}; "
        "{households}.",
        message_zh="{who}旁有一条宽 {width_zh}、长 {length_zh} 的狭长空隙不属于任何网格，"
        "{households_zh}。",
        fix="Close it: move the border of {first} to its neighbour's.",
        fix_zh="合上它：把{first}的边界移到邻格的边界上。",
        why="A lake may rightly be in no grid. A slit of half a metre that runs from it between "
        "two grids is two borders that were drawn apart, and it hides behind the lake: no count of "
        "holes, and no accepted exception, tells the two apart.",
        why_zh="湖面不划网格是合理的；从湖边伸进两个网格之间、半米宽的缝，却是两条没画到一起的边界。它躲在"
        "湖的后面：数洞看不出来，登记例外也会把它一并放过。",
        how="Draw the border once and use it for both sides. A ditch or path that is nobody's on "
        "purpose can be accepted; or lower the width under which a corridor is reported.",
        how_zh="把边界画成一条线，两边共用。有意留出的沟渠、通道可以登记为例外，也可以调小报告的宽度。",
        limits=("narrow_gap_m",),
    ),
)
