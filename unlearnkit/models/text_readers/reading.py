"""Networks that read texts, from a folder in the format of transformers: tokens in batches, code never run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError

BATCH_SIZE = 32
LONGEST = 512
"""Tokens of a text that are read where the model states no limit."""


class Reader:
    """A network in eval mode on a device, with its tokenizer; `kind` is that of transformers, such as "AutoModel".

    Raises DataError if the folder holds no such model: one whose weights lack a tensor is none.
    """

    def __init__(self, folder: Path, kind: str, device: torch.device) -> None:
        try:
            import transformers
        except ImportError as error:
            raise missing_package("transformers", "has the layers of models that read texts", error) from None
        self.folder, self.device = folder, device
        place: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder), **place)
            self.network, found = getattr(transformers, kind).from_pretrained(
                str(folder), dtype=torch.float32, use_safetensors=True, output_loading_info=True, **place
            )
        # readers of many formats, each with errors of its own
        except Exception as error:
            raise self.unusable(
                f"cannot be loaded ({' '.join(str(error).split())[:200] or type(error).__name__})"
            ) from None
        lacking = sorted(name for name in found["missing_keys"] if "pooler" not in name and "position_ids" not in name)
        if lacking:
            raise self.unusable(f"lacks {len(lacking)} tensors, such as {lacking[0]}")
        self.network.eval().to(device)

    @property
    def longest(self) -> int:
        """Tokens of a text that are read; the rest is cut off."""
        stated = self.folder / "sentence_bert_config.json"
        configured = json.loads(stated.read_text(encoding="utf-8")).get("max_seq_length") if stated.is_file() else None
        positions = getattr(self.network.config, "max_position_embeddings", None)
        return min(limit for limit in (configured, positions, self.tokenizer.model_max_length, LONGEST) if limit)

    def batches(
        self, texts: Sequence[str], second: Sequence[str] | None = None, most: int | None = None
    ) -> Iterator[Any]:
        """Yield the tokens of texts, or of pairs of texts, in batches and in order; at most `most` tokens of each."""
        limit = self.longest if most is None else min(most, self.longest)
        for first in range(0, len(texts), BATCH_SIZE):
            chosen = slice(first, first + BATCH_SIZE)
            beside = [] if second is None else [list(second[chosen])]
            yield self.tokenizer(
                list(texts[chosen]), *beside, truncation=True, max_length=limit, padding=True, return_tensors="pt"
            ).to(self.device)

    def unusable(self, fact: str) -> DataError:
        """Return the error to raise about the model in the folder."""
        return DataError(
            f"the model in {self.folder} {fact}",
            expected="config.json, *.safetensors and a tokenizer of a model that transformers itself has",
            remedy="name the folder that the model was saved to, with `model.save_pretrained(FOLDER)` and "
            "`tokenizer.save_pretrained(FOLDER)`",
        )
