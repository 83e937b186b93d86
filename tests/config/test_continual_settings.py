"""Forget sets that come after others: what is refused, in which words, and which files hang on what."""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit import layout
from unlearnkit.config.forget_sets.continual import chain_of
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.places import place_of
from unlearnkit.seeds import derive_seed
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
    "forget_sets": {
        "first": {"kind": "random", "size": 10},
        "second": {"kind": "random", "size": 25, "after": "first"},
        "third": {"kind": "class", "label": 3, "after": "second"},
        "alone": {"kind": "class", "label": 4},
    },
    "continual": {"reference": "original"},
    "methods": {"scrub": {"method": "scrub", "snapshots": [1, 2], "epochs": 2}, "floor": {"method": "load_oracle"}},
    "metrics": {"klom": {}, "mia": {}},
}
SHARD = "0002-0003"
POOL = {"kind": "random", "models": 8, "forget": 20}
SUBSETS = {"subsets": {"kind": "datamodels", "models": 16}}
SEARCH = {"method": "scrub", "forget_sets": ["third"], "objective": "oracle_free", "models": 2, "trials": 2}


def changed(**changes: Any) -> dict[str, Any]:
    """Return the configuration with some keys changed, by path: forget_sets__first__after; None takes one out."""
    raw = copy.deepcopy(BASE)
    for path, value in changes.items():
        *blocks, last = path.split("__")
        block = raw
        for name in blocks:
            block = block.setdefault(name, {})
        block.pop(last, None) if value is None else block.update({last: value})
    return raw


@functools.cache
def unchanged() -> Present:
    return Present(Graph(load_experiment(BASE)))


def present(**changes: Any) -> Present:
    return Present(Graph(load_experiment(changed(**changes))))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"continual": None},
            "forget_sets.second.after is 'first', but continual.reference is not stated: methods that compare with a "
            "reference would change with it; expected continual: {reference: original}, or previous.",
        ),
        ({"continual": {}}, "continual.reference is missing"),
        (
            {"forget_sets": {"first": BASE["forget_sets"]["first"]}},
            "continual.reference is stated, but no forget set comes after another; expected a forget set with `after`. "
            "Add `after` to a forget set, or remove `continual`.",
        ),
        (
            {"forget_sets__first__after": "third"},
            "after leads back to the set itself: first -> third -> second -> first; expected sets that name one "
            "another in one direction. Let the chain begin with a set without `after`.",
        ),
        (
            {"forget_sets__first__disjoint_from": ["third"]},
            "forget_sets.first.disjoint_from leads back to the set itself: first -> third -> second -> first",
        ),
    ],
)
def test_a_chain_that_is_none_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_experiment(changed(**changes))
    assert told in str(refused.value)


@pytest.fixture(scope="module")
def problems() -> str:
    """What is said about a configuration with everything that cannot come one after another."""
    wrong = changed(
        unlearned_from="first",
        pools={"parts": POOL | {"forget": 0}},
        attributions=SUBSETS,
        searches={"tuned": SEARCH},
        forget_sets__second__after="frist",
        forget_sets__third={"kind": "overlap", "size": 5, "after": "second"},
        forget_sets__itself={"kind": "class", "label": 5, "after": "itself"},
        forget_sets__of_a_pool={"kind": "class", "label": 6, "after": "parts"},
        methods__sisa={"method": "sisa"},
        methods__delta={"method": "lora_neg_grad_plus"},
        methods__direct={"method": "dm_direct", "attribution": "subsets"},
        methods__matching={"method": "datamodel_matching", "attribution": "subsets"},
    )
    with pytest.raises(ConfigError) as refused:
        load_experiment(wrong)
    return str(refused.value)


MORE = "so no other request can start from its models; expected methods that leave the weights of one model where a "


@pytest.mark.parametrize(
    "told",
    [
        "forget_sets.second.after is 'frist', which is not a forget set. Did you mean 'first'?",
        "forget_sets.itself.after names the set itself; expected another forget set, or null.",
        "forget_sets.of_a_pool.after is 'parts', a pool, whose models forget samples of their own; expected a forget "
        "set, which all models forget.",
        "unlearned_from is first, but forget_sets.second.after is 'frist', whose unlearned models differ; expected "
        "unlearned_from: each.",
        "forget_sets.third.kind is overlap, which chooses among all training samples, but forget_sets.third.after says "
        "that some of them have been unlearned; expected another kind, or a file of the samples that it would choose.",
        f"methods.sisa: sisa leaves models that are more than one network, {MORE}",
        f"methods.delta: lora_neg_grad_plus leaves changes of the originals' weights, {MORE}",
        f"methods.direct: dm_direct leaves models that are more than one network, {MORE}",
        f"methods.matching: datamodel_matching reads what the originals' outputs owe to a forget set, {MORE}",
        "searches.tuned.forget_sets has 'third', which comes after 'second', but trials start from originals; expected "
        "forget sets without `after`. Search on 'second', with which the chain begins.",
    ],
)
def test_what_cannot_come_one_after_another_is_refused(problems: str, told: str) -> None:
    assert told in problems


