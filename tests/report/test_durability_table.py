"""The table of attacks: values before and after, of oracles under the same attack, and what comes back beyond them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unlearnkit.report.durability import COLUMNS, Scored, costs_of, figure, markdown, rows
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

MARGIN = SimpleNamespace(
    HEADLINE="margin", STATISTIC="mean", MEASURES={"margin": {"unit": "nats", "direction": "match"}}
)
FORGET = {
    ("", "original"): [7.0, 8.0, 9.0],
    ("", "oracle"): [-5.0, -4.0, -3.0],
    ("", "hidden"): [-4.0, -5.0, -6.0],
    ("int4", "original"): [7.0, 8.0, 9.0],
    ("int4", "oracle"): [-5.0, -4.0, -6.0],
    ("int4", "hidden"): [6.0, 7.0, 8.0],
}
ATTACKS = {"int4": {"attack": "quantise", "bits": 4, "group": None}}


def summary(values: list[float], failed: int = 0) -> dict[str, Any]:
    mean = None if failed else float(np.mean(values))
    interval = (
        {"mean_models_low": None, "mean_models_high": None}
        if failed
        else {
            "mean_models_low": mean - 1,  # pyright: ignore
            "mean_models_high": mean + 1,  # pyright: ignore
        }
    )
    return {"mean": mean, **interval, "n_failed": failed, "n_models": 4}


def scored(attack: str, candidate: str, failed: int = 0) -> Scored:
    values = {"forget": FORGET[attack, candidate], "validation": [1.0, 2.0], "retain": [3.0]}
    summaries = {split: summary(own, failed) for split, own in values.items()}
    arrays = {split: np.array(own) for split, own in values.items()}
    return Scored(attack, "margin", MARGIN, "threes", candidate, summaries, arrays)


@pytest.fixture
def found() -> list[dict[str, Any]]:
    cost = {"passes": 3.0, "relative_passes": 0.25, "seconds": 0.5}
    return rows([scored(*key) for key in FORGET], {("int4", "threes", "hidden"): cost}, seed=0)


def test_what_comes_back_is_counted_beyond_what_comes_to_oracles(found: list[dict[str, Any]]) -> None:
    by = {(row["candidate"], row["split"]): row for row in found}
    assert {split for _, split in by} == {"forget", "validation"}
    hidden = by["hidden", "forget"]
    assert (hidden["before"], hidden["after"]) == (-5, 7)
    assert (hidden["oracle_before"], hidden["oracle_after"]) == (-4, -5)
    # 12 come back, and oracles lose 1
    assert hidden["more"] == pytest.approx(13) and hidden["more_low"] <= 13 <= hidden["more_high"]
    assert (hidden["before_low"], hidden["before_high"]) == (-6, -4)
    assert by["original", "forget"]["more"] == pytest.approx(1)
    assert by["oracle", "forget"]["more"] is None
    assert by["hidden", "validation"]["more"] == 0
    assert hidden["passes"] == 3 and by["original", "forget"]["passes"] is None
    assert [*hidden] == list(COLUMNS)


def test_the_table_says_what_was_done_what_it_cost_and_what_was_left_out(found: list[dict[str, Any]]) -> None:
    text = markdown(found, ATTACKS, ["sisa"])
    assert "| int4 | quantise | bits 4 | 3 | 0.2500 | 0.5000 |" in text
    assert "Not attacked: sisa." in text
    assert "### margin: mean of margin [nats, match]\n\nForget set threes" in text
    line = next(line for line in text.splitlines() if "| hidden |" in line and "forget" in line)
    cells = "| int4 | forget | hidden | -5.000 [-6.000, -4.000] | 7.000 [6.000, 8.000] | -4.000 | -5.000 | 13.000 ["
    assert line.startswith(cells)
    assert to_csv(found, COLUMNS).count("\n") == len(found) + 1


def test_failed_models_are_named_in_place_of_values() -> None:
    made = rows([scored(*key, failed=int(key == ("int4", "hidden"))) for key in FORGET], {}, seed=0)
    hidden = next(row for row in made if (row["candidate"], row["split"]) == ("hidden", "forget"))
    assert hidden["after"] is None and hidden["failed"] == "1 of 4 models failed"
    assert "1 of 4 models failed" in markdown(made, ATTACKS, [])


def test_without_oracles_nothing_is_compared_with_them() -> None:
    made = rows([scored(*key) for key in FORGET if key[1] != "oracle"], {}, seed=0)
    assert all(row["oracle_before"] is None and row["more"] is None for row in made)
    assert svg(figure(made))


def test_costs_are_relative_to_the_oracles_as_trained() -> None:
    def record(passes: float) -> dict[str, Any]:
        machine = {"processor": "one"}
        own = {"passes": {"2": passes}, "seconds": {"2": 1.0}, "stack_size": 1, "peak_memory_mb": 1.0}
        return {**own, "device": "CPU", "threads": 1, "machine": machine}

    found = costs_of({("", "threes", "oracle"): [record(400)], ("int4", "threes", "oracle"): [record(100)]})
    assert found.keys() == {("int4", "threes", "oracle")}
    assert found["int4", "threes", "oracle"]["relative_passes"] == 0.25


def test_the_figure_has_a_point_per_candidate_and_attack(found: list[dict[str, Any]]) -> None:
    axes = figure(found).axes
    drawn = [float(np.asarray(line.get_ydata())[0]) for line in axes[0].lines]
    assert sorted(drawn) == [-5, 7, 8, 8]  # hidden and original, before and after
    assert len(axes[0].collections) == 2  # oracles, before and after
    assert svg(figure(found)) == svg(figure(found))
