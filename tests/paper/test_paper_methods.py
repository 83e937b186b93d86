"""The methods section says what an experiment has, and nothing of what it has not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unlearnkit.config.load import load_experiment
from unlearnkit.paper.bibliography import sources_of
from unlearnkit.paper.material import Material
from unlearnkit.paper.methods import methods_section
from unlearnkit.paper.tables import stated
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present

EXPERIMENT: dict[str, Any] = {
    "experiment": "one",
    "data": {
        "name": "village",
        "tokenizer": {"kind": "characters"},
        "sequence_length": 32,
        "forget_unit": "document",
        "train_size": 100,
        "validation_size": 20,
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 32, "heads": 2},
    "training": {"epochs": 1, "batch_size": 8, "lr": 0.02},
    "num_models": 2,
    "forget_sets": {"some": {"kind": "random_units", "size": 6}},
    "shard_size": 2,
    "methods": {"ga": {"method": "ga", "steps": 3, "batch_size": 8, "lr": 0.001}},
    "observations": {"continuations": {"prefix": 1, "suffix": 1}, "judged_continuations": {}},
    "metrics": {"judge_continuations": {}},
}


def material(shown: Sequence[str], **changes: Any) -> Material:
    """Material without values."""
    present = Present(Graph(load_experiment({**EXPERIMENT, **changes})))
    board = {"outside": {}, "rankings": [{}]}
    sources = sources_of([("metric", "judge_continuations")], [])
    return Material(present, Path("nowhere"), {"judge_continuations": []}, [], board, [], sources, shown)


def test_it_says_who_judged_and_has_no_empty_list() -> None:
    own = material([])
    judged = " Continuations judged by: heuristic, not comparable with judges that are language models."
    assert stated(own, "judge_continuations") == judged and stated(own, "margin_distance") == ""
    text = methods_section(own)
    assert judged in text and "oracles are trained without the forget set" in text
    assert "paragraph{Forget sets" not in text and text.count("begin{itemize}") == text.count("end{itemize}") == 2
    assert "divided into three" not in text and "Tests take comparisons for independent" in text


def test_without_oracles_it_says_nothing_of_them() -> None:
    text = methods_section(material(["some"], oracles={"source": "none"}))
    assert "trained without the forget set" not in text and "The floor compares" not in text
