"""What docs/models.md says of language models is so: sizes, settings, and how transformers takes the weights."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from language_models import NAMES, built, module_of, some_tokens

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "models.md").read_text()
SECTION = PAGE.split("## Language models\n")[1].split("\n## ")[0]
CELLS = [[cell.strip() for cell in row.split("|")[1:-1]] for row in SECTION.splitlines() if row.startswith("| `")]
SIZES = {row[0].strip("`"): row for row in CELLS if len(row) == 6}


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_of_the_default_settings(name: str) -> None:
    _, _, parameters, vocabulary, length, _ = SIZES[name]
    size = module_of(name).Settings().size(number(vocabulary), (number(length),))
    assert size.parameters == number(parameters)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_named(name: str) -> None:
    common = {"layers", "width", "heads", "mlp_width", "tied", "pad_vocabulary_to"}
    own = {word for row in CELLS if len(row) == 2 and f"`{name}`" in row[0] for word in re.findall(r"`(\w+)`", row[1])}
    assert set(module_of(name).Settings.model_fields) == common | own


@pytest.mark.parametrize("block", re.findall(r"`model: (\{.*?\})`", SECTION))
def test_settings_in_the_text_are_valid(block: str) -> None:
    settings = yaml.safe_load(block)
    module_of(settings.pop("name")).Settings(**settings)


def test_the_published_size_is_the_stated_one() -> None:
    (block,) = re.findall(r"`model: (\{name: nanogpt.*?\})`", SECTION)
    settings = yaml.safe_load(block)
    size = module_of(settings.pop("name")).Settings(**settings).size(50_257, (2048,))
    assert f"has {size.parameters:,} parameters" in SECTION


def test_transformers_takes_the_weights_as_the_page_says() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, flags=re.DOTALL)
    transformers: Any = import_module("transformers")
    model = built("gpt2", vocabulary=512, length=128, width=64)
    names: dict[str, Any] = {
        "GPT2Config": transformers.GPT2Config,
        "GPT2LMHeadModel": transformers.GPT2LMHeadModel,
        "to_transformers": import_module("unlearnkit.models.language.transformers_causal").to_transformers,
        "state": model.state_dict(),
    }
    exec(code, names)
    tokens = some_tokens()
    assert (names["model"].eval()(tokens).logits - model(tokens)).abs().max() < 1e-5
