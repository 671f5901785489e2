"""ZIP files from outside: bombs, lies, paths and passwords are refused before they are opened."""

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.county_files import (
    Check,
    feature,
    geojson,
    refused,
    square,
    villages,
    write,
)

A, B = feature("a", square(0)), feature("b", square(1))


def pack(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return path


def test_a_zip_with_several_layers(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, wrong in (("north", False), ("south", True)):
            frame = villages().assign(编码=["a", "a" if wrong else "b"])
            frame.to_file(tmp_path / f"{name}.shp")
            for part in tmp_path.glob(f"{name}.*"):
                archive.write(part, f"layers/{part.name}")
    refused(check(path), "both.zip", "2 layers", "--layer", "north, south")
    assert check(path, "--layer", "north").findings == []
    assert check(path, "--layer", "south").only("G003")
    refused(check(path, "--layer", "west"), "both.zip", "north, south")


def test_a_zip_without_a_layer(check: Check, tmp_path: Path) -> None:
    refused(check(pack(tmp_path / "x.zip", readme__txt=b"hello")), "x.zip", "no layer", "Shapefile")


@pytest.mark.parametrize(
    "name", ["../grids.geojson", "/etc/grids.geojson", "a/../../b.geojson", "..\\b.geojson",
             "C:\\grids.geojson"]
)  # fmt: skip
def test_a_zip_that_names_a_path_outside(check: Check, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    path = folder / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), geojson(tmp_path / "g.geojson", A).read_bytes())
    refused(check(path), "evil.zip", "outside of itself", "Pack it again")
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["evil.zip", "g.geojson"]


def test_a_zip_bomb_by_its_ratio(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        block = bytes(10_000_000)
        with archive.open("grids.geojson", "w") as entry:
            for _ in range(25):
                entry.write(block)
    refused(check(path), "bomb.zip", "250 MB", "times its size")


def test_a_zip_that_unpacks_to_too_much(
    check: Check, tmp_path: Path, limits: Callable[..., None]
) -> None:
    limits(WANGGE_MAX_UNZIPPED_MB="1")
    path = pack(tmp_path / "big.zip", grids__geojson=os.urandom(1_500_000))
    refused(check(path), "big.zip", "would unpack to 2 MB", "WANGGE_MAX_UNZIPPED_MB")


def test_a_zip_that_lies_about_its_size(check: Check, tmp_path: Path) -> None:
    whole = geojson(tmp_path / "g.geojson", *[feature(str(n), square(n)) for n in range(200)])
    path = pack(tmp_path / "lie.zip", grids__geojson=whole.read_bytes())
    data = path.read_bytes()
    size = struct.pack("<I", whole.stat().st_size)
    assert data.count(size) == 2
    write(path, data.replace(size, struct.pack("<I", 100)))
    refused(check(path), "lie.zip", "broken", "Pack it again")


def test_an_archive_within_an_archive_and_an_encrypted_one(check: Check, tmp_path: Path) -> None:
    inner = pack(tmp_path / "inner.zip", g__geojson=b"{}").read_bytes()
    refused(check(pack(tmp_path / "outer.zip", inner__zip=inner)), "outer.zip", "inner.zip")
    path = pack(tmp_path / "locked.zip", g__geojson=b"{}")
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    refused(check(write(path, bytes(data))), "locked.zip", "without a password")


def test_a_zip_whose_bytes_are_damaged(check: Check, tmp_path: Path) -> None:
    whole = geojson(tmp_path / "g.geojson", *[feature(str(n), square(n)) for n in range(50)])
    path = pack(tmp_path / "hurt.zip", grids__geojson=whole.read_bytes())
    data = bytearray(path.read_bytes())
    data[80:120] = bytes(40)
    refused(check(write(path, bytes(data))), "hurt.zip", "broken", "Pack it again")
