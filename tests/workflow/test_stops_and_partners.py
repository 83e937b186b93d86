"""Variants that read partners get those of their forget set, and those that judge sequences have a stop file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unlearnkit.artifacts.base import placed
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.training.unlearning_recipe import UnlearningRecipe
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.method_readers import method_reader_files
from unlearnkit.workflow.present import Present

EXPERIMENT: dict[str, Any] = {
    "experiment": "documents",
    "data": {
        "name": "village",
        "tokenizer": {"kind": "bpe", "vocabulary_size": 512},
        "sequence_length": 64,
        "train_size": 96,
        "validation_size": 16,
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
    "training": {"epochs": 1, "batch_size": 8},
    "num_models": 4,
    "held_out_oracles": 4,
    "shard_size": 2,
    "forget_sets": {"some": {"kind": "random_units", "size": 6}},
    "methods": {"icu": {"method": "icu"}, "kumpr": {"method": "kumpr"}, "llmu": {"method": "llmu"}},
    "metrics": {"margin_distance": {}},
}


def present(**data: Any) -> Present:
    return Present(Graph(load_experiment({**EXPERIMENT, "data": {**EXPERIMENT["data"], **data}})))


def test_only_icu_reads_partners() -> None:
    own = present().partners
    assert own.read_by("icu", "some") == ["results/documents/partners/some.parquet"]
    assert not own.read_by("kumpr", "some") + own.read_by("llmu", "some")


def test_partners_are_made_of_what_their_embedder_reads() -> None:
    texts, states = present().partners, present(partners={"embedder": {"kind": "states"}}).partners
    assert (texts.tokenizer(), texts.originals()) == (["results/documents/data/tokenizer.json"], [])
    assert (states.tokenizer(), states.originals()) == ([], ["results/documents/original/0000-0001.safetensors"])
    assert "model" not in texts.slice()
    assert states.slice()["model"]["name"] == "nanogpt"


def test_where_the_files_of_an_encoder_lie_decides_nothing() -> None:
    slices = [
        present(partners={"embedder": {"kind": "encoder", "source": {"folder": folder}}}).partners.slice()
        for folder in ("here", "there")
    ]
    assert slices[0] == slices[1]


def test_files_of_the_encoder_of_a_method_are_inputs_and_their_folder_is_in_no_slice(tmp_path: Path) -> None:
    graphs: list[Graph] = []
    for name in ("here", "there"):
        (folder := tmp_path / name).mkdir()
        (folder / "model.safetensors").touch()
        own = {"method": "icu", "encoder": {"kind": "encoder", "source": {"folder": str(folder)}}}
        graphs.append(Graph(load_experiment({**EXPERIMENT, "methods": {**EXPERIMENT["methods"], "icu": own}})))
    here, there = (graph.unlearning_slice("icu") for graph in graphs)
    assert here == there
    files = method_reader_files(graphs[1], "icu")
    assert files == [str(tmp_path / "there" / "model.safetensors")]
    read = UnlearningRecipe.from_slice(placed(here, files)).settings.model_dump()
    assert read == graphs[1].variants["icu"].settings.model_dump()
    (tmp_path / "there" / "model.safetensors").unlink()
    assert method_reader_files(graphs[1], "icu") == [str(tmp_path / "there" / "config.json")]  # which is missing
    assert method_reader_files(graphs[1], "kumpr") == []
    assert placed(there, []) == there


def test_every_shard_of_what_judges_sequences_has_a_stop_file() -> None:
    stops = present().stops
    assert stops.variants == ["icu", "kumpr"]
    assert stops.files() == [
        f"results/documents/unlearned/some/{variant}/{shard}.stops.parquet"
        for variant in ("icu", "kumpr")
        for shard in ("0000-0001", "0002-0003")
    ]


def test_texts_of_data_that_come_as_tokens_are_not_compared() -> None:
    data = {"name": "fineweb", "sequence_length": 64, "train_size": 96, "validation_size": 16}
    with pytest.raises(ConfigError) as refused:
        load_experiment({**EXPERIMENT, "data": data})
    assert (
        "methods.icu: icu compares texts, but data set 'fineweb' comes as tokens; expected a data set with a tokenizer"
        in str(refused.value)
    )
