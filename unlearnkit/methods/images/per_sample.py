"""Gradients of single samples, for methods that need their outer products or squares and not their mean."""

from __future__ import annotations

from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from unlearnkit.training.images.losses import cross_entropy


def per_sample_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return the gradient [B, ...] of -log softmax(z)_y of every sample, by parameter, as `model` alone in eval mode.

    Shapes: images [B, C, H, W], labels [B]. In train mode batch norm would refuse samples one by one.
    """
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def loss(weights: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, weights, (image[None],)), label[None])

    return vmap(grad(loss), in_dims=(None, 0, 0))(weights, images, labels)
