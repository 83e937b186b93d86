"""The reference, made of the code whenever the site is built: docs/reference/, which git ignores."""

from __future__ import annotations

from pathlib import Path

import command_pages
import plug_in_pages
import python_pages
import setting_pages
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}


def write(app: Sphinx) -> None:
    """Write all pages; one that is as it was is left, so that Sphinx does not read it again."""
    folder = Path(app.srcdir) / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    pages = command_pages.pages() | setting_pages.pages() | plug_in_pages.pages() | python_pages.pages()
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
