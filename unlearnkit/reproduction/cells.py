"""A cell of a table: what names it, what has to be computed for it, and its values in two tables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.artifacts.tables import read_table
from unlearnkit.declarations import declarations
from unlearnkit.errors import ArtifactError, suggest
from unlearnkit.registry import locate
from unlearnkit.reproduction.sources import Source

STATISTICS = ("mean", "median", "p95", "p99", "max", "min", "sd")
Row = dict[str, Any]


@dataclass(frozen=True)
class Value:
    """A value of a cell: what it is, the published one and the one that was computed again, and if it is to be shown.

    None is no value.
    """

    what: str
    published: float | None
    computed: float | None
    shown: bool = True

    @property
    def differs(self) -> bool:
        """Whether the two are not the same number; two that are undefined are the same."""
        return _number(self.published) != _number(self.computed)

    def __str__(self) -> str:
        text = f"{self.what}: published {self.published}, computed {self.computed}"
        if not self.differs:
            return text
        first, second = _number(self.published), _number(self.computed)
        return f"{text}: differs" + ("" if first is None or second is None else f" by {abs(first - second):.3g}")


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


@dataclass(frozen=True)
class Cell:
    """Rows of the table of a metric: one forget set and candidate, perhaps one split; a statistic of them."""

    metric: str
    forget_set: str
    candidate: str
    split: str = ""
    statistic: str = ""

    @classmethod
    def named(cls, text: str) -> Cell:
        """Return the cell metric/forget_set/candidate[/split[/statistic]]; raises ArtifactError for another form."""
        parts = text.split("/")
        if not 3 <= len(parts) <= 5 or not all(parts):
            raise ArtifactError(
                f"--cell {text} names no cell",
                expected="metric/forget_set/candidate[/split[/statistic]], as klom/nines/scrub/forget/p95",
            )
        if len(parts) == 5 and parts[4] not in STATISTICS:
            raise ArtifactError(f"--cell {text}: no statistic '{parts[4]}'", remedy=suggest(parts[4], STATISTICS))
        return cls(*parts)

    @property
    def table(self) -> str:
        """Name of the table."""
        return f"tables/{self.metric}.parquet"

    @property
    def summary(self) -> str:
        """Name of the file with the values of the candidate, which the rows of the table are made of."""
        names = {"metric": self.metric, "forget_set": self.forget_set, "candidate": self.candidate}
        return layout.SUMMARY.removeprefix(f"{layout.ROOT}/").format(**names)

    def rows(self, path: Path) -> list[Row]:
        """Return the rows of a table or summary that belong to the cell, at the last epoch.

        Raises ArtifactError, suggesting a name, if there are none.
        """
        rows = [row for row in read_table(path)[0].to_pylist() if row["metric"] == self.metric]
        for column in ("forget_set", "candidate", "split"):
            if not (wanted := getattr(self, column)):
                continue
            known = dict.fromkeys(row[column] for row in rows)
            if wanted not in known:
                raise ArtifactError(f"{path.name} has no {column} '{wanted}'", remedy=suggest(wanted, known))
            rows = [row for row in rows if row[column] == wanted]
        last = max(row["epoch"] for row in rows)
        return [row for row in rows if row["epoch"] == last]

    def values(self, published: Path, computed: Path) -> Iterator[Value]:
        """Yield the values of the cell: its statistic, or all numbers of its rows, the metric's own first.

        A row that only one of the two files has is a value that the other lacks.
        """
        theirs, ours = ({(row["measure"], row["split"]): row for row in self.rows(p)} for p in (published, computed))
        statistic = self.statistic or declarations(locate("metric", self.metric)).STATISTIC
        for key in dict.fromkeys((*theirs, *ours)):
            first, second = theirs.get(key, {}), ours.get(key, {})
            shared = [
                k for k in first if k in second and not isinstance(first[k], str) and not isinstance(second[k], str)
            ]
            for name in [statistic] if self.statistic else dict.fromkeys((statistic, *shared)):
                yield Value(f"{key[0]} {key[1]} {name}", first.get(name), second.get(name), name == statistic)


def refuse_unknown(cell: Cell, source: Source) -> None:
    """Raise ArtifactError, suggesting a name, if what was published has no such cell."""
    tables = [name for name in source.names() if name.startswith("tables/") and name.endswith(".parquet")]
    if cell.table not in tables:
        known = {Path(name).stem for name in tables} - {"cost"}
        raise ArtifactError(f"{source.title} has no table of {cell.metric}", remedy=suggest(cell.metric, known))
    cell.rows(source.file(cell.table))
