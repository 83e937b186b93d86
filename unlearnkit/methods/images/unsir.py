"""UNSIR: impair the model by noise that it is worst at, then repair it (Tarun et al. 2023, arXiv 2111.08947).

    noise:  X ~ N(0, 1), minimise -CE(X, y) + penalty mean |X|^2 over the pixels X by Adam, the model fixed
    impair: minimise CE on drawn retain samples and `copies` of every (X, y), shuffled together, by Adam
    repair: minimise CE on the same retain samples by Adam

The published method forgets whole classes, with 256 noise images for each. Here a noise image stands for a forget
sample and has its label, so a set of any composition can be forgotten: one of a single class as published, one of
several with noise in the proportions of their classes. What remains of such a class in the retain set counters it, and
the retain samples are drawn from all of R rather than as the first 1000 of every other class. The published notebook
gives all noise the label 0 whatever its class, and finds it in train mode, so that noise enters the statistics of batch
norm before the impair step; here labels are the noise's own, and the model that it is found for is in eval mode.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from unlearnkit.config.methods.search import BATCH_SIZE, EPOCHS, LR, Space, Uniform
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.data.subset import order
from unlearnkit.models.parts import drawn, sharing
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import Adam, adam, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of UNSIR; defaults of its code."""

    epochs: int = Field(
        2, ge=1, description="passes over the drawn retain samples, those of impair and repair; published"
    )
    impair_epochs: int = Field(1, ge=0, description="first passes, with the noise among the samples; published")
    impair_lr: float = Field(0.02, ge=0, description="learning rate of Adam in the impair step; published")
    lr: float = Field(0.01, ge=0, description="learning rate of Adam in the repair step; published")
    batch_size: int = Field(256, ge=1, description="retain samples and noise images per step; published")
    noise_images: int = Field(
        256, ge=1, description="forget samples that a noise image stands for, drawn, all if they are fewer; published"
    )
    noise_steps: int = Field(40, ge=1, description="steps of Adam on the noise, each on all images; published")
    noise_lr: float = Field(0.1, ge=0, description="learning rate of Adam on the noise; published")
    penalty: float = Field(0.1, ge=0, description="weight of the noise's squared norm; published")
    copies: int = Field(20, ge=1, description="times that every noise image is in a pass of the impair step; published")
    retain_fraction: float = Field(
        0.2, gt=0, le=1, description="part of the retain set, drawn once per run; published 1000 of 5000 per class"
    )

    @model_validator(mode="after")
    def _impairs_no_longer_than_it_runs(self) -> Settings:
        if self.impair_epochs > self.epochs:
            raise ValueError(
                f"impair_epochs is {self.impair_epochs}, above epochs {self.epochs}, which counts the repair as well: "
                "lower it, or raise epochs"
            )
        return self

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the steps on the noise, the passes over the drawn retain samples, and the noise in the first ones."""
        noise = min(self.noise_images, forget)
        impairing = min(epoch, self.impair_epochs) * self.copies * noise
        return self.noise_steps * noise + epoch * self.drawn_samples(retain) + impairing

    def drawn_samples(self, retain: int) -> int:
        """Return how many of `retain` samples a run draws: at least two, since batch norm refuses one."""
        return max(min(2, retain), round(self.retain_fraction * retain))

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's ranges of rates, epochs and batches, and parts of the retain set up to half."""
        rates = {"impair_lr": LR, "lr": LR}
        return {**rates, "epochs": EPOCHS, "batch_size": BATCH_SIZE, "retain_fraction": Uniform(0.05, 0.5)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Impair the original by noise with the labels of forget samples, repair it on retain samples, in train mode."""
    noise, labels = worst_noise(model, data.forget, settings, context)
    few = data.retain.part(settings.drawn_samples(len(data.retain)), context.generators)
    model = copy.deepcopy(model)
    impair, repair = adam(model, settings.impair_lr), adam(model, settings.lr)
    for epoch in range(1, settings.epochs + 1):
        model.train()
        if epoch <= settings.impair_epochs:
            for images, targets in with_noise(few, noise, labels, settings.copies, settings.batch_size, context):
                step(impair, cross_entropy(model(images), targets))
        else:
            for images, targets in few.epoch(settings.batch_size):
                step(repair, cross_entropy(model(images), targets))
        context.end_epoch(epoch, model)
    return model.eval()


def worst_noise(model: nn.Module, forget: Samples, settings: Settings, context: Context) -> tuple[Tensor, Tensor]:
    """Return noise images that `model`, in eval mode, is worst at, and their labels: those of drawn forget samples.

    Shapes: [n, C, H, W] and [n], or [K, n, C, H, W] and [K, n]; the images are in normalised pixels.
    """
    chosen = forget.part(min(settings.noise_images, len(forget)), context.generators)
    images, labels = next(chosen.unshuffled(len(chosen)))
    noise = nn.Parameter(drawn(images, context.generators, lambda empty, g: empty.normal_(generator=g)))
    fixed, optimizer = sharing(model).eval(), Adam([noise], settings.noise_lr, 0.9, 0.0)
    for _ in range(settings.noise_steps):
        (noise.grad,) = torch.autograd.grad(noise_loss(fixed, noise, labels, settings.penalty), [noise])
        optimizer.step()
        context.count(len(chosen))
    return noise.detach(), labels


def noise_loss(model: Callable[[Tensor], Tensor], noise: Tensor, labels: Tensor, penalty: float) -> Tensor:
    """Return -CE(noise, labels) + penalty times the mean over images of their squared norm, summed over models."""
    return penalty * noise.square().sum() / labels.shape[-1] - cross_entropy(model(noise), labels)


def with_noise(
    samples: Samples, noise: Tensor, labels: Tensor, copies: int, batch_size: int, context: Context
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (images, labels) of one pass over `samples` and `copies` of every noise image, shuffled together.

    Noise images are [n, C, H, W] with labels [n], or [K, n, C, H, W] with [K, n].
    """
    rows, places = [], []
    for indices, generator in samples.rows(context.generators):
        drawn_order = order(len(indices) + copies * labels.shape[-1], generator)
        # where noise is due, any sample will do: it is replaced below
        rows.append(indices[drawn_order % len(indices)])
        places.append(drawn_order - len(indices))
    context.count(len(places[0]))
    by_model = (noise, labels) if len(rows) > 1 else (noise[None], labels[None])
    for start in range(0, len(rows[0]), batch_size):
        batch = slice(start, start + batch_size)
        images, targets = samples.batch(torch.stack(rows)[:, batch])
        images, targets = _replaced(images, targets, *by_model, torch.stack(places)[:, batch].to(images.device))
        yield (images, targets) if len(rows) > 1 else (images[0], targets[0])


def _replaced(images: Tensor, targets: Tensor, noise: Tensor, labels: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Return images [K, B, ...] and targets [K, B] with the noise of number `places` mod n where that is at least 0."""
    is_noise, number = places >= 0, places.clamp(min=0) % labels.shape[1]
    model = torch.arange(len(noise), device=noise.device)[:, None]
    return (
        torch.where(is_noise[..., None, None, None], noise[model, number], images),
        torch.where(is_noise, labels[model, number], targets),
    )
