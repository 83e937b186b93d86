"""The base class of every settings block: typed, frozen, unknown keys refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Settings of one method, metric, model or section of the configuration.

    Every field is declared with `Field(default, <range>, description="what it is, unit; source")`. Instances are frozen
    and unknown keys are errors. Used by plug-ins and by the configuration alike, and exported to JSON Schema.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
