"""How settings are proposed: Optuna's samplers, made again for every draw, so that they have no state of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIIISampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from unlearnkit.seeds import derive_seed

_RELATIVE = "all settings"
"""The stage of draws that are made for all settings of a trial together."""


class SeededByTrial(BaseSampler):
    """A sampler whose draws follow from a seed, the number of the trial, the setting, and the finished trials alone.

    `make` returns Optuna's sampler with a seed. It is made for every draw: so it matters neither how many trials this
    process has drawn before, nor which settings of a trial were drawn before its worker ended.
    """

    def __init__(self, make: Callable[[int], BaseSampler], base_seed: int, search: str, study: int) -> None:
        self._make, self._base_seed = make, base_seed
        self._role = f"search {search} {study}"

    def _for(self, trial: FrozenTrial, setting: str) -> BaseSampler:
        # NumPy's generators of the samplers take 32 bits
        return self._make(derive_seed(self._base_seed, self._role, trial.number, setting) % 2**32)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the settings that are drawn together."""
        return self._for(trial, _RELATIVE).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values of settings that are drawn together."""
        return self._for(trial, _RELATIVE).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value of a setting that is drawn alone."""
        return self._for(trial, param_name).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Note what the sampler wants to know of a trial that has ended."""
        self._for(trial, _RELATIVE).after_trial(study, trial, state, values)


def sampler_of(settings: Mapping[str, Any]) -> SeededByTrial:
    """Return the sampler of a study by the slice of its job."""

    def make(seed: int) -> BaseSampler:
        if settings["sampler"] == "nsga3":
            return NSGAIIISampler(seed=seed, population_size=settings["population"])
        return TPESampler(seed=seed) if settings["sampler"] == "tpe" else RandomSampler(seed=seed)

    return SeededByTrial(make, settings["seed"], settings["search"], settings["study"])
