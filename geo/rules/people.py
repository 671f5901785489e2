"""Rules on people: in every grid somebody, contacts kept, households visited."""

from geo.rules.base import Rule

PEOPLE = (
    Rule(
        code="S301",
        name="grid-without-worker",
        severity="warning",
        name_zh="网格无网格员",
        reason="Nobody walks this grid.",
        reason_zh="网格没有网格员。",
        message="{first} has no grid worker.",
        message_zh="{first}没有网格员。",
        fix="Appoint a worker, or let a neighbour's answer for it.",
        fix_zh="选派网格员，或由邻格网格员兼管。",
        why="A grid on the map without a person in it is a line on paper: 格中有人 is half of the "
        "claim.",
        why_zh="图上有格、格里没人，就只是纸上一条线。“格中有人”是这句话的另一半。",
        how="Appoint a worker, or give a neighbour's worker a second appointment: somebody who "
        "answers for two grids has a row for each. An appointment that has ended counts no more.",
        how_zh="选派网格员，或给邻格网格员再加一条任职：一人兼管两个网格，就要有两条记录。已经到期的任职不再算。",
    ),
    Rule(
        code="S302",
        name="grid-without-head",
        severity="warning",
        name_zh="网格无网格长",
        reason="Nobody answers for this grid.",
        reason_zh="网格没有网格长。",
        message="{first} has no grid head.",
        message_zh="{first}没有网格长。",
        fix="Appoint a head; one head can answer for several grids.",
        fix_zh="明确网格长，一人可兼任几个网格。",
        why="The worker reports, the head decides. Without one an incident goes straight to the "
        "town, or stays where it is.",
        why_zh="网格员报事，网格长拍板。没有网格长，事情要么直接捅到乡镇，要么搁在原地。",
        how="Name a head. One person can head several grids, with an appointment for each.",
        how_zh="明确网格长；一人可以兼任几个网格，每个网格一条任职记录。",
    ),
    Rule(
        code="S303",
        name="grid-without-branch",
        severity="warning",
        name_zh="网格无党组织",
        reason="No party branch stands on this grid.",
        reason_zh="网格没有党组织。",
        message="{first} has no party branch.",
        message_zh="{first}没有党组织。",
        fix="Found a branch, or join the grid to a neighbouring one.",
        fix_zh="设立党组织，或与邻近网格联合组建。",
        why="The branch stands on the grid (党支部建在网格上): it is through its members that "
        "households are kept in contact with.",
        why_zh="“党支部建在网格上”：党员联系户要靠网格里的党组织来落实。",
        how="Found a branch, or record that a neighbouring branch answers for this grid too. Where "
        "no branch is known anywhere, the rule is not judged.",
        how_zh="设立党支部，或登记由邻近支部兼管本网格。全县都没有登记党组织时，此项不作判断。",
    ),
    Rule(
        code="S304",
        name="too-few-households",
        severity="warning",
        name_zh="网格户数过少",
        reason="A grid has fewer households than its kind should have.",
        reason_zh="网格户数低于该类网格的下限。",
        message="{first} has {homes}, fewer than the {least} of {a_kind}.",
        message_zh="{first}只有 {homes_zh}，低于{kind_zh}的下限 {least} 户。",
        fix="Join it to a neighbour, or move the border between them.",
        fix_zh="与邻格合并，或调整两格之间的界线。",
        why="Grids should weigh about the same on those who walk them. One of a dozen houses "
        "binds a worker who is missing elsewhere, or is a leftover of an old division.",
        why_zh="各网格的工作量应大致相当。只有十来户的网格白占一个人手，也可能是旧划分剩下的边角。",
        how="Look at the neighbours: is one of them too large, move the border; else join the two. "
        "A dedicated grid (a park, a school) needs no households: its limit is zero. The limits "
        "are a county's own, for each kind of grid, and a town or village can have others. "
        "Counts under ten are not told.",
        how_zh="看看邻格：邻格过大就移动界线，否则两格合并。专属网格（园区、学校）可以没有住户，下限为零。上下"
        "限由县里按网格类型设定，乡镇、村可以另定。不足十户时不显示具体户数。",
        limits=("households_per_grid",),
    ),
    Rule(
        code="S305",
        name="too-many-households",
        severity="warning",
        name_zh="网格户数过多",
        reason="A grid has more households than its kind should have.",
        reason_zh="网格户数高于该类网格的上限。",
        message="{first} has {homes}, more than the {most} of {a_kind}.",
        message_zh="{first}有 {homes_zh}，超过{kind_zh}的上限 {most} 户。",
        fix="Divide it, or give part of it to a smaller neighbour.",
        fix_zh="拆分网格，或把一部分划给户数少的邻格。",
        why="Whoever answers for five hundred doors cannot know them: visits become a list that "
        "is ticked off.",
        why_zh="一个人管五百户，认都认不全，走访就成了打勾。",
        how="Divide the grid along a road or a lane, or give a part to a smaller neighbour; or "
        "appoint a second worker and raise the limit for this village.",
        how_zh="沿道路或巷子拆成两格，或划一部分给小的邻格；也可以增派网格员，并为本村放宽上限。",
        limits=("households_per_grid",),
    ),
    Rule(
        code="S306",
        name="unit-away-from-ten",
        severity="warning",
        name_zh="十户单元户数不当",
        reason="A ten-household unit has far fewer or more than ten.",
        reason_zh="十户单元的户数明显偏离十户。",
        message="Unit {unit} of {first} has {homes}, {compared}.",
        message_zh="{first}的十户单元 {unit} 有 {homes_zh}，{compared_zh}。",
        fix="Move households between this unit and its neighbours.",
        fix_zh="在相邻单元之间调整几户。",
        why="Ten households are as many as one head knows by name. A unit of three has no head "
        "soon, one of twenty has a head who cannot keep up.",
        why_zh="十户，是一个十户长能叫得出名字的范围。三户的单元很快就没人当户长，二十户的又顾不过来。",
        how="Move a few households to or from the neighbouring unit of the same grid. A unit's "
        "counts are close to naming people: they are shown to those only who may see single "
        "households.",
        how_zh="在同一网格的相邻单元之间调几户。单元太小，户数几乎等于点名，只给有权看单户的人看。",
        limits=("households_per_unit",),
        privacy="individual",
    ),
    Rule(
        code="P401",
        name="links-per-member",
        severity="warning",
        name_zh="党员联系户数不当",
        reason="A member keeps contact with fewer households than asked, or with more.",
        reason_zh="党员联系的户数少于下限或多于上限。",
        message="{members}{place} {keep} contact with {compared}.",
        message_zh="{place_zh}有 {count} 名党员的联系户{compared_zh}。",
        fix="Give or take households, so that each has {least} to {most}.",
        fix_zh="增减联系户，使每名党员联系 {least} 至 {most} 户。",
        why="Five to eight is what a member can keep up with. Fewer leaves households over, more "
        "leaves them on paper.",
        why_zh="五到八户，是一名党员真正联系得过来的数目。少了有人家落空，多了就只在纸上。",
        how="The map of member households shows who has how many, and who in need has nobody: give "
        "these to members with few. The bounds are settings.",
        how_zh="党员户图上看得到谁联系了几户、哪家有需求却没人联系：把这些人家分给联系户少的党员。上下限可在"
        "设置中调整。",
        limits=("contacts_per_member",),
        privacy="sensitive",
    ),
    Rule(
        code="P402",
        name="need-without-contact",
        severity="warning",
        name_zh="有需求而无人联系",
        reason="A household with a need, and no member keeps contact with it.",
        reason_zh="住户有需求，却没有党员联系。",
        message="{homes}{place} {have} a need, and nobody keeps contact.",
        message_zh="{place_zh}有 {count} 户有需求却没有党员联系。",
        fix="Give each of them to a member nearby.",
        fix_zh="为每一户落实一名就近的党员。",
        why="Contacts are there for these households first: the old who live alone, children left "
        "behind, the ill.",
        why_zh="党员联系户，首先就是为这些人家：独居老人、留守儿童、重病和残疾人。",
        how="They stand on top of the page of member households, village by village. Choose a "
        "member who lives near and has fewer than eight.",
        how_zh="它们排在党员户图页面的最上面，按村列出。就近找一名联系不足八户的党员。",
        privacy="sensitive",
    ),
    Rule(
        code="P403",
        name="far-contact",
        severity="warning",
        name_zh="联系户过远",
        reason="A member's home and the household are too far apart.",
        reason_zh="党员的家与联系户相距过远。",
        message="{links}{place} {reach} farther than {limit}, up to {far}.",
        message_zh="{place_zh}有 {count} 对联系超过 {limit_zh}，最远 {far_zh}。",
        fix="Give the household to a member who lives nearer.",
        fix_zh="改由住得近的党员联系。",
        why="A contact is somebody who passes by. A household at the other end of the town is "
        "written down, and not seen.",
        why_zh="联系人应该是常从门口过的人。隔着半个乡镇的联系户，写在册上，见不着面。",
        how="Give the household to a member who lives nearer. If a place is wrong (H203, H204), "
        "correct that first: a wrong point makes a long line.",
        how_zh="改由近处的党员联系。若是坐标有误（H203、H204），先更正坐标：点错了，线就长了。",
        limits=("contact_distance_m",),
        privacy="sensitive",
    ),
    Rule(
        code="P404",
        name="duplicate-link",
        severity="warning",
        name_zh="联系重复登记",
        reason="One person keeps contact with one household twice over.",
        reason_zh="同一人与同一户的联系登记了两次。",
        message="{links}{place} {stand} on the list more than once.",
        message_zh="{place_zh}有 {count} 对联系登记了不止一次。",
        fix="Keep one of each, and remove the others.",
        fix_zh="每对只保留一条，其余删去。",
        why="Counted twice, a member with four households looks as if he had five, and the total "
        "of contacts is too good.",
        why_zh="重复登记后，联系四户的看上去有五户，全县的联系总数也虚高了。",
        how="Remove the row that is too many. Often one person stands on the list of members "
        "twice, once under each branch: join the two first.",
        how_zh="删去多余的一条。常见的原因是同一个人在两个支部各有一条党员记录，应先合并。",
        privacy="sensitive",
    ),
    Rule(
        code="V501",
        name="unvisited",
        severity="warning",
        name_zh="未按期走访",
        reason="Households that nobody has visited within the period.",
        reason_zh="在规定期限内没有人走访的住户。",
        message="{count} of the {total} households of {first} ({share}) were not visited in the "
        "{days} days to {day}.",
        message_zh="{first}的 {total} 户中有 {count} 户（{share}）在截至 {day_zh} 的 {days} 天内"
        "没有走访记录。",
        fix="Visit them first; the share is of the households on the grid's list.",
        fix_zh="优先走访这些住户；比例按本网格在册户数计算。",
        why="That every household is in a grid is the map's half of the claim. That somebody was "
        "at the door is the other half.",
        why_zh="每户都在网格里，只是图上的一半；有人上门，才是另一半。",
        how="Visit them, and record the visit. The period is a setting; where no visits are "
        "recorded at all, the rule is not judged. Visits say who was where and when: the finding "
        "counts them by grid, and only those who may see single households get it.",
        how_zh="上门走访并及时登记。期限可在设置中调整；全县没有任何走访记录时，此项不作判断。走访记录涉及行踪，"
        "问题只按网格计数，只给有权看单户的人看。",
        limits=("visit_days",),
        privacy="individual",
    ),
)
