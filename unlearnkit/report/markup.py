"""How pages become text: templates, what is part of every page, and what is put into them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from unlearnkit.report.numbers import duration, number


def templates() -> Environment:
    """Return the templates of pages, which escape every text."""
    loader = PackageLoader("unlearnkit.report", "templates")
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.filters |= {"number": number, "duration": duration, "setting": setting, "coded": coded}
    found.tests["contains"] = lambda whole, part: part in whole
    return found


def part(name: str) -> str:
    """Return the text of a file that is part of every page: its style or its script."""
    return resources.files("unlearnkit.report").joinpath("templates", name).read_text("utf-8")


def policy(script: str) -> str:
    """Return the content security policy of the page: nothing is loaded, and no script runs but the page's own."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def setting(value: Any) -> str:
    """Return a setting as text: nested mappings and lists in one line, None and truth values as in YAML."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {setting(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(setting, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def coded(text: str) -> Markup:
    """Return a paragraph of a docstring as HTML: escaped, with what is between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def inline(svg: str, prefix: str, alt: str) -> Markup:
    """Return an <svg> element for use inside HTML: scaled by its frame, its ids unique on the page, described by `alt`.

    `svg` has passed report.passive.require_passive.
    """
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r'( id="|url\(#|xlink:href="#)', rf"\g<1>{prefix}-", svg)
    return Markup(svg).replace(Markup("<svg "), Markup('<svg role="img" aria-label="{}" ').format(alt), 1)
