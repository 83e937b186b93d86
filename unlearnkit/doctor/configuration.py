"""Is the configuration valid, and what does it describe?"""

from __future__ import annotations

from collections.abc import Iterator, Sized

from unlearnkit.doctor.case import OK, Case, Finding


def examine(case: Case) -> Iterator[Finding]:
    """Yield what the configuration describes, and keep the experiment; raises ConfigError if it is wrong."""
    from unlearnkit.config.load import load_experiment
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


def _counted(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}" + ("s" if len(things) != 1 else "")
