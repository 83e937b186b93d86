"""A method of the tests' own: one step of gradient descent, which ends its process or fails where a file says so.

`kill` holds how many calls there are until the process is killed, and of which module the process must be, if any;
`wait` names a file that must be gone before it goes on; with `fail` it raises an error.
"""

from __future__ import annotations

import copy
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import Integers, LogUniform, Space
from unlearnkit.config.settings import MethodSettings

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Where the orders to stumble lie, and how far it goes."""

    folder: str = Field(description="folder of the files")
    lr: float = Field(0.1, gt=0, description="size of the change")
    epochs: int = Field(1, ge=1, description="counted, not made")

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return sizes, and numbers of epochs that may be too expensive."""
        return {"lr": LogUniform(1e-3, 1e-1), "epochs": Integers(1, 4)}


def unlearn(model: nn.Module, data: Any, settings: Settings, context: Any) -> nn.Module:
    """Return the model with its weights made smaller."""
    folder = Path(settings.folder)
    if (folder / "fail").exists():
        raise RuntimeError((folder / "fail").read_text())
    _kill(folder / "kill")
    _wait(folder / "wait")
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.data.mul_(1 - settings.lr)
    for epoch in range(1, settings.epochs + 1):
        context.end_epoch(epoch, model)
    return model


def _kill(order: Path) -> None:
    if not order.exists():
        return
    calls, module = order.read_text().split()
    main = sys.modules["__main__"].__spec__
    if main is None or main.name != module:
        return
    if int(calls) > 1:
        order.write_text(f"{int(calls) - 1} {module}")
    else:
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def _wait(order: Path) -> None:
    for _ in range(600):
        if not (order.exists() and Path(order.read_text()).exists()):
            return
        time.sleep(0.1)
