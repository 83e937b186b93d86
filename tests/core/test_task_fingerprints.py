"""Code for text alone is in no fingerprint of an experiment with images, and the other way round."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.text_graph import TextGraph

TEXT = """
experiment: text
data: {name: text_files, tokenizer: {kind: characters}, sequence_length: 16, train_size: 64, validation_size: 8}
model: {name: nanogpt, layers: 1, width: 16, heads: 2}
training: {epochs: 1, batch_size: 16}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {nothing: {method: do_nothing}, ga: {method: ga, steps: 2}}
metrics: {klom: {}, mia: {}}
"""
PROGRAM = """
import json, sys
from pathlib import Path
from unlearnkit import fingerprint
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import read_configuration
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.observation_graph import ObservationGraph

experiments = {name: load_experiment(read_configuration([Path(f"{name}.yaml")])) for name in ("text", "image")}

def codes():
    for cached in (function for function in vars(fingerprint).values() if hasattr(function, "cache_clear")):
        cached.cache_clear()
    found = {}
    for name, experiment in experiments.items():
        graph = Graph(experiment)
        codes = [graph.model_code("train"), *map(graph.unlearning_code, graph.variants)]
        observations = ObservationGraph(graph)
        found[name] = [*codes, *map(observations.code, observations.names), *map(graph.score_code, graph.metrics)]
    return found

print(json.dumps(codes()))
for file in sys.argv[1:]:
    path = Path("unlearnkit", file)
    text = path.read_text()
    path.write_text(text + "\\nEDITED = 1\\n")
    print(json.dumps(codes()))
    path.write_text(text)
"""
"""Prints the fingerprints of the jobs of both experiments: as they are, then with each file edited alone."""


@pytest.fixture
def package(tmp_path: Path, repository: Path) -> Path:
    """A copy of the package and its workflow, with two experiments."""
    for folder in ("unlearnkit", "workflow_scripts"):
        shutil.copytree(repository / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "text.yaml").write_text(TEXT)
    shutil.copy(repository / "experiments/smoke.yaml", tmp_path / "image.yaml")
    return tmp_path


def codes(package: Path, *edited: str) -> list[dict[str, list[str]]]:
    """Return the fingerprints of the jobs of both experiments: as they are, then with each file edited alone."""
    command = [sys.executable, "-B", "-c", PROGRAM, *edited]
    run = subprocess.run(command, cwd=package, env={"PYTHONPATH": str(package)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.slow
def test_tasks_have_fingerprints_of_their_own(package: Path) -> None:
    edited = {
        "image": (
            "training/language/text_task.py",
            "training/language/text_loop.py",
            "training/language/sequence_values.py",
            "training/language/training_order.py",
            "training/language/curves.py",
            "training/processes/distributed.py",
            "training/processes/part.py",
            "training/processes/serving.py",
            "training/processes/starting.py",
            "training/language/token_losses.py",
            # with the learning rate and the limit of ascent: what is computed with settings is no part of them
            "methods/language/token_steps.py",
            "methods/language/token_terms.py",
            "data/text/text_set.py",
            "data/text/text_file.py",
            "models/language/nanogpt.py",
        ),
        "text": (
            "training/images/image_task.py",
            "training/images/predict.py",
            "models/images/mlp.py",
            "methods/images/scrub.py",
        ),
    }
    for untouched, files in edited.items():
        other = "text" if untouched == "image" else "image"
        before, *after = codes(package, *files)
        for file, found in zip(files, after, strict=True):
            assert found[untouched] == before[untouched], file
            assert found[other] != before[other], file


@pytest.mark.parametrize(("name", "reader"), [("text_files", "tokens"), ("fineweb", "data")])
def test_stated_content_is_told_to_the_job_that_reads_the_files(name: str, reader: str) -> None:
    raw = yaml.safe_load(TEXT)
    tokenizer = None if name == "fineweb" else raw["data"]["tokenizer"]
    raw["data"] |= {"name": name, "tokenizer": tokenizer, "content_hash": "a" * 64}
    graph = TextGraph(Graph(load_experiment(raw)))
    slices = {"tokens": graph.tokens_slice(), "data": graph.dataset_slice()}
    assert slices[reader]["content_hash"] == "a" * 64
    assert "content_hash" not in slices["data"] or reader == "data"
