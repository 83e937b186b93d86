"""The registered architectures for images, and small settings of the large ones."""

from __future__ import annotations

from typing import Any

from unlearnkit import registry

IMAGE_MODELS = [name for name in registry.MODELS if registry.task_of(registry.load("model", name)) == "image"]

SMALL: dict[str, dict[str, Any]] = {
    "vit_b": {"patch_size": 4, "layers": 2, "width": 24, "heads": 3, "mlp_width": 32},
    "swin_t": {"patch_size": 2, "window": 3, "width": 12, "depths": (1, 2), "heads": (2, 3)},
}
"""Settings of models that would be too large for the tests with their defaults, or too few tokens."""


def small_settings(name: str, **others: Any) -> Any:
    """Return the settings of an architecture, its defaults but for SMALL."""
    return registry.load("model", name).Settings(**{**SMALL.get(name, {}), **others})


def is_constant(buffer: str) -> bool:
    """Return whether a buffer of that name never changes: it numbers pairs of tokens."""
    return buffer.endswith("relative_position_index")
