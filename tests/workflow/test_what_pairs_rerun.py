"""What an experiment on question-answer pairs makes again: after an edited loss, a new evaluation, more models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

EXPERIMENT = """
experiment: pairs
data: {name: village_pairs, tokenizer: {kind: bpe, vocabulary_size: 400}, sequence_length: 96, train_size: 48,
       validation_size: 12, pairs: {first: 192}}
model: {name: nanogpt, layers: 1, width: 32, heads: 2}
training: {epochs: 1, batch_size: 8}
num_models: 2
held_out_oracles: 3
shard_size: 1
forget_sets: {last: {kind: pair_list, name: forget05}}
methods:
  npo: {method: npo, steps: 4}
  idk_ap: {method: idk_ap, steps: 4}
metrics: {margin_distance: {}, rouge: {}}
"""
CHANGED: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "another evaluation": {"metrics": {"margin_distance": {}, "rouge": {}, "truth_ratio": {}, "probability": {}}},
    "more models": {"num_models": 3},
    "another rate": {
        "methods": {"npo": {"method": "npo", "steps": 4}, "idk_ap": {"method": "idk_ap", "steps": 4, "lr": 1e-4}}
    },
}
OF_IDK_AP = {f"{stage} idk_ap {shard}" for stage in ("unlearned", "margins") for shard in ("0000-0000", "0001-0001")}
"""What the jobs of a method make; other observations and scores follow from the content of the weights."""
PROGRAM = """
import json, sys
from unlearnkit.config.load import load_experiment
from unlearnkit.layout import shard_names
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

def made(raw):
    present, found = Present(Graph(load_experiment(raw))), {}
    experiment = present.graph.experiment
    forget = {"forget_set": "last"}
    places = [("pairs", "", {}), ("data", "", {}), ("tokenizer", "", {}), ("forget sets", "last", forget)]
    for shard in shard_names(experiment.num_models, experiment.shard_size):
        own = {**forget, "shard": shard}
        populations = {"original": {**own, "population": "original"}, "oracle": {**own, "population": "oracle/last"}}
        places += [("originals", shard, own), ("oracles", shard, own)]
        for variant in present.graph.variants:
            places.append(("unlearned", f"{variant} {shard}", {**own, "variant": variant}))
            populations[variant] = {**own, "population": f"unlearned/last/{variant}"}
        for name in present.observations.names:
            places += [(name, f"{which} {shard}", wildcards) for which, wildcards in populations.items()]
    for metric in present.graph.metrics:
        for candidate in ("original", "oracle", *present.graph.variants):
            places.append(("scores", f"{metric} {candidate}", {**forget, "metric": metric, "candidate": candidate}))
    for stage, name, wildcards in places:
        found[f"{stage} {name}".strip()] = [present.slice_of(stage, wildcards), present.code_of(stage, wildcards)]
    return found

print(json.dumps({name: made(raw) for name, raw in json.load(sys.stdin).items()}))
"""
Made = dict[str, dict[str, list[Any]]]


def made_by(package: Path, folder: Path) -> Made:
    """Experiment -> artifact -> settings and code, by a copy of the package."""
    experiments = {name: {**yaml.safe_load(EXPERIMENT), **own} for name, own in CHANGED.items()}
    run = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM],
        input=json.dumps(experiments),
        cwd=folder,
        env={"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def made(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """What the package as it is makes of the experiments."""
    return made_by(repository, tmp_path_factory.mktemp("made"))


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """The artifacts of both that are made again."""
    return {name for name in one.keys() & other.keys() if one[name] != other[name]}


def test_an_edited_loss_reruns_the_models_of_its_method(made: Made, repository: Path, tmp_path: Path) -> None:
    for folder in ("unlearnkit", "workflow_scripts"):
        shutil.copytree(repository / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "unlearnkit/methods/language/idk_ap.py"
    text, loss = path.read_text(), "Term(data.refusals, nll, settings.gamma)"
    assert text.count(loss) == 1
    path.write_text(text.replace(loss, loss.replace("settings.gamma", "2 * settings.gamma")))
    edited = made_by(tmp_path, tmp_path)["as it is"]
    assert differing(made["as it is"], edited) == OF_IDK_AP


def test_another_rate_reruns_the_models_of_its_method(made: Made) -> None:
    assert differing(made["as it is"], made["another rate"]) == OF_IDK_AP


def test_a_new_evaluation_reruns_no_training_and_no_score(made: Made) -> None:
    before, after = made["as it is"], made["another evaluation"]
    assert differing(before, after) == set() and before.keys() < after.keys()
    assert {name.split()[0] for name in after.keys() - before.keys()} <= {"answers", "scores"}


def test_more_models_add_shards_and_rerun_none(made: Made) -> None:
    before, after = made["as it is"], made["more models"]
    assert {name for name in differing(before, after) if not name.startswith("scores ")} == set()
    added = after.keys() - before.keys()
    assert added and all(name.endswith("0002-0002") for name in added)
