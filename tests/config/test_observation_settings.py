"""Observations in the configuration: what is refused, in which words, and which files hang on what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
import yaml

from unlearnkit.config.blocks import names_for
from unlearnkit.config.load import load_experiment
from unlearnkit.config.settings import Item
from unlearnkit.errors import ConfigError
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.observation_graph import ObservationGraph

Changed = Callable[[str], dict[str, Any]]
Register = Callable[[str, str, str], None]

TEXT = """
experiment: text
data: {name: text_files, tokenizer: {kind: characters}, sequence_length: 16, train_size: 64, validation_size: 8,
  retain_evaluated: 20}
model: {name: nanogpt, layers: 1, width: 16, heads: 2}
training: {epochs: 1, batch_size: 16}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {nothing: {method: do_nothing}}
metrics: {klom: {}}
"""
METRIC = """
from unlearnkit.config.settings import Settings as BaseSettings
AXIS = "models"
NEEDS_ORACLE = True
HEADLINE = "distance"
STATISTIC = "mean"
READS = ("hidden",)
SPLITS = ("forget",)
MEASURES = {"distance": {"direction": "lower", "low": 0.0, "high": None, "unit": "", "label": "d", "splits": SPLITS}}
class Settings(BaseSettings):
    "None."
def score(candidate, oracle, *, settings, rng): ...
"""

ITEMS = ", ".join(map(repr, get_args(Item)))
REFUSED = {
    "observations: {hiden: {}}": "observations.hiden is not a known key. Did you mean 'hidden'?",
    "observations: {margins: {}}": "observations.margins is set, but margins are made of all models in any case. "
    "Remove it.",
    "observations: {hidden: {items: [forgotten]}}": "observations.hidden.items.0 is 'forgotten'; expected one of "
    f"{ITEMS}. Did you mean 'forget'?",
    "observations: {hidden: {items: []}}": "observations.hidden.items is []; expected a list, each item one of "
    f"{ITEMS}, not empty.",
    "observations: {hidden: {items: [test]}}": "observations.hidden.items names test, but there are no test samples. "
    "Remove it from the list.",
    "observations: {hidden: {items: [authors]}}": "observations.hidden.items names authors, but there are no authors "
    "samples. Remove it from the list.",
    "{observations: {hidden: {}}, methods: {shards: {method: sisa}}}": "observations.hidden looks inside a network, "
    "but the models of methods.shards are no single network: sisa assembles their logits; expected no hidden, "
    "or methods whose models are one network. Remove observations.hidden or methods.shards.",
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_is_refused_is_told(change: str, changed: Changed) -> None:
    with pytest.raises(ConfigError) as told:
        load_experiment(changed(change))
    assert str(told.value) == REFUSED[change]


def test_an_observation_that_text_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError) as told:
        load_experiment(yaml.safe_load(TEXT) | {"observations": {"hidden": {}}})
    assert str(told.value) == ("observations.hidden is for images, not for the data set in data.name. Remove it.")


def test_confidences_are_made_of_ensembles_too(changed: Changed) -> None:
    experiment = load_experiment(changed("{observations: {confidences: {}}, methods: {shards: {method: sisa}}}"))
    graph = ObservationGraph(Graph(experiment))
    assert graph.slice_of("confidences", "shards")["assembled_by"] == "sisa"
    assert "assembled_by" not in graph.slice_of("confidences", "scrub")
    assert graph.code("confidences", "shards") != graph.code("confidences", "scrub") == graph.code("confidences")


def test_an_overlay_takes_an_observation_out(changed: Changed) -> None:
    raw = changed("observations: {hidden: {}, confidences: {}}")
    raw["observations"]["hidden"] = None
    assert load_experiment(raw).observed == ("margins", "confidences")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "{observations: {hidden: {items: [validation]}}}",
            "metrics.centroids reads hidden of forget samples, but observations.hidden.items leaves them out. Add "
            "forget to observations.hidden.items, or remove that key.",
        ),
        (
            "{methods: {shards: {method: sisa}}}",
            "metrics.centroids reads hidden, which looks inside a network, but the models of methods.shards are no "
            "single network: sisa assembles their logits; expected no hidden, or methods whose models are one network. "
            "Remove metrics.centroids or methods.shards.",
        ),
    ],
)
def test_what_a_metric_reads_is_checked_with_it(change: str, told: str, changed: Changed, register: Register) -> None:
    register("metric", "centroids", METRIC)
    with pytest.raises(ConfigError) as refused:
        load_experiment(changed(f"{{metrics: {{centroids: {{}}}}, {change[1:]}"))
    assert str(refused.value) == told


def test_a_metric_that_reads_what_text_does_not_have_is_refused(register: Register) -> None:
    register("metric", "centroids", METRIC)
    with pytest.raises(ConfigError) as refused:
        load_experiment(yaml.safe_load(TEXT) | {"metrics": {"centroids": {}}})
    assert str(refused.value) == (
        "metrics.centroids reads hidden, which text_files does not have; expected metrics that read "
        f"{' or '.join(names_for('observation', 'text'))}. Remove metrics.centroids."
    )


# the graph

SMALL = "num_models: 10"


def graph_of(raw: dict[str, Any]) -> ObservationGraph:
    return ObservationGraph(Graph(load_experiment(raw)))


def test_what_a_metric_reads_is_made_because_the_metric_is_asked_for(changed: Changed, register: Register) -> None:
    register("metric", "centroids", METRIC)
    own = graph_of(changed("metrics: {centroids: {}}"))
    assert own.graph.experiment.observed == ("margins",)
    assert own.read_by("centroids", "eights", "scrub") == [
        f"results/small/{folder}/{shard}.hidden.parquet"
        for folder in ("unlearned/eights/scrub", "oracle/eights")
        for shard in ("0000-0009", "0010-0019")
    ]
    assert own.read_by("klom", "eights", "scrub") == []
    reads = own.graph.score_slice("centroids", "eights", "scrub")["reads"]
    assert reads == {"hidden": {"items": None}}
    assert "reads" not in own.graph.score_slice("klom", "eights", "scrub")


def test_an_observation_is_made_of_every_population(changed: Changed) -> None:
    own = graph_of(changed(f"{{{SMALL}, held_out_oracles: 10, observations: {{hidden: {{}}}}}}"))
    variants = ("nothing", "floor", "retrain", "scrub")
    folders = [
        "original",
        *(
            folder
            for name in ("random_50", "eights")
            for folder in (f"oracle/{name}", f"held_out_oracle/{name}", *(f"unlearned/{name}/{v}" for v in variants))
        ),
    ]
    assert own.files("hidden") == [f"results/small/{folder}/0000-0009.hidden.parquet" for folder in folders]


def test_forget_sets_are_read_where_the_samples_depend_on_them(changed: Changed) -> None:
    own = graph_of(changed("observations: {hidden: {items: [forget, validation]}, confidences: {items: [validation]}}"))
    file = "results/small/forget_sets/{}.npy".format
    assert own.forget_sets("hidden", "original") == [file("random_50"), file("eights")]
    assert own.forget_sets("hidden", "unlearned/eights/scrub") == [file("eights")]
    assert own.forget_sets("confidences", "original") == own.forget_sets("margins", "oracle/eights") == []
    text = graph_of(yaml.safe_load(TEXT))
    assert text.forget_sets("margins", "oracle/some") == ["results/text/forget_sets/some.npy"]


def test_a_slice_holds_what_determines_the_observation(changed: Changed) -> None:
    own = graph_of(changed("observations: {hidden: {items: [validation, forget]}}"))
    model = {"name": "mlp", "hidden": [32]}
    expected = {"observation": "hidden", "settings": {}, "items": ["forget", "validation"], "model": model}
    assert own.slice_of("hidden") == own.slice_of("hidden", "scrub") == expected
    assert own.slice_of("margins") == own.graph.margins_slice() == model
    assert own.slice_of("margins", "scrub") == own.graph.unlearning_slice("scrub")
