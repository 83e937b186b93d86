"""A study in Optuna's journal: opened, refused, extended, and read as rows.

The journal lies beside the study's table, in a folder that no rule declares, since Snakemake deletes declared outputs
before a job starts. Its name is a hash of all that trials depend on but their number: so more trials are added to it,
and other settings, code or inputs begin another one and leave it in place.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from unlearnkit.errors import ArtifactError, cannot_write, repair
from unlearnkit.layout import JOURNALS
from unlearnkit.search.sampling import SeededByTrial
from unlearnkit.search.trial import OVER_BUDGET, Outcome


@dataclass(frozen=True)
class Journal:
    """An open study: Optuna's, and the storage that it lies in."""

    path: Path
    study: optuna.Study
    storage: JournalStorage

    def trials(self) -> list[FrozenTrial]:
        """Return all trials, by number."""
        return self.study.get_trials(deepcopy=False)

    def put_back(self, trial: FrozenTrial | optuna.Trial) -> None:
        """Let a trial that was begun wait until a worker takes it up again, with the settings it has."""
        # without the name of its former worker, or others would take it for abandoned as soon as it is taken up
        self.storage.set_trial_user_attr(trial._trial_id, "worker", None)
        self.storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)


def journal_of(table: str, key: str) -> Path:
    """Return the path of the journal of a study by that of its table and its key."""
    return Path(f"{table}{JOURNALS}") / f"{key[:16]}.journal"


@contextmanager
def opened(path: Path, key: str, values: int, sampler: SeededByTrial) -> Iterator[Journal]:
    """Open or begin the study of a key, with so many values to minimise.

    Raises ArtifactError for a journal that is damaged, is of another study, or was begun with another version of
    Optuna, whose samplers may draw otherwise.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield _read(path, key, values, sampler)
        except json.JSONDecodeError:
            raise _damaged(path) from None
        except OSError as error:
            raise cannot_write(path, error) from None


def _read(path: Path, key: str, values: int, sampler: SeededByTrial) -> Journal:
    try:
        storage = JournalStorage(JournalFileBackend(str(path)))
        return Journal(path, _study(path, key, values, sampler, storage), storage)
    except (LookupError, TypeError, ValueError):  # what Optuna meets in entries that lack something
        raise _damaged(path) from None


def _damaged(path: Path) -> ArtifactError:
    return ArtifactError(
        f"{path} is damaged",
        expected="entries that Optuna wrote",
        remedy="give the same snakemake command again, which goes on with what is whole; if it ends in the same way, "
        f"run `rm {path}` before, so that its trials are run again",
    )


def _study(path: Path, key: str, values: int, sampler: SeededByTrial, storage: JournalStorage) -> optuna.Study:
    names = [study.study_name for study in storage.get_all_studies()]
    if names and key not in names:
        raise ArtifactError(
            f"{path} holds the trials of another study ({names[0][:16]})",
            expected=f"those of {key[:16]}: the same settings, code and inputs",
            remedy=repair(path),
        )
    study = optuna.create_study(
        storage=storage,
        study_name=key,
        directions=[StudyDirection.MINIMIZE] * values,
        sampler=sampler,
        load_if_exists=True,
    )
    begun = study.user_attrs.get("optuna")
    if begun is None:
        study.set_user_attr("optuna", optuna.__version__)
    elif _minor(begun) != _minor(optuna.__version__):
        raise ArtifactError(
            f"{path} was begun with Optuna {begun}, and Optuna {optuna.__version__} may propose other settings",
            expected=f"Optuna {_minor(begun)}",
            remedy=f"install that version, or run `rm {path}`, then the same snakemake command again, which runs "
            "all trials again",
        )
    return study


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def rows_of(journal: Journal, trials: int, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the first `trials` trials as rows: number, state, reason, norm, a column per value, cost and settings.

    Settings are JSON. Norm and values are NaN for trials without any. Raises ArtifactError if entries are missing.
    """
    try:
        return [_row(trial, names) for trial in journal.trials()[:trials]]
    except KeyError:
        raise _damaged(journal.path) from None


def _row(trial: FrozenTrial, names: tuple[str, ...]) -> dict[str, Any]:
    facts = trial.user_attrs
    values = trial.values if trial.state == TrialState.COMPLETE else [math.nan] * len(names)
    return {
        "number": trial.number,
        "state": facts["state"],
        "reason": facts["reason"],
        "norm": math.hypot(*values),
        **dict(zip(names, values, strict=True)),
        "passes": facts["passes"],
        "seconds": facts["seconds"],
        "settings": json.dumps(facts["settings"]),
    }


def close(journal: Journal, trial: optuna.Trial, outcome: Outcome) -> None:
    """Write how a trial ended; nothing if another worker has finished it meanwhile."""
    facts: Mapping[str, Any] = {
        "state": outcome.state,
        "reason": outcome.reason,
        "settings": dict(outcome.settings),
        "passes": outcome.passes,
        "seconds": outcome.seconds,
    }
    try:
        for name, value in facts.items():
            trial.set_user_attr(name, value)
        if outcome.values:
            journal.study.tell(trial, outcome.values)
        else:
            ended = TrialState.PRUNED if outcome.state == OVER_BUDGET else TrialState.FAIL
            journal.study.tell(trial, state=ended)
    except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
        if not journal.trials()[trial.number].state.is_finished():
            raise
