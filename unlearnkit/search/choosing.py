"""Which settings a search chooses: of the studies' best trials, the one with the smallest mean over studies."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unlearnkit.errors import TrainingError

Row = Mapping[str, Any]
Evaluate = Callable[[Mapping[str, Any], int], float]
"""(settings, study) -> the norm of the objective on that study's models, infinite if the trial fails."""


@dataclass(frozen=True)
class Candidate:
    """The best trial of a study: its settings, and the norm of the objective on the models of every study it ran on."""

    study: int
    number: int
    settings: Mapping[str, Any]
    norms: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean norm over studies."""
        return math.fsum(self.norms) / len(self.norms)


def best(rows: Sequence[Row]) -> Row:
    """Return the trial with the smallest norm, the first of several; a study that is finished has a complete one."""
    return min((row for row in rows if not math.isnan(row["norm"])), key=lambda row: row["norm"])


def candidates(studies: Sequence[Sequence[Row]], evaluate: Evaluate | None) -> list[Candidate]:
    """Return the best trial of every study, run on the models of all studies.

    Its norm in its own study is known. Without `evaluate` it is the only one: the published form, in which the best
    trial of any study is taken, by a value that is the smallest of many noisy ones.
    """
    found = []
    for study, rows in enumerate(studies):
        trial = best(rows)
        settings, others = json.loads(trial["settings"]), range(len(studies)) if evaluate else [study]
        norms = tuple(
            trial["norm"] if other == study or evaluate is None else evaluate(settings, other) for other in others
        )
        found.append(Candidate(study, trial["number"], settings, norms))
    return found


def chosen(found: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the smallest mean norm, the first of several.

    Raises TrainingError if all fail on the models of some study.
    """
    winner = min(found, key=lambda candidate: candidate.mean)
    if not math.isfinite(winner.mean):
        raise TrainingError(
            "the best trial of every study fails on the models of another study",
            expected="settings with which the method runs on all models",
            remedy="narrow the space of the search, or raise its trials",
        )
    return winner
