"""Command line: `unlearnkit COMMAND`, or `python -m unlearnkit COMMAND`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from unlearnkit.errors import UnlearnkitError

COMMANDS = {
    "check": "is the configuration valid?",
    "plan": "what is missing, and what will it cost?",
    "schema": "print the JSON Schema of the configuration",
}
"""Command -> one line of help. A command is the module of the same name in `unlearnkit.commands`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 if the user has something to correct."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except UnlearnkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unlearnkit", description="Checks and plans experiments.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        module = importlib.import_module(f"unlearnkit.commands.{name}")
        command = commands.add_parser(name, help=summary, description=module.run.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
