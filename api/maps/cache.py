"""What is kept in memory: least recently used goes first, and one cold tile is made once.

The key holds everything that the value depends on (of a tile: layer, its version, the reader's
scope, the address), so that an entry never becomes wrong: a change makes another key, and the old
entries age out. Tiles are kept compressed, with their tag.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as it is sent: its bytes, mostly as gzip, and their strong entity tag."""

    body: bytes
    etag: str
    is_gzip: bool = True

    def sent(self, gzipped: bool) -> tuple[bytes, str, dict[str, str]]:
        """Return body, tag and extra headers, for a client that takes gzip or does not.

        The two are different representations, so a strong tag must differ.
        """
        if not self.is_gzip:
            return self.body, self.etag, {}
        if gzipped:
            return self.body, self.etag, {"Content-Encoding": "gzip"}
        return gzip.decompress(self.body), f'{self.etag[:-1]}-plain"', {}


def pack(data: bytes, *, compress: bool = True) -> Tile:
    """Compress a tile's bytes, unless they are so already, and name them.

    ``mtime`` is fixed, so that the same tile gives the same bytes and the same tag in every
    worker.
    """
    body = gzip.compress(data, 6, mtime=0) if compress else data
    return Tile(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', compress)


Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A bounded store that lets one thread make what many ask for.

    Parameters
    ----------
    limit_bytes
        The sum of the sizes kept.
    size
        Tells a value's size in bytes.
    """

    def __init__(self, limit_bytes: int, size: Callable[[Value], int]) -> None:
        self.limit_bytes = limit_bytes
        self._size_of = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._size = 0
        self._making: dict[Hashable, Future[Value]] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> tuple[Value, str]:
        """Return the value and how it was come by: ``hit``, ``miss`` or ``shared``.

        Parameters
        ----------
        key
            Everything that the value depends on.
        make
            Makes it. Its error reaches everyone who waits, and is not kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key], "hit"
            waiting = self._making.get(key)
            if waiting is None:
                mine: Future[Value] = Future()
                self._making[key] = mine
        if waiting is not None:
            return waiting.result(), "shared"
        return self._make(key, make, mine), "miss"

    def _make(self, key: Hashable, make: Callable[[], Value], mine: Future[Value]) -> Value:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._keep(key, value)
            del self._making[key]
        mine.set_result(value)
        return value

    def _keep(self, key: Hashable, value: Value) -> None:
        self._kept[key] = value
        self._size += self._size_of(value)
        while self._size > self.limit_bytes and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._size -= self._size_of(oldest)


class TileCache:
    """Finished tiles, as they are sent.

    Parameters
    ----------
    limit_bytes
        The sum of the bodies kept.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._kept: Kept[Tile] = Kept(limit_bytes, lambda tile: len(tile.body))

    def get(
        self, key: Hashable, make: Callable[[], bytes], *, compress: bool = True
    ) -> tuple[Tile, str]:
        """Return the tile and how it was come by: ``hit``, ``miss`` or ``shared``.

        Parameters
        ----------
        key
            Everything that the bytes depend on.
        make
            Makes the bytes. Its error reaches everyone who waits, and is not kept.
        compress
            False for bytes that are compressed already, as those of a PNG.
        """
        return self._kept.get(key, lambda: pack(make(), compress=compress))
