"""Which files can be the weights of given models, as far as their number and names show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unlearnkit.errors import DataError


def refuse_unusable(files: Sequence[str], models: Sequence[int], source: Mapping[str, Any], place: str) -> None:
    """Raise DataError if there are fewer files than models, or one that cannot be referred to and is to be.

    `source` are the settings of `originals` or `oracles` with their `role`; `place` is where the files were looked for.
    """
    key = f"{source['role']}s"
    if len(files) < len(models):
        raise DataError(
            f"{key}.path is {place}, which has no weights of model {models[len(files)]}",
            expected="a file per model, .safetensors, .pt, .pth or .bin, and num_models of them",
            remedy=f"correct {key}.path, add the files, or lower num_models",
        )
    others = [path for path in files if Path(path).suffix != ".safetensors"]
    if source["store"] == "reference" and others:
        raise DataError(
            f"{key}.store is reference, but {others[0]} is no .safetensors file",
            expected="files of which single tensors can be read",
            remedy=f"save it as safetensors, or set {key}.store: copy",
        )
