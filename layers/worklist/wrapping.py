"""Text broken into lines, where the reader's font is not known: widths are estimated generously."""

import unicodedata
from collections.abc import Iterator

THIN = " .,:;'il·"


def ems(text: str) -> float:
    """Estimate how wide text is: a Chinese character an em, any other six tenths, or a third.

    Examples
    --------
    >>> ems("网格"), round(ems("ab 1"), 2)
    (2.0, 2.15)
    """
    return sum(1.0 if _is_wide(sign) else 0.35 if sign in THIN else 0.6 for sign in text)


def wrap(text: str, width: float) -> list[str]:
    """Break text into lines no wider than ``width`` ems: between words, or Chinese characters.

    A mark that ends something does not begin a line; a word wider than a line is cut.

    Examples
    --------
    >>> wrap("柳河村有空白，涉及三户", 7)
    ['柳河村有空白，', '涉及三户']
    >>> wrap("two grids overlap", 7)
    ['two grids', 'overlap']
    """
    lines, line = [], ""
    for piece in _pieces(text):
        if line and ems(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
            piece = piece.lstrip()
        while ems(piece) > width and len(piece) > 1:
            cut = next(n for n in range(1, len(piece) + 1) if ems(piece[: n + 1]) > width)
            lines.append(piece[:cut])
            piece = piece[cut:]
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str) -> Iterator[str]:
    """Yield what is not broken: a word with the space after it, a character with its marks."""
    piece = ""
    for sign in text:
        closes = unicodedata.category(sign) in ("Po", "Pe", "Pf")
        opens = bool(piece) and unicodedata.category(piece[-1]) in ("Ps", "Pi")
        ends = bool(piece) and (piece[-1] == " " or _is_wide(sign) or _is_wide(piece[-1]))
        if ends and not closes and not opens:
            yield piece
            piece = ""
        piece += sign
    if piece:
        yield piece


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"
