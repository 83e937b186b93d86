"""Which files of a folder belong to a pretrained model, and why a folder cannot be one."""

from __future__ import annotations

import json
from pathlib import Path

from unlearnkit.errors import DataError

KEPT = (".safetensors", ".json", ".jinja", ".model", ".txt")
"""Endings of what is taken: weights, configuration, chat template and tokenizer, in all forms that hold no code."""

_PICKLED = (".bin", ".pt", ".pth", ".ckpt")


def base_files(folder: Path) -> list[Path]:
    """Return the files of a folder that belong to a model, in the order of their names; none if there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in KEPT and path.is_file())


def refuse_unusable_base(folder: Path, name: str) -> None:
    """Raise DataError if a folder cannot be a pretrained model: no weights, only pickled ones, or no configuration."""
    if not folder.is_dir():
        raise DataError(
            f"model.source.folder is {name}, which is not a folder",
            expected="a folder with config.json, *.safetensors and a tokenizer",
        )
    files = [path for path in folder.iterdir() if path.is_file()]
    if not any(path.suffix == ".safetensors" for path in files):
        pickled = next((path.name for path in files if path.suffix in _PICKLED), None)
        held = f"its weights are pickled ({pickled}), and reading them would execute code" if pickled else "no weights"
        raise DataError(
            f"the model {name} cannot be read: {held}" if pickled else f"the model {name} holds no weights",
            expected="weights in *.safetensors",
            remedy="where you trust it, load it with transformers and write it again by `model.save_pretrained(FOLDER)`"
            if pickled
            else "name the folder that the model was saved to",
        )
    if not (folder / "config.json").is_file():
        raise DataError(f"the model {name} has no config.json", expected="the configuration of transformers beside it")
    if lacking := [file for file in _indexed(folder) if not (folder / file).is_file()]:
        raise DataError(
            f"the model {name} lacks {', '.join(lacking)}, which its index of weights names",
            remedy="fetch the missing files",
        )
    for path in files:
        if path.suffix == ".safetensors":
            _refuse_damaged(path)


def _refuse_damaged(path: Path) -> None:
    """Raise DataError unless a file of weights has the size that its own header states, which is all that is read."""
    try:
        with path.open("rb") as stream:
            header = int.from_bytes(stream.read(8), "little")
            # what is no header would ask for any number of bytes
            entries = json.loads(stream.read(min(header, path.stat().st_size)))
        ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
        whole = path.stat().st_size == 8 + header + max(ends, default=0)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise DataError(
            f"{path} is cut off, or is no file of safetensors", expected="weights", remedy="fetch or save it again"
        )


def _indexed(folder: Path) -> list[str]:
    """Return the files that weights are spread over, by the index beside them."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return []
    try:
        return sorted({*json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise DataError(f"{index} cannot be read", expected="the index of transformers") from None
