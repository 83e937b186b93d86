"""Margins: acceptance test 1, precision, non-finite logits, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from unlearnkit.errors import MetricError
from unlearnkit.metrics.margins import ROWS_PER_CHUNK, loss_from_margins, margins_from_logits, require_finite


def test_margin_is_the_log_odds_of_the_true_class() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(500, 10)) * 3, rng.integers(10, size=500)
    p = np.exp(log_softmax(logits, axis=-1))[np.arange(500), labels]
    np.testing.assert_allclose(margins_from_logits(logits, labels), np.log(p) - np.log1p(-p), atol=1e-6)


def test_margin_of_two_classes_is_the_difference_of_their_logits() -> None:
    logits = np.random.default_rng(1).normal(size=(50, 2))
    np.testing.assert_allclose(margins_from_logits(logits, np.zeros(50, int)), logits[:, 0] - logits[:, 1], atol=1e-12)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), constant=st.floats(-1e4, 1e4), classes=st.integers(2, 20))
def test_margin_ignores_a_constant_added_to_all_logits(seed: int, constant: float, classes: int) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(7, classes)) * 10, rng.integers(classes, size=7)
    np.testing.assert_allclose(
        margins_from_logits(logits + constant, labels), margins_from_logits(logits, labels), atol=1e-9
    )


def test_margins_hand_computed() -> None:
    logits = np.log([[2.0, 1.0, 1.0], [6.0, 2.0, 1.0]])
    np.testing.assert_allclose(margins_from_logits(logits, np.array([0, 1])), [0.0, np.log(2 / 7)], atol=1e-15)


def test_confident_margins_stay_finite() -> None:
    logits = np.array([[1000.0, 0.0, 0.0], [-1000.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(margins_from_logits(logits, np.array([0, 0])), [1000 - np.log(2), -1000 - np.log(2)])


def test_float32_is_precise_enough_and_kept() -> None:
    rng = np.random.default_rng(2)
    logits, labels = (rng.normal(size=(3, 4000, 10)) * 5), rng.integers(10, size=4000)
    exact, single = margins_from_logits(logits, labels), margins_from_logits(logits.astype(np.float32), labels)
    assert (exact.dtype, single.dtype) == (np.float64, np.float32)
    assert margins_from_logits(logits.astype(np.float16), labels).dtype == np.float32
    np.testing.assert_allclose(single, exact, atol=1e-5)


def test_chunks_and_label_broadcasting_do_not_change_values() -> None:
    rng = np.random.default_rng(3)
    samples = ROWS_PER_CHUNK // 2 + 17
    logits, labels = rng.normal(size=(4, samples, 3)), rng.integers(3, size=samples)
    together = margins_from_logits(logits, labels)
    assert together.shape == (4, samples)
    for model in range(4):
        np.testing.assert_array_equal(together[model], margins_from_logits(logits[model], labels))
    np.testing.assert_array_equal(together, margins_from_logits(logits, np.tile(labels, (4, 1))))
    assert margins_from_logits(logits[0, 0], labels[0]).shape == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 1])
def test_a_non_finite_logit_gives_a_non_finite_margin_there_and_only_there(bad: float, where: int) -> None:
    logits = np.zeros((3, 4))
    logits[1, where] = bad
    assert np.isfinite(margins_from_logits(logits, np.zeros(3, int))).tolist() == [True, False, True]


def test_logits_and_labels_are_left_alone() -> None:
    logits, labels = np.ones((5, 3)), np.zeros(5, int)
    margins_from_logits(logits, labels)
    assert (logits == 1).all() and (labels == 0).all()


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((4, 1)), np.zeros(4, int), "1 class.*at least two"),
        (np.zeros((4, 3)), np.array([0, 1, 2, 3]), r"0 to 3 but logits have 3 classes.*0\.\.2"),
        (np.zeros((4, 3)), np.array([0, 1, 2, -1]), "labels range from -1"),
        (np.zeros((4, 3)), np.zeros(5, int), r"labels have shape \(5,\)"),
        (np.zeros((4, 3)), np.zeros((2, 4), int), r"labels have shape \(2, 4\)"),
        (np.zeros((4, 3)), np.zeros(4), "labels have type float64.*integer"),
        (np.zeros((4, 3), int), np.zeros(4, int), "logits have type int64"),
    ],
)
def test_refusals_name_the_offender(logits: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        margins_from_logits(logits, labels)


def test_loss_is_the_cross_entropy() -> None:
    rng = np.random.default_rng(4)
    logits, labels = rng.normal(size=(100, 5)) * 4, rng.integers(5, size=100)
    expected = -log_softmax(logits, axis=-1)[np.arange(100), labels]
    np.testing.assert_allclose(loss_from_margins(margins_from_logits(logits, labels)), expected, rtol=1e-12)
    assert loss_from_margins(np.array([-1e5, 1e5], np.float32)).tolist() == [1e5, 0.0]
    assert loss_from_margins(np.zeros(2, np.float32)).dtype == np.float32


def test_require_finite_counts_values_and_names_models() -> None:
    margins = np.zeros((4, 3))
    margins[1, 2], margins[3] = np.nan, np.inf
    with pytest.raises(
        MetricError, match=r"oracle margins have 4 non-finite values, in 2 of 4 models \(positions 1, 3\)"
    ):
        require_finite(margins, "oracle")
    require_finite(np.zeros((2, 2)), "oracle")
