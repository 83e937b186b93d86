"""A language model as lm-evaluation-harness asks it: sums of log p of continuations and texts, and greedy answers.

Only this module and `asked_tasks` import the package, which is optional.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import normalize_gen_kwargs
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
from torch import nn

from unlearnkit.data.text.free_text import FreeText
from unlearnkit.errors import DataError
from unlearnkit.training.language.generating import greedy
from unlearnkit.training.precision import products

Request = tuple[Any, list[int], list[int]]
"""The texts of context and continuation, and their tokens."""


class HarnessModel(TemplateLM):
    """A network [B, n] -> logits [B, n, V] in eval mode and its tokenizer, for prompts of at most `length` tokens.

    With `begin` a prompt begins with the begin-of-text token, unless it names that token first; an empty one is the
    token in either case. Longer prompts lose their first tokens, and `cut` counts them. Forward passes have
    `batch_size` prompts, padded on the right, where causal attention never looks, and no log p of padding is read.
    `finite` turns False where a model gives a log p that is no number.
    """

    def __init__(
        self, network: nn.Module, text: FreeText, *, length: int, batch_size: int, begin: bool, device: torch.device
    ) -> None:
        super().__init__()
        self.network, self.text = network, text
        self.length, self.batch_size, self.begin, self._device = length, batch_size, begin, device
        self.cut, self.finite = 0, True

    @property
    def eot_token_id(self) -> int:
        """The token that ends a text."""
        return self.text.end

    @property
    def prefix_token_id(self) -> int:
        """The token that stands for an empty prompt."""
        return self.text.begin

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **kwargs: Any) -> list[int]:
        """Return the tokens of a text, after the begin-of-text token if prompts begin with it and it is not there."""
        tokens = self.text.encode(string)
        wanted = self.begin if add_special_tokens is None else add_special_tokens
        return [self.text.begin, *tokens] if wanted and tokens[:1] != [self.text.begin] else tokens

    def _loglikelihood_tokens(
        self, requests: Sequence[Request], disable_tqdm: bool = False, **kwargs: Any
    ) -> list[tuple[float, bool]]:
        """Return the sum of log p of every continuation after its context, nats, and whether it is the greedy one.

        Raises DataError for a continuation without tokens, or one that is longer than prompts may be.
        """
        found: dict[int, tuple[float, bool]] = {}
        kept = [self._fitted(request) for request in requests]
        for rows in self._batches([len(context) + len(continuation) for context, continuation in kept]):
            found |= zip(rows, self._scored([kept[row] for row in rows]), strict=True)
        return [found[row] for row in range(len(requests))]

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        """Return the sum of log p of all tokens of every text, nats, each predicted once.

        The first follows the begin-of-text token. A longer text than prompts may be is divided into stretches; the last
        one reads as much before its tokens as fits.
        """
        windows = [self._windows(request.args[0]) for request in requests]
        sums = iter(self._loglikelihood_tokens([window for of_request in windows for window in of_request]))
        return [math.fsum(next(sums)[0] for _ in of_request) for of_request in windows]

    def _windows(self, text: str) -> list[Request]:
        tokens = self.tok_encode(text, add_special_tokens=False)
        windows = get_rolling_token_windows(tokens, self.prefix_token_id, max_seq_len=self.length, context_len=1)
        return [(None, *make_disjoint_window(window)) for window in windows]

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """Return what the model answers to every prompt: the likeliest tokens, up to one of the texts that end answers.

        Raises DataError for a task that wants samples, or more tokens than a prompt and its answer may have.
        """
        wanted: list[Any] = [normalize_gen_kwargs(request.args[1]) for request in requests]
        prompts = [self._prompt(request.args[0], settings) for request, settings in zip(requests, wanted, strict=True)]
        found: dict[int, str] = {}
        for most in {int(settings["max_gen_toks"]) for settings in wanted}:
            chosen = [row for row, settings in enumerate(wanted) if settings["max_gen_toks"] == most]
            for batch in self._batches([len(prompts[row]) for row in chosen]):
                rows = [chosen[position] for position in batch]
                answers = greedy(
                    self.network,
                    [prompts[row] for row in rows],
                    end=self.text.end,
                    most=most,
                    length=self.length,
                    device=self._device,
                )
                for row, (tokens, _) in zip(rows, answers, strict=True):
                    found[row] = _up_to(self.text.decode(tokens.tolist()), wanted[row]["until"])
        return [found[row] for row in range(len(requests))]

    def _prompt(self, text: str, wanted: Any) -> np.ndarray:
        if wanted["do_sample"]:
            raise DataError("the task asks for samples of answers", expected="do_sample: false, the likeliest answer")
        if (room := self.length - wanted["max_gen_toks"]) < 1:
            raise DataError(
                f"the task asks for answers of up to {wanted['max_gen_toks']} tokens, but prompt and answer together "
                f"may have {self.length}",
                remedy="lower generation_kwargs.max_gen_toks in a task file of your own, or take longer sequences",
            )
        tokens = self.tok_encode(text) or [self.prefix_token_id]
        self.cut += len(tokens) > room
        return np.array(tokens[-room:])

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Yield the rows of every forward pass, the longest first: those of a pass need little padding."""
        order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        for first in range(0, len(order), self.batch_size):
            yield order[first : first + self.batch_size]

    def _fitted(self, request: Request) -> tuple[list[int], list[int]]:
        """Return context and continuation with as much of the context as fits."""
        texts, context, continuation = request
        named = "" if texts is None else f" {texts[1]!r}"
        if not continuation:
            raise DataError(
                f"the answer{named} has no token of its own after its prompt",
                expected="at least one: a space at its beginning, or another text",
            )
        if len(continuation) > self.length:
            raise DataError(
                f"the answer{named} has {len(continuation)} tokens, but prompt and answer together may have "
                f"{self.length}",
                remedy="shorten it, or take longer sequences",
            )
        most = self.length + 1 - len(continuation)  # the last token is predicted, and never read
        self.cut += len(context) > most
        return context[-most:], continuation

    @products()
    @torch.inference_mode()
    def _scored(self, rows: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
        inputs = [(context + continuation)[:-1] for context, continuation in rows]
        tokens = torch.zeros(len(rows), max(map(len, inputs)), dtype=torch.int64)
        for row, sequence in enumerate(inputs):
            tokens[row, : len(sequence)] = torch.tensor(sequence)
        logits = self.network(tokens.to(self._device))
        found = []
        for row, (context, continuation) in enumerate(rows):
            first = len(context) - 1
            z = logits[row, first : first + len(continuation)].float()
            targets = torch.tensor(continuation, device=self._device)
            log_p = z.log_softmax(-1).gather(1, targets[:, None]).double().sum()
            self.finite &= bool(log_p.isfinite())
            found.append((float(log_p), bool((z.argmax(-1) == targets).all())))
        return found


def _up_to(text: str, ends: Sequence[str]) -> str:
    """Return a text up to the first of some others that it contains."""
    for end in filter(None, ends):
        text = text.partition(end)[0]
    return text
