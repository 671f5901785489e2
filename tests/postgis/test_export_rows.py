"""Which rows leave, and how: versions, areas, grids, masks, and the command."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from api.cli import run
from api.exports import Request, export_layer
from api.postgis import Cluster
from api.settings import settings as service_settings
from layers.tables import audit_entry, coverage_version
from layers.transfer import KINDS, TransferError, kind_of
from layers.transfer.writing import WRITERS
from tests.postgis.export_files import (
    DUE,
    RARE,
    REASON,
    again,
    export,
    exported_county,
    nothing,
    table,
)
from tests.postgis.import_files import (
    COUNTY,
    GRIDS,
    A,
    B,
    Office,
    point,
)
from tests.postgis.import_files import household as home


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A county of every kind, of the module's own."""
    with exported_county(cluster, "exported_rows", tmp_path_factory.mktemp("office")) as made:
        yield made


# -- order, versions, areas ----------------------------------------------------------------------


def test_rows_are_in_the_order_of_their_codes_and_bytes_repeat(
    office: Office, tmp_path: Path
) -> None:
    export(office, "grids", tmp_path / "a.csv")
    export(office, "grids", tmp_path / "b.csv")
    assert [row["编码"] for row in table(tmp_path / "a.csv")] == sorted(GRIDS)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_version_is_what_was_exported_then(database: URL, tmp_path: Path) -> None:
    office = Office(database, tmp_path)
    office.fill()
    versions = []
    with office.engine.connect() as connection:
        versions.append(connection.scalar(select(coverage_version.c.id).order_by("valid_from")))
        last = max(connection.scalars(select(coverage_version.c.id)))
    before = {kind: tmp_path / f"{kind.replace(':', '-')}.csv" for kind in ("households", "people")}
    for kind, path in before.items():
        export(office, kind, path, reveal=REASON)
    moved = [home(1, 住址="搬到镇上", geometry=point(3, 1)), home(7)]
    assert office.give("households", moved, replace=B).state == "rejected"
    assert office.give("households", moved).state == "imported"
    assert office.give("people", [{"人员编号": "P1", "姓名": "王大禾"}]).state == "imported"
    for kind, path in before.items():
        now, then = tmp_path / "now.csv", tmp_path / "then.csv"
        export(office, kind, now, reveal=REASON)
        export(office, kind, then, reveal=REASON, version=last)
        assert now.read_bytes() != path.read_bytes()
        assert then.read_bytes() == path.read_bytes()
    gone = export(office, "households", tmp_path / "none.csv", version=versions[0])
    assert gone.counts == {"rows": 0, "located": 0, "unlocated": 0}
    assert any("headers alone" in note.en for note in gone.notes)
    # What was in an area is asked of that version too.
    export(office, "links", tmp_path / "links.csv", version=last, area=A)
    assert len(table(tmp_path / "links.csv")) == 1


@pytest.mark.parametrize(
    ("kind", "in_a", "in_b"),
    [("areas", 1, 1), ("grids", 4, 4), ("units", 1, 0), ("households", 2 + len(RARE), 1),
     ("people", 1, 0), ("branches", 1, 0), ("members", 1, 0), ("appointments", 1, 0),
     ("links", 1, 0), ("visits", 1, 0), ("incidents", 1, 0), ("reference:roads", 1, 1),
     ("network:police", 1, 1)],
)  # fmt: skip
def test_an_area_has_what_lies_in_it(
    office: Office, tmp_path: Path, kind: str, in_a: int, in_b: int
) -> None:
    found = [export(office, kind, tmp_path / "x.csv", area=code).counts["rows"]
             for code in (A, B)]  # fmt: skip
    assert found == [in_a, in_b]
    if KINDS[kind.split(":")[0]].table not in ("visit", "incident"):
        last = export(office, kind, tmp_path / "x.csv", area=A, version=newest(office))
        assert last.counts["rows"] == in_a


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [("areas", 0, 0), ("grids", 1, 1), ("units", 1, 0), ("households", 2 + len(RARE), 0),
     ("people", 1, 0), ("branches", 0, 0), ("members", 0, 0), ("appointments", 1, 0),
     ("links", 1, 0), ("visits", 1, 0), ("incidents", 1, 0), ("reference:roads", 1, 1),
     ("network:police", 1, 1)],
)  # fmt: skip
def test_a_grid_has_what_lies_in_it(
    office: Office, tmp_path: Path, kind: str, first: int, second: int
) -> None:
    found = [export(office, kind, tmp_path / "x.csv", area=code).counts["rows"]
             for code in GRIDS[:2]]  # fmt: skip
    assert found == [first, second]


