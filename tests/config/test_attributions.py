"""Attributions in the configuration: what is refused, in which words, and which files hang on what."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.places import place_of
from unlearnkit.workflow.attribution_graph import AttributionGraph
from unlearnkit.workflow.graph import Graph
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
    "forget_sets": {
        "first": {"kind": "principal_component", "attribution": "subsets", "top": 5},
        "similar": {"kind": "clip_neighbours", "index": 6, "size": 10},
        "remembered": {"kind": "memorised", "attribution": "subsets", "size": 8},
        "close": {"kind": "overlap", "size": 7, "by": "clip"},
    },
    "methods": {"do_nothing": {"method": "do_nothing"}},
    "metrics": {"klom": {}},
}


def changed(key: str, value: Any) -> dict[str, Any]:
    block, name = key.rsplit(".", 1)

    def put(old: dict[str, Any], path: list[str]) -> dict[str, Any]:
        inner = put(old[path[0]], path[1:]) if path else None
        return {**old, path[0]: inner} if path else {**old, name: value}

    return put(BASE, block.split("."))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("forget_sets.first.attribution", "subset", r"'subset', which is not an attribution.*did you mean 'subsets'"),
        ("attributions.subsets.models", 15, r"does not divide attributions\.subsets\.models = 15.*to 16"),
        ("attributions.subsets.fraction", 0.001, r"leaves 0 samples"),
        ("attributions.subsets.regularization", [0.2, 0.5], r"does not fall; expected \[0\.5, 0\.2\]"),
        ("attributions.slopes.checkpoints", 5, r"there are 4 originals \(num_models\)"),
        ("attributions.slopes.kind", "track", r"'track', which is unknown.*did you mean 'trak'"),
        ("attributions.slopes.ridge", 0, r"ridge is 0"),
        (
            "attributions.slopes.projector",
            "trak",
            r"attributions\.slopes.*projector.*'trak'.*'matrix', 'traker'",
        ),
        ("forget_sets.first.component", 11, r"component is 11"),
        ("forget_sets.first.top", 0, r"top and bottom are both 0"),
        ("forget_sets.first.top", 200, r"has 200 samples, but there are 200"),
        ("forget_sets.similar.index", 200, r"training samples end at 199"),
        ("forget_sets.similar.size", 200, r"has 200 samples"),
        ("forget_sets.remembered.attribution", "subset", r"which is not an attribution.*did you mean 'subsets'"),
        ("forget_sets.remembered.attribution", "slopes", r"trains no models on random subsets; expected .* datamodels"),
        ("forget_sets.remembered.size", 200, r"has 200 samples"),
        ("forget_sets.remembered.pick", "middle", r"pick is 'middle'"),
        ("forget_sets.close.neighbours", 200, r"neighbours is 200, but a sample has 199 others"),
        ("forget_sets.close.by", "hidden", r"by is 'hidden'"),
    ],
)
def test_a_wrong_value_is_refused(key: str, value: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=f"(?is){told}"):
        load_experiment(changed(key, value))


def graph(key: str = "attributions.subsets.kind", value: Any = "datamodels") -> AttributionGraph:
    return AttributionGraph(Graph(load_experiment(changed(key, value))))


def test_more_models_add_files_and_change_none() -> None:
    few, many = graph(), graph("attributions.subsets.models", 20)
    assert many.sources("subsets")[:8] == few.sources("subsets")
    assert len(many.sources("subsets")) == 10
    assert many.slice_of("datamodel outputs", "subsets") == few.slice_of("datamodel outputs", "subsets")
    more = graph("attributions.slopes.checkpoints", 4)
    assert more.sources("slopes")[:3] == few.sources("slopes")
    assert more.slice_of("gradients", "slopes") == few.slice_of("gradients", "slopes")


@pytest.mark.parametrize(
    ("key", "value", "name", "own"),
    [
        ("attributions.subsets.regularization", [0.5], "subsets", "datamodel outputs"),
        ("attributions.slopes.ridge", 0.5, "slopes", "gradients"),
        ("attributions.slopes.curvature", False, "slopes", "gradients"),
    ],
)
def test_how_it_is_fitted_changes_matrices_alone(key: str, value: Any, name: str, own: str) -> None:
    old, new = graph(), graph(key, value)
    assert old.slice_of("attributions", name) != new.slice_of("attributions", name)
    assert old.slice_of(own, name) == new.slice_of(own, name)


def test_gradients_are_of_the_original_of_their_name() -> None:
    assert graph().originals("0003-0003") == "results/toy/original/0002-0003.safetensors"


def test_every_artifact_has_a_place_with_settings_and_code() -> None:
    found = graph()
    present, path = Present(found.graph), found.graph.path
    paths = {
        "embeddings": path(layout.EMBEDDINGS),
        "datamodel outputs": path(layout.DATAMODELS, attribution="subsets", shard="0014-0015"),
        "gradients": path(layout.GRADIENTS, attribution="slopes", shard="0002-0002"),
        "attributions": path(layout.MATRIX, attribution="slopes", output="logit_9"),
        "components": path(layout.COMPONENTS, attribution="subsets"),
        "memorisation": path(layout.MEMORISATION, attribution="subsets"),
        "effects": path(layout.EFFECTS, attribution="slopes", forget_set="first"),
    }
    for stage, name in paths.items():
        place = place_of(name.removeprefix("results/toy/"))
        assert place is not None
        assert place.stage == stage
        assert present.settings(place) is not None
        assert present.code(place)


@pytest.mark.parametrize(
    "name",
    [
        "attribution/subsets/outputs/0016-0017.safetensors",
        "attribution/subsets/gradients/0000-0000.safetensors",
        "attribution/slopes/outputs/0000-0001.safetensors",
        "attribution/slopes/gradients/0003-0003.safetensors",
        "attribution/slopes/memorisation.npy",
        "attribution/gone/matrices/margin.safetensors",
        "attribution/gone/outputs/0000-0001.safetensors",
        "attribution/gone/gradients/0000-0000.safetensors",
    ],
)
def test_an_artifact_that_is_not_asked_for_is_no_part_of_the_experiment(name: str) -> None:
    place = place_of(name)
    assert place is not None
    assert Present(graph().graph).settings(place) is None


def test_another_projector_makes_gradients_again_and_is_no_setting_of_scores() -> None:
    own, other = graph(), graph("attributions.slopes.projector", "traker")
    assert own.slice_of("gradients", "slopes")["projector"] == "matrix"
    assert other.slice_of("gradients", "slopes")["projector"] == "traker"
    assert other.slice_of("attributions", "slopes") == own.slice_of("attributions", "slopes")


def test_a_forget_set_is_made_by_one_rule_from_what_it_is_chosen_by() -> None:
    found = graph()
    assert found.forget_sets_of("forget_set") == ["first", "similar"]
    assert found.forget_sets_of("measured_forget_set") == ["remembered", "close"]
    assert {name: found.forget_set_sources(name) for name in found.graph.forget_sets} == {
        "first": ["results/toy/attribution/subsets/components.npy"],
        "similar": ["results/toy/data/embeddings.npy"],
        "remembered": ["results/toy/attribution/subsets/memorisation.npy"],
        "close": ["results/toy/data/embeddings.npy"],
    }
    assert graph("forget_sets.close.by", "pixels").forget_set_sources("close") == []
