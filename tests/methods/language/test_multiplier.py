"""The multiplier of a constraint: it follows the loss, and stays where the loss is no number."""

from __future__ import annotations

import math

import pytest

from unlearnkit.methods.language.multiplier import Multiplier


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_it_stays_in_a_step_whose_loss_is_not_finite(loss: float) -> None:
    dual = Multiplier(2.0, rate=0.5, limit=1.0)
    dual.move(1, loss)
    assert (dual.value, dual.stayed) == (2.0, 1)
    dual.move(2, 3.0)
    assert (dual.value, dual.stayed) == (3.0, 1)
