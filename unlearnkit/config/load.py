"""From a configuration, as read from YAML, to an experiment that is known to be valid."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, ValidationError, create_model

from unlearnkit import registry
from unlearnkit.config.arena.rules import arena_problems
from unlearnkit.config.attacks.rules import attack_problems
from unlearnkit.config.attributions.rules import attribution_problems
from unlearnkit.config.blocks import (
    attacks_block,
    data_block,
    declared,
    methods_block,
    metrics_block,
    model_block,
    observations_block,
)
from unlearnkit.config.data.images import DataBlock
from unlearnkit.config.data.rules import data_problems
from unlearnkit.config.data.text import TextDataBlock
from unlearnkit.config.experiment import Experiment
from unlearnkit.config.forget_sets.continual_rules import continual_problems
from unlearnkit.config.forget_sets.rules import forget_set_problems
from unlearnkit.config.harness.rules import harness_problems
from unlearnkit.config.methods.rules import variant_problems
from unlearnkit.config.models.exchanges import exchange_problems
from unlearnkit.config.models.publication import publication_problems
from unlearnkit.config.models.rules import population_problems
from unlearnkit.config.observations.rules import observation_problems
from unlearnkit.config.outside import adopted
from unlearnkit.config.pools.rules import pool_problems
from unlearnkit.config.problems import combined, from_validation, unwanted_booleans
from unlearnkit.config.rules import (
    batch_problems,
    execution_problems,
    model_problems,
    name_problems,
    oracle_problems,
    sample_problems,
    shard_problems,
)
from unlearnkit.config.searches.rules import search_problems
from unlearnkit.config.searches.tuned import with_chosen_settings
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.config.text_rules import text_problems
from unlearnkit.declarations import incomplete_plug_ins
from unlearnkit.errors import ConfigError

_KINDS = {
    "image": (
        Experiment,
        DataBlock,
        (
            data_problems,
            model_problems,
            batch_problems,
            attribution_problems,
            pool_problems,
            search_problems,
            execution_problems,
        ),
    ),
    "text": (TextExperiment, TextDataBlock, (text_problems,)),
}
"""Task -> class of the experiment, its block `data`, and the rules between keys that only this task has."""


def load_experiment(raw: Mapping[str, Any]) -> Experiment:
    """Return the experiment that a configuration, as read from YAML, describes, and make its own plug-ins known.

    Raises ConfigError for a plug-in that is not there, else one that lists every problem: plug-ins that lack something;
    else those of single keys; else those between keys.
    """
    raw = with_chosen_settings(adopted(_plain(raw)))
    if incomplete := list(incomplete_plug_ins()):
        raise combined(incomplete)
    model = experiment_class(_task_of(raw))
    try:
        experiment = model.model_validate(raw)
    except ValidationError as error:
        raise combined(from_validation(error, model), _standing_alone(raw)) from None
    if problems := list(unwanted_booleans(raw, experiment.model_dump())) or list(_problems_between_keys(experiment)):
        raise combined(problems)
    return experiment


def experiment_class(task: str) -> type[Experiment]:
    """Return the experiment of a task ("image", "text") with the blocks of all plug-ins for it typed.

    It is what validates and what the schema shows.
    """
    known = ((kind, name) for kind, names in registry.REGISTRIES.items() for name in names)
    return _class_of(task, tuple((*which, declared(*which)) for which in known))


@functools.lru_cache(maxsize=4)
def _class_of(task: str, plug_ins: tuple[tuple[str, str, Any], ...]) -> type[Experiment]:
    """Return the class where these (kind, name, declarations) are registered: making it takes a tenth of a second."""
    base, data, _ = _KINDS[task]
    types = {
        "data": data_block(data, task),
        "model": model_block(task),
        "methods": methods_block(task),
        "metrics": metrics_block(),
    }
    fields: dict[str, Any] = {
        key: (kind, Field(description=base.model_fields[key].description)) for key, kind in types.items()
    }
    observations: Any = observations_block(task)
    attacks = Field({}, exclude_if=_is_empty, description=base.model_fields["attacks"].description)
    fields["attacks"] = (attacks_block(task), attacks)
    meaning = base.model_fields["observations"].description
    fields["observations"] = (observations, Field(observations.model_validate({}), description=meaning))
    made: Any = create_model(base.__name__, __base__=base, __doc__=base.__doc__, **fields)
    return made


def _is_empty(block: Any) -> bool:
    return not block


def _task_of(raw: Mapping[str, Any]) -> str:
    """Return the task of the data set that a configuration names, or nearly names; else "image"."""
    data = raw.get("data")
    name = data.get("name") if isinstance(data, Mapping) else None
    near = difflib.get_close_matches(str(name), registry.REGISTRIES["data set"], n=1, cutoff=0.6)
    return registry.task_of(declared("data set", near[0])) if near else "image"


def _problems_between_keys(experiment: Experiment) -> Iterator[ConfigError]:
    of_task = _KINDS[experiment.task][2]
    rules = (
        name_problems,
        *of_task,
        forget_set_problems,
        continual_problems,
        sample_problems,
        shard_problems,
        oracle_problems,
        population_problems,
        publication_problems,
        exchange_problems,
        variant_problems,
        observation_problems,
        harness_problems,
        attack_problems,
        arena_problems,
    )
    for rule in rules:
        yield from rule(experiment)


def _standing_alone(raw: Mapping[str, Any]) -> str:
    """Return what to do if most required keys are missing because the configuration replaces config.yaml unasked."""
    required = [key for key, field in Experiment.model_fields.items() if field.is_required() and key != "experiment"]
    missing = [key for key in required if key not in raw]
    if "experiment" not in raw or 2 * len(missing) <= len(required):
        return ""
    return (
        "A configuration that names its `experiment` stands alone: leave that key out to change single values of "
        "config.yaml, or pass `--configfile config.yaml` beside it"
    )


def _plain(value: Any) -> Any:
    """Return `value` in plain dictionaries and lists.

    Inside a nested `--config` value Snakemake leaves "null" as text, so it is taken for None here.
    """
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if value == "null" else value
