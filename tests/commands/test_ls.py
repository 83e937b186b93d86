"""`unlearnkit ls`: everything that is registered, in one line each."""

from __future__ import annotations

import json

import pytest

from unlearnkit import registry
from unlearnkit.__main__ import main
from unlearnkit.facts.pools import POOLS


def test_every_plug_in_and_experiment_is_listed_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {kind: {*entries} for kind, entries in found.items() if kind not in ("experiments", "pools")} == {
        f"{kind}s": {*known} for kind, known in registry.REGISTRIES.items()
    }
    assert "experiments/easydub_cifar10.yaml" in found["experiments"]
    assert {*found["pools"]} == {*POOLS}
    lines = [line for entries in found.values() for line in entries.values()]
    assert all(line.removesuffix(" [text]").endswith((".", "?")) and len(line) < 300 for line in lines)
    assert not any(line.endswith("et al.") for line in lines)


def test_a_kind_alone_and_one_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "methods"]) == 0
    shown = capsys.readouterr().out
    assert "  npo_gd " in shown and "experiments" not in shown
    assert main(["ls", "metods"]) == 1
    assert "Did you mean 'methods'?" in capsys.readouterr().err
