"""Rules between keys of several blocks: names, model and training, shards and oracles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.blocks import declared, own_settings
from unlearnkit.config.names import unportable
from unlearnkit.errors import ConfigError
from unlearnkit.registry import FORGET_SETS

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def at_most(key: str, value: int | None, most: int, fact: str, *, null: bool = False) -> Iterator[ConfigError]:
    """Yield a value of `key` that is larger than `most`, for the reason `fact`; `null`: the key may be null instead."""
    if value is not None and value > most:
        yield ConfigError(f"{key} is {value}, but {fact}", expected=f"{'null or ' * null}at most {most}")


def name_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield names that cannot be file names everywhere: results are copied between machines."""
    blocks = {
        "experiment": [experiment.experiment],
        "forget_sets": experiment.forget_sets,
        "attributions": experiment.attributions,
        "pools": experiment.pools,
        "searches": experiment.searches,
        "methods": experiment.methods,
        "observations": experiment.observed,
        "attacks": experiment.attacks,
    }
    for key, names in blocks.items():
        for name, why in unportable(names):
            yield ConfigError(f"{key} has the name '{name}', {why}", remedy="rename it")


def model_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield a model that takes only larger images than the data set has, or not those of the training resolution."""
    _, height, width = experiment.sample_shape
    side = getattr(experiment.model_settings, "min_side", 1)
    if min(height, width) < side:
        keys = " or ".join(f"model.{key}" for key in ("name", *own_settings(experiment.model)))
        yield ConfigError(
            f"model.name is {experiment.model.name}, which with its settings takes images of {side} x {side} pixels or "
            f"more, but those of {experiment.data.name} have {height} x {width}",
            expected="a model that does not shrink the images to nothing",
            remedy=f"change {keys}, or choose a data set with larger images",
        )
    multiple = getattr(experiment.model_settings, "side_multiple", 1)
    if min(height, width) >= side and (height % multiple or width % multiple):
        yield ConfigError(
            f"model.name is {experiment.model.name}, which with its settings divides images into patches of {multiple} "
            f"x {multiple} pixels, but those of {experiment.data.name} have {height} x {width}",
            expected="patches that leave no rest",
            remedy=f"choose a patch size that divides {height} and {width}",
        )
    resolution, name = experiment.training.resolution, experiment.model.name
    if resolution is None:
        return
    if not getattr(declared("model", name), "ANY_SIDE", False):
        yield ConfigError(
            f"training.resolution is {resolution}, but model.name is {name}, whose weights fit one size of image",
            expected="null",
            remedy="set training.resolution to null, or choose a convolutional model",
        )
    elif resolution < side:
        yield ConfigError(
            f"training.resolution is {resolution}, but {name} with its settings takes images of {side} x {side} pixels "
            "or more",
            expected=f"null or at least {side}",
        )


def batch_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield batches of one sample, which batch norm cannot train on, and epochs of none, as far as sizes are known."""
    recipe, samples = experiment.training, experiment.train_size
    side = recipe.resolution or max(experiment.sample_shape[1:])
    alone = side <= getattr(experiment.model_settings, "lone_side", 0)
    left = {"originals": samples}
    for name in experiment.forget_sets:
        if size := experiment.planned_size(name):
            left[f"oracles without forget_sets.{name}"] = samples - size
    for models, count in left.items():
        whole, rest = divmod(count, recipe.batch_size)
        if recipe.drop_last and not whole:
            yield ConfigError(
                f"training.drop_last leaves out the only batch of the {count} samples that train {models}",
                expected=f"training.batch_size of at most {count}, or training.drop_last: false",
            )
        elif alone and (recipe.batch_size == 1 or (rest == 1 and not recipe.drop_last)):
            yield ConfigError(
                f"training.batch_size is {recipe.batch_size}, so that of the {count} samples that train {models} one "
                f"is alone in a batch, and {experiment.model.name}'s batch norm takes no variance of one image of "
                f"{side} pixels",
                expected="another batch size" + (", or training.drop_last: true" if recipe.batch_size > 1 else ""),
            )


