"""Costs, against arithmetic by hand."""

from __future__ import annotations

import pytest

from unlearnkit.report.cost import cost_rows


def _record(passes: dict[str, float], seconds: dict[str, float], device: str = "CPU") -> dict:
    return {"passes": passes, "seconds": seconds, "device": device}


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
    assert rows["many", "method", 2]["relative_passes"] == pytest.approx(240 / 600)
    assert rows["many", "method", 2]["relative_seconds"] == pytest.approx(1 / 2)


def test_shards_are_averaged_and_their_devices_listed_once():
    records = {
        ("few", "oracle"): [_record({"12": 100.0}, {"12": 1.0}), _record({"12": 100.0}, {"12": 3.0}, "GPU")],
        ("few", "method"): [_record({"1": 10.0}, {"1": 1.0}), _record({"1": 10.0}, {"1": 2.0})],
    }
    retraining, method = cost_rows(records)
    assert (retraining["seconds"], retraining["device"]) == (2.0, "CPU, GPU")
    assert (method["relative_passes"], method["relative_seconds"]) == (pytest.approx(0.1), pytest.approx(0.75))
