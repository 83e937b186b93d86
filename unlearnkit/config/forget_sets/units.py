"""Settings of forget sets of text: the forget units that a model must unlearn."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from unlearnkit.config.forget_sets.images import ExtremesForgetSet, FileForgetSet, ForgetSetSettings, Seed
from unlearnkit.config.names import UserPath


class RandomUnitsForgetSet(ForgetSetSettings):
    """Forget units of the training split drawn uniformly without replacement.

    EasyDUB's sets of training steps are size 13, seed 52 and size 69, seed 92, both among the first 1,389 of 1,390.
    """

    kind: Literal["random_units"]
    size: int = Field(ge=1, description="number of forget units")
    seed: Seed = 0
    among: int | None = Field(None, ge=1, description="number of first units to draw among; null: all")

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.among is not None and self.size > self.among:
            raise ValueError(f"size is {self.size}, but the units are drawn among the first {self.among}")
        return self


class UnitFileForgetSet(ForgetSetSettings):
    """Forget units from a file."""

    kind: Literal["unit_file"]
    file: UserPath = Field(
        min_length=1, description=".npy (integers), .json (a list), .txt or .csv (one unit per line)"
    )


class UnitScoresForgetSet(ExtremesForgetSet):
    """The forget units with the highest and/or lowest scores, for example EasyDUB's steps with the highest loss."""

    kind: Literal["unit_scores"]
    file: UserPath = Field(
        min_length=1, description=".npy (one float per unit) or .csv with the columns sample_index and score"
    )


class PairListForgetSet(ForgetSetSettings):
    """Question-answer pairs that are published as a forget set, or that the rules of `pair_files` choose."""

    kind: Literal["pair_list"]
    name: str = Field(
        min_length=1, description="list of the data set: forget01, forget05, forget10; of pair_files: forget"
    )


TextForgetSet = Annotated[
    RandomUnitsForgetSet | UnitFileForgetSet | UnitScoresForgetSet | FileForgetSet | PairListForgetSet,
    Field(discriminator="kind"),
]
"""Any forget set of text, distinguished by its `kind`; `file` holds indices of sequences."""
