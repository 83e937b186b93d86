"""Settings of a pool: models that are trained on samples of their own, and forget some of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings


class PoolSettings(Settings):
    """What every kind of pool has in common."""

    models: int = Field(ge=1, description="models of the pool, whole shards")

    @property
    def forgets(self) -> bool:
        """Whether its models are to forget anything, so that they are unlearned; False unless a kind says so."""
        return False

    def planned_part(self, train_size: int) -> int | None:
        """Return how many samples every model is trained on, None if that is not known before the file is read."""
        return None

    def planned_forget(self) -> int | None:
        """Return how many samples every model forgets, None if that is not known before the file is read."""
        return None

    def input_file(self) -> str | None:
        """Return the file that the membership is read from, None if it is drawn."""
        return None


class RandomPool(PoolSettings):
    """Models on random parts of the training samples, each of which forgets a random part of its own."""

    kind: Literal["random"]
    fraction: float = Field(0.5, gt=0, le=1, description="part of the training samples that each model is trained on")
    forget: int = Field(0, ge=0, description="samples that each model forgets; 0: the models are not unlearned")

    @property
    def forgets(self) -> bool:
        """Whether `forget` is positive."""
        return self.forget > 0

    def planned_part(self, train_size: int) -> int:
        """Return floor(fraction * train_size)."""
        return int(self.fraction * train_size)

    def planned_forget(self) -> int:
        """Return `forget`."""
        return self.forget


class FilePool(PoolSettings):
    """Models whose samples are stated in a file."""

    kind: Literal["file"]
    file: UserPath = Field(
        min_length=1,
        description="bool [models, training samples]: .npy with who is trained on what, or .npz with `member` and "
        "`forgotten`",
    )

    @property
    def forgets(self) -> bool:
        """Whether the file is a .npz, which holds both matrices."""
        return self.file.endswith(".npz")

    def input_file(self) -> str:
        """Return `file`."""
        return self.file


Pool = Annotated[RandomPool | FilePool, Field(discriminator="kind")]
"""Any pool, told apart by its `kind`."""
