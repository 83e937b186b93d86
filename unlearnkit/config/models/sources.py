"""Where the models of a population come from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from unlearnkit.config.settings import Settings


class Trained(Settings):
    """The models are trained here, by the recipe in `training`."""

    source: Literal["train"]


class Absent(Settings):
    """There are no such models: nothing is compared with them."""

    source: Literal["none"]


def _block(value: Any) -> Any:
    """Return the block that a name such as `train` stands for."""
    return {"source": value} if isinstance(value, str) else value


_BLOCK = Annotated[Trained | Absent, Field(discriminator="source")]
Oracles = Annotated[_BLOCK, BeforeValidator(_block, json_schema_input_type=Literal["train", "none"] | _BLOCK)]
"""Any source of oracles, distinguished by `source`; the name alone is short for a block without further keys."""
