"""The table of tasks: means over models by hand, the last snapshot, failed models, and versions that do not mix."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit.errors import ArtifactError
from unlearnkit.report.harness import COLUMNS, Answered, markdown, rows


def row(model: int, value: float | None, **changes: Any) -> dict[str, Any]:
    made = {"model": model, "epoch": 1, "asked": "trades", "task": "trades", "metric": "acc", "filter": "none"}
    made |= {"value": value, "standard_error": None if value is None else 0.1, "higher_is_better": True}
    return {**made, "questions": 10, "shots": 0, "version": "1", "prompts": "ab", **changes}


def answered(population: str, *own: dict[str, Any], lm_eval: str = "0.4.13") -> Answered:
    return Answered(f"results/x/{population}/0000-0001.harness/trades.parquet", population, lm_eval, own)


ALL = [
    answered("original", row(0, 0.5), row(1, 0.7)),
    answered("oracle/some", row(0, 0.2), row(1, 0.4)),
    answered("unlearned/some/npo", row(0, 0.9, epoch=2), row(1, 0.9, epoch=2), row(0, 0.1), row(1, 0.3, epoch=4)),
]


def test_a_mean_is_over_models_at_the_last_snapshot() -> None:
    found = rows(ALL, ["some", "other"], ["original", "oracle", "npo"])
    by = {(own["forget_set"], own["candidate"]): own for own in found}
    assert [*by] == [("some", "original"), ("some", "oracle"), ("some", "npo"), ("other", "original")]
    assert {*found[0]} == {*COLUMNS}
    original, npo = by["some", "original"], by["some", "npo"]
    assert original["mean"] == pytest.approx(0.6)
    assert original["standard_deviation"] == pytest.approx(0.02**0.5)
    assert (original["standard_error"], original["models"], original["failed"]) == (pytest.approx(0.1), 2, 0)
    assert (npo["mean"], npo["models"], npo["standard_deviation"]) == (0.3, 1, None)


def test_what_readers_see() -> None:
    group = [row(0, 0.4, asked="all", task=name, prompts=None if name == "all" else name) for name in ("all", "part")]
    texts = [row(0, 12345.6, asked="texts", task="texts", metric="perplexity", higher_is_better=False)]
    shown = markdown(
        rows([*ALL, answered("original", *group), answered("original", *texts)], ["some"], ["original", "oracle"]),
        {"begin_of_text": True, "limit": None},
    )
    assert "Options: begin_of_text=true, limit=null." in shown
    assert "### trades, forget set `some`\n\n10 questions, 0 shots, version 1 of the task" in shown
    assert (
        "| candidate | N | acc ↑ | error |\n| --- | --- | --- | --- |\n| original | 2 | 0.600 ± 0.141 | 0.100 |"
        in shown
    )
    assert "| original | 1 | 12,346 | 0.100 |" in shown and "perplexity ↓" in shown
    assert "### all," in shown and "### part," not in shown


def test_a_candidate_with_a_failed_model_has_no_mean() -> None:
    found = rows([answered("original", row(0, 0.5), row(1, None))], ["some"], ["original"])
    assert (found[0]["mean"], found[0]["failed"]) == (None, 1)
    assert "| original | 2 | 1 of 2 models failed |" in markdown(found, {})


def test_other_versions_or_prompts_are_refused() -> None:
    with pytest.raises(
        ArtifactError, match=r"'trades' has another version of lm-eval in \S+/oracle/some/\S+ \(0.4.14\)"
    ):
        rows([ALL[0], answered("oracle/some", row(0, 0.2), lm_eval="0.4.14")], ["some"], ["original"])
    with pytest.raises(ArtifactError, match=r"has another prompts in .* so their values do not compare; expected one"):
        rows([ALL[0], answered("oracle/some", row(0, 0.2, prompts="cd"))], ["some"], ["original"])
