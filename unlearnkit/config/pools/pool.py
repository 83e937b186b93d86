"""Settings of a pool: models that are trained on samples of their own, and forget some of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearnkit.config.names import Name, UserPath
from unlearnkit.config.settings import Settings


class PoolSettings(Settings):
    """What every kind of pool has in common."""

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


class TrainedPool(PoolSettings):
    """A pool that has models of its own."""

    models: int = Field(ge=1, description="models of the pool, whole shards")


class RandomPool(TrainedPool):
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


class FilePool(TrainedPool):
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


class DrawsPool(PoolSettings):
    """Requests to forget: every model of another pool is to forget several random parts of its own, one at a time.

    Request j of model i is number i * draws + j of this pool.
    """

    kind: Literal["draws"]
    of: Name = Field(description="pool that the models are taken from")
    draws: int = Field(ge=1, description="requests per model, each of which makes one unlearned model per variant")
    fraction: float = Field(gt=0, lt=1, description="part of its own samples that a model forgets at a request")

    @property
    def forgets(self) -> bool:
        """True: that is what it is for."""
        return True


Pool = Annotated[RandomPool | FilePool | DrawsPool, Field(discriminator="kind")]
"""Any pool, distinguished by its `kind`."""
