"""Published pools in small: perceptrons that learned noise by heart, laid out as both editions of EasyDUB are."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import Any

import noise
import numpy as np
import torch
from numpy.typing import NDArray

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.metrics.margins import margins_from_logits

HIDDEN, MODELS, EPOCHS = 16, 4, 3
FORGET = np.array([90, 7, 30, 31, 55, 64, 65, 66, 100, 2])
"""A forget set in an order of its own."""
Files = dict[str, bytes]


@functools.cache
def data_set() -> ImageSet:
    return noise.load(None)


State = dict[str, NDArray[np.float32]]


def normalised() -> NDArray[np.float32]:
    images = np.array(data_set().images).reshape(240, 64) / 255
    return ((images - noise.MEAN[0]) / noise.STD[0]).astype(np.float32)


@functools.cache
def trained(seed: int, *, without_forget: bool) -> tuple[State, NDArray[np.float32]]:
    """Return the state of a perceptron, under the names that ours has, and its logits on all samples."""
    data, images, rng = data_set(), normalised(), np.random.default_rng(seed)
    rows = np.setdiff1d(np.arange(data.train_size), FORGET) if without_forget else np.arange(data.train_size)
    targets = np.eye(4, dtype=np.float32)[np.array(data.labels)[rows]]
    shapes = {"1.weight": (HIDDEN, 64), "1.bias": (HIDDEN,), "3.weight": (4, HIDDEN), "3.bias": (4,)}
    state = {name: (rng.normal(size=shape) / 8).astype(np.float32) for name, shape in shapes.items()}
    velocity = {name: np.zeros_like(tensor) for name, tensor in state.items()}
    for _ in range(300):
        hidden, logits = outputs(state, images[rows])
        shares = np.exp(logits - logits.max(1, keepdims=True))
        error = (shares / shares.sum(1, keepdims=True) - targets) / len(rows)
        inside = (error @ state["3.weight"]) * (hidden > 0)
        gradients = {"1.weight": inside.T @ images[rows], "1.bias": inside.sum(0)}
        gradients |= {"3.weight": error.T @ hidden, "3.bias": error.sum(0)}
        for name, gradient in gradients.items():
            velocity[name] = 0.9 * velocity[name] + gradient
            state[name] = state[name] - np.float32(0.1) * velocity[name]
    return state, outputs(state, images)[1]


def outputs(state: State, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    hidden = np.maximum(images @ state["1.weight"].T + state["1.bias"], 0)
    return hidden, hidden @ state["3.weight"].T + state["3.bias"]


def saved(value: Any) -> bytes:
    """Return what torch.save writes of an array, or of arrays by name."""
    tensors = {k: torch.from_numpy(v) for k, v in value.items()} if isinstance(value, dict) else torch.from_numpy(value)
    stream = io.BytesIO()
    torch.save(tensors, stream)
    return stream.getvalue()


def array(values: NDArray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def margins(seed: int, *, without_forget: bool) -> NDArray[np.float32]:
    logits = trained(seed, without_forget=without_forget)[1]
    return margins_from_logits(logits, data_set().labels).astype(np.float32)


def first_edition(*, removed: bool = True, models: int = MODELS) -> Files:
    """Return a repository in the layout of the first edition, with oracles of forget set 1.

    Without `removed`, oracles are further models that were trained on the forget set, as in uploads of before May 2025.
    """
    size, files = data_set().train_size, {"forget_set_indices/NOISE/forget_set_1.npy": array(FORGET)}
    for folder, role in (("full_models/NOISE", "original"), ("oracle_models/NOISE", "oracle")):
        where = folder if role == "original" else f"{folder}/only_margins/forget_set_1"
        own = folder if role == "original" else f"{folder}/forget_set_1"
        seeds = range(models) if role == "original" else range(100, 100 + models)
        without = role == "oracle" and removed
        values = np.stack([margins(seed, without_forget=without) for seed in seeds])
        files[f"{where}/train_margins_all.pt"] = saved(values[:, :size].copy())
        files[f"{where}/val_margins_all.pt"] = saved(values[:, size:].copy())
        for model, seed in enumerate(seeds):
            state, logits = trained(seed, without_forget=without)
            files[f"{own}/sd_{model}____epoch_{EPOCHS - 1}.pt"] = saved({f"model.{k}": v for k, v in state.items()})
            for split, part in (("train", logits[:size]), ("val", logits[size:])):
                ending = f"{split}_logits_{model}" if role == "original" else f"{model}__{split}_logits__{EPOCHS - 1}"
                files[f"{own}/{ending}.pt"] = saved(part.copy())
    return files


def second_edition(
    *, removed: bool = True, models: int = MODELS, order: Callable[[NDArray], NDArray] = lambda indices: indices
) -> Files:
    """Return a repository in the layout of the second edition; `order` is that of the columns of the forget set."""
    size, files = data_set().train_size, {"forget_sets/noise/forget_set_1.npy": array(FORGET)}
    rows = {"forget": order(FORGET), "retain": np.setdiff1d(np.arange(size), FORGET), "val": slice(size, None)}
    for model in range(models):
        name = f"mlp/id_{model}_epoch_{EPOCHS - 1}"
        state, _ = trained(model, without_forget=False)
        own, oracle = margins(model, without_forget=False), margins(100 + model, without_forget=removed)
        files[f"models/noise/pretrain/{name}.pt"] = saved({f"module.{k}": v for k, v in state.items()})
        files[f"margins/noise/pretrain/retain/{name}.npy"] = array(own[:size])
        files[f"margins/noise/pretrain/val/{name}.npy"] = array(own[size:])
        files[f"margins/noise/pretrain/forget_1/{name}.npy"] = array(own[rows["forget"]])
        for part, where in rows.items():
            files[f"margins/noise/oracle/forget_1/{part}/{name}.npy"] = array(oracle[where])
    return files
