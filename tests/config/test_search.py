"""Search spaces: within their bounds, and as likely as they say."""

from __future__ import annotations

import numpy as np
import pytest

from unlearnkit.config.methods.search import BATCH_SIZE, EPOCHS, LR, Choice, Integers, LogUniform, Space, Uniform
from unlearnkit.facts.search_space import draw


@pytest.mark.parametrize(
    ("space", "values"),
    [
        (Uniform(2.0, 4.0), [2.0, 2.5, 3.0, 3.5, 4.0]),
        (LogUniform(1e-4, 1.0), [1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        (Integers(1, 4), [1, 2, 3, 4, 4]),
        (Choice(("a", "b")), ["a", "a", "b", "b", "b"]),
    ],
)
def test_quantiles(space: Space, values: list[object]) -> None:
    assert [space.at(quantile, {}) for quantile in (0, 0.25, 0.5, 0.75, 1)] == (
        pytest.approx(values) if isinstance(values[0], float) else values
    )


def test_integers_are_equally_likely() -> None:
    drawn = [Integers(3, 7).at(quantile, {}) for quantile in np.linspace(0, 1, 5000, endpoint=False)]
    assert np.bincount(drawn)[3:].tolist() == [1000] * 5


def test_bounds_hold_after_rounding() -> None:
    assert (LR.at(0, {}), LR.at(1, {})) == (LR.low, LR.high)
    assert BATCH_SIZE.at(1, {}) == 256


@pytest.mark.parametrize(("training_epochs", "most"), [(1, 1), (5, 1), (6, 2), (50, 10), (91, 19), (182, 37)])
def test_epochs_are_up_to_a_fifth_of_those_of_training(training_epochs: int, most: int) -> None:
    for quantile, epochs in ((0.0, 1), (1.0, most)):
        assert draw({"epochs": EPOCHS}, {"epochs": quantile}, training_epochs) == {"epochs": epochs}


def test_a_bound_may_depend_on_what_was_drawn_before() -> None:
    spaces: dict[str, Space] = {"epochs": EPOCHS, "ascent_epochs": Integers(1, lambda known: known["epochs"])}
    drawn = [draw(spaces, {"epochs": own, "ascent_epochs": 1.0}, 50) for own in (0.0, 0.45, 1.0)]
    assert drawn == [{"epochs": epochs, "ascent_epochs": epochs} for epochs in (1, 5, 10)]
