"""Rules of the block `harness`: models that read text, and a tokenizer that takes any text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unlearnkit.config.names import unportable
from unlearnkit.errors import ConfigError
from unlearnkit.facts.harness_tasks import tasks_of

if TYPE_CHECKING:
    from unlearnkit.config.experiment import Experiment


def harness_problems(experiment: Experiment) -> Iterator[ConfigError]:
    """Yield tasks that cannot be asked: of models of images, or of a tokenizer that has no token for some text."""
    if experiment.harness is None:
        return
    if experiment.task != "text":
        yield ConfigError(
            f"harness asks language models questions, but {experiment.data.name} holds images",
            remedy="remove the key, or choose a data set of text",
        )
        return
    data: Any = experiment.data
    if data.tokenizer is None:
        yield ConfigError(
            f"harness asks questions as text, but {data.name} comes as tokens, and of which text is not known",
            remedy="remove the key, or choose a data set that comes as text",
        )
    elif data.tokenizer.kind == "characters":
        yield ConfigError(
            "harness asks questions of any text, but data.tokenizer.kind is characters, which knows only those of the "
            "training text",
            expected="a tokenizer that covers every byte",
            remedy="set data.tokenizer.kind: bpe, or remove harness",
        )
    for name, why in unportable(tasks_of(experiment.harness.tasks)):
        yield ConfigError(f"harness.tasks has the name '{name}', {why}", remedy="rename the task")
