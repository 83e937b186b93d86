"""Pools in the configuration: what is refused, in which words, and which files hang on what."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.places import place_of
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.pool_graph import PoolGraph
from unlearnkit.workflow.present import Present

BASE: dict[str, Any] = {
    "experiment": "toy",
    "data": {"name": "digits", "train_size": 200, "validation_size": 60},
    "model": {"name": "mlp", "hidden": [8]},
    "training": {"epochs": 2, "batch_size": 50, "lr": 0.1, "warmup_epochs": 1},
    "num_models": 4,
    "held_out_oracles": 4,
    "shard_size": 2,
    "attributions": {"subsets": {"kind": "datamodels", "models": 16}, "slopes": {"kind": "trak", "checkpoints": 3}},
    "forget_sets": {"ten": {"kind": "random", "size": 10}},
    "methods": {"do_nothing": {"method": "do_nothing"}, "floor": {"method": "load_oracle"}},
    "metrics": {"klom": {}},
}
HALVES = {"kind": "random", "models": 8, "forget": 20}


REQUESTS = {"kind": "draws", "of": "halves", "draws": 2, "fraction": 0.2}


def graph(**changes: Any) -> PoolGraph:
    pools = {"halves": HALVES | changes, "requests": REQUESTS}
    return PoolGraph(Graph(load_experiment(BASE | {"pools": pools})))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pools": {"ten": HALVES}}, r"pools has the name 'ten', which forget_sets has too.*rename one"),
        ({"pools": {"subsets": HALVES}}, r"pools has the name 'subsets', which attributions has too"),
        ({"pools": {"halves": HALVES | {"models": 7}}}, r"does not divide pools\.halves\.models = 7.*to 8"),
        ({"pools": {"halves": HALVES | {"fraction": 0.001}}}, r"fraction is 0\.001, which leaves 0 samples"),
        ({"pools": {"halves": HALVES | {"fraction": 1.5}}}, r"pools\.halves.*fraction is 1\.5"),
        ({"pools": {"halves": HALVES | {"forget": 100}}}, r"forget is 100, but.*trained on 100.*at most 99"),
        ({"pools": {"halves": {"kind": "file", "models": 8, "file": "a.csv"}}}, r"file is a\.csv; expected a \.npy or"),
        ({"pools": {"halves": {"kind": "halves", "models": 8}}}, r"kind is 'halves', which is unknown"),
        ({"pools": {"requests": REQUESTS}}, r"requests\.of is 'halves', which is no pool; expected .*kind random"),
        (
            {"pools": {"halves": HALVES, "requests": REQUESTS, "more": REQUESTS | {"of": "requests"}}},
            r"pools\.more\.of is 'requests', whose models are those of another pool",
        ),
        (
            {"pools": {"halves": HALVES, "requests": REQUESTS | {"fraction": 0.005}}},
            r"requests\.fraction is 0\.005, which is less than one of the 100 samples.*halves.*at least 0\.01",
        ),
        ({"pools": {"con": HALVES}}, r"pools has the name 'con', which Windows reserves"),
        (
            {"pools": {"halves": HALVES}, "unlearned_from": "first"},
            r"unlearned_from is first, but models of pools",
        ),
    ],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=f"(?is){told}"):
        load_experiment(BASE | changes)


def test_a_mistyped_pool_of_requests_is_one_problem() -> None:
    metrics = BASE["metrics"] | {"ulira": {}}
    with pytest.raises(ConfigError) as refused:
        load_experiment(
            BASE | {"pools": {"halves": HALVES, "requests": REQUESTS | {"of": "halve"}}, "metrics": metrics}
        )
    assert str(refused.value) == (
        "pools.requests.of is 'halve', which is no pool; expected the name of a pool that has models of its own. Did "
        "you mean 'halves'?"
    )


def test_text_has_no_pools() -> None:
    text = {
        **{key: BASE[key] for key in ("experiment", "num_models", "held_out_oracles", "shard_size", "metrics")},
        "data": {
            "name": "text_files",
            "tokenizer": {"kind": "characters"},
            "sequence_length": 16,
            "train_size": 64,
            "validation_size": 8,
        },
        "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
        "training": {"epochs": 1, "batch_size": 16},
        "forget_sets": {"some": {"kind": "random_units", "size": 2}},
        "methods": {"nothing": {"method": "do_nothing"}},
        "pools": {"halves": HALVES},
    }
    with pytest.raises(ConfigError, match="pools are configured, but they exist only for images: a "):
        load_experiment(text)


def test_an_overlay_removes_a_pool() -> None:
    assert load_experiment(BASE | {"pools": {"halves": None}}).pools == {}


def test_more_models_add_files_and_change_none() -> None:
    few, many = graph(), graph(models=12)
    assert many.shards("halves")[:4] == few.shards("halves")
    assert len(many.shards("halves")) == 6
    assert many.membership_slice("halves") == few.membership_slice("halves")
    assert many.training_slice("halves") == few.training_slice("halves")


def test_models_of_a_pool_have_seeds_of_their_own() -> None:
    assert graph().training_slice("halves")["role"] == "pool/halves"
    assert graph().membership_slice("halves")["role"] == "pool/halves"
    assert graph().membership_slice("subsets")["role"] == "datamodel"


def test_every_artifact_has_a_place_with_settings_and_code() -> None:
    found = graph()
    present, path = Present(found.graph), found.graph.path
    own = {"pool": "halves", "shard": "0006-0007"}
    for stage, name in {
        "parts": path(layout.PARTS, **own),
        "membership": path(layout.MEMBERSHIP, **own),
        "oracles": path(layout.weights_of(layout.ORACLE), forget_set="halves", **own),
        "pools": path(layout.weights_of(layout.POOL), **own),
        "margins": path(layout.margins_of(layout.POOL), **own),
        "unlearned": path(layout.weights_of(layout.UNLEARNED), forget_set="halves", variant="do_nothing", **own),
    }.items():
        place = place_of(name.removeprefix("results/toy/"))
        assert place is not None
        assert place.stage == stage
        assert "halves" in place.wildcards.values()
        assert present.settings(place) is not None
        assert present.code(place)


@pytest.mark.parametrize(
    "name",
    [
        "membership/halves/0008-0009.safetensors",
        "membership/subsets/0016-0017.safetensors",
        "membership/slopes/0000-0001.safetensors",
        "membership/ten/0000-0001.safetensors",
        "pool/subsets/0000-0001.safetensors",
        "pool/gone/0000-0001.margins.parquet",
        "unlearned/halves/do_nothing/0008-0009.safetensors",
        "unlearned/gone/do_nothing/0000-0001.safetensors",
        "unlearned/halves/floor/0000-0001.safetensors",
        "oracle/halves/0008-0009.safetensors",
        "held_out_oracle/halves/0000-0001.safetensors",
        "part/requests/0000-0001.safetensors",
        "part/subsets/0000-0001.safetensors",
        "pool/requests/0000-0001.safetensors",
        "pool/requests/0000-0001.margins.parquet",
        "membership/requests/0016-0017.safetensors",
        "unlearned/requests/floor/0000-0001.safetensors",
        "forget_sets/halves.npy",
    ],
)
def test_an_artifact_that_is_not_asked_for_is_no_part_of_the_experiment(name: str) -> None:
    place = place_of(name)
    assert place is not None
    assert Present(graph().graph).settings(place) is None


def test_a_pool_stands_where_a_forget_set_does() -> None:
    own, shard = graph(), "0002-0003"
    assert own.start("halves", shard) == ["results/toy/pool/halves/0002-0003.safetensors"]
    assert own.start("ten", shard) == ["results/toy/original/0002-0003.safetensors"]
    assert own.membership("halves", shard) == "results/toy/membership/halves/0002-0003.safetensors"
    assert own.membership("ten", shard) == []


def test_a_pool_of_draws_takes_its_models_from_another_pool() -> None:
    own = graph()
    assert own.shards("requests") == [f"{first:04d}-{first + 1:04d}" for first in range(0, 16, 2)]
    assert own.start("requests", "0006-0007") == ["results/toy/pool/halves/0002-0003.safetensors"]
    assert own.parts("requests", "0006-0007") == ["results/toy/part/halves/0002-0003.safetensors"]
    assert own.unlearning_slice("requests", "do_nothing")["draws"] == 2
    assert "draws" not in own.unlearning_slice("halves", "do_nothing") | own.unlearning_slice("ten", "do_nothing")
    assert own.role_of_oracles("requests") == "oracle/requests" and own.role_of_oracles("ten") == "oracle"
    made = own.results()
    assert "results/toy/unlearned/requests/do_nothing/0014-0015.margins.parquet" in made
    assert not [path for path in made if "pool/requests" in path]


def test_what_a_model_is_trained_on_does_not_depend_on_what_it_forgets() -> None:
    few, many = graph(), graph(forget=40)
    assert many.part_slice("halves") == few.part_slice("halves")
    assert many.membership_slice("halves") != few.membership_slice("halves")


def test_what_reads_oracles_is_not_applied_to_a_pool() -> None:
    made = graph().results()
    assert "results/toy/unlearned/halves/do_nothing/0006-0007.margins.parquet" in made
    assert not [path for path in made if "floor" in path]
    place = place_of("unlearned/halves/floor/0000-0001.safetensors")
    assert place is not None
    unknown = Present(graph().graph).unknown(place)
    assert unknown == ("variant for pools", "floor", ["do_nothing"])


def test_a_pool_that_forgets_nothing_is_not_unlearned() -> None:
    assert not [path for path in graph(forget=0).results() if "unlearned/halves" in path]
    place = place_of("unlearned/halves/do_nothing/0000-0001.safetensors")
    assert place is not None
    assert Present(graph(forget=0).graph).settings(place) is None
