"""Local: an instruction-tuned causal language model of transformers, from a folder, a package or the hub.

It is asked by its own chat template, its reply begins with `VERDICT:` or `SCORE:`, and goes on greedily to the end of
the line. The record states the SHA-256 of its weights. Its settings beside `source` change no reply beyond rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from unlearnkit.artifacts.base import read_base
from unlearnkit.artifacts.replies import key_of
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.data.text.base_tokenizer import BaseTokenizer
from unlearnkit.errors import TrainingError
from unlearnkit.models.language.base_loading import shared_network
from unlearnkit.models.language.pretrained_model import PretrainedModel
from unlearnkit.observations.judges.asking import Asked, beginning, messages
from unlearnkit.training.derived import Means
from unlearnkit.training.language.generating import greedy

LANGUAGE_MODEL = True
HAS_BASE = True
MOST_TOKENS = 8
"""Tokens of the longest reply, after its beginning."""


class Settings(BaseSettings):
    """A causal language model with a chat template, on the device of the job."""

    kind: Literal["local"] = Field(description="registered judge")
    source: BaseSource | None = Field(
        None,
        description="where the model comes from: package, folder, or hub with a revision; null: the base of the "
        "experiment's own models",
    )
    batch_size: int = Field(8, ge=1, description="questions that are answered together")


def replies(asked: Sequence[Asked], settings: Settings, means: Means) -> list[str]:
    """Return the greedy replies, each one line with its beginning; those in the journal are not asked for again.

    Raises DataError for a model without a chat template, and TrainingError for a question that is too long for it.
    """
    assert means.base is not None
    base, tokenizer = read_base(means.base), BaseTokenizer(means.base)
    judge = {"kind": "local", "sha256": base.sha256, "most_tokens": MOST_TOKENS}
    means.facts.update(judge=judge)
    texts = [tokenizer.chat(messages(one), answering=True) + beginning(one) for one in asked]
    keys = [key_of(judge, text) for text in texts]
    prompts = {key: np.array(tokenizer.encode(text)[0]) for key, text in zip(keys, texts, strict=True)}
    if missing := {key: prompt for key, prompt in prompts.items() if key not in means.replies}:
        network = shared_network(str(means.base), "float32").to(means.device)
        _refuse_long(max(map(len, missing.values())), network.config)
        model = PretrainedModel(network, tokenizer.vocabulary_size, base.sha256, None).eval()
        _ask(model, missing, settings.batch_size, tokenizer, means)
    return [beginning(one) + means.replies[key] for one, key in zip(asked, keys, strict=True)]


def _ask(
    model: PretrainedModel, prompts: Mapping[str, np.ndarray], batch_size: int, tokenizer: BaseTokenizer, means: Means
) -> None:
    """Keep the reply to every prompt, key -> [tokens], up to the end of its first line."""
    # prompts of about one length share a batch
    ordered, end = sorted(prompts, key=lambda key: len(prompts[key])), tokenizer.end_of_text
    for first in range(0, len(ordered), batch_size):
        keys = ordered[first : first + batch_size]
        tokens = [prompts[key] for key in keys]
        found = greedy(model, tokens, end=end, most=MOST_TOKENS, length=len(tokens[-1]), device=means.device)
        for key, (answer, _) in zip(keys, found, strict=True):
            means.replies.keep(key, tokenizer.decode(answer.tolist()).partition("\n")[0])
        means.report(f"{first + len(keys):,} of {len(ordered):,} questions answered by the judge")


def _refuse_long(tokens: int, config: Any) -> None:
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and tokens + MOST_TOKENS > positions:
        raise TrainingError(
            f"a question to the judge has {tokens} tokens, but its model takes {positions}",
            expected=f"questions of at most {positions - MOST_TOKENS} tokens with the answers that are judged",
            remedy="let models write less (observations.generations.most_tokens, observations.continuations.suffix), "
            "or choose a judge with a longer context",
        )
