"""Which parameters Muon gets: the matrices of the blocks, all of them and nothing else."""

from __future__ import annotations

import pytest
from language_models import NAMES, built, module_of

from unlearnkit.models.language.parameter_groups import hidden_matrices

MATRICES = {
    "gpt2": {"attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"},
    "gpt_neo": {*(f"attn.attention.{kind}_proj" for kind in ("q", "k", "v", "out")), "mlp.c_fc", "mlp.c_proj"},
    "qwen2": {*(f"self_attn.{kind}_proj" for kind in "qkvo"), *(f"mlp.{kind}_proj" for kind in ("gate", "up", "down"))},
    "llama": {*(f"self_attn.{kind}_proj" for kind in "qkvo"), *(f"mlp.{kind}_proj" for kind in ("gate", "up", "down"))},
    "nanogpt": {*(f"attention.{kind}" for kind in ("queries", "keys", "values", "outer")), "inner", "outer"},
}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_hidden_matrices_are_those_of_the_blocks(name: str, tied: bool) -> None:
    values = {"value_embeddings": 1, "skips": True} if name == "nanogpt" else {}
    model = built(name, tied=tied, **values)
    adapter = module_of(name).adapter(model)
    matrices = hidden_matrices(model, adapter)
    layers = [part for block in adapter.blocks[1:3] for part in block]
    assert sorted(matrices) == sorted(f"{layer}.{kind}.weight" for layer in layers for kind in MATRICES[name])
    assert all(model.get_parameter(name).dim() == 2 for name in matrices)
