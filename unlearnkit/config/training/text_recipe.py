"""The training recipe of originals and oracles of language models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from unlearnkit.config.settings import Settings


class TextRecipe(Settings):
    """How originals and oracles are trained from scratch on token sequences.

    Training descends the mean cross entropy over all targets of a step. Original k and oracle k start from the same
    weights and see the same sequences in the same order, except for the forgotten ones.
    """

    epochs: int = Field(1, ge=1, le=10_000, description="passes over the training sequences; EasyDUB: 1")
    batch_size: int = Field(512, ge=1, description="sequences per step; EasyDUB: 512 of 1,024 tokens")
    order: Literal["stream", "shuffled"] = Field(
        "stream",
        description="stream: the order of the data in every pass; shuffled: drawn again for every pass, with the "
        "model's own seed; EasyDUB: stream",
    )
    forgotten: Literal["delete", "refill"] = Field(
        "delete",
        description="what oracles see in place of forgotten sequences: delete: nothing, so they take fewer steps; "
        "refill: retained sequences drawn at random, so they take as many steps; EasyDUB: delete",
    )
    paired: bool = Field(
        True,
        description="original k and oracle k share initial weights and order; false: each draws its own",
    )
    optimizer: Literal["adamw", "muon"] = Field(
        "adamw",
        description="adamw: Adam with decoupled weight decay; muon: momentum orthogonalised by Newton-Schulz steps for "
        "matrices inside the blocks, adamw for everything else; EasyDUB: muon",
    )
    lr: float = Field(6e-4, gt=0, le=100, description="peak learning rate of adamw")
    embedding_lr: float | None = Field(
        None, gt=0, le=100, description="peak learning rate of embeddings; null: `lr`; EasyDUB: 0.6"
    )
    head_lr: float | None = Field(
        None,
        gt=0,
        le=100,
        description="peak learning rate of the head, unless it is tied to an embedding; null: `lr`; EasyDUB: 0.008",
    )
    scalar_lr: float | None = Field(
        None, gt=0, le=100, description="peak learning rate of vectors (biases, norms); null: `lr`; EasyDUB: 0.04"
    )
    muon_lr: float = Field(0.05, gt=0, le=100, description="peak learning rate of muon; EasyDUB: 0.05")
    muon_momentum: float = Field(0.95, ge=0, lt=1, description="momentum of muon; EasyDUB: 0.95")
    muon_momentum_start: float = Field(
        0.85, ge=0, lt=1, description="momentum of muon in the first step, from which it rises linearly; EasyDUB: 0.85"
    )
    muon_momentum_steps: int = Field(
        300, ge=0, description="steps during which the momentum of muon rises; 0: it does not rise; EasyDUB: 300"
    )
    newton_schulz_steps: int = Field(
        5, ge=1, le=20, description="iterations by which muon makes an update orthogonal; EasyDUB: 5"
    )
    newton_schulz_coefficients: tuple[float, float, float] = Field(
        (3.4445, -4.775, 2.0315),
        description="a, b, c of an iteration X -> a X + (b A + c A^2) X with A = X X^T; EasyDUB: these",
    )
    betas: tuple[float, float] = Field(
        (0.9, 0.95), description="decay of adamw's means of the gradient and of its square; EasyDUB: 0.8, 0.95"
    )
    eps: float = Field(
        1e-8, gt=0, le=1, description="what adamw adds to the root of the mean squared gradient; modded-nanogpt: 1e-10"
    )
    weight_decay: float = Field(
        0.1,
        ge=0,
        le=10,
        description="decoupled weight decay of matrices; vectors (biases, norms) have none; EasyDUB: 0",
    )
    schedule: Literal["linear", "cosine", "constant", "trapezoidal"] = Field(
        "cosine",
        description="learning rate after the warm-up: linear or cosine to 0 at the end, constant, or trapezoidal "
        "(constant, then linear to 0 over the last part of the steps); EasyDUB: trapezoidal",
    )
    warmup_steps: int = Field(
        0, ge=0, description="steps during which the learning rate rises linearly from 0; EasyDUB: 0"
    )
    cooldown: float = Field(
        0.4,
        ge=0,
        le=1,
        description="share of the steps after the warm-up during which a trapezoidal schedule falls; EasyDUB: 0.4",
    )
    clip: float | None = Field(
        1.0, gt=0, description="largest norm of the gradient of all parameters together; null: unlimited; EasyDUB: null"
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32",
        description="arithmetic of matrix products in training: float32, also on a GPU; tf32: with factors of ten bits "
        "after the point on GPUs that have it; or bfloat16. Weights, losses and margins are float32 whatever it is; "
        "EasyDUB: bfloat16",
    )

    @field_validator("betas")
    @classmethod
    def _decays(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError(f"{list(value)} are not decays; expected two numbers, at least 0 and below 1")
        return value
