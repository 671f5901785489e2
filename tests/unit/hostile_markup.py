"""Hostile KML and workbooks: entities that grow, addresses that are named, cells far away."""

import io
import struct
import zipfile
from pathlib import Path

from tests.unit.fuzz_corpus import CONTENT, MANIFEST, Case, cases_of, ods, ods_cell, xlsx, zipped
from tests.unit.old_workbooks import compound, workbook, xls

# -- XML -------------------------------------------------------------------------------------------


def laughs(secret: Path, address: str, kind: str = "laughs") -> str:
    """A document type whose entity ``&z;`` is a thousand million words, a file or an address."""
    if kind == "laughs":
        steps = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
        return f'<!DOCTYPE x [<!ENTITY a0 "lol">{steps}<!ENTITY z "&a9;">]>'
    if kind == "quadratic":
        return f'<!DOCTYPE x [<!ENTITY a "{"a" * 100_000}"><!ENTITY z "{"&a;" * 20_000}">]>'
    if kind == "document type":
        return f'<!DOCTYPE x SYSTEM "{address}/x.dtd">'
    if kind == "parameter":
        return f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{address}/p.dtd"> %p; <!ENTITY z "z">]>'
    place = {"file": secret.as_uri(), "path": str(secret), "http": f"{address}/e"}[kind]
    return f'<!DOCTYPE x [<!ENTITY z SYSTEM "{place}">]>'


ENTITIES = ("laughs", "quadratic", "document type", "parameter", "file", "path", "http")
POLYGON = (
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>115,33 115.01,33 115.01,33.01 115,33"
    "</coordinates></LinearRing></outerBoundaryIs></Polygon>"
)


def kml(inside: str, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{inside}</Document></kml>"
    ).encode()


def markup(secret: Path, address: str) -> dict[str, Case]:
    files = {}
    for each in ENTITIES:
        head = laughs(secret, address, each)
        row = f"<Placemark><name>&z;</name><description>&z;</description>{POLYGON}</Placemark>"
        files[f"{each}.kml"] = kml(row, head)
        files[f"{each}.kmz"] = zipped({"doc.kml": kml(row, head)})
    row = f"<Placemark><name>a</name>{POLYGON}</Placemark>"
    for scheme, place in (("http", f"{address}/more.kml"), ("file", secret.as_uri())):
        link = f"<NetworkLink><Link><href>{place}</href></Link></NetworkLink>"
        style = f"<Style id='s'><IconStyle><Icon><href>{place}</href></Icon></IconStyle></Style>"
        styled = row.replace("<name>", f"<styleUrl>{place}#s</styleUrl><name>")
        overlay = f"<GroundOverlay><Icon><href>{place}</href></Icon></GroundOverlay>"
        update = f"<Update><targetHref>{place}</targetHref></Update>"
        region = f"<NetworkLinkControl>{update}</NetworkLinkControl>"
        files[f"linked {scheme}.kml"] = kml(link + style + styled + overlay + region)
    files["folders in folders.kml"] = kml("<Folder>" * 30_000 + row + "</Folder>" * 30_000)
    deep = "<MultiGeometry>" * 20_000 + POLYGON + "</MultiGeometry>" * 20_000
    files["shapes in shapes.kml"] = kml(f"<Placemark><name>a</name>{deep}</Placemark>")
    files["one attribute of a megabyte.kml"] = kml(
        f'<Placemark id="{"x" * 1_000_000}">{POLYGON}</Placemark>'
    )
    return cases_of(files)


# -- workbooks -------------------------------------------------------------------------------------

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="{0}"><c r="{1}{0}"><v>1</v></c></row>'


