"""Margins of a published pool, fetched from the hub: oracles of a forget set, and originals, as score compares them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import ConfigError, DataError, HubError, renamed, suggest
from unlearnkit.facts.easydub import SETS
from unlearnkit.facts.layouts import LAYOUTS
from unlearnkit.facts.layouts.pieces import Piece
from unlearnkit.facts.pools import POOLS, NamedPool
from unlearnkit.hub.repository import Repository, current_commit, kept_commits
from unlearnkit.metrics.distribution.lacking import NOT_TESTED, OPEN, require_lacking
from unlearnkit.metrics.population import Population
from unlearnkit.score.arrays import array_in
from unlearnkit.score.margin_files import read_forget_set
from unlearnkit.score.margin_folders import of_splits, stacked
from unlearnkit.score.margin_table import MarginTable

Report = Callable[[str], None]
UNKNOWN = {
    NOT_TESTED: "was not tested, since there is one model of a kind",
    OPEN: "cannot be decided from these margins: few models, or a forget set of another kind than the retained samples",
}
"""Verdict on the oracles of a pool that leaves open whether they lack their forget set -> the end of a sentence."""


@dataclass(frozen=True, eq=False)
class PoolMargins:
    """What was fetched.

    commit      of the repository, 40 hexadecimal digits
    place       repository, its first digits, and the forget set
    forget_set  numbers of the forgotten training samples, in the order of the pool's columns
    tables      "oracle" and "original"
    """

    commit: str
    place: str
    forget_set: NDArray[np.int64]
    tables: dict[str, MarginTable]


def read_pool(name: str, number: str, revision: str | None, models: int, report: Report) -> PoolMargins:
    """Return the margins of the first `models` originals and of twice as many oracles, or of as many as there are.

    `number` is that of the forget set, `revision` a commit, branch or tag, None for what `main` names now; `report` is
    given lines of progress, and what is remarkable. Raises ConfigError for a name or a number that there is not,
    HubError for what cannot be fetched, and DataError for files that are not what the pool states.
    """
    if name not in POOLS:
        raise ConfigError(f"there is no pool '{name}'", remedy=suggest(name, POOLS))
    pool = POOLS[name]
    known = LAYOUTS[pool.layout].FORGET_SETS[pool.names.data_set]
    if not number.isdecimal() or int(number) not in known:
        raise ConfigError(
            f"--forget-set is '{number}', and the pool {name} has none of that number",
            expected=f"a number from {known[0]} to {known[-1]}, since oracles lack a forget set of the pool",
        )
    commit = _commit(pool.repository, revision)
    reader = _Reader(pool, LAYOUTS[pool.layout], Repository(pool.repository, commit), report)
    return PoolMargins(
        commit,
        place=f"{pool.repository} at {commit[:12]}, forget set {number}",
        forget_set=reader.in_order(int(number), reader.forget_set(int(number))),
        tables={"oracle": reader.table(int(number), 2 * models), "original": reader.table(None, models)},
    )


def tested(sides: Mapping[str, Population], place: str, note: Report) -> str:
    """Return what margins of its originals say about the oracles of a pool: do they lack the forget set?

    `note` is given a line where that is not known. Raises DataError if they were trained on it.
    """
    original, oracle = sides["original"], sides["oracle"]
    try:
        found = require_lacking(original.margins, oracle.margins, oracle.split, place.rpartition(" ")[2], place)
    except DataError as error:
        raise DataError(
            error.fact,
            expected=error.expected,
            remedy="name a commit with oracles that lack it (--revision); EasyDUB's of before May 2025 do not",
        ) from None
    verdict = str(found["verdict"])
    if verdict in UNKNOWN:
        note(f"whether the oracles of {place} lack it {UNKNOWN[verdict]}")
    return verdict


def _commit(repository: str, revision: str | None) -> str:
    if revision and len(revision) == 40:
        return revision
    try:
        return current_commit(repository, revision or "main")
    except HubError as error:
        if not (kept := kept_commits(repository)):
            raise
        raise HubError(error.fact, remedy=f"state a commit that is in the cache: --revision {kept[0]}") from None


@dataclass(frozen=True)
class _Reader:
    pool: NamedPool
    layout: ModuleType
    repository: Repository
    report: Report

    def arrays(self, paths: Sequence[str]) -> list[NDArray[Any]]:
        """Return the arrays in files."""
        return [self._read(path, file, array_in) for path, file in self._fetched(paths)]

    def _fetched(self, paths: Sequence[str]) -> Iterable[tuple[str, Path]]:
        return zip(paths, self.repository.fetch_all(paths, self.report), strict=True)

    def _read(self, path: str, file: Path, read: Callable[[Path], NDArray[Any]]) -> NDArray[Any]:
        """Return what `read` returns; what is wrong with the file is said of its name in the repository."""
        with renamed(str(file), f"{self.pool.repository}/{path}"):
            return read(file)

    def forget_set(self, number: int) -> NDArray[np.int64]:
        """Return the indices of a forget set; those of the documented size, or DataError is raised."""
        path = self.layout.forget_set(self.pool.names, number)
        found = self._read(path, self.repository.fetch(path, self.report), read_forget_set)
        stated = SETS[f"{self.pool.names.data_set}/{number}"].size
        if len(found) != stated or found.min() < 0 or found.max() >= self.pool.train:
            raise DataError(
                f"{self.pool.repository}/{path} has {len(found)} indices from {found.min()} to {found.max()}",
                expected=f"{stated} of 0..{self.pool.train - 1}, as the publisher's code has them",
                remedy="name another commit with --revision",
            )
        return found

    def table(self, number: int | None, count: int) -> MarginTable:
        """Return the margins of the first `count` models, or of all if there are less."""
        most = self.layout.MODELS[self.pool.names.data_set]
        by_rows: dict[str, list[Piece]] = defaultdict(list)
        for piece in self.layout.margins(self.pool.names, number, range(min(count, most))):
            by_rows[piece.rows].append(piece)
        folders = [Path(piece.path).parent for of_rows in by_rows.values() for piece in of_rows]
        title = Path(self.pool.repository, os.path.commonpath(folders))
        table = of_splits(title, {rows: self._part(of_rows)[:count] for rows, of_rows in by_rows.items()})
        self._require_samples(table)
        if table.models < count:
            self.report(f"{title} has {table.models} models; {count} would be compared")
        return table

    def _require_samples(self, table: MarginTable) -> None:
        validation = int((table.split == "validation").sum())
        if (table.samples - validation, validation) != (self.pool.train, self.pool.validation):
            raise DataError(
                f"{table.path} has margins on {table.samples - validation:,} training and {validation:,} validation "
                "samples",
                expected=f"{self.pool.train:,} and {self.pool.validation:,}",
                remedy="name another commit with --revision",
            )

    def _part(self, pieces: Sequence[Piece]) -> NDArray[Any]:
        arrays = self.arrays([piece.path for piece in pieces])
        return arrays[0] if pieces[0].model is None else stacked(arrays, [Path(piece.path) for piece in pieces])

    def in_order(self, number: int, forget: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the forget set in the order of its columns: of an original, those are among all training samples."""
        pieces = self.layout.order(self.pool.names, number)
        if not pieces or (np.diff(forget) > 0).all():
            return forget
        arrays = self.arrays([piece.path for piece in pieces])
        everything, columns = arrays
        for order in (forget, np.sort(forget)):
            if len(columns) == len(order) and np.allclose(everything[order], columns, rtol=1e-3, atol=1e-3):
                return order
        raise DataError(
            f"it is unknown which columns of {self.pool.repository} are which samples of forget set {number}: "
            "original 0 has other margins on them than among all training samples",
            expected="the order of the index file, or an ascending one",
            remedy="name another commit with --revision",
        )
