"""One of several processes that train together: `python -m unlearnkit.training.processes.part` (`serving`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unlearnkit.artifacts.store import read_array
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.batches import retain_set
from unlearnkit.layout import shard_indices
from unlearnkit.registry import task_of_model
from unlearnkit.training.originals import train_shard
from unlearnkit.training.processes.distributed import GroupResume
from unlearnkit.training.processes.group import Group
from unlearnkit.training.processes.serving import reporting, serve
from unlearnkit.training.setup import task_for, worker_for


@dataclass(frozen=True)
class Part:
    """What the job trains: paths of the data set and of the forget set (None: no forget set), settings and shard."""

    dataset: str
    forget_set: str | None
    settings: Any
    shard: str


def train_part(orders: dict[str, Any], group: Group) -> None:
    """Train this process's part according to `orders`, together with the others of its group."""
    part = Part(**orders["part"])
    settings, execution = part.settings, Execution.model_validate(orders["execution"])
    resume = GroupResume(orders["output"], orders["key"], group)
    worker = worker_for(execution, orders["threads"], resume, reporting(group), group)
    kind = task_of_model(settings["model"]["name"])
    dataset = kind.read(part.dataset)
    forget = read_array(part.forget_set) if part.forget_set else None
    train_shard(
        task_for(dataset, settings["model"], settings["seed"], worker.device),
        kind.RECIPE.model_validate(settings["training"]),
        retain_set(dataset.train_size, forget),
        role=settings["role"],
        model_indices=shard_indices(part.shard),
        worker=worker,
    )


if __name__ == "__main__":
    serve(train_part)
