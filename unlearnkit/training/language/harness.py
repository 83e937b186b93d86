"""The models of a shard, asked a task of lm-evaluation-harness one after another; an interrupted job goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from unlearnkit.data.text.free_text import FreeText
from unlearnkit.errors import DataError
from unlearnkit.training.shard import Worker

COLUMNS = (
    *("model", "epoch", "asked", "task", "metric", "filter", "value", "standard_error", "higher_is_better"),
    *("questions", "shots", "version", "prompts", "cut", "values"),
)
"""What a row of a task says. `asked` is the name in the configuration, `task` it or one that belongs to it.

`prompts` is the SHA-256 of all prompts and of the answers to choose from, None for a group. `values` are those of every
question, None where they are no numbers. `value` is None where the model gave a log p that is no number.
"""
Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A task and how it is asked: what the block `harness` of the configuration states.

    `include` is a folder with task files of the user's. `length` are the tokens of prompt and answer together that
    models take which state no positions of their own.
    """

    task: str
    text: FreeText
    length: int
    begin_of_text: bool
    batch_size: int
    include: str | None = None
    shots: int | None = None
    shots_seed: int = 1234
    limit: int | None = None


def answers(
    question: Question,
    network_of: Callable[[int, int], nn.Module],
    model_indices: Sequence[int],
    epochs: Iterable[int],
    worker: Worker,
) -> list[Row]:
    """Return what the networks in eval mode `network_of(model index, epoch)` answer: rows of COLUMNS.

    Raises DataError if the package lm-eval is missing, or the task cannot be asked.
    """
    try:
        from unlearnkit.training.language.asked_tasks import VERSION, AskedTask
        from unlearnkit.training.language.harness_model import HarnessModel
    except ImportError as error:
        raise missing_harness(error) from None
    settings = {"shots": question.shots, "shots_seed": question.shots_seed, "limit": question.limit}
    task = AskedTask(question.task, question.include, **settings)
    worker.report(f"{question.task}: loaded")
    rows: list[Row] = []
    for epoch in epochs:
        for index in model_indices:
            name = f"model_{index:04d}_epoch_{epoch:04d}_{VERSION}"
            stored = worker.resume.load(name)
            if stored is None:
                network = network_of(index, epoch)
                model = HarnessModel(
                    network,
                    question.text,
                    length=most_tokens(network, question.length),
                    batch_size=question.batch_size,
                    begin=question.begin_of_text,
                    device=worker.device,
                )
                answered = task.rows(model, index, epoch)
                worker.resume.save(name, {"rows": np.frombuffer(json.dumps(answered).encode(), np.uint8)})
                worker.report(f"{question.task}: model {index} at {epoch} asked" + _cut(model.cut))
            else:
                answered = json.loads(stored["rows"].tobytes())
            rows += answered
    return rows


def stated(question: Question, version: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return what the record of answers states: how the task was asked, by which version, with which prompts."""
    leaves = {row["task"]: row for row in rows if row["prompts"] is not None}
    return {
        "lm_eval": version,
        "begin_of_text": question.begin_of_text,
        "begin_of_text_token": question.text.begin,
        "batch_size": question.batch_size,
        "limit": question.limit,
        "tasks": {
            name: {key: row[key] for key in ("version", "prompts", "questions", "shots")}
            for name, row in leaves.items()
        },
    }


def missing_harness(error: ImportError) -> DataError:
    """Return the error to raise where lm-evaluation-harness cannot be imported."""
    return DataError(
        f"harness.tasks is set, but the package lm-eval cannot be imported ({error})",
        expected="lm-evaluation-harness, which asks models these tasks",
        remedy='install it: pip install "unlearnkit[harness]", or in a clone pip install -e ".[harness]"; '
        "all that is finished is kept",
    )


def most_tokens(network: nn.Module, length: int) -> int:
    """Return how many tokens a network reads: the positions that a pretrained model states, `length` of others."""
    pretrained: Any = getattr(network, "network", None)
    positions = pretrained and getattr(pretrained.config.get_text_config(), "max_position_embeddings", None)
    return positions or length


def _cut(count: int) -> str:
    return f", {count} prompts without their first tokens, which are more than it reads" if count else ""
