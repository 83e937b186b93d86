"""Memorisation accuracy in one pass is that of one-step decodings, and no sequence looks into the next one."""

from __future__ import annotations

import numpy as np
import torch
from made_text import made_text
from torch import Tensor

from unlearnkit.data.text.sequences import Tokens
from unlearnkit.training.language.memorised import memorised
from unlearnkit.training.setup import architecture_for

TEXT = made_text(30, 4, vocabulary=7, shortest=5, longest=9)


def test_values_are_those_of_one_token_after_another() -> None:
    architecture = architecture_for(TEXT, {"name": "gpt2", "layers": 1, "width": 16, "heads": 2})
    model, rows = architecture.build(3).eval(), torch.tensor([4, 17, 0, 9])
    found = memorised(model, Tokens(TEXT, torch.device("cpu")), rows, n=2, first_prefix=1, batch_size=4)
    for number, row in enumerate(rows.tolist()):
        sequence = TEXT.tokens[TEXT.starts[row] : TEXT.starts[row] + TEXT.lengths[row]].astype(np.int64)
        after = [logits_after(model, sequence[:length]) for length in range(1, len(sequence))]
        choices = [int(logits.argmax()) for logits in after]
        assert float(found["accuracy"][number]) == np.float32(np.mean(choices == sequence[1:]))
        losses = [-float(z.log_softmax(-1)[token]) for z, token in zip(after, sequence[1:], strict=True)]
        np.testing.assert_allclose(float(found["nll"][number]), np.mean(losses), rtol=1e-5)
    assert found["likelihood"].shape == (4,)


@torch.no_grad()
def logits_after(model: torch.nn.Module, prefix: np.ndarray) -> Tensor:
    return model(torch.from_numpy(prefix)[None])[0, -1].double()
