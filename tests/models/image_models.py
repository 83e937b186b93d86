"""The registered architectures for images."""

from __future__ import annotations

from unlearnkit import registry

IMAGE_MODELS = [name for name in registry.MODELS if registry.task_of(registry.load("model", name)) == "image"]
