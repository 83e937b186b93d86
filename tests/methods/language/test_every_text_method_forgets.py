"""Every method for language models moves memorised sequences toward the oracle and keeps the others, or says not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from bench import BRIEFLY
from made_text import made_text
from memory import Memory

from unlearnkit import registry
from unlearnkit.config.training.text_recipe import TextRecipe

TEXT = made_text(200, 40, vocabulary=300, shortest=10, longest=16, per_unit=1, seed=3)
"""Random tokens: whatever a model knows of a sequence it has memorised."""

MODEL = {"name": "gpt2", "layers": 2, "width": 64, "heads": 4}
RECIPE = TextRecipe.model_validate(
    {"epochs": 30, "batch_size": 25, "order": "shuffled", "lr": 5e-3, "warmup_steps": 5, "schedule": "linear"}
    | {"weight_decay": 0.0}
)
FORGET = np.arange(5, 200, 10)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """An original and an oracle, trained once."""
    return Memory(tmp_path_factory.mktemp("memory"), TEXT, MODEL, RECIPE, FORGET)


@dataclass(frozen=True)
class Expected:
    """Settings of a method, which part of the way to the oracle's margin it goes, and the retain loss it ends with."""

    settings: dict[str, Any]
    share: tuple[float, float]
    retain_loss: tuple[float, float]


DESTROYED = (3.0, np.inf)
"""Retain loss of a model that is lost, nats; that of the original is 0.5, that of a uniform one 5.7."""

EXPECTED = {
    "do_nothing": Expected({}, (0.0, 0.0), (0.3, 0.7)),
    "load_oracle": Expected({}, (1.0, 1.0), (0.3, 0.7)),
    # documented as destroying: it gets there, and takes everything with it
    "ga": Expected({"steps": 60, "lr": 1e-3}, (0.8, 1.3), DESTROYED),
    "graddiff": Expected({"steps": 60, "lr": 3e-4, "gamma": 0.3}, (0.6, 1.3), (0.0, 1.1)),
    "ga_kl": Expected({"steps": 60, "lr": 1e-4}, (0.35, 1.3), (0.0, 1.8)),
    "npo": Expected({"steps": 60, "lr": 1e-3}, (0.6, 1.3), (0.0, 0.7)),
    "token_scrub": Expected({"steps": 60, "lr": 1e-3, "ascent_steps": 12}, (0.6, 1.3), (0.0, 0.85)),
    # forgets by the way, while it learns the rest by heart
    "token_fine_tune": Expected({"steps": 100, "lr": 5e-3}, (0.2, 1.3), (0.0, 0.2)),
}


def test_the_original_has_memorised_what_the_oracle_never_saw(memory: Memory) -> None:
    original, oracle = memory.known(memory.original), memory.known(memory.oracle)
    assert original.forget_margin > 0 > -5 > oracle.forget_margin
    assert max(original.retain_loss, oracle.retain_loss) < 0.7


@pytest.mark.parametrize("method", EXPECTED)
def test_the_forget_set_moves_toward_the_oracle(method: str, memory: Memory) -> None:
    expected = EXPECTED[method]
    original, oracle = memory.known(memory.original), memory.known(memory.oracle)
    found = memory.known(memory.unlearned(method, expected.settings))
    share = (original.forget_margin - found.forget_margin) / (original.forget_margin - oracle.forget_margin)
    print(f"{method}: {share:.2f} of the way to the oracle, retain loss {found.retain_loss:.2f} nats")
    assert expected.share[0] <= share <= expected.share[1]
    assert expected.retain_loss[0] <= found.retain_loss <= expected.retain_loss[1]


def test_every_registered_method_for_text_is_there() -> None:
    assert (
        set(EXPECTED)
        == {name for name in registry.METHODS if "text" in registry.tasks_of(registry.load("method", name))} - BRIEFLY
    )
