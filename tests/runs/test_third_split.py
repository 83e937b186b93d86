"""Deep Unlearn's split through the workflow: margins, scores, tables and page have the test rows too."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from checkout import DELETED, Checkout

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.tables import read_table
from unlearnkit.data.images.dataset_file import read_image_set

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_test_rows_have_margins_and_scores(fresh: Checkout) -> None:
    fresh.configure(
        {
            "data": {"name": "digits", "split": "deep_unlearn", "train_size": 200, "validation_size": 60},
            "data.test_size": 30,
            "data.image": {"side": 10, "channels": 3},
            "shard_size": 4,
            "forget_sets": {"tenth": {"kind": "random", "size": 20, "seed": 123}},
            "methods.scrub": DELETED,
            "methods.load_oracle": DELETED,
            "metrics.retention": {},
            "metrics.calibration": {},
        }
    )
    fresh.make()
    image_set = read_image_set(fresh.result("data/dataset.safetensors"))
    assert image_set.split_sizes == {"train": 200, "validation": 60, "test": 30}
    assert image_set.images.shape[1:] == (3, 10, 10)
    margins = read_margins([fresh.result("original/0000-0003.margins.parquet")])[2]
    assert Counter(margins.split.tolist()) == image_set.split_sizes
    assert margins.sample_index.tolist() == [*range(200), *range(60), *range(30)]
    rows, _ = read_table(fresh.result("summaries/klom/tenth/original.parquet"))
    assert {(row["split"], row["n_samples"]) for row in rows.to_pylist()} == {
        ("forget", 20),
        ("retain", 180),
        ("validation", 60),
        ("test", 30),
    }
    accuracies, _ = read_table(fresh.result("summaries/mia/tenth/original.parquet"))
    own = {row["split"]: row["mean"] for row in accuracies.to_pylist() if row["measure"] == "accuracy"}
    correct = margins.correct[:, margins.split == "test"]
    assert own["test"] == pytest.approx(correct.mean())
    retained, _ = read_table(fresh.result("summaries/retention/tenth/original.parquet"))
    deviation = next(row for row in retained.to_pylist() if row["measure"] == "retention_deviation")
    assert (deviation["split"], deviation["n_samples"]) == ("all", 290) and deviation["mean"] > 0
    calibrated, _ = read_table(fresh.result("summaries/calibration/tenth/oracle.parquet"))
    assert {row["split"] for row in calibrated.to_pylist()} == {"forget", "retain", "validation", "test"}
    assert "klom validation | klom test |" in fresh.result("tables/klom.md").read_text()
    page = fresh.result("report/index.html").read_text()
    assert '<th scope="col">test</th>' in page
    assert ">test samples<" in fresh.result("report/forget_sets/tenth.html").read_text()
    record = json.loads(fresh.result("data/dataset.safetensors.json").read_text())
    assert record["content_hash"] == image_set.content_hash != record["published_hash"]
