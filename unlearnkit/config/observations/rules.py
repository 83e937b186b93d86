"""Rules of observations: what the data, the methods and the metrics of an experiment allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from unlearnkit.config.blocks import assembles, declared, names_for, reads_of
from unlearnkit.config.models.rules import lacks_source, reader_key
from unlearnkit.config.settings import Item
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError
from unlearnkit.facts.judging import BLOCK
from unlearnkit.judges import JUDGES
from unlearnkit.registry import ALWAYS_OBSERVED

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


_ALWAYS = ("forget", "retain", "validation")
"""Samples that every data set has."""


def observation_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield observations that the data or a method does not have, and those that leave out what a metric reads."""
    wanted = {name: f"observations.{name}" for name in experiment.observed if name != ALWAYS_OBSERVED}
    for metric in experiment.metric_settings:
        yield from _of_no_split(experiment, metric)
        for name in experiment.reads(metric)[1:]:
            if name in names_for("observation", experiment.task):
                wanted.setdefault(name, f"metrics.{metric} reads {name}, which")
                yield from _unread(experiment, metric, name)
            else:
                yield ConfigError(
                    f"metrics.{metric} reads {name}, which {experiment.data.name} does not have",
                    expected=f"metrics that read {' or '.join(names_for('observation', experiment.task))}",
                    remedy=f"remove metrics.{metric}",
                )
        if getattr(declared("metric", metric), "NEEDS_COMPARISONS", False):
            yield from _not_compared(experiment, metric)
    yield from _two_judges(experiment, [*wanted])
    for name, key in wanted.items():
        yield from _of_pools(experiment, name)
        yield from _of_others(experiment, name)
        yield from _without_network(experiment, name, key)
        yield from _without_prompts(experiment, name, key)
        yield from _without_samples(experiment, name)
        # of a metric that reads it `population_problems` reports it
        if lacks_source(experiment, name) and name in experiment.observed:
            yield _unread_by(name, reader_key(name) or "")
        yield from _beyond_length(experiment, name)


def _unread_by(name: str, key: str) -> ConfigError:
    """Return the error about an observation without the model that reads what others wrote."""
    source = "{folder: FOLDER} or {hub: OWNER/MODEL, revision: COMMIT}"
    read = {
        "source": f"the model that reads the answers: {source}",
        "encoder": f"{{kind: encoder, source: SOURCE}} with a SOURCE such as {source}, or {{kind: wordllama}}, whose "
        "values do not compare with those of an encoder",
    }
    return ConfigError(
        f"observations.{name}.{key} is missing",
        expected=read[key],
        remedy=f"set it, or remove observations.{name}",
    )


def _beyond_length(experiment: Experiment, name: str) -> Iterator[ConfigError]:
    """Yield stretches of documents that are longer than any document can be."""
    settings: Any = experiment.observation_settings(name)
    needed, length = getattr(settings, "tokens_needed", 0), experiment.sample_shape[0]
    if needed > length:
        yield ConfigError(
            f"observations.{name} needs documents of {needed} tokens (first, prefix and suffix), but "
            f"data.sequence_length is {length}",
            remedy=f"set data.sequence_length to {needed} or more, or shorten the prefix or the suffix",
        )


def _of_no_split(experiment: Experiment, metric: str) -> Iterator[ConfigError]:
    """Yield a metric none of whose splits the data set has."""
    splits = {split for measure in declared("metric", metric).MEASURES.values() for split in measure["splits"]}
    if not splits & {*_ALWAYS, "all", *experiment.further_splits, *(("test",) if experiment.test_size else ())}:
        named = " or ".join(sorted(splits))
        yield ConfigError(
            f"metrics.{metric} is of {named} samples, but data.name is {experiment.data.name}, which has none",
            remedy=f"remove metrics.{metric}, or choose data that have them",
        )


def _without_samples(experiment: Experiment, name: str) -> Iterator[ConfigError]:
    """Yield items that are splits which the data set does not have."""
    there = {item: 0 for item in get_args(Item) if item not in _ALWAYS}
    there |= {"test": experiment.test_size, **experiment.further_splits}
    for item in experiment.observation_settings(name).items or ():
        if not there.get(item, True):
            yield ConfigError(
                f"observations.{name}.items names {item}, but there are no {item} samples",
                remedy="remove it from the list",
            )


def _without_prompts(experiment: Experiment, name: str, key: str) -> Iterator[ConfigError]:
    """Yield what answers prompts beside plain text, and on splits of documents."""
    if getattr(declared("observation", name), "ONLY_PAIRS", False) and not experiment.has_pairs:
        yield ConfigError(
            f"{key} answers prompts, but data.name is {experiment.data.name}, which is plain text",
            expected="a data set of question-answer pairs",
            remedy=f"remove {key.split()[0]}",
        )
    elif getattr(declared("observation", name), "ONLY_PAIRS", False):
        yield from _on_documents(experiment, name)


