"""`unlearnkit export`: curves and tables of results for another program that draws them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from unlearnkit.artifacts.tables import read_table
from unlearnkit.errors import UnlearnkitError
from unlearnkit.experiment_results import ExperimentResults, load
from unlearnkit.export.scalars import Scalar, of_curves, of_table
from unlearnkit.export.tensorboard import write_events

_OF_METRICS = {"metric", "forget_set", "candidate", "epoch", "measure", "split"}
_CURVES = ".curves.parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add results, program and folder."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="results of an experiment, finished or not")
    parser.add_argument("--to", choices=["tensorboard"], default="tensorboard", help="the program")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: tensorboard/EXPERIMENT")


def run(options: argparse.Namespace) -> int:
    """Write training curves, one run per model, and metrics by epoch, one run per candidate and forget set.

    What does not exist yet is left out. Show the runs with `tensorboard --logdir FOLDER`.
    """
    results = load(options.results)
    folder = options.out or Path("tensorboard", results.folder.name)
    scalars = sorted(_scalars(results), key=lambda scalar: scalar[:3])
    if not scalars:
        raise UnlearnkitError(
            f"{options.results} has neither curves nor tables of metrics",
            expected="results of which something was trained",
            remedy="run snakemake with its configuration first",
        )
    count = write_events(folder, scalars)
    print(f"wrote {count} values to {folder}; tensorboard --logdir {folder} shows them")
    return 0


def _scalars(results: ExperimentResults) -> Iterator[Scalar]:
    for name in results.files:
        if name.endswith(_CURVES):
            yield from of_curves(f"training/{PurePosixPath(name).parent}", read_table(results.folder / name)[0])
    for name in results.tables:
        table = read_table(results.folder / "tables" / f"{name}.parquet")[0]
        if {*table.column_names} >= _OF_METRICS:
            yield from of_table(table.to_pylist())
