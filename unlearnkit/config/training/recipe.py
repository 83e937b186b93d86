"""The training recipe of originals and oracles."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unlearnkit.config.settings import Settings


class Recipe(Settings):
    """How originals and oracles are trained; the defaults are the published EasyDUB recipe for CIFAR-10 and ResNet-9.

    Only schedule_unit is another, by which the triangle lies half a step later; the published one is step_start.
    Gradient descent on the mean cross entropy of a batch; reshuffled every epoch. docs/models.md has published recipes.
    """

    epochs: int = Field(24, ge=1, le=10_000, description="passes over the training samples; EasyDUB: 24")
    batch_size: int = Field(256, ge=1, description="samples per step; EasyDUB's code: 256")
    drop_last: bool = Field(
        False, description="leave out the last batch of an epoch if it is short; EasyDUB: CIFAR-10 no, Living-17 yes"
    )
    optimizer: Literal["sgd", "adam"] = Field(
        "sgd", description="sgd: with momentum; adam: with second moments of decay 0.999; EasyDUB: sgd"
    )
    lr: float = Field(
        0.4,
        gt=0,
        le=100,
        description="peak learning rate, step length per unit of gradient of the mean loss; EasyDUB: 0.4",
    )
    schedule: Literal["triangular", "cosine", "constant"] = Field(
        "triangular",
        description="learning rate: triangular rises linearly from 0 to lr over warmup_epochs and falls linearly to 0 "
        "at the end, cosine falls from lr to 0 along half a cosine, constant stays at lr; EasyDUB: triangular",
    )
    schedule_unit: Literal["step", "step_start", "epoch"] = Field(
        "step",
        description="the learning rate is set for every step (step t of T takes the schedule at (t + 1/2) / T, "
        "step_start: at t / T) or for every epoch (epoch e of E takes it at e / E); EasyDUB: CIFAR-10 step_start, "
        "Living-17 epoch",
    )
    warmup_epochs: float = Field(
        5, ge=0, description="rising part of the triangular schedule, epochs; the other schedules ignore it; EasyDUB: 5"
    )
    momentum: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="weight of the previous update in the next one, for adam of its mean gradient, no unit; "
        "EasyDUB: 0.9",
    )
    weight_decay: float = Field(
        5e-4,
        ge=0,
        le=1,
        description="L2 penalty added to the gradient of the decayed parameters, per unit of weight; EasyDUB: 5e-4",
    )
    decayed: Literal["all", "not_normalisation"] = Field(
        "all",
        description="parameters that weight_decay applies to: all, or all but those of normalisation layers (batch, "
        "layer, group norm); EasyDUB: CIFAR-10 all, Living-17 not_normalisation",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the target probability spread over all classes; EasyDUB: CIFAR-10 0, Living-17 0.1",
    )
    resolution: int | None = Field(
        None,
        ge=1,
        description="height and width to which training images are scaled (bilinear, antialiased), pixels; null: as "
        "they are, which is what evaluation and methods always see; EasyDUB: CIFAR-10 null, Living-17 160",
    )
    augmentation: Literal["none", "flip", "crop_flip", "crop_flip_mean"] = Field(
        "none",
        description="flip: every image is mirrored left to right with probability 1/2; crop_flip: it is also shifted "
        "by up to 4 pixels, with a black border as torchvision's RandomCrop has it before normalisation; "
        "crop_flip_mean: with a border of the mean colour, 0 after normalisation; drawn in every epoch; Deep Unlearn "
        "and challenge: crop_flip, EasyDUB CIFAR-10: none",
    )
    same_initial_weights: bool = Field(
        False,
        description="original k and oracle k start from the same weights; false: each draws its own. Order and "
        "augmentation are each model's own either way; Deep Unlearn: true, EasyDUB: false",
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32",
        description="arithmetic of matrix products and convolutions in training: float32, also on a GPU; tf32: with "
        "factors of ten bits after the point on GPUs that have it; or bfloat16. Weights and margins are float32 "
        "whatever it is; EasyDUB's second edition: bfloat16",
    )
