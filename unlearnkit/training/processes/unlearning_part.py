"""One of several processes that unlearn models together: `python -m unlearnkit.training.processes.unlearning_part`.

It is ordered, reports, fails and ends as one of those that train together does (`part`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unlearnkit.artifacts.weights import RepeatedWeights
from unlearnkit.config.execution import Execution
from unlearnkit.layout import shard_indices
from unlearnkit.registry import task_of_model
from unlearnkit.training.processes.distributed import GroupResume
from unlearnkit.training.processes.group import Group
from unlearnkit.training.processes.serving import reporting, serve
from unlearnkit.training.setup import task_for, worker_for
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe
from unlearnkit.training.unlearning_split import read_split


@dataclass(frozen=True)
class UnlearningPart:
    """What the job unlearns: paths of the data set, of the forget set and of the originals, settings and shard.

    A method may read the partners of the forget set and the tokenizer: their paths, one or none.
    """

    dataset: str
    forget_set: str
    originals: Sequence[str]
    settings: Any
    shard: str
    partners: Sequence[str] = ()
    tokenizer: Sequence[str] = ()


def unlearn_part(orders: dict[str, Any], group: Group) -> None:
    """Unlearn according to `orders`, together with the other processes of a group."""
    part = UnlearningPart(**orders["part"])
    settings, execution = part.settings, Execution.model_validate(orders["execution"])
    resume = GroupResume(orders["output"], orders["key"], group)
    worker = worker_for(execution, orders["threads"], resume, reporting(group), group)
    dataset = task_of_model(settings["model"]["name"]).read(part.dataset)
    read = {"forget_set": part.forget_set, "partners": part.partners, "membership": [], "earlier": []}
    unlearn_shard(
        task_for(dataset, settings["model"], settings.get("continual", settings)["seed"], worker.device),
        UnlearningRecipe.from_slice(settings),
        read_split(dataset, read, 1),
        originals=RepeatedWeights(part.originals, settings.get("draws", 1)),
        held_out_oracles=None,
        model_indices=shard_indices(part.shard),
        worker=worker,
        tokenizer=part.tokenizer[0] if part.tokenizer else None,
    )


if __name__ == "__main__":
    # each has a copy of the model, whatever those that train have
    serve(unlearn_part, "replicate")
