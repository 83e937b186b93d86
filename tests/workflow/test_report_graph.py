"""Which figures there are, what they read, and that scores come back as they were written."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from unlearnkit.artifacts.scores import read_final_scores, write_scores
from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.report_graph import ReportGraph


@pytest.fixture(scope="module")
def published(repository):
    raw = yaml.safe_load((repository / "experiments/easydub_cifar10.yaml").read_text())
    return ReportGraph(
        Graph(
            load_experiment(
                {**raw, "metrics": {"klom": {"num_models": 100}, "mia": {"splits": 5}}} | {"held_out_oracles": 200}
            )
        )
    )


def test_only_headlines_on_forget_and_validation_samples_have_a_trade_off(published):
    assert list(published.figures()) == [
        "klom_trade_off",
        "klom_distributions",
        "mia_distributions",
        "curves",
        "margins",
    ]


def test_one_variant_of_every_method_is_drawn(published):
    methods = [published.graph.variants[name].method for name in published.exemplars()]
    assert sorted(methods) == sorted({variant.method for variant in published.graph.variants.values()})


def test_oracle_matching_is_no_contender(repository):
    raw = yaml.safe_load((repository / "experiments/easydub_cifar10.yaml").read_text())
    methods = {"matched": {"method": "oracle_matching"}, "scrub": {"method": "scrub"}}
    assert ReportGraph(Graph(load_experiment({**raw, "methods": methods}))).contenders() == ["scrub"]


def test_baselines_and_methods_that_read_oracles_are_no_contenders(published):
    left_out = {"do_nothing", "early_stopped_retrain", "load_oracle"}
    assert set(published.graph.variants) - set(published.contenders()) == left_out


def test_every_record_is_named_once_and_lies_beside_an_artifact(published):
    records = published.provenance_records()
    assert len(set(records)) == len(records)
    assert all(record.endswith((".safetensors.json", ".npy.json", ".parquet.json")) for record in records)


def test_final_scores_are_those_of_the_last_epoch_with_nan_for_undefined(tmp_path):
    values = {epoch: {"klom": {"forget": np.array([epoch, np.nan]), "retain": np.array([7.0])}} for epoch in (5, 3)}
    write_scores(tmp_path / "a.parquet", values, {"forget": np.array([4, 9]), "retain": np.array([1])}, {})
    read = read_final_scores(tmp_path / "a.parquet", "klom")
    np.testing.assert_array_equal(read["forget"], [5.0, np.nan])
    np.testing.assert_array_equal(read["retain"], [7.0])
