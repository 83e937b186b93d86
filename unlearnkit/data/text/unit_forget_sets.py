"""Forget sets of text: whole forget units of the training split, as indices of their sequences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.config.forget_sets import units as config
from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.data.forget_sets import Indices, random_forget_set, score_forget_set
from unlearnkit.data.text.other_answers import AnyTokens
from unlearnkit.data.text.pair_file import read_pairs
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import DataError


def make_unit_forget_set(settings: config.TextForgetSet, text_set: TextSet, pairs: Path | None = None) -> Indices:
    """Return the sequences of a configured forget set, int64, ascending unless a file gives them in its own order.

    `pairs` is the file with the pairs that the sequences were made of.

    Raises DataError if the data set has no such units, a set of sequences cuts a unit in two, or its file is missing or
    damaged.
    """
    count = int(text_set.train_units[-1]) + 1
    match settings:
        case config.RandomUnitsForgetSet():
            among = count if settings.among is None else settings.among
            if among > count:
                raise _units_error(f"units are drawn among the first {among}", count)
            units = random_forget_set(among, settings.size, settings.seed)
        case config.UnitFileForgetSet():
            units = file_forget_set(Path(settings.file))
        case config.UnitScoresForgetSet():
            scores = read_scores(Path(settings.file))
            if len(scores) != count:
                raise _units_error(f"'{settings.file}' has {len(scores)} scores", count)
            units = score_forget_set(scores, settings.top, settings.bottom)
        case config.FileForgetSet():
            return _of_whole_units(file_forget_set(Path(settings.file), settings.sha256), text_set)
        case config.PairListForgetSet():
            assert pairs is not None
            return _of_whole_units(pair_list(pairs, settings.name), text_set)
    return sequences_of_units(units, text_set)


def sequences_of_units(units: npt.NDArray[np.integer], text_set: TextSet) -> Indices:
    """Return the training sequences of some forget units, ascending; raises DataError for units that do not exist."""
    count = int(text_set.train_units[-1]) + 1
    outside = np.setdiff1d(units, np.arange(count))
    if len(outside) or len(np.unique(units)) < len(units):
        fact = f"unit {outside[0]} is to be forgotten" if len(outside) else "a unit is listed twice"
        raise _units_error(fact, count)
    return np.flatnonzero(np.isin(text_set.train_units, units))


def pair_list(pairs: Path, name: str) -> Indices:
    """Return a forget list of pairs, ascending; raises DataError if there is none of this name."""
    lists = read_pairs(pairs).pairs.forget_lists
    if name not in lists:
        raise DataError(
            f"there is no forget list '{name}' of which all pairs are trained on",
            expected=f"one of {', '.join(lists)}" if lists else "a data set with forget lists",
            remedy="correct the name, or take the pairs of the list by data.train_size and data.pairs.first",
        )
    return np.sort(np.array(lists[name], np.int64))


def asked(text_set: TextSet) -> Iterator[AnyTokens]:
    """Yield what decides the targets of every sequence: the tokens of its prompt, or of a document all of them."""
    for question, sequence in zip(text_set.questions(), text_set.sequences(), strict=True):
        yield question if len(question) else sequence


def _of_whole_units(indices: Indices, text_set: TextSet) -> Indices:
    inside = indices[(indices >= 0) & (indices < text_set.train_size)]
    units = text_set.train_units[inside]
    missing = np.setdiff1d(np.flatnonzero(np.isin(text_set.train_units, units)), indices)
    if len(missing):
        raise DataError(
            f"a forget set holds part of unit {text_set.train_units[missing[0]]}, but not its sequence {missing[0]}",
            expected="whole forget units",
            remedy="add the sequence, or set data.forget_unit to sequence",
        )
    return indices


def _units_error(fact: str, count: int) -> DataError:
    return DataError(
        f"{fact}, but the training split has {count} forget units",
        expected=f"units 0 to {count - 1}, each once",
        remedy="correct the forget set or its file; data/units.parquet lists the units",
    )