def newest(office: Office) -> int:
    with office.engine.connect() as connection:
        return max(connection.scalars(select(coverage_version.c.id)))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"kind": "visits", "version": 1}, "have no versions.*Leave --version out"),
     ({"kind": "grids", "version": 999}, "no coverage version 999.*last one is"),
     ({"kind": "grids", "area": "99"}, "no area 99"),
     ({"kind": "reference:rivers"}, "no layer reference:rivers.*There are: roads"),
     ({"kind": "network:fire"}, "There are: police"),
     ({"kind": "grids", "lang": "fr"}, "no language"),
     ({"kind": "grids", "reveal": " "}, "for a reason"),
     ({"kind": "grids", "crs": "EPSG:1"}, "not a coordinate system")],
)  # fmt: skip
def test_what_is_not_there_is_named(
    office: Office, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(TransferError, match=words):
        export(office, path=tmp_path / "x.csv", **options)
    assert list(tmp_path.iterdir()) == []


class Shares:
    def __init__(self) -> None:
        self.told: list[float] = []

    def see(self, share: float, _step: str) -> None:
        self.told.append(share)


def test_rows_come_in_batches(
    database: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(database, tmp_path)
    office.fill("grids")
    homes = [home(row) for row in range(250)]
    assert office.give("households", homes).counts["new"] == 250
    monkeypatch.setenv("WANGGE_IMPORT_BATCH_ROWS", "100")
    service_settings.cache_clear()
    try:
        for ending in WRITERS:
            path, shares = tmp_path / f"x{ending}", Shares()
            with office.engine.begin() as connection:
                export_layer(connection, Request("households"), path, shares.see)
            assert shares.told == sorted(shares.told)
            assert len(shares.told) == 5
            assert again(office, "households", path) == nothing(250)
    finally:
        monkeypatch.undo()
        service_settings.cache_clear()


# -- personal data -------------------------------------------------------------------------------


def test_personal_fields_are_masked_and_nothing_is_logged(office: Office, tmp_path: Path) -> None:
    before = office.count("audit_entry")
    outcome = export(office, "people", tmp_path / "x.csv")
    assert outcome.masked == ["姓名（已脱敏）", "电话（已脱敏）"]
    assert any("--reveal REASON" in note.en for note in outcome.notes)
    assert table(tmp_path / "x.csv") == [
        {"编码": "P1", "姓名（已脱敏）": "王**", "电话（已脱敏）": "100******01", "住户编码": ""},
        {"编码": "P2", "姓名（已脱敏）": "李*", "电话（已脱敏）": "", "住户编码": ""},
    ]
    export(office, "households", tmp_path / "y.csv", lang="code")
    rows = table(tmp_path / "y.csv")
    assert {row["need_tags_masked"] for row in rows} == {"***"}
    assert not any("address" in row or text in row.values() for row in rows for text in RARE)
    assert office.count("audit_entry") == before


@pytest.mark.parametrize("kind", [k for k in DUE if any(f.personal for f in kind_of(k).fields)])
def test_no_masked_value_is_anywhere_in_a_file(office: Office, tmp_path: Path, kind: str) -> None:
    held = [f.name for f in kind_of(kind).fields if f.personal]
    rows = office.content(kind_of(kind).table).values()
    values = [value for row in rows for name in held if (value := row[name])]
    words = [word for value in values for word in (value if isinstance(value, list) else [value])]
    # What is shorter stands in a file by chance.
    secrets = [str(word).encode() for word in words if len(str(word).encode()) > 5]
    assert secrets
    for ending in (".csv", ".geojson", ".gpkg"):
        export(office, kind, tmp_path / f"x{ending}")
        data = (tmp_path / f"x{ending}").read_bytes()
        assert [secret for secret in secrets if secret in data] == [], ending


def test_who_works_with_counts_is_not_told_where_a_household_is(
    office: Office, tmp_path: Path
) -> None:
    secret = repr(point(0.25, 0.25).x).encode()
    for ending in (".csv", ".geojson", ".kml", ".parquet", ".gpkg", ".xlsx"):
        path = tmp_path / f"x{ending}"
        outcome = export(office, "households", path, individual=False)
        assert (outcome.crs, outcome.counts) == ("", {"rows": DUE["households"]})
        assert any("位置" in note.zh for note in outcome.notes)
        assert secret not in path.read_bytes()
        # Sent back, every household stays where it is.
        assert again(office, "households", path) == nothing(DUE["households"])
    export(office, "households", tmp_path / "x.csv")
    assert secret in (tmp_path / "x.csv").read_bytes()
    with pytest.raises(TransferError, match="a list"):
        export(office, "households", tmp_path / "x.shp.zip", individual=False)
    export(office, "grids", tmp_path / "x.shp.zip", individual=False)


def test_a_reason_shows_them_and_is_kept(office: Office, tmp_path: Path) -> None:
    export(office, "people", tmp_path / "x.csv", reveal=REASON, area=A, account="planner")
    assert table(tmp_path / "x.csv")[0]["姓名"] == "李四"
    with office.engine.connect() as connection:
        found = connection.execute(
            select(audit_entry).order_by(audit_entry.c.id.desc()).limit(1)
        ).one()
    assert (found.account, found.action, found.target, found.reason) == (
        "planner", "exported", "people", REASON,
    )  # fmt: skip
    assert found.detail == {"rows": 1, "area": A, "version": None}


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def command(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = office.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    service_settings.cache_clear()
    yield
    monkeypatch.undo()
    service_settings.cache_clear()


@pytest.mark.usefixtures("command")
def test_the_command_writes_and_says_how_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    words = ["export", "households", "--area", COUNTY, "--crs", "BD-09", "-o", str(path)]
    assert run([*words, "--reveal", REASON]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert f"households → x.csv: {DUE['households']} 行 · rows, {len(RARE)} 未定位" in err
    assert "--crs BD-09" in err
    rows = table(path)
    assert rows[0]["住址"] == "1 号"
    assert rows[0]["坐标系"] == "BD-09"
    assert run(["export", "grids", "--lang", "en", "-o", str(tmp_path / "y.xlsx")]) == 0


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("words", "told"),
    [(["grids", "-o", "x.pdf"], ".shp.zip"), (["dogs", "-o", "x.csv"], "no kind"),
     (["grids", "--crs", "GCJ-02", "-o", "x.geojson"], "RFC 7946"),
     (["people", "-o", "x.shp.zip"], "list"), (["grids"], "--output"),
     (["grids", "--version", "999", "-o", "x.csv"], "999")],
)  # fmt: skip
def test_what_cannot_be_exported_is_one_line(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(["export", *words]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
