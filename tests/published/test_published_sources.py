"""`source: published` in the configuration, and which part of the graph comes from the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.config.models.correctness import reads_correctness
from unlearnkit.config.reading import merged, read_yaml
from unlearnkit.errors import ConfigError
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present
from unlearnkit.workflow.report_graph import ReportGraph

COMMIT = "0123456789" * 4
SOURCE = {"source": "published", "repository": "owner/pool", "revision": COMMIT, "layout": "easydub_1", "models": 4}
EXPERIMENT: dict[str, Any] = {
    "experiment": "tiny",
    "data": {"name": "cifar10"},
    "model": {"name": "resnet9"},
    "training": {"epochs": 24, "batch_size": 256, "lr": 0.4, "warmup_epochs": 5},
    "num_models": 8,
    "shard_size": 2,
    "originals": SOURCE,
    "oracles": SOURCE,
    "forget_sets": {
        "set_2": {"kind": "easydub", "name": "cifar10/2"},
        "mine": {"kind": "random", "size": 10},
    },
    "methods": {"do_nothing": {"method": "do_nothing"}},
    "metrics": {"klom": {"num_models": 4}},
}


def present(**changes: Any) -> Present:
    return Present(Graph(load_experiment({**EXPERIMENT, **changes})))


def problem(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        present(**changes)
    return str(caught.value)


def test_shards_that_are_published_come_from_the_hub_and_others_are_trained() -> None:
    own = present()
    assert own.published.shards("original") == ["0000-0001", "0002-0003"]
    assert own.published.populations("oracle") == ["oracle/set_2"]
    fetched = own.slice_of("originals", {"shard": "0002-0003"})
    assert fetched["published"]["revision"] == COMMIT and "training" not in fetched
    assert "training" in own.slice_of("originals", {"shard": "0004-0005"})
    assert own.slice_of("oracles", {"forget_set": "set_2", "shard": "0000-0001"})["published"]["forget_set"] == 2
    assert "training" in own.slice_of("oracles", {"forget_set": "mine", "shard": "0000-0001"})
    assert own.slice_of("held-out oracles", {"forget_set": "set_2", "shard": "0000-0001"})["training"]


def test_what_is_trained_is_what_it_was() -> None:
    usual, mixed = present(originals="train", oracles="train"), present()
    for stage, wildcards in (
        ("originals", {"shard": "0004-0005"}),
        ("oracles", {"forget_set": "mine", "shard": "0000-0001"}),
        ("margins", {"population": "oracle/mine", "shard": "0000-0001"}),
        ("margins", {"population": "original", "shard": "0004-0005"}),
    ):
        assert usual.slice_of(stage, wildcards) == mixed.slice_of(stage, wildcards)
        assert usual.code_of(stage, wildcards) == mixed.code_of(stage, wildcards)


def test_margins_are_published_unless_weights_are_to_be_evaluated() -> None:
    where = {"population": "original", "shard": "0000-0001"}
    assert present().slice_of("margins", where)["published"]["evaluated"] == "margins"
    logits = present(originals={**SOURCE, "evaluated": "logits"})
    assert logits.slice_of("margins", where)["published"]["evaluated"] == "logits"
    weights = present(originals={**SOURCE, "evaluated": "weights"})
    assert "published" not in weights.slice_of("margins", where)
    assert weights.slice_of("originals", {"shard": "0000-0001"})["published"]


def test_oracles_are_tested_where_margins_are_made_of_published_weights() -> None:
    weights = present(oracles={**SOURCE, "evaluated": "weights"}).published
    tested = weights.tested_with("margins", "oracle/set_2", "0002-0003")
    assert tested == ["results/tiny/forget_sets/set_2.npy", "results/tiny/original/0002-0003.margins.parquet"]
    # of what is trained here, of other observations, and of margins that are published nothing is read
    assert not weights.tested_with("margins", "oracle/set_2", "0004-0005")
    assert not weights.tested_with("margins", "oracle/mine", "0000-0001")
    assert not weights.tested_with("margins", "original", "0000-0001")
    assert not weights.tested_with("hidden", "oracle/set_2", "0000-0001")
    assert not present().published.tested_with("margins", "oracle/set_2", "0000-0001")


def test_the_same_wildcards_taken_apart_say_the_same() -> None:
    own = present()
    whole = own.slice_of("margins", {"population": "oracle/set_2", "shard": "0000-0001"})
    assert whole == own.slice_of("margins", {"population": "oracle", "forget_set": "set_2", "shard": "0000-0001"})


def test_the_page_needs_no_weights_of_models_that_were_published_with_margins() -> None:
    records = ReportGraph(Graph(load_experiment(EXPERIMENT))).provenance_records()
    assert "results/tiny/original/0000-0001.margins.parquet.json" in records
    assert "results/tiny/original/0004-0005.safetensors.json" in records
    assert "results/tiny/original/0000-0001.safetensors.json" not in records


def test_documented_counts_hold_where_none_is_stated() -> None:
    many = {**SOURCE, "models": None}
    own = present(originals=many, oracles="train", num_models=202, held_out_oracles=0)
    assert own.published.shards("original")[-1] == "0198-0199"
    ours = present(originals={**many, "layout": "unlearnkit"})
    assert ours.published.shards("original")[-1] == "0006-0007"


def test_forget_sets_have_the_numbers_that_are_given_or_that_their_kind_says() -> None:
    given = present(oracles={**SOURCE, "forget_sets": {"mine": 7, "set_2": None}})
    assert given.published.populations("oracle") == ["oracle/mine"]
    assert given.slice_of("oracles", {"forget_set": "mine", "shard": "0000-0001"})["published"]["forget_set"] == 7


def test_metrics_that_read_first_choices_are_known_by_their_code() -> None:
    assert {name for name in ("klom", "margin_distance", "margin", "mia", "ulira") if reads_correctness(name)} == {
        "margin",
        "mia",
        "ulira",
    }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"originals": {**SOURCE, "revision": "main"}}, "originals.revision: 'main' is no commit"),
        ({"originals": {**SOURCE, "revision": "COMMIT"}}, "/commits/main and write its 40 hexadecimal digits"),
        ({"originals": {**SOURCE, "repository": "pool"}}, "originals.repository is 'pool'"),
        ({"originals": {**SOURCE, "layout": "easydub"}}, "originals.layout is 'easydub'"),
        ({"originals": {**SOURCE, "models": 3}}, "which are one file, 1 would be fetched and 1 trained"),
        ({"originals": {**SOURCE, "models": 3}}, "Set originals.models: 2, or choose a shard_size that divides 3"),
        ({"data": {"name": "cifar10", "train_size": 500}}, "data.train_size is 500, but the models of"),
        ({"oracles": {**SOURCE, "forget_sets": {"set_9": 9}}}, "oracles.forget_sets names 'set_9'. Did you mean"),
        ({"oracles": {**SOURCE, "forget_sets": {"mine": 11}}}, "there are no oracles of that number; expected 1 to 10"),
        ({"originals": {**SOURCE, "forget_sets": {"mine": 1}}}, "but originals have no forget set"),
        ({"originals": {**SOURCE, "layout": "unlearnkit", "evaluated": "logits"}}, "layout unlearnkit does not have"),
        ({"metrics": {"klom": {"num_models": 4}, "margin": {}}}, "leave open for some samples. Remove metrics.margin"),
    ],
)
def test_what_cannot_be_taken_from_the_hub_is_refused(changes: dict[str, Any], says: str) -> None:
    assert says in problem(**changes)


def test_metrics_of_first_choices_are_computed_of_logits_and_weights() -> None:
    exact = [{**SOURCE, "evaluated": kind} for kind in ("logits", "weights")]
    present(originals=exact[0], oracles=exact[1], metrics={"klom": {"num_models": 4}, "margin": {}})


@pytest.mark.parametrize("name", ["easydub_cifar10", "easydub_living17"])
def test_shipped_overlays_wait_for_a_commit_and_fetch_all_models(repository: Path, name: str) -> None:
    protocol, overlay = (repository / f"experiments/{folder}{name}.yaml" for folder in ("", "published/"))
    with pytest.raises(ConfigError, match=r"originals\.revision: 'COMMIT' is no commit"):
        load_experiment(merged(read_yaml(protocol), read_yaml(overlay)))
    filled = yaml.safe_load(overlay.read_text().replace("COMMIT", COMMIT))
    own = Present(Graph(load_experiment(merged(read_yaml(protocol), filled)))).published
    shards = own.graph.shards()
    populations = ["original", *(f"oracle/{forget_set}" for forget_set in own.graph.forget_sets)]
    assert all(own.covers(population, shard) for population in populations for shard in shards)
