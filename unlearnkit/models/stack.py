"""Several models of one architecture that behave as one: [K, B, C, H, W] -> [K, B, classes].

Losses that average over the batch and sum over the models (training/images/losses.py) give every model exactly the
gradient that it would have alone, and elementwise optimisers (SGD, Adam) then take exactly its own step. So code
written for one model runs on a stack unchanged, as long as it touches the model only by calling it and by optimising
its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

StackedForward = Callable[[Mapping[str, Tensor], Tensor], Tensor]


class Stack(nn.Module):
    """K models held as tensors with a leading model dimension.

    `forward_of` is the architecture's own `stacked_forward` where it has one; torch's vmap serves every other
    architecture.
    """

    structure: nn.Module
    """One model, for the names and types of its parts; its weights are not those of the stack."""
    in_eval_mode: tuple[str, ...]
    """Submodules that stay in eval mode while the stack is in train mode; `train` and `eval` clear it."""

    def __init__(self, models: Sequence[nn.Module], forward_of: StackedForward | None = None) -> None:
        super().__init__()
        self.size, self.in_eval_mode = len(models), ()
        self._forward_of = forward_of
        # kept out of the registered submodules: it lends its structure, not its weights
        self.__dict__["structure"] = models[0]
        states = [dict(model.named_parameters()) for model in models]
        self._parameter_names = list(states[0])
        for name in self._parameter_names:
            stacked = torch.stack([state[name].detach() for state in states])
            self.register_parameter(_flat(name), nn.Parameter(stacked))
        buffers = [dict(model.named_buffers()) for model in models]
        self._buffer_names = list(buffers[0])
        for name in self._buffer_names:
            self.register_buffer(_flat(name), torch.stack([state[name].detach() for state in buffers]))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [K, B, classes] of every model on its own batch."""
        tensors = self.parameters_by_name() | self.buffers_by_name()
        if self._forward_of is not None:
            return self._forward_of(tensors, images)
        self.structure.train(self.training)
        for part in self.in_eval_mode:
            self.structure.get_submodule(part).eval()
        return vmap(lambda state, batch: functional_call(self.structure, state, (batch,)))(tensors, images)

    def train(self, mode: bool = True) -> Stack:
        """Put all parts of all models into train mode, or into eval mode."""
        self.in_eval_mode = ()
        return super().train(mode)

    def parameters_by_name(self) -> dict[str, nn.Parameter]:
        """Return the stacked parameters [K, ...], named as in one model."""
        return {name: getattr(self, _flat(name)) for name in self._parameter_names}

    def buffers_by_name(self) -> dict[str, Tensor]:
        """Return the stacked buffers [K, ...], named as in one model."""
        return {name: getattr(self, _flat(name)) for name in self._buffer_names}

    def state_of(self, position: int) -> dict[str, Tensor]:
        """Return the state of one model of the stack, named as that model names it."""
        tensors = self.parameters_by_name() | self.buffers_by_name()
        return {name: tensor[position] for name, tensor in tensors.items()}


def _flat(name: str) -> str:
    return "stacked_" + name.replace(".", "__")
