"""The journal of a study: which workers' trials are taken up again, what is refused, and what proposals depend on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest

from unlearnkit.errors import ArtifactError
from unlearnkit.facts.search_space import Uniform
from unlearnkit.search.journal import Journal, opened, rows_of
from unlearnkit.search.presence import Presence
from unlearnkit.search.sampling import sampler_of
from unlearnkit.search.trial import Outcome
from unlearnkit.search.worker import MOST_ATTEMPTS, work

KEY = "a" * 64
NAMES = ("first", "second")
SETTINGS = {"sampler": "nsga3", "population": 2, "seed": 0, "search": "own", "study": 0}
SPACES = {"x": Uniform(0.0, 1.0), "y": Uniform(0.0, 1.0)}


def quiet(text: str) -> None:
    """Report nothing."""


def run(drawn: Mapping[str, Any]) -> Outcome:
    return Outcome("complete", drawn, values=(drawn["x"] ** 2, (1 - drawn["x"]) ** 2 + drawn["y"]))


def worked(journal: Journal, trials: int, **changes: Any) -> list[dict[str, Any]]:
    settings = {"training_epochs": 1, "fixed": {}, **changes}
    work(journal, trials, SPACES, settings, run, Presence(journal.path.parent), quiet)
    return rows_of(journal, trials, NAMES)


def open_(folder: Path, key: str = KEY, **changes: Any) -> Any:
    return opened(folder / "own.journal", key, len(NAMES), sampler_of({**SETTINGS, **changes}))


@pytest.mark.parametrize("sampler", ["nsga3", "tpe", "random"])
def test_proposals_follow_from_the_number_of_the_trial_and_what_was_finished(sampler: str, tmp_path: Path) -> None:
    with open_(tmp_path / "whole", sampler=sampler) as journal:
        whole = worked(journal, 8)
    for trials in (3, 8):
        with open_(tmp_path / "parts", sampler=sampler) as journal:
            parts = worked(journal, trials)
    assert parts == whole


def test_other_seeds_searches_and_studies_draw_other_settings(tmp_path: Path) -> None:
    found = set()
    others: list[dict[str, Any]] = [{}, {"seed": 1}, {"search": "other"}, {"study": 1}]
    for number, changes in enumerate(others):
        with open_(tmp_path / str(number), **changes) as journal:
            found.add(json.dumps([row["settings"] for row in worked(journal, 2)]))
    assert len(found) == 4


def test_a_worker_that_died_while_it_drew_changes_nothing(tmp_path: Path) -> None:
    with open_(tmp_path / "whole") as journal:
        whole = worked(journal, 6)
    with open_(tmp_path / "broken") as journal:
        worked(journal, 4)
        trial = journal.study.ask()
        trial.set_user_attr("worker", json.dumps({"file": "gone", "process": None}))
        trial.suggest_float("x", 0.0, 1.0)
        assert worked(journal, 6) == whole


def test_a_trial_that_ends_every_process_counts_as_failed(tmp_path: Path) -> None:
    with open_(tmp_path) as journal:
        trial = journal.study.ask()
        trial.set_user_attr("worker", json.dumps({"file": "gone", "process": None}))
        trial.set_user_attr("attempts", MOST_ATTEMPTS)
        first, second = worked(journal, 2)
    assert (first["state"], first["reason"]) == ("failed", "the process that ran it ended without a word, 3 times")
    assert second["state"] == "complete"


def test_a_worker_elsewhere_is_dead_once_its_file_is_silent(tmp_path: Path) -> None:
    here, there = Presence(tmp_path, silent_seconds=60.0), Presence(tmp_path, silent_seconds=60.0)
    named = json.loads(there.name)
    elsewhere = json.dumps({**named, "process": {"host": "b", "system": "another", "pid": 1, "start": 1}})
    with there.shown():
        assert not here.is_gone(there.name)
        assert not here.is_gone(elsewhere)
        assert Presence(tmp_path, silent_seconds=-1.0).is_gone(elsewhere)
    assert here.is_gone(elsewhere)
    assert not here.is_gone(there.name), "its process still lives"
    assert here.is_gone(json.dumps({**named, "process": {**named["process"], "pid": 2**22 + 1}}))


def test_the_files_of_workers_that_were_killed_go(tmp_path: Path) -> None:
    named = json.loads(Presence(tmp_path).name)
    killed = {**named, "process": {**named["process"], "pid": 2**22 + 1}}
    (tmp_path / "killed.worker").write_text(json.dumps(killed))
    (tmp_path / "silent.worker").touch()
    os.utime(tmp_path / "silent.worker", (0, 0))
    with Presence(tmp_path).shown(), Presence(tmp_path).shown():
        assert len([*tmp_path.glob("*.worker")]) == 2
    assert not [*tmp_path.glob("*.worker")]


def test_a_trial_for_a_larger_number_waits_until_it_is_asked_for(tmp_path: Path) -> None:
    with open_(tmp_path / "whole") as journal:
        whole = worked(journal, 4)
    with open_(tmp_path / "parts") as journal:
        worked(journal, 2)
        journal.put_back(journal.study.ask())
        assert len(worked(journal, 2)) == 2
        assert journal.trials()[2].state == optuna.trial.TrialState.WAITING
        assert worked(journal, 4) == whole


def test_a_journal_of_another_study_or_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_(tmp_path) as journal:
        worked(journal, 1)
    with (
        pytest.raises(ArtifactError, match=f"holds the trials of another study \\({KEY[:16]}\\)"),
        open_(tmp_path, "b"),
    ):
        pass
    monkeypatch.setattr(optuna, "__version__", "5.1.0")
    refused = r"was begun with Optuna 5\.0\.0, and Optuna 5\.1\.0 may propose other settings; expected Optuna 5\.0\. "
    with pytest.raises(ArtifactError, match=refused), open_(tmp_path):
        pass


def test_entries_that_optuna_cannot_have_written_are_refused(tmp_path: Path) -> None:
    with open_(tmp_path) as journal:
        worked(journal, 2)
        path = journal.path
    entries = path.read_text().splitlines()
    for line in ("not JSON", '{"op_code": 4}', "[]"):
        path.write_text("\n".join([*entries[:3], line, *entries[3:]]) + "\n")
        with pytest.raises(ArtifactError, match=r"own\.journal is damaged; expected entries"), open_(tmp_path):
            pass


def test_a_finished_trial_without_its_entries_is_refused(tmp_path: Path) -> None:
    with open_(tmp_path) as journal:
        worked(journal, 2)
        path = journal.path
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"passes"' not in line))
    with open_(tmp_path) as journal, pytest.raises(ArtifactError, match=r"own\.journal is damaged; expected entries"):
        rows_of(journal, 2, NAMES)
