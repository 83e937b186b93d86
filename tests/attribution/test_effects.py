"""Effects of a forget set: exact where attributions are, and read back as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.attribution import Effects, MatrixFile, read_effects, write_effects, write_matrix
from unlearnkit.artifacts.store import write_tensors
from unlearnkit.attribution.effects import effects_of
from unlearnkit.errors import ArtifactError


def test_exact_attributions_of_ridge_regression_give_the_retrained_predictions() -> None:
    rng = np.random.default_rng(0)
    forget = np.array([3, 11, 4])
    x, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 2))
    everything = np.concatenate([x, rng.normal(size=(10, 5))])

    def trained(rows: np.ndarray) -> np.ndarray:
        return np.linalg.solve(x[rows].T @ x[rows] + 0.1 * np.eye(5), x[rows].T @ y[rows])

    full = trained(np.arange(30))
    hat = x @ np.linalg.solve(x.T @ x + 0.1 * np.eye(5), everything.T)  # [30, 40]
    # Woodbury: what leaves with the set is its residuals, each divided by what the set leaves of its own leverage
    leaving = np.linalg.solve(np.eye(3) - hat[forget][:, forget], (y - x @ full)[forget])  # [3, 2]
    rows = [hat[forget] * leaving[:, [c]] for c in range(2)]
    found = effects_of(rows, forget)
    retrained = everything @ trained(np.setdiff1d(np.arange(30), forget))
    np.testing.assert_allclose(everything @ full - found.effect, retrained, atol=1e-6)
    assert (np.flatnonzero(found.self_effect.any(axis=1)) == np.sort(forget)).all()
    np.testing.assert_allclose(found.self_effect[forget, 1], np.diag(rows[1][:, forget]), rtol=1e-6)


def test_a_matrix_is_read_by_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights, scale = rng.normal(size=(6, 9)).astype(np.float16), rng.random(9).astype(np.float32)
    write_matrix(tmp_path / "m.safetensors", weights, scale, {})
    matrix = MatrixFile(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(matrix.rows([4, 0, 4]), weights[[4, 0, 4]].astype(np.float32) * scale)
    np.testing.assert_array_equal(matrix.square(), (weights.astype(np.float32) * scale)[:, :6])


def test_effects_are_read_back(tmp_path: Path) -> None:
    effect, own = np.ones((4, 3)), np.eye(4, 3)
    write_effects(tmp_path / "e.safetensors", effect.astype(np.float32), own.astype(np.float32), {"kind": "trak"})
    found = read_effects(tmp_path / "e.safetensors")
    assert isinstance(found, Effects)
    assert found.effect.dtype == found.self_effect.dtype == np.float32
    np.testing.assert_array_equal(found.effect, effect)
    np.testing.assert_array_equal(found.self_effect, own)


def test_another_file_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "e.safetensors", {"effect": np.zeros((4, 3)), "own": np.zeros(4)})
    with pytest.raises(ArtifactError, match=r"shapes \[4, 3\] and \[4\]; expected two of the shape"):
        read_effects(tmp_path / "e.safetensors")
    write_tensors(tmp_path / "f.safetensors", {"effect": np.zeros((4, 3))})
    with pytest.raises(ArtifactError, match="has no tensor 'own'"):
        read_effects(tmp_path / "f.safetensors")
