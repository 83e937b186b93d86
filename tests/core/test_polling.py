"""The repaired status query of Snakemake's SLURM executor, with real commands that fail or answer."""

from __future__ import annotations

import asyncio
import logging
from types import ModuleType

import pytest
import snakemake_executor_plugin_slurm as installed

from unlearnkit.polling import repair


@pytest.fixture
def plugin() -> ModuleType:
    """A module with the installed plugin's own query, so that the repair does not reach other tests."""
    module = ModuleType("plugin")
    query = installed.query_job_status
    module.query_job_status = getattr(query, "__wrapped__", query)  # pyright: ignore[reportAttributeAccessIssue]
    return module


def ask(plugin: ModuleType, command: str) -> tuple[dict[str, str] | None, float | None]:
    return asyncio.run(plugin.query_job_status(command, logging.getLogger("polling")))


def test_the_plugin_still_needs_the_repair(plugin: ModuleType) -> None:
    assert ask(plugin, "false") == (None, None)
    assert ask(plugin, "echo '7|CANCELLED by 0'")[0] == {"7": "CANCELLED by 0"}


def test_no_answer_ends_no_job_and_is_told(plugin: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    repair(plugin)
    assert ask(plugin, "false") == ({}, 0.0)
    assert ask(plugin, "no-such-command --states=all") == ({}, 0.0)
    assert "SLURM does not answer (false failed)" in caplog.text
    assert "(no-such-command failed)" in caplog.text


def test_a_state_is_its_first_word(plugin: ModuleType) -> None:
    repair(plugin)
    states, seconds = ask(plugin, "printf '7|CANCELLED by 0\n8_1|RUNNING\n9|\n'")
    assert states == {"7": "CANCELLED", "8_1": "RUNNING", "9": ""}
    assert seconds is not None


def test_a_repair_happens_once(plugin: ModuleType) -> None:
    repair(plugin)
    once = plugin.query_job_status
    repair(plugin)
    assert plugin.query_job_status is once


def test_other_executors_are_left_alone() -> None:
    repair(None)
    repair(empty := ModuleType("empty"))
    assert not hasattr(empty, "query_job_status")


def test_the_executor_calls_the_query_by_the_name_that_is_repaired() -> None:
    assert "query_job_status" in installed.Executor.check_active_jobs.__code__.co_names
