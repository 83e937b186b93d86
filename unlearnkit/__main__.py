"""Command line: `python -m unlearnkit check` and `python -m unlearnkit schema`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unlearnkit.config.experiment import load_experiment
from unlearnkit.config.reading import read_configuration
from unlearnkit.config.schema import json_schema
from unlearnkit.errors import UnlearnkitError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, or 1 if the user has something to correct."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except UnlearnkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def check(options: argparse.Namespace) -> None:
    """Validate configuration files, merged from left to right, and say what they describe.

    Files that name no experiment are merged over config.yaml, as by `snakemake --configfile`.
    """
    experiment = load_experiment(read_configuration(options.config))
    counts = (
        f"{experiment.num_models} models",
        _counted(experiment.forget_sets, "forget set"),
        _counted(experiment.variants, "variant"),
        _counted(experiment.metric_settings, "metric"),
    )
    print(f"ok: experiment {experiment.experiment}: {', '.join(counts)}")


def schema(options: argparse.Namespace) -> None:
    """Print the JSON Schema of the configuration."""
    print(json.dumps(json_schema(), indent=2))


def _counted(things: Mapping[str, Any], noun: str) -> str:
    return f"{len(things)} {noun}" + ("s" if len(things) != 1 else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m unlearnkit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser("check", help="validate a configuration", description=check.__doc__)
    checking.add_argument("config", nargs="*", type=Path, metavar="CONFIG", help="YAML files; default: config.yaml")
    checking.set_defaults(command=check)
    printing = commands.add_parser("schema", help="print the JSON Schema", description=schema.__doc__)
    printing.set_defaults(command=schema)
    return parser


if __name__ == "__main__":
    sys.exit(main())
