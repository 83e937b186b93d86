"""The block `arena`: the trials in which metrics are tried on planted candidates and on fewer models."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unlearnkit.config.names import Name
from unlearnkit.config.settings import Settings

Share = Annotated[float, Field(gt=0, lt=1)]


class Arena(Settings):
    """How metrics are tried: what is planted, how often, at which numbers of models."""

    shares: tuple[Share, ...] = Field(
        (0.01, 0.05, 0.1, 0.25, 0.5), min_length=1, description="shares of models, of samples and of the gap that leak"
    )
    trials: int = Field(100, ge=19, description="draws of models at every size; 19 are the fewest for 5 % false alarms")
    sizes: tuple[Annotated[int, Field(ge=2)], ...] | None = Field(
        None,
        min_length=1,
        description="numbers of models, rising; null: an eighth, a quarter, half and all that the oracles suffice for",
    )
    samples: int = Field(200, ge=2, description="samples of every split, drawn at random if there are more")
    difference: float = Field(
        0.1, gt=0, le=1, description="wanted difference, as a share of what separates originals from the floor"
    )
    kept: dict[Name, Name] = Field(
        {}, description="forget set -> a part of it: oracles of the part, which kept the rest, are a planted candidate"
    )
