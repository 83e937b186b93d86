"""`unlearnkit new-method`: the file of a method that does nothing yet, and its line in the registry."""

from __future__ import annotations

import argparse

from unlearnkit.commands.new import Kind

KIND = Kind(
    "method",
    "METHODS",
    {"image": ("methods/images", "method_image.py.txt"), "text": ("methods/language", "method_text.py.txt")},
    "      methods:\n        ${name}: {method: ${named}}\n",
    """\
- the loss and the settings, in the file, which returns the original until it has a loss; then delete MOVES = False
- where the tests take settings from: experiments/digits_methods.yaml; for text the table EXPECTED of
  tests/methods/language/test_every_text_method_forgets.py
- make schema
- does it keep what every method promises, and does it forget?
      python -m pytest tests/methods/test_conformance.py -k ${name}
      python -m pytest tests/methods -k "every and forgets and ${name}"
- a row in docs/methods.md, and a section on the page of its family (docs/methods-*.md)
""",
    "--task",
)

add_arguments = KIND.add_arguments


def run(options: argparse.Namespace) -> int:
    """Write the file of a new method from a template and, in a clone, add its line to the registry.

    Both are written or neither. Outside of a clone, or with --here, NAME.py is written into this folder alone.
    """
    return KIND.run(options)
