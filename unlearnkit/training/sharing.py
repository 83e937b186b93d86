"""Whether the models of an unlearning job are unlearned by several processes, and if so by which code.

That code is loaded here and not imported, so it is in no fingerprint: it starts processes, which call `unlearn_shard`
with what the job itself would give it. A change of what they give it has to change something that is in a fingerprint.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from unlearnkit import registry
from unlearnkit.config.execution import Execution
from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.config.methods.stopping import StoppedSettings
from unlearnkit.training.shard import Worker

STARTING, PART = "unlearnkit.training.processes.starting", "unlearnkit.training.processes.unlearning_part"
PLAIN = {"dataset", "base", "forget_set", "originals", "settings_file", "partners", "tokenizer", "reader"}
"""Inputs of a job whose models several processes may unlearn."""


def shares_batches(method: str) -> bool:
    """Return whether several processes may share the batches of a method: those with the loop of `token_steps`."""
    return issubclass(registry.load("method", method).Settings, (LanguageSettings, StoppedSettings))


def unlearn_in_processes(
    inputs: Mapping[str, Any],
    settings: Mapping[str, Any],
    model: Mapping[str, Any],
    shard: str,
    execution: Execution,
    threads: int,
    worker: Worker,
) -> None:
    """Unlearn the models of a shard in `execution.processes` processes, into the resume folder of the job's worker.

    They share `threads`; `model` replaces that of `settings`. Does nothing, so that the job unlearns them itself, for
    one process, and if the method has no steps to share or reads other `inputs` (name -> path) than the data, a forget
    set, its partners, the tokenizer, files of an encoder and the originals. Raises TrainingError if a process fails;
    the others are ended.
    """
    if execution.processes == 1 or not shares_batches(settings["method"]):
        return
    if others := sorted({name for name, paths in inputs.items() if paths} - PLAIN):
        worker.report(f"in one process, since the job reads more than a forget set and originals: {', '.join(others)}")
        return
    if execution.sharding == "full":
        worker.report("each process holds the whole model: execution.sharding is for training alone")
    starting, entry = importlib.import_module(STARTING), importlib.import_module(PART)
    part = entry.UnlearningPart(
        dataset=inputs["dataset"],
        forget_set=inputs["forget_set"],
        originals=list(inputs["originals"]),
        settings={**settings, "model": model},
        shard=shard,
        partners=list(inputs.get("partners", ())),
        tokenizer=list(inputs.get("tokenizer", ())),
    )
    starting.run_in_processes(part, execution, threads, worker.resume, worker.report)
