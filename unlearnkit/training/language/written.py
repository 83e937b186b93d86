"""What language models write in answer to prompts, as text, and how near it is to the true answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from unlearnkit.data.text.decoding import Decode, read_decoder
from unlearnkit.data.text.sequences import Tokens
from unlearnkit.errors import TrainingError
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.generating import greedy
from unlearnkit.training.language.observed import models_of
from unlearnkit.training.language.rouge import ROUGE, rouge_of

_TEXT = np.dtypes.StringDType()


@dataclass(frozen=True)
class Written:
    """How models answer: at most `most` tokens, `batch_size` prompts together, and whether ROUGE compares stems.

    The text of an answer ends before the first of `stops` that it has; tokens and entropy are those that were written.
    """

    most: int
    batch_size: int
    stemmer: bool
    stops: tuple[str, ...] = ()


def written_by_models(subjects: Subjects, how: Written, tokenizer: str | None) -> dict[str, np.ndarray]:
    """Return the values of the observation generations, [models, rows], and `prompt` and `answer` [rows].

    Raises TrainingError for sequences without a prompt, and for data that come as tokens.
    """
    tokens, rows = subjects.task.source, subjects.rows
    prompts, answers, end = parts_of_pairs(tokens, rows)
    if tokenizer is None:
        raise TrainingError("generations are texts, but the data come as tokens", expected="data with a tokenizer")
    decode = read_decoder(tokenizer)
    references = [decode(answer) for answer in answers]
    of_models = [_of_model(model, tokens, prompts, references, end, how, decode) for model in models_of(subjects)]
    values = {name: np.stack([of_model[name] for of_model in of_models]) for name in of_models[0]}
    texts = {"prompt": [decode(prompt) for prompt in prompts], "answer": references}
    return {**values, **{name: np.array(column, _TEXT) for name, column in texts.items()}}


def parts_of_pairs(tokens: Tokens, rows: Tensor) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """Return the prompts and the answers of the pairs `rows`, each [tokens], and the token that ends every answer.

    Answers are without it. Raises TrainingError for a sequence without a prompt.
    """
    pairs, prompts, answers = tokens.text_set, [], []
    for row in rows.tolist():
        start, border, stop = pairs.starts[row], pairs.prompts[row], pairs.lengths[row]
        if not border:
            raise _no_prompt(row, plain=not pairs.prompts.any())
        prompts.append(pairs.tokens[start : start + border])
        answers.append(pairs.tokens[start + border : start + stop - 1])
    # all answers end with the same token
    first = int(pairs.prompts.argmax())
    return prompts, answers, int(pairs.tokens[pairs.starts[first] + pairs.lengths[first] - 1])


def _no_prompt(row: int, *, plain: bool) -> TrainingError:
    if plain:
        return TrainingError(
            "generations answer prompts, but the data set is plain text",
            expected="question-answer pairs",
            remedy="remove the observation generations and what reads it, or choose a data set of pairs",
        )
    return TrainingError(
        f"generations answer prompts, but sequence {row} is a document, which has none",
        expected="items that are splits of questions",
        remedy="name these in observations.generations.items, such as [forget_questions, retain_questions]",
    )


def _of_model(
    model: nn.Module,
    tokens: Tokens,
    prompts: Sequence[np.ndarray],
    references: Sequence[str],
    end: int,
    how: Written,
    decode: Decode,
) -> dict[str, np.ndarray]:
    context = tokens.text_set.length
    made: list[tuple[np.ndarray, bool]] = []
    for first in range(0, len(prompts), how.batch_size):
        some = prompts[first : first + how.batch_size]
        made += greedy(model, some, end=end, most=how.most, length=context, device=tokens.device)
    written, ended = zip(*made, strict=True)
    texts = [before_stops(decode(answer), how.stops) for answer in written]
    counts = np.array([len(answer) for answer in written], np.int32)
    rouge = rouge_of(references, texts, how.stemmer)
    return {
        "text": np.array(texts, _TEXT),
        "tokens": counts,
        "ended": np.array(ended),
        "entropy": np.array([entropy(answer) for answer in written], np.float32),
        **dict(zip(ROUGE, rouge, strict=True)),
    }


def before_stops(text: str, stops: Sequence[str]) -> str:
    """Return a text up to where the first of `stops` occurs in it."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def entropy(tokens: np.ndarray) -> float:
    """Return the entropy of the shares of distinct tokens over the log of their number, in [0, 1]; 0 for one, none."""
    if len(tokens) < 2:
        return 0.0
    shares = np.unique(tokens, return_counts=True)[1] / len(tokens)
    return float(-(shares * np.log(shares)).sum() / np.log(len(tokens)))
