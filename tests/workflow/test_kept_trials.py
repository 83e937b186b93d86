"""Studies that a run only adds trials to: what keeps them, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unlearnkit.workflow.guards.studies import extended, kept_trials, replaced_beside

STUDY = "results/x/studies/ft/0.parquet"
DATA = "results/x/data/dataset.safetensors"
SETTINGS = {"search": "ft", "trials": 3, "budget": 0.2}


class Job:
    """What a job of Snakemake's states."""

    def __init__(self, outputs: list[str], inputs: list[str], settings: Mapping[str, Any], code: str = "c") -> None:
        self.output, self.input = outputs, inputs
        self.params = SimpleNamespace(settings=settings, code=code)


def record(path: str, **facts: Any) -> None:
    """Write an artifact and its record."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
    Path(f"{path}.json").write_text(json.dumps(facts))


@pytest.fixture(autouse=True)
def _finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study of three trials."""
    monkeypatch.chdir(tmp_path)
    record(DATA, sha256="d", settings={"name": "digits"}, code="c")
    record(STUDY, settings=SETTINGS, code="c", inputs={DATA: "d"})


def study(code: str = "c", **changes: Any) -> Job:
    return Job([STUDY, f"{STUDY}.json"], [DATA], {**SETTINGS, **changes}, code)


@pytest.mark.parametrize("trials", [5, 2])
def test_where_the_number_of_trials_alone_changes_they_stay(trials: int) -> None:
    job = study(trials=trials)
    assert kept_trials([job]) == {job: 3}
    assert extended([job]) == (
        f"Finished trials stay, and only missing ones are run: results/x/studies/ft/0.parquet (trials 3 -> {trials})."
    )
    assert replaced_beside([job]) == ""


@pytest.mark.parametrize("job", [study(trials=5, budget=0.4), study("other", trials=5), study("other")])
def test_a_study_with_other_settings_or_code_begins_again(job: Job) -> None:
    assert kept_trials([job]) == {}
    assert extended([job]) == ""
    assert "1 of studies" in replaced_beside([job])


def test_a_study_of_other_inputs_begins_again() -> None:
    job, making = study(trials=5), Job([DATA], [], {"name": "digits"})
    assert kept_trials([job, making]) == {}
    record(DATA, sha256="another")
    assert kept_trials([job]) == {}


def test_a_study_that_is_made_again_as_it_was_is_not_worth_a_word() -> None:
    job = study()
    assert kept_trials([job]) == {job: 3}
    assert extended([job]) == replaced_beside([job]) == ""
    Path(STUDY).unlink()
    assert kept_trials([job]) == {}
