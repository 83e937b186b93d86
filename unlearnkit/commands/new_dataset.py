"""`unlearnkit new-dataset`: the file of a data set of images, which begins with drawn ones, and its line."""

from __future__ import annotations

import argparse

from unlearnkit.commands.new import Kind

KIND = Kind(
    "data set",
    "DATASETS",
    {"image": ("data/images", "dataset.py.txt")},
    "      data: {name: ${named}}\n",
    """\
- what it reads, and from where, in the file; then CONTENT_HASH
- make schema
- does it keep what every data set promises?
      python -m pytest tests/core/test_registry.py tests/core/test_declarations.py
- a row and a section in docs/data.md or, for text, in docs/text-data.md
""",
)

add_arguments = KIND.add_arguments


def run(options: argparse.Namespace) -> int:
    """Write the file of a new data set from a template and, in a clone, add its line to the registry.

    Both are written or neither. Outside of a clone, or with --here, NAME.py is written into this folder alone.
    """
    return KIND.run(options)
