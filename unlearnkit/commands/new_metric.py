"""`unlearnkit new-metric`: the file of a metric, which begins as the mean margin, and its line in the registry."""

from __future__ import annotations

import argparse

from unlearnkit.commands.new import Kind

KIND = Kind(
    "metric",
    "METRICS",
    {room: (f"metrics/{room}", "metric.py.txt") for room in ("distribution", "attacks", "utility")},
    "      metrics:\n        ${name}: {}\n",
    """\
- the formula, in the file; it begins as the mean margin
- make schema
- a test of values worked out by hand, beside those in tests/metrics
- a section on the page of its family (docs/metrics-*.md)
""",
    "--room",
    "      metrics:\n        ${name}: {metric: ${named}}\n",
)

add_arguments = KIND.add_arguments


def run(options: argparse.Namespace) -> int:
    """Write the file of a new metric from a template and, in a clone, add its line to the registry.

    Both are written or neither. Outside of a clone, or with --here, NAME.py is written into this folder alone.
    """
    return KIND.run(options)
