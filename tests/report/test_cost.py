"""Costs, against arithmetic by hand."""

from __future__ import annotations

from typing import Any

import pytest

from unlearnkit.report.cost import cost_rows
from unlearnkit.report.tables import cost_markdown


def _record(passes: dict, seconds: dict, device: str = "CPU", **facts: Any) -> dict[str, Any]:
    machine = {"processor": "some"}
    usual = {"machine": machine, "threads": 1, "stack_size": 4, "peak_memory_mb": 500.0}
    return {"passes": passes, "seconds": seconds, "device": device, **usual, **facts}


def test_costs_are_relative_to_the_oracle_of_the_same_forget_set():
    # retraining: 12 epochs of 90 retain samples; the variant: 2 epochs of 90 with gradient and 90 forward passes at 1/3
    records = {
        ("few", "oracle"): [_record({"12": 1080.0}, {"12": 4.0})],
        ("few", "method"): [_record({"1": 90 + 30.0, "2": 2 * (90 + 30.0)}, {"1": 0.5, "2": 1.0})],
        ("many", "oracle"): [_record({"12": 600.0}, {"12": 2.0})],
        ("many", "method"): [_record({"2": 240.0}, {"2": 1.0})],
    }
    rows = {(row["forget_set"], row["candidate"], row["epoch"]): row for row in cost_rows(records)}
    assert rows["few", "oracle", 12]["relative_passes"] == 1
    assert rows["few", "method", 1]["relative_passes"] == pytest.approx(120 / 1080)
    assert rows["few", "method", 2]["relative_passes"] == pytest.approx(240 / 1080)
    assert rows["few", "method", 2]["relative_seconds"] == pytest.approx(1 / 4)
    assert rows["few", "method", 2]["rte_passes"] == pytest.approx(1080 / 240)
    assert rows["few", "method", 2]["rte_seconds"] == pytest.approx(4)
    assert (rows["few", "oracle", 12]["rte_passes"], rows["few", "oracle", 12]["rte_seconds"]) == (1, 1)
    assert rows["many", "method", 2]["relative_passes"] == pytest.approx(240 / 600)
    assert rows["many", "method", 2]["relative_seconds"] == pytest.approx(1 / 2)


def test_shards_are_averaged_and_their_devices_listed_once():
    records = {
        ("few", "oracle"): [
            _record({"12": 100.0}, {"12": 1.0}),
            _record({"12": 100.0}, {"12": 3.0}, "GPU", gpu_memory_mb=80.0),
        ],
        ("few", "method"): [_record({"1": 10.0}, {"1": 1.0}), _record({"1": 10.0}, {"1": 2.0})],
    }
    retraining, method = cost_rows(records)
    assert (retraining["seconds"], retraining["device"]) == (2.0, "CPU, GPU")
    assert (method["relative_passes"], method["seconds"]) == (pytest.approx(0.1), 1.5)
    assert (retraining["gpu_memory_mb"], method["gpu_memory_mb"]) == (80.0, None)


@pytest.mark.parametrize(
    "other", [{"stack_size": 1}, {"threads": 2}, {"device": "GPU"}, {"machine": {"processor": "another"}}]
)
def test_seconds_are_relative_only_to_an_oracle_that_ran_alike(other: dict[str, Any]):
    """The same fine-tuning took 0.040 s a model in a stack of 100 and 0.138 s alone."""
    records = {
        ("few", "oracle"): [_record({"12": 100.0}, {"12": 1.0})],
        ("few", "alike"): [_record({"1": 10.0}, {"1": 0.1})],
        ("few", "method"): [_record({"1": 10.0}, {"1": 0.5}, **other)],
    }
    _, alike, method = cost_rows(records)
    assert (alike["relative_seconds"], method["relative_seconds"]) == (pytest.approx(0.1), None)
    assert (alike["rte_seconds"], method["rte_seconds"]) == (pytest.approx(10), None)
    assert method["seconds"] == 0.5
    assert markdown_cells(cost_markdown([method]))[-6:-3] == ["0.5000", "", ""]


def test_passes_that_were_not_made_have_no_seconds():
    records = {
        ("few", "oracle"): [_record({"12": 100.0}, {"12": 1.0})],
        ("few", "sisa"): [_record({"0": 40.0}, {"0": None})],
    }
    _, sisa = cost_rows(records)
    assert (sisa["relative_passes"], sisa["seconds"], sisa["relative_seconds"]) == (0.4, None, None)


def test_a_method_that_costs_nothing_has_no_efficiency():
    records = {
        ("few", "oracle"): [_record({"12": 100.0}, {"12": 1.0})],
        ("few", "do_nothing"): [_record({"0": 0.0}, {"0": 0.0})],
    }
    _, nothing = cost_rows(records)
    assert (nothing["relative_passes"], nothing["relative_seconds"]) == (0, 0)
    assert nothing["rte_passes"] is nothing["rte_seconds"] is None


def markdown_cells(text: str) -> list[str]:
    """Return the cells of the last line of a Markdown table."""
    return [cell.strip() for cell in text.splitlines()[-1].strip("|").split("|")]
