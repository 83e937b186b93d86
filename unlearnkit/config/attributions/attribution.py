"""Settings of attributions, and of the image embedding that forget sets of neighbours are found in."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings

COMPONENTS = 10
"""Principal components of an attribution that are kept, as far as there are as many samples."""

Fraction = Annotated[float, Field(gt=0, le=1)]


class DatamodelAttribution(Settings):
    """Regression datamodels: sparse regressions from what models were trained on to their outputs."""

    kind: Literal["datamodels"]
    models: int = Field(ge=10, description="trained on random subsets, whole shards; published: 1,000 to 20,000")
    fraction: float = Field(0.5, gt=0, lt=1, description="part of the samples in a subset; Georgiev et al. 2024")
    regularization: tuple[Fraction, ...] = Field(
        (0.8, 0.65, 0.5, 0.4, 0.3, 0.2, 0.12),
        min_length=1,
        description="strengths of the penalty, as parts of the smallest that leaves no weight, falling; of several "
        "the one that predicts held-out models best is taken, for each output",
    )

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if any(later >= earlier for earlier, later in pairwise(self.regularization)):
            given = sorted(set(self.regularization), reverse=True)
            raise ValueError(f"regularization does not fall; expected {given}")
        return self


class TrakAttribution(Settings):
    """Influence in a linear model of the originals' projected gradients, after TRAK (Park et al. 2023)."""

    kind: Literal["trak"]
    checkpoints: int = Field(5, ge=1, description="originals that scores are averaged over, the first ones")
    dimension: int = Field(8192, ge=1, description="of the projected gradients; Georgiev et al. 2024")
    projector: Literal["matrix", "traker"] = Field(
        "matrix",
        description="of the gradients: a matrix of parameters x dimension bytes, or those of the package traker, which "
        "hold none",
    )
    curvature: bool = Field(
        True, description="weigh the kernel by p (1 - p), so that scores have the size of effects; Park et al.: false"
    )
    ridge: float = Field(0.01, gt=0, description="added to the diagonal of the kernel; Georgiev et al. 2024: 1e-8")


Attribution = Annotated[DatamodelAttribution | TrakAttribution, Field(discriminator="kind")]
"""Any attribution, distinguished by its `kind`."""


class Embedding(Settings):
    """The image embedding for forget sets of neighbours: clip_neighbours, and overlap by clip."""

    model: UserPath = Field(
        "openai/clip-vit-base-patch32",
        min_length=1,
        description="CLIP model: a folder that holds it, or its name on huggingface.co; EasyDUB's is the default",
    )
