"""What stands in a masked column: enough to tell rows apart at a glance, and nobody by."""

from collections.abc import Callable, Mapping

from api.people.masking import mask_name, mask_phone

HIDDEN = "***"
KEPT = 3


def mask_address(address: str) -> str:
    """Keep the first three characters: the village's name, as addresses go, and no house.

    Examples
    --------
    >>> mask_address("柳河村 12 号"), mask_address("3 号")
    ('柳河村***', '***')
    """
    return address[:KEPT] + HIDDEN if len(address) > 2 * KEPT else HIDDEN


MASKS: Mapping[str, Callable[[str], str | None]] = {
    "name": mask_name,
    "responsible": mask_name,
    "phone": mask_phone,
    "address": mask_address,
}


def mask(field: str, values: list[object]) -> list[object]:
    """Return a column with its values masked.

    A field without a mask of its own is stars in every row, so that not even an empty one tells
    anything.

    Examples
    --------
    >>> mask("name", ["张三丰", None]), mask("need_tags", [["独居老人"], []])
    (['张**', None], ['***', '***'])
    """
    masked = MASKS.get(field)
    if masked is None:
        return [HIDDEN] * len(values)
    return [None if value is None else masked(str(value)) for value in values]
