"""CLIP embeddings from a folder, what is said where the model is missing, and the forget sets of neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_clip import save_clip

from unlearnkit.attribution.embedding import clip_embeddings, raw_paths
from unlearnkit.data.forget_sets import neighbour_forget_set
from unlearnkit.errors import DataError


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    save_clip(folder)
    return folder


def embedded(images: np.ndarray, model: str) -> np.ndarray:
    return clip_embeddings(images, model, torch.device("cpu"), lambda _: None)


@pytest.mark.parametrize("channels", [1, 3])
def test_embeddings_have_length_one_and_no_order(clip: Path, channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, channels, 8, 8), dtype=np.uint8)
    found = embedded(images, str(clip))
    assert found.shape == (5, 8)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    monkeypatch.setattr("unlearnkit.attribution.embedding.BATCH_SIZE", 2)
    np.testing.assert_allclose(embedded(images[::-1].copy(), str(clip))[::-1], found, atol=1e-5)
    assert {path.name for path in raw_paths(str(clip))} >= {"config.json", "model.safetensors"}


def test_a_missing_model_says_what_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    images = np.zeros((2, 3, 8, 8), np.uint8)
    for model in ("nobody/no-such-model", str(tmp_path)):
        with pytest.raises(DataError, match=r"cannot be loaded.*config\.json.*huggingface\.co.*embedding\.model"):
            embedded(images, model)
    assert raw_paths("nobody/no-such-model") == ()


def test_weights_that_are_not_there_are_not_drawn_at_random(clip: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    for path in raw_paths(str(clip)):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tensors = load_file(clip / "model.safetensors")
    save_file({k: v for k, v in tensors.items() if k != "visual_projection.weight"}, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match="lacks 1 tensors of CLIP's image tower"):
        embedded(np.zeros((2, 3, 8, 8), np.uint8), str(tmp_path))


def test_neighbours_are_those_of_the_largest_cosine() -> None:
    angles = np.array([0.0, 3.0, 0.2, -0.1, 1.5, 0.0])
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert neighbour_forget_set(embeddings, 3, 0, 0).tolist() == [0, 3, 5]
    assert neighbour_forget_set(embeddings, 1, 5, 0).tolist() == [5]
    assert neighbour_forget_set(embeddings, 2, 1, 0).tolist() == [1, 4]
    drawn = {tuple(neighbour_forget_set(embeddings, 1, None, seed)) for seed in range(20)}
    assert len(drawn) > 2
    with pytest.raises(DataError, match="7 samples are requested, but the training set has 6"):
        neighbour_forget_set(embeddings, 7, 0, 0)
