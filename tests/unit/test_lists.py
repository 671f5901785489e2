"""Lists in batches: CSV in whatever dress, and workbooks with titles, serials and spoiled codes."""

import csv
import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
import shapely

from layers.transfer import TransferError
from tests.unit.taken_files import take

HEADERS = ["编码", "姓名", "备注"]
PEOPLE = [
    ["007", "𠮷野", "一行\n两行"],
    ["990101101001", "甲", 'say "hi", 乙；丙'],
    ["9.90101E+11", "", "a\tb;c"],
]
# GBK has no 𠮷.
IN_GBK = [["007", "澜野", "一行\n两行"], *PEOPLE[1:]]


def table(rows: list[list[str]], delimiter: str = ",", ends: str = "\r\n") -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, lineterminator=ends).writerows([HEADERS, *rows])
    return sink.getvalue()


# -- text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize(("ending", "delimiter"), [(".csv", ","), (".csv", ";"), (".csv", "\t"),
                                                   (".tsv", "\t"), (".tab", "\t"), (".txt", ";"),
                                                   (".csv.gz", ","), (".CSV", ",")])  # fmt: skip
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_tables_in_whatever_excel_saves(
    tmp_path: Path, encoding: str, ending: str, delimiter: str, ends: str
) -> None:
    rows = IN_GBK if encoding == "gbk" else PEOPLE
    data = table(rows, delimiter, ends).encode(encoding)
    path = tmp_path / f"名单{ending}"
    path.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    read = take(path)
    assert read.source.headers == HEADERS
    assert [list(row) for row in zip(*read.columns.values(), strict=True)] == rows
    assert (read.rows, read.shapes) == ([1, 2, 3], None)
    # Told, it is the same.
    assert take(path, encoding=encoding).columns == read.columns


def test_the_unicode_text_of_excel(tmp_path: Path) -> None:
    path = tmp_path / "u.txt"
    path.write_bytes(table(IN_GBK, "\t").encode("utf-16"))
    assert take(path).columns["姓名"] == ["澜野", "甲", ""]
    assert take(path, encoding="utf-16").columns["姓名"] == ["澜野", "甲", ""]


def test_chinese_only_after_the_first_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    lines = ["code,name\n", *(f"{n:09},x\n" for n in range(200_000)), "a,澜禾\n"]
    for encoding in ("utf-8", "gb18030"):
        path.write_text("".join(lines), encoding=encoding)
        assert take(path).columns["name"][-1] == "澜禾"


def test_blocks_cut_neither_rows_nor_characters(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    notes = [f"第{n}行\n“𠮷,{'禾' * (n % 700)}”" for n in range(9000)]
    for encoding in ("utf-8", "gb18030"):
        with path.open("w", encoding=encoding, newline="") as sink:
            csv.writer(sink).writerows([["编码", "备注"], *enumerate(notes)])
        read = take(path)
        assert read.columns["备注"] == notes
        assert read.rows == list(range(1, 9001))
        assert len(read.sizes) > 1


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("编码,x\n1,2\n", {"编码": ["1"], "x": ["2"]}, [1]),
        ("编码,x\n1,2", {"编码": ["1"], "x": ["2"]}, [1]),  # no line end
        ("编码,x\n", {}, []),
        ("\n\n编码,x\n1,2\n", {"编码": ["1"], "x": ["2"]}, [1]),
        ("编码,x,\n1,2,\n", {"编码": ["1"], "x": ["2"]}, [1]),  # a column without a name
        ("编码\n007\n008\n", {"编码": ["007", "008"]}, [1, 2]),
        ('"编码","x"\n"1","2"\n', {"编码": ["1"], "x": ["2"]}, [1]),
        ('"编\n码",x\n1,2\n', {"编\n码": ["1"], "x": ["2"]}, [1]),
        # Rows that are formatted and empty are passed over, and counted.
        ("编码,x\n1,2\n,\n ,\t\n3,4\n,\n", {"编码": ["1", "3"], "x": ["2", "4"]}, [1, 4]),
        ("编码,x\n,2\n1,\n", {"编码": ["", "1"], "x": ["2", ""]}, [1, 2]),
        ("编码,x\nNA,null\n", {"编码": ["NA"], "x": ["null"]}, [1]),
        ("编码,x\n1,'2\n", {"编码": ["1"], "x": ["'2"]}, [1]),
    ],
)
def test_tables_as_they_come(
    tmp_path: Path, text: str, columns: dict[str, list[str]], rows: list[int]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8", newline="")
    read = take(path)
    assert {name: values for name, values in read.columns.items() if values} == columns
    assert read.rows == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("编码,x\n1,2\n3\n", r"1 values, the header 2.*row 2, line 3.*quotation marks"),
        ("编码,x\n1,2,3\n", r"3 values, the header 2.*row 1, line 2"),
        ("编码,x,x\n1,2,3\n", "Two columns are called “x”"),
        ("\n\n", "no header"),
        ("编码,x\r1,2\r", "no table|not a table"),
    ],
)
def test_what_is_no_table_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(TransferError, match=said) as caught:
        take(path)
    assert "x.csv" in str(caught.value)


