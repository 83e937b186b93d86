"""From the margins of several files to populations on the same samples, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import MetricError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import SPLITS, Population
from unlearnkit.score.margin_table import MarginTable

Note = Callable[[str], None]
TRAINING = "train"
"""Split of samples of which a forget set says whether they are forgotten."""


class PartialPopulation(Population):
    """A population that need not have samples of every split: metrics have values for the splits that are there."""

    def present(self, splits: Sequence[str]) -> tuple[str, ...]:
        """Return those of `splits` that have a sample."""
        return tuple(name for name in splits if (self.split == name).any())


def populations(
    tables: Mapping[str, MarginTable], forget: NDArray[np.integer] | None, note: Note
) -> dict[str, Population]:
    """Return the populations of `tables`, by what they are, on the samples of "oracle", in its order.

    `forget` are the numbers of the forgotten training samples: other training samples are retained. Without it, splits
    are those that the oracles' file states, or all samples are the forget set. `note` is given what was done on the
    way. Raises MetricError if samples do not correspond, margins are not finite, or the floor is of the same models.
    """
    tables = {name: _placed(table, forget, note) for name, table in tables.items()}
    reference = tables["oracle"]
    if forget is None:
        _refuse_unknown_order([*tables.values()])
    split = _roles(reference, forget)
    if reference.numbers is None and reference.models > reference.samples:
        note(
            f"{reference.path} is taken for {reference.models} models on {reference.samples} samples: [models, samples]"
        )
    if reference.numbers is None and len(tables) > 1:
        note(f"{reference.path} does not number its samples: the samples of all files are taken in its order")
    found = {}
    for name, table in tables.items():
        upright = _upright(table, reference, note)
        if upright.numbers is None and reference.numbers is not None:
            note(f"{table.path} does not number its samples: they are taken in the order of {reference.path}")
        rows = _rows(upright, reference)
        margins = np.asarray(upright.margins)[:, rows]
        require_finite(margins, str(table.path))
        found[name] = PartialPopulation(margins, margins > 0, split)
    _require_others(found, tables, note)
    return found


def _refuse_unknown_order(tables: Sequence[MarginTable]) -> None:
    """Raise MetricError if folders have their samples by split, and other files in an order of their own."""
    by_split = [table for table in tables if table.positional and table.split is not None and len({*table.split}) > 1]
    plain = [table for table in tables if table.numbers is None]
    if by_split and plain:
        raise MetricError(
            f"{plain[0].path} does not number its samples, and {by_split[0].path} has those of each split apart: which "
            "is which is not known",
            expected="the numbers of the forgotten samples",
            remedy="state the forget set with --forget-set",
        )


def _require_others(sides: Mapping[str, Population], tables: Mapping[str, MarginTable], note: Note) -> None:
    """Raise MetricError if all models of the floor are among the oracles or the candidates; note what is in two."""
    models = {name: {row.tobytes() for row in side.margins} for name, side in sides.items()}
    for one, other in (("floor", "oracle"), ("floor", "candidate"), ("candidate", "oracle")):
        if one not in models or other not in models:
            continue
        shared = models[one] & models[other]
        if one == "floor" and shared == models[one]:
            raise MetricError(
                f"the models in {tables[one].path} are those in {tables[other].path}",
                expected="a floor of other oracles",
                remedy="give other oracles with --floor, or leave it out",
            )
        if shared:
            note(f"{len(shared)} of the models in {tables[one].path} are in {tables[other].path} as well")


def _placed(table: MarginTable, forget: NDArray[np.integer] | None, note: Note) -> MarginTable:
    """Return a table whose forget and retained samples have the numbers of training samples, in ascending order.

    Forget samples are taken in the order of the forget set, retained ones in ascending order, as EasyDUB has them.
    """
    if forget is None or table.split is None or not table.positional:
        return table
    inside, kept = table.split == "forget", table.split == "retain"
    training = inside.sum() + kept.sum()
    if inside.sum() != len(forget) or forget.max() >= training:
        raise MetricError(
            f"{table.path} has margins on {inside.sum()} forget samples and {kept.sum():,} retained ones, and the "
            f"forget set has {len(forget)} numbers up to {forget.max()}",
            expected="the forget set that these models were made for",
            remedy="correct --forget-set",
        )
    if (np.diff(forget) < 0).any():
        note(f"forget samples of {table.path} are taken in the order of the forget set, which is not ascending")
    numbers = np.array(table.numbers)
    numbers[inside], numbers[kept] = forget, np.setdiff1d(np.arange(training), forget)
    split = np.where(inside | kept, TRAINING, table.split)
    train = np.flatnonzero(split == TRAINING)
    order = np.concatenate([train[np.argsort(numbers[train])], np.flatnonzero(split != TRAINING)])
    return replace(table, margins=table.margins[:, order], split=split[order], numbers=numbers[order])


def _upright(table: MarginTable, reference: MarginTable, note: Note) -> MarginTable:
    if table.samples == reference.samples:
        return table
    if table.models == reference.samples and table.split is None and table.numbers is None:
        note(
            f"{table.path} holds [samples, models]: it is transposed, since {reference.path} has {table.models} samples"
        )
        return replace(table, margins=table.margins.T)
    raise MetricError(
        f"{table.path} has {table.samples} samples, but {reference.path} has {reference.samples}",
        expected="margins on the same samples",
        remedy=f"evaluate both on the same samples; {table.path} was read as {table.models} models",
    )


def _rows(table: MarginTable, reference: MarginTable) -> NDArray[np.intp]:
    """Return the row of `table` of every sample of `reference`; by position, unless both number their samples."""
    if table.numbers is None or reference.numbers is None:
        return np.arange(reference.samples)
    both = table.split is not None and reference.split is not None
    given, wanted = (_keys(each, both) for each in (table, reference))
    if len({*given}) < len(given) or {*given} != {*wanted}:
        lacking = [" ".join(map(str, key)).strip() for key in sorted({*wanted} - {*given})]
        raise MetricError(
            f"{table.path} and {reference.path} number other samples"
            + (f": {len(lacking)} are missing in the first, {lacking[0]} among them" if lacking else ""),
            expected="the same samples, each once",
            remedy="state the forget set with --forget-set" if _has_roles(table) != _has_roles(reference) else None,
        )
    place = {key: row for row, key in enumerate(given)}
    return np.array([place[key] for key in wanted])


def _keys(table: MarginTable, with_split: bool) -> list[tuple[str, int]]:
    assert table.numbers is not None  # who calls this has looked
    splits = table.split.tolist() if with_split and table.split is not None else [""] * table.samples
    return [*zip(map(str, splits), table.numbers.tolist(), strict=True)]


def _has_roles(table: MarginTable) -> bool:
    return table.split is not None and bool(np.isin(table.split, ("forget", "retain")).any())


def _roles(reference: MarginTable, forget: NDArray[np.integer] | None) -> NDArray[np.str_]:
    """Return the split of every sample: one of those that metrics know."""
    numbers = np.arange(reference.samples) if reference.numbers is None else reference.numbers
    stated = reference.split
    if stated is None and forget is None:
        return np.full(reference.samples, "forget")
    if stated is None:
        stated = np.full(reference.samples, TRAINING)
    if forget is not None:
        training = stated == TRAINING
        _refuse_beside(forget, reference, numbers[training])
        stated = np.where(training, np.where(np.isin(numbers, forget), "forget", "retain"), stated)
    unknown = stated[~np.isin(stated, SPLITS)]
    if len(unknown):
        raise MetricError(
            f"{reference.path} has samples of the split '{unknown[0]}'",
            expected=f"one of {', '.join(SPLITS)}",
            remedy="state the forget set with --forget-set" if unknown[0] == TRAINING else "correct the column split",
        )
    if not (stated == "forget").any():
        raise MetricError(f"{reference.path} has no sample of the forget set", expected="at least one")
    return np.asarray(stated, str)


def _refuse_beside(forget: NDArray[np.integer], reference: MarginTable, training: NDArray[np.integer]) -> None:
    if _has_roles(reference):
        raise MetricError(
            f"--forget-set is given, but {reference.path} itself states which samples are forgotten",
            expected=f"one of the two: a file without splits, or with the split {TRAINING}",
            remedy="leave --forget-set out",
        )
    if len(beyond := np.setdiff1d(forget, training)):
        raise MetricError(
            f"the forget set has sample {beyond[0]}, which is no training sample of {reference.path}",
            expected="numbers of its training samples",
        )
