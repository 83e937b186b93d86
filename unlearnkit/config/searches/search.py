"""Settings of a search: which settings of a method are tried, on which forget sets and models, and at what cost."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from unlearnkit.config.names import Name
from unlearnkit.config.settings import Settings


class Range(Settings):
    """Where one setting is searched: from `low` to `high`, or among `choices`."""

    low: float | None = Field(None, description="smallest value")
    high: float | None = Field(None, description="largest value; whole numbers for settings that are whole numbers")
    log: bool = Field(False, description="whether logarithms are equally likely rather than values")
    choices: tuple[Any, ...] | None = Field(None, min_length=1, description="the values to try, all equally likely")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        bounds = (self.low, self.high)
        if self.choices is not None:
            if bounds != (None, None) or self.log:
                raise ValueError("it has choices beside low, high or log; keep one of the two")
        elif self.low is None or self.high is None:
            raise ValueError("it lacks low or high; expected both, or choices")
        elif self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError(f"it goes from {self.low:g} to {self.high:g}; expected low below high, above 0 with log")
        return self


class Search(Settings):
    """A search for the settings of one method: studies of so many trials, one study per seed, and what is chosen."""

    method: str = Field(description="the method whose settings are searched")
    fixed: dict[str, Any] = Field({}, description="settings that are not searched: setting -> value")
    space: dict[str, Range] = Field(
        {}, description="where to search: setting -> range; settings that are left out are searched as the method says"
    )
    forget_sets: tuple[Name, ...] = Field(
        min_length=1, description="forget sets that trials unlearn; another one than those that are to be reported"
    )
    trials: int = Field(ge=1, description="trials per study; raising it adds trials. Deep Unlearn: 100")
    seeds: int = Field(3, ge=1, description="studies, each with models of its own; Deep Unlearn: 3")
    models: int = Field(1, ge=1, description="originals that every trial of a study unlearns from; Deep Unlearn: 1")
    objective: str = Field(
        "oracle_free",
        description="what trials minimise: oracle_free reads no oracle; deep_unlearn are the four published values",
    )
    sampler: Literal["nsga3", "tpe", "random"] = Field(
        "nsga3", description="how Optuna proposes settings; Deep Unlearn: nsga3"
    )
    population: int = Field(
        50, ge=2, description="trials per generation of nsga3; the first generation is random. Deep Unlearn: 50"
    )
    budget: float = Field(
        0.2,
        gt=0,
        description="most sample passes of a trial, relative to retraining; settings that cost more get fewer epochs",
    )
    choose: Literal["seed_mean", "best_trial"] = Field(
        "seed_mean",
        description="seed_mean: the best trial of every study is run on the models of all studies, and the smallest "
        "mean wins; best_trial: the smallest value of any trial wins, which is optimistic. Deep Unlearn: best_trial",
    )
    workers: int = Field(1, ge=1, description="processes that run trials of a study at once; 1: trials repeat exactly")

    @property
    def models_read(self) -> int:
        """Originals that all studies read together; they are the first ones."""
        return self.seeds * self.models
