"""Pairs as an artifact, `pairs.json`: questions and answers by split, forget lists, and how they become text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from unlearnkit.artifacts.store import read_json, write_json
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.errors import ArtifactError, repair

_FORMAT = 1


@dataclass(frozen=True)
class PairFile:
    """Pairs, their prompts as the template writes them, what ends an answer, and the refusals.

    `prompts` are those of what is asked (`Pair.asked`); "" has what precedes every document.
    """

    pairs: PairSet
    prompts: dict[str, str] = field(repr=False)
    end: str
    refusals: tuple[str, ...]

    def prompts_of(self, pairs: Sequence[Pair]) -> list[str]:
        """Return the prompts of some pairs."""
        return [self.prompts[pair.asked] for pair in pairs]


def write_pairs(path: str | os.PathLike[str], file: PairFile) -> None:
    """Write pairs atomically and with reproducible bytes."""
    facts = {"format": _FORMAT, "end": file.end, "refusals": list(file.refusals), "prompts": file.prompts}
    write_json(path, {**facts, **file.pairs.to_json()})


def read_pairs(path: str | os.PathLike[str]) -> PairFile:
    """Read pairs; raises ArtifactError if the file is missing or is not what `write_pairs` wrote."""
    content = read_json(path)
    try:
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        pairs = PairSet.from_json(content)
        return PairFile(pairs, content["prompts"], content["end"], tuple(content["refusals"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{path} does not hold pairs ({error})", remedy=repair(path)) from None
