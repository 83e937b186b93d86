"""Studies as a job runs them: interrupted, extended, with several workers, and where nothing can be found."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from unlearnkit.errors import TrainingError
from unlearnkit.search import further_worker
from unlearnkit.search.study import Orders, run_study

OrdersOf = Callable[..., Orders]
END = r"worker 2 of 2 \(process (\d+)\) was ended by SIGKILL; the others go on without it"


def quiet(text: str) -> None:
    """Report nothing."""


def untimed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows without what differs between two runs of the same."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def with_trials(orders: Orders, trials: int) -> Orders:
    return replace(orders, settings={**orders.settings, "trials": trials})


@pytest.mark.slow
def test_a_study_that_was_killed_continues_as_if_it_had_not_been(orders_of: OrdersOf, tmp_path: Path) -> None:
    whole = run_study(orders_of(), 1, quiet)
    assert [row["state"] for row in whole] == ["complete"] * 5
    orders, lines = orders_of(), list[str]()
    (tmp_path / "kill").write_text(f"3 {further_worker.__name__}")
    with subprocess.Popen([sys.executable, "-m", further_worker.__name__], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin
        process.stdin.write(json.dumps(asdict(orders)) + "\n")
        process.stdin.flush()
        assert process.wait() == -signal.SIGKILL
    assert untimed(run_study(orders, 1, lines.append)) == untimed(whole)
    assert [line.split(":")[0] for line in lines] == ["trial 2", "trial 2", "trial 3", "trial 4"]


def test_more_trials_are_added_and_none_is_run_again(orders_of: OrdersOf) -> None:
    orders, lines = orders_of(), list[str]()
    first = run_study(with_trials(orders, 3), 1, quiet)
    assert run_study(with_trials(orders, 5), 1, lines.append)[:3] == first
    assert [line.split(":")[0] for line in lines] == ["trial 3", "trial 4"]
    assert run_study(with_trials(orders, 2), 1, quiet) == first[:2]
    assert untimed(run_study(orders_of(), 1, quiet)) == untimed(run_study(orders, 1, quiet))


def test_a_damaged_journal_and_more_trials_lose_nothing_that_was_finished(orders_of: OrdersOf) -> None:
    orders, lines = orders_of(), list[str]()
    first = run_study(with_trials(orders, 3), 1, quiet)
    entries = orders.journal.read_text().splitlines(keepends=True)
    orders.journal.write_text("".join([*entries[:5], "damaged\n", *entries[6:]]))
    assert run_study(with_trials(orders, 4), 1, lines.append)[:3] == first
    assert [line.split(":")[0] for line in lines] == [f"{orders.journal} is damaged", "trial 3"]


def test_one_of_two_workers_is_killed_and_nothing_is_lost(orders_of: OrdersOf, tmp_path: Path) -> None:
    order, lines = tmp_path / "kill", list[str]()
    order.write_text(f"1 {further_worker.__name__}")
    (tmp_path / "wait").write_text(str(order))
    rows = run_study(orders_of(), 2, lines.append)
    assert not order.exists()
    assert [row["number"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row["state"] for row in rows] == ["complete"] * 5
    (process,) = {found[1] for line in lines if (found := re.match(END, line))}
    assert [
        line for line in lines if re.search(rf"trial \d: process {process} on .+, which ran it, is gone; it is", line)
    ]


def test_a_search_of_which_every_trial_fails_ends_with_the_reasons(orders_of: OrdersOf, tmp_path: Path) -> None:
    (tmp_path / "fail").write_text("no such thing")
    orders = orders_of(trials=3)
    with pytest.raises(TrainingError, match=r"none of the 3 trials of searches\.own, study 0, is complete: 3 x Run"):
        run_study(orders, 1, quiet)
    (tmp_path / "fail").unlink()
    assert [row["state"] for row in run_study(with_trials(orders, 4), 1, quiet)] == [*["failed"] * 3, "complete"]


def test_trials_cost_no_more_than_the_budget(orders_of: OrdersOf) -> None:
    """Four epochs are one retraining of 4 x 190 samples; an epoch of the method costs 200."""
    most = [json.loads(row["settings"])["epochs"] for row in run_study(orders_of(budget=0.6), 1, quiet)]
    assert max(most) == 2
    with pytest.raises(TrainingError, match=r"5 x costs more than 0\.2 of retraining"):
        run_study(orders_of(budget=0.2), 1, quiet)


def test_models_that_diverge_are_a_failed_trial(orders_of: OrdersOf) -> None:
    space = {"lr": {"kind": "Choice", "values": [0.1, 1e30]}}
    rows = run_study(orders_of(trials=8, elsewhere=space), 1, quiet)
    found = {json.loads(row["settings"])["lr"]: (row["state"], row["reason"]) for row in rows}
    assert found[0.1] == ("complete", "")
    assert found[1e30] == ("failed", "FloatingPointError: 1 of 1 models diverged on tuning")
