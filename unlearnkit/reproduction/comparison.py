"""What was computed again beside what was published: equal to the byte, or how far apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unlearnkit.artifacts.store import TensorFile, read_array, sha256_of
from unlearnkit.artifacts.tables import read_table


@dataclass(frozen=True)
class Difference:
    """How a file that was computed again differs from the published one.

    `largest` is the largest absolute difference of two numbers in the same place, None if the published content is not
    there or the two have another shape; `where` names its column or tensor.
    """

    name: str
    largest: float | None
    where: str = ""

    def __str__(self) -> str:
        if self.largest is None:
            return f"{self.name}: another SHA-256{f' ({self.where})' if self.where else ''}"
        return f"{self.name}: numbers differ by at most {self.largest:.3g} ({self.where})"


def difference(name: str, computed: Path, published: Path | None, recorded: str | None) -> Difference | None:
    """Return how a file differs from the published one, None if they are equal to the byte.

    `recorded` is the published SHA-256, None if none was stated; `published` the file if it is there.
    """
    if sha256_of(computed) == recorded:
        return None
    if published is None:
        return Difference(name, None, "its content was not published")
    ours, theirs = _numbers(computed), _numbers(published)
    if {key: array.shape for key, array in ours.items()} != {key: array.shape for key, array in theirs.items()}:
        return Difference(name, None, "other rows, columns or tensors")
    apart = {key: _largest(array, theirs[key]) for key, array in ours.items()}
    where = max(apart, key=lambda key: apart[key], default="")
    return Difference(name, apart.get(where, 0.0), where or "no numbers")


def _largest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest absolute difference; a value that only one side lacks counts as infinitely far."""
    both = np.isnan(ours) & np.isnan(theirs)
    equal = both | (ours == theirs)
    if equal.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs)[~equal]
    return math.inf if np.isnan(apart).any() else float(apart.max())


def _numbers(path: Path) -> dict[str, np.ndarray]:
    """Return the numbers of a table by column, of weights by tensor, or of an array, as float64."""
    found: Mapping[str, Any]
    if path.suffix == ".parquet":
        table = read_table(path)[0]
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
        found = {
            name: values for name, values in columns.items() if all(isinstance(x, float | int | None) for x in values)
        }
    elif path.suffix == ".safetensors":
        file = TensorFile(path)
        found = {name: file[name] for name in file.names}
    else:
        found = {"array": read_array(path)} if path.suffix == ".npy" else {}
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}
