"""The block `harness`: what it asks for, which experiments cannot have it, and experiments without it as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_text_configurations import configuration

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import read_yaml
from unlearnkit.errors import ConfigError
from unlearnkit.places import Place, place_of_path
from unlearnkit.workflow.evaluation import Evaluation, refuse_unfit
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

ROOT = Path(__file__).resolve().parents[2]
ASKED = {"tasks": ["icu_nine", "mmlu", "piqa"], "begin_of_text": False, "shots": 0}


def present(**changes: Any) -> Present:
    return Present(Graph(load_experiment(configuration(changes))))


def test_every_task_has_a_file_of_every_population_and_all_have_a_table() -> None:
    own = present(harness=ASKED)
    assert own.harness.tasks[:1] + own.harness.tasks[-2:] == ("hellaswag", "lambada_openai", "mmlu")
    assert len(own.harness.tasks) == 10  # piqa, which the list has, is asked once
    files = {path.removeprefix("results/text/") for path in own.harness.results()}
    populations = ("original", "oracle/some", "unlearned/some/nothing", "unlearned/some/ga")
    assert {f"{name}/0000-0001.harness/{task}.parquet" for name in populations for task in own.harness.tasks} <= files
    assert files - {name for name in files if ".harness/" in name} == {
        f"tables/harness.{form}" for form in ("parquet", "csv", "md")
    }
    assert {*own.harness.results()} <= {*Evaluation(own).everything()}
    for path in own.harness.results():
        place = place_of_path(path)
        assert place is not None and own.unknown(place) is None and own.settings(place) is not None


def test_what_decides_answers_is_in_the_slice_and_other_tasks_are_not() -> None:
    place = Place("harness", {"population": "original", "shard": "0000-0001", "task": "piqa"})
    own = present(harness=ASKED).settings(place)
    assert own is not None and own["model"]["name"] == "nanogpt"
    asked = {name: own[name] for name in ("task", "begin_of_text", "shots", "shots_seed", "limit", "batch_size")}
    assert asked == {
        "task": "piqa", "begin_of_text": False, "shots": 0, "shots_seed": 1234, "limit": None, "batch_size": 8
    }  # fmt: skip
    assert present(harness=ASKED | {"tasks": ["piqa"], "include": "elsewhere"}).settings(place) == own
    assert present(harness=ASKED | {"begin_of_text": True}).settings(place) != own


def test_files_of_tasks_are_inputs(tmp_path: Path) -> None:
    for name in ("own.yaml", "data/own.jsonl", "__pycache__/own.pyc", ".hidden/x.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    files = present(harness=ASKED | {"include": str(tmp_path)}).harness.task_files()
    assert files == [str(tmp_path / "data/own.jsonl"), str(tmp_path / "own.yaml")]


def test_without_the_block_nothing_is_asked_and_the_configuration_is_as_it_was() -> None:
    own = present()
    assert own.harness.results() == [] and own.harness.task_files() == []
    assert "harness" not in own.graph.experiment.model_dump()
    place = place_of_path("results/text/tables/harness.md")
    assert place is not None and own.unknown(place) is not None
    with pytest.raises(ConfigError, match=r"harness_all asks models the tasks of the block `harness`, but x.yaml has"):
        refuse_unfit("harness_all", own.graph.experiment, "x.yaml")
    refuse_unfit("harness_all", present(harness=ASKED).graph.experiment, "x.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"harness": {"tasks": ["mmlu"]}}, r"harness.begin_of_text is missing"),
        ({"harness": ASKED | {"tasks": []}}, r"harness.tasks"),
        ({"harness": ASKED | {"tasks": ["../mmlu"]}}, r"harness.tasks"),
        (
            {"harness": ASKED, "data.tokenizer": {"kind": "characters"}},
            "harness asks questions of any text, but data.tokenizer.kind is characters, which knows only those of the "
            "training text; expected a tokenizer that covers every byte. Set data.tokenizer.kind: bpe",
        ),
        (
            {"harness": ASKED, "data.name": "fineweb", "data.tokenizer": None},
            "harness asks questions as text, but fineweb comes as tokens",
        ),
    ],
)
def test_tasks_that_cannot_be_asked_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_experiment(configuration(changes))


def test_models_of_images_are_asked_nothing() -> None:
    raw = {**read_yaml(ROOT / "config.yaml"), "harness": ASKED}
    message = "harness asks language models questions, but digits holds images. Remove the key, or choose a data set"
    with pytest.raises(ConfigError, match=message):
        load_experiment(raw)


def test_a_file_of_answers_is_about_the_models_of_its_population() -> None:
    path = f"results/text/{layout.UNLEARNED.format(forget_set='some', variant='ga')}/0000-0001.harness/mmlu.parquet"
    place = place_of_path(path)
    assert place is not None
    assert (place.stage, place.about.role, place.is_observation) == ("harness", "unlearned", False)
    assert place.wildcards["task"] == "mmlu" and place.wildcards["variant"] == "ga"
