"""Models that are attacked, made once, with two methods that hide: planted, to be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from known_threes import KnownThrees

from unlearnkit import user_plug_ins


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[KnownThrees]:
    """Originals, oracles, and models of both methods of experiments/planted."""
    torch.set_num_threads(1)
    planted = {name: str(repository / f"experiments/planted/{name}.py") for name in ("rounding_trick", "late_layers")}
    user_plug_ins.adopt({"method": planted})
    made = KnownThrees(tmp_path_factory.mktemp("threes"))
    made.unlearn("rounding_trick")
    made.unlearn("late_layers", lr=0.2)
    yield made
    user_plug_ins.adopt({})
    user_plug_ins.loaded.clear()
