"""Wrong configurations end `snakemake -n` with one paragraph that names the key and the remedy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import CONFIG, DELETED, Checkout

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError

pytestmark = pytest.mark.workflow

TINY = Path(__file__).with_name(CONFIG)

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown key": ({"num_model": 4}, "num_model is not a known key", "num_models"),
    "unknown setting": ({"methods.scrub.lrr": 0.1}, "methods.scrub.lrr is not a known key", "'lr'"),
    "missing key": ({"model": DELETED}, "model is missing", "expected"),
    "wrong type": ({"training.epochs": "many"}, "training.epochs is 'many'", "number"),
    "boolean for a number": ({"shard_size": True}, "shard_size is true", "number"),
    "out of range": ({"training.lr": -1}, "training.lr is -1", "expected"),
    "unknown method": ({"methods.scrub.method": "scrubb"}, "'scrubb'", "mean 'scrub'?"),
    "unknown metric": ({"metrics.kloom": {}}, "metrics.kloom", "klom"),
    "unknown data set": ({"data.name": "digit"}, "data.name is 'digit'", "digits"),
    "unknown model": ({"model.name": "mpl"}, "'mpl'", "mlp"),
    "unknown kind of forget set": ({"forget_sets.nines.kind": "cluster"}, "'cluster'", "subpopulation"),
    "one model": (
        {"num_models": 1},
        "metrics.klom compares distributions over 2 models or more",
        "raise num_models to 2",
    ),
    "nothing to retain": ({"forget_sets.random_10.size": 200}, "forget_sets.random_10 has 200 samples", "199"),
    "no such class": ({"forget_sets.nines.label": 10}, "forget_sets.nines.label is 10", "0 to 9"),
    "no such set": ({"forget_sets.nines.disjoint_from": ["random"]}, "names 'random'", "random_10"),
    "snapshot past the end": ({"methods.scrub.snapshots": [1, 3]}, "methods.scrub.snapshots has epoch 3", "1 to 2"),
    "too few held-out oracles": ({"held_out_oracles": 2}, "held_out_oracles is 2", "4"),
    "broken shards": ({"shard_size": 3}, "shard_size is 3, which does not divide num_models", "6"),
    "name that is no file name": ({"methods.a/b": {"method": "do_nothing"}}, "'a/b'", "letters"),
    "name that repeats itself": ({f"methods.{'ab' * 20}": {"method": "do_nothing"}}, "20 times 'ab'", "Rename"),
    "reserved name": ({"methods.oracle": {"method": "do_nothing"}}, "methods.oracle has a reserved name", "original"),
    "too many compared": ({"metrics.klom.num_models": 5}, "metrics.klom.num_models is 5", "at most 4"),
    "batch above the data": ({"training.batch_size": 201}, "training.batch_size is 201", "at most 200"),
    "data above the data set": ({"data.train_size": 2000}, "data.train_size is 2000", "1437"),
    "no metric": ({"metrics": {}}, "no metric is asked for", "klom"),
    "unknown device": ({"execution": {"device": "gpu"}}, "execution.device is 'gpu'", "cuda"),
}


BY_SNAKEMAKE = {"unknown key", "unknown method", "name that repeats itself"}
"""What is tried by Snakemake: mistakes of one key and of a name; those between keys are told at once, below.

The others are the loader's words only.
"""


@pytest.mark.parametrize("name", sorted(BY_SNAKEMAKE))
def test_a_wrong_configuration_is_told_in_one_paragraph(fresh: Checkout, name: str) -> None:
    changes, fact, remedy = WRONG[name]
    fresh.configure(changes)
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    assert "Traceback" not in outcome.output
    told = outcome.output[outcome.output.index("WorkflowError") :]
    assert fact in told
    assert remedy in told
    assert not (fresh.root / "results").exists()


@pytest.mark.parametrize("name", [name for name in WRONG if name not in BY_SNAKEMAKE])
def test_the_loader_states_fact_and_remedy(tmp_path: Path, name: str) -> None:
    changes, fact, remedy = WRONG[name]
    shutil.copy(TINY, tmp_path / CONFIG)
    Checkout(tmp_path).configure(changes)
    with pytest.raises(ConfigError) as refused:
        load_experiment(yaml.safe_load((tmp_path / CONFIG).read_text()))
    assert fact in str(refused.value)
    assert remedy in str(refused.value)


def test_several_problems_are_told_at_once(fresh: Checkout) -> None:
    fresh.configure({"num_models": 5, "forget_sets.nines.label": 10, "methods.scrub.snapshots": [9]})
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    assert "Traceback" not in outcome.output
    told = outcome.output[outcome.output.index("WorkflowError") :]
    assert all(key in told for key in ("num_models", "forget_sets.nines.label", "methods.scrub.snapshots"))
    assert not (fresh.root / "results").exists()


def test_a_key_that_stands_twice_is_told_with_both_lines(fresh: Checkout) -> None:
    file = fresh.root / CONFIG
    lines = file.read_text().rstrip().splitlines()
    file.write_text("\n".join([*lines, "methods: {do_nothing: {method: do_nothing}}"]))
    first = next(number for number, line in enumerate(lines, start=1) if line.startswith("methods:"))
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    assert "Traceback" not in outcome.output
    assert f"methods stands twice, in lines {first} and {len(lines) + 1} of {CONFIG}" in outcome.output
