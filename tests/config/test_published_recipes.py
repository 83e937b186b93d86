"""The recipes and sizes in docs/models.md are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import yaml

from unlearnkit import registry
from unlearnkit.config.blocks import names_for
from unlearnkit.config.training.recipe import Recipe

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text()
BLOCKS = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL) if "training:" in block]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_published_recipes_are_valid(number: int) -> None:
    block = yaml.safe_load(BLOCKS[number])
    assert block.keys() == {"model", "training"}
    recipe = Recipe.model_validate(block["training"])
    assert recipe.warmup_epochs <= recipe.epochs or recipe.schedule != "triangular"
    settings = {key: value for key, value in block["model"].items() if key != "name"}
    registry.load("model", block["model"]["name"]).Settings.model_validate(settings)


def test_recipes_are_found() -> None:
    assert len(BLOCKS) == 6


@pytest.mark.parametrize("name", names_for("model", "image"))
def test_every_model_is_listed_with_its_size(name: str) -> None:
    module, shape = registry.load("model", name), (1, 8, 8) if name == "mlp" else (3, 32, 32)
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in module.build(10, shape, module.Settings()).parameters())
    assert f"| `{name}` | {size:,} |" in PAGE
