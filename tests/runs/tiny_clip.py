"""A tiny CLIP model in a folder, as the published ones are kept."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import torch

# its configurations take settings that their stubs lack
transformers: Any = import_module("transformers")


def save_clip(folder: Path) -> None:
    """Save a CLIP model with few random weights."""
    text = {
        "vocab_size": 16,
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
    }
    image = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    image |= {"image_size": 16, "patch_size": 8, "projection_dim": 8}
    config = transformers.CLIPConfig(text_config=text, vision_config=image, projection_dim=8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.CLIPModel(config).save_pretrained(folder)
    size = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    transformers.CLIPImageProcessor(**size).save_pretrained(folder)
