"""What every worker of a study does: take up trials, run them and write how they ended, until there are enough."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from unlearnkit.facts.search_space import Space, draw
from unlearnkit.search.journal import Journal, close
from unlearnkit.search.presence import SILENT_SECONDS, Presence, described
from unlearnkit.search.trial import FAILED, Outcome

MOST_ATTEMPTS = 3
"""How often a trial is taken up before it counts as failed: its settings may end whatever process runs them."""

POLL_SECONDS = 0.2

Run = Callable[[Mapping[str, Any]], Outcome]
"""What runs a trial with the settings that were drawn."""


def work(
    journal: Journal,
    trials: int,
    spaces: Mapping[str, Space],
    settings: Mapping[str, Any],
    run: Run,
    presence: Presence,
    report: Callable[[str], None],
) -> None:
    """Run trials of a study until its first `trials` are finished, by this worker or by others.

    `settings` is the slice of the job. Trials of workers that died are taken up again.
    """
    with presence.shown():
        while any(not trial.state.is_finished() for trial in _first(journal, trials)):
            _put_back_abandoned(journal, presence, report)
            if trial := _taken(journal, trials):
                _attempt(journal, trial, spaces, settings, run, presence, report)
            else:
                time.sleep(POLL_SECONDS)


def _first(journal: Journal, trials: int) -> list[Any]:
    """Return the first `trials` trials; those that nobody has begun stand there as waiting ones."""
    begun = journal.trials()[:trials]
    return [*begun, *[optuna.trial.create_trial(state=TrialState.WAITING)] * (trials - len(begun))]


def _taken(journal: Journal, trials: int) -> optuna.Trial | None:
    """Return a trial that waits or a new one, None if all are finished or run elsewhere."""
    if not any(trial.state == TrialState.WAITING for trial in _first(journal, trials)):
        return None
    trial = journal.study.ask()
    if trial.number < trials:
        return trial
    # others have taken the last ones meanwhile; this one is for a larger number of trials
    journal.put_back(trial)
    return None


def _attempt(
    journal: Journal,
    trial: optuna.Trial,
    spaces: Mapping[str, Space],
    settings: Mapping[str, Any],
    run: Run,
    presence: Presence,
    report: Callable[[str], None],
) -> None:
    trial.set_user_attr("worker", presence.name)
    attempt = trial.user_attrs.get("attempts", 0) + 1
    trial.set_user_attr("attempts", attempt)
    quantiles = {name: trial.suggest_float(name, 0.0, 1.0) for name in spaces}
    drawn = draw(spaces, quantiles, settings["training_epochs"], settings["fixed"])
    if attempt > MOST_ATTEMPTS:
        died = f"the process that ran it ended without a word, {MOST_ATTEMPTS} times"
        outcome = Outcome(FAILED, {**settings["fixed"], **drawn}, died)
    else:
        outcome = run(drawn)
    close(journal, trial, outcome)
    report(f"trial {trial.number}: {outcome.reason or f'norm {outcome.norm:.4f}'}")


def _put_back_abandoned(journal: Journal, presence: Presence, report: Callable[[str], None]) -> None:
    """Let the trials wait whose workers are dead."""
    for trial in journal.trials():
        if trial.state == TrialState.RUNNING and _is_abandoned(trial, presence):
            ran = described(trial.user_attrs.get("worker"))
            report(f"trial {trial.number}: {ran}, which ran it, is gone; it is run again")
            journal.put_back(trial)


def _is_abandoned(trial: FrozenTrial, presence: Presence) -> bool:
    worker = trial.user_attrs.get("worker")
    if worker is not None:
        return presence.is_gone(worker)
    # its worker died, or is about to write its name
    begun = trial.datetime_start or datetime.datetime.min
    return (datetime.datetime.now() - begun).total_seconds() > SILENT_SECONDS
