"""Configurations of language models: what is valid, and what a wrong one is told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.errors import ConfigError

VALID = """
experiment: text
data:
  name: text_files
  tokenizer: {kind: bpe, vocabulary_size: 300}
  sequence_length: 64
  train_size: 512
  validation_size: 64
model: {name: nanogpt, layers: 2, width: 64, heads: 2}
training: {epochs: 4, batch_size: 16, order: shuffled}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 16}}
methods: {nothing: {method: do_nothing}, ga: {method: ga, steps: 10, snapshots: [5, 10]}}
metrics: {klom: {}, mia: {}}
"""
DELETED = object()


def configuration(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the valid configuration with changes by key path; DELETED takes a key out."""
    found = copy.deepcopy(yaml.safe_load(VALID))
    for path, value in changes.items():
        *blocks, last = path.split(".")
        block = found
        for name in blocks:
            block = block[name]
        if value is DELETED:
            del block[last]
        else:
            block[last] = value
    return found


MASKED = {"model.document_mask": True, "model.end_of_text": 299}
STEPS = {"data.forget_unit": "step", "training.order": "stream"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"methods.ga": {"method": "scrub"}},
            "methods.ga.method is 'scrub', which is for images, not for the data set",
        ),
        (
            {"methods.ga": {"method": "rmu", "layer": 2}},
            "methods.ga.layer is 2, but the last block of model 'nanogpt' is 1; expected a block from 0 to 1",
        ),
        (
            {"methods.ga": {"method": "idk"}},
            "methods.ga: idk reads the set 'refusals', which data set 'text_files' does not provide; expected a set",
        ),
        (
            {"methods.ga": {"method": "pdu", "eps": "automatic"}},
            "methods.ga.eps is 'automatic'",
        ),
        ({"methods.ga": {"method": "gaa"}}, "methods.ga.method is 'gaa', which is unknown. Did you mean 'ga'?"),
        ({"model": {"name": "mlp"}}, "model.name is 'mlp', which is for images, not for the data set in data.name"),
        (
            {"model": {"name": "pretrained", "source": {"folder": "a", "package": "b"}}},
            "model.source: package and folder are set; expected one of package, folder, hub, untrained",
        ),
        ({"model": {"name": "pretrained", "source": {}}}, "model.source names no place; expected a package, a folder"),
        ({"model": {"name": "pretrained"}}, "model.source is missing"),
        (
            {"model": {"name": "pretrained", "source": {"untrained": {"model_type": "llama", "hidden_size": 8}}}},
            "the size of the model in model.source.untrained is not known: its model_type is 'llama', and",
        ),
        (
            {"model": {"name": "pretrained", "source": {"untrained": {"model_type": "rnn"}}}},
            "the size of the model in model.source.untrained is not known: its model_type is 'rnn', and",
        ),
        (
            {"model": {"name": "pretrained", "source": {"folder": "a"}}, "originals": {"source": "path", "path": "b"}},
            "originals.source is path, whose files hold whole models, but model.adapter is set",
        ),
        (
            {"model": {"name": "pretrained", "source": {"hub": "a/b"}}},
            "model.source: revision is missing; expected both hub and revision, the commit that is downloaded",
        ),
        (
            {"model": {"name": "pretrained", "source": {"hub": "a/b", "revision": "main"}}},
            "model.source.revision is 'main'",
        ),
        (
            {"model": {"name": "pretrained", "source": {"folder": "a"}, "adapter": {"targets": []}}},
            "model.adapter.targets",
        ),
        (
            {"model": {"name": "pretrained", "source": {"folder": "a"}, "adapter": None, "dtype": "bfloat16"}},
            "model: dtype is bfloat16 without an adapter, whose updates would mostly round to nothing",
        ),
        (
            {
                "model": {"name": "pretrained", "source": {"folder": "a"}, "adapter": {"dropout": 0.05}},
                "execution": {"micro_batch_size": 4},
            },
            "model.adapter.dropout is 0.05, but execution.micro_batch_size is 4: what it leaves out is drawn for every "
            "forward pass, so results would depend on how a step is divided; expected model.adapter.dropout: 0, or "
            "execution.micro_batch_size: null",
        ),
        (
            {
                "model": {"name": "pretrained", "source": {"folder": "a"}, "adapter": {"dropout": 0.05}},
                "execution": {"processes": 2},
            },
            "model.adapter.dropout is 0.05, but execution.processes is 2: .* or execution.processes: 1",
        ),
        ({"model.heads": 5}, "model: width 64 is not a multiple of heads 5"),
        ({"data.name": "text_file"}, "data.name is 'text_file'; expected one of .*Did you mean 'text_files'?"),
        ({"data.split": "official"}, "data.split is not a known key"),
        ({"data.tokenizer": DELETED}, "data.tokenizer is missing, but text_files comes as text; expected a block"),
        ({"data.hub": {"path": "a/b"}}, "data.hub is set, but data.name is text_files"),
        ({"data.name": "hub_text"}, "data.hub is missing, but data.name is hub_text"),
        ({"data.name": "fineweb"}, "data.tokenizer is set, but fineweb comes as tokens. Remove data.tokenizer"),
        (
            {"data.retain_evaluated": 512},
            "data.retain_evaluated is 512, but there are 512 .*; expected null or at most 511",
        ),
        ({"data.retain_evaluated": 0}, "data.retain_evaluated is 0; expected a whole number, at least 1"),
        ({"value": "loss_sum"}, "value is 'loss_sum'; expected one of 'margin_mean', 'margin_min', 'loss_mean'"),
        (
            {"attributions": {"a": {"kind": "trak"}}},
            "attributions are configured, but they exist only for images. Remove",
        ),
        ({"forget_sets.some": {"kind": "class", "label": 1}}, "forget_sets.some.kind is 'class', which is unknown"),
        ({"forget_sets.some": {"kind": "random", "size": 3}}, "kind is 'random', .*Did you mean 'random_units'?"),
        (
            {"forget_sets.some.size": 512},
            "forget_sets.some has 512 .*expected at most 511, so that a retain set is left",
        ),
        ({"forget_sets.some.size": 1}, "forget_sets.some asks for 1 of the 2 samples that metrics.mia needs"),
        ({"forget_sets.some.among": 600}, "forget_sets.some.among is 600, but the training split has 512 forget units"),
        ({"forget_sets.some.among": 5}, "size is 16, but the units are drawn among the first 5"),
        (STEPS | {"forget_sets.some.size": 32}, "forget_sets.some has 512 samples, but there are 512 training samples"),
        (STEPS | {"forget_sets.some.among": 33}, "forget_sets.some.among is 33, but the training split has 32 forget"),
        ({"data.forget_unit": "step"}, "data.forget_unit is step, but training.order is shuffled; expected .*stream"),
        (
            STEPS | {"data.train_size": 500},
            "data.train_size is 500, which is not .* steps of 16 sequences; expected 496",
        ),
        ({"training.batch_size": 1000}, "training.batch_size is 1000, but there are 512 training samples"),
        ({"training.warmup_steps": 129}, "training.warmup_steps is 129, but originals take 128 steps"),
        (
            {"training.warmup_steps": 4, "training.epochs": 1, "forget_sets.some.size": 500},
            "training.warmup_steps is 4, but oracles of some take 1 step; expected at most 1",
        ),
        ({"training.schedule": "triangular"}, "training.schedule is 'triangular'; expected one of 'linear', 'cosine'"),
        ({"training.betas": [0.9, 1.0]}, r"training\.betas: \[0\.9, 1\.0\] are not decays; expected two"),
        (
            {"data.name": "hub_text", "data.hub": {"path": "mine"}, "data.root": "./mine/cache"},
            r"data.root is ./mine/cache, in the folder data.hub.path.* expected null or .*Remove data.root",
        ),
        (
            {"execution": {"sharding": "full"}},
            "execution.sharding is full, but execution.processes is 1, .*expected 2 processes or more. Raise",
        ),
        ({"execution": {"stack_size": 2}}, "execution.stack_size is 2, but language models are .*; expected null or 1"),
        (MASKED, "model.end_of_text is 299, but the token before every document is 0; expected 0"),
        (
            MASKED | {"data.tokenizer": {"kind": "characters"}},
            "model.document_mask is set, but .* not known .*Set data.tokenizer.vocabulary_size",
        ),
        ({"methods.ga.warmup_steps": 11}, "methods.ga: warmup_steps is 11, but there are 10 steps"),
        ({"methods.ga.snapshots": [20]}, "methods.ga.snapshots has epoch 20, past the last"),
    ],
)
def test_a_wrong_configuration_is_told_in_a_paragraph(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_experiment(configuration(changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["ga"])
def test_a_language_method_is_refused_for_images(method: str, valid: dict[str, Any]) -> None:
    valid["methods"]["wrong"] = {"method": method}
    with pytest.raises(
        ConfigError, match=f"methods.wrong.method is '{method}', which is for text, not for the data set"
    ):
        load_experiment(valid)


@pytest.mark.parametrize(
    ("changes", "sequences"),
    [
        ({}, 16),
        (STEPS, 256),
        ({"data.forget_unit": "document"}, None),
        ({"forget_sets.some": {"kind": "unit_scores", "file": "a.npy", "top": 3, "bottom": 2}}, 5),
        ({"forget_sets.some": {"kind": "unit_file", "file": "a.npy"}}, None),
        (STEPS | {"forget_sets.some": {"kind": "file", "file": "a.npy", "size": 32}}, 32),
    ],
)
def test_sizes_of_forget_sets_are_planned_in_sequences(changes: dict[str, Any], sequences: int | None) -> None:
    assert load_experiment(configuration(changes)).planned_size("some") == sequences


@pytest.mark.parametrize(
    ("tokenizer", "end_of_text"),
    [
        ({"kind": "bpe", "vocabulary_size": 300}, 0),
        ({"kind": "characters", "vocabulary_size": 66}, 65),
        ({"kind": "gpt2"}, 50_256),
    ],
)
def test_documents_are_masked_by_their_end_of_text(tokenizer: dict[str, Any], end_of_text: int) -> None:
    changes = {"data.tokenizer": tokenizer, "model.document_mask": True, "model.end_of_text": end_of_text}
    load_experiment(configuration(changes))


def test_a_valid_configuration_is_typed() -> None:
    experiment = load_experiment(configuration({"data.retain_evaluated": 100, "value": "loss_mean"}))
    assert isinstance(experiment, TextExperiment)
    assert (experiment.task, experiment.num_classes, experiment.sample_shape) == ("text", 300, (64,))
    assert (experiment.retain_evaluated, experiment.compared_value) == (100, "loss_mean")
    assert experiment.variants["ga"].snapshots == (5, 10)
    assert experiment.split_sizes == (512, 64, 0)
