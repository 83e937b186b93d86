"""EasyDUB, second edition: data set `easydub/EasyDUB-dataset`, CIFAR-10 and ResNet-9 alone.

Source: `easydub/data.py` of github.com/easydub/EasyDUB-code (commit 238868e4) for margins and forget sets. Files are
arrays of numpy.save, one per model and split. `pretrain/retain` has all training samples, `oracle/.../retain` only
those outside the forget set. Where weights lie below `models/` the code does not show, since it reads none: the file of
that name below the folder of the population is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from unlearnkit.facts.layouts.pieces import Names, Piece

REPOSITORIES = ("easydub/EasyDUB-dataset",)
MODELS = {"cifar10": 200}
FORGET_SETS = {"cifar10": range(1, 11)}
FORMATS = ("margins", "logits")
_OF_ORIGINALS = {"retain": "train", "val": "validation"}
_OF_ORACLES = {"retain": "retain", "forget": "forget", "val": "validation"}


def forget_set(names: Names, number: int) -> str:
    """Return the file with the indices of a forget set, int64 [samples]."""
    return f"forget_sets/{names.data_set}/forget_set_{number}.npy"


def weights(names: Names, number: int | None, model: int) -> str:
    """Return a pattern of the file with the state dict of a model after its last epoch."""
    return f"models/{names.data_set}/{_population(number)}/*{names.model}/{_file(names, model)}.*"


def margins(names: Names, number: int | None, models: Sequence[int]) -> list[Piece]:
    """Return the files with the margins of single models, [samples]."""
    return _pieces("margins", names, number, models)


def logits(names: Names, number: int | None, models: Sequence[int]) -> list[Piece]:
    """Return the files with the logits of single models, [samples, classes]."""
    return _pieces("logits", names, number, models)


def order(names: Names, number: int) -> list[Piece]:
    """Return the margins of original 0 on all training samples and on the forget set."""
    folder = f"margins/{names.data_set}/pretrain"
    return [
        Piece(f"{folder}/{part}/{names.model}/{_file(names, 0)}.npy", rows, 0)
        for part, rows in (("retain", "train"), (f"forget_{number}", "forget"))
    ]


def _pieces(values: str, names: Names, number: int | None, models: Sequence[int]) -> list[Piece]:
    folder = f"{values}/{names.data_set}/{_population(number)}"
    parts = _OF_ORIGINALS if number is None else _OF_ORACLES
    return [
        Piece(f"{folder}/{part}/{names.model}/{_file(names, model)}.npy", rows, model)
        for part, rows in parts.items()
        for model in models
    ]


def _population(number: int | None) -> str:
    return "pretrain" if number is None else f"oracle/forget_{number}"


def _file(names: Names, model: int) -> str:
    return f"id_{model}_epoch_{names.epoch}"
