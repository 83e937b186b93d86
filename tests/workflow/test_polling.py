"""The repaired status query of Snakemake's SLURM executor, with real commands that fail or answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as installed

from unlearnkit.errors import ConfigError
from unlearnkit.workflow.repairs.polling import Watch, refuse_without_slurm, repair_executor

LOGGER = logging.getLogger("polling")
query: Any = getattr(installed.query_job_status, "__wrapped__", installed.query_job_status)
"""The plugin's own query."""


def ask(asked: Any, command: str) -> Any:
    return asyncio.run(asked(command, LOGGER))


def test_the_plugin_still_needs_the_repair() -> None:
    assert ask(query, "false") == (None, None)
    assert ask(query, "echo '7|CANCELLED by 0'")[0] == {"7": "CANCELLED by 0"}


def test_no_answer_ends_no_job_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    patient = Watch().query(query)
    assert ask(patient, "false") == ({}, 0.0)
    assert ask(patient, "no-such-command --states=all") == ({}, 0.0)
    assert "SLURM does not answer (false failed)" in caplog.text
    assert "(no-such-command failed)" in caplog.text


def test_states_are_those_that_the_executor_knows() -> None:
    states, _ = ask(Watch().query(query), "printf '7|CANCELLED by 0\n8_1|RUNNING\n9|\n10|PREEMPTED\n'")
    assert states == {"7": "CANCELLED", "8_1": "RUNNING", "9": "", "10": "NODE_FAIL"}


def test_a_job_that_slurm_forgot_has_failed_after_a_while() -> None:
    now, failed = [0.0], []
    executor = SimpleNamespace(report_job_error=lambda job, msg: failed.append((job.external_jobid, msg)))
    active = [SimpleNamespace(external_jobid=number) for number in ("7", "8", "9_2")]
    watch = Watch(forgotten_after=100, clock=lambda: now[0])
    asked = watch.query(query)

    async def check(_: Any, jobs: Sequence[Any]) -> AsyncIterator[Any]:
        for job in jobs:
            yield job

    async def remaining(command: str) -> list[str]:
        await asked(command, LOGGER)
        return [job.external_jobid async for job in watch.check(check)(executor, active)]

    both = "printf '8|RUNNING\n9_[1-4]|PENDING\n'"
    assert asyncio.run(remaining(both)) == ["7", "8", "9_2"]
    now[0] = 99.0
    assert asyncio.run(remaining("printf '7|RUNNING\n8|RUNNING\n9_2|RUNNING\n'")) == ["7", "8", "9_2"]
    now[0] = 150.0
    assert asyncio.run(remaining(both)) == ["7", "8", "9_2"]  # missing anew
    now[0] = 300.0
    assert asyncio.run(remaining("false")) == ["7", "8", "9_2"]  # no answer says nothing
    assert failed == []
    assert asyncio.run(remaining(both)) == ["8", "9_2"]
    assert [number for number, _ in failed] == ["7"]
    assert "does not list job 7" in failed[0][1]


def test_the_executor_calls_what_is_repaired() -> None:
    check: Any = getattr(installed.Executor.check_active_jobs, "__wrapped__", installed.Executor.check_active_jobs)
    assert "query_job_status" in check.__code__.co_names


def test_a_repair_happens_once_and_only_to_this_executor() -> None:
    async def check_active_jobs(_: Any, jobs: Sequence[Any]) -> AsyncIterator[Any]:
        for job in jobs:
            yield job

    plugin = ModuleType("plugin")
    plugin.__dict__.update(
        query_job_status=query, Executor=type("Executor", (), {"check_active_jobs": check_active_jobs})
    )
    repair_executor(plugin)
    repaired = dict(vars(plugin))
    assert repaired["query_job_status"].__wrapped__ is query
    assert repaired["Executor"].check_active_jobs.__wrapped__ is check_active_jobs
    repair_executor(plugin)
    assert vars(plugin) == repaired
    repair_executor(None)
    repair_executor(other := ModuleType("other"))
    assert not hasattr(other, "query_job_status")


def test_a_cluster_without_programs_of_accounting_takes_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    own: dict[str, Any] = {name: getattr(installed, name) for name in ("get_account", "validate_account")}
    own = {name: getattr(function, "__wrapped__", function) for name, function in own.items()}
    plugin: Any = ModuleType("plugin")
    plugin.__dict__.update(own, query_job_status=query, Executor=type("Executor", (), {"check_active_jobs": query}))
    with pytest.raises(FileNotFoundError):  # the plugin still needs the repair
        plugin.get_account(LOGGER)
    repair_executor(plugin)
    assert plugin.get_account(LOGGER) is None
    assert plugin.validate_account("lab", LOGGER) == "lab"


def test_slurm_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="sbatch, squeue, scancel cannot be found here"):
        refuse_without_slurm()
    for name in ("sbatch", "squeue", "scancel"):
        (tmp_path / name).touch(mode=0o755)
    refuse_without_slurm()
