"""Two repairs of Snakemake's records of jobs: of those that failed, and of those that one output has none of.

Snakemake (9.27) removes the outputs of a job that failed, and yet writes down that they were made with the present
parameters, code and inputs. The same command run again then finds nothing changed: a missing file between existing ones
is no reason to make it, so it ends with "Nothing to be done" and results of the former inputs. Here a job that failed
leaves the records as they were, so that what asked for it asks again.
"""

from __future__ import annotations

import copy
import functools
from typing import Any

_NEEDED = ("metadata", "cleanup_metadata", "_write_record", "_get_key")
"""What is called of Snakemake's records; where a version has something else, they are left to it."""


def repair_records(job_class: Any) -> None:
    """Repair Snakemake's class of jobs; nothing happens if it was done before."""
    postprocess = job_class.postprocess
    if hasattr(postprocess, "__wrapped__"):
        return

    @functools.wraps(postprocess)
    async def repaired(job: Any, *arguments: Any, error: bool = False, **named: Any) -> None:
        persistence = job.dag.workflow.persistence
        known = error and all(hasattr(persistence, name) for name in _NEEDED)
        before = {path: copy.deepcopy(persistence.metadata(path)) for path in job.output} if known else {}
        await postprocess(job, *arguments, error=error, **named)
        for path, record in before.items():
            persistence.cleanup_metadata(path)
            if record is not None:
                persistence._write_record(persistence._get_key(path), record)

    job_class.postprocess = repaired


def repair_comparison(persistence: Any) -> None:
    """Have jobs compared with the records of those outputs that have one.

    Snakemake compares nothing if one output has none: where a later version adds an output to a rule, it would take all
    that earlier ones made for up to date, whatever changed.
    """
    if hasattr(persistence, "has_metadata"):
        persistence.has_metadata = lambda self, job: any(self.metadata(path) is not None for path in job.output)
