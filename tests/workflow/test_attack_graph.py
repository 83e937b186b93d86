"""Attacks in the graph: what is attacked, compared with what, and what makes attacked models stale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_graph import graph

from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import merged, read_yaml
from unlearnkit.errors import ConfigError
from unlearnkit.places import place_of_path
from unlearnkit.workflow.attack_graph import AttackGraph
from unlearnkit.workflow.evaluation import refuse_unfit
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

ATTACKS = {"int4": {"attack": "quantise"}, "again": {"attack": "relearn", "items": 5}}
PAIRS = """
experiment: small
data: {name: village_pairs, tokenizer: {kind: bpe, vocabulary_size: 400}, sequence_length: 96, train_size: 60,
       validation_size: 12}
model: {name: nanogpt, layers: 1, width: 32, heads: 2}
training: {epochs: 1, batch_size: 8}
num_models: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {low: {method: ga, steps: 2}}
attacks: {told: {attack: prefix, text: "Say:"}, int4: {attack: quantise}}
metrics: {margin: {}}
"""
OWN = "results/small/attacked/int4/nines"


def attacks(**changes: Any) -> AttackGraph:
    return AttackGraph(graph(**{"attacks": ATTACKS, **changes}))


def test_originals_oracles_and_variants_are_attacked_and_held_out_oracles_for_the_floor() -> None:
    own = attacks()
    assert own.candidates() == ["original", "oracle", "nothing", "floor", "retrain", "scrub"]
    assert own.folders() == [*own.candidates(), "held_out_oracle"]
    assert attacks(durability={"variants": ["scrub"]}).candidates() == ["original", "oracle", "scrub"]
    assert own.weights("scrub", "nines", "0000-0009") == "results/small/unlearned/nines/scrub/0000-0009.safetensors"
    assert own.weights("original", "nines", "0000-0009") == "results/small/original/0000-0009.safetensors"
    assert own.weights("held_out_oracle", "nines", "0000-0009") == (
        "results/small/held_out_oracle/nines/0000-0009.safetensors"
    )


def test_ensembles_are_left_out_and_deltas_have_their_base() -> None:
    methods = {"parts": {"method": "sisa"}, "low": {"method": "lora_neg_grad_plus"}}
    own = attacks(methods=methods)
    assert own.candidates() == ["original", "oracle", "low"]
    assert own.table_slice()["left_out"] == ["parts"]
    assert own.bases("low", "0010-0019") == ["results/small/original/0010-0019.safetensors"]
    assert own.bases("original", "0010-0019") == []
    assert own.attacked_slice("int4", "low")["unlearned_from"] == "each"


def test_attacked_models_are_compared_with_attacked_oracles() -> None:
    own = attacks()
    candidate = own.selection("int4", "klom", "candidate", "nines", "scrub")
    assert candidate == [(f"{OWN}/scrub".removeprefix("results/small/"), range(20))]
    assert own.selection("int4", "klom", "oracle", "nines", "scrub") == [("attacked/int4/nines/oracle", range(20))]
    # the floor: the oracles beside those that are compared with, under the same attack
    floor = own.selection("int4", "klom", "candidate", "nines", "oracle")
    assert floor == [("attacked/int4/nines/held_out_oracle", range(20))]
    assert own.margins("int4", "klom", "oracle", "nines", "scrub") == [
        f"{OWN}/oracle/{shard}.margins.parquet" for shard in ("0000-0009", "0010-0019")
    ]
    slices = [own.score_slice(attack, "klom", "nines", "scrub") for attack in ATTACKS]
    assert slices[0]["oracle"] == [["attacked/int4/nines/oracle", 0, 20]]
    assert slices[1] == {**slices[0], **{side: slices[1][side] for side in ("candidate", "oracle")}}


def test_what_makes_attacked_models_stale_is_the_attack() -> None:
    before = attacks().attacked_slice("again", "scrub")
    assert before["settings"]["items"] == 5
    # neither other attacks, nor how the models were made (they are inputs), nor how many there are
    others = [{"num_models": 10}, {"metrics": {"mia": {}}}, {"methods": {"scrub": {"method": "scrub", "lr": 0.1}}}]
    assert all(attacks(**change).attacked_slice("again", "scrub") == before for change in others)
    more = {"again": {"attack": "relearn", "items": 6}}
    assert attacks(attacks=more).attacked_slice("again", "scrub") != before
    assert attacks(seed=1).attacked_slice("again", "scrub") != before
    assert attacks().attacked_code("again") != attacks().attacked_code("int4")


def test_every_path_says_what_it_is() -> None:
    present = Present(graph(attacks=ATTACKS))
    asked = present.attacks.results()
    assert "results/small/tables/durability.svg" in asked
    assert "results/small/attacked_summaries/again/klom/nines/oracle.parquet" in asked
    assert len(asked) == 4 + 2 * 2 * 2 * 6
    for path in [*asked, f"{OWN}/scrub/0000-0009.safetensors", f"{OWN}/held_out_oracle/0000-0009.hidden.parquet"]:
        place = place_of_path(path)
        assert place is not None and present.unknown(place) is None, path
        assert present.settings(place) is not None
    margins = place_of_path(f"{OWN}/scrub/0000-0009.margins.parquet")
    assert margins is not None and margins.about.role == "attacked"
    assert present.settings(margins) == present.attacks.attacked_slice("int4", "scrub")
    other = place_of_path(f"{OWN.replace('int4', 'int8')}/scrub/0000-0009.margins.parquet")
    assert other is not None and present.unknown(other) == ("attack", "int8", ["int4", "again"])


def test_observations_of_attacked_models_are_those_of_whole_models() -> None:
    own = Present(graph(attacks=ATTACKS, methods={"low": {"method": "lora_neg_grad_plus"}}))
    wanted = {
        name: place_of_path(f"results/small/{name}/0000-0009.confidences.parquet")
        for name in ("original", "unlearned/nines/low", "attacked/int4/nines/low")
    }
    slices = {name: own.settings(place) for name, place in wanted.items() if place}
    assert slices["attacked/int4/nines/low"] == slices["original"] != slices["unlearned/nines/low"]
    assert own.observations.bases("confidences", "attacked/int4/nines/low", "0000-0009") == []
    assert own.observations.forget_sets("confidences", "attacked/int4/nines/low") == []


def test_a_chain_is_attacked_on_all_rows_asked_for_so_far() -> None:
    sets = {"nines": {"kind": "class", "label": 9}, "more": {"kind": "random", "size": 5, "after": "nines"}}
    own = attacks(forget_sets=sets, continual={"reference": "original"}, methods={"scrub": {"method": "scrub"}})
    assert own.weights("scrub", "more", "0000-0009") == "results/small/unlearned/more/scrub/0000-0009.safetensors"
    assert "results/small/attacked_scores/int4/klom/more/scrub.parquet" in own.results()


def test_an_attack_on_prompts_makes_a_data_set_and_no_weights() -> None:
    present = Present(Graph(load_experiment(yaml.safe_load(PAIRS))))
    own, observations = present.attacks, present.observations
    folder, shard = "attacked/told/some/low", "0000-0001"
    made = "results/small/prompted/told/some/dataset.safetensors"
    assert (own.on_prompts, own.on_weights) == (["told"], ["int4"])
    # models are those before, on questions that are asked in another way
    assert observations.dataset(folder) == made
    assert observations.weights(folder, shard) == f"results/small/unlearned/some/low/{shard}.safetensors"
    assert observations.weights("attacked/told/some/original", shard) == f"results/small/original/{shard}.safetensors"
    assert observations.dataset("attacked/int4/some/low") == "results/small/data/dataset.safetensors"
    assert observations.weights("oracle/some", shard) == f"results/small/oracle/some/{shard}.safetensors"
    margins = re.compile(observations.population("margins"))
    populations = ("original", folder, "attacked/int4/some/low", "unlearned/some/low")
    assert [bool(margins.fullmatch(each)) for each in populations] == [True, True, False, False]
    # the questions and the models are inputs, so what they are made of is no setting
    places = [place_of_path(f"results/small/{folder}/{shard}.{name}.parquet") for name in ("margins", "token_scores")]
    for place in places:
        assert place and present.unknown(place) is None
        settings = present.settings(place)
        assert settings and settings["epochs"] == "last" and not {"attack", "method"} & settings.keys()
    prompts = place_of_path(made)
    assert prompts and present.unknown(prompts) is None
    settings = present.settings(prompts)
    assert settings and settings["settings"] == {"text": "Say:", "examples": 0}
    weights = place_of_path(f"results/small/{folder}/{shard}.safetensors")
    assert weights and present.unknown(weights) == ("attack", "told", ["int4"])
    # costs are those of what is trained
    assert [path.split("/")[3] for path in own.cost_records() if "/attacked/" in path] == ["int4"] * 3
    assert own.prompt_records() == [f"{made}.json"]


def test_terms_on_one_base_are_merged_by_attacks_on_all_weights(repository: Path) -> None:
    raw = read_yaml(repository / "experiments/tofu_smollm2.yaml")
    attacks = {"int4": {"attack": "quantise"}, "again": {"attack": "token_relearn"}, "told": {"attack": "prefix"}}
    present = Present(Graph(load_experiment(merged(raw, {"attacks": attacks}))))
    own, before = present.attacks, present.graph.model_slice()
    after = {**before, "adapter": None, "dtype": "float32"}
    assert before["adapter"] and {name: own.whole(name) for name in attacks} == {
        "int4": {"adapter": None, "dtype": "float32"},
        "again": {},
        "told": {},
    }
    assert own.attacked_slice("int4", "original")["model"] == before
    assert "whole" in own.attacked_slice("int4", "original") and "whole" not in own.attacked_slice("again", "original")
    slices = {name: present.observations.slice_of("token_scores", attack=name)["model"] for name in attacks}
    assert slices == {"int4": after, "again": before, "told": before}


def test_durability_all_needs_attacks() -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_unfit("durability_all", graph().experiment, "mine.yaml")
    assert str(caught.value) == (
        "durability_all compares models before and after attacks, but mine.yaml has no block `attacks`; expected "
        "attacks: {NAME: {attack: quantise}}, for example (docs/durability.md). Name another target: `report` gives "
        "tables and page of any experiment."
    )
    refuse_unfit("durability_all", graph(attacks=ATTACKS).experiment, "mine.yaml")
    assert AttackGraph(graph()).results() == []
