"""The results of an experiment from Python: tables as frames, margins as arrays, weights as models (docs/python.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unlearnkit import layout, registry
from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.observations import Observed, read_observation
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.tables import read_table
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.errors import ArtifactError, suggest
from unlearnkit.extras import needing
from unlearnkit.places import files_below, place_of

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn


def load(folder: str | Path) -> ExperimentResults:
    """Return the results of an experiment in a folder such as `results/digits`.

    Raises ArtifactError if it is none. Nothing is computed: what a run has not made yet is named in an error.
    """
    return ExperimentResults(Path(folder))


class ExperimentResults:
    """What a folder of results holds, by name. A population is named by its folder, such as `oracle/nines`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        found = (str(Path(path).relative_to(folder)) for path in files_below(str(folder)))
        names = sorted(name for name in found if place_of(name))
        if not names:
            raise ArtifactError(
                f"{folder} holds no results", expected="the folder of one experiment, such as results/digits"
            )
        self.files: tuple[str, ...] = tuple(names)

    def __repr__(self) -> str:
        return f"<results of {self.folder.name}: {len(self.files)} files, {len(self.populations)} populations>"

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        found = (name.removeprefix("tables/") for name in self.files if name.startswith("tables/"))
        return tuple(name.removesuffix(".parquet") for name in found if name.endswith(".parquet"))

    @property
    def populations(self) -> tuple[str, ...]:
        """Populations of which there are weights or observations."""
        folders = {str(Path(name).parent) for name in self.files if "shard" in self._wildcards(name)}
        return tuple(sorted(name for name in folders if name.startswith(_POPULATIONS)))

    @property
    def forget_sets(self) -> tuple[str, ...]:
        """Names of the forget sets."""
        return tuple(Path(name).stem for name in self.files if name.startswith("forget_sets/"))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as a pandas frame; raises ArtifactError if there is none of that name."""
        self._require(name, self.tables, "table")
        return read_table(self.folder / "tables" / f"{name}.parquet")[0].to_pandas()

    def forget_set(self, name: str) -> np.ndarray:
        """Return the numbers of the forgotten training samples, int64."""
        self._require(name, self.forget_sets, "forget set")
        return read_array(self.folder / "forget_sets" / f"{name}.npy")

    def margins(self, population: str, epoch: int | None = None) -> Margins:
        """Return the margins of all models of a population, [models, samples] in nats, at an epoch; None: the last."""
        return Margins.of(self.observation(population, registry.ALWAYS_OBSERVED, epoch))

    def observation(self, population: str, name: str, epoch: int | None = None) -> Observed:
        """Return what all models of a population show, at an epoch; None: the last.

        Raises ArtifactError if there are no such models, the observation was not made of them, or not at that epoch.
        """
        self._require(population, self.populations, "population")
        pattern = f"*.{name}.parquet"
        if not (files := sorted((self.folder / population).glob(pattern))):
            raise ArtifactError(
                f"{population} of {self.folder} has no {name}",
                expected=pattern,
                remedy=f"make them: snakemake {name}_all, with the configuration of this experiment",
            )
        parts = read_observation(files, name)
        if epoch is not None and epoch not in parts:
            raise ArtifactError(f"{population} has no epoch {epoch}", expected=f"one of {', '.join(map(str, parts))}")
        return parts[max(parts) if epoch is None else epoch]

    def model(self, population: str, index: int, epoch: int | None = None) -> nn.Module:
        """Return a model of a population on the CPU, in eval mode, as a module of torch; `epoch` None: the last.

        Raises ArtifactError if there are no weights of it, or the base that they belong to has changed.
        """
        from unlearnkit.artifacts.base import on_base

        with needing():
            from unlearnkit.models.low_rank import whole_state
            from unlearnkit.training.setup import architecture_for

        weights = self._weights(population, index)
        settings = self.provenance(f"{population}/{weights.name}")["settings"]
        base = self.folder / "base" / "manifest.json"
        model_settings = on_base(settings["model"], [str(base)] if base.is_file() else [])
        dataset = registry.task_of_model(model_settings["name"]).read(self.folder / "data" / "dataset.safetensors")
        first = settings.get("unlearned_from") == "first"

        def original(model: int) -> dict[str, Any]:
            start = 0 if first else model
            pool = layout.POOL.format(pool=layout.subject_of(population))
            source = pool if pool in self.populations else layout.ORIGINAL
            return dict(WeightFile(self._weights(source, start)).state(start))

        file = WeightFile(weights)
        state = whole_state(file, index, file.epochs[-1] if epoch is None else epoch, base_of=original)
        return architecture_for(dataset, model_settings).load(state).eval()

    def _weights(self, population: str, index: int) -> Path:
        self._require(population, self.populations, "population")
        for file in sorted((self.folder / population).glob("*.safetensors")):
            if index in layout.shard_indices(file.stem):
                return file
        raise ArtifactError(f"{population} of {self.folder} has no weights of model {index}")

    def provenance(self, name: str) -> dict[str, Any]:
        """Return the record of a file by its name in the folder, such as `tables/klom.parquet`."""
        path = self.folder / layout.provenance(name)
        if not path.is_file():
            raise ArtifactError(f"{name} of {self.folder} has no record", remedy=suggest(name, self.files))
        return json.loads(path.read_text(encoding="utf-8"))

    @staticmethod
    def _wildcards(name: str) -> Any:
        place = place_of(name)
        return place.wildcards if place else {}

    def _require(self, name: str, known: tuple[str, ...], what: str) -> None:
        if name not in known:
            raise ArtifactError(f"{self.folder} has no {what} {name}", remedy=suggest(name, known))


_POPULATIONS = ("original", "oracle/", "held_out_oracle/", "pool/", "unlearned/", "attacked/")
