"""A model writes wrong answers to forget questions, as in AltPO (Mekala et al. 2024, arXiv 2409.13474)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from unlearnkit.config.data.pairs import GeneratedAlternatives
from unlearnkit.data.text.alternatives import Alternative, cut, request, usable
from unlearnkit.data.text.pair_file import PairFile
from unlearnkit.data.text.pair_template import Template
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import TrainingError
from unlearnkit.seeds import derive_seed
from unlearnkit.training.language.sampling import sampled

ROLE = "alternatives"
REPORTED = 20
"""Questions between two lines of the log."""


@dataclass(frozen=True)
class Writer:
    """What answers are written by and for: a model in eval mode, its device, the data, and how prompts are made."""

    model: nn.Module
    device: torch.device
    text_set: TextSet
    file: PairFile
    tokenizer: PairTokenizer
    template: Template
    seed: int


@dataclass(frozen=True)
class Written:
    """Row of a forget question -> its alternatives, and how many answers were left out for each reason."""

    answers: dict[int, list[Alternative]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)

    def to_json(self, file: PairFile) -> dict[str, Any]:
        """Return the answers beside their questions and true answers, as JSON holds them."""
        rows = [
            {
                "row": row,
                "question": file.pairs.splits["train"][row].question,
                "answer": file.pairs.splits["train"][row].answer,
                "alternatives": [each.text for each in alternatives],
            }
            for row, alternatives in self.answers.items()
        ]
        return {"format": 1, "answers": rows, "dropped": dict(self.dropped)}


def written_alternatives(
    writer: Writer, how: GeneratedAlternatives, rows: Sequence[int], report: Callable[[str], None]
) -> Written:
    """Return alternatives to the training pairs `rows`; what is drawn for a row follows from the seed and the row.

    Raises TrainingError if a request has more tokens than the model takes.
    """
    made = Written()
    for number, row in enumerate(rows, 1):
        pair = writer.file.pairs.splits["train"][row]
        prompt = writer.template.prompt(request(how.ask, pair), pair.history)
        texts = [writer.tokenizer.decode(tokens.tolist()) for tokens in _draws(writer, how, prompt, int(row))]
        found, dropped = usable(pair, [*map(cut, texts)], writer.file, writer.tokenizer, writer.text_set.length)
        made.answers[int(row)] = found
        made.dropped.update(dropped)
        if number % REPORTED == 0 or number == len(rows):
            report(f"answers to {number} of {len(rows)} questions written")
    return made


def _draws(writer: Writer, how: GeneratedAlternatives, prompt: str, row: int) -> list[np.ndarray]:
    (encoded,) = writer.tokenizer.encode([prompt])
    tokens, length = np.array(encoded.tokens, np.int64), writer.text_set.length
    network = getattr(writer.model, "network", None)
    room = length if network is None else getattr(network.config.get_text_config(), "max_position_embeddings", None)
    if room is not None and len(tokens) >= room:
        raise TrainingError(
            f"the request for an alternative to pair {row} has {len(tokens)} tokens, but the model takes {room}",
            expected=f"at most {room - 1}, with room for an answer",
            remedy="shorten `ask` of data.pairs.alternatives"
            + ("" if network is not None else ", or raise data.sequence_length"),
        )
    drawn = sampled(
        writer.model,
        tokens,
        how.count,
        temperature=how.temperature,
        generator=torch.Generator().manual_seed(derive_seed(writer.seed, ROLE, 0, f"answers/{row}")),
        end=writer.tokenizer.token(writer.file.end),
        most=how.most_tokens,
        length=length,
        device=writer.device,
    )
    return [answer for answer, _ in drawn]
