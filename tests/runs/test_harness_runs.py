"""Tasks of lm-evaluation-harness as a run: a table of candidates, and a task that fails costs the others nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import CONFIG, Checkout

from unlearnkit.artifacts.tables import read_table

EXPERIMENT: dict[str, Any] = {
    "experiment": "tiny",
    "data": {
        "name": "village",
        "tokenizer": {"kind": "bpe", "vocabulary_size": 320},
        "sequence_length": 64,
        "forget_unit": "document",
        "train_size": 24,
        "validation_size": 8,
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2, "logit_cap": None},
    "training": {"epochs": 1, "batch_size": 8, "order": "shuffled", "lr": 0.02, "weight_decay": 0.0, "clip": None},
    "num_models": 2,
    "oracles": "none",
    "shard_size": 2,
    "forget_sets": {"some": {"kind": "random_units", "size": 4}},
    "methods": {"do_nothing": {"method": "do_nothing"}},
    "metrics": {"mia": {}},
    "harness": {
        "tasks": ["village_trades", "gone"],
        "include": "experiments/harness",
        "begin_of_text": True,
        "limit": 10,
    },
}


@pytest.mark.slow
@pytest.mark.workflow
def test_answers_are_kept_where_another_task_fails_and_the_table_needs_all(pristine: Checkout, tmp_path: Path) -> None:
    copy = pristine.copy(tmp_path / "copy")
    (copy.root / CONFIG).write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    task = yaml.safe_load((copy.root / "experiments/harness/village_trades.yaml").read_text())
    gone = copy.root / "experiments/harness/gone.yaml"
    gone.write_text(yaml.safe_dump({**task, "task": "gone", "dataset_kwargs": {"data_files": {"test": "no.jsonl"}}}))
    asked = [f"results/tiny/original/0000-0001.harness/{name}.parquet" for name in ("gone", "village_trades")]
    failed = copy.snakemake(*asked, "--keep-going")
    assert failed.status == 1 and "the data of the task 'gone' cannot be loaded (FileNotFoundError" in failed.output
    assert "Traceback" not in failed.output
    answers = copy.result("original/0000-0001.harness/village_trades.parquet")
    record = json.loads(answers.with_name(f"{answers.name}.json").read_text())["harness"]
    assert (
        record["begin_of_text"] is True
        and record["lm_eval"]
        and len(record["tasks"]["village_trades"]["prompts"]) == 64
    )
    assert not list((copy.root / "results").rglob("gone.parquet*"))
    copy.configure({"harness.tasks": ["village_trades"]})
    assert copy.make("harness_all").counts["harness"] == 1  # originals have answered, whatever else they were asked
    rows = read_table(copy.result("tables/harness.parquet"))[0].to_pylist()
    assert [(row["candidate"], row["task"], row["metric"], row["models"]) for row in rows] == [
        (candidate, "village_trades", "acc", 2) for candidate in ("original", "do_nothing")
    ]
    assert rows[0]["mean"] == rows[1]["mean"]
    assert copy.plan("harness_all").nothing_to_do
