"""Settings of a forget set: which training samples a model has to unlearn."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from unlearnkit.config.attributions.attribution import COMPONENTS
from unlearnkit.config.models.published import InRepository
from unlearnkit.config.names import Name, UserPath
from unlearnkit.config.settings import Settings
from unlearnkit.facts import easydub

Seed = Annotated[int, Field(ge=0, lt=2**32, description="seed of NumPy's legacy generator (its stream is frozen)")]
Label = Annotated[
    Annotated[int, Field(ge=0)] | str,
    Field(description="class: its name, or its number, counted from 0 in the order of the data set's class names"),
]


class ForgetSetSettings(Settings):
    """What every kind of forget set has in common."""

    disjoint_from: tuple[str, ...] = Field(
        (), description="names of forget sets that must not share a sample with this one"
    )
    after: Name | None = Field(
        None,
        exclude_if=lambda name: name is None,
        description="forget set that was unlearned before, with what comes before that: the same variant starts from "
        "its unlearned models, and oracles forget all of them; null: models start from originals",
    )

    def planned_size(self) -> int | None:
        """Return the number of samples (of sets of forget units: of units) as far as the settings say, else None."""
        return getattr(self, "size", None)

    def input_file(self) -> str | None:
        """Return the file that the set is read from, None if it is made without one."""
        return getattr(self, "file", None)


class ExtremesForgetSet(ForgetSetSettings):
    """The samples, or forget units, with the highest and/or lowest values of a score."""

    top: int = Field(0, ge=0, description="how many with the highest scores")
    bottom: int = Field(0, ge=0, description="how many with the lowest scores")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.top + self.bottom == 0:
            raise ValueError("top and bottom are both 0: at least one must be positive")
        return self

    def planned_size(self) -> int | None:
        """Return `top` + `bottom`."""
        return self.top + self.bottom


class RandomForgetSet(ForgetSetSettings):
    """Training samples drawn uniformly without replacement.

    EasyDUB's CIFAR-10 sets 1 to 3: sizes 10, 100, 1000, seeds 0, 1, 2. Deep Unlearn's: a tenth of the training samples
    (rounded up) of the split deep_unlearn, seed 123; scikit-learn's train_test_split draws the same samples.
    """

    kind: Literal["random"]
    size: int = Field(ge=1, description="samples")
    seed: Seed = 0


class ClassForgetSet(ForgetSetSettings):
    """All samples of one class, or a random part of them."""

    kind: Literal["class"]
    label: Label
    size: int | None = Field(None, ge=1, description="samples, drawn at random within the class; null: the whole class")
    seed: Seed = 0


class SubpopulationForgetSet(ForgetSetSettings):
    """One cluster (k-means on pixels) of the samples of one class."""

    kind: Literal["subpopulation"]
    label: Label
    clusters: int = Field(3, ge=2, description="clusters that the class is divided into")
    pick: Literal["smallest", "largest"] | Annotated[int, Field(ge=0)] = Field(
        "smallest", description='which cluster: "smallest", "largest", or its rank by size, 0 the smallest'
    )
    seed: Seed = 0

    @model_validator(mode="after")
    def _pick_is_a_cluster(self) -> Self:
        if isinstance(self.pick, int) and self.pick >= self.clusters:
            raise ValueError(f"pick is {self.pick}, but {self.clusters} clusters have the ranks 0..{self.clusters - 1}")
        return self


class ScoreForgetSet(ExtremesForgetSet):
    """The samples with the highest and/or lowest score, e.g. projections on a component of a datamodel matrix."""

    kind: Literal["scores"]
    file: UserPath = Field(
        min_length=1, description=".npy (one float per training sample) or .csv with the columns sample_index and score"
    )


class FileForgetSet(ForgetSetSettings):
    """Indices from a file, in the file's order."""

    kind: Literal["file"]
    file: UserPath = Field(
        min_length=1, description=".npy (integers), .json (a list), .txt or .csv (one index per line)"
    )
    size: int | None = Field(None, ge=1, description="samples that the file must hold; null: not checked")
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, 64 hexadecimal digits; null: not checked"
    )


class ImageFileForgetSet(FileForgetSet):
    """Indices, or file names, of images from a file, in the file's order."""

    indices: Literal["rows", "published", "names"] = Field(
        "rows",
        description="what the file holds, rows: of the training split, counted from 0 as `sample_index` in "
        "data/rows.parquet; published: positions in the publisher's training set, `published_position` there; names: "
        "of pictures, `file` there, in a .txt file one per line or in a .json file a list",
    )


class EasyDubForgetSet(ForgetSetSettings):
    """A forget set that EasyDUB published, compared with its checksum; cifar10/1 to 3 are drawn and need no file."""

    kind: Literal["easydub"]
    name: Literal[*easydub.SETS] = Field(  # pyright: ignore[reportInvalidTypeForm]
        description="data set and number, as in the name of the published file"
    )
    folder: UserPath = Field(
        "data/easydub_forget_sets",
        min_length=1,
        description="the published folder forget_set_indices: CIFAR10/forget_set_4.npy and so on",
    )
    hub: InRepository | None = Field(
        None,
        exclude_if=lambda place: place is None,
        description="data set on the hub from which the file is fetched; null: it lies in `folder`",
    )

    @field_validator("hub")
    @classmethod
    def _has_easydub(cls, place: InRepository | None) -> InRepository | None:
        if place and place.layout == "unlearnkit":
            raise ValueError("layout is unlearnkit, which has no files of EasyDUB's; expected easydub_1 or easydub_2")
        return place

    def planned_size(self) -> int | None:
        """Return the published size."""
        return easydub.SETS[self.name].size

    def input_file(self) -> str | None:
        """Return the published file below `folder`, None for sets that are drawn or fetched."""
        return None if self.hub else easydub.published_file(self.folder, self.name)


class PrincipalComponentForgetSet(ExtremesForgetSet):
    """The samples with the highest and/or lowest score on a principal component of an attribution of the margin.

    EasyDUB's CIFAR-10 sets 4 to 9: components 1 and 2; top 10, top 100, and top and bottom 250.
    """

    kind: Literal["principal_component"]
    attribution: str = Field(description="name in `attributions`")
    component: int = Field(1, ge=1, le=COMPONENTS, description="1 is that of the largest variance")


class ClipNeighboursForgetSet(ForgetSetSettings):
    """A training sample and those whose CLIP embeddings have the largest cosine with its own.

    EasyDUB's CIFAR-10 set 10: index 6, size 100.
    """

    kind: Literal["clip_neighbours"]
    index: int | None = Field(None, ge=0, description="training sample in the middle; null: drawn with `seed`")
    size: int = Field(ge=1, description="samples, the one in the middle included")
    seed: Seed = 0


ForgetSet = Annotated[
    RandomForgetSet
    | ClassForgetSet
    | SubpopulationForgetSet
    | ScoreForgetSet
    | PrincipalComponentForgetSet
    | ClipNeighboursForgetSet
    | ImageFileForgetSet
    | EasyDubForgetSet,
    Field(discriminator="kind"),
]
"""Any forget set, distinguished by its `kind`."""
