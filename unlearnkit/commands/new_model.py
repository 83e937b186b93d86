"""`unlearnkit new-model`: the file of a model, which begins with one hidden layer, and its line in the registry."""

from __future__ import annotations

import argparse

from unlearnkit.commands.new import Kind

KIND = Kind(
    "model",
    "MODELS",
    {"image": ("models/images", "model.py.txt")},
    "      model: {name: ${named}}\n",
    """\
- the layers and their size, in the file
- make schema
- does it keep what every model promises?
      python -m pytest tests/models -k ${name}
- a section in docs/models.md
""",
)

add_arguments = KIND.add_arguments


def run(options: argparse.Namespace) -> int:
    """Write the file of a new model from a template and, in a clone, add its line to the registry.

    Both are written or neither. Outside of a clone, or with --here, NAME.py is written into this folder alone.
    """
    return KIND.run(options)
