"""An SVG document of ours as a PNG, for where SVG is not shown.

CairoSVG asks for nothing outside the document: what a document refers to is refused, unless it
stands in the reference itself.
"""

from typing import Any

from cairosvg.surface import PNGSurface
from cairosvg.surface import cairo as binding
from cairosvg.url import fetch


class OutsideReferenceError(ValueError):
    """A document refers to something outside itself."""


def only_inside(url: str, resource_type: str) -> bytes:
    """Fetch what stands in a reference itself, and refuse the rest."""
    if url.startswith("data:"):
        return bytes(fetch(url, resource_type))
    raise OutsideReferenceError(f"{resource_type} {url[:200]} is outside the document.")


class _Unhinted(binding.Context):  # type: ignore[misc] # CairoSVG says no types
    """Letters as the font has them.

    Cairo keeps a face as whoever drew it first in a process had it: after a PDF, whose letters
    are never hinted, those of a picture would not be either, and no two runs the same.
    """

    def set_font_options(self, font_options: Any) -> None:  # noqa: ANN401
        font_options.set_hint_style(binding.HINT_STYLE_NONE)
        super().set_font_options(font_options)


class _Picture(PNGSurface):  # type: ignore[misc] # CairoSVG says no types
    context: Any

    def set_context_size(self, *sizes: Any) -> None:  # noqa: ANN401
        if not isinstance(self.context, _Unhinted):  # once, and not for an image within
            self.context = _Unhinted(self.cairo)
        super().set_context_size(*sizes)


def svg_png(svg: str, *, scale: float = 1.0, side: int | None = None) -> bytes:
    """Draw a document.

    Parameters
    ----------
    svg
        The document, with its width and height. A family of fonts that has the letters stands
        first: no other is tried for what it lacks.
    scale
        Pixels of the picture for one of the document.
    side
        The picture's width and height in pixels, instead of a scale, for a square that must be
        whole pixels.

    Returns
    -------
    bytes
        A PNG, transparent where nothing is drawn.

    Raises
    ------
    OutsideReferenceError
        If the document refers to a file or an address.
    """
    size = {} if side is None else {"output_width": side, "output_height": side}
    return bytes(_Picture.convert(svg.encode(), scale=scale, url_fetcher=only_inside, **size))
