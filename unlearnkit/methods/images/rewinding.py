"""Rewinding: go back to the epoch at which a model errs on the forget set as it does on unseen samples.

This is "SCRUB+R" of Kurmanji et al. 2023. Deep Unlearn's code returns the last epoch where the original is chosen; here
the original is epoch 0 and treated like any other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import TrainingError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.models.parts import buffers_of, parameters_of
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

_BATCH_SIZE = 500
"""Samples per forward pass; no result depends on it."""


class Rewind:
    """The states of a model or stack over the epochs, on the host, with their errors on the forget set.

    `unseen` are `samples` of `data.validation` whose class occurs in the forget set, drawn for every model. Each
    `remember` costs a forward pass over the forget set, `back` one over the unseen samples.
    """

    def __init__(self, data: Sets[Samples], samples: int, context: Context) -> None:
        self._forget, self._context = data.forget, context
        unseen = _of_the_same_classes(data.validation, data.forget, samples)
        self._unseen = unseen.part(samples, context.generators)
        self._errors: list[Tensor] = []
        self._states: list[dict[str, Tensor]] = []

    def remember(self, model: nn.Module) -> None:
        """Keep the state of `model`, and its error on the forget set; puts it into eval mode."""
        self._errors.append(self._error(model, self._forget))
        self._states.append({name: tensor.detach().to("cpu", copy=True) for name, tensor in _state(model).items()})

    @torch.no_grad()
    def back(self, model: nn.Module) -> None:
        """Give every model the kept state whose error on the forget set is nearest to its error on the unseen samples.

        The latter is that of `model` as it comes. Of states equally near the first is taken, each model for itself.
        Puts `model` into eval mode.
        """
        reference = self._error(model, self._unseen)
        epoch = (torch.stack(self._errors) - reference).abs().argmin(0)  # [], or [K] for a stack
        index = (epoch, torch.arange(len(epoch))) if epoch.ndim else (epoch,)
        for name, tensor in _state(model).items():
            tensor.copy_(torch.stack([state[name] for state in self._states])[index])

    @torch.no_grad()
    def _error(self, model: nn.Module, samples: Samples) -> Tensor:
        """Return the part of `samples` that is predicted wrong, float64, [] or [K]."""
        self._context.count(FORWARD_PASS * len(samples))
        model.eval()
        batches = samples.unshuffled(_BATCH_SIZE)
        wrong = torch.stack([(model(images).argmax(-1) != labels).sum(-1) for images, labels in batches]).sum(0)
        return wrong.cpu().double() / len(samples)


def _of_the_same_classes(samples: Samples, forget: Samples, needed: int) -> Samples:
    """Return those of `samples` whose class occurs in the forget set; raises TrainingError if fewer than `needed`."""
    found = samples.indices[torch.isin(samples.labels, forget.labels).cpu()]
    if len(found) < needed:
        raise TrainingError(
            f"rewinding asks for {needed} validation samples of the forget set's classes, and there are {len(found)}",
            expected=f"at most {len(found)}",
            remedy="lower rewind_samples; 0 does not rewind",
        )
    return Samples(samples.pixels, found, samples.generators, samples.augmentation, samples.resolution, samples.counter)


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {**parameters_of(model), **buffers_of(model)}
