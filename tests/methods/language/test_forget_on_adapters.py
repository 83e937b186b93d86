"""Methods on a pretrained base with an adapter: the factors move, the base and the reference stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bench import Bench
from pretrained_bases import some_tokens

from unlearnkit.models.building import states_of
from unlearnkit.models.parts import sharing


@pytest.mark.parametrize("method", ["npo_kl", "idk_ap", "rmu", "pdu"])
def test_factors_move_and_the_base_stays(method: str, adapted: Bench) -> None:
    model, tokens = adapted.model(), some_tokens()
    (before,), reference = states_of(model), sharing(model).eval()
    logits = reference(tokens)
    own = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    base = {name: tensor.clone() for name, tensor in model.named_parameters() if name not in own}
    result = adapted.call(method, model, steps=2, lr=0.01, batch_size=8)
    (after,) = states_of(result)
    # beside what is trained, the draws of dropout go on
    moved = {name for name in after if not np.array_equal(after[name], before[name])} - {"draws.draws"}
    assert moved and moved <= own <= after.keys()
    assert not base.keys() & after.keys()
    # one base, the same tensors in both
    kept = dict(model.named_parameters())
    for name, parameter in result.named_parameters():
        if name in base:
            assert torch.equal(parameter, base[name]) and parameter.data_ptr() == kept[name].data_ptr()
    assert torch.equal(reference(tokens), logits)
    assert not torch.equal(result(tokens), logits)
