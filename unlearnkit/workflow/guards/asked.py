"""What a command of Snakemake asks for, checked before anything is planned."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Asked:
    """What a command names: `targets`, and the rules or files of options such as --forcerun (`others`).

    `rules` are the names of all rules, `target_rules` of those without wildcards. `parameters_compared` says whether
    Snakemake makes files again whose parameters changed, as it does with all files for --forceall.
    """

    targets: Collection[str]
    others: Collection[str]
    rules: Collection[str]
    target_rules: Collection[str]
    parameters_compared: bool


def before_planning(workflow: Any, check: Callable[[Asked], None]) -> None:
    """Have `check` called with what a command asks for, before Snakemake's `workflow` plans or runs it.

    Snakemake has no such hook: it hands targets and options over between reading the Snakefile and `execute`.
    """
    execute = workflow.execute

    @functools.wraps(execute)
    def checked(*arguments: Any, executor_plugin: Any, **named: Any) -> Any:
        options, touch = workflow.dag_settings, getattr(executor_plugin.common_settings, "touch_exec", False)
        triggers = {trigger.name for trigger in options.rerun_triggers}
        first = getattr(workflow.scheduling_settings, "prioritytargets", ())
        check(
            Asked(
                targets=options.targets,
                others=[*options.forcerun, *options.until, *options.omit_from, *first],
                rules=[rule.name for rule in workflow.rules],
                target_rules=[rule.name for rule in workflow.rules if not rule.has_wildcards()],
                parameters_compared=("PARAMS" in triggers or options.forceall) and not touch,
            )
        )
        return execute(*arguments, executor_plugin=executor_plugin, **named)

    workflow.execute = checked
