"""Retention: hand-computed ratios of paired models, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.errors import MetricError
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.summary import summarise
from unlearnkit.metrics.utility import retention as module
from unlearnkit.metrics.utility.retention import retention_deviation, sape

SPLIT = np.array(["forget", "forget", "retain", "retain", "retain", "retain", "validation", "validation"])
TESTED = np.array([*SPLIT[:-1], "test"])


def models(*correct: str, split: np.ndarray = SPLIT) -> Population:
    """A model per text of a digit per sample, 1 where it is right."""
    right = np.array([[digit == "1" for digit in text.replace(" ", "")] for text in correct])
    return Population(np.where(right, 1.0, -1.0), right, split)


ORACLES = models("10 1111 11", "11 1110 10")
UNLEARNED = models("11 1110 10", "10 1100 11")


def scored(candidate: Population, oracle: Population, **settings: Any) -> dict[str, dict[str, np.ndarray]]:
    own = module.Settings.model_validate(settings)
    return module.score(candidate, oracle, settings=own, rng=np.random.default_rng(0))


def summary_of(candidate: Population, oracle: Population) -> list[dict[str, Any]]:
    return summarise(
        module.score,
        candidate,
        oracle,
        settings=module.Settings.model_validate({}),
        measures=module.MEASURES,
        axis=module.AXIS,
        rng=np.random.default_rng(0),
    ).rows


def test_values_are_those_by_hand() -> None:
    values = scored(UNLEARNED, ORACLES)
    assert {name: own.tolist() for name, own in values["accuracy"].items()} == {
        "forget": [1.0, 0.5],
        "retain": [0.75, 0.5],
        "validation": [0.5, 1.0],
    }
    assert values["retention"]["forget"].tolist() == [2.0, 0.5]
    assert values["retention"]["retain"] == pytest.approx([0.75, 2 / 3])
    assert values["retention"]["validation"].tolist() == [0.5, 2.0]
    assert values["retention_deviation"]["all"] == pytest.approx([1 + 0.25 + 0.5, 0.5 + 1 / 3 + 1])
    assert values["sape"]["forget"] == pytest.approx([100 / 3, 100 / 3])
    assert values["sape"]["retain"] == pytest.approx([100 / 7, 20])


def test_test_samples_stand_in_the_deviation_where_there_are_any() -> None:
    values = scored(models("10 1111 01", split=TESTED), models("10 1111 11", split=TESTED))
    assert values["retention"]["validation"].tolist() == [0.0] and values["retention"]["test"].tolist() == [1.0]
    assert values["retention_deviation"]["all"].tolist() == [0.0]


def test_models_like_their_oracles_deviate_by_nothing_and_their_order_matters() -> None:
    values = scored(ORACLES, ORACLES)
    assert values["retention_deviation"]["all"].tolist() == [0.0, 0.0]
    assert {tuple(own) for own in values["retention"].values()} == {(1.0, 1.0)}
    assert {tuple(own) for own in values["sape"].values()} == {(0.0, 0.0)}
    assert (scored(ORACLES.take_models([1, 0]), ORACLES)["retention_deviation"]["all"] > 0).all()


def test_a_row_of_the_deviation_counts_the_samples_of_all_splits() -> None:
    first = summary_of(UNLEARNED, ORACLES)[0]
    assert (first["measure"], first["split"], first["n_samples"]) == ("retention_deviation", "all", 8)
    assert first["mean"] == pytest.approx((1.75 + 11 / 6) / 2)


@given(st.integers(0, 60), st.integers(0, 60))
def test_sape_is_symmetric_between_0_and_100_and_0_only_for_equals(a: int, b: int) -> None:
    one, other = (sape(np.array([x / 60]), np.array([y / 60]))[0] for x, y in ((a, b), (b, a)))
    assert one == other and 0 <= one <= 100
    assert (one == 0) == (a == b)
    assert sape(np.zeros(1), np.zeros(1)).tolist() == [0.0]


def test_deviation_grows_with_the_distance_of_any_split() -> None:
    near, far = ({"forget": np.array([x]), "retain": np.ones(1), "validation": np.ones(1)} for x in (1.1, 0.8))
    assert retention_deviation(far)[0] > retention_deviation(near)[0] > 0


def test_where_an_oracle_is_never_right_only_what_is_relative_to_it_is_empty() -> None:
    oracles = models("10 1111 11", "00 1110 10")
    values = scored(UNLEARNED, oracles)
    assert np.isnan(values["retention"]["forget"]).all() and np.isnan(values["retention_deviation"]["all"]).all()
    assert values["retention"]["retain"] == pytest.approx([0.75, 2 / 3])
    assert values["sape"]["forget"] == pytest.approx([100 / 3, 100])
    rows = {(row["measure"], row["split"]): row for row in summary_of(UNLEARNED, oracles)}
    empty, kept = rows["retention", "forget"], rows["accuracy", "forget"]
    assert (empty["mean"], empty["mean_models_low"], empty["n_failed"], empty["n_samples"]) == (None, None, 0, 2)
    assert (kept["mean"], kept["n_samples"]) == (0.75, 2)


def test_tables_and_figures_show_empty_cells_with_the_reason() -> None:
    from unlearnkit.report.figures import metric_figure
    from unlearnkit.report.tables import metric_markdown
    from unlearnkit.report.views import metric_tables

    identity = {"candidate": "scrub", "epoch": 1, "forget_set": "nines", "relative_passes": None}
    rows = [{**identity, **row} for row in summary_of(UNLEARNED, models("10 1111 11", "00 1110 10"))]
    text = metric_markdown(rows, module)
    assert "Retention is empty where an oracle is right on no sample of the split" in text
    assert "Accuracy is empty" not in text and "None" not in text
    notes = [note for table in metric_tables(rows, [], module, ()) for note in table.notes]
    assert any("Retention deviation is empty where an oracle is right on no sample" in note for note in notes)
    values = {"scrub": {"all": np.full(2, np.nan)}}
    drawn = metric_figure("distributions", module, rows, values, {})
    assert [text.get_text() for text in drawn.axes[0].texts] == ["not defined"]


def test_models_without_an_oracle_of_their_own_are_refused() -> None:
    with pytest.raises(MetricError, match="there are 2 and 1"):
        scored(UNLEARNED, ORACLES.take_models([0]))
    assert scored(UNLEARNED, ORACLES.take_models([0]), num_models=1)["sape"]["forget"].shape == (1,)
    with pytest.raises(MetricError, match="non-finite"):
        scored(Population(np.full((2, 8), np.nan), ORACLES.correct, SPLIT), ORACLES)


def test_its_values_survive_the_score_file(tmp_path: Path) -> None:
    from unlearnkit.artifacts.scores import read_final_scores, write_scores

    path = tmp_path / "scores.parquet"
    values = scored(UNLEARNED, ORACLES)
    write_scores(path, {1: values}, np.arange(2), {})
    read = read_final_scores(path, "retention_deviation")
    np.testing.assert_array_equal(read["all"], values["retention_deviation"]["all"])
    assert np.isnan(read["forget"]).all()