def _on_documents(experiment: Experiment, name: str) -> Iterator[ConfigError]:
    """Yield what answers prompts on samples that have none."""
    documents = getattr(declared("data set", experiment.data.name), "DOCUMENTS", ())
    splits = {item: item for item in (*_ALWAYS, *experiment.further_splits)} | {"forget": "train", "retain": "train"}
    asked = [item for item, split in splits.items() if split not in documents]
    wanted = experiment.observation_settings(name).items or splits
    if plain := [item for item in wanted if splits.get(item) in documents]:
        yield ConfigError(
            f"observations.{name} answers prompts, but {' and '.join(plain)} samples of {experiment.data.name} are "
            "documents, which have none",
            expected="items that are splits of questions",
            remedy=f"set observations.{name}.items to [{', '.join(asked)}]" if asked else f"remove {name}",
        )


def _of_pools(experiment: Experiment, name: str) -> Iterator[ConfigError]:
    items = {"forget", "retain"} & {*(experiment.observation_settings(name).items or ())}
    for pool in experiment.pools if items else ():
        yield ConfigError(
            f"observations.{name}.items names {' and '.join(sorted(items))}, but every model of pools.{pool} forgets "
            "samples of its own",
            expected="validation, test, or no items",
            remedy=f"remove observations.{name}.items or pools.{pool}",
        )


def _of_others(experiment: Experiment, name: str) -> Iterator[ConfigError]:
    """Yield what an observation made of others lacks: the items of these, the model of its judge, or a question."""
    settings: Any = experiment.observation_settings(name)
    for other in reads_of(name):
        there = experiment.observation_settings(other).items
        # without items it is made on those of the others
        if there is not None and not {*(settings.items or ())} <= {*there}:
            yield ConfigError(
                f"observations.{name} is made on {' and '.join(settings.items or ())}, but of {other}, "
                f"which are there on {' and '.join(there)} alone",
                remedy=f"extend observations.{other}.items, or shorten observations.{name}.items",
            )
    judge: Any = getattr(settings, "judge", None)
    has_base = getattr(declared("model", experiment.model.name), "BASE", False)
    if hasattr(judge, "source") and judge.source is None and not has_base:
        yield ConfigError(
            f"observations.{name}.judge.source is missing, and {experiment.model.name} has no base that could judge",
            expected="package, folder, or hub with a revision",
            remedy=f"set it, or set observations.{name}.judge to {{kind: heuristic}}",
        )
    if hasattr(settings, "baseline") and settings.baseline is None and not settings.score:
        yield ConfigError(
            f"observations.{name} asks its judge nothing: baseline is null and score is false",
            expected="answers that are compared (baseline: original or answer), scored (score: true), or both",
            remedy=f"set one of them, or remove observations.{name}",
        )


def _two_judges(experiment: Experiment, wanted: list[str]) -> Iterator[ConfigError]:
    """Yield judges of several observations that are language models with different files: there is one set of these."""
    sources = {name: judge.source for name, judge in experiment.judges.items() if hasattr(judge, "source")}
    (first, *others), named = [name for name in sources if name in wanted] or [""], BLOCK.format
    for other in others:
        if sources[other] != sources[first]:
            yield ConfigError(
                f"{named(other)}.source is another than {named(first)}.source",
                expected="one language model that judges",
                remedy="name the same source, or let an endpoint judge one of the two",
            )


def _not_compared(experiment: Experiment, metric: str) -> Iterator[ConfigError]:
    """Yield what a metric of comparisons by a language model lacks: the comparisons, or such a judge."""
    settings: Any = experiment.observation_settings("judged")
    if settings.baseline is None:
        yield ConfigError(
            f"metrics.{metric} needs answers that are compared, but observations.judged.baseline is null",
            expected="original or answer",
            remedy=f"set it, or remove metrics.{metric}",
        )
    models = [kind for kind, module in JUDGES.items() if declarations(module).LANGUAGE_MODEL]
    if settings.judge.kind not in models:
        yield ConfigError(
            f"metrics.{metric} needs a judge that is a language model, but observations.judged.judge is "
            f"{settings.judge.kind}, which does not see whether an answer is right, and prefers nonsense to a true one",
            expected=f"a judge of the kind {' or '.join(models)}",
            remedy=f"set it, or remove metrics.{metric}",
        )


def _without_network(experiment: Experiment, name: str, key: str) -> Iterator[ConfigError]:
    if "network" not in declared("observation", name).NEEDS:
        return
    for variant, block in experiment.methods.items():
        if assembles(block.method):
            yield ConfigError(
                f"{key} looks inside a network, but the models of methods.{variant} are no single network: "
                f"{block.method} assembles their logits",
                expected=f"no {name}, or methods whose models are one network",
                remedy=f"remove {key.split()[0]} or methods.{variant}",
            )


def _unread(experiment: Experiment, metric: str, name: str) -> Iterator[ConfigError]:
    if getattr(declared("metric", metric), "PARTIAL", False):
        return
    items = experiment.observation_settings(name).items
    splits = {split for measure in declared("metric", metric).MEASURES.values() for split in measure["splits"]}
    there = ("forget", "retain", "validation", *experiment.further_splits)
    missing = [split for split in there if split in splits - {*(items or splits)}]
    if missing:
        yield ConfigError(
            f"metrics.{metric} reads {name} of {' and '.join(missing)} samples, but observations.{name}.items leaves "
            "them out",
            remedy=f"add {' and '.join(missing)} to observations.{name}.items, or remove that key",
        )
