"""One of several processes that train together: `python -m unlearnkit.training.processes.part`, started by `processes`.

Its orders are the first line of standard input, as JSON; it ends when standard input does. The leading process writes
its progress to standard output. An UnlearnkitError becomes one line on standard error that begins with "Error: ".
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unlearnkit.artifacts.store import read_array
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.batches import retain_set
from unlearnkit.errors import UnlearnkitError
from unlearnkit.layout import shard_indices
from unlearnkit.registry import task_of_model
from unlearnkit.training.originals import train_shard
from unlearnkit.training.processes.distributed import GroupResume, joined
from unlearnkit.training.processes.group import Group
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
    worker = worker_for(execution, orders["threads"], resume, _reporting(group), group)
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


def _reporting(group: Group) -> Callable[[str], None]:
    return (lambda text: print(text, flush=True)) if group.leads else (lambda text: None)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Read the orders, meet the other processes and train."""
    orders = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    execution = orders["execution"]
    try:
        with joined(orders["rank"], execution["processes"], orders["port"], execution["sharding"]) as group:
            train_part(orders, group)
    except UnlearnkitError as error:
        print(f"Error: {' '.join(str(error).split())}", file=sys.stderr)
        _end()
    except BaseException:
        traceback.print_exc()
        _end()


def _end() -> None:
    """End at once: a normal exit may wait for the other processes, which wait for this one."""
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main()
