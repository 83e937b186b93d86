"""From pairs and their tokenizer to a text set: sequences, prompts, forget units, and answers beside the true ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unlearnkit.data.text.other_answers import ANY, KINDS, PARAPHRASE, REFUSAL, WRONG, OtherAnswers
from unlearnkit.data.text.pair_file import PairFile
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.pair_tokenizer import PairTokenizer
from unlearnkit.data.text.pair_tokens import (
    TokenPair,
    document_tokens,
    refuse_long,
    refuse_long_documents,
    refuse_special,
    token_pairs,
)
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.token_shards import MAX_VOCABULARY
from unlearnkit.errors import DataError


def text_set_of_pairs(settings: Mapping[str, Any], file: PairFile, tokenizer: PairTokenizer) -> TextSet:
    """Return pairs as sequences, each a prompt and its answer, or a document, by a rule's configuration slice.

    A pair is a forget unit; with forget_unit "document" all stretches of a document are, with "group" all consecutive
    pairs of a group. Raises DataError if a pair is too long, an answer has no token, a text contains a special token,
    or a group is interrupted.
    """
    length, taken = settings["sequence_length"], file.pairs
    sizes = {name: len(pairs) for name, pairs in taken.splits.items()}
    pieces: list[TokenPair] = []
    for split, pairs in taken.splits.items():
        refuse_special([text for pair in pairs for text in pair.texts().values()], tokenizer.special, f"{split} text")
        pieces += _pieces(pairs, file, tokenizer, length, split)
    dtype: Any = np.uint16 if tokenizer.vocabulary_size <= MAX_VOCABULARY else np.uint32
    lengths = np.array([len(piece.prompt) + len(piece.answer) for piece in pieces], np.int32)
    # a token that belongs to no sequence keeps a document from continuing in the one after it
    gaps = [[] if piece.prompt else [tokenizer.token(file.end)] for piece in pieces]
    stream = [(*piece.prompt, *piece.answer, *gap) for piece, gap in zip(pieces, gaps, strict=True)]
    return TextSet(
        tokens=np.array([token for row in stream for token in row], dtype),
        starts=np.append(0, np.cumsum([*map(len, stream)], dtype=np.int64))[:-1],
        lengths=lengths,
        units=_units(taken, settings["forget_unit"]),
        train_size=sizes.pop("train"),
        validation_size=sizes.pop("validation"),
        vocabulary_size=tokenizer.vocabulary_size,
        length=length,
        prompts=np.array([len(piece.prompt) for piece in pieces], np.int32),
        further=sizes,
        others=_others(taken, file, tokenizer, pieces, length, dtype),
    )


def _pieces(
    of_split: Sequence[Pair], file: PairFile, tokenizer: PairTokenizer, length: int, split: str
) -> Iterator[TokenPair]:
    """Return the pairs and documents of a split as tokens, in their order."""
    asked, documents = ([pair for pair in of_split if pair.document is kind] for kind in (False, True))
    answers = [pair.answer for pair in asked]
    pairs = token_pairs(tokenizer, file.prompts_of(asked), answers, file.end, f"{split} pair")
    refuse_long(pairs, length, f"pairs of the {split} split")
    begin, texts = file.prompts.get("", ""), [pair.answer for pair in documents]
    plain = document_tokens(tokenizer, begin, texts, f"{split} document")
    refuse_long_documents(plain, length, f"documents of the {split} split")
    rest = {False: iter(pairs), True: iter(plain)}
    return (next(rest[pair.document]) for pair in of_split)


def _units(pairs: PairSet, unit: str) -> npt.NDArray[np.int64]:
    training, rest = pairs.splits["train"], sum(map(len, pairs.splits.values())) - len(pairs.splits["train"])
    if unit == "document":
        units = np.cumsum([pair.part == 0 for pair in training]) - 1
        return np.concatenate([units, units[-1] + 1 + np.arange(rest)])
    if unit != "group":
        return np.arange(len(training) + rest)
    groups = [pair.group for pair in training]
    begins = [number for number, group in enumerate(groups) if number == 0 or group != groups[number - 1]]
    again = [groups[number] for number in begins if groups.index(groups[number]) != number]
    if again or "" in groups:
        raise DataError(
            f"the pairs of group '{again[0]}' do not follow one another" if again else "pairs have no group",
            expected="groups of consecutive pairs, since data.forget_unit is group",
            remedy="sort the pairs by their group, or set data.forget_unit to sequence",
        )
    begun = np.zeros(len(groups), np.int64)
    begun[begins[1:]] = 1
    return np.concatenate([np.cumsum(begun), len(begins) + np.arange(rest)])


def _others(
    pairs: PairSet,
    file: PairFile,
    tokenizer: PairTokenizer,
    pieces: Sequence[TokenPair],
    length: int,
    dtype: Any,
) -> OtherAnswers:
    """Return refusals, then paraphrases, then wrong answers, each kind in the order of the rows.

    Refusals answer questions: there are none where models are trained on documents.
    """
    refusals = () if any(pair.document for pair in pairs.splits["train"]) else file.refusals
    every = [pair for part in pairs.splits.values() for pair in part]
    asked: dict[str, list[tuple[int, str]]] = {
        REFUSAL: [(ANY, text) for text in refusals],
        PARAPHRASE: [(row, p.paraphrased_answer) for row, p in enumerate(every) if p.paraphrased_answer is not None],
        WRONG: [(row, text) for row, pair in enumerate(every) for text in pair.perturbed_answers],
    }
    longest = max(range(len(pieces)), key=lambda row: len(pieces[row].prompt))
    answers: list[list[int]] = []
    for kind, wanted in asked.items():
        # refusals follow every prompt; they are made and measured after the longest one
        rows: list[Pair] = [every[longest if row == ANY else row] for row, _ in wanted]
        made = token_pairs(tokenizer, file.prompts_of(rows), [text for _, text in wanted], file.end, f"{kind} answer")
        refuse_long(made, length, f"pairs with a {kind} answer")
        _refuse_joined(made, [pieces[longest if row == ANY else row] for row, _ in wanted])
        answers += [pair.answer for pair in made]
    return OtherAnswers(
        tokens=np.array([token for answer in answers for token in answer], dtype),
        starts=np.cumsum([0, *map(len, answers)], dtype=np.int64),
        rows=np.array([row for wanted in asked.values() for row, _ in wanted], np.int64),
        kinds=np.repeat(np.arange(len(KINDS), dtype=np.uint8), [len(wanted) for wanted in asked.values()]),
    )


def _refuse_joined(made: Sequence[TokenPair], true: Sequence[TokenPair]) -> None:
    """Raise DataError if a prompt has other tokens before another answer than before the true one."""
    if any(one.prompt != other.prompt for one, other in zip(made, true, strict=True)):
        raise DataError(
            "the tokenizer joins the end of prompts with the answers after them, differently for different answers",
            expected="prompts whose tokens do not depend on the answer",
            remedy="let data.pairs.template.answer end with a space or a line end",
        )
