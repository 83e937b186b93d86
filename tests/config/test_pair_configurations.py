"""Configurations of question-answer pairs: what belongs together, and what a graph of them has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unlearnkit import layout
from unlearnkit.config.experiment import Experiment
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.observation_graph import ObservationGraph
from unlearnkit.workflow.present import Present
from unlearnkit.workflow.text_graph import TextGraph

EXPERIMENT: dict[str, Any] = {
    "experiment": "asked",
    "data": {
        "name": "village_pairs",
        "tokenizer": {"kind": "bpe", "vocabulary_size": 600},
        "sequence_length": 96,
        "train_size": 240,
        "validation_size": 48,
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
    "training": {"epochs": 1, "batch_size": 12},
    "num_models": 2,
    "held_out_oracles": 2,
    "shard_size": 2,
    "forget_sets": {"tenth": {"kind": "pair_list", "name": "forget10"}},
    "methods": {"nothing": {"method": "do_nothing"}},
    "metrics": {"margin_distance": {}},
}


@pytest.fixture
def changed() -> Callable[..., dict[str, Any]]:
    """A function that returns the configuration with other keys of `data` or other forget sets."""

    def configuration(forget_sets: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
        sets = forget_sets or EXPERIMENT["forget_sets"]
        return {**EXPERIMENT, "forget_sets": sets, "data": {**EXPERIMENT["data"], **data}}

    return configuration


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"forget_unit": "step"}, "data.forget_unit is step, but village_pairs is question-answer pairs"),
        ({"forget_unit": "document"}, "data.forget_unit is document, but no document is divided into several"),
        (
            {"pairs": {"documents": {"cut": "all"}}, "retain_evaluated": 5},
            "data.retain_evaluated is 5, but documents are divided into sequences, whose number is not known before",
        ),
        ({"tokenizer": {"kind": "characters"}}, "data.tokenizer.kind is characters, but village_pairs is question"),
        ({"name": "village", "forget_unit": "group"}, "data.forget_unit is group, but village is plain text"),
        ({"name": "village", "pairs": {"first": 3}}, "data.pairs is set, but village is plain text"),
        ({"pairs": {"rules": [{"use": "drop"}]}}, "data.pairs.rules is set, but data.name is village_pairs"),
        ({"pairs": {"targets": "all"}}, "data.pairs.targets is set, but data.name is village_pairs"),
        (
            {"name": "pair_files", "pairs": {"targets": "all"}},
            "data.pairs.targets is all, but data.forget_unit is sequence: the answers of a conversation are in the",
        ),
        (
            {"pairs": {"documents": {"cut": "first", "length": 97}}},
            "data.pairs.documents.length is 97, but data.sequence_length is 96",
        ),
        ({"name": "village"}, "forget_sets.tenth.name is 'forget10', but village has no such forget list"),
    ],
)
def test_pairs_and_plain_text_are_not_mixed(
    changed: Callable[..., dict[str, Any]], data: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment(changed(**data))
    assert message in str(error.value)


def test_a_list_that_is_not_published_is_named(changed: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment(changed({"some": {"kind": "pair_list", "name": "forget1"}}))
    assert "village_pairs has no such forget list" in str(error.value) and "forget10" in str(error.value)


def test_the_size_of_a_published_list_is_planned_where_all_pairs_are_taken(
    changed: Callable[..., dict[str, Any]],
) -> None:
    assert load_experiment(changed()).planned_size("tenth") == 24
    assert load_experiment(changed(train_size=24, pairs={"first": 216})).planned_size("tenth") is None


def test_answers_to_prompts_are_refused_of_plain_text(changed: Callable[..., dict[str, Any]]) -> None:
    plain = changed({"some": {"kind": "random_units", "size": 4}}, name="village")
    for asked, key in (
        ({"observations": {"generations": {}}}, "observations.generations"),
        ({"metrics": {"rouge": {}}}, "metrics.rouge reads generations, which"),
    ):
        with pytest.raises(ConfigError) as error:
            load_experiment(plain | asked)
        assert str(error.value) == (
            f"{key} answers prompts, but data.name is village, which is plain text; expected a data set of "
            f"question-answer pairs. Remove {key.split()[0]}."
        )


def test_answers_to_prompts_are_refused_of_documents(changed: Callable[..., dict[str, Any]]) -> None:
    sets = {"forget": {"kind": "pair_list", "name": "forget"}}
    raw = changed(sets, name="village_muse", train_size=96, validation_size=24)
    asked = {"observations": {"generations": {}}}
    with pytest.raises(ConfigError) as error:
        load_experiment(raw | asked)
    assert str(error.value) == (
        "observations.generations answers prompts, but forget and retain and validation and forget_passages samples of "
        "village_muse are documents, which have none; expected items that are splits of questions. Set "
        "observations.generations.items to [forget_questions, retain_questions]."
    )
    asked["observations"]["generations"]["items"] = ["forget_questions"]
    assert load_experiment(raw | asked).has_pairs


def test_further_splits_are_items_where_the_data_have_them(changed: Callable[..., dict[str, Any]]) -> None:
    def asked(items: list[str], **data: Any) -> Experiment:
        raw = changed({"some": {"kind": "random_units", "size": 4}}, **data)
        more = {"observations": {"generations": {"items": items}}, "metrics": {"rouge": {}}}
        return load_experiment(raw | more)

    tofu = {"name": "tofu", "tokenizer": {"kind": "bpe", "vocabulary_size": 5000}}
    every = ["forget", "retain", "validation"]
    experiment = asked([*every, "authors", "facts"], **tofu)
    assert experiment.further_splits == {"authors": 100, "facts": 117}
    fewer = asked([*every, "authors", "facts"], **tofu, pairs={"further_size": 110})
    assert fewer.further_splits == {"authors": 100, "facts": 110}
    with pytest.raises(ConfigError, match="items names facts, but there are no facts samples"):
        asked([*every, "facts"])
    with pytest.raises(ConfigError, match=r"reads generations of authors and facts samples, but .* leaves them out"):
        asked(every, **tofu)


CLASSIFIED = {"folder": "detector"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"metrics": {"gibberish": {}}},
            "metrics.gibberish reads classified, and observations.classified.source names no classifier. "
            "Remove metrics.gibberish, or set source to {folder: FOLDER} or {hub: OWNER/MODEL, revision: COMMIT}.",
        ),
        (
            {"observations": {"entailments": {}}},
            "observations.entailments.source is missing; expected the model that reads the answers: "
            "{folder: FOLDER} or {hub: OWNER/MODEL, revision: COMMIT}. Set it, or remove observations.entailments.",
        ),
        (
            {"metrics": {"bert_score": {}}},
            "metrics.bert_score reads bert_scores, and observations.bert_scores.encoder names no encoder. Remove "
            "metrics.bert_score, or set encoder to {kind: encoder, source: {folder: FOLDER}} or, a stand-in, "
            "{kind: wordllama}.",
        ),
        (
            {"observations": {"bert_scores": {}, "continuations": {"prefix": 10, "suffix": 10}}},
            "observations.bert_scores.encoder is missing; expected {kind: encoder, source: SOURCE} with a SOURCE such "
            "as {folder: FOLDER} or {hub: OWNER/MODEL, revision: COMMIT}, or {kind: wordllama}, whose values do not "
            "compare with those of an encoder. Set it, or remove observations.bert_scores.",
        ),
    ],
)
def test_a_model_that_reads_texts_and_is_not_named_is_missed(
    changed: Callable[..., dict[str, Any]], asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment(changed() | asked)
    assert str(error.value) == message


def test_a_metric_of_samples_that_the_data_lack_is_refused(changed: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment(changed() | {"metrics": {"dialogue_f1": {}}})
    assert str(error.value) == (
        "metrics.dialogue_f1 is of dialogue samples, but data.name is village_pairs, which has none. Remove "
        "metrics.dialogue_f1, or choose data that have them."
    )


def test_stretches_that_no_document_can_hold_are_refused(changed: Callable[..., dict[str, Any]]) -> None:
    plain = changed({"some": {"kind": "random_units", "size": 4}}, name="village")
    assert load_experiment(plain | {"observations": {"continuations": {"prefix": 48, "suffix": 48}}})
    with pytest.raises(ConfigError) as error:
        load_experiment(plain | {"observations": {"continuations": {"first": 1, "prefix": 48, "suffix": 48}}})
    assert str(error.value) == (
        "observations.continuations needs documents of 97 tokens (first, prefix and suffix), but data.sequence_length "
        "is 96. Set data.sequence_length to 97 or more, or shorten the prefix or the suffix."
    )


def test_closer_look_reads_entailments_where_they_are_asked_for(changed: Callable[..., dict[str, Any]]) -> None:
    less = load_experiment(changed() | {"metrics": {"closer_look": {}}})
    assert less.reads("closer_look") == ("margins", "answers", "generations", "similarities")
    asked = {"observations": {"entailments": {"source": CLASSIFIED}}, "metrics": {"closer_look": {}}}
    more = load_experiment(changed() | asked)
    assert more.reads("closer_look")[-1] == "entailments"
    assert more.stated("closer_look")["stated"]["entailed_by"] == "detector"
    assert less.stated("closer_look")["stated"]["entailed_by"] is None


def test_the_files_of_a_classifier_are_inputs_and_their_folder_decides_nothing(
    changed: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    def graph(folder: Path) -> ObservationGraph:
        asked = {"observations": {"classified": {"source": {"folder": str(folder)}}}, "metrics": {"gibberish": {}}}
        return ObservationGraph(Graph(load_experiment(changed() | asked)))

    for name in ("config.json", "model.safetensors", "README.md"):
        (tmp_path / name).write_text("")
    own = graph(tmp_path)
    assert own.reader_files("classified") == [str(tmp_path / "config.json"), str(tmp_path / "model.safetensors")]
    assert own.reader_files("similarities") == []
    assert own.slice_of("classified") == graph(tmp_path / "elsewhere").slice_of("classified")
    assert own.slice_of("classified")["settings"]["most_tokens"] == 32


def test_what_is_made_of_pairs_follows_from_their_settings(changed: Callable[..., dict[str, Any]]) -> None:
    def slices(**data: Any) -> list[dict[str, Any]]:
        text = TextGraph(Graph(load_experiment(changed(**data))))
        return [text.pairs_slice(), text.dataset_slice()]

    pairs, dataset = slices()
    assert dataset == {"name": "village_pairs", "sequence_length": 96, "forget_unit": "sequence"}
    # writing out a default changes nothing, and the length of sequences belongs to the data set alone
    assert slices(pairs={"template": {"kind": "plain"}}) == [pairs, dataset]
    assert slices(sequence_length=128)[0] == pairs
    assert slices(pairs={"begin_of_text": True})[0] != pairs
    assert slices(pairs={"first": 12}, train_size=228)[0] != pairs


def test_generated_alternatives_are_an_input_of_the_methods_that_read_them(
    changed: Callable[..., dict[str, Any]],
) -> None:
    def present(**data: Any) -> Present:
        methods = {name: {"method": name, "steps": 2} for name in ("alt_po", "npo")}
        return Present(Graph(load_experiment(changed(**data) | {"methods": methods})))

    own = present()
    generated = present(pairs={"alternatives": {"kind": "generated"}})
    path = "results/asked/alternatives/tenth/dataset.safetensors"
    assert generated.graph.dataset("alt_po", "tenth") == path
    data = "results/asked/data/dataset.safetensors"
    assert [generated.graph.dataset("npo", "tenth"), own.graph.dataset("alt_po", "tenth")] == [data, data]
    # pairs, data set, and variants are what they were
    for stage, wildcards in {"pairs": {}, "data": {}, "unlearned": {"forget_set": "tenth", "variant": "npo"}}.items():
        assert generated.slice_of(stage, wildcards) == own.slice_of(stage, wildcards)
    # what is trained on generated answers states how they were made, and the others that nothing was
    for stage, own_wildcards in {"unlearned": {}, "margins": {"population": "unlearned/tenth/alt_po"}}.items():
        asked = {"forget_set": "tenth", "variant": "alt_po", **own_wildcards}
        more, stated = generated.slice_of(stage, asked), own.slice_of(stage, asked)
        assert more == {**stated, "alternatives": more["alternatives"]} and "alternatives" not in stated
        assert (more["alternatives"]["kind"], more["alternatives"]["count"]) == ("generated", 5)
    settings = generated.slice_of("alternatives", {"forget_set": "tenth"})
    assert (settings["alternatives"]["count"], settings["seed"]) == (5, 0)
    assert generated.code_of("alternatives", {}) == generated.code_of("alternative data", {})
    with pytest.raises(ConfigError, match=r"ask contains no \{question\}"):
        present(pairs={"alternatives": {"kind": "generated", "ask": "Another?"}})


def test_plain_text_has_the_slices_that_it_had(changed: Callable[..., dict[str, Any]]) -> None:
    sets = {"some": {"kind": "random_units", "size": 4}}
    graph = Graph(load_experiment(changed(sets, name="village")))
    text = TextGraph(graph)
    assert {*text.tokens_slice()} == {"name", "hub", "tokenizer", "content_hash"}
    assert {*text.dataset_slice()} == {
        *("name", "sequence_length", "forget_unit", "train_size", "validation_size", "unit_sequences")
    }
    assert "pairs" not in Present(graph).page.described_data()


def test_a_list_of_pairs_is_made_of_the_pairs(changed: Callable[..., dict[str, Any]]) -> None:
    graph = Graph(load_experiment(changed()))
    assert graph.forget_set_file("tenth") == [graph.path(layout.PAIRS)]
