"""Corrections by finished jobs: the closed forms of conjugate normal distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.planning.basis import Basis
from unlearnkit.progress.correction import JOB, RUN, STAGE, WORTH, corrections

RATIOS = st.lists(st.floats(-2, 2), min_size=1, max_size=6)


def test_without_finished_jobs_predictions_stand_and_what_they_rest_on_decides() -> None:
    found = corrections({"a": Basis.MEASURED, "b": Basis.ASSUMED}, {})
    assert found.means == {"a": 0.0, "b": 0.0}
    expected = [[RUN**2 + STAGE[Basis.MEASURED] ** 2, RUN**2], [RUN**2, RUN**2 + STAGE[Basis.ASSUMED] ** 2]]
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9)
    assert found.job == JOB


@given(ratios=RATIOS, basis=st.sampled_from(Basis))
def test_one_stage_is_shrunk_and_another_moves_with_what_they_share(ratios: list[float], basis: Basis) -> None:
    found = corrections({"a": basis, "b": Basis.MEASURED}, {"a": ratios})
    noise = found.job**2 / len(ratios)
    own = RUN**2 + STAGE[basis] ** 2
    assert found.means["a"] == pytest.approx(own / (own + noise) * np.mean(ratios), abs=1e-9)
    assert found.means["b"] == pytest.approx(RUN**2 / (own + noise) * np.mean(ratios), abs=1e-9)
    assert found.covariance[0, 0] == pytest.approx(own * noise / (own + noise), rel=1e-6)


@given(ratios=RATIOS)
def test_the_scatter_of_jobs_is_learned(ratios: list[float]) -> None:
    squares = float(np.sum((np.array(ratios) - np.mean(ratios)) ** 2))
    expected = ((WORTH * JOB**2 + squares) / (WORTH + len(ratios) - 1)) ** 0.5
    assert corrections({"a": Basis.KINDS}, {"a": ratios}).job == pytest.approx(expected, rel=1e-9)
