"""Settings of forget sets that are chosen by a measure of every training sample: memorisation, nearness to the rest."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearnkit.config.forget_sets.images import ForgetSet, ForgetSetSettings


class MemorisedForgetSet(ForgetSetSettings):
    """The samples that models predict much better, or hardly better, if they were trained on them (Feldman and Zhang).

    mem(i) = Pr[correct on i | trained on i] - Pr[correct on i | not trained on i], from the models of an attribution.
    """

    kind: Literal["memorised"]
    attribution: str = Field(description="name in `attributions`, of kind datamodels: whose models are counted")
    size: int = Field(ge=1, description="samples")
    pick: Literal["highest", "medium", "lowest"] = Field(
        "highest", description="those of the highest or lowest memorisation, or nearest to 1/2; RUM compares the three"
    )


class OverlapForgetSet(ForgetSetSettings):
    """The samples that lie nearest to, or farthest from, samples that stay in the retain set."""

    kind: Literal["overlap"]
    size: int = Field(ge=1, description="samples")
    pick: Literal["highest", "lowest"] = Field(
        "highest", description="largest or smallest mean cosine with the nearest retain samples"
    )
    neighbours: int = Field(10, ge=1, description="nearest samples that the mean is over; all of them are retained")
    by: Literal["pixels", "clip"] = Field(
        "pixels", description="what cosines are between: pixels less the mean image, or the embeddings of CLIP"
    )


MeasuredForgetSet = Annotated[MemorisedForgetSet | OverlapForgetSet, Field(discriminator="kind")]
"""Forget sets that a job of their own chooses, distinguished by their `kind`."""

ImageForgetSet = Annotated[ForgetSet | MeasuredForgetSet, Field(discriminator="kind")]
"""Any forget set of images."""
