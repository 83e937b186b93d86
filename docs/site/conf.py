"""How Sphinx makes a site of the pages: `make docs`, then docs/_build/index.html.

The pages stay plain Markdown, as a forge shows it. What only the site needs is made here: the order of the pages, of
docs/index.md (`reading_order`), and the reference, of the code (`reference`).
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from unlearnkit import __version__ as release  # noqa: E402

project = "unlearnkit"
author = "The unlearnkit authors"
project_copyright = f"{author}, MIT licence"
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "reading_order", "reference"]

# pages link to each other and to files of the repository by relative paths: the repository is the source folder
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**", "benchmarks/results/**"]
exclude_patterns = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in ("docs", "benchmarks")]
exclude_patterns += ["docs/_build", "docs/captions", "docs/site"]

myst_heading_anchors = 4
smartquotes = False  # `--json` is no dash
suppress_warnings = ["myst.header"]  # tables that a run made begin at the third level

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
default_role = "literal"  # docstrings have single backticks
add_module_names = False

html_theme = "furo"
html_title = f"unlearnkit {release}"
html_show_sourcelink = False
html_copy_source = False
templates_path = ["redirect"]
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_additional_pages = {"index": "first.html"}
