"""A repair of Snakemake's SLURM executor, which can wait for ever for jobs that have ended.

snakemake-executor-plugin-slurm asks SLURM for the state of all its jobs at once. Two answers it misreads (2.8.0):

- No answer at all, while slurmctld or slurmdbd is down or restarted. It forgets its jobs, and waits for them for ever
  (snakemake/snakemake-executor-plugin-slurm, issue 207). Here no answer means: nothing is known to have ended.
- "CANCELLED by 1000", as sacct says it. It looks for "CANCELLED", and takes the job to be running. Here a state is its
  first word.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

States = dict[str, str]
Query = Callable[[str, Any], Awaitable[tuple[States | None, float | None]]]
"""(command, logger) -> (job id -> state, seconds), or (None, None) if the command failed."""


def repair(plugin: ModuleType | None) -> None:
    """Let the plugin's status queries go through `patient`; nothing happens to a plugin without them, or twice."""
    query = getattr(plugin, "query_job_status", None)
    if query is not None and not hasattr(query, "__wrapped__"):
        setattr(plugin, "query_job_status", patient(query))  # noqa: B010


def patient(query: Query) -> Query:
    """Return a query that answers with no states where `query` fails, and with one word per state."""

    @functools.wraps(query)
    async def patient_query(command: str, logger: Any) -> tuple[States, float]:
        states, seconds = await query(command, logger)
        if states is None:
            tool = command.split(maxsplit=1)[0]
            logger.warning(f"SLURM does not answer ({tool} failed): jobs are left alone, and asked for again later.")
            return {}, 0.0
        return {job: state.split(maxsplit=1)[0] if state else state for job, state in states.items()}, seconds or 0.0

    return patient_query
