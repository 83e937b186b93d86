"""Language models from states: to the bit those that were stored, with buffers that no state holds."""

from __future__ import annotations

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
