"""A legend as a picture: the entries of :func:`layers.legend.legend`, drawn as SVG.

No text is measured (the reader's font is not known here): the width is estimated generously, a
Chinese character for a full em and any other for six tenths.
"""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from layers.style import IMAGES, PALETTE

_ROW, _SWATCH, _TEXT, _MARGIN = 22, 20, 13, 10
_BY_ID = {image.id: image for image in IMAGES}


def legend_svg(legend: dict[str, Any], lang: str = "zh") -> str:
    """Draw a legend.

    Parameters
    ----------
    legend
        What :func:`layers.legend.legend` returned.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    str
        An SVG document that refers to nothing outside itself.
    """
    title = legend["title"][lang]
    about = [line for line in (_about(legend, lang), *_notes(legend, lang)) if line]
    rows = [_words(item, lang) for item in legend["items"]]
    widest = max(map(_width, [title, *about, *rows]))
    width = round(2 * _MARGIN + _SWATCH + 8 + widest)
    height = 2 * _MARGIN + _ROW * (len(rows) + 1 + len(about))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" lang="{"zh-CN" if lang == "zh" else "en"}" '
        f'font-family="\'Noto Sans CJK SC\', system-ui, sans-serif" font-size="{_TEXT}" '
        f'fill="{PALETTE["ink"]}"><title>{escape(title)}</title>',
        f"<defs>{pattern_defs()}</defs>",
        f'<rect width="{width}" height="{height}" fill="{PALETTE["halo"]}"/>',
        f'<text x="{_MARGIN}" y="{_MARGIN + 15}" font-weight="600">{escape(title)}</text>',
    ]
    for place, (item, words) in enumerate(zip(legend["items"], rows, strict=True), 1):
        y = _MARGIN + _ROW * place
        parts.append(f'<g transform="translate({_MARGIN} {y})">{_symbol(item["symbol"])}</g>')
        parts.append(f'<text x="{_MARGIN + _SWATCH + 8}" y="{y + 15}">{escape(words)}</text>')
    for place, line in enumerate(about, len(rows) + 1):
        y = _MARGIN + _ROW * place + 15
        parts.append(f'<text x="{_MARGIN}" y="{y}">{escape(line)}</text>')
    return "".join([*parts, "</svg>"])


def _about(legend: dict[str, Any], lang: str) -> str:
    """Say how many there are in all, and of which day."""
    if legend["n"] is None:
        return ""
    date = f" · {legend['date'][:10]}" if legend["date"] else ""
    return f"n = {legend['n']:,} {legend['unit'][lang]}{date}"


def _notes(legend: dict[str, Any], lang: str) -> list[str]:
    return [note[lang] for note in legend.get("notes", ())]


def _words(item: dict[str, Any], lang: str) -> str:
    count = "" if item["n"] is None else f"  {item['n']:,}"
    return f"{item['label'][lang]}{count}"


def _width(text: str) -> float:
    return sum(_TEXT if ord(letter) > 0x2E80 else 0.6 * _TEXT for letter in text)


def symbol_paths(name: str) -> str:
    """Return a symbol of :data:`layers.style.IMAGES` as SVG paths, on its own square."""
    return "".join(
        f'<path d={quoteattr(path.d)} fill="{path.fill or "none"}" '
        f'stroke="{path.stroke or "none"}" stroke-width="{path.width}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
        for path in _BY_ID[name].paths
    )


def pattern_defs() -> str:
    """Return the hatches of :data:`layers.style.IMAGES` as SVG patterns, each with its own id."""
    return "".join(
        f'<pattern id="{image.id}" width="{image.size}" height="{image.size}" '
        f'patternUnits="userSpaceOnUse">{symbol_paths(image.id)}</pattern>'
        for image in IMAGES
        if image.repeats
    )


def _symbol(symbol: dict[str, Any]) -> str:
    color, box = symbol["color"], f'y="3" width="{_SWATCH}" height="14"'
    match symbol["shape"]:
        case "pattern":
            return f'<rect {box} fill="url(#{symbol["image"]})" stroke="{color}"/>'
        case "marker":
            scale = 18 / _BY_ID[symbol["image"]].size
            faint = f' opacity="{symbol["opacity"]}"' if "opacity" in symbol else ""
            return f'<g transform="scale({scale:g})"{faint}>{symbol_paths(symbol["image"])}</g>'
        case "circle":
            edge = symbol.get("outline", "none")
            middle = f'cx="{_SWATCH / 2}" cy="10" r="6"'
            return f'<circle {middle} fill="{color}" stroke="{edge}" stroke-width="1.5"/>'
        case "line":
            return _line(symbol)
        case _:
            edge = symbol.get("outline", color)
            ground = PALETTE["ground"]
            # What is transparent on the map lies on the map's ground here too.
            return (
                f'<rect {box} fill="{ground}"/><rect {box} fill="{color}" '
                f'fill-opacity="{symbol.get("opacity", 1)}" stroke="{edge}"/>'
            )


def _line(symbol: dict[str, Any]) -> str:
    width = float(symbol.get("width", 2.0))
    dash = ",".join(str(width * part) for part in symbol.get("dash", ()))
    across = f'd="M0 10H{_SWATCH}"'
    casing = symbol.get("casing")
    under = f'<path {across} stroke="{casing}" stroke-width="{width + 2}"/>' if casing else ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'{under}<path {across} stroke="{symbol["color"]}" stroke-width="{width}"{dashed}/>'
