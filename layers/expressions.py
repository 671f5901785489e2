"""MapLibre's style expressions, evaluated here: a picture then follows the live map's own style.

The part of the language that our styles speak: values of a feature, the zoom, choices,
comparisons, steps and interpolation of numbers. Anything else is refused, never guessed.

References
----------
MapLibre Style Specification, https://maplibre.org/maplibre-style-spec/expressions/
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# A MapLibre expression is plain JSON.
Json = Any


class UnknownExpressionError(ValueError):
    """A style says something that is not understood here."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an expression is evaluated on: the zoom, and one feature.

    ``kind`` is its geometry's type (``Point``, ``LineString`` or ``Polygon``), ``row`` its values.
    """

    zoom: float
    kind: str
    row: Mapping[str, Any]


def evaluate(expression: Json, at: Place) -> Any:  # noqa: ANN401 - of any JSON type
    """Return the value of an expression; what is no expression is its own value.

    Examples
    --------
    >>> at = Place(10.0, "Point", {"n": 9, "level": "town"})
    >>> evaluate(["interpolate", ["linear"], ["zoom"], 8, 1.0, 12, 3.0], at)
    2.0
    >>> evaluate(["match", ["get", "level"], ["town", "county"], "wide", "narrow"], at)
    'wide'

    Raises
    ------
    UnknownExpressionError
        If the operator is not one of those above.
    """
    if not isinstance(expression, Sequence) or isinstance(expression, str):
        return expression
    if not expression or not isinstance(expression[0], str):
        return expression
    work = _OPERATORS.get(expression[0])
    if work is None:
        raise UnknownExpressionError(f"{expression[0]!r} in a style is not understood here.")
    return work(expression[1:], at)


def questions(expression: Json) -> Iterator[tuple[str, str]]:
    """Name what an expression asks of a feature: ``get`` or ``has``, and of which value."""
    if isinstance(expression, Mapping):
        for part in expression.values():
            yield from questions(part)
    elif isinstance(expression, Sequence) and not isinstance(expression, str) and expression:
        if expression[0] in ("get", "has"):
            yield str(expression[0]), str(expression[1])
        elif expression[0] != "literal":
            for part in expression[1:]:
                yield from questions(part)


def interpolated(stops: Sequence[tuple[float, float]], value: float, base: float = 1.0) -> float:
    """Return the number between two stops; beyond the outermost, theirs.

    Parameters
    ----------
    stops
        Input and output, with rising inputs.
    value
        The input.
    base
        How the output grows: 1 is linear, more is steeper towards the upper stop.

    Examples
    --------
    >>> interpolated([(8, 1.0), (12, 3.0)], 7), interpolated([(8, 1.0), (12, 3.0)], 11)
    (1.0, 2.5)
    """
    if value <= stops[0][0]:
        return stops[0][1]
    for (low, least), (high, most) in pairwise(stops):
        if value < high:
            span, done = high - low, value - low
            share = done / span if base == 1 else (base**done - 1) / (base**span - 1)
            return least + (most - least) * share
    return stops[-1][1]


Arguments = Sequence[Json]


def _interpolate(arguments: Arguments, at: Place) -> float:
    (curve, *rest), source, *stops = arguments
    if curve not in ("linear", "exponential"):
        raise UnknownExpressionError(f"Interpolation by {curve!r} is not understood here.")
    pairs = [(float(i), float(evaluate(o, at))) for i, o in zip(stops[::2], stops[1::2],
                                                               strict=True)]  # fmt: skip
    return interpolated(pairs, float(evaluate(source, at)), *map(float, rest))


def _step(arguments: Arguments, at: Place) -> Json:
    source, chosen, *stops = arguments
    value = evaluate(source, at)
    for least, output in zip(stops[::2], stops[1::2], strict=True):
        if value >= least:
            chosen = output
    return evaluate(chosen, at)


def _match(arguments: Arguments, at: Place) -> Json:
    source, *pairs, default = arguments
    value = evaluate(source, at)
    for wanted, output in zip(pairs[::2], pairs[1::2], strict=True):
        if value in (wanted if isinstance(wanted, list | tuple) else [wanted]):
            return evaluate(output, at)
    return evaluate(default, at)


def _case(arguments: Arguments, at: Place) -> Json:
    *pairs, default = arguments
    for test, output in zip(pairs[::2], pairs[1::2], strict=True):
        if evaluate(test, at):
            return evaluate(output, at)
    return evaluate(default, at)


def _coalesce(arguments: Arguments, at: Place) -> Json:
    values = (evaluate(each, at) for each in arguments)
    return next((value for value in values if value is not None), None)


def _in(arguments: Arguments, at: Place) -> bool:
    wanted, among = (evaluate(each, at) for each in arguments)
    return among is not None and wanted in among


def _text(value: Json) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _plain(work: Callable[..., Json]) -> Callable[[Arguments, Place], Json]:
    """Make an operator of a function of its arguments' values."""
    return lambda arguments, at: work(*(evaluate(each, at) for each in arguments))


_OPERATORS: Mapping[str, Callable[[Arguments, Place], Json]] = {
    "get": lambda arguments, at: at.row.get(arguments[0]),
    "has": lambda arguments, at: at.row.get(arguments[0]) is not None,
    "zoom": lambda arguments, at: at.zoom,
    "geometry-type": lambda arguments, at: at.kind,
    "literal": lambda arguments, at: arguments[0],
    "interpolate": _interpolate,
    "step": _step,
    "match": _match,
    "case": _case,
    "coalesce": _coalesce,
    "in": _in,
    "all": lambda arguments, at: all(evaluate(each, at) for each in arguments),
    "any": lambda arguments, at: any(evaluate(each, at) for each in arguments),
    "!": _plain(lambda value: not value),
    "==": _plain(lambda one, other: one == other),
    "!=": _plain(lambda one, other: one != other),
    "<": _plain(lambda one, other: one < other),
    "<=": _plain(lambda one, other: one <= other),
    ">": _plain(lambda one, other: one > other),
    ">=": _plain(lambda one, other: one >= other),
    "+": _plain(lambda *values: sum(values)),
    "-": _plain(lambda one, *other: one - other[0] if other else -one),
    "*": _plain(lambda *values: math.prod(values)),
    "/": _plain(lambda one, other: one / other),
    "min": _plain(min),
    "max": _plain(max),
    "sqrt": _plain(math.sqrt),
    "to-string": _plain(_text),
    "concat": _plain(lambda *values: "".join(map(_text, values))),
}  # fmt: skip
