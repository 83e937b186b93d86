"""How long the gradient of a sequence's loss is, from which an attack may infer what a model was trained on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.training.language.token_losses import sequence_sums
from unlearnkit.training.precision import products


@products()
def gradient_norms(model: nn.Module, tokens: Tokens, rows: Tensor, p: float) -> np.ndarray:
    """Return the mean over tensors of the p-norm of the gradient of every sequence's mean loss, float32 [rows].

    The model is in eval mode. Tensors are those that are trained, of a model with an adapter its factors; one that the
    loss does not depend on does not count. One sequence is differentiated at a time: its gradient is all that is held.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return np.array([_norm(model, trained, *tokens.batch(row, tokens.within(None)), p) for row in rows.split(1)])


def _norm(model: nn.Module, trained: list[nn.Parameter], inputs: Tensor, labels: Tensor, p: float) -> np.float32:
    with torch.enable_grad():
        loss = sequence_sums(model(inputs), labels).sum() / (labels != IGNORE).sum()
    gradients = torch.autograd.grad(loss, trained, allow_unused=True)
    norms = [torch.linalg.vector_norm(gradient.float(), p) for gradient in gradients if gradient is not None]
    return np.float32(torch.stack(norms).mean().item())
