"""Learning curves: thinned out evenly, continued after an interruption, written with their types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit import layout
from unlearnkit.artifacts.curves import COLUMNS, write_curves
from unlearnkit.artifacts.tables import read_table
from unlearnkit.lineage.seeding import seeding
from unlearnkit.places import place_of, record_of
from unlearnkit.seeds import SCHEME, derive_seed
from unlearnkit.training.language.curves import POINTS, CurveRecorder


def recorded(recorder: CurveRecorder, steps: range) -> None:
    for step in steps:
        recorder.passed(10)
        if recorder.wants(step):
            recorder.note(step, loss=1 / step, lr=0.1)


@pytest.mark.parametrize("steps", [1, 2, 499, 500, 501, 1390, 100_000])
def test_points_are_evenly_spread(steps: int) -> None:
    recorder = CurveRecorder(steps, lambda: 0.0)
    recorded(recorder, range(1, steps + 1))
    curve = recorder.curve()
    assert curve["step"][0] == 1 and curve["step"][-1] == steps
    assert min(steps, POINTS // 2) <= len(curve["step"]) <= POINTS + 2
    inner = np.diff(curve["step"])[1:-1]
    assert not len(inner) or len(set(inner.tolist())) == 1
    assert np.array_equal(curve["tokens"], 10 * curve["step"])


def test_the_speed_is_that_since_the_point_before() -> None:
    times = iter([0.0, 2.0, 4.0, 14.0])
    recorder = CurveRecorder(3, lambda: next(times))
    recorded(recorder, range(1, 4))
    assert recorder.curve()["tokens_per_second"].tolist() == [5.0, 5.0, 1.0]


def test_an_interruption_costs_no_point_and_counts_as_no_time() -> None:
    first = CurveRecorder(1000, iter(range(5000)).__next__)
    recorded(first, range(1, 402))
    again = CurveRecorder(1000, iter(range(9000, 99000)).__next__, first.arrays())
    recorded(again, range(402, 1001))
    whole = CurveRecorder(1000, iter(range(5000)).__next__)
    recorded(whole, range(1, 1001))
    for name in COLUMNS[:-1]:
        assert np.array_equal(again.curve()[name], whole.curve()[name])
    # step 401 was not noted: its tokens belong to the time before
    assert set(again.curve()["tokens_per_second"][-200:-1]) == {20.0}
    assert again.curve()["tokens_per_second"][201] == 10.0


def test_a_curve_file(tmp_path: Path) -> None:
    curves = {}
    for model in (4, 5):
        recorder = CurveRecorder(3, iter(range(100)).__next__)
        recorded(recorder, range(1, 4))
        # what comes from a resume folder is in another order
        curves[model] = dict(sorted(recorder.curve().items(), reverse=model == 5))
    write_curves(tmp_path / "curves.parquet", curves)
    table, _ = read_table(tmp_path / "curves.parquet")
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("model", "int32"),
        ("step", "int32"),
        ("tokens", "int64"),
        ("loss", "double"),
        ("lr", "double"),
        ("tokens_per_second", "double"),
    ]
    assert table["model"].to_pylist() == [4, 4, 4, 5, 5, 5]
    assert table["step"].to_pylist() == [1, 2, 3] * 2
    assert table["loss"].to_pylist() == [1.0, 1 / 2, 1 / 3] * 2


def test_a_curve_file_has_a_place_and_a_record() -> None:
    path = layout.curves_of(layout.ORACLE).format(experiment="e", forget_set="f", shard="0000-0003")
    assert path == "results/e/oracle/f/0000-0003.curves.parquet"
    place = place_of(path.removeprefix("results/e/"))
    assert place and (place.stage, place.models) == ("curves", range(4))
    assert dict(place.wildcards) == {"population": "oracle", "forget_set": "f", "shard": "0000-0003"}
    assert record_of(path) == f"{path}.json"


def test_records_tell_the_seeds_that_training_draws_from() -> None:
    place = place_of("oracle/f/0000-0003.curves.parquet")
    assert place
    for paired, role in ((True, "original"), (False, "oracle")):
        recipe = {"paired": paired, "order": "shuffled", "forgotten": "refill"}
        seeds = seeding(place, {"settings": {"seed": 3, "training": recipe}, "seed_scheme": SCHEME})
        assert seeds
        assert (seeds["role"], seeds["models"]) == (role, [0, 3])
        assert seeds["first"] == {
            stage: derive_seed(3, role, 0, stage) for stage in ("initial_weights", "order/0", "refill/0")
        }
