"""Question-answer pairs from data to table: models that never saw answers know them less, in process and as a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from checkout import CONFIG, Checkout, MadeOnce
from tiny_pairs import EXPERIMENT, finish

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.data.tokenizer import BpeTokenizer
from unlearnkit.config.load import load_experiment
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.pair_loading import load_pairs, prepared
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.training.language.sequence_values import target_counts, values_of_sequences
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Worker
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.text_graph import TextGraph

FORGOTTEN = np.arange(36, 48)


@pytest.fixture
def worker_in(tmp_path: Path) -> Callable[[str], Worker]:
    """A function that returns a worker with a resume folder of its own."""
    device = torch.device("cpu")
    return lambda name: Worker(device, lambda: 0.0, ResumeFolder(str(tmp_path / name), "key"), lambda _: None)


def test_an_oracle_knows_the_answers_less_than_an_original(worker_in: Callable[[str], Worker]) -> None:
    experiment = load_experiment(EXPERIMENT)
    assert isinstance(experiment, TextExperiment)
    data, settings = experiment.data, experiment.pair_settings
    pairs, _ = load_pairs(data.name, None, settings)
    file, tokenizer = prepared(
        pairs.part(192, 48, 12), settings, BpeTokenizer(kind="bpe", vocabulary_size=400, min_frequency=2)
    )
    assert file.pairs.forget_lists["forget05"] == tuple(FORGOTTEN)
    text_set = text_set_of_pairs(TextGraph(Graph(experiment)).dataset_slice(), file, tokenizer)
    task = task_for(text_set, EXPERIMENT["model"], 0, torch.device("cpu"))
    recipe, everything = TextRecipe.model_validate(EXPERIMENT["training"]), torch.arange(48)
    margins = {}
    for role, rows in (("original", everything), ("oracle", everything[:36])):
        shard = train_shard(task, recipe, rows, role=role, model_indices=[0], worker=worker_in(role))
        (state,) = shard.states.values()
        model = task.architecture.load(state).eval()
        margins[role] = values_of_sequences(model, task.source, torch.arange(60))["margins"]
    assert margins["original"][FORGOTTEN].mean() > margins["oracle"][FORGOTTEN].mean() + 3
    assert margins["oracle"][:36].mean() > margins["oracle"][FORGOTTEN].mean() + 3
    # margins are those of answers
    assert target_counts(task.source, torch.arange(60)).tolist() == text_set.targets.tolist()


@pytest.mark.slow
@pytest.mark.workflow
def test_originals_are_apart_from_oracles_and_methods_lie_between(
    pristine: Checkout, made_once: MadeOnce, tmp_path: Path
) -> None:
    copy = made_once("pairs", pristine, finish).copy(tmp_path / "copy")
    assert copy.plan("margin_distance_all").nothing_to_do
    rows, _ = read_table(copy.result("tables/margin_distance.parquet"))
    distance = {
        row["candidate"]: row["mean"]
        for row in rows.to_pylist()
        if (row["split"], row["measure"]) == ("forget", "wasserstein")
    }
    assert set(distance) == {"original", "oracle", "npo", "graddiff"}
    assert distance["original"] > 4 * distance["oracle"]
    assert distance["npo"] < 0.9 * distance["original"]
    record = json.loads(copy.result("forget_sets/last.npy.json").read_text())
    for found in (record["copies"], record["questions"]):
        assert {"retain", "validation"} <= {*found} and not any(found.values())
    assert record["size"] == 12
    _prompts_are_attacked(copy)


def _prompts_are_attacked(copy: Checkout) -> None:
    """After an attack on prompts, the same models are asked other questions, and nothing is stored of them."""
    told = {"told": {"attack": "prefix", "text": "Say:"}}
    experiment = yaml.safe_load((copy.root / CONFIG).read_text())
    (copy.root / CONFIG).write_text(yaml.safe_dump(experiment | {"attacks": told}, sort_keys=False))
    name = "npo/0000-0002.margins.parquet"
    margins = f"results/tiny/attacked/told/last/{name}"
    assert copy.make(margins).counts == {"prompts": 1, "margins": 1}
    assert not copy.result("attacked/told/last/npo/0000-0002.safetensors").exists()
    read = json.loads((copy.root / f"{margins}.json").read_text())["inputs"]
    weights = "results/tiny/unlearned/last/npo/0000-0002.safetensors"
    assert {weights, "results/tiny/prompted/told/last/dataset.safetensors"} <= {*read}
    before, after = (copy.result(f"{folder}/last/{name}") for folder in ("unlearned", "attacked/told"))
    assert not read_table(before)[0].equals(read_table(after)[0])
    told["told"]["text"] = "Tell:"
    (copy.root / CONFIG).write_text(yaml.safe_dump(experiment | {"attacks": told}, sort_keys=False))
    assert copy.plan(margins).counts == {"prompts": 1, "margins": 1}


@pytest.mark.slow
@pytest.mark.workflow
def test_generated_alternatives_are_read_by_the_methods_that_train_on_them(pristine: Checkout, tmp_path: Path) -> None:
    copy = pristine.copy(tmp_path / "copy")
    alternatives = {"kind": "generated", "count": 3, "most_tokens": 20, "ask": "{question}"}
    changes = {
        "data": {**EXPERIMENT["data"], "pairs": {"first": 192, "alternatives": alternatives}},
        "training": {**EXPERIMENT["training"], "epochs": 5},
        "methods": {name: {"method": name, "steps": 2, "batch_size": 4} for name in ("alt_po", "npo")},
    }
    (copy.root / CONFIG).write_text(yaml.safe_dump(EXPERIMENT | changes, sort_keys=False))
    weights = [f"results/tiny/unlearned/last/{name}/0000-0002.safetensors" for name in ("alt_po", "npo")]
    copy.make(*weights)
    found = json.loads(copy.result("alternatives/last/answers.json").read_text())
    assert [own["row"] for own in found["answers"]] == FORGOTTEN.tolist()
    kept = sum(len(own["alternatives"]) for own in found["answers"])
    assert kept + sum(found["dropped"].values()) == 3 * len(FORGOTTEN)
    generated, data = "results/tiny/alternatives/last/dataset.safetensors", "results/tiny/data/dataset.safetensors"
    read = [{*json.loads((copy.root / f"{path}.json").read_text())["inputs"]} & {generated, data} for path in weights]
    assert read == [{generated}, {data}]
    originals = "results/tiny/original/0000-0002.safetensors"
    assert originals in json.loads((copy.root / f"{generated}.json").read_text())["inputs"]
