"""What an unlearning job runs: a method, its settings and the epochs at which its models are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unlearnkit import registry
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.errors import TrainingError


@dataclass(frozen=True)
class UnlearningRecipe:
    """A method with its settings, the epochs at which its models are kept, and the training recipe if it needs it.

    Model k starts from original k, or every model from original 0 (`from_first`).
    """

    method: str
    settings: Any
    snapshots: tuple[int, ...]
    training: Recipe | None = None
    from_first: bool = False

    @classmethod
    def from_slice(cls, settings: Mapping[str, Any]) -> UnlearningRecipe:
        """Return the recipe that a rule's configuration slice describes.

        Raises TrainingError if its settings were still to be made when the slice was.
        """
        if "pending" in settings:
            raise TrainingError(
                f"the settings of {settings['method']} are not known: {settings['pending']} was not there",
                remedy="give the same snakemake command again",
            )
        return cls(
            method=settings["method"],
            settings=registry.load("method", settings["method"]).Settings.model_validate(settings["settings"]),
            snapshots=tuple(settings["snapshots"]),
            training=Recipe.model_validate(settings["training"]) if "training" in settings else None,
            from_first=settings.get("unlearned_from") == "first",
        )
