"""The pages as the site has them: in the order of docs/index.md, with what is hidden on a forge.

`<!-- site: ... -->` in a page is text of the site alone, such as links to pages that are made of the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

INDEX = "docs/index"
_OF_THE_SITE = re.compile(r"<!-- site:\s*(.*?)\s*-->", re.DOTALL)
_ENTRY = re.compile(r"^\s*- \[([^\]]+)\]\(([^)#]+)\.md\)", re.MULTILINE)
_ORPHAN = "---\norphan: true\n---\n\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", as_on_the_site)
    app.connect("doctree-read", without_links_to_folders)
    return {"parallel_read_safe": True}


def as_on_the_site(app: Sphinx, page: str, source: list[str]) -> None:
    """Change the text of a page to what the site shows."""
    text = _OF_THE_SITE.sub(r"\1", source[0])
    folders = Path(page).parts[:-1]
    if page == INDEX:
        text += "".join(toctrees(text))
    elif len(folders) == 2 and folders[1] != "reference":
        text = _ORPHAN + (text if text.startswith("# ") else _title(app, page) + text)
    source[0] = text


def _title(app: Sphinx, page: str) -> str:
    """Return a heading for a table, which has none as a run made it, and a link to the page that explains it."""
    folder, name = Path(page).parts[-2:]
    explained = f"[{folder}.md](../{folder}.md) explains it.\n\n"
    return f"# {name}: a file of the run\n\n{explained if Path(app.srcdir, 'docs', f'{folder}.md').is_file() else ''}"


def toctrees(index: str) -> Iterator[str]:
    """Yield, for every section of the index, the pages that its list begins with, as navigation.

    A page that no list names is a warning of Sphinx, which fails the build.
    """
    for section in index.split("\n## ")[1:]:
        caption = section.partition("\n")[0]
        entries = "\n".join(f"{name} <{target}>" for name, target in _ENTRY.findall(section))
        if entries:
            yield f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def without_links_to_folders(app: Sphinx, tree: nodes.document) -> None:
    """Make links to folders of the repository, which a forge lists and a site cannot, their text."""
    here = Path(app.env.doc2path(app.env.docname)).parent
    for link in list(tree.findall(pending_xref)):
        if link["reftype"] == "myst" and (here / link["reftarget"]).is_dir():
            link.replace_self(link.children)
