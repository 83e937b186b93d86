"""Metrics on sequences: the functions that score images, at values computed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.scores import write_scores
from unlearnkit.artifacts.tables import read_table
from unlearnkit.metrics.attacks import mia
from unlearnkit.metrics.distribution import klom
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.scoring import score_candidate

SPLIT = np.array(["forget", "forget", "forget", "retain", "validation", "validation"])
NATS = np.log(1e5)


def sequences(*values: list[float], split: np.ndarray = SPLIT) -> Population:
    """Return a population of sequences from the values of each, one list per sequence over models."""
    margins = np.array(values, np.float32).T
    shares = np.linspace(0, 1, margins.size, dtype=np.float32).reshape(margins.shape)
    return Population(margins, shares, split, losses=-margins.astype(np.float64))


def test_klom_at_values_computed_by_hand() -> None:
    # six models: 20 bins of 0.15 between 0 and 3; the largest value stays in the last bin
    right_edge, its_oracle = [0.0, 1, 2, 3, 3, 3], [0.0, 1, 2, 2, 2, 2]
    same, constant, spread = [4.0] * 6, [1.0] * 6, [0.0, 2, 0, 2, 0, 2]
    far, beyond = [-150.0] * 6, [150.0] * 6
    unlearned = sequences(right_edge, same, constant, spread, far, spread)
    oracle = sequences(its_oracle, same, spread, constant, beyond, spread)
    found = klom.score(unlearned, oracle, settings=klom.Settings.model_validate({}), rng=np.random.default_rng(0))[
        "klom"
    ]
    at_the_edge = np.log(1 / 4) / 6 + 0.5 * np.log(0.5 / 1e-5)
    np.testing.assert_allclose(found["forget"], [at_the_edge, 0, NATS], rtol=1e-6)
    np.testing.assert_allclose(found["retain"], [np.log(0.5 / 1e-5)], rtol=1e-6)
    np.testing.assert_allclose(found["validation"], [NATS, 0], rtol=1e-6)


def test_a_failed_sequence_makes_the_whole_candidate_null_and_is_counted(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(6, 4)).tolist()
    oracle = sequences(*rng.normal(size=(6, 4)).tolist())
    broken = sequences(*values[:5], [*values[5][:3], np.nan])
    summaries = score_candidate(
        klom, klom.Settings.model_validate({}), {5: broken, 10: sequences(*values)}, oracle, seed=0
    )
    assert {row["n_failed"] for row in summaries[5].rows} == {1}
    assert all(row["mean"] is None and row["p95"] is None for row in summaries[5].rows)
    assert all(row["n_failed"] == 0 and row["mean"] is not None for row in summaries[10].rows)
    indices = {name: np.arange((name == SPLIT).sum()) for name in np.unique(SPLIT)}
    write_scores(tmp_path / "a.parquet", {epoch: own.values for epoch, own in summaries.items()}, indices, {})
    table, _ = read_table(tmp_path / "a.parquet")
    nulls = {epoch: [row["klom"] is None for row in table.to_pylist() if row["epoch"] == epoch] for epoch in (5, 10)}
    assert nulls == {5: [True] * 6, 10: [False] * 6}


def test_the_noise_floor_of_sequences_is_klom_between_oracles() -> None:
    rng = np.random.default_rng(1)
    split = np.repeat(["forget", "retain", "validation"], 200)
    oracles = [sequences(*rng.normal(size=(600, 100)).tolist(), split=split) for _ in range(2)]
    (summary,) = score_candidate(klom, klom.Settings.model_validate({}), {0: oracles[0]}, oracles[1], seed=0).values()
    floor = {row["split"]: row["mean"] for row in summary.rows if row["measure"] == "klom"}
    assert all(value == pytest.approx(0.35, abs=0.05) for value in floor.values())  # docs/metrics-distribution.md


def test_attacks_take_the_loss_that_is_known_and_accuracy_the_share_of_tokens() -> None:
    margins = np.zeros((1, 6), np.float32)
    losses = np.array([[0.1, 0.2, 0.3, 9.0, 0.25, 0.4]])
    shares = np.array([[0.5, 0.25, 0.75, 1.0, 0.0, 0.5]], np.float32)
    found = mia.score(
        Population(margins, shares, SPLIT, losses),
        None,
        settings=mia.Settings.model_validate({}),
        rng=np.random.default_rng(0),
    )
    # pairs (member, non-member) with the lower loss on the member: 2 + 2 + 1 of 6
    assert found["mia_auc"]["forget"].tolist() == [5 / 6]
    assert {name: values.tolist() for name, values in found["accuracy"].items()} == {
        "forget": [0.5],
        "retain": [1.0],
        "validation": [0.25],
    }
    without = mia.score(
        Population(margins, shares, SPLIT), None, settings=mia.Settings.model_validate({}), rng=np.random.default_rng(0)
    )
    assert without["mia_auc"]["forget"].tolist() == [0.5]


def test_selections_keep_losses() -> None:
    population = sequences(*np.arange(24.0).reshape(6, 4).tolist())
    assert population.losses is not None
    for part, expected in (
        (population.take_models([3, 1]), population.losses[[3, 1]]),
        (population.of_split("validation"), population.losses[:, 4:]),
        (population.first_models(2), population.losses[:2]),
    ):
        np.testing.assert_array_equal(part.losses, expected)
