"""SVG documents of ours as the pages of one PDF: vector, with the letters that they use.

As for pictures (:mod:`layers.svg_png`), what a document refers to outside of itself is refused.
"""

import io
from collections.abc import Iterable
from typing import Any

from cairosvg.parser import Tree
from cairosvg.surface import PDFSurface
from cairosvg.surface import cairo as binding

from layers.svg_png import only_inside

DPI = 96


def svg_pdf(pages: Iterable[str], *, title: str, created: str) -> bytes:
    """Draw documents as pages, each as large as it says, at 96 pixels an inch.

    Parameters
    ----------
    pages
        At least one document, with width and height. A page is let go once it is drawn.
    title
        What a reader's window shows.
    created
        The moment, RFC 3339.

    Returns
    -------
    bytes
        A PDF.

    Raises
    ------
    OutsideReferenceError
        If a document refers to a file or an address.
    """
    sink = io.BytesIO()
    paper = binding.PDFSurface(sink, 1, 1)
    paper.set_metadata(binding.PDF_METADATA_TITLE, title)
    paper.set_metadata(binding.PDF_METADATA_CREATE_DATE, created)

    class Page(PDFSurface):  # type: ignore[misc] # CairoSVG says no types
        """One page of the common paper, instead of a paper of its own."""

        def _create_surface(self, width: float, height: float) -> tuple[Any, float, float]:
            paper.set_size(width, height)
            return paper, width, height

        def finish(self) -> None:
            paper.show_page()

    for page in pages:
        tree = Tree(bytestring=page.encode(), url_fetcher=only_inside)
        Page(tree, None, DPI).finish()
    paper.finish()
    return sink.getvalue()
