"""Rules between keys of an experiment with language models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unlearnkit.config.blocks import declared
from unlearnkit.config.data.pair_rules import pair_problems
from unlearnkit.config.data.tokenizer import GPT2_VOCABULARY
from unlearnkit.config.models.pretrained import PLACES
from unlearnkit.config.rules import at_most
from unlearnkit.errors import ConfigError, UnlearnkitError
from unlearnkit.facts.base_shapes import shape_of_config

if TYPE_CHECKING:
    from unlearnkit.config.text_experiment import TextExperiment


def text_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    """Yield the contradictions between data, forget units and training of language models."""
    yield from _token_problems(experiment)
    yield from _base_problems(experiment)
    yield from _unit_problems(experiment)
    size = experiment.train_size
    fact = f"there are {size} training sequences, some of which are forgotten"
    if not experiment.divides_documents:
        yield from at_most("data.retain_evaluated", experiment.retain_evaluated, size - 1, fact, null=True)
    elif experiment.retain_evaluated is not None:
        yield ConfigError(
            f"data.retain_evaluated is {experiment.retain_evaluated}, but documents are divided into sequences, whose "
            "number is not known before",
            expected="null, or data.pairs.documents: {cut: first}",
        )
    yield from _mask_problems(experiment)
    if experiment.attributions:
        yield ConfigError("attributions are configured, but they exist only for images", remedy="remove the key")
    if experiment.pools:
        yield ConfigError(
            "pools are configured, but they exist only for images: a membership of single sequences would divide "
            "documents, and text is evaluated on sequences that are chosen by forget set",
            remedy="remove the key",
        )
    if experiment.searches:
        yield ConfigError("searches are configured, but they exist only for images", remedy="remove the key")
    if (experiment.execution.stack_size or 1) > 1:
        yield ConfigError(
            f"execution.stack_size is {experiment.execution.stack_size}, but language models are trained one at a time",
            expected="null or 1",
        )
    if experiment.execution.sharding == "full" and experiment.execution.processes == 1:
        yield ConfigError(
            "execution.sharding is full, but execution.processes is 1, which leaves nothing to divide",
            expected="2 processes or more",
            remedy="raise execution.processes, or remove execution.sharding",
        )
    yield from _warmup_problems(experiment)


def _warmup_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    """Yield the first models that would not reach the peak rate; the job checks sizes that are not known here."""
    recipe, size = experiment.training, experiment.train_size
    if experiment.divides_documents:
        return  # there are more sequences than are known here
    trained = {"originals": size}
    if recipe.forgotten == "delete":
        forgotten = {name: experiment.planned_size(name) for name in experiment.forget_sets}
        trained |= {f"oracles of {name}": size - planned for name, planned in forgotten.items() if planned}
    for models, sequences in trained.items():
        steps = recipe.epochs * -(-sequences // recipe.batch_size)
        if sequences > 0 and recipe.warmup_steps > steps:
            yield ConfigError(
                f"training.warmup_steps is {recipe.warmup_steps}, but {models} take {steps} step{'s' * (steps > 1)}",
                expected=f"at most {steps}",
            )
            return


def _token_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    data = experiment.data
    yield from pair_problems(experiment)
    tokenised = getattr(declared("data set", data.name), "TOKENISED", False)
    if tokenised and data.tokenizer is not None:
        yield ConfigError(f"data.tokenizer is set, but {data.name} comes as tokens", remedy="remove data.tokenizer")
    if not tokenised and data.tokenizer is None:
        yield ConfigError(
            f"data.tokenizer is missing, but {data.name} comes as text",
            expected="a block whose `kind` is gpt2, bpe or characters; of pairs gpt2, bpe or pretrained",
        )
    if (data.hub is None) == (data.name == "hub_text"):
        state = "missing" if data.hub is None else "set"
        yield ConfigError(
            f"data.hub is {state}, but data.name is {data.name}",
            expected="data.hub only with data.name: hub_text",
        )
    elif data.hub and data.root and Path(data.root).absolute().is_relative_to(Path(data.hub.path).absolute()):
        yield ConfigError(
            f"data.root is {data.root}, in the folder data.hub.path, but the library datasets writes its cache there",
            expected="null or a folder outside it, since all files in that folder are raw data",
            remedy="remove data.root",
        )


def _base_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    """Yield a pretrained model that comes from nowhere, and given models where adapters are trained."""
    source = getattr(experiment.model_settings, "source", None)
    if source is None:
        return
    if not any(getattr(source, place) for place in PLACES):
        yield ConfigError(
            "model.source names no place",
            expected="a package, a folder, hub with the commit as revision, or untrained with what config.json states",
        )
    if source.untrained:
        yield from _shape_problems(source.untrained)
    if adapter := getattr(experiment.model_settings, "adapter", None):
        if adapter.dropout:
            yield from _division_problems(experiment, adapter.dropout)
        for role in experiment.given:
            yield ConfigError(
                f"{role}s.source is path, whose files hold whole models, but model.adapter is set",
                expected="model.adapter: null, or the folder of one such model as model.source",
            )


def _shape_problems(stated: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Yield why a base cannot be built by what its config.json states, as far as sizes are concerned."""
    try:
        shape_of_config(stated, "model.source.untrained")
    except UnlearnkitError as error:
        yield ConfigError(str(error))


def _division_problems(experiment: TextExperiment, dropout: float) -> Iterator[ConfigError]:
    """Yield settings that divide a step into forward passes, on which results with dropout would depend."""
    for name, whole in {"micro_batch_size": None, "processes": 1}.items():
        if (value := getattr(experiment.execution, name)) != whole:
            yield ConfigError(
                f"model.adapter.dropout is {dropout}, but execution.{name} is {value}: what it leaves out is drawn for "
                "every forward pass, so results would depend on how a step is divided",
                expected=f"model.adapter.dropout: 0, or execution.{name}: {'null' if whole is None else whole}",
            )


def _mask_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    """Yield a document mask by a token that does not precede every document: it would hide nothing, or too much."""
    settings, tokenizer = experiment.model_settings, experiment.data.tokenizer
    if not getattr(settings, "document_mask", False):
        return
    stated = getattr(settings, "end_of_text", None)
    true = GPT2_VOCABULARY - 1 if tokenizer is None else tokenizer.planned_end_of_text()
    if true is None:
        yield ConfigError(
            "model.document_mask is set, but the end-of-text token is not known before the text is read",
            remedy="set data.tokenizer.vocabulary_size, which is compared with the text",
        )
    elif stated != true:
        yield ConfigError(
            f"model.end_of_text is {stated}, but the token before every document is {true}",
            expected=f"{true}",
        )


def _unit_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    if known := experiment.planned_unit_size:
        units = experiment.train_size // known
        for name, block in experiment.forget_sets.items():
            key, fact = f"forget_sets.{name}.among", f"the training split has {units} forget units"
            yield from at_most(key, getattr(block, "among", None), units, fact, null=True)
    per_unit = experiment.unit_sequences
    if per_unit is None:
        return
    if experiment.training.order != "stream":
        yield ConfigError(
            f"data.forget_unit is step, but training.order is {experiment.training.order}",
            expected="training.order: stream, so that a step has the same sequences for every model",
        )
    if experiment.train_size % per_unit:
        yield ConfigError(
            f"data.train_size is {experiment.train_size}, which is not a whole number of steps of {per_unit} sequences",
            expected=f"{experiment.train_size // per_unit * per_unit}",
        )
