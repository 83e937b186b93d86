"""Targets that evaluate a whole experiment: what they ask for, and which experiments cannot give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import merged, read_yaml
from unlearnkit.errors import ConfigError
from unlearnkit.workflow.evaluation import Evaluation, refuse_unfit
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"


def present(name: str, **changes: Any) -> Present:
    return Present(Graph(load_experiment(merged(read_yaml(EXPERIMENTS / f"{name}.yaml"), changes))))


def test_everything_is_all_metrics_what_they_read_the_page_and_the_leaderboard() -> None:
    own = present("tofu_phi15")
    asked = {path.removeprefix("results/tofu_phi15/") for path in Evaluation(own).everything()}
    for metric in own.graph.metrics:
        assert {f"tables/{metric}.md", f"summaries/{metric}/forget10/ga.parquet"} <= asked
    for observation in ("answers", "generations"):
        assert f"unlearned/forget10/idk/0002-0002.{observation}.parquet" in asked
    assert {"report/index.html", "leaderboard/leaderboard.md"} <= asked
    assert Evaluation(own).merged() == []


def test_the_first_model_of_every_variant_is_merged() -> None:
    files = Evaluation(present("lora_idk_ap")).merged()
    assert files == [
        f"results/lora_idk_ap/unlearned/forget/{variant}/0000-0002.merged/0000.safetensors"
        for variant in ("idk_ap", "idk", "dpo")
    ]


@pytest.mark.parametrize(
    ("target", "name", "changes", "message"),
    [
        (
            "tofu_all",
            "village",
            {},
            "tofu_all evaluates answers to questions, but data.name in mine.yaml is village, which has no "
            "question-answer pairs; expected one of village_pairs, tofu, pair_files, .*. Name another target",
        ),
        (
            "icu_all",
            "tofu_phi15",
            {},
            "icu_all evaluates how documents are continued, but data.name in mine.yaml is tofu, which has no document "
            "to forget; expected one of tiny_shakespeare, .*extraction_targets",
        ),
        ("lora_all", "digits_methods", {}, "lora_all evaluates answers .* data.name in mine.yaml is digits"),
        (
            "lora_all",
            "tofu_phi15",
            {},
            "lora_all merges low-rank terms into their base, but model.adapter in mine.yaml is null, so there are "
            "none; expected the model pretrained, with model.adapter, such as {rank: 8}. Ask for tofu_all",
        ),
        (
            "muse_all",
            "tofu_phi15",
            {},
            "muse_all evaluates forget questions, but data.name in mine.yaml is tofu, which has none; expected one of "
            "muse_news, muse_books, village_muse",
        ),
        (
            "wmdp_all",
            "village",
            {},
            "wmdp_all evaluates choices, but data.name in mine.yaml is village, which has none",
        ),
        (
            "stops_all",
            "village",
            {},
            "stops_all shows when runs stopped that judge single sequences, but no method in mine.yaml does; expected "
            "a method such as icu or kumpr",
        ),
        (
            "sustainability_all",
            "village",
            {},
            "sustainability_all compares consecutive requests, but no forget set in mine.yaml has "
            "`after`; expected a forget set that names the one before it in `after`",
        ),
    ],
)
def test_what_an_experiment_cannot_give_is_refused(
    target: str, name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message.replace("{", r"\{")):
        refuse_unfit(target, present(name, **changes).graph.experiment, "mine.yaml")


@pytest.mark.parametrize(
    ("target", "name"),
    [
        *(("tofu_all", "tofu_phi15"), ("lora_all", "lora_me_gd"), ("all", "village"), ("icu_all", "village")),
        *(("sustainability_all", "tofu_continual"), ("stops_all", "icu_gpt_neo_125m")),
    ],
)
def test_what_an_experiment_can_give_is_not(target: str, name: str) -> None:
    refuse_unfit(target, present(name).graph.experiment, "mine.yaml")