def test_an_encoding_that_is_told_and_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(table(IN_GBK).encode("gbk"))
    for encoding in ("utf-8", "ascii", "klingon"):
        with pytest.raises(TransferError, match=f"not {encoding}.*--encoding"):
            take(path, encoding=encoding)


def test_a_gzip_that_breaks_off_or_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    data = gzip.compress(("code,name\n" + "1,2\n" * 500_000).encode())
    path.write_bytes(data)
    with pytest.raises(TransferError, match=r"more than 1 MB.*WANGGE_MAX_UNZIPPED_MB"):
        take(path, max_unzipped_mb=1)
    assert len(take(path, max_unzipped_mb=3).rows) == 500_000
    for broken in (data[:-100], data[: len(data) // 2], data[:-6] + b"\0" * 6, b"code\n1\n"):
        path.write_bytes(broken)
        with pytest.raises(TransferError, match="gzip file is broken"):
            take(path)


# -- places --------------------------------------------------------------------------------------

PLACES = [
    ["1", "115.25", "33.5"], ["2", " 115.5 ", "+33.5"], ["3", "", ""], ["4", "115", ""],
    ["5", "", "33"], ["6", "一一五", "33"], ["7", "1e2", "33."], ["8", "115,5", "nan"],
]  # fmt: skip


def test_two_columns_of_coordinates(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows([["编码", "经度", "纬度"], *PLACES])
    read = take(path)
    assert read.shapes is not None
    assert [shape and shape.coords[0] for shape in read.shapes] == [
        (115.25, 33.5), (115.5, 33.5), None, None, None, None, (100, 33), None,
    ]  # fmt: skip
    assert read.faults == {
        4: ("经度", "half", "115"),
        5: ("经度", "half", ""),
        6: ("经度", "not_a_number", "一一五"),
        8: ("纬度", "not_a_number", "nan"),
    }
    # The text stays, for whoever wants it.
    assert read.columns["经度"][5] == "一一五"
    assert read.source.crs is None


def test_wkt_and_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    shapes = ["POLYGON ((115 33, 116 33, 116 34, 115 33))", "", "POLYGON ((115 33,", " ",
              "POLYGON ((115 33, 116 33, 116 34))", "POINT Z (1 2 3)"]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows([["编码", "WKT"], *enumerate(shapes, 1)])
    read = take(path)
    assert read.shapes is not None
    assert [shape and shape.geom_type for shape in read.shapes] == [
        "Polygon", None, None, None, "Polygon", "Point",
    ]  # fmt: skip
    assert read.opened == {5: (115.0, 33.0)}
    assert read.faults == {3: ("WKT", "unreadable", "POLYGON ((115 33,")}


def test_places_that_are_told(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("编码,东,北,wkt\n1,115,33,POINT (1 2)\n", encoding="utf-8")
    assert take(path).shapes == [shapely.Point(1, 2)]
    assert take(path, places={"lon": "东", "lat": "北"}).shapes == [shapely.Point(115, 33)]
    with pytest.raises(TransferError, match=r"no column “西”.*p.csv.*编码, 东, 北, wkt"):
        take(path, places={"lon": "西", "lat": "北"})


# -- workbooks -----------------------------------------------------------------------------------

Sheets = dict[str, list[list[object]]]


def workbook(path: Path, sheets: Sheets, hidden: str = "") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name == hidden:
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


LIST: list[list[object]] = [["编码", "姓名"], ["007", "甲"]]


def test_what_a_spreadsheet_makes_of_values(tmp_path: Path) -> None:
    at = dt.datetime(2026, 1, 5, 9, 30, 15)  # noqa: DTZ001 - a spreadsheet knows no zones
    cells: list[tuple[object, str | None]] = [
        ("007", "007"), ("990101101001", "990101101001"), ("9.90101E+11", "9.90101E+11"),
        (990101101001, "990101101001"), (990101101001001, "990101101001001"),
        # More than fifteen digits are not what was typed: told as spoiled.
        (99010110100100001, "9.901011E+16"),
        (1.5, "1.5"), (-3, "-3"), (0, "0"), (True, "true"), (False, "false"),
        (dt.date(1998, 7, 1), "1998-07-01"), (at, "2026-01-05 09:30:15"), (45000, "45000"),
        (dt.time(9, 30), "09:30:00"), ("𠮷\n乙", "𠮷\n乙"), (None, None), ("#N/A", None),
    ]  # fmt: skip
    rows: list[list[object]] = [["编码", "值"]]
    rows += [[str(n), value] for n, (value, _) in enumerate(cells)]
    read = take(workbook(tmp_path / "x.xlsx", {"表": rows}))
    assert read.columns["值"] == [text for _, text in cells]
    assert (read.source.rows, read.shapes, read.source.notes) == (len(cells), None, [])


def test_title_rows_stand_over_the_header(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["澜禾县住户登记表"],
        [],
        ["填报单位：", None, "2026年"],
        ["编码", "姓名", "电话", None],
        ["007", "甲", 1, None],
        [None] * 4,
        ["008", "乙"],
    ]
    read = take(workbook(tmp_path / "x.xlsx", {"住户": rows}))
    assert read.source.headers == ["编码", "姓名", "电话"]
    assert read.columns == {"编码": ["007", "008"], "姓名": ["甲", "乙"], "电话": ["1", None]}
    # Counted below the header, as a spreadsheet shows them.
    assert read.rows == [1, 3]
    assert read.source.notes == ["The header is in line 4 of the sheet “住户”."]


def test_sheets_that_hold_no_rows_of_ours_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    help_: list[list[object]] = [["列", "填写", "内容"], ["编码", "必填", "x"]]
    workbook(path, {"说明": help_, "Sheet2": [], "人员": LIST, "旧": LIST, "Help": help_}, "旧")
    assert take(path).columns == {"编码": ["007"], "姓名": ["甲"]}
    assert take(path, layer="旧").columns["编码"] == ["007"]
    assert take(path, layer="说明").columns["列"] == ["编码"]


@pytest.mark.parametrize(
    ("sheets", "layer", "said"),
    [
        ({"甲": LIST, "乙": LIST}, None, "2 sheets hold something.*--layer: 甲, 乙"),
        ({"甲": LIST}, "丙", "no sheet “丙”.*There are: 甲"),
        ({"甲": [], "说明": LIST}, None, "empty"),
        ({"甲": [["编码", "x", "x"], [1, 2, 3]]}, None, "Two columns are called “x”"),
    ],
)
def test_which_list_must_be_clear(
    tmp_path: Path, sheets: Sheets, layer: str | None, said: str
) -> None:
    with pytest.raises(TransferError, match=said):
        take(workbook(tmp_path / "x.xlsx", sheets), layer=layer)


def test_a_workbook_with_coordinates(tmp_path: Path) -> None:
    rows: list[list[object]] = [["编码", "经度", "纬度"], ["1", 115.25, 33.5], ["2", "115.5", 34],
                                ["3", None, None], ["4", "x", 33]]  # fmt: skip
    read = take(workbook(tmp_path / "x.xlsx", {"住户": rows}))
    assert read.shapes == [shapely.Point(115.25, 33.5), shapely.Point(115.5, 34), None, None]
    assert read.faults == {4: ("经度", "not_a_number", "x")}


@pytest.mark.parametrize("ending", ["xlsx", "xlsm", "xls", "ods"])
def test_what_is_no_workbook_is_said(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(TransferError, match=f"x.{ending}"):
        take(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "no sheet")
    with pytest.raises(TransferError, match=r"not a workbook.*Save it again"):
        take(path)


ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content \
xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" \
xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" \
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>\
<table:table table:name="人员">{}</table:table></office:spreadsheet></office:body>\
</office:document-content>"""


MANIFEST = """<?xml version="1.0" encoding="UTF-8"?><manifest:manifest \
xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"""


def test_a_list_of_libreoffice(tmp_path: Path) -> None:
    path = tmp_path / "x.ods"
    said = [
        '"string"><text:p>编码</text:p>',
        '"string"><text:p>日期</text:p>',
        '"string"><text:p>007</text:p>',
        '"date" office:date-value="1998-07-01"><text:p/>',
        '"float" office:value="990101101001"><text:p/>',
        '"string"><text:p>昨天</text:p>',
    ]
    cells = [f"<table:table-cell office:value-type={cell}</table:table-cell>" for cell in said]
    rows = ["".join(cells[at : at + 2]) for at in (0, 2, 4)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        lines = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", ODS.format(lines))
    read = take(path)
    assert read.columns == {"编码": ["007", "990101101001"], "日期": ["1998-07-01", "昨天"]}
