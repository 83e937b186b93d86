"""The table `harness`: what originals, oracles and unlearned models reach in tasks of lm-evaluation-harness.

A value is that of a metric of the harness, the mean over models at their last snapshot, with the standard deviation
between models. The standard error that the harness states is over questions, as if the model were given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unlearnkit import layout
from unlearnkit.errors import ArtifactError, repair
from unlearnkit.report.numbers import number, shown
from unlearnkit.report.tables import markdown as table

COLUMNS = (
    *("forget_set", "candidate", "asked", "task", "metric", "filter", "higher_is_better", "models", "failed"),
    *("mean", "standard_deviation", "standard_error", "questions", "shots", "version", "prompts", "lm_eval"),
)
NOTE = (
    "Mean over models ± their standard deviation. `error`: the standard error over questions that the harness states, "
    "mean over models. Models of the last snapshot; `oracle`: retrained without the forget set."
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """The rows of one file with answers, its path and population, and the version of lm-evaluation-harness."""

    path: str
    population: str
    lm_eval: str
    rows: Sequence[Mapping[str, Any]]


def rows(answered: Sequence[Answered], forget_sets: Sequence[str], candidates: Sequence[str]) -> list[Row]:
    """Return a row for every forget set, candidate, task, metric and filter; originals have the same with all sets.

    A candidate with models that failed has no mean. Raises ArtifactError if a task was asked by several versions of
    the harness, or with several prompts, since such values do not compare.
    """
    _refuse_several(answered)
    return [
        {"forget_set": forget_set, "candidate": candidate, **row}
        for forget_set in forget_sets
        for candidate in candidates
        for row in _of_population(answered, _population(forget_set, candidate))
    ]


def markdown(rows: Sequence[Row], asked_by: Mapping[str, Any]) -> str:
    """Return one Markdown table per forget set and task: a line per candidate, a column per metric.

    `asked_by` are the settings by which tasks are asked. Of a group with a value of its own only this is shown; files
    have those of its tasks.
    """
    parts = [f"{NOTE} Options: {', '.join(f'{name}={json.dumps(value)}' for name, value in asked_by.items())}."]
    for forget_set, asked, task in dict.fromkeys((row["forget_set"], row["asked"], row["task"]) for row in rows):
        of_task = [row for row in rows if (row["forget_set"], row["asked"], row["task"]) == (forget_set, asked, task)]
        if task != asked and any(row["task"] == row["asked"] == asked for row in rows):
            continue
        first = of_task[0]
        metrics = list(dict.fromkeys((row["metric"], row["filter"], row["higher_is_better"]) for row in of_task))
        lines = [
            [candidate, *_cells([row for row in of_task if row["candidate"] == candidate], metrics)]
            for candidate in dict.fromkeys(row["candidate"] for row in of_task)
        ]
        header = ["candidate", "N", *(title for metric in metrics for title in (_title(metric), "error"))]
        counts = f"{first['questions']} questions, {first['shots']} shots"
        versions = f"version {first['version']} of the task, lm-evaluation-harness {first['lm_eval']}"
        about = f"### {task}, forget set `{forget_set}`\n\n{counts}, {versions}."
        parts.append(f"{about}\n\n{table(header, lines)}")
    return "\n\n".join(parts)


def _population(forget_set: str, candidate: str) -> str:
    known = {"original": layout.ORIGINAL, "oracle": layout.ORACLE}
    return known.get(candidate, layout.UNLEARNED).format(forget_set=forget_set, variant=candidate)


def _of_population(answered: Sequence[Answered], population: str) -> Iterator[Row]:
    files = [file for file in answered if file.population == population]
    last = {file.path: max(row["epoch"] for row in file.rows) for file in files}
    found = [{**row, "lm_eval": file.lm_eval} for file in files for row in file.rows if row["epoch"] == last[file.path]]
    for key in dict.fromkeys(map(_key, found)):
        answers = [row for row in found if _key(row) == key]
        values = np.array([row["value"] for row in answers if row["value"] is not None])
        errors = [row["standard_error"] for row in answers]
        failed = len(answers) - len(values)
        same = ("asked", "task", "metric", "filter", "higher_is_better")
        yield {
            **{name: answers[0][name] for name in same},
            "models": len(answers),
            "failed": failed,
            "mean": None if failed else float(values.mean()),
            "standard_deviation": None if failed or len(values) < 2 else float(values.std(ddof=1)),
            "standard_error": None if failed or None in errors else float(np.mean(errors)),
            **{name: answers[0][name] for name in ("questions", "shots", "version", "prompts", "lm_eval")},
        }


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("asked", "task", "metric", "filter"))


def _refuse_several(answered: Sequence[Answered]) -> None:
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for file in answered:
        for row in file.rows:
            for what, value in (("version of lm-eval", file.lm_eval), ("prompts", str(row["prompts"]))):
                other, path = seen.setdefault((row["task"], what), (value, file.path))
                if other != value:
                    raise ArtifactError(
                        f"the task '{row['task']}' has another {what} in {file.path} ({value[:16]}) than in {path} "
                        f"({other[:16]}), so their values do not compare",
                        expected="one version of the harness and one set of prompts for all models",
                        remedy=repair(path),
                    )


def _title(metric: tuple[str, str, bool | None]) -> str:
    name, filtered, higher = metric
    direction = {True: " ↑", False: " ↓"}.get(higher, "") if higher is not None else ""
    return name + (f" ({filtered})" if filtered != "none" else "") + direction


def _cells(answers: Sequence[Row], metrics: Sequence[tuple[str, str, bool | None]]) -> Iterator[str]:
    yield str(answers[0]["models"])
    for metric in metrics:
        row = next((row for row in answers if (row["metric"], row["filter"]) == metric[:2]), None)
        yield from ("", "") if row is None else (_value(row), _number(row["standard_error"]))


def _value(row: Row) -> str:
    if row["failed"]:
        return f"{row['failed']} of {row['models']} models failed"
    spread = row["standard_deviation"]
    return _number(row["mean"]) + ("" if spread is None else f" ± {_number(spread)}")


def _number(value: float | None) -> str:
    return "" if value is None else shown(value) if abs(value) < 1 else number(value, 4)
