"""What a format cannot hold is refused with a cure, and nothing is ever half-written."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyogrio
import pytest
import shapely

from geo.errors import CoordinateError
from layers.transfer import KINDS, TransferError, kind_of
from layers.transfer.cells import MOST_ROWS
from layers.transfer.outgoing import Outgoing, Piece, Target
from layers.transfer.writing import WRITERS, ending_of, write_layer
from tests.unit.outgoing_layers import POINT, SQUARE, outgoing, read_back

# -- what a format cannot hold -------------------------------------------------------------------


def refused(path: Path, layer: Outgoing, words: str) -> None:
    with pytest.raises(TransferError, match=words):
        write_layer(path, layer)
    assert list(path.parent.iterdir()) == []


def test_a_shapefile_refuses_lists_mixtures_and_long_text(tmp_path: Path) -> None:
    path = tmp_path / "x.shp.zip"
    refused(path, outgoing(KINDS["people"], {"code": ["1"]}), r"list.*\.gpkg")
    mixed = [POINT, shapely.LineString([(115, 33), (116, 34)])]
    refused(path, outgoing(kind_of("reference:x"), {"code": ["1", "2"]}, mixed), "one kind")
    long = {"code": ["1", "2"], "name": ["a", "字" * 85]}
    refused(path, outgoing(KINDS["branches"], long, [POINT] * 2), r"254 bytes.*code 2")


def test_a_sheet_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    many = outgoing(KINDS["people"], {"code": ["1"]})
    many.rows = MOST_ROWS + 1
    refused(path, many, r"1,048,576 rows.*--area.*\.csv")
    for text in ("x" * 32_768, "𠮷" * 16_384, "a\ufffe"):
        refused(path, outgoing(KINDS["people"], {"code": ["1"], "name": [text]}), "cell cannot")


def test_outlines_too_long_for_a_cell_are_left_out_and_said(tmp_path: Path) -> None:
    kind = KINDS["areas"]
    round_ = shapely.MultiPolygon([shapely.Point(115, 33).buffer(0.1, quad_segs=400)])
    layer = outgoing(kind, {"code": ["1", "2"]}, [SQUARE, round_])
    write_layer(tmp_path / "x.xlsx", layer)
    found, shapes = read_back(tmp_path / "x.xlsx", kind)
    assert found["code"] == ["1", "2"]
    assert shapes is None
    assert "left out" in layer.notes[0].en
    write_layer(tmp_path / "x.csv", layer)
    assert read_back(tmp_path / "x.csv", kind)[1][1] == round_


def test_a_system_of_another_part_of_the_world_is_refused() -> None:
    with pytest.raises(CoordinateError, match="EPSG:2100"):
        Target("EPSG:2100").place(np.array([None, POINT], dtype=object))
    with pytest.raises(TransferError, match="not a coordinate system"):
        Target("EPSG:0")


def test_an_ending_without_a_format_is_refused() -> None:
    for name in ("x", "x.zip", "x.shp", "x.pdf"):
        with pytest.raises(TransferError, match=r"\.shp\.zip"):
            ending_of(Path(name))


# -- whole or not at all -------------------------------------------------------------------------


class BrokenOffError(Exception):
    pass


def breaking(layer: Outgoing) -> Callable[[], Iterator[Piece]]:
    held = list(layer.pieces())

    def pieces() -> Iterator[Piece]:
        yield from held
        raise BrokenOffError

    return pieces


@pytest.mark.parametrize("ending", WRITERS)
def test_what_breaks_off_leaves_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    layer = outgoing(KINDS["branches"], {"code": ["1"]}, [POINT])
    write_layer(path, layer)
    before = path.read_bytes()
    layer.pieces = breaking(layer)
    with pytest.raises(BrokenOffError):
        write_layer(path, layer)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_folder_that_is_not_there_is_said(tmp_path: Path, ending: str) -> None:
    layer = outgoing(KINDS["branches"], {"code": ["1"]}, [POINT])
    with pytest.raises(TransferError, match="cannot be written"):
        write_layer(tmp_path / "none" / f"x{ending}", layer)


def test_an_empty_layer_has_its_headers(tmp_path: Path) -> None:
    for ending in WRITERS:
        layer = outgoing(KINDS["branches"], {"code": []}, [])
        layer.types = {"Point"}
        write_layer(tmp_path / f"x{ending}", layer)
    assert pa.csv.read_csv(tmp_path / "x.csv").column_names[0] == "编码"
    assert len(pyogrio.read_dataframe(tmp_path / "x.gpkg")) == 0
