"""`unlearnkit new-attack`: the file of an attack that changes little yet, and its line in the registry."""

from __future__ import annotations

import argparse

from unlearnkit.commands.new import Kind

KIND = Kind(
    "attack",
    "ATTACKS",
    {
        "image": ("attacks/images", "attack_image.py.txt"),
        "text": ("attacks/language", "attack_text.py.txt"),
        "prompts": ("attacks/language", "attack_prompts.py.txt"),
    },
    "      attacks:\n        my_${name}: {attack: ${named}}\n",
    """\
- what it does to a model, or to questions, and its settings, in the file
- make schema
- a test of what it changes and what it leaves, beside those in tests/attacks
- a row in docs/durability.md and docs/configuration.md
""",
    "--on",
)

add_arguments = KIND.add_arguments


def run(options: argparse.Namespace) -> int:
    """Write the file of a new attack from a template and, in a clone, add its line to the registry.

    Both are written or neither. Outside of a clone, or with --here, NAME.py is written into this folder alone.
    """
    return KIND.run(options)
