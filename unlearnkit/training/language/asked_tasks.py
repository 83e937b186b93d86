"""Tasks of lm-evaluation-harness, asked of one model after another: values of their metrics with standard errors.

Of a task the harness makes prompts, reads replies and computes metrics; what it asks is the same for every model. Only
this module and `harness_model` import the package, which is optional.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import io
import json
import logging
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lm_eval import __version__ as VERSION
from lm_eval import evaluator
from lm_eval.tasks import TaskManager

from unlearnkit.errors import DataError, UnlearnkitError
from unlearnkit.training.language.harness_model import HarnessModel

RESAMPLES = 1000
"""Draws of the standard error of a metric that is no mean, which the harness seeds itself."""
SEEDS = {"random": 0, "numpy": 1234, "torch": 1234}
"""Of the global generators, as the harness has them by default: some tasks shuffle their options by these."""
Row = dict[str, Any]


class AskedTask:
    """A task, group or tag by its name, loaded with its data; `include` is a folder with task files of the user's.

    `shots` None leaves the solved questions of a prompt to the task, and `limit` None asks all questions. Raises
    DataError if there is no such folder or task, or its data cannot be had.
    """

    def __init__(
        self, name: str, include: str | None, *, shots: int | None, shots_seed: int, limit: int | None
    ) -> None:
        self.name, self._seed, self._limit = name, shots_seed, limit
        with _quiet(), _seeded():
            self._loaded: Any = _loaded(name, include)
        for task in self._loaded["tasks"].values():
            stated = task.get_config("num_fewshot")
            # the harness does the same: a task that states 0 is asked without solved questions
            task.set_config(key="num_fewshot", value=stated or 0 if shots is None or stated == 0 else shots)

    def rows(self, model: HarnessModel, index: int, epoch: int) -> list[Row]:
        """Return a row for every metric of the task and of those that belong to it (`harness.COLUMNS`), of one model.

        Raises DataError, naming the task, if it cannot be asked.
        """
        for task in self._loaded["tasks"].values():
            # the draw goes on from question to question, so it begins again for every model
            task.set_fewshot_seed(self._seed)
        model.cut, model.finite = 0, True
        try:
            with _quiet(), _seeded():
                found: Any = evaluator.evaluate(
                    model, self._loaded, limit=self._limit, bootstrap_iters=RESAMPLES, log_samples=True
                )
        except UnlearnkitError as error:
            raise DataError(
                f"the task '{self.name}' cannot be asked: {error.fact}", expected=error.expected, remedy=error.remedy
            ) from None
        # a task is what its file says, and may run code of its own
        except Exception as error:
            raise _wrong(f"the task '{self.name}' cannot be asked", error) from None
        key = {"model": index, "epoch": epoch, "asked": self.name, "cut": model.cut}
        return [{**key, **row} for row in _rows(found, finite=model.finite)]


def _loaded(name: str, include: str | None) -> Any:
    if include is not None and not Path(include).is_dir():
        raise DataError(
            f"harness.include is {include}, which is no folder", expected="a folder with task files, *.yaml"
        )
    folder = Path(include).absolute() if include else None
    # thousands of files take seconds, and a task of the user's comes first anyway
    manager = TaskManager(include_path=folder, include_defaults=False) if folder else None
    if manager is None or name not in manager.all_tasks:
        manager = TaskManager(include_path=folder)
    if name not in manager.all_tasks:
        near = difflib.get_close_matches(name, manager.all_tasks, n=3, cutoff=0.6)
        raise DataError(
            f"harness.tasks has '{name}', which is no task, group or tag of lm-evaluation-harness {VERSION}"
            + (f" or in {include}" if include else ""),
            expected=f"a name such as {', '.join(near)}" if near else "a name that `lm-eval ls tasks` lists",
        )
    try:
        with contextlib.chdir(folder or Path.cwd()):
            return manager.load([name])
    # what the library datasets raises without a file or a network
    except OSError as error:
        raise DataError(
            f"the data of the task '{name}' cannot be loaded ({type(error).__name__}: {_line(error)})",
            expected="files that the task names, or its data set on the hub or in the cache of Hugging Face",
            remedy='where there is a network, run `python -c "from lm_eval.tasks import TaskManager; '
            f"TaskManager().load(['{name}'])\"`, with HF_HOME in a folder that jobs see, too, or remove the task from "
            "harness.tasks; answers to other tasks are kept, and --keep-going asks them all the same",
        ) from None
    # a task is what its file says, and may run code of its own
    except Exception as error:
        raise _wrong(f"the task '{name}' cannot be loaded", error) from None


def _wrong(fact: str, error: Exception) -> DataError:
    return DataError(
        f"{fact} ({type(error).__name__}: {_line(error)})",
        remedy="correct the file of the task, install what it needs, or remove it from harness.tasks",
    )


def _rows(found: Mapping[str, Any], *, finite: bool) -> Iterator[Row]:
    for task, results in found["results"].items():
        samples = found["samples"].get(task)
        for key, value in results.items():
            metric, comma, name = key.partition(",")
            if not comma or metric.endswith("_stderr"):
                continue
            error = results.get(f"{metric}_stderr,{name}")
            yield {
                "task": task,
                "metric": metric,
                "filter": name,
                "value": float(value) if finite else None,
                "standard_error": float(error) if finite and isinstance(error, int | float) else None,
                "higher_is_better": found["higher_is_better"].get(task, {}).get(metric),
                "questions": int(results["sample_len"]),
                "shots": int(found["n-shot"].get(task) or 0),
                "version": str(found["versions"].get(task)),
                "prompts": None if samples is None else _hash(samples),
                "values": None if samples is None or not finite else _values(samples, metric, name),
            }


def _hash(samples: Sequence[Mapping[str, Any]]) -> str:
    asked = [sample["arguments"] for sample in samples if sample["filter"] == samples[0]["filter"]]
    return hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()


def _values(samples: Sequence[Mapping[str, Any]], metric: str, name: str) -> list[float] | None:
    values = [sample[metric] for sample in samples if sample["filter"] == name and metric in sample]
    return [float(value) for value in values] if all(isinstance(value, int | float) for value in values) else None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    """Give tasks that draw from global generators the draws of the harness, whatever was drawn before in this process.

    It seeds the three in `simple_evaluate`, which is not called here. Draws after the block are as without it.
    """
    state, numbers = random.getstate(), np.random.get_state()
    random.seed(SEEDS["random"])
    np.random.seed(SEEDS["numpy"])
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEEDS["torch"])
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numbers)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the harness prints of its progress from the log, and its resampling in this process."""
    logger = logging.getLogger("lm_eval")
    before = logger.level
    stated = os.environ.get("DISABLE_MULTIPROC")
    os.environ["DISABLE_MULTIPROC"] = "1"
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(before)
        if stated is None:
            del os.environ["DISABLE_MULTIPROC"]
        else:
            os.environ["DISABLE_MULTIPROC"] = stated
