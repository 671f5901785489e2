"""Work in threads: GEOS and NumPy let the interpreter go, so what they do in bulk is shared out.

The results are those of one thread, bit for bit: only what stands by itself is done at once.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")

# As many as the cores of the machines that it is measured on.
THREADS = 2
# Fewer elements are done sooner than a thread begins.
LEAST = 256


def at_once(work: Callable[[Part], object], parts: Iterable[Part]) -> None:
    """Do independent pieces of work, some at the same time; the first error is raised."""
    listed = list(parts)
    if len(listed) < 2:
        for part in listed:
            work(part)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(work, listed):
            pass


def together(*works: Callable[[], Any]) -> list[Any]:
    """Do several things at the same time; return what each returned, or raise the first error."""
    with ThreadPoolExecutor(THREADS) as pool:
        return [begun.result() for begun in [pool.submit(work) for work in works]]


def by_element(work: Callable[..., NDArray[Any]], *arrays: NDArray[Any]) -> NDArray[Any]:
    """Apply a function of arrays, element by element.

    Parameters
    ----------
    work
        Gives an array as long as those that it is given; each element depends on theirs alone.
    arrays
        As long as one another.

    Returns
    -------
    numpy.ndarray
        As ``work(*arrays)`` returns.
    """
    count = len(arrays[0])
    if count < LEAST:
        return work(*arrays)
    # In several parts each, for elements do not cost alike.
    cuts = np.linspace(0, count, 4 * THREADS + 1).astype(int).tolist()
    parts = [slice(*cut) for cut in pairwise(cuts)]
    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(lambda part: work(*(a[part] for a in arrays)), parts)))
