"""One cold tile is made once, an error is not kept, and the cache stays within its bound."""

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.maps.cache import TileCache, pack


def test_fifty_at_once_make_one_tile() -> None:
    cache, calls, gate = TileCache(), [], threading.Event()

    def make() -> bytes:
        calls.append(1)
        gate.wait(5)
        return b"tile"

    with ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(cache.get, "key", make) for _ in range(50)]
        gate.set()
        answers = [future.result() for future in waiting]
    assert len(calls) == 1
    assert {gzip.decompress(tile.body) for tile, _ in answers} == {b"tile"}
    assert [how for _, how in answers].count("miss") == 1


def test_an_error_reaches_the_asker_and_is_not_kept() -> None:
    cache = TileCache()

    def fail() -> bytes:
        raise ValueError("cold")

    with pytest.raises(ValueError, match="cold"):
        cache.get("key", fail)
    assert cache.get("key", lambda: b"warm")[1] == "miss"
    assert cache.get("key", fail)[1] == "hit"


def test_the_least_recently_used_goes_first() -> None:
    size = len(pack(b"a" * 10).body)
    cache = TileCache(limit_bytes=2 * size)
    for key in ("one", "two"):
        cache.get(key, lambda: b"a" * 10)
    cache.get("one", lambda: b"")
    cache.get("three", lambda: b"a" * 10)
    assert cache.get("one", lambda: b"")[1] == "hit"
    assert cache.get("two", lambda: b"a" * 10)[1] == "miss"


def test_a_tile_larger_than_the_cache_is_served_and_dropped() -> None:
    cache = TileCache(limit_bytes=1)
    assert gzip.decompress(cache.get("key", lambda: b"large")[0].body) == b"large"
    assert cache.get("key", lambda: b"large")[1] == "miss"


def test_the_same_bytes_have_the_same_tag() -> None:
    assert pack(b"one").etag == pack(b"one").etag != pack(b"two").etag