def sheet(rows: str, head: str = "", **parts: bytes) -> bytes:
    """A workbook whose one list is these rows; other parts by name, an underscore for each dot."""
    with zipfile.ZipFile(io.BytesIO(xlsx())) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["xl/worksheets/sheet1.xml"] = (
        f'<?xml version="1.0"?>{head}<worksheet xmlns="{SPREADSHEET}">'
        f'<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    ).encode()
    for name, data in parts.items():
        held[f"xl/{name.replace('_', '.')}"] = data
    return zipped(held)


def cells() -> dict[str, Case]:
    """Workbooks that ask for more room than there is, or lead in circles."""
    return cases_of({**_cells(), **_old()}, "households")


def entities(secret: Path, address: str) -> dict[str, Case]:
    """Workbooks whose texts are what an entity says."""
    inline = '<row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c></row>' \
             '<row r="2"><c r="A2" t="inlineStr"><is><t>&z;</t></is></c></row>'  # fmt: skip
    shared = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
    )
    files = {}
    for each in ("laughs", "file", "http"):
        head = laughs(secret, address, each)
        table = f"{head}{_shared('<si><t>code</t></si><si><t>&z;</t></si>')}".encode()
        cell = "<table:table-row>" + ods_cell("&z;").replace("&amp;", "&") + "</table:table-row>"
        content = (CONTENT % (cell * 2)).replace("?>", f"?>{head}", 1).encode()
        files |= {f"{each} in a sheet.xlsx": sheet(inline, head),
                  f"{each} in shared texts.xlsx": sheet(shared, sharedStrings_xml=table),
                  f"{each}.ods": _ods(content)}  # fmt: skip
    return cases_of(files, "households")


def _shared(texts: str, about: str = "") -> str:
    return f'<sst xmlns="{SPREADSHEET}"{about}>{texts}</sst>'


def _cells() -> dict[str, bytes]:
    shared = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    most = _shared("<si><t>a</t></si>", ' count="1" uniqueCount="4294967295"').encode()
    long = _shared(f"<si><t>{'x' * 1_000_000}</t></si>").encode()
    repeated = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 5000))
    one = '<table:table-cell office:value-type="float" office:value="1"/>'
    empty = '<table:table-cell table:number-columns-repeated="16383"/>'
    wide = f"<table:table-row>{empty}{one}</table:table-row>"
    ninety = one.replace("/>", ' table:number-columns-repeated="90"/>')
    tall = f'<table:table-row table:number-rows-repeated="1048575">{ninety}</table:table-row>'
    space = ods_cell("a b").replace("<text:s/>", '<text:s text:c="2000000000"/>')
    spaces = f"<table:table-row>{space}</table:table-row>"
    return {
        "two cells far apart.xlsx": sheet(FAR.format(1048576, "XFD")),
        "a cell beyond every sheet.xlsx": sheet(FAR.format(4294967295, "ZZZZZ")),
        "a cell that is nowhere.xlsx": sheet(FAR.format(0, "A")),
        "shared texts that are counted.xlsx": sheet(shared, sharedStrings_xml=most),
        "one long text in each row.xlsx": sheet(repeated, sharedStrings_xml=long),
        "wide rows.ods": ods(wide * 3000), "one tall row.ods": ods(tall),
        "spaces.ods": ods(spaces), "cut off.ods": _ods((CONTENT % (wide * 3)).encode()[:-90]),
    }  # fmt: skip


def _old() -> dict[str, bytes]:
    good = xls([["a", "b"], [1.0, 2.0]])
    far = workbook([(0, 0, "a"), (65534, 65534, "b")])
    words = bytearray(workbook([(0, 0, "a"), (1, 1, "b")]))
    at = words.find(struct.pack("<HH", 0x0200, 14)) + 4
    words[at : at + 12] = struct.pack("<IIHH", 0, 2**32 - 2, 0, 0xFFFF)
    return {
        "two cells far apart.xls": compound({"Workbook": far}),
        "size without cells.xls": compound({"Workbook": bytes(words)}),
        "folder in a circle.xls": good[:516] + struct.pack("<I", 1) + good[520:],
        "chains in a circle.xls": good[:68] + struct.pack("<I", 0) + good[72:],
        "stream of 4 GB.xls": good[:1272] + struct.pack("<I", 2**32 - 1) + good[1276:],
    }


def _ods(content: bytes) -> bytes:
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped(
        {"mimetype": kind, "META-INF/manifest.xml": MANIFEST.encode(), "content.xml": content}
    )
