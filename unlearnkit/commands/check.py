"""`unlearnkit check`: is a configuration valid, and what does it describe?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit.config.experiment import load_experiment
from unlearnkit.config.reading import read_configuration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the configuration files."""
    parser.add_argument("config", nargs="*", type=Path, metavar="CONFIG", help="YAML files; default: config.yaml")


def run(options: argparse.Namespace) -> int:
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
    return 0


def _counted(things: Mapping[str, Any], noun: str) -> str:
    return f"{len(things)} {noun}" + ("s" if len(things) != 1 else "")
