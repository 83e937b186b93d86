"""What jobs on text have to do: sequences of forget sets, passes, and the sequences that are evaluated."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from made_records import record_of

from unlearnkit.config.load import load_experiment
from unlearnkit.planning.disk import Disk
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.prediction import Predictor
from unlearnkit.planning.workload import Workload
from unlearnkit.workflow.graph import Graph

TEXT = """
experiment: text
data: {name: text_files, tokenizer: {kind: characters}, sequence_length: 16, train_size: 640, validation_size: 32}
model: {name: nanogpt, layers: 1, width: 16, heads: 2}
training: {epochs: 3, batch_size: 16}
num_models: 4
held_out_oracles: 4
shard_size: 4
forget_sets: {some: {kind: random_units, size: 20}, other: {kind: random_units, size: 10, seed: 1}}
methods: {ga: {method: ga, steps: 5, batch_size: 8, snapshots: [2, 5]}}
metrics: {klom: {}, mia: {}}
"""
Make = Callable[..., tuple[Workload, Callable[..., MissingJob]]]


@pytest.fixture
def made() -> Make:
    """A function that returns the workload of the experiment with changes of its blocks, and a maker of its jobs."""

    def make(records: tuple[Any, ...] = (), **changes: dict[str, Any]) -> tuple[Workload, Callable[..., MissingJob]]:
        raw = yaml.safe_load(TEXT)
        for block, values in changes.items():
            raw[block] |= values
        experiment = load_experiment(raw)
        graph = Graph(experiment)
        settings = {
            "original": graph.training_slice("original"),
            "oracle": graph.training_slice("oracle"),
            "unlearn": graph.unlearning_slice("ga"),
            "margins": graph.margins_slice(),
            "score": graph.score_slice("klom", "some", "ga"),
            "dataset": {},
        }

        def job(rule: str, **wildcards: str) -> MissingJob:
            own = {"shard": "0000-0003", **wildcards} if rule not in ("score", "dataset") else wildcards
            outputs = {"margins": "m"} if rule in ("margins", "unlearn") else {rule: "o"}
            return MissingJob(0, rule, own, settings[rule], outputs, 1, 0, True, frozenset())

        return Workload(experiment, records), job

    return make


def test_passes_are_those_of_sequences(made: Make) -> None:
    workload, job = made()
    assert workload.units(job("original")) == {"training": 4 * 3 * 640}
    assert workload.units(job("oracle", forget_set="some")) == {"training": 4 * 3 * 620}
    assert workload.units(job("unlearn", forget_set="some"))["margins"] == 4 * 672 * 2
    assert workload.units(job("margins", population="original")) == {"margins": 4 * 672}
    refilled, job = made(training={"forgotten": "refill"})
    assert refilled.units(job("oracle", forget_set="some")) == {"training": 4 * 3 * 640}


def test_only_evaluated_sequences_are_counted(made: Make) -> None:
    workload, job = made(data={"retain_evaluated": 50})
    assert workload.units(job("margins", population="original")) == {"margins": 4 * (50 + 20 + 10 + 32)}
    assert workload.units(job("margins", population="oracle/some")) == {"margins": 4 * (50 + 20 + 32)}
    assert workload.units(job("unlearn", forget_set="other"))["margins"] == 4 * (50 + 10 + 32) * 2
    scored = workload.units(job("score", forget_set="some", candidate="ga", metric="klom"))
    assert scored == {"scoring": (4 * 2 + 4) * (50 + 20 + 32)}


def test_further_splits_are_evaluated(made: Make) -> None:
    tofu = {"name": "tofu", "tokenizer": {"kind": "bpe", "vocabulary_size": 5000}, "retain_evaluated": 50}
    workload, job = made(data=tofu)
    assert workload.units(job("margins", population="oracle/some")) == {"margins": 4 * (50 + 20 + 32 + 100 + 117)}
    items = {"items": ["forget", "authors", "facts"]}
    observed = dataclasses.replace(job("margins", population="oracle/some"), rule="generations", settings=items)
    assert workload.observed(observed) == 4 * (20 + 100 + 117)
    # the prompts, and as many steps as a sequence has tokens, each shared by the default batch of 8
    assert workload.units(observed) == {"generations": (1 + 16 / 8) * 4 * (20 + 100 + 117)}


def test_generations_are_priced_by_their_steps(made: Make) -> None:
    tofu = {"name": "tofu", "tokenizer": {"kind": "bpe", "vocabulary_size": 5000}, "retain_evaluated": 50}
    workload, job = made(data=tofu)
    margins = job("margins", population="oracle/some")
    answering = dataclasses.replace(margins, rule="generations")
    seconds = Predictor(workload.experiment, [], remote=False).estimates(answering)[1].seconds
    assert seconds == pytest.approx(3 * Predictor(workload.experiment, [], remote=False).estimates(margins)[1].seconds)
    # timed with steps that more prompts share: 1 + 16 / 16 passes per pair
    facts = {"models": 4, "num_classes": 5000, "sample_shape": [16]}
    timed = dataclasses.replace(answering, settings={**margins.settings, "settings": {"batch_size": 16}})
    record = record_of(timed, 9.0, {"generations": (100.0, 6.0)}, facts=facts)
    predicted = Predictor(workload.experiment, [record], remote=False).estimates(answering)[1]
    assert predicted.seconds == pytest.approx(6.0 / 200 * 3 * workload.observed(answering))


def test_forget_units_count_as_many_sequences_as_they_have(made: Make) -> None:
    by_step, _ = made(data={"forget_unit": "step"})
    assert by_step.forget_size("some") == 20 * 16
    by_document, job = made(data={"forget_unit": "document"})
    assert by_document.forget_size("some") == 20
    # documents have as many sequences as an earlier job found
    forget_set = by_document.experiment.forget_sets["some"].model_dump(mode="json")
    found = dataclasses.replace(job("dataset"), rule="forget_set", settings=forget_set)
    record = dataclasses.replace(record_of(found, 1.0, {}), facts={"samples": 77})
    again, _ = made((record,), data={"forget_unit": "document"})
    assert again.forget_size("some") == 77


def test_bytes_of_text(made: Make) -> None:
    workload, job = made()
    disk = Disk(workload, [])
    # mean and smallest margin, loss and share
    assert disk.bytes_of(job("margins", population="original"))["margins"] == 4 * 4 * 4 * 672
    assert disk.bytes_of(job("dataset"))["other"] >= 672 * 16 * 2


def test_margins_of_images_say_nothing_about_those_of_sequences(made: Make, job_of: Callable[..., MissingJob]) -> None:
    workload, job = made()
    image = record_of(job_of("scrub"), 1.0, {"margins": (1000.0, 1.0)}, outputs={"margins": 1_000_000})
    assert Disk(workload, [image]).bytes_of(job("margins", population="original"))["margins"] == 4 * 4 * 4 * 672
    text = record_of(job("margins", population="original"), 1.0, {"margins": (1000.0, 1.0)}, outputs={"margins": 9_000})
    assert Disk(workload, [image, text]).bytes_of(job("margins", population="original"))["margins"] == 9 * 4 * 672
