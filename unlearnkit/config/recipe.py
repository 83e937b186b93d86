"""The training recipe of originals and oracles."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from unlearnkit.config.settings import Settings


class Recipe(Settings):
    """How originals and oracles are trained; the defaults are the published EasyDUB recipe for CIFAR-10 and ResNet-9.

    Stochastic gradient descent on the mean cross entropy of a batch; reshuffled every epoch, last short batch kept.
    """

    epochs: int = Field(24, ge=1, le=10_000, description="passes over the training samples; EasyDUB: 24")
    batch_size: int = Field(256, ge=1, description="samples per step; EasyDUB's code: 256")
    lr: float = Field(
        0.4,
        gt=0,
        le=100,
        description="peak learning rate, step length per unit of gradient of the mean loss; EasyDUB: 0.4",
    )
    schedule: Literal["triangular", "cosine", "constant"] = Field(
        "triangular",
        description="learning rate, set anew for every step: triangular rises linearly from 0 to lr over warmup_epochs "
        "and falls linearly to 0 at the end, cosine falls from lr to 0 along half a cosine, constant stays at lr; "
        "EasyDUB: triangular",
    )
    warmup_epochs: float = Field(
        5, ge=0, description="rising part of the triangular schedule, epochs; the other schedules ignore it; EasyDUB: 5"
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="weight of the previous update in the next one, no unit; EasyDUB: 0.9"
    )
    weight_decay: float = Field(
        5e-4,
        ge=0,
        le=1,
        description="L2 penalty added to the gradient of all parameters, per unit of weight; EasyDUB: 5e-4",
    )
    label_smoothing: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the target probability spread evenly over all classes; EasyDUB CIFAR-10: 0",
    )
    augmentation: Literal["none", "crop_flip"] = Field(
        "none",
        description="crop_flip: every image is shifted by up to 4 pixels (zero padding) and mirrored with probability "
        "1/2, drawn anew in every epoch; EasyDUB CIFAR-10: none",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="arithmetic of matrix products and convolutions; weights and margins are float32 either way; "
        "EasyDUB's second edition: bfloat16",
    )
