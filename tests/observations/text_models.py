"""What small language models show in an observation, without files or jobs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unlearnkit import registry
from unlearnkit.artifacts.observations import Observed, require_declared
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.models.building import states_of
from unlearnkit.training.evaluation import observed_of_models
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker

CPU = torch.device("cpu")


def plain_text(sequences: Sequence[np.ndarray], vocabulary: int, length: int) -> TextSet:
    """A text of given sequences, each a forget unit; the last one is the validation split."""
    lengths = np.array([len(own) for own in sequences], np.int32)
    return TextSet(
        tokens=np.concatenate(sequences).astype(np.uint16),
        starts=np.cumsum([0, *lengths[:-1]]).astype(np.int64),
        lengths=lengths,
        units=np.arange(len(sequences), dtype=np.int64),
        train_size=len(sequences) - 1,
        validation_size=1,
        vocabulary_size=vocabulary,
        length=length,
    )


def task_of(text_set: TextSet, model: str = "nanogpt") -> Task:
    """Return the task of models with one layer."""
    return task_for(text_set, {"name": model, "layers": 1, "width": 16, "heads": 2}, 0, CPU)


def observed(
    name: str, task: Task, tmp_path: Path, rows: list[int] | None = None, *, models: int = 2, **settings: Any
) -> Observed:
    """Return what models with the seeds 0, 1, ... show on all sequences, or on some rows.

    `tokenizer` and `assemble` among the settings are what the job gives an observation beside its settings.
    """
    module = registry.load("observation", name)
    more = {key: settings.pop(key) for key in ("tokenizer",) if key in settings}
    assemble = settings.pop("assemble", None)
    states = [states_of(task.architecture.build(seed))[0] for seed in range(models)]
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)
    observe = partial(module.observe, settings=module.Settings.model_validate(settings), **more)
    how = (lambda model, _: states[model], range(models), [1], task.source.text_set, task, worker, assemble)
    found = observed_of_models(observe, *how, None if rows is None else np.array(rows))
    require_declared(name, found)
    return found[1]
