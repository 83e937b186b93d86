"""A small run: its jobs, and the forecast for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from unlearnkit.planning.basis import Basis
from unlearnkit.planning.missing import MissingJob, Slots
from unlearnkit.progress.forecast import Forecast

ForecastOf = Callable[..., Forecast]


@pytest.fixture(scope="session")
def forecast_for() -> ForecastOf:
    """A function that returns the forecast for jobs: number -> (rule, predicted seconds, what it needs)."""

    def make(
        jobs: Mapping[int, tuple[str, float, Sequence[int]]],
        cores: int = 1,
        basis: Basis = Basis.MEASURED,
        log: str = "",
    ) -> Forecast:
        made = {
            number: MissingJob(
                number=number,
                rule=rule,
                wildcards={},
                settings={},
                outputs={"it": f"results/tiny/{rule}/{number}"},
                threads=1,
                gpus=0,
                local=True,
                needs=frozenset(needs),
                log=log.format(number=number),
            )
            for number, (rule, _, needs) in jobs.items()
        }
        return Forecast(
            experiment="tiny",
            jobs=made,
            seconds={number: seconds for number, (_, seconds, _) in jobs.items()},
            basis=dict.fromkeys(made, basis),
            slots=Slots(cores, None, None, remote=False),
        )

    return make
