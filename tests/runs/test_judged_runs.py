"""Answers are judged as part of a run: from generations alone, and tables state who judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from checkout import CONFIG, Checkout
from test_pair_runs import EXPERIMENT

from unlearnkit.artifacts.tables import read_table


@pytest.mark.slow
@pytest.mark.workflow
def test_a_run_judges_answers_and_tables_state_who_judged(pristine: Checkout, tmp_path: Path) -> None:
    copy = pristine.copy(tmp_path / "copy")
    training = {**EXPERIMENT["training"], "epochs": 5}
    observations = {"generations": {"most_tokens": 8, "items": ["forget"]}, "judged": {}}
    small = {"num_models": 1, "held_out_oracles": 0, "shard_size": 1, "methods": {"copied": {"method": "do_nothing"}}}
    own = {**EXPERIMENT, **small, "training": training, "observations": observations, "metrics": {"judge": {}}}
    (copy.root / CONFIG).write_text(yaml.safe_dump(own, sort_keys=False))
    made = copy.make("judge_all")
    assert made.counts["judged"] == made.counts["generations"] == 3
    assert copy.plan("judge_all").nothing_to_do
    table = copy.result("tables/judge.md").read_text()
    assert "heuristic, not comparable with judges that are language models" in table
    assert "win_rate forget" in table and "retain" not in table.split("###")[1]
    rows = read_table(copy.result("tables/judge.parquet"))[0].to_pylist()
    ties = {row["candidate"]: row["mean"] for row in rows if (row["measure"], row["split"]) == ("tie_rate", "forget")}
    assert ties["original"] == ties["copied"] == 1 > ties["oracle"]
    record = json.loads(copy.result("oracle/last/0000-0000.judged.parquet.json").read_text())
    assert record["judge"]["kind"] == "heuristic" and not any(path.endswith("safetensors") for path in record["inputs"])
