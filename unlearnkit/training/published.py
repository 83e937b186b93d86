"""Weights of published models, as originals or oracles of an experiment: names mapped, shapes and values checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.weights import State, WeightFile
from unlearnkit.errors import DataError
from unlearnkit.models.building import Architecture
from unlearnkit.models.fitting import converted, fitting_names
from unlearnkit.models.state_files import read_fetched_state
from unlearnkit.published.ours import files_with
from unlearnkit.published.pool import OURS, Pool

_WRAPPERS = re.compile(r"^(?:(?:model|module|_orig_mod)\.)+(?=\w)")
"""What the publishers' wrappers put before every name."""
_INSIDE = {".module.": ".body."}
"""What their ResNet-9 calls the inside of a residual block -> what ours does."""


def published_states(
    pool: Pool, architecture: Architecture, models: range, role: str, report: Callable[[str], None]
) -> dict[int, State]:
    """Return the states of published models of a role ("original", "oracle"), each checked against an architecture.

    Raises DataError for a file that is no state dict or does not fit, and HubError for one that cannot be fetched.
    """
    fit = Fit(architecture, pool.stated["key_map"], f"{role}s")
    if pool.stated["layout"] == OURS:
        population = role if pool.number is None else f"{role}/{pool.number}"
        return _of_ours(pool, files_with(pool, population, models, ".safetensors"), models, fit)
    paths = {model: pool.matching(pool.layout.weights(pool.names, pool.number, model)) for model in models}
    files = pool.fetch_all({path: str(model) for model, path in paths.items()})
    states = {}
    for model, path in paths.items():
        states[model] = fit.state(_read(pool, path, files[path], f"{role}s"), pool.named(path))
        report(f"model {model}: {path}")
    return states


class Fit:
    """How tensors of a file become those of an architecture; `key` of the configuration has the key map."""

    def __init__(self, architecture: Architecture, key_map: Mapping[str, str | None], key: str) -> None:
        self._expected, self._tied = architecture.expected_state(), architecture.tied_names()
        self._key_map, self._key = key_map, key

    def state(self, found: State, path: str) -> State:
        """Return the state of a model; raises DataError, naming `path`, for tensors that do not fit.

        What the publishers' wrappers add to names is left out.
        """
        found = {_named(name, self._expected): array for name, array in found.items()}
        names = fitting_names(found, self._expected, self._key_map, path, self._key, self._tied)
        return {ours: converted(found[theirs], self._expected[ours], theirs, path) for ours, theirs in names.items()}


def _read(pool: Pool, path: str, file: Path, key: str) -> State:
    name = pool.named(path)
    if Path(path).suffix == ".npy":
        raise DataError(
            f"{name} is an array of numpy.save, and reading the names of tensors in one would execute code",
            expected="a state dict of torch.save, or a .safetensors file",
            remedy=f"set {key}.source: train",
        )
    try:
        return read_fetched_state(str(file))
    except DataError as error:
        # not the name that the file has in the client's cache
        raise DataError(error.fact.replace(str(file), name), expected=error.expected) from None


def _of_ours(pool: Pool, files: Mapping[str, Path], models: range, fit: Fit) -> dict[int, State]:
    states: dict[int, State] = {}
    for path, file in files.items():
        weights: Any = WeightFile(file)
        for model in set(models) & set(weights.model_indices):
            states[model] = fit.state(weights.state(model), pool.named(path))
    return {model: states[model] for model in models}


def _named(name: str, expected: State) -> str:
    """Return the name of a tensor without wrappers, and as ours where only the inside of a block has another name."""
    if name in expected:
        return name
    name = _WRAPPERS.sub("", name)
    if name in expected:
        return name
    for theirs, ours in _INSIDE.items():
        name = name.replace(theirs, ours)
    return name
