"""The processes that train one model together: shares of a step, copies or parts of the model, common decisions."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.models.adapter import Adapter
from unlearnkit.training.processes.group import Group

LONGEST_SAVE = datetime.timedelta(hours=6)
"""How long the others wait for the leading process, which may still be writing models."""


def micro_batches(group: Group, rows: Tensor, most: int | None) -> list[Tensor]:
    """Return this process's share of the sequences `rows` of a step, in batches of at most `most`.

    Processes take the sequences rank, rank + size, ... of a step. Every process gets the same number of batches, since
    they meet in each; the last may be empty.
    """
    size = -(-len(rows) // group.size)
    size = min(size, most or size)
    rounds = -(-len(rows) // (size * group.size))
    share = rows[group.rank :: group.size]
    return [share[number * size : (number + 1) * size] for number in range(rounds)]


def join(group: Group, model: nn.Module, adapter: Adapter) -> nn.Module:
    """Return a module that computes the logits of `model` and makes gradients means over all processes.

    "full" replaces the parameters of `model` by this process's parts of them.
    """
    if group.size == 1:
        return model
    if group.sharding == "full":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(next(model.parameters()).device.type, (group.size,))
        for parts in adapter.blocks[1:]:
            # tensors of the embedding, and of blocks that consist of several modules, belong to the model as a whole
            if len(parts) == 1:
                fully_shard(model.get_submodule(parts[0]), mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model
    from torch.nn.parallel import DistributedDataParallel

    return DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)


def meeting(group: Group, joined: nn.Module, last: bool) -> contextlib.AbstractContextManager[Any]:
    """Return the context of a micro-batch; copies of a model exchange gradients only in the `last` one."""
    alone = group.size == 1 or group.sharding == "full" or last
    return contextlib.nullcontext() if alone else joined.no_sync()  # pyright: ignore[reportCallIssue]


def total(group: Group, value: Tensor) -> float:
    """Return the sum of a scalar over all processes."""
    summed = value.detach().double().cpu()
    if group.size > 1:
        torch.distributed.all_reduce(summed)
    return float(summed)


def decided(group: Group, choice: bool) -> bool:
    """Return what the leading process chose."""
    if group.size == 1:
        return choice
    chosen = torch.tensor(choice)
    torch.distributed.broadcast(chosen, 0)
    return bool(chosen)


class GroupResume(ResumeFolder):
    """A resume folder of a group: the leading process reads and writes, and sends the others what it read.

    So all continue from the same state, even if a left-over process of an earlier run writes in between.
    """

    def __init__(self, output: str, key: str, group: Group) -> None:
        super().__init__(output, key)
        self._group = group

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store `arrays` under `name`, if this process leads."""
        if self._group.leads:
            super().save(name, arrays)

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """Return, in every process, the arrays stored under `name`, or None if there are none."""
        found = [super().load(name) if self._group.leads else None]
        torch.distributed.broadcast_object_list(found, 0, device=torch.device("cpu"))
        return found[0]

    def discard(self, name: str | None = None) -> None:
        """Remove one entry, or the whole folder, if this process leads."""
        if self._group.leads:
            super().discard(name)


@contextlib.contextmanager
def joined(rank: int, size: int, port: int, sharding: Literal["replicate", "full"]) -> Iterator[Group]:
    """Join the other processes at the store that listens on `port` of this machine, for the duration of the block.

    Tensors on a GPU are exchanged by NCCL, those on the host by Gloo. None leaves before all are done, so that no
    connection closes while another process still reads from it. If the block fails the process must end: it does not
    leave the group in order, since the others may be waiting for something else.
    """
    cuda = torch.cuda.is_available()
    server = torch.distributed.TCPStore  # pyright: ignore[reportPrivateImportUsage]
    store = server("127.0.0.1", port, is_master=False)
    torch.distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if cuda else "gloo", store=store, rank=rank, world_size=size
    )
    yield Group(rank, size, sharding)
    store.set(f"done/{rank}", "")
    store.wait([f"done/{other}" for other in range(size)], LONGEST_SAVE)
    torch.distributed.destroy_process_group()


def whole(tensor: Tensor) -> Tensor:
    """Return the whole of a tensor of which this process may hold only a part; all processes must call this."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor  # pyright: ignore


def part_like(held: Tensor, parameter: Tensor) -> Tensor:
    """Return the part of the whole tensor `held` that this process has of `parameter`, on its device."""
    held = held.to(parameter.device)
    if not hasattr(parameter, "full_tensor"):
        return held
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(held, parameter.device_mesh, parameter.placements)  # pyright: ignore
