"""What a worker does for one county: check it whole, or look again at what a seam asks for.

Both depend on the county's data alone, so that what a killed worker had in hand is done again by
another with the same result.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from resource import RUSAGE_SELF, getrusage
from typing import TypeVar

import numpy as np
from shapely.geometry.base import BaseGeometry

from api.commands.checking import Asked, examine
from api.counties.sources import County
from geo.counties import Border, Wanted, border_of, outline_of
from geo.errors import GeoError
from geo.measure import WGS84, reproject
from geo.rules import Ruling
from geo.seams import Near, Told, near_seam
from layers.report import make_document
from layers.report.document import Document

Result = TypeVar("Result")


@dataclass(frozen=True)
class Checked:
    """A county's result: its document, its border, what it told of its boundary, its outline.

    ``outline`` is in EPSG:4326, for a map of all. ``ruling`` and ``accepted`` are what its database
    says of rules and exceptions. ``peak_mib`` is the most memory that the worker has had so far.
    """

    document: Document
    border: Border
    told: Told
    outline: BaseGeometry
    ruling: Ruling
    accepted: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Failed:
    """Why a county could not be done, in one line."""

    why: str


def check_one(county: County, asked: Asked) -> Checked | Failed:
    """Read a county, check it, and add up its border."""
    return _told(lambda: _check_one(county, asked))


def _check_one(county: County, asked: Asked) -> Checked:
    started = time.perf_counter()
    data = county.read()
    read_seconds = time.perf_counter() - started
    started = time.perf_counter()
    report = examine(data, asked)
    border = border_of(county.code, data.grids)
    document = make_document(
        report, version=version("wangge"), source=county.source, read_seconds=read_seconds,
        seconds=time.perf_counter() - started, accepted=asked.accepted | data.accepted,
    )  # fmt: skip
    outline = reproject(np.array([outline_of(border)], dtype=object), border.crs, WGS84)[0]
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    return Checked(
        document, border, Told.of(report.findings), outline,
        data.ruling, data.accepted, data.notes, peak,
    )  # fmt: skip


def look_again(county: County, wanted: Wanted) -> Near | Failed:
    """Read a county once more, and keep what it has at the seam."""

    def look() -> Near:
        data = county.read()
        return near_seam(data.grids, wanted, data.households)

    return _told(look)


def _told(work: Callable[[], Result]) -> Result | Failed:
    """Do some work; what is wrong with a county's data is its result, and stops no other."""
    try:
        return work()
    except GeoError as error:
        return Failed(str(error))
    except MemoryError:
        return Failed("There is not enough memory for it.")
    except Exception as error:  # noqa: BLE001 - one county's accident costs no other its result
        return Failed(f"{type(error).__name__}: {error}. Please report this with the file.")
