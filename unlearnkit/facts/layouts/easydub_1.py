"""EasyDUB, first edition: data set `royrin/KLOM-models`, mirrored by `machine-unlearning-bench/data-unlearning-bench`.

Source: `HF_REGISTRY` in the code of github.com/RoyRin/data-unlearning-bench, and its README, which calls the folder of
oracles `oracles/`; the code reads `oracle_models/`. Files are tensors of torch.save; the margins of all models are one
file per split. Notebooks show 160 oracles for one set of CIFAR-10, and 100 for Living-17: `models` in the configuration
states a lower count.
"""

from __future__ import annotations

from collections.abc import Sequence

from unlearnkit.facts.layouts.pieces import Names, Piece

REPOSITORIES = ("royrin/KLOM-models", "machine-unlearning-bench/data-unlearning-bench")
MODELS = {"cifar10": 200, "living17": 200}
FORGET_SETS = {"cifar10": range(1, 11), "living17": range(1, 6)}
FORMATS = ("margins", "logits")
_SPLITS = {"train": "train", "val": "validation"}


def forget_set(names: Names, number: int) -> str:
    """Return the file with the indices of a forget set, int64 [samples]."""
    return f"forget_set_indices/{names.data_set.upper()}/forget_set_{number}.npy"


def weights(names: Names, number: int | None, model: int) -> str:
    """Return the file with the state dict of a model after its last epoch."""
    return f"{_folder(names, number)}/sd_{model}____epoch_{names.epoch}.pt"


def margins(names: Names, number: int | None, models: Sequence[int]) -> list[Piece]:
    """Return the two files with the margins of all models, [models, samples]; oracles are evaluated on all samples."""
    folder = _folder(names, number) if number is None else f"{_root(names, number)}/only_margins/forget_set_{number}"
    return [Piece(f"{folder}/{split}_margins_all.pt", rows) for split, rows in _SPLITS.items()]


def logits(names: Names, number: int | None, models: Sequence[int]) -> list[Piece]:
    """Return the files with the logits of single models, [samples, classes]."""
    ending = "{split}_logits_{model}.pt" if number is None else "{model}__{split}_logits__{epoch}.pt"
    folder = _folder(names, number)
    return [
        Piece(f"{folder}/{ending.format(split=split, model=model, epoch=names.epoch)}", rows, model)
        for split, rows in _SPLITS.items()
        for model in models
    ]


def order(names: Names, number: int) -> list[Piece]:
    """Return nothing: forget samples have no file of their own."""
    return []


def _folder(names: Names, number: int | None) -> str:
    return _root(names, number) + ("" if number is None else f"/forget_set_{number}")


def _root(names: Names, number: int | None) -> str:
    return f"{'full' if number is None else 'oracle'}_models/{names.data_set.upper()}"
