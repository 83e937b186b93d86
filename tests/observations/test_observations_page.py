"""The observation on the page is complete, and makes what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from unlearnkit import registry
from unlearnkit.artifacts.observations import Observed
from unlearnkit.declarations import incomplete_plug_ins
from unlearnkit.training.shard import Task


def test_the_observation_of_the_page_runs(
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    task_of: Callable[[str], Task],
    observed: Callable[..., Observed],
    logits_of: Callable[[Task, int], np.ndarray],
) -> None:
    page = (repository / "docs/observations.md").read_text()
    (code,) = re.findall(r'^```python\n("""Logit norms.*?)^```$', page, re.DOTALL | re.MULTILINE)
    (tmp_path / "logit_norms.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    own = MappingProxyType({"logit_norms": "logit_norms"})
    monkeypatch.setattr(registry, "REGISTRIES", MappingProxyType({**registry.REGISTRIES, "observation": own}))
    assert list(incomplete_plug_ins({"observation": own})) == []
    task = task_of("mlp")
    norms = observed("logit_norms", task, models=2).values["norm"]
    assert len(code.splitlines()) <= 20
    np.testing.assert_allclose(norms[1], np.linalg.norm(logits_of(task, 1), axis=-1), rtol=1e-5)
