"""A small valid configuration of real plug-ins, and plug-ins made for one test."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from unlearnkit import registry
from unlearnkit.config.reading import merged

VALID = """
experiment: small
data: {name: digits}
model: {name: mlp, hidden: [32]}
training: {epochs: 10, batch_size: 64, lr: 0.2, warmup_epochs: 2}
num_models: 20
held_out_oracles: 20
shard_size: 10
forget_sets:
  random_50: {kind: random, size: 50}
  eights: {kind: class, label: 8}
methods:
  nothing: {method: do_nothing}
  floor: {method: load_oracle}
  retrain: {method: early_stopped_retrain, snapshots: [4, 8]}
  scrub: {method: scrub, epochs: 5, lr: 0.01, snapshots: [3, 5]}
metrics: {klom: {}}
"""

_numbers = itertools.count()


@pytest.fixture
def valid_text() -> str:
    """A valid configuration file."""
    return VALID


@pytest.fixture
def valid(valid_text: str) -> dict[str, Any]:
    """A valid configuration, to be changed by the test."""
    return yaml.safe_load(valid_text)


@pytest.fixture
def changed(valid: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    """A function that returns the valid configuration with a change given in YAML; "REMOVED" takes a key out."""

    def kept(node: Any) -> Any:
        return (
            {key: kept(value) for key, value in node.items() if value != "REMOVED"} if isinstance(node, dict) else node
        )

    return lambda change: kept(merged(valid, yaml.safe_load(change)))


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """A function (kind, name, source) that registers a plug-in for the length of one test."""

    def add(kind: str, name: str, source: str) -> None:
        module = f"plug_in_{next(_numbers)}"
        (tmp_path / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        extended = MappingProxyType({**registry.REGISTRIES[kind], name: module})
        monkeypatch.setattr(registry, "REGISTRIES", MappingProxyType({**registry.REGISTRIES, kind: extended}))

    return add
