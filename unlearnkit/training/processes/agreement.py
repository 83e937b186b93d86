"""What several processes that hold the same weights find, each by itself: that of the leading one counts for all."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from unlearnkit.training.processes.group import Group


def agreed(group: Group, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what the leading process found: name -> tensor on the CPU, of the same names and shapes in all processes.

    Evaluation may differ in its last bits from one device to another. What decides the next step must not: processes
    that do not take the same steps wait for each other forever.
    """
    common = {name: values.clone() for name, values in found.items()}
    if group.size > 1:
        for name in sorted(common):
            torch.distributed.broadcast(common[name], 0)
    return common
