"""The worklist on paper and in words: nothing is lost, nothing stands over the edge."""

import datetime as dt
import itertools
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.legend import legend
from layers.legend_svg import legend_svg
from layers.style import IMAGES, PALETTE
from layers.svg_pdf import svg_pdf
from layers.svg_png import OutsideReferenceError, svg_png
from layers.tables import TASK_STATES
from layers.worklist.lines import COLUMNS, Heading, Lang, Line
from layers.worklist.sheet import COLUMNS as PAGE_COLUMNS
from layers.worklist.sheet import (
    HEIGHT,
    INNER,
    MAP_HEIGHT,
    VillagePage,
    filling,
    pages,
)
from layers.worklist.states import OPEN, STATES
from layers.worklist.wrapping import ems, wrap

TEXT = st.text(st.sampled_from("网格空白，。（涉及）第3户 abc def-12, m² ·"), max_size=120)
DAY = dt.date(2026, 11, 29)
HEADING = Heading("柳河村问题整改单", DAY, "zh", synthetic=True, counts={"assigned": 1})
LINE = Line(
    number=12, finding="5f0c2f9a1b3d", state="assigned", late_days=3, due=DAY, rule="C101",
    rule_name="空白", severity="error", town="柳河镇", village="柳河村", grids="第3网格",
    message="柳河村有 1.2 亩空白 <&>。", fix="并入第3网格。", assignee="柳河村", person="王小明",
    households=3, area_m2=812.5, lon=115.2, lat=33.5, reopened=0, note="", assigned_by="leader",
    assigned_at=dt.datetime(2026, 11, 20, 16, 30, tzinfo=dt.UTC), fixed_by="", fixed_at=None,
)  # fmt: skip


def page(*lines: Line, lang: Lang = "zh") -> list[str]:
    heading = replace(HEADING, lang=lang)
    return list(pages(VillagePage(heading, "澜禾县", lines, [None] * len(lines), None)))


def words(svg: str) -> str:
    return re.sub(r"<[^>]*>", "\n", svg)


# --- states -------------------------------------------------------------------------------------


def test_each_state_has_words_a_colour_and_a_symbol() -> None:
    assert set(STATES) == {*TASK_STATES, "accepted"}
    assert set(OPEN) <= set(TASK_STATES)
    known = {image.id for image in IMAGES}
    for state in STATES.values():
        assert state.zh
        assert state.en
        assert state.image in known & set(PALETTE)


# --- text in lines ------------------------------------------------------------------------------


@given(TEXT, st.floats(2, 40))
def test_wrapping_loses_nothing_and_stays_within(text: str, width: float) -> None:
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        # A mark that ends a line may stand over its edge with its character; no more.
        assert ems(line) <= width or len(line) <= 4, line


def test_a_mark_does_not_begin_a_line_and_an_opening_does_not_end_one() -> None:
    lines = wrap("一二三四五，六七八（九）十", 5)
    assert all(line[0] not in "，）" for line in lines)
    assert all(line[-1] != "（" for line in lines)


# --- the page -----------------------------------------------------------------------------------


def test_columns_of_the_page_fill_it_and_do_not_overlap() -> None:
    for one, other in itertools.pairwise(PAGE_COLUMNS):
        assert one.x + one.width == other.x
    assert PAGE_COLUMNS[-1].x + PAGE_COLUMNS[-1].width == INNER


@given(st.floats(1, 5000), st.floats(1, 5000))
def test_a_box_is_widened_to_the_map_and_never_cut(wide: float, high: float) -> None:
    left, bottom, right, top = filling((0.0, 0.0, wide, high))
    assert (right - left) / (top - bottom) == pytest.approx(INNER / MAP_HEIGHT)
    assert max(left, bottom) <= 1e-9
    assert right >= wide - 1e-9
    assert top >= high - 1e-9
    assert (left + right) / 2 == pytest.approx(wide / 2)


def test_what_is_said_is_escaped_and_whole() -> None:
    (svg,) = page(LINE)
    told = words(svg)
    for each in ("柳河村有 1.2 亩空白 &lt;&amp;&gt;。", "→ 并入第3网格。", "王小明（柳河村）",
                 "逾期 3 天", "不上图", "合成数据", "C101 · 任务 12"):  # fmt: skip
        assert each in told, each
    (english,) = page(LINE, lang="en")
    assert "Overdue, 3 days" in words(english)
    assert "Overdue, 1 day" in words(page(replace(LINE, late_days=1), lang="en")[0])


def test_no_task_is_lost_between_pages_and_none_stands_under_the_foot() -> None:
    many = [
        replace(LINE, number=n, message=f"第{n}件，" + "很长的一句话" * (n % 9)) for n in range(60)
    ]
    made = page(*many)
    assert len(made) > 2
    told = [int(n) for svg in made for n in re.findall(r"任务 (\d+)", svg)]
    assert told == list(range(60))
    for svg in made:
        bottoms = [float(y) for y in re.findall(r'<g transform="translate\(36\.0 ([\d.]+)\)', svg)]
        assert max(bottoms) < HEIGHT - 36 - 46
    assert words(page()[0]).count("没有待办的任务") == 1


# --- the file -----------------------------------------------------------------------------------


def test_pages_become_one_pdf_with_its_letters_in_it() -> None:
    made = svg_pdf(page(LINE) * 3, title="整改单", created="2026-11-29T10:00:00+08:00")
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", made)) == 3
    # A4, and the fonts are embedded subsets.
    assert b"/MediaBox [ 0 0 595.5 842.25 ]" in made
    assert re.search(rb"/FontFile|/FontName /[A-Z]{6}\+", made)


def test_a_page_that_refers_to_something_outside_is_refused() -> None:
    svg = page(LINE)[0].replace(
        "</svg>", '<image href="file:///etc/passwd" width="9" height="9"/></svg>'
    )
    with pytest.raises(OutsideReferenceError):
        svg_pdf([svg], title="t", created="2026-11-29T10:00:00+08:00")


def test_headers_of_the_table_are_distinct_in_both_languages() -> None:
    for lang in ("zh", "en"):
        headers = [column.header(lang) for column in COLUMNS]
        assert len(headers) == len(set(headers))
    assert [c.value(LINE, "zh") for c in COLUMNS if c.zh == "交办时间"] == ["2026-11-21 00:30"]


@pytest.mark.parametrize("first", ["", "svg_pdf([svg], title='t', created='2026-11-29T10:00:00Z')"])
def test_letters_of_a_picture_are_the_same_after_a_pdf(first: str) -> None:
    """Cairo keeps a face as whoever drew it first had it, so each order has its own process."""
    program = f"""
import sys
from layers.legend import legend
from layers.legend_svg import legend_svg
from layers.svg_pdf import svg_pdf
from layers.svg_png import svg_png
svg = legend_svg(legend("findings"))
{first}
sys.stdout.buffer.write(svg_png(svg))
"""
    drawn = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert drawn.stdout == svg_png(legend_svg(legend("findings")))
