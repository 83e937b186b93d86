"""Figures on the page: an <svg> element is embedded only if it is passive, without scripts, links or external content.

Figures are files, and files may come from elsewhere. Only what matplotlib writes is allowed in one.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from unlearnkit.errors import ArtifactError

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = ("href", "{http://www.w3.org/1999/xlink}href")
ELEMENTS = {
    *("svg", "defs", "style", "g", "title", "text", "tspan", "use", "image"),
    *("path", "rect", "circle", "clipPath", "pattern"),
}
ATTRIBUTES = {
    *("id", "class", "type", "style", "fill", "transform", "clip-path", "clip-rule", "version", "viewBox"),
    *("d", "x", "y", "width", "height", "rx", "ry", "cx", "cy", "r", "preserveAspectRatio", "patternUnits"),
}


def require_passive(svg: str, name: str) -> str:
    """Return `svg`; raises ArtifactError, naming the figure, if it holds more than shapes and text.

    Any comment, declaration or entity is refused, since HTML and XML disagree about where they end.
    """
    if (problem := _problem(svg)) is None:
        return svg
    raise ArtifactError(
        f"the figure {name} {problem}",
        expected="an SVG of shapes and text, as rule figures writes it",
        remedy="delete it and run the same snakemake command again",
    )


def _problem(svg: str) -> str | None:
    if not svg.startswith("<svg ") or re.search(r"<[!?]", svg):
        return "is not a plain <svg> element"
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        return f"is not well-formed ({error})"
    for element in root.iter():
        tag = element.tag.removeprefix(_SVG)
        if tag not in ELEMENTS:
            return f"holds the element <{tag}>"
        for key, value in element.attrib.items():
            if key in _HREF and not re.match(r"#|data:image/png;base64,", value):
                return f"refers to '{value}'"
            if key not in (*_HREF, *ATTRIBUTES):
                return f"holds the attribute {key}"
            if key != "d" and _loads(value):
                return f"loads something by {key}"
        if tag == "style" and (len(element) or _loads("".join(element.itertext()))):
            return "loads something by <style>"
    return None


def _loads(css: str) -> bool:
    # a backslash could spell url( in another way
    return re.search(r"url\((?!#)|@|\\", css, re.IGNORECASE) is not None
