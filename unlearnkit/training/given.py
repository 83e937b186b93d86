"""Models that were trained elsewhere, as originals or oracles of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.artifacts.weights import Reference, State
from unlearnkit.facts.given_weights import refuse_unusable
from unlearnkit.models.building import Architecture
from unlearnkit.models.fitting import converted, fitting_names
from unlearnkit.models.state_files import read_state


@dataclass
class GivenModels:
    """What files hold: the states of models by index, where each lies, and what is noted about them.

    `sources` states path, SHA-256, and the types that were converted, of every model.
    """

    states: dict[int, State] = field(default_factory=dict)
    references: dict[int, Reference] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def given_models(
    architecture: Architecture,
    files: Sequence[str],
    model_indices: Sequence[int],
    source: Mapping[str, Any],
    *,
    place: str,
    report: Callable[[str], None],
) -> GivenModels:
    """Return the models `model_indices`, one of each of `files`, checked against an architecture.

    `source` are the settings of `originals` or `oracles` with their `role`; `place` is where the files were looked for.
    Raises DataError as `refuse_unusable` does, and for a file that does not fit.
    """
    key, given = f"{source['role']}s", GivenModels()
    refuse_unusable(files, model_indices, source, place)
    expected, tied, seen = architecture.expected_state(), architecture.tied_names(), {}
    for index, path in zip(model_indices, files, strict=True):
        found = read_state(path, source["entry"])
        names = fitting_names(found, expected, source["key_map"], path, key, tied)
        state = {ours: converted(found[theirs], expected[ours], theirs, path) for ours, theirs in names.items()}
        types = sorted(
            {found[theirs].dtype.name for ours, theirs in names.items() if found[theirs].dtype != state[ours].dtype}
        )
        digest = sha256_of(path)
        given.states[index] = state
        given.references[index] = Reference(path, digest, names)
        given.sources.append(
            {"model": index, "path": path, "sha256": digest, **({"converted": types} if types else {})}
        )
        if (other := seen.setdefault(digest, path)) != path:
            given.notes.append(f"{path} and {other} have the same content, so two models are one")
            report(f"Warning: {given.notes[-1]}")
        report(f"model {index}: {path}")
    return given
