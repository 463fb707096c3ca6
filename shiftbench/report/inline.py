"""Figures of matplotlib as SVG text inside a page."""

import hashlib
import io
import re
from collections.abc import Callable
from xml.etree import ElementTree

from matplotlib.figure import Figure

PLACES = ("d", "x", "y", "width", "height")
DECIMALS = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
"""Numbers finer than a hundredth of a point, which only make a page heavy."""


def svg(figure: Figure) -> str:
    """SVG text of a figure, the same bytes at every call."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def inline(svg: str, alt: str) -> str:
    """SVG for an HTML page: no outside names, ids only where referenced and unique to the figure, with `alt`."""
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("metadata", "style")):
                parent.remove(child)
    mark = "f" + hashlib.blake2b(svg.encode(), digest_size=4).hexdigest()
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", svg))
    names = {name: f"{mark}-{turn}" for turn, name in enumerate(sorted({a or b for a, b in used}))}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text, element.tail = (element.text or "").strip() or None, None
        element.attrib = _attributes(element.attrib, names)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": alt}
    return ElementTree.tostring(root, encoding="unicode")


def _attributes(found: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    point: Callable[[re.Match[str]], str] = lambda match: f"url(#{names[match[1]]})"  # noqa: E731
    kept = {}
    for name, value in found.items():
        key = name.rpartition("}")[2]
        if key == "id":
            if value in names:
                kept[key] = names[value]
        elif key == "href":
            kept[key] = "#" + names[value[1:]]
        elif key in PLACES:
            kept[key] = DECIMALS.sub(lambda match: f"{float(match[0]):.2f}", value)
        elif key == "style":
            kept[key] = re.sub(r"(font: [^;']*)'[^;]*", r"\1sans-serif", re.sub(r"url\(#([^)]+)\)", point, value))
        else:
            kept[key] = re.sub(r"url\(#([^)]+)\)", point, value)
    return kept
