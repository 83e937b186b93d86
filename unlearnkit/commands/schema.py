"""`unlearnkit schema`: the JSON Schema of the configuration."""

from __future__ import annotations

import argparse
import json

from unlearnkit.config.schema import json_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments: none."""


def run(options: argparse.Namespace) -> int:
    """Print the JSON Schema of the configuration."""
    print(json.dumps(json_schema(), indent=2))
    return 0
