"""Tables of counts that single out nobody: which cells must be left blank, and which beside them.

A count of 1 to k-1 is blank (**primary**). If it alone were, anyone could have it back by
subtracting the others from their total; so in each group whose total can be known, at least two
cells are blank, and together they hold at least k (**complementary**). Totals are cells of the
group above, so the rule runs from the top of a tree down: where a total is blank for its
neighbours' sake, at least one part of it is too, or its parts would add up to it.

Known limits: one table is protected, with all its totals. Who asks for many tables whose cells
overlap (each month of each village, say) may still narrow a blank down; against that helps only
noise, or asking less.

References
----------
Hundepool, A. et al. (2012), *Statistical Disclosure Control*, doi:10.1002/9781118348239, chapter 4.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def blank_cells(counts: Mapping[Key, int], above: Mapping[Key, Key | None], k: int) -> set[Key]:
    """Return which cells of a tree of counts must be left blank.

    Parameters
    ----------
    counts
        Every cell's count, ≥ 0. A cell's parts add up to it.
    above
        The cell that each is a part of; null for the uppermost.
    k
        The least count that may be told, ≥ 1. Nothing at all (0) may be told as well.

    Returns
    -------
    set
        Of keys.

    Examples
    --------
    >>> counts = {"town": 60, "a": 40, "b": 4, "c": 16}
    >>> sorted(blank_cells(counts, {"town": None, "a": "town", "b": "town", "c": "town"}, 10))
    ['b', 'c']
    """
    parts: defaultdict[Key, list[Key]] = defaultdict(list)
    todo = []
    for key in counts:
        over = above[key]
        if over is None:
            todo.append(key)
        else:
            parts[over].append(key)
    blank = {key for key in todo if 0 < counts[key] < k}
    while todo:
        key = todo.pop()
        blank |= _in_group(counts, parts[key], k, is_total_blank=key in blank)
        todo += parts[key]
    return blank


def _in_group(
    counts: Mapping[Key, int], group: Collection[Key], k: int, *, is_total_blank: bool
) -> set[Key]:
    blank = {key for key in group if 0 < counts[key] < k}
    if not blank and not is_total_blank:
        return blank
    # The smallest first: it costs the table least. Of equals the first, so that it is always him.
    others = sorted((key for key in group if counts[key] >= k), key=lambda key: counts[key])
    for key in others:
        if len(blank) >= 2 and sum(counts[each] for each in blank) >= k:
            break
        blank.add(key)
    return blank
