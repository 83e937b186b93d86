"""A study: its trials run by this process and, if there are to be several workers, by others beside it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from unlearnkit.errors import TrainingError
from unlearnkit.facts.search_space import spaces_from
from unlearnkit.search.bench import Inputs, bench_of
from unlearnkit.search.journal import journal_of, opened, rows_of
from unlearnkit.search.mending import keep_copy, mend
from unlearnkit.search.presence import Presence
from unlearnkit.search.processes import further_worker
from unlearnkit.search.sampling import sampler_of
from unlearnkit.search.trial import COMPLETE, run_trial
from unlearnkit.search.worker import work

Row = dict[str, Any]


@dataclass(frozen=True)
class Orders:
    """What a worker of a study is given: paths, the key of its journal, the slice of its job, how jobs run, threads."""

    inputs: Inputs
    table: str
    key: str
    settings: Mapping[str, Any]
    execution: Mapping[str, Any]
    threads: int

    @property
    def journal(self) -> Path:
        """The journal of the study."""
        return journal_of(self.table, self.key)


def run_study(
    orders: Orders,
    workers: int,
    report: Callable[[str], None],
    state: Callable[..., None] = lambda **_: None,
) -> list[Row]:
    """Run the trials of a study that are not finished yet, and return all as rows; `state` receives the models' shape.

    Raises TrainingError if none is complete, ArtifactError as `opened` and `bench_of` do.
    """
    mend(orders.journal, report)
    with contextlib.ExitStack() as stack:
        for number in range(2, workers + 1):
            stack.enter_context(further_worker(asdict(orders), f"worker {number} of {workers}", report))
        rows = take_part(orders, report, state)
    keep_copy(orders.journal)
    if not any(row["state"] == COMPLETE for row in rows):
        raise _nothing_found(orders, rows)
    return rows


def take_part(
    orders: Orders, report: Callable[[str], None], state: Callable[..., None] = lambda **_: None
) -> list[Row]:
    """Work on a study until it is finished, and return its trials as rows."""
    settings = orders.settings
    first = settings["study"] * settings["models"]
    models = range(first, first + settings["models"])
    bench = bench_of(orders.inputs, settings, models, execution=orders.execution, threads=orders.threads)
    state(**bench.task.architecture.shape)
    spaces = spaces_from(bench.method.Settings.search(), settings["elsewhere"], settings["fixed"])
    names = bench.objective.NAMES
    with opened(orders.journal, orders.key, len(names), sampler_of(settings)) as journal:
        run = partial(run_trial, bench, settings["study"])
        presence = Presence(orders.journal.parent)
        work(journal, settings["trials"], spaces, settings, run, presence, report)
        return rows_of(journal, settings["trials"], names)


def _nothing_found(orders: Orders, rows: list[Row]) -> TrainingError:
    settings = orders.settings
    search = f"searches.{settings['search']}"
    reasons = Counter(row["reason"] for row in rows).most_common(3)
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons)
    return TrainingError(
        f"none of the {len(rows)} trials of {search}, study {settings['study']}, is complete: {listed}",
        expected=f"settings with which {settings['method']} runs",
        remedy=f"narrow {search}.space, raise its budget or correct the method; if the machine was at fault, run "
        f"`rm {orders.journal}`, then the same snakemake command again",
    )
