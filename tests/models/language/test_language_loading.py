"""Language models from states: to the bit those that were stored, with buffers that no state holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from language_models import LENGTH, VARIANTS, VOCABULARY, settings_of

from unlearnkit.models.building import Architecture, states_of


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_a_loaded_model_is_the_built_one_to_the_bit(name: str, settings: dict[str, Any]) -> None:
    architecture = Architecture(name, settings_of(name, **settings), VOCABULARY, (LENGTH,))
    built = architecture.build(seed=5)
    tokens = torch.randint(VOCABULARY, (3, 20), generator=torch.Generator().manual_seed(0))
    for _ in range(2):  # the second model takes its buffers from where the first left them
        loaded = architecture.load(states_of(built)[0])
        assert torch.equal(loaded.eval()(tokens), built.eval()(tokens))
        for name_of, buffer in built.named_buffers():
            assert torch.equal(loaded.get_buffer(name_of), buffer)
            assert loaded.get_buffer(name_of).data_ptr() != buffer.data_ptr()


AFTER_TRANSFORMERS = """
import sys
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from unlearnkit import registry
from unlearnkit.models.building import Architecture

tiny = CLIPVisionConfig(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=32)
CLIPVisionModelWithProjection(tiny).save_pretrained(sys.argv[1])
CLIPVisionModelWithProjection.from_pretrained(sys.argv[1])
Architecture("nanogpt", registry.load("model", "nanogpt").Settings(), 64, (16,)).expected_state()
"""


@pytest.mark.slow
def test_models_build_after_transformers_loaded_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", AFTER_TRANSFORMERS, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
