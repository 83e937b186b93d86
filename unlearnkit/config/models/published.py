"""Models that others published on the Hugging Face hub: where they are, and what margins are made of."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from unlearnkit.config.names import Name
from unlearnkit.config.settings import Settings

_COMMIT = re.compile("[0-9a-f]{40}")


def _commit(revision: str) -> str:
    if not _COMMIT.fullmatch(revision):
        raise ValueError(
            f"'{revision}' is no commit, and what a branch or a tag names may change; choose one of "
            "https://huggingface.co/datasets/OWNER/NAME/commits/main and write its 40 hexadecimal digits"
        )
    return revision


RepositoryName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$", examples=["royrin/KLOM-models"]),
]
"""Owner and name of a data set on the hub."""

Commit = Annotated[str, AfterValidator(_commit)]
"""A full commit."""


class InRepository(Settings):
    """A data set on the hub at one commit, and how it is laid out."""

    repository: RepositoryName = Field(description="data set on the hub, as owner/name")
    revision: Commit = Field(description="its commit, 40 hexadecimal digits; branches and tags are refused")
    layout: Literal["easydub_1", "easydub_2", "unlearnkit"] = Field(
        description="where files lie: the first or the second edition of EasyDUB, or what `unlearnkit publish` uploads"
    )


class PublishedModels(InRepository):
    """The models were published on the hub: weights and margins are fetched, verified and converted."""

    source: Literal["published"]
    models: int | None = Field(
        None,
        ge=1,
        description="how many are taken, models 0 to this number - 1; further ones are trained here; null: as many as "
        "the publisher states, of a layout or data set without such a statement num_models",
    )
    evaluated: Literal["margins", "logits", "weights"] = Field(
        "margins",
        description="what margins are made of; margins: those that were published, which leave open for some samples "
        "whether the label is the first choice; logits: those that were published; weights: they are computed here",
    )
    forget_sets: dict[Name, int | str | None] = Field(
        {},
        description="of oracles: forget set -> its number in the repository (of our own layout: its name), or null to "
        "train its oracles here; by default those of the kind easydub, of our own layout those of the same name",
    )
    key_map: dict[str, str | None] = Field(
        {},
        description="name of a tensor in the file -> its name here, as for source: path; what the layout itself maps "
        "needs no entry",
    )
