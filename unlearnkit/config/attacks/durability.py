"""The blocks `attacks` and `durability`: what unlearned models are put through, and what is compared after it."""

from __future__ import annotations

from pydantic import Field

from unlearnkit.config.blocks import AttackBlock
from unlearnkit.config.names import Name
from unlearnkit.config.settings import Settings


class Durability(Settings):
    """Which variants are attacked, and by which metrics they are compared before and after."""

    metrics: tuple[str, ...] | None = Field(
        None, min_length=1, description="some of `metrics`; null: all of them that are scored on forget sets"
    )
    variants: tuple[Name, ...] | None = Field(
        None, min_length=1, description="some of the variants; null: all whose models are one network each"
    )


class WithAttacks(Settings):
    """The two blocks, which an experiment may leave out."""

    attacks: dict[Name, AttackBlock] = Field(
        {},
        exclude_if=lambda block: not block,
        description="what models are put through to see whether what was forgotten comes back: name -> attack",
    )
    durability: Durability = Field(
        Durability.model_validate({}),
        exclude_if=lambda block: block == Durability.model_validate({}),
        description="what `durability_all` compares before and after the attacks",
    )
