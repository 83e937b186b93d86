"""Where the models of a population come from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from unlearnkit.config.models.published import PublishedModels
from unlearnkit.config.names import UserPath
from unlearnkit.config.settings import Settings


class Trained(Settings):
    """The models are trained here, by the recipe in `training`."""

    source: Literal["train"]


class GivenModels(Settings):
    """The models were trained elsewhere, and files hold their weights: one model per file."""

    source: Literal["path"]
    path: UserPath = Field(
        min_length=1,
        description="a file, a folder or a pattern such as runs/*/model.pt; model k is the k-th file in the order of "
        "their paths; of oracles: a folder with one folder (or file) per forget set, named like it",
    )
    entry: str | None = Field(
        None,
        min_length=1,
        description="key of the checkpoint under which the weights lie, such as state_dict; null: the weights "
        "themselves, or the only one of state_dict, model_state_dict and model",
    )
    key_map: dict[str, str | None] = Field(
        {},
        description="name of a tensor in the file -> its name here, or null to leave it out; a name that ends in a dot "
        "stands for all that begin with it, and an empty one for all",
    )
    store: Literal["copy", "reference"] = Field(
        "copy",
        description="copy: weights are copied to results/; reference: only path, hash and names are kept, and weights "
        "are read from the file itself (safetensors only)",
    )


class Absent(Settings):
    """There are no such models: nothing is compared with them."""

    source: Literal["none"]


def _block(value: Any) -> Any:
    """Return the block that a name such as `train` stands for."""
    return {"source": value} if isinstance(value, str) else value


_ORIGINALS = Annotated[Trained | GivenModels | PublishedModels, Field(discriminator="source")]
_ORACLES = Annotated[Trained | GivenModels | PublishedModels | Absent, Field(discriminator="source")]
Originals = Annotated[_ORIGINALS, BeforeValidator(_block, json_schema_input_type=Literal["train"] | _ORIGINALS)]
"""Any source of originals, distinguished by `source`; the name alone is short for a block without further keys."""

Oracles = Annotated[_ORACLES, BeforeValidator(_block, json_schema_input_type=Literal["train", "none"] | _ORACLES)]
"""Any source of oracles, distinguished by `source`; the name alone is short for a block without further keys."""
