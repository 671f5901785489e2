"""Tiles kept in memory: least recently used go first, and one cold tile is made once.

The key holds everything that the bytes depend on (layer, its version, the reader's scope, the
tile), so that an entry never becomes wrong: a change makes another key, and the old entries age
out. Tiles are kept compressed, with their tag.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass


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


class TileCache:
    """A bounded cache that lets one thread make what many ask for.

    Parameters
    ----------
    limit_bytes
        The sum of the bodies kept.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Tile] = OrderedDict()
        self._size = 0
        self._making: dict[Hashable, Future[Tile]] = {}

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
        with self._lock:
            tile = self._kept.get(key)
            if tile is not None:
                self._kept.move_to_end(key)
                return tile, "hit"
            waiting = self._making.get(key)
            if waiting is None:
                mine: Future[Tile] = Future()
                self._making[key] = mine
        if waiting is not None:
            return waiting.result(), "shared"
        return self._make(key, lambda: pack(make(), compress=compress), mine), "miss"

    def _make(self, key: Hashable, make: Callable[[], Tile], mine: Future[Tile]) -> Tile:
        try:
            tile = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._keep(key, tile)
            del self._making[key]
        mine.set_result(tile)
        return tile

    def _keep(self, key: Hashable, tile: Tile) -> None:
        self._kept[key] = tile
        self._size += len(tile.body)
        while self._size > self.limit_bytes and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.body)
