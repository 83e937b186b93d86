"""Is the configuration valid, and what does it describe?"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

from unlearnkit.doctor.case import OK, WARNING, Case, Finding


def examine(case: Case) -> Iterator[Finding]:
    """Yield what the configuration describes, and keep the experiment; raises ConfigError if it is wrong."""
    from unlearnkit.config.load import load_experiment
    from unlearnkit.config.models.exchanges import undecidable
    from unlearnkit.config.reading import read_configuration

    case.merged = read_configuration(case.configuration, case.arguments)
    case.experiment = experiment = load_experiment(case.merged)
    counts = (
        _counted(range(experiment.num_models), "model"),
        _counted(experiment.forget_sets, "forget set"),
        _counted(experiment.variants, "variant"),
        _counted(experiment.metric_settings, "metric"),
    )
    yield Finding(OK, f"experiment {experiment.experiment}: {', '.join(counts)}")
    yield from tuned_findings(experiment)
    yield from (Finding(WARNING, fact, remedy) for fact, remedy in undecidable(experiment))


def tuned_findings(experiment: Any) -> Iterator[Finding]:
    """Yield where variants were tuned: a warning if that is wherever they are reported."""
    for variant in experiment.variants:
        tuned = experiment.tuned_on(variant)
        names = ", ".join(tuned)
        if tuned and not {*experiment.forget_sets} - {*tuned}:
            yield Finding(
                WARNING,
                f"{variant} is tuned on all forget sets that it is reported on ({names}), so its values flatter it",
                "add a forget set that no search uses",
            )
        elif tuned:
            yield Finding(OK, f"{variant} is tuned on {names}; tables mark its values there")


def _counted(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}" + ("s" if len(things) != 1 else "")