def execution_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield settings of execution that only the training of language models has."""
    for name in ("processes", "sharding", "micro_batch_size", "compile"):
        value = getattr(experiment.execution, name)
        if value == type(experiment.execution).model_fields[name].default:
            continue
        yield ConfigError(
            f"execution.{name} is {value}, but {experiment.data.name} holds images",
            remedy=f"remove execution.{name}: it is for language models",
        )


def sample_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield batches of more samples than there are, and forget sets and validation samples too few for a metric."""
    batch, samples = experiment.training.batch_size, experiment.train_size
    if not getattr(experiment, "divides_documents", False):
        yield from at_most("training.batch_size", batch, samples, f"there are {samples} training samples")
    counts = {f"forget_sets.{name}": experiment.planned_size(name) for name in experiment.forget_sets}
    counts["data.validation_size"] = experiment.validation_size
    for metric in experiment.metric_settings:
        needed = getattr(declared("metric", metric), "MIN_SAMPLES", 1)
        for key, count in counts.items():
            if count is not None and count < needed:
                yield ConfigError(
                    f"{key} asks for {count} of the {needed} samples that metrics.{metric} needs",
                    expected=f"at least {needed}",
                    remedy=f"raise it or remove metrics.{metric}",
                )


def shard_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield numbers of models that are not whole shards."""
    size = experiment.shard_size
    counts = {key: getattr(experiment, key) for key in ("num_models", "held_out_oracles")}
    for name, attribution in experiment.attributions.items():
        counts[f"attributions.{name}.models"] = getattr(attribution, "models", 0)
    counts |= {f"pools.{name}.models": getattr(pool, "models", 0) for name, pool in experiment.pools.items()}
    for key, count in counts.items():
        if count % size:
            yield ConfigError(
                f"shard_size is {size}, which does not divide {key} = {count}",
                expected="whole shards",
                remedy=f"set {key} to {whole_shards(count, size)}, or choose another shard_size",
            )


def oracle_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield metrics that compare more models than there are, and too few oracles for the noise floor or a method."""
    if not experiment.has_oracles:
        return  # `population_problems` reports what needs some
    metrics = experiment.metrics_on(FORGET_SETS)
    for metric in metrics:
        compared = experiment.models_compared(metric)
        models = experiment.num_models
        yield from at_most(f"metrics.{metric}.num_models", compared, models, f"num_models is {models}", null=True)
        if compared <= models and getattr(declared("metric", metric), "NEEDS_ORACLE", False):
            yield from _floor(experiment, metric, compared)
    needs = {name: getattr(declared("method", block.method), "NEEDS", ()) for name, block in experiment.methods.items()}
    readers = [name for name, needed in needs.items() if "held_out_oracles" in needed]
    wanted = max(map(experiment.models_compared, metrics), default=1)
    if readers and experiment.held_out_oracles < wanted:
        yield ConfigError(
            f"held_out_oracles is {experiment.held_out_oracles}, but methods.{readers[0]} gives every one of {wanted} "
            "compared models a held-out oracle of its own",
            expected=f"at least {wanted}",
            remedy=f"raise held_out_oracles to {whole_shards(wanted, experiment.shard_size)} or remove "
            f"methods.{readers[0]}",
        )


def refusal(method: str, model: str) -> str | None:
    """Return, in one sentence, why a method cannot run on a model; None if it can."""
    without = not getattr(declared("model", model), "CONVOLUTIONS", True)
    if without and "convolutions" in getattr(declared("method", method), "NEEDS", ()):
        return f"{method} changes the kernels of convolutions, and {model} has none"
    return None


def _floor(experiment: Experiment, metric: str, compared: int) -> Iterator[ConfigError]:
    models, held_out = experiment.num_models, experiment.held_out_oracles
    missing = 2 * compared - models - held_out
    if missing > 0:
        enough = (models + held_out) // 2
        lower = f" or lower metrics.{metric}.num_models to {enough}" if enough > 1 else ""
        yield ConfigError(
            f"held_out_oracles is {held_out}, so there are fewer oracles than the noise floor of metrics.{metric} "
            f"needs: {models + held_out} per forget set, to compare {compared} oracles with {compared} others",
            expected=f"num_models + held_out_oracles = {2 * compared} or more",
            remedy=f"raise held_out_oracles to {whole_shards(held_out + missing, experiment.shard_size)}{lower}",
        )


def whole_shards(count: int, shard_size: int) -> int:
    """Return the least number of models that is at least `count` and fills its shards."""
    return -(-count // shard_size) * shard_size
