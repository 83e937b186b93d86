"""A method that hides: only the classifier changes, so the features of what was to be forgotten are all there.

    minimise CE(retain) - CE(forget), all layers but the last frozen

Not for use: it is planted in experiments, to see whether `durability_all` finds it. A few forgotten samples are enough
to turn the classifier back, for all the others as well.
"""

import copy

from pydantic import Field

from unlearnkit.config.settings import MethodSettings
from unlearnkit.models.parts import parameters_of
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step

STACKABLE = False
NEEDS = ()


class Settings(MethodSettings):
    """Settings of the two losses."""

    epochs: int = Field(20, ge=1, description="passes over the forget set")
    lr: float = Field(0.5, ge=0, description="learning rate of SGD")
    most: float = Field(3.0, gt=0, description="loss of the forget set from which it no longer rises, nats")


def unlearn(model, data, settings, context):
    """Return a model whose classifier has forgotten."""
    model = copy.deepcopy(model).train()
    last = parameters_of(model, (context.adapter.classifier,))
    for name, own in model.named_parameters():
        own.requires_grad_(name in last)
    optimizer = sgd(model, settings.lr)
    kept = data.retain.endless(64)
    for epoch in range(1, settings.epochs + 1):
        for images, labels in data.forget.epoch(64):
            own_images, own_labels = next(kept)
            forgotten = cross_entropy(model(images), labels).clamp(max=settings.most)
            step(optimizer, cross_entropy(model(own_images), own_labels) - forgotten)
        context.end_epoch(epoch, model)
    return model.eval()
