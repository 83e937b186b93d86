"""Scalars as event files of TensorBoard, a folder for each run."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

from unlearnkit.errors import UnlearnkitError
from unlearnkit.export.scalars import Scalar


def write_events(folder: Path, scalars: Iterable[Scalar]) -> int:
    """Write scalars into `folder`/`run`, and return how many; scalars of one run follow one another.

    Raises UnlearnkitError if the folder is used already, since TensorBoard would mix what is in it, or tensorboardX is
    not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ModuleNotFoundError:
        raise UnlearnkitError(
            "this needs tensorboardX, which is not installed", remedy="pip install tensorboardX"
        ) from None
    if folder.exists() and any(folder.iterdir()):
        raise UnlearnkitError(
            f"{folder} is not empty, and TensorBoard mixes the runs of a folder",
            expected="an empty folder, or none",
            remedy="name another by --out, or remove it",
        )
    written = 0
    for run, of_run in itertools.groupby(scalars, key=lambda scalar: scalar.run):
        with SummaryWriter(str(folder / run), write_to_disk=True) as writer:
            for scalar in of_run:
                # the time of the writing is of no interest, and would differ between two exports
                writer.add_scalar(scalar.tag, scalar.value, scalar.step, walltime=0.0)
                written += 1
    return written
