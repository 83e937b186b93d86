"""`unlearnkit check` on files with models that were trained elsewhere, and on the membership of pools."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from unlearnkit.config.load import load_experiment
from unlearnkit.data.examining import answer

DIGITS = """
experiment: mine
data: {name: digits}
model: {name: mlp, hidden: [8]}
training: {epochs: 1, batch_size: 50, warmup_epochs: 0}
num_models: 1
shard_size: 1
oracles: none
originals: {source: path, path: model.pt}
pools: {some: {kind: file, file: member.npy, models: 2}}
forget_sets: {random_10: {kind: random, size: 10}}
methods: {do_nothing: {method: do_nothing}}
metrics: {margin: {}}
"""


Found = Callable[[str], str]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Found:
    """A function that returns level and fact of what is found in a file of the current folder, empty at first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["", json.dumps(yaml.safe_load(DIGITS))])

    def of_file(name: str) -> str:
        answer()
        lines = [json.loads(line[1:]) for line in capsys.readouterr().out.splitlines() if line.startswith("@")]
        facts = [": ".join(line["finding"][:2]) for line in lines if "finding" in line]
        return next(fact for fact in facts if name in fact)

    return of_file


def model(hidden: int = 8) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def test_weights_that_fit_are_sound(found: Found) -> None:
    torch.save(model().state_dict(), "model.pt")
    assert found("model.pt") == "ok: model.pt fits the model; model.pt has one for each model"


@pytest.mark.parametrize(
    ("saved", "says"),
    [
        (None, "originals.path is model.pt, which has no weights of model 0"),
        (model(), "holds more than tensors, such as a whole module"),
        (model(9).state_dict(), "model.pt does not fit the model: of another shape or type 1.weight"),
        (nn.Sequential(*model()[1:]).state_dict(), "does not fit the model: missing"),
        ({**model().state_dict(), "3.bias": torch.full((10,), torch.nan)}, "'3.bias' holds NaN or infinite values"),
    ],
)
def test_weights_that_their_job_refuses_are_an_error(found: Found, saved: object, says: str) -> None:
    if saved is not None:
        torch.save(saved, "model.pt")
    finding = found("model.pt")
    assert finding.startswith("error: ") and says in finding


def test_the_membership_of_a_pool_is_read(found: Found) -> None:
    assert found("member.npy").startswith("error: 'member.npy' cannot be read")
    np.save("member.npy", np.ones((2, load_experiment(yaml.safe_load(DIGITS)).train_size), bool))
    assert found("member.npy") == "ok: member.npy is sound: 2 models"