def test_a_chain_is_walked_to_its_beginning() -> None:
    assert chain_of({"a": None, "b": "a", "c": "b", "d": "a"}, "c") == ("a", "b", "c")
    assert chain_of({"a": "b", "b": "a"}, "a") == ("b", "a")
    assert chain_of({"a": "nothing"}, "a") == ("a",)


def test_the_same_variant_starts_from_its_models_of_the_request_before() -> None:
    own = unchanged().continual
    assert own.start("third", "scrub", SHARD) == [f"results/toy/unlearned/second/scrub/{SHARD}.safetensors"]
    assert own.start("first", "scrub", SHARD) == [f"results/toy/original/{SHARD}.safetensors"]
    assert own.earlier("third") == ["results/toy/forget_sets/second.npy"]
    assert (own.earlier("first"), own.reference("first", SHARD)) == ([], [])


def test_methods_compare_with_the_stated_reference() -> None:
    original, previous = unchanged(), present(continual={"reference": "previous"})
    assert original.continual.reference("third", SHARD) == [f"results/toy/original/{SHARD}.safetensors"]
    assert previous.continual.reference("third", SHARD) == []
    slices = [own.continual.unlearning_slice("third", "scrub") for own in (original, previous)]
    assert [own["continual"]["reference"] for own in slices] == ["original", "previous"]


def test_every_request_draws_from_a_base_seed_of_its_own() -> None:
    own = present(seed=7).continual
    seeds = [own.unlearning_slice(name, "scrub")["continual"]["seed"] for name in ("second", "third")]
    assert seeds == [derive_seed(7, "unlearned", request, "request") for request in (2, 3)]
    # which retained samples are evaluated is drawn as for all other models
    assert own.unlearning_slice("third", "scrub")["seed"] == 7


def test_sets_without_after_are_as_they_were() -> None:
    plain = {name: BASE["forget_sets"][name] for name in ("first", "alone")}
    with_chain, without = unchanged(), present(forget_sets=plain, continual=None)
    assert without.graph.experiment.model_dump().keys() & {"continual"} == set()
    for stage in ("forget sets", "oracles", "unlearned"):
        for name in plain:
            own = {"forget_set": name, "variant": "scrub", "shard": SHARD}
            assert with_chain.slice_of(stage, own) == without.slice_of(stage, own)
            assert with_chain.code_of(stage, own) == without.code_of(stage, own)
    assert "after" not in without.slice_of("forget sets", {"forget_set": "first"})


def test_own_rows_and_all_rows_so_far_are_two_artifacts() -> None:
    own = unchanged()
    place = place_of("requests/second.npy")
    assert place is not None and place.stage == "requests"
    assert own.unknown(place) is None
    first = place_of("requests/first.npy")
    assert first is not None and own.unknown(first) == ("forget set", "first", ["second", "third"])
    assert own.slice_of("requests", {"forget_set": "second"})["size"] == 25
    assert own.slice_of("forget sets", {"forget_set": "second"}) == {"after": "first", "train_size": 200}
    # files of the user's are compared with what is made of them
    assert own.continual.own_rows("second") == own.graph.path(layout.REQUEST, forget_set="second")
    assert own.continual.own_rows("first") == own.graph.path(layout.FORGET_SET, forget_set="first")


def test_the_table_of_requests_reads_all_scores_of_a_chain() -> None:
    own = unchanged().continual
    assert own.chains() == [["first", "second", "third"]]
    assert len(own.scores()) == 2 * 4 * 3 and not any("alone" in path for path in own.scores())
    assert [Path(path).name for path in own.results()] == [
        f"sustainability.{form}" for form in ("parquet", "csv", "md", "svg")
    ]
    assert present(forget_sets={"alone": BASE["forget_sets"]["alone"]}, continual=None).continual.results() == []


def test_chains_may_part() -> None:
    own = present(forget_sets__alone__after="first").continual
    assert own.chains() == [["first", "second", "third"], ["first", "alone"]]


def test_tofu_is_unlearned_one_list_after_another(repository: Path) -> None:
    raw = yaml.safe_load((repository / "experiments/tofu_continual.yaml").read_text())
    experiment = load_experiment(raw)
    assert experiment.chain("forget10") == ("forget01", "forget05", "forget10")
    assert [experiment.planned_size(name) for name in experiment.forget_sets] == [40, 200, 400]
